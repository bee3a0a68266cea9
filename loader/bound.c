// SPDX-License-Identifier: GPL-2.0-only
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "bound.h"
#include "kernel.h"
#include "util.h"

#define MAX_BYTES (16 * 1024 * 1024)

/* The next word of *@line into @ret, with the kernel's escapes undone. */
static int take_word(const char **line, char *ret, size_t size)
{
	size_t len = strcspn(*line, " \n");
	int r;

	r = dg_unescape(*line, len, ret, size);
	if (r < 0)
		return r;
	*line += len;
	*line += strspn(*line, " ");
	return len ? 0 : -EBADMSG;
}

/* The word @name and the one behind it. */
static int take_field(const char **line, const char *name, char *ret, size_t size)
{
	char word[32];

	if (take_word(line, word, sizeof(word)) || strcmp(word, name))
		return -EBADMSG;
	return take_word(line, ret, size);
}

int dg_bound_parse(const char *line, struct dg_bound_device *ret)
{
	struct dg_bound_device device = {};
	char generation[16], *end;
	unsigned long number;

	if (take_word(&line, device.bus, sizeof(device.bus)) ||
	    take_word(&line, device.name, sizeof(device.name)) ||
	    take_word(&line, device.driver, sizeof(device.driver)) ||
	    take_field(&line, "generation", generation, sizeof(generation)) ||
	    take_field(&line, "ops", device.ops, sizeof(device.ops)) ||
	    take_field(&line, "state", device.state, sizeof(device.state)))
		return -EBADMSG;
	number = strtoul(generation, &end, 10);
	if (*end || number > UINT32_MAX)
		return -EBADMSG;
	device.generation = number;
	if (!strcmp(device.driver, "-"))
		device.driver[0] = 0;
	*ret = device;
	return 0;
}

bool dg_bound_is_still(const struct dg_bound_device *device)
{
	return !strncmp(device->state, "still-", 6);
}

int dg_bound_each(const char *root,
		  void (*each)(void *context, const struct dg_bound_device *device), void *context,
		  struct dg_failure *failure)
{
	_cleanup_free_ char *text = malloc(MAX_BYTES);
	char path[PATH_MAX], *line, *next;
	struct dg_bound_device device;
	int r;

	if (!text)
		return dg_failure_set(failure, DG_FAILURE_SYSTEM, -ENOMEM, "devices");
	snprintf(path, sizeof(path), "%s" DG_DEVPOLICY_DIR "/devices", root);
	r = dg_read_file(path, text, MAX_BYTES);
	if (r == -ENOENT)
		return dg_failure_plain(failure, DG_FAILURE_UNSUPPORTED, -EOPNOTSUPP,
					"this kernel has no %s: it cannot say which devices it "
					"keeps bound",
					path);
	if (r < 0)
		return dg_failure_set(failure, DG_FAILURE_SYSTEM, r, "cannot read %s", path);
	for (next = text; (line = strsep(&next, "\n"));) {
		if (!*line)
			continue;
		r = dg_bound_parse(line, &device);
		if (r)
			return dg_failure_set(failure, DG_FAILURE_SYSTEM, r,
					      "%s does not read as this version of devgate expects",
					      path);
		each(context, &device);
	}
	return 0;
}
