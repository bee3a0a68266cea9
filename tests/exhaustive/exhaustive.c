// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exhaustive: for each of many random policies over six attributes, every device of the toy world
 * at every time is judged by the reference evaluator and by the table walker, for some policies by
 * the object's BPF code too. Verdict, rule, default, permissive rule passed over and audit flag
 * must be the same. Prints TAP.
 *
 *     exhaustive [--policies N] [--seed S] [--focused] [--no-bpf]
 *
 * --focused: many rules on one or two attributes, any of the toy's, whose tests then meet in every
 * way; only the complete world of those attributes. Else each policy meets the small world whole
 * (all six attributes, whether it names them or not), and of the attributes that it does name the
 * complete world, as long as that has at most COMPLETE_MAX devices.
 */
#include <bpf/libbpf.h>
#include <getopt.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "engine_run.h"
#include "eval.h"
#include "object.h"
#include "toy.h"
#include "walker.h"

#define COMPLETE_MAX 4000
#define BPF_EVERY 25 /* policies */
#define BPF_EVERY_FOCUSED 250
#define OPS (1U << DG_OP_BIND | 1U << DG_OP_DMA)

struct run {
	const struct toy_world *world;
	char text[TOY_TEXT_BYTES];
	struct dg_policy *policy;
	struct dg_tables *tables;
	struct dg_object *object;
	struct dg_engine *engine;
	uint64_t table_cases, bpf_cases;
};

static void run_done(struct run *run)
{
	dg_engine_free(run->engine);
	dg_object_free(run->object);
	free(run->tables);
	dg_policy_free(run->policy);
	run->engine = NULL;
	run->object = NULL;
	run->tables = NULL;
	run->policy = NULL;
}

static void fail(struct run *run, const char *what, int r, struct dg_diags *diags)
{
	dg_diags_print(stderr, diags);
	fprintf(stderr, "exhaustive: %s: %s, with the policy:\n%s", what, strerror(-r), run->text);
	exit(3);
}

static void run_load(struct run *run, bool bpf)
{
	_cleanup_diags_ struct dg_diags diags = {};
	_cleanup_free_ void *bytes = NULL;
	const char *what = "";
	size_t size;
	int r;

	run->policy = toy_load(run->text);
	r = dg_tables_build(run->policy, &diags, &run->tables, NULL);
	if (r < 0)
		fail(run, "no tables", r, &diags);
	r = dg_tables_check(run->tables, run->tables->size, &what);
	if (r < 0)
		fail(run, what, r, &diags);
	if (!bpf)
		return;
	r = dg_object_build(run->policy, &diags, &bytes, &size, NULL);
	if (r >= 0)
		r = dg_object_open_memory(bytes, size, NULL, &run->object);
	if (r >= 0)
		r = dg_engine_open(run->object, &run->engine);
	if (r < 0)
		fail(run, "no engine", r, &diags);
}

static bool differs(struct run *run, const struct dg_device *device, const struct dg_query *query,
		    const char *who, const struct dg_answer *expected, const struct dg_answer *got)
{
	if (toy_answers_equal(expected, got))
		return false;
	printf("# a difference on %s at %" PRIu64 ", clock %s\n", dg_op_name((enum dg_op)query->op),
	       (uint64_t)query->time, query->clock_synced ? "synchronised" : "not synchronised");
	toy_print_answer("reference", expected);
	toy_print_answer(who, got);
	toy_print_device(device);
	toy_print_text(run->text);
	return true;
}

/* One device on all operations and times. False: an engine differs. */
static bool judge(struct run *run, const struct dg_device *device, bool timed)
{
	static struct dg_facts_more more;
	static struct dg_facts facts;

	dg_device_to_facts(device, &facts);
	dg_device_to_more(device, &more);
	for (unsigned int op = 0; op < DG_OP_MAX; op++) {
		if (!(OPS >> op & 1))
			continue;
		for (size_t i = 0; i < (timed ? TOY_TIMES : 1); i++) {
			struct dg_query query = {.op = op,
						 .clock_synced = toy_times[i].clock_synced,
						 .time = toy_times[i].time};
			struct dg_answer expected, got;
			int r;

			dg_eval_decide(run->policy, device, (enum dg_op)op, query.time,
				       query.clock_synced, &expected);
			r = dg_tables_decide(run->tables, &facts, &more, &query, &got);
			run->table_cases++;
			if (r < 0 || differs(run, device, &query, "table", &expected, &got))
				return false;
			if (!run->engine)
				continue;
			r = dg_engine_decide(run->engine, &facts, &more, &query, &got);
			run->bpf_cases++;
			if (r < 0 || differs(run, device, &query, "bpf", &expected, &got))
				return false;
		}
	}
	return true;
}

