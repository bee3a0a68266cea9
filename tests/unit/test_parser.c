// SPDX-License-Identifier: GPL-2.0-only
/* The tree that comes out of a text, and how reading survives bad ones. */
#include <criterion/criterion.h>
#include <string.h>

#include "policy.h"

#define HEAD                                                                                      \
	"policy \"p\" version 7 abi 1;\n"                                                         \
	"default bind, mmio, mmap, dma, dma-relaxed, dma-private, connect, lock = deny;\n"        \
	"default accept = deny;\n"

static struct dg_policy *load(const char *text)
{
	_cleanup_diags_ struct dg_diags diags = { 0 };
	struct dg_policy *policy = NULL;
	int err = dg_policy_load_text("t", text, strlen(text), 0, &diags, &policy);

	cr_assert_eq(err, 0, "%s: %s", text, diags.count ? diags.items[0].message : "");
	return policy;
}

Test(parser, header)
{
	_cleanup_(dg_cleanup_policy) struct dg_policy *policy = load(HEAD);

	cr_expect_eq(policy->version, 7);
	cr_expect_eq(policy->name.len, 1);
	cr_expect_eq(policy->rule_count, 0);
	cr_expect_eq(policy->defaults[DG_OP_BIND], DG_VERDICT_DENY);
}

Test(parser, and_binds_closer_than_or_and_not_closest)
{
	_cleanup_(dg_cleanup_policy) struct dg_policy *policy =
		load(HEAD "allow \"a\" on bind where true or not false and pci.external;");
	const struct dg_expr *where = policy->rules[0].where;

	cr_assert_eq(where->kind, DG_EXPR_OR);
	cr_expect_eq(where->left->kind, DG_EXPR_TRUE);
	cr_assert_eq(where->right->kind, DG_EXPR_AND);
	cr_expect_eq(where->right->left->kind, DG_EXPR_NOT);
	cr_expect_eq(where->right->right->kind, DG_EXPR_TEST);
}

Test(parser, options)
{
	_cleanup_(dg_cleanup_policy) struct dg_policy *policy =
		load(HEAD "deny \"a\" on bind, mmio audit always mode permissive reason \"r\" "
			  "until 2099-01-01 from 1970-01-02;");
	const struct dg_rule_node *rule = &policy->rules[0];

	cr_expect_eq(rule->effect, DG_EFFECT_DENY);
	cr_expect_eq(rule->ops, 1U << DG_OP_BIND | 1U << DG_OP_MMIO);
	cr_expect(rule->permissive);
	cr_expect_eq(rule->audit, DG_AUDIT_ALWAYS);
	cr_expect(rule->has_from && rule->has_until && rule->has_reason);
	cr_expect_eq(rule->from, 86400);
	cr_expect_null(rule->where);
}

Test(parser, a_bare_name_after_in_is_the_enum_s_own)
{
	_cleanup_(dg_cleanup_policy) struct dg_policy *policy =
		load(HEAD "set run = { 1 };\nallow \"a\" on bind where tdi.state in run and "
			  "pci.bus in run;");
	const struct dg_expr *where = policy->rules[0].where;

	cr_expect_eq(where->left->items[0].kind, DG_ITEM_LITERAL);
	cr_expect_eq(where->left->items[0].low.num, 2);
	cr_expect_eq(where->right->items[0].kind, DG_ITEM_SET);
}

/* The depth of the tree, not the number of terms, is what a recursive reader pays for. */
static unsigned int depth(const struct dg_expr *expr)
{
	unsigned int left = expr->left ? depth(expr->left) : 0;
	unsigned int right = expr->right ? depth(expr->right) : 0;

	return 1 + (left > right ? left : right);
}

Test(parser, long_chains_stay_shallow)
{
	_cleanup_(dg_cleanup_policy) struct dg_policy *policy = NULL;
	_cleanup_free_ char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	fputs(HEAD "allow \"a\" on bind where true", f);
	for (int i = 0; i < 20000; i++)
		fputs(" or pci.external", f);
	fputs(";", f);
	fclose(f);
	policy = load(text);
	cr_expect_leq(depth(policy->rules[0].where), 16);
}

Test(parser, any_byte_soup_is_survived)
{
	static const char *const words[] = {
		"policy", "\"a\"", "version", "1", "abi", ";", "{", "}", "(", ")", "allow", "on",
		"bind", "where", "pci.id", "==", "in", "10de:*", "not", "and", "test", "device",
		"expect", "set", "=", ",", "..", "\"", "\n", "\\x", "\xff", "any", "is", "known",
		"import", "assert", "never", "#", "default", "until", "2026-01-01",
	};
	unsigned int seed = 1;

	for (int round = 0; round < 3000; round++) {
		_cleanup_diags_ struct dg_diags diags = { 0 };
		struct dg_policy *policy = NULL;
		char text[512] = "";

		for (int i = 0; i < 40; i++) {
			seed = seed * 1103515245 + 12345;
			strcat(text, words[seed / 65536 % ARRAY_SIZE(words)]);
			strcat(text, " ");
		}
		if (!dg_policy_load_text("t", text, strlen(text), DG_LOAD_TESTS, &diags, &policy))
			dg_policy_free(policy);
		else
			cr_expect_gt(diags.errors, 0, "%s", text);
	}
}

Test(parser, root_file_that_is_not_there)
{
	_cleanup_diags_ struct dg_diags diags = { 0 };
	struct dg_policy *policy = NULL;

	cr_expect_eq(dg_policy_load("/nonexistent/p.dgp", &diags, &policy), -ENOENT);
	cr_expect_null(policy);
	cr_expect_eq(diags.count, 0);
}
