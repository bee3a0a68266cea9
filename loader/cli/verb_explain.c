// SPDX-License-Identifier: GPL-2.0-only
/* devgate explain POLICY|OBJECT --device FILE|NAME */
#include <limits.h>
#include <string.h>
#include <time.h>

#include "args.h"
#include "author.h"
#include "explain.h"
#include "inventory.h"
#include "json_write.h"
#include "policy_write.h"
#include "show.h"
#include "snapshot.h"
#include "source.h"
#include "suggest.h"

#define ITEMS_SHOWN 4 /* of a list in braces */
#define NAMES_TRIED 10000 /* for the one that may have been meant */

struct options {
	const char *input, *device, *inventory;
	uint32_t ops;
	uint64_t at;
	bool has_at, json;
};

static const char *truth_name(enum dg_truth truth)
{
	return truth == DG_TRUTH_TRUE ? "true" : truth == DG_TRUTH_FALSE ? "false" : "unknown";
}

static const char *provenance_text(enum dg_provenance provenance)
{
	switch (provenance) {
	case DG_PROVENANCE_CLAIMED:
		return "claimed by the device";
	case DG_PROVENANCE_TOPOLOGICAL:
		return "known to the kernel";
	case DG_PROVENANCE_VERIFIED:
		return "verified through a TSM";
	}
	return "";
}

/* What is written into memory and shown escaped: text of the policy and of devices. */
struct piece {
	FILE *out;
	char *text;
	size_t len;
};

static bool piece_begin(struct piece *piece)
{
	*piece = (struct piece){};
	piece->out = open_memstream(&piece->text, &piece->len);
	return piece->out;
}

static struct dg_bytes piece_end(struct piece *piece)
{
	if (fclose(piece->out))
		return (struct dg_bytes){"", 0};
	return (struct dg_bytes){piece->text, piece->len};
}

static void show_test(const struct dg_clause *clause, bool json)
{
	struct piece piece;

	if (!piece_begin(&piece))
		return;
	if (!clause->wanted)
		fputs("not ", piece.out);
	dg_policy_write_test(piece.out, clause->test, ITEMS_SHOWN);
	if (json)
		dg_show_json(piece_end(&piece));
	else
		dg_show_safe(piece_end(&piece));
	free(piece.text);
}

static void show_fact(const struct dg_clause *clause, const struct dg_device *device)
{
	const struct dg_attr *attr = clause->test->attr;
	struct piece piece;

	if (!piece_begin(&piece))
		return;
	dg_policy_write_attr(piece.out, attr, clause->test->index);
	fputs(" is ", piece.out);
	dg_policy_write_fact(piece.out, attr, clause->fact);
	dg_show_safe(piece_end(&piece));
	free(piece.text);
	if (clause->fact->known)
		printf(" (%s)", provenance_text(attr->provenance));
	else
		printf(": %s", dg_explain_unknown(attr, device));
}

static void print_clauses(const struct dg_explained_rule *rule, const struct dg_device *device)
{
	for (size_t i = 0; i < rule->clause_count; i++) {
		const struct dg_clause *clause = &rule->clauses[i];

		printf("        ");
		dg_show_pos(&clause->test->pos);
		printf("  ");
		show_test(clause, false);
		if (clause->fact) {
			printf("\n            ");
			show_fact(clause, device);
		}
		printf("\n");
	}
}

static void print_rule_name(const struct dg_policy *policy, uint32_t rule)
{
	dg_show_quoted(policy->rules[rule].id);
	printf(" (");
	dg_show_pos(&policy->rules[rule].pos);
	printf(")");
}

static const char *effect_name(const struct dg_rule_node *rule)
{
	return rule->effect == DG_EFFECT_FORBID ? "forbid" :
	       rule->effect == DG_EFFECT_DENY	? "deny" :
						  "allow";
}