static bool judge_all(struct run *run, uint32_t attrs, bool complete)
{
	bool timed = toy_timed(run->policy);
	static struct toy_walk walk;

	toy_walk_start(&walk, run->world, attrs, complete);
	do
		if (!judge(run, &walk.device, timed))
			return false;
	while (toy_walk_next(&walk));
	return true;
}

static bool check_focused(struct run *run, struct random *r, uint32_t attrs, bool bpf)
{
	struct toy_shape shapes[] = {
		{.attrs = attrs, .named = 1, .rules = 6, .depth = 2, .ops = OPS},
		{.attrs = attrs, .named = 1, .rules = 12, .depth = 1, .ops = OPS},
		{.attrs = attrs, .named = 2, .rules = 10, .depth = 1, .ops = OPS},
		{.attrs = attrs, .named = 2, .rules = 24, .depth = 3, .ops = 1U << DG_OP_BIND},
	};
	static struct toy_policy policy;
	bool good;

	toy_policy_make(r, &shapes[pick(r, ARRAY_SIZE(shapes))], &policy);
	toy_policy_text(&policy, run->text);
	run_load(run, bpf);
	good = judge_all(run, toy_mentioned(run->policy), true);
	run_done(run);
	return good;
}

static bool check(struct run *run, struct random *r, uint32_t attrs, bool bpf)
{
	/* Small policies over many attributes, and larger ones over few. */
	struct toy_shape shapes[] = {
		{.attrs = attrs, .named = 6, .rules = 4, .depth = 3, .ops = OPS},
		{.attrs = attrs, .named = 3, .rules = 10, .depth = 2, .ops = OPS},
		{.attrs = attrs, .named = 2, .rules = 12, .depth = 2, .ops = OPS},
	};
	static struct toy_policy policy;
	uint32_t named;
	bool good;

	toy_policy_make(r, &shapes[pick(r, ARRAY_SIZE(shapes))], &policy);
	toy_policy_text(&policy, run->text);
	run_load(run, bpf);
	good = judge_all(run, TOY_SIX, false);
	named = toy_mentioned(run->policy);
	if (good && toy_walk_count(run->world, named, true) <= COMPLETE_MAX)
		good = judge_all(run, named, true);
	run_done(run);
	return good;
}

static int print_nothing(enum libbpf_print_level level _unused_, const char *format _unused_,
			 va_list args _unused_)
{
	return 0;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"policies", required_argument, NULL, 'p'},
		{"seed", required_argument, NULL, 's'},
		{"no-bpf", no_argument, NULL, 'n'},
		{"focused", no_argument, NULL, 'f'},
		{},
	};
	uint64_t seed = (uint64_t)time(NULL);
	unsigned long policies = 2000, done = 0;
	static struct run run;
	struct toy_world *world;
	struct random r;
	bool good = true, focused = false, bpf = geteuid() == 0;
	uint32_t attrs;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'p') {
			policies = strtoul(optarg, NULL, 0);
		} else if (c == 's') {
			seed = strtoull(optarg, NULL, 0);
		} else if (c == 'n') {
			bpf = false;
		} else if (c == 'f') {
			focused = true;
		} else {
			fputs("usage: exhaustive [--policies N] [--seed S] [--focused] "
			      "[--no-bpf]\n",
			      stderr);
			return 2;
		}
	}
	libbpf_set_print(print_nothing);
	r.state = seed;
	run.world = world = toy_world_new();
	attrs = toy_attrs_with_tables() & (focused ? TOY_ALL : TOY_SIX);
	printf("1..2\n# seed %" PRIu64 "\n", seed);
	fflush(stdout);
	while (good && done < policies) {
		bool by_bpf = bpf && done % (focused ? BPF_EVERY_FOCUSED : BPF_EVERY) == 0;

		good = focused ? check_focused(&run, &r, attrs, by_bpf)
			       : check(&run, &r, attrs, by_bpf);
		done++;
	}
	if (focused)
		printf("# %lu policies, each on all devices of its attributes", done);
	else
		printf("# %lu policies, each on all %zu devices of six attributes and more", done,
		       toy_walk_count(world, TOY_SIX, false));
	printf(": %" PRIu64 " decisions by table, %" PRIu64 " by BPF\n", run.table_cases,
	       run.bpf_cases);
	toy_world_free(world);
	printf("%s 1 - reference and engines agree on every toy device\n", good ? "ok" : "not ok");
	if (bpf)
		printf("%s 2 - BPF was among the engines\n", run.bpf_cases > 0 ? "ok" : "not ok");
	else
		printf("ok 2 - BPF was among the engines # SKIP not root, or not wanted\n");
	return good && (!bpf || run.bpf_cases > 0) ? 0 : 1;
}
