// SPDX-License-Identifier: GPL-2.0-only
#include "compiled.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "file_write.h"
#include "object_text.h"

static const char text[] =
	HEAD "set s = { 10de:* };\n"
	     "allow \"a\" on bind where pci.id in s or device.name like \"nvme*\";\n"
	     "test \"t\" { device { pci.id = 10de:0001; }; expect allow on bind by \"a\"; }\n";

struct built {
	unsigned char *bytes;
	size_t size;
};

static struct built build(const char *policy_text)
{
	struct dg_policy *policy = parse(policy_text);
	struct dg_diags diags = {};
	struct built b = {};
	void *bytes;

	cr_assert_eq(dg_object_build(policy, &diags, &bytes, &b.size, NULL), 0);
	b.bytes = bytes;
	dg_diags_done(&diags);
	dg_policy_free(policy);
	return b;
}

/* Opening must fail with @error, and the message must hold @words. */
static void refused(const struct built *b, int error, const char *words)
{
	struct dg_object *object = NULL;
	char *message = NULL;

	cr_expect_eq(dg_object_open_memory(b->bytes, b->size, &message, &object), error, "\"%s\"",
		     words);
	cr_expect_null(object);
	cr_assert_not_null(message, "\"%s\"", words);
	cr_expect_not_null(strstr(message, words), "\"%s\" is not in \"%s\"", words, message);
	free(message);
}

static Elf64_Shdr *section(const struct built *b, const char *name)
{
	Elf64_Ehdr *header = (Elf64_Ehdr *)b->bytes;
	Elf64_Shdr *sections = (Elf64_Shdr *)(b->bytes + header->e_shoff);
	const char *names = (char *)b->bytes + sections[header->e_shstrndx].sh_offset;

	for (unsigned int i = 0; i < header->e_shnum; i++)
		if (!strcmp(names + sections[i].sh_name, name))
			return &sections[i];
	cr_assert_fail("no section %s", name);
	return NULL;
}

static struct dg_tables *tables_of(const struct built *b)
{
	return (struct dg_tables *)(b->bytes + section(b, DG_OBJECT_TABLES_SECTION)->sh_offset);
}

Test(object, comes_back_as_it_went)
{
	struct built b = build(text);
	struct dg_object *object = NULL;
	char *message = NULL;

	cr_assert_eq(dg_object_open_memory(b.bytes, b.size, &message, &object), 0, "%s", message);
	cr_expect_str_eq(object->tables->name, "test");
	cr_expect_eq(object->tables->version, 7);
	cr_expect_eq(object->text.len, strlen(text));
	cr_expect_eq(memcmp(object->text.data, text, strlen(text)), 0);
	cr_expect_str_eq(dg_tables_rule_id(object->tables, 0), "a");
	dg_object_free(object);
	free(b.bytes);
}

Test(object, same_text_same_bytes)
{
	struct built one = build(text), two = build(text);

	cr_assert_eq(one.size, two.size);
	cr_expect_eq(memcmp(one.bytes, two.bytes, one.size), 0);
	free(one.bytes);
	free(two.bytes);
}

Test(object, text_parses_again)
{
	struct built b = build(text);
	struct dg_object *object = NULL;
	struct dg_policy *policy = NULL;
	struct dg_diags diags = {};

	cr_assert_eq(dg_object_open_memory(b.bytes, b.size, NULL, &object), 0);
	cr_assert_eq(dg_object_policy(object, &diags, &policy), 0);
	cr_expect_eq(policy->rule_count, 1);
	cr_expect_eq(policy->test_count, 1, "tests travel with it");
	dg_policy_free(policy);
	dg_diags_done(&diags);
	dg_object_free(object);
	free(b.bytes);
}

Test(object, every_truncation_is_refused)
{
	struct built b = build(text), cut = b;
	struct dg_object *object = NULL;

	for (cut.size = 0; cut.size < b.size; cut.size += cut.size < 4096 ? 1 : 97) {
		char *message = NULL;

		cr_assert_eq(dg_object_open_memory(cut.bytes, cut.size, &message, &object),
			     -EBADMSG, "cut at %zu", cut.size);
		cr_assert_not_null(message);
		free(message);
	}
	cut.size = 0;
	refused(&cut, -EBADMSG, "empty");
	cut.size = b.size / 2;
	refused(&cut, -EBADMSG, "truncated");
	free(b.bytes);
}

Test(object, foreign_files_are_refused)
{
	struct built b = build(text);
	struct built script = {(unsigned char *)"#!/bin/sh\n", 10};
	Elf64_Ehdr *header = (Elf64_Ehdr *)b.bytes;
	Elf64_Shdr *tables = section(&b, DG_OBJECT_TABLES_SECTION);

	refused(&script, -EBADMSG, "not an ELF file");
	header->e_machine = EM_X86_64;
	refused(&b, -EBADMSG, "not a little-endian BPF object");
	header->e_machine = 247;
	tables->sh_name += 1;
	refused(&b, -EBADMSG, "without a policy");
	free(b.bytes);
}

/* Who loads it might take the other one. */
Test(object, a_section_that_is_there_twice_is_refused)
{
	static const char *const names[] = {DG_OBJECT_TABLES_SECTION, DG_OBJECT_TEXT_SECTION};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct built b = build(text);

		section(&b, "license")->sh_name = section(&b, names[i])->sh_name;
		refused(&b, -EBADMSG, "is there twice");
		free(b.bytes);
	}
}

Test(object, a_newer_abi_is_refused_as_such)
{
	struct built b = build(text);

	tables_of(&b)->abi = DG_ABI_VERSION + 1;
	refused(&b, -EPROTO, "newer devgate");
	free(b.bytes);
}

