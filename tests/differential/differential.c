// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random policies on random devices, decided by the reference evaluator, by the table walker and by
 * the object's own BPF code: verdict, rule, permissive rule passed over and audit flag must be the
 * same.
 *
 *     differential [--cases N] [--seed S] [--engine table|bpf|all] [--break edge|interval|rank]
 *
 * On a difference the policy and the device are made smaller for as long as it
 * lasts, and printed. --break damages the tables before they are walked: then a difference must be
 * found (exit 1), or the comparison is worth nothing.
 */
#include <bpf/libbpf.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine_run.h"
#include "eval.h"
#include "inventory.h"
#include "object.h"
#include "policy.h"
#include "random_device.h"
#include "random_policy.h"
#include "walker.h"

#define QUERIES 5
#define DEVICES 20
#define DEVICES_BPF 100 /* an object takes the verifier its time: more is asked of it */

enum broken {
	BREAK_NOTHING,
	BREAK_EDGE,
	BREAK_INTERVAL,
	BREAK_RANK,
};

struct options {
	unsigned long cases;
	uint64_t seed;
	bool table, bpf;
	enum broken broken;
};

/* Of the times that rules begin and end at. */
static const uint64_t seconds[] = {0, 1767225600, 1767225601, 1780315200, 1798761600, 2147483648};

struct engines {
	struct dg_policy *policy;
	struct dg_tables *tables;
	struct dg_object *object;
	struct dg_engine *bpf;
};

static void engines_done(struct engines *e)
{
	dg_engine_free(e->bpf);
	dg_object_free(e->object);
	free(e->tables);
	dg_policy_free(e->policy);
	*e = (struct engines){};
}

/* What --break does: one thing that decisions depend on, in the middle of the tables. */
static void damage(struct dg_tables *t, enum broken broken)
{
	char *base = (char *)t;
	struct dg_rank *ranks = (struct dg_rank *)(base + t->rank_off);
	struct dg_node *node = (struct dg_node *)(base + t->node_off);
	struct dg_var *vars = (struct dg_var *)(base + t->var_off);
	uint32_t words;

	switch (broken) {
	case BREAK_EDGE: /* of the first node, for the classes with the highest numbers */
		if (t->node_size == 0)
			break;
		words = node->count * (node->kind == DG_NODE_DENSE ? 1 : 2);
		if (node->kind == DG_NODE_HASHED) /* its slots are the last of it */
			words += 4 + (((struct dg_edge_hash *)(node + 1))->buckets + 1) / 2 * 2;
		((uint32_t *)(node + 1))[words - 1] = DG_REF_PASS;
		break;
	case BREAK_INTERVAL:
		for (uint32_t i = 0; i < t->var_count; i++)
			if (vars[i].kind == DG_VAR_NUM && vars[i].data_count > 1) {
				((struct dg_interval *)(base + vars[i].data_off))[1].low++;
				break;
			}
		break;
	case BREAK_RANK:
		ranks[t->rank_count / 2].flags ^= DG_RANK_AUDIT;
		break;
	case BREAK_NOTHING:
		break;
	}
}

/* A small policy has one part and dense nodes, as it is compiled: each policy gets a form of its
 * own. */
static struct dg_tables_options form_of(const char *text)
{
	struct random r = {.state = strlen(text)};

	return (struct dg_tables_options){.keep_parts = chance(&r, 50),
					  .bitmaps = chance(&r, 33),
					  .nodes = (enum dg_node_form)pick(&r, 4),
					  .split = chance(&r, 50)};
}

static int load(const struct options *o, const char *text, struct engines *ret)
{
	struct dg_tables_options form = form_of(text);
	_cleanup_diags_ struct dg_diags diags = {};
	_cleanup_free_ void *bytes = NULL;
	struct engines e = {};
	size_t size = 0;
	int r;

	r = dg_policy_load_text("random.dgp", text, strlen(text), DG_LOAD_NO_EXPIRED, &diags,
				&e.policy);
	if (r >= 0 && o->table)
		r = dg_tables_build_with(e.policy, &form, &diags, &e.tables, NULL);
	if (r >= 0 && o->bpf)
		r = dg_object_build_with(e.policy, &form, &diags, &bytes, &size, NULL);
	if (r < 0)
		dg_diags_print(stderr, &diags);
	if (r >= 0 && o->bpf)
		r = dg_object_open_memory(bytes, size, NULL, &e.object);
	if (r >= 0 && o->bpf)
		r = dg_engine_open(e.object, &e.bpf);
	if (r < 0) {
		fprintf(stderr, "differential: %s, with the policy:\n%s", strerror(-r), text);
		engines_done(&e);
		return r;
	}
	if (e.tables)
		damage(e.tables, o->broken);
	*ret = e;
	return 0;
}

