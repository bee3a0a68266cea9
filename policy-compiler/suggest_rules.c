// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only
#include <string.h>

#include "array.h"
#include "generate_write.h"
#include "source.h"
#include "suggest_rules.h"

static const char dg_head[] =
	"policy \"suggested\" version 1 abi 1;\n"
	"default bind, mmio, mmap, dma, dma-relaxed, dma-private, connect, lock, accept = deny;\n";

/* What @write makes of the box, as a text to be freed. NULL: out of memory. */
static char *dg_piece(struct dg_writer *w, uint32_t index, int (*write)(struct dg_writer *, uint32_t))
{
	FILE *whole = w->out;
	char *text = NULL;
	size_t len = 0;
	int err;

	w->out = open_memstream(&text, &len);
	if (!w->out) {
		w->out = whole;
		return NULL;
	}
	err = write(w, index);
	if (fclose(w->out) || err) {
		free(text);
		text = NULL;
	}
	w->out = whole;
	return text;
}

static int dg_make_rule(struct dg_writer *w, uint32_t index, struct dg_suggested *rule)
{
	rule->ops = w->boxes->boxes[index]->ops;
	rule->id = strdup(w->ids[index]);
	rule->text = dg_piece(w, index, dg_writer_rule);
	if (!rule->id || !rule->text)
		return -ENOMEM;
	fputs(rule->text, w->out);
	return 0;
}

/* Which rules admit each device of the log to something that was denied: its own are one run. */
struct dg_admitting {
	uint32_t *rules;
	size_t count, room;
	size_t *first; /* by device, and one more */
};

static void dg_admitting_done(struct dg_admitting *admitting)
{
	free(admitting->rules);
	free(admitting->first);
}

static int dg_push(uint32_t **numbers, size_t *room, size_t *count, uint32_t number)
{
	int err = dg_array_reserve(numbers, room, *count + 1, sizeof(**numbers));

	if (!err)
		(*numbers)[(*count)++] = number;
	return err;
}

/*
 * There may be as many rules as devices, and sets as large: no rule is tried on a device. The boxes that it
 * lies within say which rules are true of it.
 */
static int dg_find_rules(struct dg_suggestions *s, const struct dg_device *device, uint32_t number,
			 uint32_t wanted, struct dg_admitting *admitting)
{
	const uint32_t *boxes;
	size_t count;
	int err = dg_boxes_find(s->boxes, device, &boxes, &count);

	for (size_t i = 0; i < count && !err; i++) {
		struct dg_suggested *rule = &s->rules[s->rule_of[boxes[i]]];

		if (!(wanted & rule->ops))
			continue;
		err = dg_push(&rule->numbers, &rule->room, &rule->count, number);
		if (!err)
			err = dg_push(&admitting->rules, &admitting->room, &admitting->count,
				      s->rule_of[boxes[i]]);
	}
	return err;
}

static int dg_find_devices(struct dg_suggestions *s, const struct dg_denials *denials,
			   const uint32_t *wanted, struct dg_admitting *admitting)
{
	size_t devices = denials->devices->device_count;
	int err = 0;

	admitting->first = calloc(devices + 1, sizeof(*admitting->first));
	if (!admitting->first)
		return -ENOMEM;
	for (uint32_t i = 0; i < devices && !err; i++) {
		if (wanted[i])
			err = dg_find_rules(s, denials->devices->devices[i], i, wanted[i],
					    admitting);
		admitting->first[i + 1] = admitting->count;
	}
	return err;
}

/* The refusals of each device: a chain. */
static int dg_chain_refusals(struct dg_suggestions *s, const struct dg_denials *denials)
{
	size_t devices = denials->devices->device_count;

	s->first = calloc(devices + 1, sizeof(*s->first));
	s->next = calloc(denials->refusal_count + 1, sizeof(*s->next));
	if (!s->first || !s->next)
		return -ENOMEM;
	for (size_t i = 0; i < devices; i++)
		s->first[i] = DG_NO_REFUSAL;
	/* From the last one, so that the first one is at the head. */
	for (size_t i = denials->refusal_count; i-- > 0;) {
		uint32_t device = denials->refusals[i].device;

		s->next[i] = s->first[device];
		s->first[device] = (uint32_t)i;
	}
	return 0;
}

/* The refusals that each rule would have prevented. */
static int dg_find_refusals(struct dg_suggestions *s, const struct dg_denials *denials,
			    const struct dg_admitting *admitting)
{
	int err = 0;

	for (size_t i = 0; i < denials->refusal_count && !err; i++) {
		const struct dg_refusal *refusal = &denials->refusals[i];
		size_t at = admitting->first[refusal->device];

		for (; at < admitting->first[refusal->device + 1] && !err; at++) {
			struct dg_suggested *rule = &s->rules[admitting->rules[at]];

			if (refusal->ops & rule->ops)
				err = dg_push(&rule->refusals, &rule->refusal_room,
					      &rule->refusal_count, (uint32_t)i);
		}
	}
	return err;
}

static int dg_parse_rules(struct dg_suggestions *s, const char *text, size_t len)
{
	_cleanup_diags_ struct dg_diags diags = { 0 };

	if (len > DG_SOURCE_MAX_BYTES)
		return -EFBIG;
	return dg_policy_load_text("suggested", text, len, 0, &diags, &s->policy);
}

