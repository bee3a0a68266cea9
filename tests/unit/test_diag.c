// SPDX-License-Identifier: GPL-2.0-only
/* Diagnostics: the table, the order, the two forms. */
#include <criterion/criterion.h>
#include <string.h>

#include "diag.h"
#include "source.h"

static struct dg_source *source_of(const char *text)
{
	struct dg_source *source = NULL;

	cr_assert_eq(dg_source_new("p.dgp", text, strlen(text), DG_SOURCE_MAX_BYTES, &source), 0);
	return source;
}

static char *shown(struct dg_diags *diags, void (*show)(FILE *, struct dg_diags *))
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	show(f, diags);
	fclose(f);
	return text;
}

Test(diag, every_entry_explains_itself)
{
	for (int id = 0; id < DG_DIAG_MAX; id++) {
		const struct dg_diag_info *info = dg_diag_info((enum dg_diag_id)id);

		cr_expect_eq(strlen(info->id), 4);
		cr_expect_eq(info->id[0], 'E');
		cr_expect(*info->title && *info->explanation && *info->example, "%s", info->id);
		cr_expect_eq(dg_diag_find(info->id), info);
		cr_expect_eq(info->severity == DG_SEVERITY_WARNING, info->id[1] == '2', "%s",
			     info->id);
		if (id)
			cr_expect_lt(strcmp(dg_diag_info((enum dg_diag_id)(id - 1))->id, info->id),
				     0, "%s is out of order", info->id);
	}
	cr_expect_null(dg_diag_find("E000"));
	cr_expect_not_null(dg_diag_find("e001"));
}

Test(diag, sorted_and_shown_after_the_source_is_let_go)
{
	_cleanup_diags_ struct dg_diags diags = { 0 };
	_cleanup_free_ char *text = NULL;
	struct dg_source *source = source_of("one\n\ttwo \xc3\xa9 three\n");
	struct dg_pos three = dg_source_pos(source, 12, 17), one = dg_source_pos(source, 0, 3);

	dg_diag_report(&diags, DG_E011, &three, "later");
	dg_diag_report(&diags, DG_E200, &one, "earlier \"%s\"", "\033[31m");
	dg_source_unref(source);
	cr_expect_eq(diags.errors, 1);
	cr_expect_eq(diags.warnings, 1);
	text = shown(&diags, dg_diags_print);
	cr_expect_str_eq(text, "p.dgp:1:1: warning[E200]: earlier \"\\x1b[31m\"\n"
			       "    one\n    ^~~\n"
			       "p.dgp:2:9: error[E011]: later\n"
			       "    \ttwo \xc3\xa9 three\n    \t      ^~~~~\n");
}

Test(diag, json)
{
	_cleanup_diags_ struct dg_diags diags = { 0 };
	_cleanup_free_ char *text = NULL;
	struct dg_source *source = source_of("abc");
	struct dg_pos pos = dg_source_pos(source, 1, 3);

	dg_diag_report_full(&diags, DG_E071, DG_SEVERITY_ERROR, &pos, strdup("{\"bus\":\"x\"}"),
			    "a \"b\" \xff");
	dg_source_unref(source);
	text = shown(&diags, dg_diags_json);
	cr_expect_str_eq(text,
			 "{\"file\":\"p.dgp\",\"line\":1,\"column\":2,\"end_column\":4,"
			 "\"severity\":\"error\",\"id\":\"E071\","
			 "\"message\":\"a \\\"b\\\" \xef\xbf\xbd\",\"witness\":{\"bus\":\"x\"}}\n");
}

Test(diag, the_end_of_a_file_has_a_place)
{
	_cleanup_diags_ struct dg_diags diags = { 0 };
	_cleanup_free_ char *text = NULL;
	struct dg_source *source = source_of("ab\n");
	struct dg_pos pos = dg_source_pos(source, 3, 3);

	cr_expect_eq(pos.line, 2);
	cr_expect_eq(pos.column, 1);
	dg_diag_report(&diags, DG_E011, &pos, "end");
	dg_source_unref(source);
	text = shown(&diags, dg_diags_print);
	cr_expect_str_eq(text, "p.dgp:2:1: error[E011]: end\n    \n    ^\n");
}

/* What is not decided does not bury what is. */
Test(diag, ten_undecided_are_enough)
{
	_cleanup_diags_ struct dg_diags diags = { 0 };
	struct dg_source *source = source_of("abc");
	struct dg_pos pos = dg_source_pos(source, 1, 3);
	char *text;

	for (unsigned int i = 0; i < 12; i++)
		dg_diag_report(&diags, DG_E212, &pos, "number %u", i);
	dg_diag_report(&diags, DG_E200, &pos, "after them");
	dg_source_unref(source);
	text = shown(&diags, dg_diags_print);
	cr_expect_not_null(strstr(text, "number 9\n"));
	cr_expect_null(strstr(text, "number 10\n"));
	cr_expect_not_null(strstr(text, "after them\n"));
	cr_expect_not_null(strstr(text, "2 more warnings E212 are not shown"));
	free(text);
	text = shown(&diags, dg_diags_json);
	cr_expect_not_null(strstr(text, "number 11"));
	free(text);
}
