// SPDX-License-Identifier: GPL-2.0-only
/*
 * The analysis against brute force: for each of many toy policies every device is judged at every
 * time, and what that shows (rules dead, shadowed, redundant, …, assertions violated, what a change
 * changes) is compared with what the analysis reports: nothing missed, nothing false. Every witness
 * is judged too. Prints TAP with the counts; a kind of finding that never occurs is not tested, and
 * fails.
 *
 *     brute [--policies N] [--seed S] [--only KIND]
 *
 * A device is two bit masks here, of the conditions that are true for it and of those that are not
 * false, as the reference evaluator says. What follows from them is written a second time below,
 * and compared with the reference's decision on some devices of each policy.
 */
#include <getopt.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "analysis.h"
#include "brute.h"
#include "diff.h"
#include "eval.h"

static const struct {
	const char *name, *what;
	enum dg_diag_id id;
} kinds[KINDS] = {
	[DEAD] = {"dead", "rules that never match", DG_E072},
	[SHADOWED] = {"shadowed", "rules that never decide", DG_E073},
	[REDUNDANT] = {"redundant", "rules that nobody would miss", DG_E208},
	[NEVER_TRUE] = {"never-true", "denials of the unknown alone", DG_E211},
	[VIOLATED] = {"assert", "assertions that do not hold", DG_E074},
	[ITEM] = {"item", "set items that nobody would miss", DG_E209},
	[SET_ITEM] = {"set-item", "the same with more tests of a set than one variable holds",
		      DG_E209},
	[UNBOUND] = {"bind", "devices accepted that nobody may bind", DG_E210},
	[UNVERIFIED] = {"accept", "acceptance without verified evidence", DG_E070},
	[CHANGED] = {"diff", "pairs of deciding rules between which a verdict changes",
		     DG_DIAG_MAX},
};

#define SETS_EACH 5 /* policies for each of check_sets(), which takes longer */

struct brute_counts counts[KINDS];

struct masks judge(const struct dg_policy *policy, const struct dg_device *device)
{
	struct masks m = {};

	for (size_t i = 0; i < policy->rule_count + policy->assert_count; i++) {
		bool rule = i < policy->rule_count;
		size_t n = rule ? i : i - policy->rule_count;
		const struct dg_expr *where =
			rule ? policy->rules[n].where : policy->asserts[n].where;
		enum dg_truth truth = where ? dg_eval_condition(where, device) : DG_TRUTH_TRUE;
		uint32_t bit = 1U << (rule ? n : n + ASSERT_BIT);

		m.is_true |= truth == DG_TRUTH_TRUE ? bit : 0;
		m.not_false |= truth != DG_TRUTH_FALSE ? bit : 0;
	}
	return m;
}

static bool live(const struct dg_rule_node *rule, uint64_t time)
{
	return (!rule->has_from || time >= rule->from) && (!rule->has_until || time < rule->until);
}

uint32_t matching(const struct dg_policy *policy, const struct masks *m, uint64_t time)
{
	uint32_t bits = 0;

	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct dg_rule_node *rule = &policy->rules[i];

		if ((rule->effect == DG_EFFECT_ALLOW ? m->is_true : m->not_false) >> i & 1 &&
		    live(rule, time))
			bits |= 1U << i;
	}
	return bits;
}

struct outcome decide(const struct dg_policy *policy, uint32_t bits, enum dg_op op)
{
	struct outcome o = {policy->defaults[op], DG_RULE_DEFAULT, DG_RULE_NONE, 0};
	enum dg_audit audit = DG_AUDIT_DENIED;

	for (size_t i = 0; i < policy->rule_count; i++)
		if (bits >> i & 1 && policy->rules[i].ops >> op & 1 &&
		    policy->rules[i].effect == DG_EFFECT_FORBID) {
			o.verdict = DG_VERDICT_DENY;
			o.rule = (uint32_t)i;
			audit = policy->rules[i].audit;
			break;
		}
	for (size_t i = 0; i < policy->rule_count && o.rule == DG_RULE_DEFAULT; i++) {
		const struct dg_rule_node *rule = &policy->rules[i];

		if (!(bits >> i & 1) || !(rule->ops >> op & 1))
			continue;
		if (rule->permissive && o.would == DG_RULE_NONE) {
			o.would = (uint32_t)i;
			o.flags |= rule->effect == DG_EFFECT_ALLOW ? DG_LEAF_WOULD_ALLOW : 0;
			o.flags |= rule->audit != DG_AUDIT_NEVER ? DG_LEAF_AUDIT : 0;
		}
		if (rule->permissive)
			continue;
		o.verdict = rule->effect == DG_EFFECT_ALLOW ? DG_VERDICT_ALLOW : DG_VERDICT_DENY;
		o.rule = (uint32_t)i;
		audit = rule->audit;
	}
	if (audit == DG_AUDIT_ALWAYS || (audit == DG_AUDIT_DENIED && o.verdict == DG_VERDICT_DENY))
		o.flags |= DG_LEAF_AUDIT;
	return o;
}

