// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "args.h"
#include "author.h"
#include "json_write.h"
#include "object_text.h"
#include "text.h"

static const char *const effects[] = {"forbid", "allow", "deny"};
static const char *const audits[] = {"denied", "always", "never"};

static void print_digest(const struct dg_tables *tables)
{
	printf("sha256:");
	for (size_t i = 0; i < DG_SHA256_BYTES; i++)
		printf("%02x", tables->text_sha256[i]);
}

static void write_json_text(const char *text)
{
	dg_json_write_string(stdout, text, strlen(text));
}

static void print_ops(uint32_t ops, const char *before, const char *between, const char *quote)
{
	for (unsigned int op = 0; op < DG_OP_MAX; op++) {
		if (!(ops >> op & 1))
			continue;
		printf("%s%s%s%s", before, quote, dg_op_name(op), quote);
		before = between;
	}
}

static const char *verdict_name(enum dg_verdict verdict)
{
	return verdict == DG_VERDICT_ALLOW ? "allow" : "deny";
}

/* The tables know neither defaults nor sets by name: @policy is what the object's text says. */
static void print_json(const struct dg_object *o, const struct dg_policy *policy, bool text)
{
	const struct dg_tables *t = o->tables;
	const struct dg_rule *rules = dg_tables_rules(t);

	printf("{\"policy\":");
	write_json_text(t->name);
	printf(",\"version\":%u,\"abi\":%u,\"text_digest\":\"", t->version, t->abi);
	print_digest(t);
	printf("\",\"table_bytes\":%u,\"rules\":[", t->size);
	for (uint32_t i = 0; i < t->rule_count; i++) {
		printf("%s{\"id\":", i > 0 ? "," : "");
		write_json_text(dg_tables_rule_id(t, i));
		printf(",\"effect\":\"%s\",\"ops\":[", effects[rules[i].effect]);
		print_ops(rules[i].ops, "", ",", "\"");
		printf("],\"permissive\":%s,\"audit\":\"%s\"}",
		       rules[i].flags & DG_RULE_PERMISSIVE ? "true" : "false",
		       audits[rules[i].audit]);
	}
	printf("],\"defaults\":{");
	for (unsigned int op = 0; op < DG_OP_MAX; op++)
		printf("%s\"%s\":\"%s\"", op > 0 ? "," : "", dg_op_name(op),
		       verdict_name(policy->defaults[op]));
	printf("},\"sets\":[");
	for (size_t i = 0; i < policy->set_count; i++) {
		printf("%s{\"name\":", i > 0 ? "," : "");
		dg_json_write_string(stdout, policy->sets[i]->name.data, policy->sets[i]->name.len);
		printf(",\"type\":\"%s\",\"items\":%zu}", dg_type_name(policy->sets[i]->type),
		       policy->sets[i]->item_count);
	}
	printf("]");
	if (text) {
		printf(",\"text\":");
		dg_json_write_string(stdout, o->text.data, o->text.len);
	}
	printf("}\n");
}

static void print_safe(const char *data, size_t len)
{
	char text[DG_TEXT_SAFE(4096)];

	dg_text_safe(data, len, text, sizeof(text));
	fputs(text, stdout);
}

static void print_summary(const struct dg_object *o, const struct dg_policy *policy)
{
	const struct dg_tables *t = o->tables;
	const struct dg_rule *rules = dg_tables_rules(t);

	printf("policy   ");
	print_safe(t->name, strlen(t->name));
	printf("\nversion  %u\nabi      %u\ntext     ", t->version, t->abi);
	print_digest(t);
	printf("\ntables   %u bytes, %u variables, %u parts\n", t->size, t->var_count, t->part_count);
	for (size_t i = 0; i < policy->set_count; i++)
		printf("set      %s: %zu of type %s\n", policy->sets[i]->name.data,
		       policy->sets[i]->item_count, dg_type_name(policy->sets[i]->type));
	for (unsigned int op = 0; op < DG_OP_MAX; op++)
		printf("default  %s %s\n", verdict_name(policy->defaults[op]), dg_op_name(op));
	for (uint32_t i = 0; i < t->rule_count; i++) {
		printf("rule     %-6s \"", effects[rules[i].effect]);
		print_safe(dg_tables_rule_id(t, i), strlen(dg_tables_rule_id(t, i)));
		printf("\" on ");
		print_ops(rules[i].ops, "", ", ", "");
		if (rules[i].flags & DG_RULE_PERMISSIVE)
			printf(" mode permissive");
		if (rules[i].audit != DG_AUDIT_DENIED)
			printf(" audit %s", audits[rules[i].audit]);
		printf("\n");
	}
}

int dg_verb_inspect(int argc, char **argv)
{
	_cleanup_(dg_cleanup_object) struct dg_object *object = NULL;
	_cleanup_(dg_cleanup_policy) struct dg_policy *policy = NULL;
	_cleanup_diags_ struct dg_diags diags = {};
	_cleanup_free_ char *error = NULL;
	struct dg_args args;
	bool text;
	int r;

	if (dg_args_parse(argc, argv, 1, 1, &args) != DG_EXIT_OK)
		return DG_EXIT_USAGE;
	text = args.values[DG_OPTION_inspect_text];
	r = dg_object_open(args.operands[0], &error, &object);
	if (r < 0)
		return dg_author_fail(argv[0], DG_EXIT_SYSTEM, "%s: %s", args.operands[0],
				      error ? error : strerror(-r));
	if (text && !args.json) {
		fwrite(object->text.data, 1, object->text.len, stdout);
		return dg_author_finish(argv[0], DG_EXIT_OK);
	}
	r = dg_object_policy(object, &diags, &policy);
	if (r < 0) {
		dg_diags_print(stderr, &diags);
		return dg_author_fail(argv[0], DG_EXIT_SYSTEM,
				      "%s: the policy text in it has errors", args.operands[0]);
	}
	if (args.json)
		print_json(object, policy, text);
	else
		print_summary(object, policy);
	return dg_author_finish(argv[0], DG_EXIT_OK);
}
