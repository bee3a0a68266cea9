// SPDX-License-Identifier: GPL-2.0-only
/*
 * The peer of `devgate diff --inventory`: parses an inventory of one object a line with the JSON
 * library that devgate uses, and does nothing with it.
 *
 *	parse_inventory FILE		prints the number of objects
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
	char *line = NULL;
	size_t size = 0, count = 0;
	json_error_t error;
	json_t *object;
	ssize_t len;
	FILE *file;

	file = argc == 2 ? fopen(argv[1], "re") : NULL;
	if (!file) {
		fprintf(stderr, "usage: parse_inventory FILE (one object a line)\n");
		return 2;
	}
	while ((len = getline(&line, &size, file)) > 0) {
		object = json_loadb(line, (size_t)len, JSON_REJECT_DUPLICATES, &error);
		if (!object) {
			fprintf(stderr, "object %zu: %s\n", count + 1, error.text);
			return 1;
		}
		json_decref(object);
		count++;
	}
	free(line);
	fclose(file);
	printf("%zu\n", count);
	return 0;
}