/* Does the search come to the rule? (A permissive one: is it passed over, first or later.) */
static bool comes_to(const struct dg_policy *policy, uint32_t bits, enum dg_op op, uint32_t number)
{
	const struct dg_rule_node *rule = &policy->rules[number];
	struct outcome o;

	if (!(bits >> number & 1) || !(rule->ops >> op & 1))
		return false;
	o = decide(policy, bits, op);
	if (!rule->permissive)
		return o.rule == number;
	return o.rule == DG_RULE_DEFAULT ||
	       (policy->rules[o.rule].effect != DG_EFFECT_FORBID && o.rule > number);
}

bool same_but_rule(const struct outcome *a, const struct outcome *b)
{
	return a->verdict == b->verdict && a->would == b->would && a->flags == b->flags;
}

void show(const struct dg_policy *policy, const struct masks *m, struct shown *ret)
{
	ret->is_true |= m->is_true;
	for (size_t t = 0; t < SYNCED; t++) {
		uint32_t bits = matching(policy, m, toy_times[t].time);

		ret->matches |= bits;
		for (unsigned int op = 0; op < DG_OP_MAX; op++) {
			struct outcome o;

			if (!(OPS >> op & 1))
				continue;
			o = decide(policy, bits, (enum dg_op)op);
			for (uint32_t i = 0; i < policy->rule_count; i++) {
				struct outcome without;

				if (!comes_to(policy, bits, (enum dg_op)op, i))
					continue;
				ret->comes |= 1U << i;
				without = decide(policy, bits & ~(1U << i), (enum dg_op)op);
				if (!same_but_rule(&o, &without))
					ret->matters |= 1U << i;
			}
			for (size_t i = 0; i < policy->assert_count; i++) {
				const struct dg_assert_node *a = &policy->asserts[i];
				uint32_t spoken = a->always ? m->is_true : m->not_false;

				if (a->ops >> op & 1 && spoken >> (ASSERT_BIT + i) & 1 &&
				    o.verdict == (a->always ? DG_VERDICT_DENY : DG_VERDICT_ALLOW))
					ret->violates |= 1U << i;
			}
		}
	}
}

/* All devices of the policy's attributes into b->devices. False: too many. */
static bool enumerate(struct brute *b)
{
	static struct toy_walk walk;
	size_t n = 0;

	b->attrs = toy_mentioned(b->policy);
	b->count = toy_walk_count(b->world, b->attrs, true);
	if (b->count > DEVICES_MAX)
		return false;
	toy_walk_start(&walk, b->world, b->attrs, true);
	do {
		b->devices[n] = judge(b->policy, &walk.device);
		/* The second opinion on what follows from the masks. */
		for (size_t t = 0; t < SYNCED && n % 17 == 0; t++) {
			enum dg_op op = n % 2 ? DG_OP_BIND : DG_OP_ACCEPT;
			uint64_t time = toy_times[t].time;
			struct outcome o =
				decide(b->policy, matching(b->policy, &b->devices[n], time), op);
			struct dg_answer answer;

			dg_eval_decide(b->policy, &walk.device, op, time, true, &answer);
			if (answer.verdict != o.verdict || answer.rule != o.rule ||
			    answer.would != o.would || answer.flags != o.flags) {
				printf("# brute force itself is wrong about\n");
				toy_print_device(&walk.device);
				toy_print_text(b->text);
				exit(1);
			}
		}
		n++;
	} while (toy_walk_next(&walk));
	return true;
}

/*
 * A device that a rule accepts while bind is denied to it, whatever its driver and tdi.state: bits
 * of rules. Driver and state run through their values in steps of their strides.
 */
