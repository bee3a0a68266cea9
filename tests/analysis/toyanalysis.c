// SPDX-License-Identifier: GPL-2.0-only
/*
 * The analysis against enumeration: for random policies in the toy world (tests/toy) every finding
 * must be one, and none may be missing, as judged by the reference evaluator on all devices at all
 * times. Prints TAP.
 *
 *     toyanalysis [--policies N] [--seed S]
 *
 * A kind of finding that never occurs is not tested, and fails.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "analysis.h"
#include "eval.h"
#include "toy.h"

#define OPS (1U << DG_OP_BIND | 1U << DG_OP_DMA | 1U << DG_OP_ACCEPT)
#define DEVICES_MAX 4000
#define ATTRS TOY_ALL
#define ASSERTS 2
#define TIMES 3 /* with the clock synchronised: the first ones */

/* What is found, as bits, by rule and by assertion. */
enum finding {
	FINDING_DEAD,
	FINDING_SHADOWED,
	FINDING_REDUNDANT,
	FINDING_NEVER_TRUE,
	FINDING_UNBOUND,
	FINDING_VIOLATED,
	FINDING_UNVERIFIED,
	FINDING_UNDECIDED,
	FINDING_MAX,
};

static const struct {
	const char *name;
	enum dg_diag_id ids[2];
} findings[FINDING_MAX] = {
	[FINDING_DEAD] = {"dead", {DG_E072, DG_E072}},
	[FINDING_SHADOWED] = {"shadowed", {DG_E073, DG_E073}},
	[FINDING_REDUNDANT] = {"redundant", {DG_E208, DG_E208}},
	[FINDING_NEVER_TRUE] = {"never true", {DG_E211, DG_E211}},
	[FINDING_UNBOUND] = {"accepted and never bound", {DG_E210, DG_E210}},
	[FINDING_VIOLATED] = {"assertion violated", {DG_E074, DG_E074}},
	[FINDING_UNVERIFIED] = {"accepted without evidence", {DG_E070, DG_E070}},
	[FINDING_UNDECIDED] = {"undecided", {DG_E075, DG_E212}},
};

struct world {
	const struct toy_world *toy;
	struct toy_random random;
	uint64_t found[FINDING_MAX], not_found[FINDING_MAX];
	uint64_t policies, devices;
};

struct verdicts {
	uint32_t rules[TOY_RULES]; /* bits of enum finding */
	uint32_t asserts[ASSERTS];
	uint32_t other; /* what stands at no rule and no assertion */
};

/* By rule, over all devices and times. */
struct seen {
	bool matches, is_true, decides, changes;
};

static bool condition(const struct dg_expr *where, bool unknown, const struct dg_device *device)
{
	enum dg_truth truth = where ? dg_eval_condition(where, device) : DG_TRUTH_TRUE;

	return truth == DG_TRUTH_TRUE || (unknown && truth == DG_TRUTH_UNKNOWN);
}

static bool matches(const struct dg_rule_node *rule, const struct dg_device *device, uint64_t time)
{
	return dg_eval_live(rule, time, true) &&
	       condition(rule->where, rule->effect != DG_EFFECT_ALLOW, device);
}

/* Does the search come to the permissive rule? */
static bool comes_to(const struct dg_policy *policy, uint32_t number, unsigned int op,
		     const struct dg_device *device, uint64_t time)
{
	for (uint32_t i = 0; i < policy->rule_count; i++) {
		const struct dg_rule_node *rule = &policy->rules[i];

		if (!(rule->ops >> op & 1) || rule->permissive)
			continue;
		if ((i < number || rule->effect == DG_EFFECT_FORBID) && matches(rule, device, time))
			return false;
	}
	return true;
}

/* The device is accepted by @number: is bind denied whatever driver and state? */
static bool unbound(const struct world *w, const struct dg_policy *policy,
		    const struct toy_walk *at, uint64_t time)
{
	static struct toy_walk walk;

	walk = *at;
	for (unsigned int d = 0; d < w->toy->complete[TOY_DRIVER]; d++)
		for (unsigned int s = 0; s < w->toy->complete[TOY_STATE]; s++) {
			struct dg_answer answer;

			toy_walk_set(&walk, TOY_DRIVER, d);
			toy_walk_set(&walk, TOY_STATE, s);
			dg_eval_decide(policy, &walk.device, DG_OP_BIND, time, true, &answer);
			if (answer.verdict == DG_VERDICT_ALLOW)
				return false;
		}
	return true;
}

