// SPDX-License-Identifier: GPL-2.0-only
/*
 * loadable OBJECT: loads each program of the object alone and attaches none. Prints a line for each:
 * "PROGRAM loaded", or "PROGRAM ERROR TEXT", the error's name and the verifier's last words before its
 * figures.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/libbpf.h>

static char log_text[1 << 20];

static int no_print(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level;
	(void)format;
	(void)args;
	return 0;
}

/* Returns 0 or an errno. */
static int load_one(const char *path, const char *name)
{
	struct bpf_program *program;
	struct bpf_object *object;
	int r;

	object = bpf_object__open(path);
	if (!object)
		return errno;
	log_text[0] = '\0';
	bpf_object__for_each_program (program, object) {
		bool mine = !strcmp(bpf_program__name(program), name);

		bpf_program__set_autoload(program, mine);
		if (mine)
			bpf_program__set_log_buf(program, log_text, sizeof(log_text));
	}
	r = -bpf_object__load(object);
	bpf_object__close(object);
	return r;
}

/* The last line of the verifier that is no figure of it and no instruction. */
static const char *last_words(void)
{
	const char *words = "";

	for (char *line = strtok(log_text, "\n"); line; line = strtok(NULL, "\n"))
		if (strncmp(line, "processed ", 10) && strncmp(line, "verification time", 17) &&
		    strncmp(line, "stack depth", 11) && line[0] != ';' && !strchr("0123456789", line[0]))
			words = line;
	return words;
}

int main(int argc, char **argv)
{
	struct bpf_program *program;
	struct bpf_object *object;

	if (argc != 2) {
		fprintf(stderr, "usage: loadable OBJECT\n");
		return 2;
	}
	libbpf_set_print(no_print);
	object = bpf_object__open(argv[1]);
	if (!object) {
		perror(argv[1]);
		return 2;
	}
	bpf_object__for_each_program (program, object) {
		int r = load_one(argv[1], bpf_program__name(program));

		if (r)
			printf("%s %s %s\n", bpf_program__name(program), strerrorname_np(r),
			       last_words());
		else
			printf("%s loaded\n", bpf_program__name(program));
	}
	bpf_object__close(object);
	return 0;
}