static uint32_t accepted_unbound(const struct brute *b)
{
	static uint8_t may_bind[DEVICES_MAX][SYNCED]; /* by the device without driver and state */
	size_t stride[TOY_ATTRS] = {}, next = 1;
	uint32_t rules = 0;

	for (size_t i = 0; i < TOY_ATTRS; i++)
		if (b->attrs & TOY_BIT(i)) {
			stride[i] = next;
			next *= b->world->complete[i];
		}
	memset(may_bind, 0, sizeof(may_bind));
	for (unsigned int pass = 0; pass < 2; pass++)
		for (size_t n = 0; n < b->count; n++) {
			size_t base = n;

			for (size_t i = 0; i < TOY_ATTRS; i++)
				if (stride[i] && (i == TOY_DRIVER || i == TOY_STATE))
					base -= n / stride[i] % b->world->complete[i] * stride[i];
			for (size_t t = 0; t < SYNCED; t++) {
				uint32_t bits =
					matching(b->policy, &b->devices[n], toy_times[t].time);
				struct outcome o;

				o = decide(b->policy, bits, pass ? DG_OP_ACCEPT : DG_OP_BIND);
				if (pass == 0)
					may_bind[base][t] |= o.verdict == DG_VERDICT_ALLOW;
				else if (o.verdict == DG_VERDICT_ALLOW && !may_bind[base][t])
					rules |= 1U << o.rule;
			}
		}
	return rules;
}

static uint32_t rule_mask(const struct dg_policy *policy)
{
	return (1U << policy->rule_count) - 1;
}

void complain(const struct brute *b, enum kind kind, const char *what, size_t number)
{
	if (counts[kind].missed + counts[kind].wrong + counts[kind].bad_witness > 3)
		return;
	printf("# %s: %s: number %zu (from 0) of\n", kinds[kind].name, what, number);
	toy_print_text(b->text);
}

void compare(const struct brute *b, enum kind kind, uint32_t expected, uint32_t got, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		bool there = expected >> i & 1, said = got >> i & 1;

		counts[kind].asked++;
		counts[kind].found += there;
		counts[kind].said += said;
		if (there && !said) {
			counts[kind].missed++;
			complain(b, kind, "missed", i);
		} else if (!there && said) {
			counts[kind].wrong++;
			complain(b, kind, "false", i);
		}
	}
}

/* Which rule or assertion stands at the diagnostic's line? They are one a line here. */
static int place(const struct dg_policy *policy, enum kind kind, const struct dg_diag *diag)
{
	if (kind == VIOLATED) {
		for (size_t i = 0; i < policy->assert_count; i++)
			if (policy->asserts[i].pos.line == diag->pos.line)
				return (int)i;
		return -1;
	}
	for (size_t i = 0; i < policy->rule_count; i++)
		if (policy->rules[i].pos.line == diag->pos.line)
			return (int)i;
	return -1;
}

/* Is the witness one, at some time? */
static bool witness_holds(const struct brute *b, enum kind kind, size_t number, const char *json)
{
	_cleanup_diags_ struct dg_diags diags = {};
	_cleanup_(dg_cleanup_inventory) struct dg_inventory *inventory = NULL;
	struct shown s = {};
	uint32_t bit = 1U << number;
	struct masks m;

	if (!json || dg_inventory_load_text("witness", json, strlen(json), &diags, &inventory) ||
	    inventory->device_count != 1)
		return false;
	m = judge(b->policy, inventory->devices[0]);
	show(b->policy, &m, &s);
	switch (kind) {
	case SHADOWED:
		return s.matches & bit && !(s.comes & bit);
	case REDUNDANT:
		return s.comes & bit && !(s.matters & bit);
	case NEVER_TRUE:
		return s.matches & bit && !(s.is_true & bit);
	case VIOLATED:
		return s.violates & bit;
	case UNBOUND:
		return s.comes & bit;
	default:
		return true;
	}
}

static bool wants_witness(enum kind kind)
{
	return kind == SHADOWED || kind == REDUNDANT || kind == NEVER_TRUE || kind == VIOLATED ||
	       kind == UNBOUND;
}