static int dg_make_rules(struct dg_suggestions *s, const struct dg_device_store *store)
{
	const struct dg_boxes *boxes = s->boxes;
	_cleanup_free_ char *text = NULL;
	size_t len = 0;
	struct dg_writer w = {
		.store = store,
		.boxes = boxes,
		.prefix = "suggested",
		.out = open_memstream(&text, &len),
	};
	int err = w.out ? dg_writer_begin(&w) : -ENOMEM;

	if (!err)
		fputs(dg_head, w.out);
	for (size_t i = 0; i < boxes->count && !err; i++) {
		s->rule_of[w.order[i]] = (uint32_t)i;
		err = dg_make_rule(&w, w.order[i], &s->rules[s->count++]);
	}
	if (w.out && fclose(w.out))
		err = -ENOMEM;
	dg_writer_done(&w);
	return err ?: dg_parse_rules(s, text, len);
}

static bool dg_same_id(const struct dg_rule_node *rule, struct dg_bytes id)
{
	return rule->id.len == id.len && !memcmp(rule->id.data, id.data, id.len);
}

/* Which rules of the policy the log speaks of. */
static int dg_find_decided(const struct dg_denials *denials, const struct dg_policy *policy,
			   const struct dg_rule_node **decided)
{
	struct dg_map rules = { 0 };
	int err = 0;

	for (uint32_t i = 0; i < policy->rule_count && !err; i++) {
		struct dg_bytes id = policy->rules[i].id;

		err = dg_map_put(&rules, dg_hash(id.data, id.len), id.len, i);
	}
	for (size_t i = 0; i < denials->refusal_count && !err; i++) {
		struct dg_bytes id = denials->refusals[i].rule;
		uint32_t at;

		if (id.data && dg_map_get(&rules, dg_hash(id.data, id.len), id.len, &at) &&
		    dg_same_id(&policy->rules[at], id))
			decided[i] = &policy->rules[at];
	}
	dg_map_done(&rules);
	return err;
}

/* What forbids alone denied each device. The same operation may have been denied otherwise, too. */
static void dg_find_forbidden(const struct dg_denials *denials,
			      const struct dg_rule_node *const *decided, uint32_t *forbidden)
{
	for (unsigned int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < denials->refusal_count; i++) {
			const struct dg_refusal *refusal = &denials->refusals[i];
			bool forbid = decided[i] && decided[i]->effect == DG_EFFECT_FORBID;

			if (pass == 0 && forbid)
				forbidden[refusal->device] |= refusal->ops;
			else if (pass == 1 && !forbid)
				forbidden[refusal->device] &= ~refusal->ops;
		}
}

/* What is to be allowed, by device. */
static int dg_find_wanted(struct dg_suggestions *s, const struct dg_denials *denials,
			  const struct dg_policy *in_force, uint32_t **ret)
{
	size_t devices = denials->devices->device_count;
	uint32_t *wanted;
	int err;

	s->forbidden = calloc(devices + 1, sizeof(*s->forbidden));
	s->decided = calloc(denials->refusal_count + 1, sizeof(*s->decided));
	if (!s->forbidden || !s->decided)
		return -ENOMEM;
	err = in_force ? dg_find_decided(denials, in_force, s->decided) : 0;
	if (err)
		return err;
	dg_find_forbidden(denials, s->decided, s->forbidden);
	wanted = calloc(devices + 1, sizeof(*wanted));
	if (!wanted)
		return -ENOMEM;
	for (size_t i = 0; i < devices; i++)
		wanted[i] = denials->ops[i] & ~s->forbidden[i];
	*ret = wanted;
	return 0;
}

int dg_suggest(const struct dg_denials *denials, const struct dg_policy *in_force,
	       struct dg_suggestions **ret)
{
	_cleanup_(dg_cleanup_suggestions) struct dg_suggestions *s = calloc(1, sizeof(*s));
	_cleanup_(dg_admitting_done) struct dg_admitting admitting = { 0 };
	struct dg_boxes_options options = { 0 };
	_cleanup_(dg_device_store_done) struct dg_device_store store = {};
	size_t devices = denials->devices->device_count;
	_cleanup_free_ uint32_t *wanted = NULL;
	int err;

	if (!s)
		return -ENOMEM;
	err = dg_find_wanted(s, denials, in_force, &wanted);
	options.ops = wanted;
	if (!err)
		err = dg_device_store_add_all(&store, denials->devices);
	if (!err)
		err = dg_boxes_new(&store, &options, &s->boxes);
	if (err)
		return err;
	s->rules = calloc(s->boxes->count + 1, sizeof(*s->rules));
	s->rule_of = calloc(s->boxes->count + 1, sizeof(*s->rule_of));
	s->refused = calloc(devices + 1, sizeof(*s->refused));
	if (!s->rules || !s->rule_of || !s->refused)
		return -ENOMEM;
	for (size_t i = 0; i < devices; i++)
		s->refused[i] = wanted[i] & ~s->boxes->promised[i];
	err = dg_make_rules(s, &store);
	if (!err)
		err = dg_find_devices(s, denials, wanted, &admitting);
	if (!err)
		err = dg_find_refusals(s, denials, &admitting);
	if (!err)
		err = dg_chain_refusals(s, denials);
	if (err)
		return err;
	*ret = TAKE_PTR(s);
	return 0;
}

void dg_suggestions_free(struct dg_suggestions *s)
{
	if (!s)
		return;
	for (size_t i = 0; s->rules && i < s->count; i++) {
		struct dg_suggested *rule = &s->rules[i];

		free(rule->id);
		free(rule->text);
		free(rule->numbers);
		free(rule->refusals);
		for (size_t k = 0; k < rule->also_count && k < DG_ALSO_SHOWN; k++)
			free(rule->also[k]);
	}
	dg_policy_free(s->policy);
	dg_boxes_free(s->boxes);
	dg_map_done(&s->names);
	free(s->rules);
	free(s->rule_of);
	free(s->refused);
	free(s->forbidden);
	free(s->decided);
	free(s->first);
	free(s->next);
	free(s);
}