/* Why a rule matches. */
static void print_match(const struct dg_policy *policy, const struct dg_device *device,
			const struct dg_explained_rule *rule)
{
	const struct dg_rule_node *node = &policy->rules[rule->rule];

	if (!node->where) {
		printf("    the %s has no condition: it always matches\n", effect_name(node));
		return;
	}
	if (rule->truth == DG_TRUTH_UNKNOWN)
		printf("    its condition is unknown, which is enough for a %s:\n",
		       effect_name(node));
	else
		printf("    its condition is true:\n");
	print_clauses(rule, device);
}

static void print_window(const struct dg_rule_node *rule)
{
	struct dg_literal time = {.type = DG_TYPE_TIME, .mask = UINT64_MAX};

	printf("        it is not live at this time:");
	if (rule->has_from) {
		printf(" from ");
		time.num = rule->from;
		dg_policy_write_value(stdout, NULL, &time);
	}
	if (rule->has_until) {
		printf(" until ");
		time.num = rule->until;
		dg_policy_write_value(stdout, NULL, &time);
	}
	printf("\n");
}

static void print_nearest(const struct dg_policy *policy, const struct dg_device *device,
			  const struct dg_explanation *e)
{
	const struct dg_explained_rule *nearest = &e->nearest;

	if (e->answer.verdict == DG_VERDICT_ALLOW)
		return;
	if (nearest->rule == DG_RULE_NONE) {
		printf("    no rule allows this operation\n");
		return;
	}
	printf("    nearest allow rule: ");
	print_rule_name(policy, nearest->rule);
	if (!nearest->clause_count && nearest->live) {
		printf(" matches, but the %s decides before it\n",
		       effect_name(&policy->rules[e->decided.rule]));
		return;
	}
	printf(", which fails for\n");
	if (!nearest->live)
		print_window(&policy->rules[nearest->rule]);
	print_clauses(nearest, device);
}

static void print_text(const struct dg_policy *policy, const struct dg_device *device,
		       enum dg_op op, const struct dg_explanation *e)
{
	dg_show_safe(device->label);
	printf("  %s: %s by ", dg_op_name(op),
	       dg_show_verdict(e->answer.verdict == DG_VERDICT_ALLOW));
	if (e->decided.rule == DG_RULE_NONE) {
		printf("default\n");
	} else {
		print_rule_name(policy, e->decided.rule);
		printf("\n");
		print_match(policy, device, &e->decided);
	}
	if (e->would.rule != DG_RULE_NONE) {
		printf("    passed over, as it is permissive: ");
		print_rule_name(policy, e->would.rule);
		printf("\n");
		print_match(policy, device, &e->would);
	}
	print_nearest(policy, device, e);
}

static void json_fact(const struct dg_clause *clause, const struct dg_device *device)
{
	const struct dg_attr *attr = clause->test->attr;
	struct piece piece;

	if (!piece_begin(&piece))
		return;
	dg_policy_write_attr(piece.out, attr, clause->test->index);
	printf(",\"attribute\":");
	dg_show_json(piece_end(&piece));
	free(piece.text);
	printf(",\"provenance\":\"%s\",\"fact\":", dg_provenance_name(attr->provenance));
	if (clause->fact->known) {
		dg_fact_to_json(stdout, attr, clause->fact);
		printf(",\"why_unknown\":null");
	} else {
		printf("null,\"why_unknown\":\"%s\"", dg_explain_unknown(attr, device));
	}
}

static void json_rule(const struct dg_policy *policy, const struct dg_device *device,
		      const struct dg_explained_rule *rule)
{
	if (rule->rule == DG_RULE_NONE) {
		printf("null");
		return;
	}
	printf("{\"rule\":");
	dg_show_json(policy->rules[rule->rule].id);
	printf(",\"effect\":\"%s\",", effect_name(&policy->rules[rule->rule]));
	dg_show_json_pos(&policy->rules[rule->rule].pos);
	printf(",\"condition\":\"%s\",\"live\":%s,\"clauses\":[", truth_name(rule->truth),
	       rule->live ? "true" : "false");
	for (size_t i = 0; i < rule->clause_count; i++) {
		const struct dg_clause *clause = &rule->clauses[i];

		printf("%s{\"clause\":", i ? "," : "");
		show_test(clause, true);
		putchar(',');
		dg_show_json_pos(&clause->test->pos);
		printf(",\"test\":\"%s\",\"wanted\":\"%s\"", truth_name(clause->truth),
		       clause->wanted ? "true" : "false");
		if (clause->fact)
			json_fact(clause, device);
		putchar('}');
	}
	printf("]}");
}