/* What the analysis says: by kind, bits of rules or assertions. */
void reported(const struct brute *b, const struct dg_diags *diags, uint32_t ret[KINDS])
{
	memset(ret, 0, KINDS * sizeof(*ret));
	for (size_t n = 0; n < diags->count; n++) {
		const struct dg_diag *diag = &diags->items[n];

		if (diag->id == DG_E212 || diag->id == DG_E075 || diag->id == DG_E076) {
			printf("# undecided, or a disagreement: %s\n", diag->message);
			toy_print_text(b->text);
			counts[DEAD].wrong++;
		}
		for (enum kind kind = 0; kind < KINDS; kind++) {
			int at = diag->id == kinds[kind].id && kind != ITEM && kind != SET_ITEM
					 ? place(b->policy, kind, diag)
					 : -1;

			if (at < 0)
				continue;
			ret[kind] |= 1U << at;
			if (wants_witness(kind) &&
			    !witness_holds(b, kind, (size_t)at, diag->witness)) {
				counts[kind].bad_witness++;
				complain(b, kind, diag->witness ?: "no witness", (size_t)at);
			}
		}
	}
}

static void add_asserts(struct random *r, uint32_t attrs, char text[static TOY_TEXT_BYTES])
{
	static const char *const ops[] = {"bind", "dma", "accept", "bind, dma", "dma, accept"};

	for (unsigned int i = 0; i < ASSERTS; i++) {
		size_t len = strlen(text);
		char condition[1024];

		toy_condition(r, attrs, 2, condition, sizeof(condition));
		snprintf(text + len, TOY_TEXT_BYTES - len, "assert \"a%u\" %s %s where %s;\n", i,
			 chance(r, 60) ? "never" : "always", ops[pick(r, ARRAY_SIZE(ops))],
			 condition);
	}
}

void analyse(const struct brute *b, unsigned int flags, struct dg_diags *diags)
{
	const struct dg_policy *policy = b->policy;
	_cleanup_(dg_cleanup_fold) struct dg_fold *fold = NULL;
	int r = dg_fold_new(policy, DG_FOLD_ANALYSIS, diags, &fold);

	if (r >= 0)
		r = dg_analysis_run(policy, fold, flags, diags);
	if (r < 0) {
		dg_diags_print(stderr, diags);
		fprintf(stderr, "brute: %s, with the policy:\n%s", strerror(-r), b->text);
		exit(3);
	}
}

static void check_findings(struct brute *b, struct random *r)
{
	static const struct toy_shape shapes[] = {
		{.attrs = TOY_ALL, .named = 3, .rules = 6, .depth = 2, .ops = OPS},
		{.attrs = TOY_ALL, .named = 2, .rules = 8, .depth = 1, .ops = OPS},
		{.attrs = TOY_ALL, .named = 1, .rules = 5, .depth = 2, .ops = OPS},
	};
	_cleanup_(dg_cleanup_policy) struct dg_policy *policy = NULL;
	_cleanup_diags_ struct dg_diags diags = {};
	static struct toy_policy made;
	struct shown s = {};
	uint32_t got[KINDS], all, silent;
	size_t rules;

	toy_policy_make(r, &shapes[pick(r, ARRAY_SIZE(shapes))], &made);
	toy_policy_text(&made, b->text);
	add_asserts(r, made.attrs, b->text);
	policy = toy_load(b->text);
	b->policy = policy;
	if (!enumerate(b))
		return;
	for (size_t n = 0; n < b->count; n++)
		show(policy, &b->devices[n], &s);
	/* Half of them by the search that is there for what devices one by one do not settle. */
	analyse(b, chance(r, 50) ? DG_ANALYSIS_PRODUCT : 0, &diags);
	reported(b, &diags, got);

	rules = policy->rule_count;
	all = rule_mask(policy);
	compare(b, DEAD, ~s.matches & all, got[DEAD], rules);
	compare(b, SHADOWED, s.matches & ~s.comes, got[SHADOWED], rules);
	silent = ~s.comes & all;
	for (uint32_t i = 0; i < rules; i++) {
		bool denies = policy->rules[i].effect != DG_EFFECT_ALLOW;
		uint32_t bit = 1U << i;

		compare(b, REDUNDANT, (s.comes & ~s.matters & bit) != 0,
			(got[REDUNDANT] & bit) != 0, 1);
		if (denies && !(silent & bit))
			compare(b, NEVER_TRUE, !(s.is_true & bit), (got[NEVER_TRUE] & bit) != 0, 1);
	}
	compare(b, VIOLATED, s.violates, got[VIOLATED], policy->assert_count);
	compare(b, UNBOUND, accepted_unbound(b), got[UNBOUND], rules);
	compare_items(b, &diags, silent);
}

/* The same text with its rules on another operation, on which every condition is legal. */
static void elsewhere(char *text)
{
	char *at;

	while ((at = strstr(text, " on accept")))
		memcpy(at, " on mmio  ", strlen(" on mmio  "));
}

