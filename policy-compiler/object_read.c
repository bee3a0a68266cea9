/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
#define _GNU_SOURCE /* vasprintf */
#include "object_read.h"

#include <elf.h>
#include <endian.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <string.h>
#include <sys/stat.h>

#include "array.h"

#ifndef EM_BPF
#define EM_BPF 247
#endif

struct section {
	const uint8_t *data;
	size_t size;
};

void dg_object_free(struct dg_object *object)
{
	if (!object)
		return;
	free(object->bytes);
	free((void *)object->tables);
	free(object);
}

static _printf_(3, 4) int fail(char **ret_error, int error, const char *fmt, ...)
{
	va_list ap;

	if (!ret_error)
		return error;
	va_start(ap, fmt);
	if (vasprintf(ret_error, fmt, ap) < 0)
		*ret_error = NULL;
	va_end(ap);
	return error;
}

bool dg_object_looks_like(const void *bytes, size_t size)
{
	return size >= SELFMAG && !memcmp(bytes, ELFMAG, SELFMAG);
}

static bool inside(uint64_t size, uint64_t off, uint64_t len)
{
	return off <= size && len <= size - off;
}

/* The headers themselves: that it is a BPF object at all, and whole. */
static int check_elf(const struct dg_object *o, Elf64_Ehdr *ret, char **ret_error)
{
	Elf64_Ehdr header;

	if (o->size == 0)
		return fail(ret_error, -EBADMSG, "the file is empty");
	if (!dg_object_looks_like(o->bytes, o->size))
		return fail(
			ret_error, -EBADMSG,
			"not a devgate object: not an ELF file (make one with `devgate compile`)");
	if (o->size < sizeof(header))
		return fail(ret_error, -EBADMSG, "truncated: the ELF header is not whole");
	memcpy(&header, o->bytes, sizeof(header));
	if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB ||
	    header.e_machine != EM_BPF || header.e_type != ET_REL)
		return fail(
			ret_error, -EBADMSG,
			"not a devgate object: an ELF file, but not a little-endian BPF object");
	if (header.e_shentsize != sizeof(Elf64_Shdr) || header.e_shnum == 0 ||
	    header.e_shstrndx >= header.e_shnum)
		return fail(ret_error, -EBADMSG, "damaged: the ELF header makes no sense");
	if (!inside(o->size, header.e_shoff, (uint64_t)header.e_shnum * sizeof(Elf64_Shdr)))
		return fail(ret_error, -EBADMSG, "truncated: the section headers are not there");
	*ret = header;
	return 0;
}

static void read_section_header(const struct dg_object *o, const Elf64_Ehdr *header, unsigned int i,
				Elf64_Shdr *ret)
{
	memcpy(ret, (const uint8_t *)o->bytes + header->e_shoff + i * sizeof(*ret), sizeof(*ret));
}

/*
 * The bytes of the section of that name. A second one is refused: libbpf might take that one, and
 * then what was checked would not be what is loaded.
 */
static int find_section(const struct dg_object *o, const Elf64_Ehdr *header, const char *name,
			const char *missing, struct section *ret, char **ret_error)
{
	Elf64_Shdr names, section;
	size_t len = strlen(name) + 1;
	bool found = false;

	read_section_header(o, header, header->e_shstrndx, &names);
	for (unsigned int i = 1; i < header->e_shnum; i++) {
		read_section_header(o, header, i, &section);
		if (section.sh_type == SHT_NOBITS || !inside(names.sh_size, section.sh_name, len) ||
		    memcmp((const uint8_t *)o->bytes + names.sh_offset + section.sh_name, name,
			   len))
			continue;
		if (found)
			return fail(ret_error, -EBADMSG, "damaged: section %s is there twice",
				    name);
		ret->data = (const uint8_t *)o->bytes + section.sh_offset;
		ret->size = section.sh_size;
		found = true;
	}
	if (!found)
		return fail(ret_error, -EBADMSG, "%s (section %s)", missing, name);
	return 0;
}

static int check_sections(const struct dg_object *o, const Elf64_Ehdr *header, char **ret_error)
{
	Elf64_Shdr section;

	for (unsigned int i = 1; i < header->e_shnum; i++) {
		read_section_header(o, header, i, &section);
		if (section.sh_type != SHT_NOBITS &&
		    !inside(o->size, section.sh_offset, section.sh_size))
			return fail(ret_error, -EBADMSG, "truncated: section %u is not whole", i);
	}
	read_section_header(o, header, header->e_shstrndx, &section);
	if (section.sh_type != SHT_STRTAB)
		return fail(ret_error, -EBADMSG, "damaged: the section names are not there");
	return 0;
}

