// SPDX-License-Identifier: GPL-2.0-only
/*
 * Laws that hold for every policy, on random ones in the toy world: what changes when the text
 * changes is known beforehand, so the compiled tables can be checked without a second opinion.
 * Prints TAP.
 *
 *     laws [--policies N] [--seed S]
 *
 * Every law counts the decisions that its change did alter (in the way it may): a law under which
 * nothing ever changes is not tested, and fails.
 */
#include <getopt.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "analysis.h"
#include "diff.h"
#include "format.h"
#include "policy_equal.h"
#include "scramble.h"
#include "tables.h"
#include "toy.h"
#include "walker.h"

#define OPS (1U << DG_OP_BIND | 1U << DG_OP_DMA | 1U << DG_OP_ACCEPT)
#define DEVICES_MAX 3000

struct world {
	const struct toy_world *toy;
	struct random *random;
	uint32_t attrs; /* that have a table form */
	size_t times;	/* of toy_times, the first ones */
	uint64_t decisions, changed, verdicts;
};

#define SYNCED 3 /* times with the clock synchronised: what the analysis speaks of */

/* One side of a comparison. */
struct side {
	char text[TOY_TEXT_BYTES];
	struct dg_policy *policy;
	struct dg_tables *tables;
};

static void side_done(struct side *side)
{
	free(side->tables);
	dg_policy_free(side->policy);
	side->tables = NULL;
	side->policy = NULL;
}

/* From side->text. */
static void side_compile(struct side *side)
{
	_cleanup_diags_ struct dg_diags diags = {};
	int r;

	side->policy = toy_load(side->text);
	r = dg_tables_build(side->policy, &diags, &side->tables, NULL);
	if (r < 0) {
		dg_diags_print(stderr, &diags);
		fprintf(stderr, "laws: %s, with the policy:\n%s", strerror(-r), side->text);
		exit(3);
	}
}

static void draw(struct world *w, struct toy_policy *ret)
{
	struct toy_shape shapes[] = {
		{.attrs = w->attrs, .named = 4, .rules = 5, .depth = 2, .ops = OPS},
		{.attrs = w->attrs, .named = 2, .rules = 10, .depth = 2, .ops = OPS},
	};

	toy_policy_make(w->random, &shapes[pick(w->random, ARRAY_SIZE(shapes))], ret);
}

static bool same_id(const struct side *a, uint32_t i, const struct side *b, uint32_t k)
{
	const struct dg_bytes *x, *y;

	if (i >= a->policy->rule_count || k >= b->policy->rule_count)
		return i == k;
	x = &a->policy->rules[i].id;
	y = &b->policy->rules[k].id;
	return x->len == y->len && !memcmp(x->data, y->data, x->len);
}

/* Rules by their ids: their numbers change with the text. */
static bool same_answer(const struct side *a, const struct dg_answer *before, const struct side *b,
			const struct dg_answer *after)
{
	return before->verdict == after->verdict && before->flags == after->flags &&
	       same_id(a, before->rule, b, after->rule) &&
	       same_id(a, before->would, b, after->would);
}

/* What may differ between two answers to the same query? True: this pair breaks the law. */
typedef bool (*breaks_law)(const struct side *old, const struct dg_answer *before,
			   const struct side *new, const struct dg_answer *after);

/* Both sides on every device, operation and time. False, with a report, where the law is broken. */
static bool compare(struct world *w, const struct side *old, const struct side *new,
		    breaks_law breaks)
{
	uint32_t attrs = toy_mentioned(old->policy) | toy_mentioned(new->policy);
	bool timed = toy_timed(old->policy) || toy_timed(new->policy);
	static struct toy_walk walk;
	static struct dg_facts_more more;
	static struct dg_facts facts;

	if (toy_walk_count(w->toy, attrs, true) > DEVICES_MAX)
		return true;
	toy_walk_start(&walk, w->toy, attrs, true);
	do {
		dg_device_to_facts(&walk.device, &facts);
		dg_device_to_more(&walk.device, &more);
		for (unsigned int op = 0; op < DG_OP_MAX; op++)
			for (size_t i = 0; i < (timed ? w->times : 1) && OPS >> op & 1; i++) {
				struct dg_query query = {.op = op,
							 .clock_synced = toy_times[i].clock_synced,
							 .time = toy_times[i].time};
				struct dg_answer before, after;

				dg_tables_decide(old->tables, &facts, &more, &query, &before);
				dg_tables_decide(new->tables, &facts, &more, &query, &after);
				w->decisions++;
				w->changed += !same_answer(old, &before, new, &after);
				w->verdicts += before.verdict != after.verdict;
				if (!breaks(old, &before, new, &after))
					continue;
				printf("# broken on %s at %" PRIu64 ", clock %s\n",
				       dg_op_name((enum dg_op)op), (uint64_t)query.time,
				       query.clock_synced ? "synchronised" : "not synchronised");
				toy_print_answer("before", &before);
				toy_print_answer("after", &after);
				toy_print_device(&walk.device);
				toy_print_text(old->text);
				printf("# and after the change\n");
				toy_print_text(new->text);
				return false;
			}
	} while (toy_walk_next(&walk));
	return true;
}