static bool same(const struct dg_answer *a, const struct dg_answer *b)
{
	return a->verdict == b->verdict && a->rule == b->rule && a->would == b->would &&
	       a->flags == b->flags;
}

/* What lies behind the end of a string is no part of it, whatever it is. */
static void litter(struct dg_facts *facts)
{
	for (unsigned int i = 0; i < DG_STR_MAX; i++)
		memset(facts->str[i].bytes + facts->str[i].len, 'x',
		       DG_STR_BYTES - facts->str[i].len);
}

/* 0: all agree. 1: @ret says who differs. Negative errno: an engine did not run. */
static int compare(struct engines *e, const struct dg_device *device, const struct dg_query *query,
		   struct dg_answer *ret_ref, struct dg_answer *ret_other, const char **ret_name)
{
	static struct dg_facts_more more;
	static struct dg_facts facts;
	struct dg_answer other;
	int r;

	dg_device_to_facts(device, &facts);
	dg_device_to_more(device, &more);
	litter(&facts);
	dg_eval_decide(e->policy, device, (enum dg_op)query->op, query->time, query->clock_synced,
		       ret_ref);
	if (e->tables) {
		r = dg_tables_decide(e->tables, &facts, &more, query, &other);
		if (r < 0)
			return r;
		if (!same(ret_ref, &other)) {
			*ret_other = other;
			*ret_name = "table";
			return 1;
		}
	}
	if (e->bpf) {
		r = dg_engine_decide(e->bpf, &facts, &more, query, &other);
		if (r < 0)
			return r;
		if (!same(ret_ref, &other)) {
			*ret_other = other;
			*ret_name = "bpf";
			return 1;
		}
	}
	return 0;
}

static int load_device(const char *text, struct dg_inventory **ret)
{
	_cleanup_diags_ struct dg_diags diags = {};
	int r = dg_inventory_load_text("device.json", text, strlen(text), &diags, ret);

	if (r < 0) {
		dg_diags_print(stderr, &diags);
		fprintf(stderr, "differential: %s, with the device:\n%s\n", strerror(-r), text);
	}
	return r;
}

/* Does the difference last with these? (A policy that does not load any more has none.) */
static bool still(const struct options *o, const struct recipe *recipe,
		  const struct device_recipe *device, const struct dg_query *query)
{
	_cleanup_(dg_cleanup_inventory) struct dg_inventory *inventory = NULL;
	static struct text policy, json;
	struct engines e = {};
	struct dg_answer ref, other;
	const char *name;
	bool result;

	policy_text(recipe, &policy);
	device_text(device, &json);
	if (load(o, policy.bytes, &e) < 0)
		return false;
	result = load_device(json.bytes, &inventory) >= 0 &&
		 compare(&e, inventory->devices[0], query, &ref, &other, &name) > 0;
	engines_done(&e);
	return result;
}

static void print_answer(const char *name, const struct dg_answer *a)
{
	printf("#   %-5s %s rule %d would %d flags %x\n", name,
	       a->verdict == DG_VERDICT_ALLOW ? "allow" : "deny", (int)a->rule, (int)a->would,
	       a->flags);
}

static void report(const struct options *o, struct recipe *recipe, struct device_recipe *device,
		   const struct dg_query *query)
{
	_cleanup_(dg_cleanup_inventory) struct dg_inventory *inventory = NULL;
	static struct text policy, json;
	struct dg_answer ref, other;
	struct engines e = {};
	const char *name;

	for (size_t i = 0; i < recipe->rule_count; i++) {
		recipe->used[i] = false;
		if (!still(o, recipe, device, query))
			recipe->used[i] = true;
	}
	for (size_t i = 0; i < VALUES; i++) {
		char *value = device->values[i];

		device->values[i] = NULL;
		if (value && !still(o, recipe, device, query))
			device->values[i] = value;
		else
			free(value);
	}
	policy_text(recipe, &policy);
	device_text(device, &json);
	printf("# a difference on %s at %" PRIu64 ", clock %s\n", dg_op_name((enum dg_op)query->op),
	       (uint64_t)query->time, query->clock_synced ? "synchronised" : "not synchronised");
	if (load(o, policy.bytes, &e) >= 0 && load_device(json.bytes, &inventory) >= 0 &&
	    compare(&e, inventory->devices[0], query, &ref, &other, &name) > 0) {
		print_answer("ref", &ref);
		print_answer(name, &other);
	}
	engines_done(&e);
	printf("# policy:\n%s# device:\n%s\n", policy.bytes, json.bytes);
}