static int read_tables(struct dg_object *o, const struct section *section, char **ret_error)
{
	struct dg_tables *tables = malloc(section->size ? section->size : 1);
	const char *what;
	int r;

	if (!tables)
		return -ENOMEM;
	memcpy(tables, section->data, section->size);
	o->tables = tables; /* freed with the object */
	o->tables_size = section->size;
	r = dg_tables_check(tables, section->size, &what);
	if (r == -EPROTO)
		return fail(ret_error, r,
			    "made for abi %u, this program knows up to %u: use a newer devgate",
			    tables->abi, DG_ABI_VERSION);
	if (r < 0)
		return fail(ret_error, r, "damaged: %s", what);
	return 0;
}

static int read_text(struct dg_object *o, const struct section *section, char **ret_error)
{
	if (!section->size)
		return fail(ret_error, -EBADMSG, "damaged: there is no policy text");
	if (memchr(section->data, 0, section->size))
		return fail(ret_error, -EBADMSG, "damaged: a NUL byte in the policy text");
	o->text = (struct dg_bytes){(const char *)section->data, section->size};
	return 0;
}

static int check_digest(const struct dg_object *o, const struct section *section, char **ret_error)
{
	uint8_t digest[EVP_MAX_MD_SIZE];

	if (EVP_Digest(section->data, section->size, digest, NULL, EVP_sha256(), NULL) != 1)
		return -ENOMEM;
	if (memcmp(digest, o->tables->text_sha256, DG_SHA256_BYTES))
		return fail(ret_error, -EBADMSG,
			    "damaged: the policy text is not the one the tables were made of");
	return 0;
}

static int check_object(struct dg_object *o, char **ret_error)
{
	struct section tables = {}, text = {}, other;
	Elf64_Ehdr header = {};
	int r;

	r = check_elf(o, &header, ret_error);
	if (r >= 0)
		r = check_sections(o, &header, ret_error);
	if (r < 0)
		return r;
	r = find_section(o, &header, DG_OBJECT_TABLES_SECTION,
			 "not a devgate object: a BPF object without a policy", &tables, ret_error);
	if (r >= 0)
		r = find_section(o, &header, ".BTF", "damaged: no type information", &other,
				 ret_error);
	if (r >= 0)
		r = find_section(o, &header, "syscall",
				 "damaged: the engine's programs are missing", &other, ret_error);
	if (r >= 0)
		r = read_tables(o, &tables, ret_error);
	if (r >= 0)
		r = find_section(o, &header, DG_OBJECT_TEXT_SECTION,
				 "damaged: there is no policy text", &text, ret_error);
	if (r < 0)
		return r;
	r = read_text(o, &text, ret_error);
	if (r >= 0)
		r = check_digest(o, &text, ret_error);
	return r;
}

/* Takes @bytes over, also on failure. */
static int open_bytes(void *bytes, size_t size, char **ret_error, struct dg_object **ret)
{
	_cleanup_(dg_cleanup_object) struct dg_object *o = calloc(1, sizeof(*o));
	char *error = NULL;
	int r;

	if (!o) {
		free(bytes);
		return -ENOMEM;
	}
	o->bytes = bytes;
	o->size = size;
	r = check_object(o, &error);
	if (r < 0) {
		if (!error)
			fail(&error, r, "%s", strerror(-r));
		if (ret_error)
			*ret_error = error;
		else
			free(error);
		return r;
	}
	*ret = TAKE_PTR(o);
	return 0;
}

int dg_object_open_memory(const void *bytes, size_t size, char **ret_error, struct dg_object **ret)
{
	void *copy = malloc(size ? size : 1);

	if (!copy)
		return fail(ret_error, -ENOMEM, "%s", strerror(ENOMEM));
	if (size > 0)
		memcpy(copy, bytes, size);
	return open_bytes(copy, size, ret_error, ret);
}

static int read_all(int fd, uint8_t **ret, size_t *ret_size)
{
	_cleanup_free_ uint8_t *bytes = NULL;
	size_t count = 0, room = 0;
	ssize_t n;
	int r;

	do {
		r = dg_array_reserve(&bytes, &room, count + 65536, 1);
		if (r < 0)
			return r;
		n = read(fd, bytes + count, room - count);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		count += (size_t)n;
		if (count > DG_OBJECT_MAX_BYTES)
			return -EFBIG;
	} while (n != 0);
	*ret = TAKE_PTR(bytes);
	*ret_size = count;
	return 0;
}

int dg_object_open(const char *path, char **ret_error, struct dg_object **ret)
{
	bool input = !strcmp(path, "-");
	_cleanup_close_ int fd = -1;
	uint8_t *bytes = NULL;
	size_t size = 0;
	int r;

	if (!input) {
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0) {
			r = -errno;
			return fail(ret_error, r, "%s", strerror(-r));
		}
	}
	r = read_all(input ? STDIN_FILENO : fd, &bytes, &size);
	if (r < 0)
		return fail(ret_error, r, "%s", strerror(-r));
	return open_bytes(bytes, size, ret_error, ret);
}