static void print_json(const struct dg_policy *policy, const struct dg_device *device,
		       enum dg_op op, const struct dg_explanation *e)
{
	bool by_default = e->decided.rule == DG_RULE_NONE;

	printf("{\"device\":");
	dg_show_json(device->label);
	printf(",\"op\":\"%s\",\"verdict\":\"%s\",\"rule\":", dg_op_name(op),
	       dg_show_verdict(e->answer.verdict == DG_VERDICT_ALLOW));
	dg_show_json(by_default ? (struct dg_bytes){} : policy->rules[e->decided.rule].id);
	printf(",\"default\":%s,\"by_unknown\":%s,\"decided\":", by_default ? "true" : "false",
	       !by_default && e->decided.truth == DG_TRUTH_UNKNOWN ? "true" : "false");
	json_rule(policy, device, &e->decided);
	printf(",\"would\":");
	json_rule(policy, device, &e->would);
	printf(",\"nearest\":");
	json_rule(policy, device, &e->nearest);
	printf("}\n");
}

static int explain_device(const char *verb, const struct options *o,
			  const struct dg_policy *policy, const struct dg_device *device)
{
	for (unsigned int op = 0; op < DG_OP_MAX; op++) {
		_cleanup_(dg_cleanup_explanation) struct dg_explanation *e = NULL;
		int r;

		if (!(o->ops >> op & 1))
			continue;
		r = dg_explain(policy, device, (enum dg_op)op, o->at, &e);
		if (r < 0)
			return dg_author_fail(verb, DG_EXIT_SYSTEM, "%s", strerror(-r));
		if (o->json)
			print_json(policy, device, (enum dg_op)op, e);
		else
			print_text(policy, device, (enum dg_op)op, e);
	}
	return DG_EXIT_OK;
}

static bool is_called(const struct dg_device *device, const char *name)
{
	const struct dg_fact *own = &device->facts[DG_ATTR_DEVICE_NAME];
	size_t len = strlen(name);

	return (device->label.len == len && !memcmp(device->label.data, name, len)) ||
	       (own->known && own->scalar.str.len == len &&
		!memcmp(own->scalar.str.data, name, len));
}

/* Looked for in a first pass, explained in a second: an error in the last line leaves nothing half
 * said. */
struct search {
	const char *verb;
	const struct options *o;
	const struct dg_policy *policy;
	const char *name; /* NULL: all of them */
	bool found;
	struct dg_suggestion near;
	char label[NAME_MAX]; /* the nearest one */
	int status;
};

static struct search search_start(const char *verb, const struct options *o,
				  const struct dg_policy *policy, const char *name)
{
	return (struct search){
		.verb = verb,
		.o = o,
		.policy = policy,
		.name = name,
		.found = !name,
		.near = dg_suggest_start(name ?: "", name ? strlen(name) : 0),
		.status = DG_EXIT_OK,
	};
}

static int look_at(struct dg_device *device, size_t position, void *context)
{
	struct search *s = context;
	struct dg_bytes *best = &s->near.best;

	if (s->found)
		return 0;
	s->found = is_called(device, s->name);
	if (s->found || position > NAMES_TRIED || device->label.len > sizeof(s->label))
		return 0;
	dg_suggest_try(&s->near, device->label.data, device->label.len);
	/* The device is gone soon. */
	if (best->data == device->label.data)
		best->data = memcpy(s->label, best->data, best->len);
	return 0;
}

static int explain_one(struct dg_device *device, size_t position, void *context)
{
	struct search *s = context;

	(void)position;
	if (!s->name || is_called(device, s->name))
		s->status = explain_device(s->verb, s->o, s->policy, device);
	return s->status == DG_EXIT_OK ? 0 : -ECANCELED;
}

