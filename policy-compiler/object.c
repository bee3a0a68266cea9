/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
#define _GNU_SOURCE /* memfd_create, asprintf */
#include "object.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <elf.h>
#include <endian.h>
#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <openssl/evp.h>
#include <string.h>
#include <sys/mman.h>

#include "object_read.h"
#include "policy.h"
#include "policy_join.h"
#include "source.h"
#include "util.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
	       "the tables are written in the machine's byte order, the object is little endian");

#ifndef EM_BPF
#define EM_BPF 247
#endif

#define VARIABLE "dg_policy" /* dg_policy_extern.h */

/* The engine, linked into this library by the build. */
extern const unsigned char dg_engine_start[], dg_engine_end[];

DEFINE_CLEANUP(struct btf *, btf__free, btf)
DEFINE_CLEANUP(struct bpf_linker *, bpf_linker__free, linker)
DEFINE_CLEANUP(Elf *, elf_end, elf)

struct text {
	const char *bytes;
	size_t size;
	char *joined; /* the same, when it was put together */
};

static void text_done(struct text *text)
{
	free(text->joined);
}

static int find_text(const struct dg_policy *policy, struct text *ret)
{
	int r;

	if (dg_policy_is_joined(policy)) {
		ret->bytes = policy->sources[0]->text;
		ret->size = policy->sources[0]->len;
		return 0;
	}
	r = dg_policy_join(policy, &ret->joined, &ret->size);
	ret->bytes = ret->joined;
	return r;
}

