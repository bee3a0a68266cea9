// SPDX-License-Identifier: GPL-2.0-only
/* devgate suggest EVENTS */
#include <string.h>

#include "args.h"
#include "author.h"
#include "show.h"
#include "suggest_rules.h"

#define DEVICES_SHOWN 6

struct options {
	const char *events, *inventory, *policy;
	bool json;
};

struct suggesting {
	const struct dg_denials *denials;
	struct dg_suggestions *suggestions;
	const struct dg_policy *policy; /* in force, as far as it was given */
	bool tried;			/* against an inventory */
};

static int try_one(struct dg_device *device, size_t position, void *context)
{
	struct suggesting *s = context;

	(void)position;
	return dg_suggestions_try(s->suggestions, s->denials, device);
}

/* Refusals one by one: of a rule, or (@rule NULL) of a device on some operations. */
struct refusals {
	const struct dg_suggested *rule;
	size_t at;	    /* of the rule's */
	uint32_t next, ops; /* of the device's: the next one, or DG_NO_REFUSAL */
};

static struct refusals refusals_of(const struct suggesting *s, uint32_t device, uint32_t ops)
{
	return (struct refusals){ .next = s->suggestions->first[device], .ops = ops };
}

static bool next_refusal(const struct suggesting *s, struct refusals *r, uint32_t *ret)
{
	if (r->rule) {
		if (r->at == r->rule->refusal_count)
			return false;
		*ret = r->rule->refusals[r->at++];
		return true;
	}
	while (r->next != DG_NO_REFUSAL) {
		uint32_t number = r->next;

		r->next = s->suggestions->next[number];
		if (!(s->denials->refusals[number].ops & r->ops))
			continue;
		*ret = number;
		return true;
	}
	return false;
}

static void print_ops(uint32_t ops, const char *between, const char *quote)
{
	const char *separator = "";

	for (unsigned int op = 0; op < DG_OP_MAX; op++) {
		if (!(ops >> op & 1))
			continue;
		printf("%s%s%s%s", separator, quote, dg_op_name((enum dg_op)op), quote);
		separator = between;
	}
}

static void print_refusal(const struct suggesting *s, uint32_t number)
{
	const struct dg_refusal *refusal = &s->denials->refusals[number];
	const struct dg_rule_node *node = s->suggestions->decided[number];

	printf("#   refused %zu time%s (", refusal->count, refusal->count == 1 ? "" : "s");
	print_ops(refusal->ops, ", ", "");
	printf(") by ");
	if (refusal->rule.data)
		dg_show_quoted(refusal->rule);
	else
		printf("default");
	if (refusal->last.len) {
		printf(", last at ");
		dg_show_safe(refusal->last);
	}
	if (node && node->effect == DG_EFFECT_FORBID)
		printf("; a forbid: no allow rule helps, the forbid must change");
	else if (node && node->effect == DG_EFFECT_DENY)
		printf("; the new rule must stand before it");
	else if (refusal->rule.data && !s->policy)
		printf("; stand before it, if it is a deny; a forbid must change itself");
	printf("\n");
}

static void print_also(const struct suggesting *s, const struct dg_suggested *rule)
{
	if (!s->tried)
		return;
	if (!rule->also_count) {
		printf("#   of the inventory it would admit nothing else\n");
		return;
	}
	printf("#   of the inventory it would also admit ");
	for (size_t i = 0; i < rule->also_count && i < DG_ALSO_SHOWN; i++) {
		printf("%s", i ? ", " : "");
		dg_show_safe((struct dg_bytes){rule->also[i], strlen(rule->also[i])});
	}
	if (rule->also_count > DG_ALSO_SHOWN)
		printf(" and %zu more", rule->also_count - DG_ALSO_SHOWN);
	printf("\n");
}