static bool compile_and_compare(struct world *w, struct side *old, struct side *new,
				breaks_law breaks)
{
	bool good;

	side_compile(old);
	side_compile(new);
	good = compare(w, old, new, breaks);
	side_done(old);
	side_done(new);
	return good;
}

static struct side old, new;

static bool allows_more(const struct side *a _unused_, const struct dg_answer *before,
			const struct side *b _unused_, const struct dg_answer *after)
{
	return after->verdict == DG_VERDICT_ALLOW && before->verdict != DG_VERDICT_ALLOW;
}

/* A forbid more, anywhere among the rules. */
static bool law_forbid(struct world *w)
{
	static const struct toy_shape shape = {.depth = 2, .ops = OPS};
	static struct toy_policy policy;
	static struct toy_rule extra;
	size_t at;

	draw(w, &policy);
	toy_policy_text(&policy, old.text);
	toy_policy_add(w->random, &shape, DG_EFFECT_FORBID, &policy);
	at = pick(w->random, policy.rule_count);
	extra = policy.rules[policy.rule_count - 1];
	memmove(&policy.rules[at + 1], &policy.rules[at],
		(policy.rule_count - 1 - at) * sizeof(extra));
	policy.rules[at] = extra;
	toy_policy_text(&policy, new.text);
	return compile_and_compare(w, &old, &new, allows_more);
}

static bool other_verdict(const struct side *a _unused_, const struct dg_answer *before,
			  const struct side *b _unused_, const struct dg_answer *after)
{
	return before->verdict != after->verdict;
}

/* The forbids take new places, among themselves and between the other rules, which keep their
 * order. */
static bool law_shuffle(struct world *w)
{
	static struct toy_policy policy, shuffled;
	size_t order[TOY_RULES];

	draw(w, &policy);
	toy_policy_text(&policy, old.text);
	shuffled = policy;
	for (size_t i = 0; i < policy.rule_count; i++)
		order[i] = i;
	for (size_t turn = 0; turn < 60 && policy.rule_count > 1; turn++) {
		size_t a = pick(w->random, policy.rule_count - 1), moved = order[a];

		if (policy.rules[order[a]].effect != DG_EFFECT_FORBID &&
		    policy.rules[order[a + 1]].effect != DG_EFFECT_FORBID)
			continue;
		order[a] = order[a + 1];
		order[a + 1] = moved;
	}
	for (size_t i = 0; i < policy.rule_count; i++)
		shuffled.rules[i] = policy.rules[order[i]];
	toy_policy_text(&shuffled, new.text);
	return compile_and_compare(w, &old, &new, other_verdict);
}

static bool same_tables(const struct side *a, const struct side *b)
{
	return a->tables->size == b->tables->size && !memcmp(a->tables, b->tables, a->tables->size);
}

/* The same text twice; and with comments, line ends and spaces that mean nothing. */
static bool law_bytes(struct world *w)
{
	static struct toy_policy policy;
	size_t len = 0;
	bool good;

	draw(w, &policy);
	toy_policy_text(&policy, old.text);
	strcpy(new.text, old.text);
	side_compile(&old);
	side_compile(&new);
	good = same_tables(&old, &new);
	side_done(&new);
	for (const char *c = old.text; *c && len + 8 < sizeof(new.text); c++) {
		if (*c != '\n') {
			new.text[len++] = *c;
			continue;
		}
		memcpy(new.text + len, " \t# x\n\r", 7);
		len += 7;
	}
	new.text[len] = 0;
	side_compile(&new);
	good = good && same_tables(&old, &new);
	w->decisions++;
	w->changed += strcmp(old.text, new.text) != 0;
	if (!good) {
		printf("# two tables of\n");
		toy_print_text(old.text);
	}
	side_done(&old);
	side_done(&new);
	return good;
}