Test(object, damage_is_named)
{
	struct built b = build(text);
	struct dg_tables *t = tables_of(&b);
	uint32_t right;

	t->magic ^= 1;
	refused(&b, -EBADMSG, "magic");
	t->magic ^= 1;
	right = t->node_off;
	t->node_off = t->size;
	refused(&b, -EBADMSG, "outside");
	t->node_off = right;
	for (unsigned int kind = 0; kind < DG_KINDS; kind++) {
		right = t->kind[kind].op_part_count[0];
		t->kind[kind].op_part_count[0] = t->part_count + 1;
		refused(&b, -EBADMSG, "operation");
		t->kind[kind].op_part_count[0] = right;
	}
	t->kind[DG_KINDS - 1].absent = 1;
	refused(&b, -EBADMSG, "no parts for some devices");
	t->kind[DG_KINDS - 1].absent = 0;
	memset(t->name, 'x', sizeof(t->name));
	refused(&b, -EBADMSG, "name");
	free(b.bytes);
}

static void check_refuses(struct dg_tables *t, const char *words)
{
	const char *what = "";

	cr_expect_eq(dg_tables_check(t, t->size, &what), -EBADMSG, "\"%s\"", words);
	cr_expect_not_null(strstr(what, words), "\"%s\" is not in \"%s\"", words, what);
}

/* What the engine takes a reference and a part at their word for. */
Test(object, a_shortcut_that_leads_elsewhere_is_refused)
{
	struct dg_tables *t = compile(text);
	struct dg_part *part = (struct dg_part *)((char *)t + t->part_off) +
			       t->kind[DG_KINDS - 1].op_part[DG_OP_BIND];
	struct dg_part right = *part;
	struct dg_node *node =
		(struct dg_node *)((char *)t + t->node_off) + (part->ref & DG_REF_PLACE);

	part->unknown = DG_REF_PASS;
	check_refuses(t, "a part of an operation");
	*part = right;
	part->known = DG_KNOWN_ALWAYS;
	check_refuses(t, "a part of an operation");
	*part = right;
	part->ref ^= 1U << DG_REF_SLOT_SHIFT;
	check_refuses(t, "a part of an operation");
	*part = right;
	part->ref ^= DG_REF_SPARSE;
	check_refuses(t, "a part of an operation");
	*part = right;
	part->known ^= 1;
	node->known ^= 1;
	check_refuses(t, "a node");
	free(t);
}

/* A path must not go round. */
Test(object, an_edge_that_leads_back_is_refused)
{
	struct dg_tables *t = compile(text);
	const struct dg_part *part = (struct dg_part *)((char *)t + t->part_off);
	struct dg_node *node = (struct dg_node *)((char *)t + t->node_off +
						  (part->ref & DG_REF_PLACE) * UINT64_C(8));
	uint32_t *words = (uint32_t *)(node + 1);
	uint32_t *last = &words[(node->kind == DG_NODE_DENSE ? 1 : 2) * node->count - 1];
	uint32_t right = *last;

	*last = part->ref;
	check_refuses(t, "an edge");
	*last = right;
	free(t);
}

static struct dg_var *string_variable(struct dg_tables *t)
{
	struct dg_var *vars = (struct dg_var *)((char *)t + t->var_off);

	for (uint32_t i = 0; i < t->var_count; i++)
		if (vars[i].kind == DG_VAR_STR)
			return &vars[i];
	cr_assert_fail("no variable of strings");
	return NULL;
}

Test(object, a_variable_that_hides_values_is_refused)
{
	struct dg_tables *t =
		compile(HEAD "allow \"a\" on bind where device.name == \"a-long-name\""
			     " or device.name like \"nvme*\";\n");
	struct dg_var *var = string_variable(t);
	struct dg_dfa *dfa = (struct dg_dfa *)((char *)t + var->data_off);
	uint32_t *rows = (uint32_t *)(dfa + 1), end = 0, step = 0, right;

	var->known ^= 1;
	check_refuses(t, "a variable");
	var->known ^= 1;
	var->exact_words--;
	check_refuses(t, "a variable");
	var->exact_words++;
	while (rows[step] & DG_DFA_END || step % dfa->stride == dfa->stride - 1)
		step++;
	right = rows[step];
	rows[step] = dfa->state_count * dfa->stride;
	check_refuses(t, "a variable");
	rows[step] = right;
	while (!(rows[end] & DG_DFA_END))
		end++;
	rows[end] = DG_DFA_END | var->class_count;
	check_refuses(t, "a variable");
	rows[end] = DG_DFA_END;
	check_refuses(t, "a variable");
	free(t);
}

Test(object, another_text_is_refused)
{
	struct built b = build(text);
	Elf64_Shdr *s = section(&b, DG_OBJECT_TEXT_SECTION);

	b.bytes[s->sh_offset + s->sh_size - 2] ^= 1;
	refused(&b, -EBADMSG, "not the one");
	free(b.bytes);
}

/* Each word of the tables wrong in turn: refused, or still fit to be followed. */
Test(object, no_damaged_word_gets_by_as_a_wild_index, .timeout = 50)
{
	struct dg_tables *t = compile(text);

	expect_no_wild_index(t, "{\"pci.id\":\"10de:1111\"}");
	free(t);
}

Test(object, a_failed_write_leaves_nothing)
{
	cr_expect_eq(dg_file_write("/proc/no-such-folder/x", "a", 1), -ENOENT);
	cr_expect_eq(dg_file_write("/", "a", 1), -EISDIR);
	cr_expect_eq(dg_file_write("/dev/null", "a", 1), 0);
	{
		struct stat st;

		cr_assert_eq(stat("/dev/null", &st), 0);
		cr_expect(S_ISCHR(st.st_mode), "a device is written to, not replaced");
	}
}