static void make_query(struct random *r, struct dg_query *ret)
{
	*ret = (struct dg_query){.op = (uint32_t)pick(r, DG_OP_MAX),
				 .clock_synced = chance(r, 80),
				 .time = PICK(r, seconds)};
	if (chance(r, 60))
		ret->time += pick(r, 3) - (ret->time > 0);
	else if (chance(r, 5))
		ret->time = UINT64_MAX;
}

/* One policy on DEVICES devices. Returns the cases that were run, or -1 after a difference. */
static int run_policy(const struct options *o, struct random *r, unsigned long max)
{
	static struct recipe recipe;
	static struct text policy, json;
	struct engines e = {};
	int cases = 0;

	make_recipe(r, &recipe);
	policy_text(&recipe, &policy);
	if (load(o, policy.bytes, &e) < 0)
		exit(3);
	for (size_t d = 0; d < (o->bpf ? DEVICES_BPF : DEVICES) && cases >= 0; d++) {
		_cleanup_(dg_cleanup_inventory) struct dg_inventory *inventory = NULL;
		_cleanup_(device_done) struct device_recipe device = {};

		make_device(r, &device);
		device_text(&device, &json);
		if (load_device(json.bytes, &inventory) < 0)
			exit(3);
		for (size_t q = 0; q < QUERIES && (unsigned long)cases < max; q++) {
			struct dg_answer ref, other;
			struct dg_query query;
			const char *name;
			int result;

			make_query(r, &query);
			result = compare(&e, inventory->devices[0], &query, &ref, &other, &name);
			if (result < 0) {
				fprintf(stderr, "differential: %s\n", strerror(-result));
				exit(3);
			}
			if (result > 0) {
				report(o, &recipe, &device, &query);
				cases = -1;
				break;
			}
			cases++;
		}
	}
	engines_done(&e);
	return cases;
}

static int print_nothing(enum libbpf_print_level level _unused_, const char *format _unused_,
			 va_list args _unused_)
{
	return 0;
}

static int usage(void)
{
	fputs("usage: differential [--cases N] [--seed S] [--engine table|bpf|all]\n"
	      "                    [--break edge|interval|rank]\n",
	      stderr);
	return 2;
}

static int parse(int argc, char **argv, struct options *o)
{
	static const struct option table[] = {
		{"cases", required_argument, NULL, 'c'},
		{"seed", required_argument, NULL, 's'},
		{"engine", required_argument, NULL, 'e'},
		{"break", required_argument, NULL, 'b'},
		{},
	};
	int c;

	while ((c = getopt_long(argc, argv, "", table, NULL)) != -1) {
		switch (c) {
		case 'c':
			o->cases = strtoul(optarg, NULL, 0);
			break;
		case 's':
			o->seed = strtoull(optarg, NULL, 0);
			break;
		case 'e':
			o->table = strcmp(optarg, "bpf") != 0;
			o->bpf = strcmp(optarg, "table") != 0;
			if (strcmp(optarg, "all") && o->table && o->bpf)
				return usage();
			break;
		case 'b':
			o->broken = !strcmp(optarg, "edge")	  ? BREAK_EDGE
				    : !strcmp(optarg, "interval") ? BREAK_INTERVAL
				    : !strcmp(optarg, "rank")	  ? BREAK_RANK
								  : BREAK_NOTHING;
			if (o->broken == BREAK_NOTHING)
				return usage();
			break;
		default:
			return usage();
		}
	}
	return optind == argc ? 0 : usage();
}

int main(int argc, char **argv)
{
	struct options o = {.cases = 100000,
			    .seed = (uint64_t)time(NULL),
			    .table = true,
			    .bpf = geteuid() == 0};
	unsigned long done = 0, policies = 0;
	struct random r;

	if (parse(argc, argv, &o))
		return 2;
	libbpf_set_print(print_nothing);
	printf("# seed %" PRIu64 ", engines ref%s%s\n", o.seed, o.table ? " table" : "",
	       o.bpf ? " bpf" : "");
	fflush(stdout);
	r.state = o.seed;
	while (done < o.cases) {
		int n = run_policy(&o, &r, o.cases - done);

		if (n < 0) {
			printf("# seed %" PRIu64 ": differs after %lu cases\n", o.seed, done);
			return 1;
		}
		done += (unsigned long)n;
		policies++;
	}
	printf("# %lu cases on %lu policies agree\n", done, policies);
	return 0;
}