static bool other_answer(const struct side *a, const struct dg_answer *before, const struct side *b,
			 const struct dg_answer *after)
{
	return !same_answer(a, before, b, after);
}

static bool other_but_rule(const struct side *a, const struct dg_answer *before,
			   const struct side *b, const struct dg_answer *after)
{
	return before->verdict != after->verdict || before->flags != after->flags ||
	       !same_id(a, before->would, b, after->would);
}

/* The first rule that the analysis would see go; false: none. */
static bool find_needless(const struct dg_policy *policy, size_t *ret, enum dg_diag_id *ret_why)
{
	_cleanup_(dg_cleanup_fold) struct dg_fold *fold = NULL;
	_cleanup_diags_ struct dg_diags diags = {};

	if (dg_fold_new(policy, DG_FOLD_ANALYSIS, &diags, &fold) < 0 ||
	    dg_analysis_run(policy, fold, 0, &diags) < 0)
		exit(3);
	for (size_t n = 0; n < diags.count; n++) {
		enum dg_diag_id id = diags.items[n].id;

		if (id != DG_E072 && id != DG_E073 && id != DG_E208)
			continue;
		for (size_t i = 0; i < policy->rule_count; i++)
			if (policy->rules[i].pos.line == diags.items[n].pos.line) {
				*ret = i;
				*ret_why = id;
				return true;
			}
	}
	return false;
}

/* A rule that is reported dead or shadowed changes nothing, a redundant one only who is named. */
static bool law_needless(struct world *w)
{
	static struct toy_policy policy;
	enum dg_diag_id why = DG_E072;
	bool found, good;
	size_t at = 0;

	draw(w, &policy);
	toy_policy_text(&policy, old.text);
	side_compile(&old);
	found = policy.rule_count > 1 && find_needless(old.policy, &at, &why);
	side_done(&old);
	if (!found)
		return true;
	policy.rule_count--;
	memmove(&policy.rules[at], &policy.rules[at + 1],
		(policy.rule_count - at) * sizeof(policy.rules[0]));
	toy_policy_text(&policy, new.text);
	w->times = SYNCED;
	good = compile_and_compare(w, &old, &new, why == DG_E208 ? other_but_rule : other_answer);
	w->times = TOY_TIMES;
	return good;
}

static bool nothing(const struct side *a _unused_, const struct dg_answer *before _unused_,
		    const struct side *b _unused_, const struct dg_answer *after _unused_)
{
	return false;
}

/* diff is empty exactly when no device is judged otherwise. */
static bool law_diff(struct world *w)
{
	static const struct toy_shape shape = {.depth = 2, .ops = OPS};
	_cleanup_(dg_cleanup_diff) struct dg_diff *diff = NULL;
	_cleanup_diags_ struct dg_diags diags = {};
	static struct toy_policy policy;
	uint64_t before = w->verdicts;
	uint32_t attrs;
	bool good;

	draw(w, &policy);
	toy_policy_text(&policy, old.text);
	toy_policy_add(w->random, &shape, chance(w->random, 50) ? DG_EFFECT_DENY : DG_EFFECT_ALLOW,
		       &policy);
	toy_policy_text(&policy, new.text);
	side_compile(&old);
	side_compile(&new);
	attrs = toy_mentioned(old.policy) | toy_mentioned(new.policy);
	if (dg_diff_new(old.policy, new.policy, 0, &diags, &diff) < 0 || diff->undecided)
		exit(3);
	w->times = SYNCED;
	compare(w, &old, &new, nothing);
	w->times = TOY_TIMES;
	good = toy_walk_count(w->toy, attrs, true) > DEVICES_MAX ||
	       (diff->count > 0) == (w->verdicts > before);
	if (!good) {
		printf("# diff has %zu changes, enumeration %" PRIu64 " for\n", diff->count,
		       w->verdicts - before);
		toy_print_text(new.text);
	}
	side_done(&old);
	side_done(&new);
	return good;
}

/*
 * The same decisions in every form of the tables: parts left apart, bitmaps, rules split into their
 * alternatives, nodes all dense, all of runs, all hashed.
 */