static int not_found(struct search *s, const char *where)
{
	return dg_author_fail(s->verb, DG_EXIT_SYSTEM, "%s has no device \"%s\"%s", where, s->name,
			      dg_suggest_text(&s->near));
}

static int from_file(const char *verb, const struct options *o, const struct dg_policy *policy,
		     const char *path, const char *name)
{
	struct search s = search_start(verb, o, policy, name);
	_cleanup_(dg_cleanup_source) struct dg_source *source = NULL;
	_cleanup_diags_ struct dg_diags diags = {}, again = {};
	int r = dg_source_read(path, NULL, DG_INVENTORY_MAX_BYTES, false, &source);

	if (r >= 0)
		r = dg_inventory_each_source(source, &diags, look_at, &s);
	if (r < 0)
		return dg_author_failed(verb, path, r, o->json, &diags);
	dg_diags_print(stderr, &diags);
	if (!s.found)
		return not_found(&s, dg_show_path(path));
	r = dg_inventory_each_source(source, &again, explain_one, &s);
	if (r < 0 && r != -ECANCELED)
		return dg_author_failed(verb, path, r, o->json, &again);
	return s.status;
}

static int from_machine(const char *verb, const struct options *o, const struct dg_policy *policy)
{
	struct search s = search_start(verb, o, policy, o->device);
	_cleanup_(dg_cleanup_inventory) struct dg_inventory *inventory = NULL;
	struct dg_failure failure = {};

	if (dg_snapshot_take("", &inventory, &failure))
		return dg_author_fail(verb, DG_EXIT_SYSTEM, "%s", failure.text);
	for (size_t i = 0; i < inventory->device_count; i++)
		look_at(inventory->devices[i], i + 1, &s);
	if (!s.found)
		return not_found(&s, "no file is called so, and this machine");
	for (size_t i = 0; i < inventory->device_count && s.status == DG_EXIT_OK; i++)
		explain_one(inventory->devices[i], i + 1, &s);
	return s.status;
}

static int parse(int argc, char **argv, struct options *ret)
{
	struct options o = {.ops = DG_OPS_ALL, .at = (uint64_t)time(NULL)};
	const char *ops, *at;
	struct dg_args args;
	int r;

	r = dg_args_parse(argc, argv, 1, 1, &args);
	if (r != DG_EXIT_OK)
		return r;
	o.input = args.operands[0];
	o.device = args.values[DG_OPTION_explain_device];
	o.inventory = args.values[DG_OPTION_explain_inventory];
	o.json = args.json;
	ops = args.values[DG_OPTION_explain_op];
	at = args.values[DG_OPTION_explain_at];
	o.has_at = at;
	if (ops)
		r = dg_author_ops(argv[0], ops, &o.ops);
	if (r == DG_EXIT_OK && at)
		r = dg_author_time(argv[0], at, &o.at);
	if (r == DG_EXIT_OK && !strcmp(o.input, "-") &&
	    !strcmp(o.inventory ?: o.device, "-"))
		r = dg_args_usage(argv[0], "only one of policy and device can be -");
	if (r == DG_EXIT_OK)
		*ret = o;
	return r;
}

int dg_verb_explain(int argc, char **argv)
{
	_cleanup_(dg_cleanup_policy) struct dg_policy *policy = NULL;
	struct options o = {};
	int r;

	r = parse(argc, argv, &o);
	if (r == DG_EXIT_OK)
		r = dg_author_policy(argv[0], o.input, o.has_at ? DG_LOAD_NO_EXPIRED : 0, o.json,
				     &policy);
	if (r != DG_EXIT_OK)
		return r;
	if (o.inventory)
		r = from_file(argv[0], &o, policy, o.inventory, o.device);
	else if (!strcmp(o.device, "-") || !access(o.device, F_OK))
		r = from_file(argv[0], &o, policy, o.device, NULL);
	else
		r = from_machine(argv[0], &o, policy);
	return dg_author_finish(argv[0], r);
}
