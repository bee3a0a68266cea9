// SPDX-License-Identifier: GPL-2.0-only
/* A rule that has expired, told by a clock of our own (language page, section 7). */
#include "compiled.h"

#include <time.h>

#define UNTIL 1767225600 /* 2026-01-01T00:00:00Z */

static time_t clock_says;

/* In the place of the library's: this program is what calls it. */
time_t time(time_t *ret)
{
	if (ret)
		*ret = clock_says;
	return clock_says;
}

/* Is the rule said to have expired? */
static bool expired_at(time_t now, unsigned int flags)
{
	static const char text[] = HEAD "allow \"a\" on bind where pci.external until 2026-01-01;";
	struct dg_policy *policy = NULL;
	struct dg_diags diags = {};
	bool found = false;

	clock_says = now;
	cr_assert_eq(dg_policy_load_text("t.dgp", text, strlen(text), flags, &diags, &policy), 0);
	for (size_t i = 0; i < diags.count; i++)
		found |= diags.items[i].id == DG_E202;
	dg_diags_done(&diags);
	dg_policy_free(policy);
	return found;
}

Test(expired, from_its_until_on)
{
	cr_expect_not(expired_at(UNTIL - 1, 0));
	cr_expect(expired_at(UNTIL, 0));
	cr_expect(expired_at(UNTIL + 1, 0));
	cr_expect_not(expired_at(UNTIL + 1, DG_LOAD_NO_EXPIRED));
}