static void judge_device(const struct world *w, struct dg_policy *policy,
			 const struct toy_walk *walk, uint64_t time, struct seen *seen,
			 struct verdicts *v)
{
	const struct dg_device *device = &walk->device;

	for (uint32_t i = 0; i < policy->rule_count; i++) {
		seen[i].matches |= matches(&policy->rules[i], device, time);
		seen[i].is_true |= condition(policy->rules[i].where, false, device);
	}
	for (unsigned int op = 0; op < DG_OP_MAX; op++) {
		struct dg_answer answer, without;

		for (uint32_t i = 0; i < policy->rule_count; i++)
			if (policy->rules[i].permissive && policy->rules[i].ops >> op & 1 &&
			    !seen[i].decides && matches(&policy->rules[i], device, time))
				seen[i].decides |= comes_to(policy, i, op, device, time);
		dg_eval_decide(policy, device, (enum dg_op)op, time, true, &answer);
		for (size_t i = 0; i < policy->assert_count; i++) {
			const struct dg_assert_node *a = &policy->asserts[i];

			if (a->ops >> op & 1 && condition(a->where, !a->always, device) &&
			    (answer.verdict == DG_VERDICT_ALLOW) != a->always)
				v->asserts[i] |= 1U << FINDING_VIOLATED;
		}
		if (answer.rule == DG_RULE_DEFAULT)
			continue;
		seen[answer.rule].decides = true;
		if (op == DG_OP_ACCEPT && answer.verdict == DG_VERDICT_ALLOW &&
		    !(v->rules[answer.rule] >> FINDING_UNBOUND & 1) &&
		    unbound(w, policy, walk, time))
			v->rules[answer.rule] |= 1U << FINDING_UNBOUND;
		if (!seen[answer.rule].changes) {
			uint32_t ops = policy->rules[answer.rule].ops;

			policy->rules[answer.rule].ops = 0;
			dg_eval_decide(policy, device, (enum dg_op)op, time, true, &without);
			policy->rules[answer.rule].ops = ops;
			seen[answer.rule].changes = without.verdict != answer.verdict ||
						    without.would != answer.would ||
						    without.flags != answer.flags;
		}
	}
}

/* What there is to be found. */
static void enumerate(struct world *w, struct dg_policy *policy, uint32_t attrs,
		      struct verdicts *v)
{
	struct seen seen[TOY_RULES] = {};
	static struct toy_walk walk;

	toy_walk_start(&walk, w->toy, attrs, true);
	do {
		for (size_t t = 0; t < (toy_timed(policy) ? TIMES : 1); t++)
			judge_device(w, policy, &walk, toy_times[t].time, seen, v);
		w->devices++;
	} while (toy_walk_next(&walk));
	for (uint32_t i = 0; i < policy->rule_count; i++) {
		const struct dg_rule_node *rule = &policy->rules[i];

		if (!seen[i].matches)
			v->rules[i] |= 1U << FINDING_DEAD;
		else if (!seen[i].decides)
			v->rules[i] |= 1U << FINDING_SHADOWED;
		else if (!seen[i].changes && !rule->permissive)
			v->rules[i] |= 1U << FINDING_REDUNDANT;
		if (seen[i].decides && !seen[i].is_true)
			v->rules[i] |= 1U << FINDING_NEVER_TRUE;
	}
}

static enum finding finding_of(enum dg_diag_id id)
{
	enum finding f = 0;

	while (f < FINDING_MAX && findings[f].ids[0] != id && findings[f].ids[1] != id)
		f++;
	return f;
}

static bool same_place(const struct dg_pos *a, const struct dg_pos *b)
{
	return a->line == b->line && a->column == b->column;
}

