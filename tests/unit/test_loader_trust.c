// SPDX-License-Identifier: GPL-2.0-only
/* Whose objects may be put in force: what demands a signature, and what then counts as one. */
#include <criterion/criterion.h>
#include <errno.h>
#include <unistd.h>

#include "tree.h"
#include "trust.h"

#define OBJECT "the bytes of an object"

/* A CA, a signer that it vouches for, and a stranger: NAME.key and NAME.pem below the root. */
static void make_keys(const struct dg_tree *tree)
{
	char command[2048];

	snprintf(
		command, sizeof(command),
		"cd %s && exec 2>/dev/null && printf 'basicConstraints=critical,CA:TRUE' >ca.ext "
		"&& "
		"new() { openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "
		"/CN=$1 "
		"-keyout $1.key -out $1.csr; } && "
		"for n in ca stranger; do new $n && openssl x509 -req -in $n.csr -signkey $n.key "
		"-extfile ca.ext -days 2 -out $n.pem || exit 1; done && new signer && "
		"openssl x509 -req -in signer.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 "
		"-out signer.pem",
		tree->root);
	cr_assert_eq(system(command), 0, "%s", command);
}

static char *at(const struct dg_tree *tree, const char *name, char ret[static 128])
{
	snprintf(ret, 128, "%s/%s", tree->root, name);
	return ret;
}

/* Sign @data beside the object. */
static void sign(const struct dg_tree *tree, const char *data)
{
	char key[128], cert[128], path[128];
	_cleanup_free_ void *signature = NULL;
	struct dg_failure failure = {};
	size_t size;
	FILE *file;

	cr_assert_eq(dg_signature_make(data, strlen(data), at(tree, "signer.key", key),
				       at(tree, "signer.pem", cert), &signature, &size, NULL,
				       &failure),
		     0, "%s", failure.text);
	file = fopen(at(tree, "object.p7s", path), "w");
	cr_assert(file);
	cr_assert_eq(fwrite(signature, 1, size, file), size);
	cr_assert_eq(fclose(file), 0);
}

static void copy(const struct dg_tree *tree, const char *from, const char *to)
{
	char path[128], text[4096] = "";
	FILE *file = fopen(at(tree, from, path), "r");

	cr_assert(file);
	cr_assert_gt(fread(text, 1, sizeof(text) - 1, file), 0);
	fclose(file);
	dg_tree_put(tree, to, text);
}

struct asked {
	int result;
	struct dg_signature_signer signer;
	struct dg_failure failure;
};

static struct asked ask(const struct dg_tree *tree, const char *ca, const char *object)
{
	struct asked asked = {.signer.subject = "untouched"};
	char ca_path[128], object_path[128];
	struct dg_trust trust = {
		.root = tree->root,
		.ca = ca ? at(tree, ca, ca_path) : NULL,
		.object = !strcmp(object, "-") ? object : at(tree, object, object_path),
	};

	asked.result =
		dg_trust_check(&trust, OBJECT, strlen(OBJECT), &asked.signer, &asked.failure);
	return asked;
}

static void refused(struct asked asked, const char *words)
{
	cr_expect_eq(asked.result, -EKEYREJECTED, "%d, not: %s", asked.result, words);
	cr_expect_eq(asked.failure.kind, DG_FAILURE_REFUSED);
	cr_expect(strstr(asked.failure.text, words), "%s: %s", words, asked.failure.text);
	cr_expect_str_eq(asked.signer.subject, "untouched");
}

static void taken(struct asked asked, const char *subject)
{
	cr_expect_eq(asked.result, 0, "%s", asked.failure.text);
	cr_expect_str_eq(asked.signer.subject, subject);
}

Test(loader_trust, nobody_demands_one)
{
	_cleanup_(dg_tree_done) struct dg_tree tree = dg_tree_make();

	taken(ask(&tree, NULL, "object"), "");
	taken(ask(&tree, NULL, "-"), "");
}

Test(loader_trust, demanded_by_either)
{
	_cleanup_(dg_tree_done) struct dg_tree tree = dg_tree_make();

	make_keys(&tree);
	refused(ask(&tree, "ca.pem", "object"), "is not signed");
	refused(ask(&tree, "ca.pem", "-"), "--signature FILE");
	sign(&tree, OBJECT);
	taken(ask(&tree, "ca.pem", "object"), "CN=signer");
	refused(ask(&tree, "stranger.pem", "object"), "vouches");
	copy(&tree, "ca.pem", "etc/devgate/ca.pem");
	taken(ask(&tree, NULL, "object"), "CN=signer");
	/* The caller's word does not take the place of the machine's. */
	copy(&tree, "stranger.pem", "etc/devgate/ca.pem");
	refused(ask(&tree, NULL, "object"), "vouches");
	refused(ask(&tree, "ca.pem", "object"), "vouches");
	copy(&tree, "ca.pem", "etc/devgate/ca.pem");
	refused(ask(&tree, "stranger.pem", "object"), "vouches");
	sign(&tree, OBJECT ".");
	refused(ask(&tree, NULL, "object"), "not of this object");
	dg_tree_put(&tree, "object.p7s", "");
	refused(ask(&tree, NULL, "object"), "not a whole CMS signature");
}

/* A demand that cannot be read is one that cannot be met. */
Test(loader_trust, a_broken_demand_stays_one)
{
	_cleanup_(dg_tree_done) struct dg_tree tree = dg_tree_make();
	char name[128];
	struct asked asked;

	make_keys(&tree);
	sign(&tree, OBJECT);
	dg_tree_put(&tree, "etc/devgate/ca.pem", "");
	asked = ask(&tree, NULL, "object");
	cr_expect_lt(asked.result, 0);
	cr_expect(strstr(asked.failure.text, "no certificate"), "%s", asked.failure.text);
	cr_assert_eq(unlink(at(&tree, "etc/devgate/ca.pem", name)), 0);
	cr_assert_eq(symlink("nowhere", name), 0);
	asked = ask(&tree, NULL, "object");
	cr_expect_lt(asked.result, 0, "a link that leads nowhere");
}

Test(loader_trust, a_signature_without_a_demand)
{
	_cleanup_(dg_tree_done) struct dg_tree tree = dg_tree_make();
	struct dg_signature_signer signer;
	struct dg_failure failure = {};
	struct dg_trust trust = {.root = tree.root, .object = "object", .signature = "object.p7s"};

	cr_expect_eq(dg_trust_check(&trust, OBJECT, strlen(OBJECT), &signer, &failure),
		     -EKEYREJECTED);
	cr_expect(strstr(failure.text, "nothing says whose"), "%s", failure.text);
}
