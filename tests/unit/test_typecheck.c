// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
/* Names, types, operations, globs, and what implies spdm.verified. */
#include <criterion/criterion.h>
#include <string.h>

#include "glob.h"
#include "policy.h"

#define HEAD                                                                                      \
	"policy \"p\" version 7 abi 1;\n"                                                         \
	"default bind, mmio, mmap, dma, dma-relaxed, dma-private, connect, lock, accept = deny;\n"

/* The only diagnostic of a rule with this condition on these operations; DG_DIAG_MAX: none. */
static enum dg_diag_id verdict(const char *ops, const char *where)
{
	_cleanup_diags_ struct dg_diags diags = { 0 };
	_cleanup_free_ char *text = NULL;
	struct dg_policy *policy = NULL;

	cr_assert_geq(asprintf(&text, HEAD "allow \"a\" on %s where %s;", ops, where), 0);
	if (!dg_policy_load_text("t", text, strlen(text), 0, &diags, &policy))
		dg_policy_free(policy);
	cr_expect_leq(diags.count, 1, "%s: more than one diagnostic", where);
	return diags.count ? diags.items[0].id : DG_DIAG_MAX;
}

Test(typecheck, conditions)
{
	static const struct {
		const char *ops, *where;
		enum dg_diag_id want;
	} cases[] = {
		{ "bind", "pci.id == 10de:2330", DG_DIAG_MAX },
		{ "bind", "pci.id == 10de:*", DG_E055 },
		{ "bind", "pci.id in 10de:*", DG_DIAG_MAX },
		{ "bind", "pci.id == 1", DG_E051 },
		{ "bind", "pci.id < 10de:2330", DG_E052 },
		{ "bind", "pci.id", DG_E053 },
		{ "bind", "pci.id like \"*\"", DG_E059 },
		{ "bind", "pci.revision in 1 .. 0", DG_E045 },
		{ "bind", "pci.revision in { 1, 2 .. 3 }", DG_DIAG_MAX },
		{ "bind", "pci.external == true", DG_DIAG_MAX },
		{ "bind", "pci.external == 1", DG_E051 },
		{ "bind", "usb.interfaces is known", DG_DIAG_MAX },
		{ "bind", "usb.interfaces in 08:*:*", DG_E054 },
		{ "bind", "all usb.interfaces in 08:*:*", DG_DIAG_MAX },
		{ "bind", "any bus == \"x\"", DG_E054 },
		{ "bind", "tdi.state == run", DG_DIAG_MAX },
		{ "bind", "tdi.state == runn", DG_E056 },
		{ "bind", "bus == \"p*\"", DG_E201 },
		{ "bind", "bus like \"[a\"", DG_E057 },
		{ "bind", "nosuch.attr", DG_E050 },
		{ "bind", "spdm.meas.239 is known", DG_DIAG_MAX },
		{ "bind", "spdm.meas.240 is known", DG_E050 },
		{ "bind, connect", "ide.active", DG_E058 },
		{ "lock", "ide.active", DG_DIAG_MAX },
		{ "lock", "spdm.verified is known", DG_E058 },
		{ "connect", "tdi.state == run", DG_DIAG_MAX },
		{ "bind", "device.path == \"x\"", DG_E203 },
		{ "accept", "spdm.verified", DG_DIAG_MAX },
		{ "accept", "pci.external and (spdm.verified or spdm.verified and tdi.ats)",
		  DG_DIAG_MAX },
		{ "accept", "not (not spdm.verified or pci.external)", DG_DIAG_MAX },
		{ "accept", "spdm.verified != true", DG_E070 },
		{ "accept", "spdm.verified or true", DG_E070 },
		{ "accept", "not spdm.verified", DG_E070 },
		{ "accept", "spdm.verified is known", DG_E070 },
		{ "accept", "false", DG_DIAG_MAX },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		cr_expect_eq(verdict(cases[i].ops, cases[i].where), cases[i].want, "on %s where %s",
			     cases[i].ops, cases[i].where);
}

Test(glob, valid_and_malformed)
{
	static const char *const valid[] = { "", "*", "a?[a-z]", "[!a-z]", "[-a]", "[a-]", "[!-]",
					     "[^a]", "\\*", "[\\]]", "[\\--z]", "]", "a-b", "[[]" };
	static const char *const malformed[] = { "[", "[a", "[]", "[!]", "[z-a]", "\\", "a\\",
						 "[]a]", "[a\\", "[\\", "[a-c-e]", "[a-" };

	for (size_t i = 0; i < ARRAY_SIZE(valid); i++)
		cr_expect_null(dg_glob_problem(valid[i], strlen(valid[i])), "%s", valid[i]);
	for (size_t i = 0; i < ARRAY_SIZE(malformed); i++)
		cr_expect_not_null(dg_glob_problem(malformed[i], strlen(malformed[i])), "%s",
				   malformed[i]);
}

Test(glob, matches)
{
	static const struct {
		const char *glob, *value;
		bool want;
	} cases[] = {
		{ "", "", true },	    { "", "a", false },	       { "*", "", true },
		{ "a*", "abc", true },	    { "a*", "ba", false },     { "*a*b", "xayab", true },
		{ "?", "\xc3\xa9", false }, { "??", "\xc3\xa9", true }, { "[a-c]x", "bx", true },
		{ "[!a-c]", "b", false },   { "[!a-c]", "d", true },   { "[^b]", "b", true },
		{ "[^b]", "^", true },	    { "[^b]", "c", false },    { "[-a]", "-", true },
		{ "[a-]", "-", true },	    { "\\*", "*", true },      { "\\*", "a", false },
		{ "[*]", "x", false },	    { "[\\]x]", "]", true },   { "a", "ab", false },
		{ "*.?", "a.b.c", true },   { "[\xf0-\xff]", "\xf5", true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		cr_expect_eq(dg_glob_match(cases[i].glob, strlen(cases[i].glob), cases[i].value,
					   strlen(cases[i].value)),
			     cases[i].want, "%s on %s", cases[i].glob, cases[i].value);
}