static void print_rule(const struct suggesting *s, const struct dg_suggested *rule)
{
	struct refusals refusals = { .rule = rule };
	const struct dg_denials *denials = s->denials;
	uint32_t number;

	printf("\n# ");
	for (size_t i = 0; i < rule->count && i < DEVICES_SHOWN; i++) {
		printf("%s", i ? ", " : "");
		dg_show_safe(denials->devices->devices[rule->numbers[i]]->label);
	}
	if (rule->count > DEVICES_SHOWN)
		printf(" and %zu more", rule->count - DEVICES_SHOWN);
	printf("\n");
	while (next_refusal(s, &refusals, &number))
		print_refusal(s, number);
	print_also(s, rule);
	fputs(rule->text, stdout);
}

static void print_no_rule(const struct suggesting *s, uint32_t device, uint32_t ops, const char *why)
{
	struct refusals refusals = refusals_of(s, device, ops);
	uint32_t number;

	if (!ops)
		return;
	printf("\n# No rule for ");
	dg_show_safe(s->denials->devices->devices[device]->label);
	printf(" on ");
	print_ops(ops, ", ", "");
	printf(": %s.\n", why);
	while (next_refusal(s, &refusals, &number))
		print_refusal(s, number);
}

#define EVIDENCE_OPS (1U << DG_OP_ACCEPT | 1U << DG_OP_DMA_PRIVATE)

static void print_hopeless(const struct suggesting *s)
{
	for (uint32_t i = 0; i < s->denials->devices->device_count; i++) {
		print_no_rule(s, i, s->suggestions->forbidden[i],
			      "a forbid decides before every allow");
		print_no_rule(s, i, s->suggestions->refused[i],
			      s->suggestions->refused[i] & EVIDENCE_OPS ?
				      "its evidence was not verified" :
				      "no stable attribute tells it from any other device");
	}
}

static void print_text(const struct suggesting *s)
{
	const struct dg_denials *d = s->denials;

	printf("# %zu denial%s among %zu decisions, of %zu device%s.", d->denied,
	       d->denied == 1 ? "" : "s", d->events, d->devices->device_count,
	       d->devices->device_count == 1 ? "" : "s");
	if (d->lost)
		printf(" %zu more events are lost: the log does not show them.", d->lost);
	printf("\n");
	if (!s->suggestions->count && !d->denied) {
		printf("# Nothing was denied.\n");
		return;
	}
	if (s->suggestions->count)
		printf("# The rules below would have admitted them, and every other device of which the same is\n"
		       "# true. What a device claims (its ids, classes, serial number) is its own word: ask who\n"
		       "# plugged it in before you take a rule over.\n");
	for (size_t i = 0; i < s->suggestions->count; i++)
		print_rule(s, &s->suggestions->rules[i]);
	print_hopeless(s);
}

static const char *effect_name(const struct dg_rule_node *node)
{
	return !node				    ? "null" :
	       node->effect == DG_EFFECT_FORBID ? "\"forbid\"" :
	       node->effect == DG_EFFECT_DENY   ? "\"deny\"" :
						    "\"allow\"";
}

/* The end of a list of devices, who refused them, and how often in all. */
static void json_refused_by(const struct suggesting *s, struct refusals refusals)
{
	const char *separator = "";
	size_t count = 0;
	uint32_t number;

	printf("],\"refused_by\":[");
	while (next_refusal(s, &refusals, &number)) {
		const struct dg_refusal *refusal = &s->denials->refusals[number];

		count += refusal->count;
		printf("%s{\"rule\":", separator);
		dg_show_json(refusal->rule);
		printf(",\"default\":%s,\"effect\":%s,\"count\":%zu,\"last\":",
		       refusal->rule.data ? "false" : "true",
		       effect_name(s->suggestions->decided[number]), refusal->count);
		dg_show_json(refusal->last);
		printf("}");
		separator = ",";
	}
	printf("],\"denials\":%zu", count);
}

static void json_no_rule(const struct suggesting *s, uint32_t device, uint32_t ops)
{
	if (!ops)
		return;
	printf("{\"rule\":null,\"text\":null,\"ops\":[");
	print_ops(ops, ",", "\"");
	printf("],\"devices\":[");
	dg_show_json(s->denials->devices->devices[device]->label);
	json_refused_by(s, refusals_of(s, device, ops));
	printf(",\"also_admits\":null,\"also_admits_count\":null}\n");
}

