// SPDX-License-Identifier: GPL-2.0-only
/*
 * A layout changes no meaning, loses no comment and stays as it is: over every policy of the corpus
 * and of the examples, as they are and scrambled.
 */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <ftw.h>
#include <limits.h>
#include <string.h>

#include "format.h"
#include "policy_equal.h"
#include "scramble.h"
#include "source.h"

#define HEAD                                                                                      \
	"policy \"p\" version 1 abi 1;\n"                                                         \
	"default bind, mmio, mmap, dma, dma-relaxed, dma-private, connect, lock, accept = deny;\n"

/* Imports and device files are found from the current directory. */
static struct dg_policy *load(const char *text, size_t len, bool part, struct dg_diags *diags)
{
	_cleanup_free_ char *whole = malloc(sizeof(HEAD) + len);
	struct dg_policy *policy = NULL;
	size_t head = part ? strlen(HEAD) : 0;

	memcpy(whole, HEAD, head);
	memcpy(whole + head, text, len);
	dg_policy_load_text("t", whole, head + len, DG_LOAD_NO_EXPIRED, diags, &policy);
	return policy;
}

/* @text laid out; what must hold of any layout is looked at here. NULL: it has syntax errors. */
static char *lay_out(const char *path, const char *text, size_t len, size_t *ret_len)
{
	_cleanup_free_ char *twice = NULL, *comments = NULL, *kept = NULL;
	_cleanup_diags_ struct dg_diags diags = {};
	size_t twice_len = 0;
	char *once = NULL;
	int r = dg_format_text("t", text, len, &diags, &once, ret_len);

	if (r == -EBADMSG) {
		cr_expect(diags.errors > 0, "%s", path);
		for (size_t i = 0; i < diags.count; i++)
			cr_expect(DG_DIAG_IS_SYNTAX(diags.items[i].id), "%s: %s", path,
				  diags.items[i].message);
		return NULL;
	}
	cr_assert_eq(r, 0, "%s: %s\n%s", path, strerror(-r), text);
	cr_expect_eq(diags.count, 0, "%s", path);
	r = dg_format_text("t", once, *ret_len, &diags, &twice, &twice_len);
	cr_assert_eq(r, 0, "%s: again: %s", path, strerror(-r));
	cr_expect(twice_len == *ret_len && !memcmp(once, twice, twice_len),
		  "%s: once:\n%s\ntwice:\n%s", path, once, twice);
	comments = scramble_comments(text, len);
	kept = scramble_comments(once, *ret_len);
	cr_expect_str_eq(kept, comments, "%s: comments", path);
	return once;
}

static void same_meaning(const char *path, const char *a, size_t a_len, const char *b, size_t b_len,
			 bool part, size_t *compared)
{
	_cleanup_(dg_cleanup_policy) struct dg_policy *before = NULL, *after = NULL;
	_cleanup_diags_ struct dg_diags said = {}, says = {};
	const char *difference;

	before = load(a, a_len, part, &said);
	after = load(b, b_len, part, &says);
	cr_expect_eq(said.count, says.count, "%s: %zu and %zu findings", path, said.count,
		     says.count);
	/* In the order of reporting, which is the text's. */
	for (size_t i = 0; i < said.count && i < says.count; i++)
		cr_expect_eq(said.items[i].id, says.items[i].id, "%s: %s; then: %s", path,
			     said.items[i].message, says.items[i].message);
	cr_assert_eq(!before, !after, "%s", path);
	if (!before)
		return;
	difference = policy_difference(before, after);
	cr_expect_null(difference, "%s: %s is another", path, difference);
	++*compared;
}

static size_t compared, refused, files;

static void check_file(const char *path)
{
	_cleanup_(dg_cleanup_source) struct dg_source *source = NULL;
	_cleanup_free_ char *folder = strndup(path, (size_t)(strrchr(path, '/') - path));
	_cleanup_free_ char *here = getcwd(NULL, 0), *laid = NULL;
	uint64_t seed = 88172645463325252ULL + files;
	size_t len = 0;
	bool part;

	files++;
	cr_assert_eq(dg_source_read(path, NULL, DG_SOURCE_MAX_BYTES, true, &source), 0, "%s", path);
	if (source->len > 1U << 20)
		return;
	cr_assert_eq(chdir(folder), 0);
	laid = lay_out(path, source->text, source->len, &len);
	refused += !laid;
	part = laid && strncmp(laid, "policy ", 7) != 0 && !strstr(laid, "\npolicy ");
	if (laid)
		same_meaning(path, source->text, source->len, laid, len, part, &compared);
	for (unsigned int i = 0; laid && i < 3; i++) {
		_cleanup_free_ char *other = scramble(source->text, source->len, &seed, i * 15);
		_cleanup_free_ char *again = lay_out(path, other, strlen(other), &len);

		cr_assert_not_null(again, "%s: scrambled, it is not read any more:\n%s", path, other);
		same_meaning(path, source->text, source->len, again, len, part, &compared);
	}
	cr_assert_eq(chdir(here), 0);
}