static int write_fd(int fd, const void *data, size_t size)
{
	for (size_t at = 0; at < size;) {
		ssize_t n = write(fd, (const char *)data + at, size - at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		at += (size_t)n;
	}
	return 0;
}

/* A file in memory. libbpf's linker wants paths: fd_path() has one for it. */
static int memory_file(const char *name, const void *data, size_t size)
{
	_cleanup_close_ int fd = memfd_create(name, MFD_CLOEXEC);
	int r;

	if (fd < 0)
		return -errno;
	r = write_fd(fd, data, size);
	if (r < 0)
		return r;
	return TAKE_FD(fd);
}

struct fd_path {
	char text[32];
};

static struct fd_path fd_path(int fd)
{
	struct fd_path path;

	snprintf(path.text, sizeof(path.text), "/proc/self/fd/%d", fd);
	return path;
}

/*
 * The type information of `const volatile unsigned char dg_policy[size]` in its section: the
 * element type must be the one of the engine's declaration, or the two do not link.
 */
static int build_btf(size_t size, struct btf **ret)
{
	_cleanup_(dg_cleanup_btf) struct btf *btf = btf__new_empty();
	int byte, index, element, array, variable, r;

	if (!btf)
		return -errno;
	byte = btf__add_int(btf, "unsigned char", 1, 0);
	index = btf__add_int(btf, "__ARRAY_SIZE_TYPE__", 4, 0);
	if (byte < 0 || index < 0)
		return -ENOMEM;
	element = btf__add_volatile(btf, byte);
	if (element >= 0)
		element = btf__add_const(btf, element);
	if (element < 0)
		return element;
	array = btf__add_array(btf, index, element, (__u32)size);
	if (array < 0)
		return array;
	variable = btf__add_var(btf, VARIABLE, BTF_VAR_GLOBAL_ALLOCATED, array);
	if (variable < 0)
		return variable;
	r = btf__add_datasec(btf, DG_OBJECT_TABLES_SECTION, (__u32)size);
	if (r >= 0)
		r = btf__add_datasec_var_info(btf, variable, 0, (__u32)size);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(btf);
	return 0;
}

/* Names of the sections and of the symbol, in one string table as clang does it. */
static const char strings[] = "\0.strtab\0.symtab\0.BTF\0" DG_OBJECT_TABLES_SECTION "\0" VARIABLE;
enum {
	NAME_STRTAB = 1,
	NAME_SYMTAB = NAME_STRTAB + sizeof(".strtab"),
	NAME_BTF = NAME_SYMTAB + sizeof(".symtab"),
	NAME_TABLES = NAME_BTF + sizeof(".BTF"),
	NAME_VARIABLE = NAME_TABLES + sizeof(DG_OBJECT_TABLES_SECTION),
};

/* @data may be NULL where the section takes no room in the file. */
static int add_section(Elf *elf, Elf64_Shdr header, const void *data, size_t size, Elf_Type type)
{
	Elf_Scn *section = elf_newscn(elf);
	Elf_Data *content = section ? elf_newdata(section) : NULL;
	Elf64_Shdr *at = section ? elf64_getshdr(section) : NULL;

	if (!content || !at)
		return -ENOMEM;
	*at = header;
	content->d_buf = (void *)data;
	content->d_size = size;
	content->d_type = type;
	content->d_align = header.sh_addralign;
	content->d_version = EV_CURRENT;
	return 0;
}

/*
 * An object that defines @size bytes of tables and nothing else. They are not in it: the linker
 * would copy them several times. Returns a memory file.
 */
static int build_definition(size_t size)
{
	_cleanup_(dg_cleanup_btf) struct btf *btf = NULL;
	_cleanup_(dg_cleanup_elf) Elf *elf = NULL;
	_cleanup_close_ int fd = -1;
	const Elf64_Sym symbols[] = {
		{},
		{.st_name = NAME_VARIABLE,
		 .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT),
		 .st_shndx = 2,
		 .st_size = size},
	};
	const void *btf_bytes;
	Elf64_Ehdr *header;
	__u32 btf_size;
	int r;

	r = build_btf(size, &btf);
	if (r < 0)
		return r;
	btf_bytes = btf__raw_data(btf, &btf_size);
	if (!btf_bytes)
		return -ENOMEM;
	fd = memfd_create("tables.o", MFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	elf = elf_begin(fd, ELF_C_WRITE, NULL);
	header = elf ? elf64_newehdr(elf) : NULL;
	if (!header)
		return -EIO;
	header->e_ident[EI_DATA] = ELFDATA2LSB;
	header->e_machine = EM_BPF;
	header->e_type = ET_REL;
	header->e_shstrndx = 1;

	r = add_section(
		elf, (Elf64_Shdr){.sh_name = NAME_STRTAB, .sh_type = SHT_STRTAB, .sh_addralign = 1},
		strings, sizeof(strings), ELF_T_BYTE);
	if (r >= 0)
		r = add_section(elf,
				(Elf64_Shdr){.sh_name = NAME_TABLES,
					     .sh_type = SHT_NOBITS,
					     .sh_flags = SHF_ALLOC,
					     .sh_addralign = 8},
				NULL, size, ELF_T_BYTE);
	if (r >= 0)
		r = add_section(elf,
				(Elf64_Shdr){.sh_name = NAME_SYMTAB,
					     .sh_type = SHT_SYMTAB,
					     .sh_link = 1,
					     .sh_info = 1,
					     .sh_addralign = 8,
					     .sh_entsize = sizeof(Elf64_Sym)},
				symbols, sizeof(symbols), ELF_T_SYM);
	if (r >= 0)
		r = add_section(elf,
				(Elf64_Shdr){.sh_name = NAME_BTF,
					     .sh_type = SHT_PROGBITS,
					     .sh_addralign = 8},
				btf_bytes, btf_size, ELF_T_BYTE);
	if (r < 0)
		return r;
	if (elf_update(elf, ELF_C_WRITE) < 0)
		return -EIO;
	return TAKE_FD(fd);
}

/* Engine and definition become one object. Returns a memory file. */
static int link_engine(int definition)
{
	_cleanup_(dg_cleanup_linker) struct bpf_linker *linker = NULL;
	_cleanup_close_ int engine = -1, out = -1;
	int r;

	engine =
		memory_file("engine.o", dg_engine_start, (size_t)(dg_engine_end - dg_engine_start));
	if (engine < 0)
		return engine;
	out = memory_file("policy.o", NULL, 0);
	if (out < 0)
		return out;
	linker = bpf_linker__new(fd_path(out).text, NULL);
	if (!linker)
		return -errno;
	r = bpf_linker__add_file(linker, fd_path(engine).text, NULL);
	if (r >= 0)
		r = bpf_linker__add_file(linker, fd_path(definition).text, NULL);
	if (r >= 0)
		r = bpf_linker__finalize(linker);
	return r < 0 ? r : TAKE_FD(out);
}

/* The string table of section names with one more, behind the others; at *@ret_at. */
static int add_name(Elf *elf, const char *name, char **ret_names, size_t *ret_at)
{
	Elf_Scn *section;
	Elf_Data *data;
	size_t index;
	char *names;

	if (elf_getshdrstrndx(elf, &index) < 0)
		return -EIO;
	section = elf_getscn(elf, index);
	data = section ? elf_getdata(section, NULL) : NULL;
	if (!data)
		return -EIO;
	names = malloc(data->d_size + strlen(name) + 1);
	if (!names)
		return -ENOMEM;
	memcpy(names, data->d_buf, data->d_size);
	memcpy(names + data->d_size, name, strlen(name) + 1);
	*ret_at = data->d_size;
	data->d_buf = names;
	data->d_size += strlen(name) + 1;
	*ret_names = names;
	return 0;
}

/* The section that the linker left empty. */
static int fill_tables(Elf *elf, const struct dg_tables *tables)
{
	Elf_Scn *section = NULL;
	size_t names;

	if (elf_getshdrstrndx(elf, &names) < 0)
		return -EIO;
	while ((section = elf_nextscn(elf, section))) {
		Elf64_Shdr *header = elf64_getshdr(section);
		const char *name = header ? elf_strptr(elf, names, header->sh_name) : NULL;
		Elf_Data *data;

		if (!name || strcmp(name, DG_OBJECT_TABLES_SECTION))
			continue;
		data = elf_getdata(section, NULL);
		if (!data)
			return -EIO;
		header->sh_type = SHT_PROGBITS;
		data->d_buf = (void *)tables;
		data->d_size = tables->size;
		return 0;
	}
	return -EIO;
}

/* The bytes of the file: of @size bytes with all offsets set. The machine's byte order is the
 * file's. */
static int write_elf(Elf *elf, unsigned char *bytes, size_t size)
{
	const Elf64_Ehdr *header = elf64_getehdr(elf);
	Elf64_Shdr *headers;
	Elf_Scn *section = NULL;

	if (!header || header->e_shoff > size ||
	    (size - header->e_shoff) / sizeof(*headers) < header->e_shnum)
		return -EIO;
	memcpy(bytes, header, sizeof(*header));
	headers = (Elf64_Shdr *)(bytes + header->e_shoff);
	while ((section = elf_nextscn(elf, section))) {
		const Elf64_Shdr *at = elf64_getshdr(section);
		const Elf_Data *data = NULL;

		if (!at)
			return -EIO;
		headers[elf_ndxscn(section)] = *at;
		while (at->sh_type != SHT_NOBITS && (data = elf_getdata(section, (Elf_Data *)data)))
			if (data->d_size > 0)
				memcpy(bytes + at->sh_offset + data->d_off, data->d_buf,
				       data->d_size);
	}
	return 0;
}

/* What the linker made of engine and definition, with the tables and the text of the policy. */
static int complete(int fd, const struct dg_tables *tables, const struct text *text,
		    void **ret_bytes, size_t *ret_size)
{
	_cleanup_free_ char *names = NULL; /* freed after elf, which points to it */
	_cleanup_(dg_cleanup_elf) Elf *elf = elf_begin(fd, ELF_C_RDWR, NULL);
	_cleanup_free_ unsigned char *bytes = NULL;
	size_t name = 0;
	int64_t size;
	int r;

	if (!elf)
		return -EIO;
	r = fill_tables(elf, tables);
	if (r >= 0)
		r = add_name(elf, DG_OBJECT_TEXT_SECTION, &names, &name);
	if (r >= 0)
		r = add_section(elf,
				(Elf64_Shdr){.sh_name = (Elf64_Word)name,
					     .sh_type = SHT_PROGBITS,
					     .sh_addralign = 8},
				text->bytes, text->size, ELF_T_BYTE);
	if (r < 0)
		return r;
	size = elf_update(elf, ELF_C_NULL); /* only lays out */
	if (size < 0)
		return -EIO;
	bytes = calloc(1, (size_t)size);
	if (!bytes)
		return -ENOMEM;
	r = write_elf(elf, bytes, (size_t)size);
	if (r < 0)
		return r;
	*ret_bytes = TAKE_PTR(bytes);
	*ret_size = (size_t)size;
	return 0;
}

static int build_object(const struct dg_tables *tables, const struct text *text, void **ret_bytes,
			size_t *ret_size)
{
	_cleanup_close_ int definition = -1, object = -1;

	if (elf_version(EV_CURRENT) == EV_NONE)
		return -EOPNOTSUPP;
	definition = build_definition(tables->size);
	if (definition < 0)
		return definition;
	object = link_engine(definition);
	if (object < 0)
		return object;
	return complete(object, tables, text, ret_bytes, ret_size);
}

int dg_object_build(struct dg_policy *policy, struct dg_diags *diags, void **ret_bytes,
		    size_t *ret_size, struct dg_tables_stats *ret_stats)
{
	return dg_object_build_with(policy, NULL, diags, ret_bytes, ret_size, ret_stats);
}

int dg_object_build_with(struct dg_policy *policy, const struct dg_tables_options *options,
			 struct dg_diags *diags, void **ret_bytes, size_t *ret_size,
			 struct dg_tables_stats *ret_stats)
{
	_cleanup_(text_done) struct text text = {};
	_cleanup_free_ struct dg_tables *tables = NULL;
	struct dg_tables_stats stats;
	int r;

	if (options)
		r = dg_tables_build_with(policy, options, diags, &tables, &stats);
	else
		r = dg_tables_build(policy, diags, &tables, &stats);
	if (r < 0)
		return r;
	dg_policy_drop_diagrams(policy);
	r = find_text(policy, &text);
	if (r < 0)
		return r;
	if (EVP_Digest(text.bytes, text.size, tables->text_sha256, NULL, EVP_sha256(), NULL) != 1)
		return -ENOMEM;
	r = build_object(tables, &text, ret_bytes, ret_size);
	if (r < 0)
		return r;
	if (ret_stats)
		*ret_stats = stats;
	return 0;
}