/* Acceptance: an error of the front end, so the tree comes from the same rules on mmio. */
static void check_accept(struct brute *b, struct random *r)
{
	static const struct toy_shape shape = {.attrs = TOY_ALL & ~TOY_BIT(TOY_VERIFIED),
					       .named = 2,
					       .rules = 6,
					       .depth = 3,
					       .ops = 1U << DG_OP_ACCEPT,
					       .unverified = true};
	_cleanup_(dg_cleanup_policy) struct dg_policy *policy = NULL, *accepting = NULL;
	_cleanup_diags_ struct dg_diags diags = {};
	static struct toy_policy made;
	static char text[TOY_TEXT_BYTES];
	uint32_t expected = 0, got[KINDS];
	static struct toy_walk walk;

	toy_policy_make(r, &shape, &made);
	toy_policy_text(&made, b->text);
	strcpy(text, b->text);
	elsewhere(text);
	policy = toy_load(text);
	b->policy = policy;
	b->attrs = toy_mentioned(policy) | TOY_BIT(TOY_VERIFIED);
	if (toy_walk_count(b->world, b->attrs, true) > DEVICES_MAX)
		return;
	toy_walk_start(&walk, b->world, b->attrs, true);
	do
		if (walk.at[TOY_VERIFIED] != 1)
			expected |= judge(policy, &walk.device).is_true;
	while (toy_walk_next(&walk));
	(void)dg_policy_load_text("toy.dgp", b->text, strlen(b->text), DG_LOAD_NO_EXPIRED, &diags,
				  &accepting);
	reported(b, &diags, got);
	for (uint32_t i = 0; i < policy->rule_count; i++)
		if (policy->rules[i].effect == DG_EFFECT_ALLOW)
			compare(b, UNVERIFIED, expected >> i & 1, got[UNVERIFIED] >> i & 1, 1);
}

/* One change, of any kind, to a policy. */
static void change(struct random *r, const struct toy_shape *shape, struct toy_policy *policy)
{
	size_t at = pick(r, policy->rule_count);
	static struct toy_policy other;
	struct toy_rule moved;
	char *verdict;

	switch (pick(r, 5)) {
	case 0: /* a rule goes */
		if (policy->rule_count == 1)
			break;
		memmove(&policy->rules[at], &policy->rules[at + 1],
			(--policy->rule_count - at) * sizeof(moved));
		return;
	case 1: /* two change places */
		if (at == 0)
			break;
		moved = policy->rules[at];
		policy->rules[at] = policy->rules[at - 1];
		policy->rules[at - 1] = moved;
		return;
	case 2: /* a default is another one */
		verdict = strstr(policy->head, "default bind = ");
		verdict += strlen("default bind = ");
		/* As long as each other with a space: the text stays where it is. */
		memcpy(verdict, *verdict == 'a' ? "deny;\n" : "allow;", 6);
		return;
	case 3: /* nothing, but for a name */
		moved = policy->rules[at];
		verdict = strchr(moved.text, '"');
		verdict[1] = 'x';
		policy->rules[at] = moved;
		return;
	default:
		break;
	}
	/* A rule more. */
	other = *policy;
	toy_policy_add(r, shape, chance(r, 50) ? DG_EFFECT_ALLOW : DG_EFFECT_DENY, &other);
	moved = other.rules[other.rule_count - 1];
	memmove(&policy->rules[at + 1], &policy->rules[at],
		(policy->rule_count++ - at) * sizeof(moved));
	policy->rules[at] = moved;
}

#define NO_RULE 31 /* the default, as a number of a rule */

static unsigned int number_of(uint32_t rule)
{
	return rule == DG_RULE_DEFAULT ? NO_RULE : rule;
}

struct pairs {
	bool there[DG_OP_MAX][NO_RULE + 1][NO_RULE + 1];
};

/* The pairs between which the verdict differs for this device. */
static void add_pairs(const struct dg_policy *old, const struct dg_policy *new,
		      const struct dg_device *device, struct pairs *ret)
{
	struct masks a = judge(old, device), b = judge(new, device);

	for (size_t t = 0; t < SYNCED; t++)
		for (unsigned int op = 0; op < DG_OP_MAX; op++) {
			uint64_t time = toy_times[t].time;
			struct outcome x = decide(old, matching(old, &a, time), (enum dg_op)op);
			struct outcome y = decide(new, matching(new, &b, time), (enum dg_op)op);

			if (x.verdict != y.verdict)
				ret->there[op][number_of(x.rule)][number_of(y.rule)] = true;
		}
}