static void json_rule(const struct suggesting *s, const struct dg_suggested *rule)
{
	const struct dg_denials *d = s->denials;

	printf("{\"rule\":");
	dg_show_json((struct dg_bytes){rule->id, strlen(rule->id)});
	printf(",\"text\":");
	dg_show_json((struct dg_bytes){rule->text, strlen(rule->text)});
	printf(",\"ops\":[");
	print_ops(rule->ops, ",", "\"");
	printf("],\"devices\":[");
	for (size_t i = 0; i < rule->count; i++) {
		printf("%s", i ? "," : "");
		dg_show_json(d->devices->devices[rule->numbers[i]]->label);
	}
	json_refused_by(s, (struct refusals){ .rule = rule });
	printf(",\"also_admits\":");
	if (!s->tried) {
		printf("null,\"also_admits_count\":null}\n");
		return;
	}
	for (size_t i = 0; i < rule->also_count && i < DG_ALSO_SHOWN; i++) {
		printf("%s", i ? "," : "[");
		dg_show_json((struct dg_bytes){rule->also[i], strlen(rule->also[i])});
	}
	printf("%s],\"also_admits_count\":%zu}\n", rule->also_count ? "" : "[", rule->also_count);
}

static int suggest(const char *verb, const struct options *o, struct suggesting *s)
{
	_cleanup_diags_ struct dg_diags diags = {};
	int r;

	r = dg_suggest(s->denials, s->policy, &s->suggestions);
	if (r < 0)
		return dg_author_fail(verb, DG_EXIT_SYSTEM, "%s: %s", o->events, strerror(-r));
	if (o->inventory) {
		s->tried = true;
		r = dg_inventory_each(o->inventory, &diags, try_one, s);
		if (r < 0)
			return dg_author_failed(verb, o->inventory, r, o->json, &diags);
		dg_diags_print(stderr, &diags);
	}
	if (!o->json) {
		print_text(s);
		return DG_EXIT_OK;
	}
	for (size_t i = 0; i < s->suggestions->count; i++)
		json_rule(s, &s->suggestions->rules[i]);
	for (uint32_t i = 0; i < s->denials->devices->device_count; i++) {
		json_no_rule(s, i, s->suggestions->forbidden[i]);
		json_no_rule(s, i, s->suggestions->refused[i]);
	}
	return DG_EXIT_OK;
}

static int run(const char *verb, const struct options *o)
{
	_cleanup_(dg_cleanup_suggestions) struct dg_suggestions *suggestions = NULL;
	_cleanup_(dg_cleanup_denials) struct dg_denials *denials = NULL;
	_cleanup_(dg_cleanup_policy) struct dg_policy *policy = NULL;
	_cleanup_diags_ struct dg_diags diags = {};
	struct suggesting s = {};
	int r = DG_EXIT_OK;

	if (o->policy)
		r = dg_author_policy(verb, o->policy, DG_LOAD_NO_EXPIRED, o->json, &policy);
	if (r != DG_EXIT_OK)
		return r;
	r = dg_denials_load(o->events, &diags, &denials);
	if (r < 0)
		return dg_author_failed(verb, o->events, r, o->json, &diags);
	dg_diags_print(stderr, &diags);
	s.denials = denials;
	s.policy = policy;
	r = suggest(verb, o, &s);
	suggestions = s.suggestions;
	return r;
}

int dg_verb_suggest(int argc, char **argv)
{
	struct dg_args args;
	struct options o;
	int dashes;

	if (dg_args_parse(argc, argv, 1, 1, &args) != DG_EXIT_OK)
		return DG_EXIT_USAGE;
	o = (struct options){
		.events = args.operands[0],
		.inventory = args.values[DG_OPTION_suggest_inventory],
		.policy = args.values[DG_OPTION_suggest_policy],
		.json = args.json,
	};
	dashes = !strcmp(o.events, "-") + (o.inventory && !strcmp(o.inventory, "-")) +
		 (o.policy && !strcmp(o.policy, "-"));
	if (dashes > 1)
		return dg_args_usage(argv[0], "only one of them can be -");
	return dg_author_finish(argv[0], run(argv[0], &o));
}