static void read_findings(const struct dg_policy *policy, const struct dg_diags *diags,
			  struct verdicts *v)
{
	for (size_t d = 0; d < diags->count; d++) {
		enum finding f = finding_of(diags->items[d].id);
		uint32_t *place = &v->other;

		if (f == FINDING_MAX)
			continue;
		for (size_t i = 0; i < policy->rule_count; i++)
			if (same_place(&policy->rules[i].pos, &diags->items[d].pos))
				place = &v->rules[i];
		for (size_t i = 0; i < policy->assert_count; i++)
			if (same_place(&policy->asserts[i].pos, &diags->items[d].pos))
				place = &v->asserts[i];
		*place |= 1U << f;
	}
}

/* False, and reported, when they differ. */
static bool compare(struct world *w, const char *what, uint32_t want, uint32_t got)
{
	for (unsigned int f = 0; f < FINDING_MAX; f++) {
		if (want >> f & 1)
			w->found[f]++;
		else
			w->not_found[f]++;
		if (!((want ^ got) >> f & 1))
			continue;
		printf("# %s: %s is %s\n", what, findings[f].name,
		       want >> f & 1 ? "missed" : "reported and false");
		return false;
	}
	return true;
}

static void draw(struct world *w, char text[static TOY_TEXT_BYTES], uint32_t attrs)
{
	struct toy_shape shapes[] = {
		{.attrs = attrs, .named = 4, .rules = 5, .depth = 2, .ops = OPS},
		{.attrs = attrs, .named = 2, .rules = 10, .depth = 2, .ops = OPS},
		{.attrs = attrs, .named = 3, .rules = 8, .depth = 1, .ops = 1U << DG_OP_BIND},
	};
	static struct toy_policy policy;
	size_t len;

	toy_policy_make(&w->random, &shapes[toy_pick(&w->random, ARRAY_SIZE(shapes))], &policy);
	toy_policy_text(&policy, text);
	for (int i = 0; i < ASSERTS; i++) {
		static const char *const ops[] = {"bind", "dma", "bind, dma", "accept"};
		char where[TOY_RULE_BYTES];

		toy_condition(&w->random, policy.attrs, 2, where, sizeof(where));
		len = strlen(text);
		snprintf(text + len, TOY_TEXT_BYTES - len, "assert \"a%d\" %s %s where %s;\n", i,
			 toy_chance(&w->random, 50) ? "never" : "always",
			 ops[toy_pick(&w->random, ARRAY_SIZE(ops))], where);
	}
}

static bool run_policy(struct world *w, const char *text)
{
	struct dg_policy *policy = toy_load(text);
	uint32_t attrs = toy_mentioned(policy);
	struct verdicts want = {}, got = {};
	_cleanup_diags_ struct dg_diags diags = {};
	struct dg_fold *fold = NULL;
	bool fine = true;
	int r;

	if (toy_walk_count(w->toy, attrs, true) > DEVICES_MAX) {
		dg_policy_free(policy);
		return true;
	}
	w->policies++;
	enumerate(w, policy, attrs, &want);
	r = dg_fold_new(policy, DG_FOLD_ANALYSIS, &diags, &fold);
	if (r >= 0)
		r = dg_analysis_run(policy, fold, 0, &diags);
	if (r < 0) {
		dg_diags_print(stderr, &diags);
		fprintf(stderr, "toyanalysis: %s\n", strerror(-r));
		exit(3);
	}
	read_findings(policy, &diags, &got);
	for (size_t i = 0; i < policy->rule_count && fine; i++)
		fine = compare(w, policy->rules[i].id.data, want.rules[i], got.rules[i]);
	for (size_t i = 0; i < policy->assert_count && fine; i++)
		fine = compare(w, policy->asserts[i].name.data, want.asserts[i], got.asserts[i]);
	if (fine)
		fine = compare(w, "the policy", 0, got.other);
	if (!fine) {
		toy_print_text(text);
		for (size_t i = 0; i < diags.count; i++)
			printf("# %u:%u %s %s %s\n", diags.items[i].pos.line,
			       diags.items[i].pos.column, dg_diag_info(diags.items[i].id)->id,
			       diags.items[i].message,
			       diags.items[i].witness ? diags.items[i].witness : "");
	}
	dg_fold_free(fold);
	dg_policy_free(policy);
	return fine;
}