static void check_diff(struct brute *b, struct random *r)
{
	static const struct toy_shape shape = {
		.attrs = TOY_ALL, .named = 2, .rules = 6, .depth = 2, .ops = OPS};
	_cleanup_(dg_cleanup_policy) struct dg_policy *old = NULL, *new = NULL;
	_cleanup_(dg_cleanup_diff) struct dg_diff *diff = NULL;
	_cleanup_diags_ struct dg_diags diags = {};
	static struct pairs expected, got, witness;
	static struct toy_policy made;
	static struct toy_walk walk;
	unsigned int flags = DG_DIFF_ALL | (chance(r, 50) ? DG_DIFF_CUBES : 0);
	uint32_t attrs;

	toy_policy_make(r, &shape, &made);
	toy_policy_text(&made, b->text);
	old = toy_load(b->text);
	change(r, &shape, &made);
	toy_policy_text(&made, b->text);
	new = toy_load(b->text);
	attrs = toy_mentioned(old) | toy_mentioned(new);
	if (toy_walk_count(b->world, attrs, true) > DEVICES_MAX)
		return;
	memset(&expected, 0, sizeof(expected));
	memset(&got, 0, sizeof(got));
	toy_walk_start(&walk, b->world, attrs, true);
	do
		add_pairs(old, new, &walk.device, &expected);
	while (toy_walk_next(&walk));
	if (dg_diff_new(old, new, flags, &diags, &diff) < 0 || diff->undecided) {
		dg_diags_print(stderr, &diags);
		fprintf(stderr, "brute: no exact diff to\n%s", b->text);
		exit(3);
	}
	for (size_t i = 0; i < diff->count; i++) {
		const struct dg_diff_change *c = &diff->changes[i];
		unsigned int x = number_of(c->old_rule), y = number_of(c->new_rule);

		got.there[c->op][x][y] = true;
		memset(&witness, 0, sizeof(witness));
		add_pairs(old, new, c->device, &witness);
		counts[CHANGED].bad_witness += !witness.there[c->op][x][y];
	}
	for (unsigned int op = 0; op < DG_OP_MAX; op++)
		for (unsigned int x = 0; x <= NO_RULE; x++)
			for (unsigned int y = 0; y <= NO_RULE; y++) {
				if (!(OPS >> op & 1) && !expected.there[op][x][y] &&
				    !got.there[op][x][y])
					continue;
				if ((x >= old->rule_count && x != NO_RULE) ||
				    (y >= new->rule_count &&y != NO_RULE))
					continue;
				compare(b, CHANGED, expected.there[op][x][y], got.there[op][x][y],
					1);
			}
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"policies", required_argument, NULL, 'p'},
		{"seed", required_argument, NULL, 's'},
		{},
	};
	uint64_t seed = (uint64_t)time(NULL);
	unsigned long policies = 10000;
	static struct brute brute;
	struct toy_world *world;
	struct random r;
	int c, status = 0;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'p') {
			policies = strtoul(optarg, NULL, 0);
		} else if (c == 's') {
			seed = strtoull(optarg, NULL, 0);
		} else {
			fputs("usage: brute [--policies N] [--seed S]\n", stderr);
			return 2;
		}
	}
	printf("1..%d\n# seed %" PRIu64 ", %lu policies\n", KINDS, seed, policies);
	brute.world = world = toy_world_new();
	r.state = seed;
	for (unsigned long n = 0; n < policies; n++) {
		check_findings(&brute, &r);
		check_accept(&brute, &r);
		check_diff(&brute, &r);
		if (n % SETS_EACH == 0)
			check_sets(&brute, &r);
	}
	toy_world_free(world);
	for (int i = 0; i < KINDS; i++) {
		bool good = counts[i].found > 0 && counts[i].found < counts[i].asked &&
			    counts[i].missed + counts[i].wrong + counts[i].bad_witness == 0;

		printf("%s %d - %s: %" PRIu64 " of %" PRIu64 " are, %" PRIu64 " missed, %" PRIu64
		       " false, %" PRIu64 " with no true witness\n",
		       good ? "ok" : "not ok", i + 1, kinds[i].what, counts[i].found,
		       counts[i].asked, counts[i].missed, counts[i].wrong, counts[i].bad_witness);
		status |= !good;
	}
	return status;
}