static int visit(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	size_t len = strlen(path);

	(void)st;
	(void)ftw;
	if (type == FTW_F && len > 4 && !strcmp(path + len - 4, ".dgp"))
		check_file(path);
	return 0;
}

static void check_folder(const char *folder)
{
	cr_assert_eq(nftw(folder, visit, 16, FTW_PHYS), 0, "%s (run from the project's folder)",
		     folder);
}

Test(format, good_policies_mean_the_same)
{
	check_folder("tests/corpus/good");
	check_folder("examples");
	cr_expect(files > 150, "%zu files", files);
	cr_expect_eq(refused, 0);
	cr_expect(compared > 3 * files, "%zu of %zu files were compared", compared, files);
}

Test(format, bad_policies_are_refused_or_have_the_same_mistakes)
{
	check_folder("tests/corpus/bad");
	cr_expect(files > 500, "%zu files", files);
	cr_expect(refused > 100 && refused < files - 100, "%zu of %zu have syntax errors", refused,
		  files);
}

/* White space alone has no say in a layout: only blank lines between statements stay. */
Test(format, one_layout)
{
	static const char text[] =
		HEAD "set ids = { 10de:2330, 10de:2335 };\n"
		     "allow \"a rule\" on bind, mmio where pci.id in ids and (pci.external or not "
		     "pci.virtfn) and driver.name in { \"nvme\", \"vfio-pci\" } until 2099-01-01;\n"
		     "test \"t\" { device { pci.id = 10de:2330; }; expect deny on bind; }\n";
	_cleanup_free_ char *want = NULL;
	uint64_t seed = 1;
	size_t len = 0;

	want = lay_out("text", text, strlen(text), &len);
	for (unsigned int i = 0; i < 200; i++) {
		_cleanup_free_ char *other = scramble(text, strlen(text), &seed, 0);
		_cleanup_free_ char *got = lay_out("scrambled", other, strlen(other), &len);
		char *out = got;

		for (const char *in = got; *in; in++)
			if (*in != '\n' || in[1] != '\n')
				*out++ = *in;
		*out = 0;
		cr_assert_str_eq(got, want, "of:\n%s", other);
	}
}

static void check_width(const char *laid, size_t *widest)
{
	for (const char *line = laid; *line; line += strcspn(line, "\n") + 1) {
		size_t columns = 0, bytes = strcspn(line, "\n");

		for (size_t i = 0; i < bytes; i++)
			columns += line[i] == '\t' ? 8 : 1;
		cr_expect_leq(columns, 100, "%.*s", (int)bytes, line);
		if (columns > *widest)
			*widest = columns;
		/* Nor is a line broken early: none of them but the heads and ends is short. */
		if (line[0] == '\t' && line[bytes + 1] == '\t' && strncmp(line, "\twhere", 6) != 0)
			cr_expect_geq(columns, 70, "%.*s", (int)bytes, line);
	}
}

Test(format, width)
{
	size_t widest = 0;

	for (int pad = 1; pad <= 24; pad++) {
		_cleanup_free_ char *text = NULL, *laid = NULL;
		size_t size = 0, len = 0;
		FILE *out = open_memstream(&text, &size);

		fprintf(out, "set names = { \"%0*d\"", pad, 0);
		for (unsigned int i = 0; i < 200; i++)
			fprintf(out, ", \"name%u\"", i * 7919);
		fprintf(out, " };allow \"r\" on bind where driver.name == \"%0*d\"", pad, 0);
		for (unsigned int i = 0; i < 200; i++)
			fprintf(out, " %s (pci.revision == %u)", i % 20 ? "and" : "or", i);
		fputs(";\n", out);
		fclose(out);
		laid = lay_out("long", text, strlen(text), &len);
		check_width(laid, &widest);
	}
	cr_expect_eq(widest, 100, "no line is filled: %zu", widest);
}