/* A condition that may or may not imply spdm.verified, on accept and, to be enumerated, on bind. */
static bool run_condition(struct world *w, uint32_t attrs)
{
	struct toy_shape shape = {
		.attrs = attrs, .named = 3, .rules = 1, .depth = 0, .ops = 1U << DG_OP_BIND};
	char where[TOY_RULE_BYTES], text[TOY_RULE_BYTES + 4096 + 64];
	static struct toy_policy toy; /* for its head */
	_cleanup_diags_ struct dg_diags diags = {};
	const struct dg_attr *verified = dg_schema_attr(DG_ATTR_SPDM_VERIFIED);
	struct dg_policy *policy, *with = NULL;
	static struct toy_walk walk;
	bool want = false, got = false;
	int r;

	toy_policy_make(&w->random, &shape, &toy);
	toy_condition(&w->random, toy.attrs | TOY_BIT(TOY_VERIFIED), 3, where, sizeof(where));
	snprintf(text, sizeof(text), "%sallow \"r\" on bind where %s;\n", toy.head, where);
	policy = toy_load(text);
	if (toy_walk_count(w->toy, toy_mentioned(policy) | TOY_BIT(TOY_VERIFIED), true) >
	    DEVICES_MAX) {
		dg_policy_free(policy);
		return true;
	}
	toy_walk_start(&walk, w->toy, toy_mentioned(policy) | TOY_BIT(TOY_VERIFIED), true);
	do {
		const struct dg_fact *fact = dg_device_fact(&walk.device, verified, 0);

		want |= condition(policy->rules[0].where, false, &walk.device) &&
			!(fact->known && fact->scalar.num);
	} while (toy_walk_next(&walk));
	dg_policy_free(policy);

	snprintf(text, sizeof(text), "%sallow \"r\" on accept where %s;\n", toy.head, where);
	r = dg_policy_load_text("toy.dgp", text, strlen(text), 0, &diags, &with);
	if (r < 0 && r != -EBADMSG) {
		fprintf(stderr, "toyanalysis: %s\n", strerror(-r));
		exit(3);
	}
	if (with)
		dg_policy_free(with);
	for (size_t i = 0; i < diags.count; i++)
		got |= diags.items[i].id == DG_E070;
	if (compare(w, where, (uint32_t)want << FINDING_UNVERIFIED,
		    (uint32_t)got << FINDING_UNVERIFIED))
		return true;
	toy_print_text(text);
	return false;
}

int main(int argc, char **argv)
{
	static const struct option table[] = {
		{"policies", required_argument, NULL, 'p'},
		{"seed", required_argument, NULL, 's'},
		{},
	};
	uint64_t seed = (uint64_t)time(NULL), policies = 2000;
	static char text[TOY_TEXT_BYTES];
	struct world w = {};
	bool fine = true, all = true;
	int c;

	while ((c = getopt_long(argc, argv, "", table, NULL)) != -1) {
		if (c == 'p')
			policies = strtoull(optarg, NULL, 0);
		else if (c == 's')
			seed = strtoull(optarg, NULL, 0);
		else
			return 2;
	}
	w.toy = toy_world_new();
	printf("1..2\n# seed %" PRIu64 "\n", seed);
	for (uint64_t i = 0; i < policies && fine; i++) {
		w.random.state = seed + i * UINT64_C(1000003);
		draw(&w, text, ATTRS);
		fine = run_policy(&w, text) && run_condition(&w, ATTRS);
		if (!fine)
			printf("# --seed %" PRIu64 " --policies 1\n",
			       seed + i * UINT64_C(1000003));
	}
	printf("%sok 1 - analysis and enumeration agree on %" PRIu64 " policies, %" PRIu64
	       " devices\n",
	       fine ? "" : "not ", w.policies, w.devices);
	for (unsigned int f = 0; f < FINDING_MAX; f++) {
		printf("# %s: %" PRIu64 " times, and %" PRIu64 " times not\n", findings[f].name,
		       w.found[f], w.not_found[f]);
		all &= f == FINDING_UNDECIDED || (w.found[f] && w.not_found[f]);
	}
	all |= policies < 1000;
	printf("%sok 2 - each kind of finding occurs\n", all ? "" : "not ");
	toy_world_free((struct toy_world *)(uintptr_t)w.toy);
	return fine && all ? 0 : 1;
}
