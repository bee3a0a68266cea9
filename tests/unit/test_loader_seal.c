// SPDX-License-Identifier: GPL-2.0-only
#include <criterion/criterion.h>

#include "seal.h"
#include "tree.h"

static void keep(void *context, const char *text)
{
	strcat(context, text);
}

#define LOCKDOWN "sys/kernel/security/lockdown"
#define SIG_ENFORCE "sys/module/module/parameters/sig_enforce"

Test(loader_seal, preconditions)
{
	_cleanup_(dg_tree_done) struct dg_tree tree = dg_tree_make();
	char missing[512] = "";

	cr_expect_eq(dg_seal_preconditions(tree.root, keep, missing), 2, "a bare kernel");
	cr_expect(strstr(missing, "lockdown=integrity"), "%s", missing);
	cr_expect(strstr(missing, "module.sig_enforce=1"), "%s", missing);

	dg_tree_put(&tree, LOCKDOWN, "[none] integrity confidentiality\n");
	dg_tree_put(&tree, SIG_ENFORCE, "N\n");
	cr_expect_eq(dg_seal_preconditions(tree.root, keep, missing), 2, "both are off");

	dg_tree_put(&tree, LOCKDOWN, "none [integrity] confidentiality\n");
	missing[0] = 0;
	cr_expect_eq(dg_seal_preconditions(tree.root, keep, missing), 1);
	cr_expect(strstr(missing, "sig_enforce"), "%s", missing);

	dg_tree_put(&tree, LOCKDOWN, "none integrity [confidentiality]\n");
	dg_tree_put(&tree, SIG_ENFORCE, "Y\n");
	cr_expect_eq(dg_seal_preconditions(tree.root, keep, missing), 0);
}
