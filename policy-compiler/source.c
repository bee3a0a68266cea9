// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only
#include <elf.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "source.h"

static int dg_source_index_lines(struct dg_source *source)
{
	uint32_t count = 1;
	const char *p = source->text, *end = source->text + source->len;

	for (; (p = memchr(p, '\n', (size_t)(end - p))); p++)
		count++;
	source->lines = calloc(count, sizeof(*source->lines));
	if (!source->lines)
		return -ENOMEM;
	for (p = source->text; (p = memchr(p, '\n', (size_t)(end - p))); p++)
		source->lines[++source->line_count] = (uint32_t)(p + 1 - source->text);
	source->line_count++;
	return 0;
}

/* Takes @text over when it succeeds. */
static int dg_source_wrap(const char *name, char *text, size_t len, struct dg_source **ret)
{
	struct dg_source *source = calloc(1, sizeof(*source));
	int err;

	if (!source)
		return -ENOMEM;
	source->refs = 1;
	source->name = strdup(name);
	source->text = text;
	source->len = len;
	err = source->name ? dg_source_index_lines(source) : -ENOMEM;
	if (err) {
		source->text = NULL;
		dg_source_unref(source);
		return err;
	}
	*ret = source;
	return 0;
}

int dg_source_new(const char *name, const char *text, size_t len, size_t max,
		  struct dg_source **ret)
{
	_cleanup_free_ char *copy = NULL;
	int err;

	if (len > max)
		return -EFBIG;
	copy = malloc(len + 1);
	if (!copy)
		return -ENOMEM;
	if (len)
		memcpy(copy, text, len);
	copy[len] = 0;
	err = dg_source_wrap(name, copy, len, ret);
	if (!err)
		copy = NULL;
	return err;
}

/* All that @fd gives, a NUL behind it. @expected is about how much that is, 0 when nobody knows. */
static int dg_read_all(int fd, size_t expected, size_t max, char **ret, size_t *ret_len)
{
	_cleanup_free_ char *buf = NULL;
	size_t len = 0, room = 0;

	for (;;) {
		ssize_t n;

		if (room - len < 2) {
			size_t bigger = room ? 2 * room : expected + 16384;
			char *grown = realloc(buf, bigger);

			if (!grown)
				return -ENOMEM;
			buf = grown;
			room = bigger;
		}
		n = read(fd, buf + len, room - len - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		len += (size_t)n;
		if (len > max)
			return -EFBIG;
	}
	buf[len] = 0;
	*ret = TAKE_PTR(buf);
	*ret_len = len;
	return 0;
}

int dg_source_read(const char *path, const char *name, size_t max, bool regular,
		   struct dg_source **ret)
{
	bool standard_input = !strcmp(path, "-");
	_cleanup_close_ int opened = -1;
	_cleanup_free_ char *text = NULL;
	int fd = STDIN_FILENO, err;
	size_t len = 0, expected = 0;
	struct stat st;

	if (!standard_input) {
		/* O_NONBLOCK: a FIFO in place of a regular file must not hang the open itself. */
		opened = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | (regular ? O_NONBLOCK : 0));
		if (opened < 0)
			return -errno;
		fd = opened;
		if (fstat(fd, &st) < 0)
			return -errno;
		if (regular && S_ISDIR(st.st_mode))
			return -EISDIR;
		if (regular && !S_ISREG(st.st_mode))
			return -EINVAL;
		if (S_ISREG(st.st_mode) && st.st_size > 0)
			expected = (size_t)st.st_size;
	}
	err = dg_read_all(fd, expected < max ? expected : max, max, &text, &len);
	if (err)
		return err;
	err = dg_source_wrap(name ?: (standard_input ? "<stdin>" : path), text, len, ret);
	if (!err)
		text = NULL;
	return err;
}

const char *dg_source_why(int err)
{
	return err == -EINVAL ? "not a regular file" : strerror(-err);
}

struct dg_source *dg_source_ref(struct dg_source *source)
{
	source->refs++;
	return source;
}

void dg_source_unref(struct dg_source *source)
{
	if (!source || --source->refs)
		return;
	free(source->name);
	free(source->real_path);
	free(source->text);
	free(source->lines);
	free(source);
}

/* Index of the line that holds the byte at @offset. */
static uint32_t dg_source_find_line(const struct dg_source *source, size_t offset)
{
	uint32_t low = 0, high = source->line_count;

	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;

		if (source->lines[middle] <= offset)
			low = middle;
		else
			high = middle;
	}
	return low;
}

struct dg_pos dg_source_pos(const struct dg_source *source, size_t offset, size_t end)
{
	uint32_t line = dg_source_find_line(source, offset);
	size_t start = source->lines[line];
	size_t stop = start + dg_source_line(source, line + 1).len;

	/* At least one column wide, so that there is something to point at. */
	if (end > stop)
		end = stop;
	if (end <= offset)
		end = offset + 1;
	return (struct dg_pos){
		.source = source,
		.line = line + 1,
		.column = (uint32_t)(offset - start) + 1,
		.end_column = (uint32_t)(end - start) + 1,
	};
}

struct dg_bytes dg_source_line(const struct dg_source *source, uint32_t line)
{
	size_t start, end;

	if (!line || line > source->line_count)
		return (struct dg_bytes){ "", 0 };
	start = source->lines[line - 1];
	end = line < source->line_count ? source->lines[line] - 1 : source->len;
	return (struct dg_bytes){ source->text + start, end - start };
}

bool dg_source_is_object(const struct dg_source *source)
{
	return source->len >= SELFMAG && !memcmp(source->text, ELFMAG, SELFMAG);
}