static bool law_forms(struct world *w)
{
	static const struct dg_tables_options forms[] = {
		{.keep_parts = true},
		{.nodes = DG_NODES_DENSE},
		{.nodes = DG_NODES_RUNS},
		{.nodes = DG_NODES_HASHED},
		{.bitmaps = true},
		{.bitmaps = true, .nodes = DG_NODES_RUNS},
		{.bitmaps = true, .nodes = DG_NODES_HASHED},
		{.bitmaps = true, .split = true},
	};
	_cleanup_diags_ struct dg_diags diags = {};
	static struct toy_policy policy;
	bool good;

	draw(w, &policy);
	toy_policy_text(&policy, old.text);
	strcpy(new.text, old.text);
	side_compile(&old);
	side_compile(&new);
	free(new.tables);
	new.tables = NULL;
	if (dg_tables_build_with(new.policy, &forms[pick(w->random, ARRAY_SIZE(forms))], &diags,
				 &new.tables, NULL) < 0)
		exit(3);
	w->changed += !same_tables(&old, &new);
	good = compare(w, &old, &new, other_answer);
	side_done(&old);
	side_done(&new);
	return good;
}

/* @text laid out; exits when that is refused. To be freed. */
static char *lay_out(const char *text, size_t *ret_len)
{
	_cleanup_diags_ struct dg_diags diags = {};
	char *laid = NULL;
	int r = dg_format_text("law", text, strlen(text), &diags, &laid, ret_len);

	if (r < 0) {
		dg_diags_print(stderr, &diags);
		fprintf(stderr, "laws: no layout (%s) of:\n%s", strerror(-r), text);
		exit(3);
	}
	return laid;
}

/* From any layout, comments in all places: the same tree, the same comments, and for good. */
static bool law_layout(struct world *w)
{
	_cleanup_free_ char *other = NULL, *laid = NULL, *again = NULL, *had = NULL, *has = NULL;
	_cleanup_(dg_cleanup_policy) struct dg_policy *before = NULL, *after = NULL;
	static struct toy_policy policy;
	const char *difference;
	uint64_t seed;
	size_t len;

	draw(w, &policy);
	toy_policy_text(&policy, old.text);
	seed = next(w->random) | 1;
	other = scramble(old.text, strlen(old.text), &seed, pick(w->random, 3) * 20);
	laid = lay_out(other, &len);
	again = lay_out(laid, &len);
	had = scramble_comments(other, strlen(other));
	has = scramble_comments(laid, strlen(laid));
	before = toy_load(old.text);
	after = toy_load(laid);
	difference = policy_difference(before, after);
	if (!difference && strcmp(laid, again) != 0)
		difference = "the second layout";
	if (!difference && strcmp(had, has) != 0)
		difference = "a comment";
	w->decisions++;
	w->changed += strcmp(laid, other) != 0;
	if (!difference)
		return true;
	printf("# %s is another in the layout of\n", difference);
	toy_print_text(other);
	return false;
}

static const struct law {
	const char *name;
	bool (*holds)(struct world *w); /* for one more random policy */
} laws[] = {
	{"one forbid more never allows more", law_forbid},
	{"the order of the forbids changes no verdict", law_shuffle},
	{"equal text has equal tables", law_bytes},
	{"a rule reported as needless changes nothing when it goes", law_needless},
	{"diff is empty exactly when no device is judged otherwise", law_diff},
	{"parts together or apart, nodes dense or sparse: every form decides the same", law_forms},
	{"a layout means the same, keeps the comments and is its own layout", law_layout},
};

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"policies", required_argument, NULL, 'p'},
		{"seed", required_argument, NULL, 's'},
		{},
	};
	uint64_t seed = (uint64_t)time(NULL);
	unsigned long policies = 1000;
	struct toy_world *toy;
	int c, status = 0;
	uint32_t attrs;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'p') {
			policies = strtoul(optarg, NULL, 0);
		} else if (c == 's') {
			seed = strtoull(optarg, NULL, 0);
		} else {
			fputs("usage: laws [--policies N] [--seed S]\n", stderr);
			return 2;
		}
	}
	toy = toy_world_new();
	attrs = toy_attrs_with_tables();
	printf("1..%zu\n# seed %" PRIu64 "\n", ARRAY_SIZE(laws), seed);
	for (size_t i = 0; i < ARRAY_SIZE(laws); i++) {
		struct random random = {.state = seed + i};
		struct world w = {
			.toy = toy, .random = &random, .attrs = attrs, .times = TOY_TIMES};
		bool good = true;

		fflush(stdout);
		for (unsigned long n = 0; n < policies && good; n++)
			good = laws[i].holds(&w);
		good = good && w.changed > 0;
		printf("%s %zu - %s\n# %lu policies, %" PRIu64 " decisions, %" PRIu64
		       " differ as they may\n",
		       good ? "ok" : "not ok", i + 1, laws[i].name, policies, w.decisions,
		       w.changed);
		status |= !good;
	}
	toy_world_free(toy);
	return status;
}
