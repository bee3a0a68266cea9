// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only
#include "array.h"
#include "device_judge.h"
#include "diagram_store.h"

/* Where a variable finds its value. */
struct dg_class_source {
	const struct dg_attr *attr; /* NULL: the time or the clock */
	unsigned int index;	    /* of a measurement */
};

static struct dg_class_source dg_source_of(const struct dg_variable *variable)
{
	for (int id = 0; id < DG_ATTR_MAX; id++) {
		const struct dg_attr *attr = dg_schema_attr((enum dg_attr_id)id);

		if (dg_attr_kind(attr) != variable->kind)
			continue;
		if (id == DG_ATTR_SPDM_MEAS && variable->fact > attr->fact &&
		    variable->fact <= attr->fact + DG_MEAS_MAX)
			return (struct dg_class_source){ attr,
							 (unsigned int)(variable->fact - attr->fact) };
		if (id != DG_ATTR_SPDM_MEAS && attr->fact == variable->fact)
			return (struct dg_class_source){ .attr = attr };
	}
	return (struct dg_class_source){ 0 };
}

/* A root that tests a variable of many classes costs a search; up to so many bytes buy an array. */
#define DG_JUDGE_ARRAY_BYTES (64U << 20)

static int dg_add_children(struct dg_device_judge *judge, struct dg_judge_part *part, size_t *room)
{
	const struct dg_diagram *diagram = judge->folds[0]->diagram;
	uint32_t count;

	if (dg_ref_terminal(part->root))
		return 0;
	part->variable = dg_diagram_var(diagram, part->root);
	count = dg_diagram_class_count(diagram, part->variable);
	if (count < 16 || count * sizeof(*part->children) > *room)
		return 0;
	*room -= count * sizeof(*part->children);
	part->children = calloc(count, sizeof(*part->children));
	if (!part->children)
		return -ENOMEM;
	for (uint32_t class = 0; class < count; class++)
		part->children[class] = dg_diagram_child(diagram, part->root, class);
	return 0;
}

static int dg_add_part(struct dg_device_judge *judge, dg_ref root, size_t *room, uint16_t *ret)
{
	size_t i = 0;
	int err;

	while (i < judge->part_count && judge->parts[i].root != root)
		i++;
	*ret = (uint16_t)i;
	if (i < judge->part_count)
		return 0;
	err = dg_array_reserve(&judge->parts, &judge->part_room, i + 1, sizeof(*judge->parts));
	if (err)
		return err;
	judge->parts[judge->part_count++] = (struct dg_judge_part){ .root = root };
	return dg_add_children(judge, &judge->parts[i], room);
}

static int dg_add_parts(struct dg_device_judge *judge)
{
	size_t room = DG_JUDGE_ARRAY_BYTES;
	int err = 0;

	for (unsigned int fold = 0; fold < judge->fold_count; fold++) {
		for (int op = 0; op < DG_OP_MAX; op++) {
			const struct dg_fold_op *parts = &judge->folds[fold]->ops[op];

			for (size_t i = 0; i < parts->count && !err; i++)
				err = dg_add_part(judge, parts->roots[i], &room,
						  &judge->parts_of[fold][op][i]);
		}
	}
	return err;
}

int dg_device_judge_init(struct dg_device_judge *judge, const struct dg_fold *const *folds,
			 unsigned int fold_count)
{
	int err = -ENOMEM;

	*judge = (struct dg_device_judge){ .fold_count = fold_count };
	for (unsigned int i = 0; i < fold_count; i++)
		judge->folds[i] = folds[i];
	judge->variables = dg_symbols_variables(folds[0]->symbols, &judge->variable_count);
	judge->sources = calloc(judge->variable_count + 1U, sizeof(*judge->sources));
	judge->classes = calloc(judge->variable_count + 1U, sizeof(*judge->classes));
	if (judge->sources && judge->classes) {
		for (uint32_t i = 0; i < judge->variable_count; i++)
			judge->sources[i] = dg_source_of(&judge->variables[i]);
		err = dg_add_parts(judge);
	}
	if (err)
		dg_device_judge_done(judge);
	return err;
}

void dg_device_judge_done(struct dg_device_judge *judge)
{
	for (size_t i = 0; i < judge->part_count; i++)
		free(judge->parts[i].children);
	free(judge->parts);
	free(judge->sources);
	free(judge->classes);
	*judge = (struct dg_device_judge){ 0 };
}

static uint32_t dg_value_class(const struct dg_variable *variable, const struct dg_literal *value)
{
	struct dg_digest_fact digest;

	switch (variable->values.values) {
	case DG_VALUES_STR:
		return dg_classifier_bytes(&variable->values, value->str);
	case DG_VALUES_DIGEST:
		dg_digest_fact(value->digest, &digest);
		return dg_classifier_bytes(&variable->values,
					   (struct dg_bytes){ (const char *)&digest,
							      sizeof(digest) });
	case DG_VALUES_NUM:
		break;
	}
	/* A set's elements have no mask. */
	return dg_classifier_num(&variable->values,
				 variable->kind == DG_VAR_NUM ? value->num & variable->mask :
								value->num);
}

static uint32_t dg_set_class(const struct dg_variable *variable, const struct dg_fact *fact)
{
	const struct dg_set_automaton *set = &variable->set;
	uint32_t state = 0;

	for (size_t i = 0; i < fact->element_count; i++)
		state = set->next[(size_t)state * set->element_classes +
				  dg_value_class(variable, &fact->elements[i])];
	return set->class[state];
}

static void dg_classify(struct dg_device_judge *judge, const struct dg_device *device, uint64_t time)
{
	for (uint32_t i = 0; i < judge->variable_count; i++) {
		const struct dg_variable *variable = &judge->variables[i];
		const struct dg_class_source *source = &judge->sources[i];
		const struct dg_fact *fact;
		uint32_t class = 0;

		if (variable->kind == DG_VAR_TIME) {
			class = dg_classifier_num(&variable->values, time);
		} else if (variable->kind == DG_VAR_CLOCK) {
			class = 1;
		} else if (source->attr) {
			fact = dg_device_fact(device, source->attr, source->index);
			if (fact->known)
				class = variable->kind == DG_VAR_SET ?
						dg_set_class(variable, fact) :
						dg_value_class(variable, &fact->scalar);
		}
		judge->classes[i] = class;
	}
}

/* As dg_diagram_child(), but most nodes have few runs, and this is where a diff spends its time. */
static dg_ref dg_step(const struct dg_diagram *d, const struct dg_diagram_node *node, uint32_t class)
{
	const struct dg_run *runs = d->runs + node->run_off;
	size_t low = 0, high = node->run_count;

	while (high - low > 8) {
		size_t middle = low + (high - low) / 2;

		if (runs[middle].first <= class)
			low = middle;
		else
			high = middle;
	}
	while (low + 1 < high && runs[low + 1].first <= class)
		low++;
	return runs[low].child;
}

static void dg_walk_parts(struct dg_device_judge *judge)
{
	const struct dg_diagram *d = judge->folds[0]->diagram;

	for (size_t i = 0; i < judge->part_count; i++) {
		struct dg_judge_part *part = &judge->parts[i];
		dg_ref ref = part->root;

		if (part->children)
			ref = part->children[judge->classes[part->variable]];
		while (!dg_ref_terminal(ref)) {
			const struct dg_diagram_node *node = &d->nodes[ref];

			ref = dg_step(d, node, judge->classes[node->var]);
		}
		part->rank = dg_diagram_decided(d, ref).rank;
	}
}

/* The lowest rank below @rank that a rule which is in no part gives, or @rank. */
static uint32_t dg_rank_apart(const struct dg_device_judge *judge, const struct dg_fold *f,
			      unsigned int op, uint32_t rank)
{
	const struct dg_fold_column *column = dg_fold_column_of(f, op);
	const struct dg_diagram *d = f->diagram;

	for (size_t i = 0; i < column->apart_count; i++) {
		uint32_t rule = column->apart[i];
		dg_ref ref = f->match[rule];

		if (f->rank[rule] >= rank)
			break;
		while (!dg_ref_terminal(ref))
			ref = dg_step(d, &d->nodes[ref], judge->classes[d->nodes[ref].var]);
		if (ref == DG_TRUE && !f->policy->rules[rule].permissive)
			return f->rank[rule];
	}
	return rank;
}

/* The decision is that of the lowest rank that any part gives. */
static struct dg_device_verdict dg_verdict_on(const struct dg_device_judge *judge, unsigned int fold,
					      unsigned int op)
{
	const struct dg_fold *f = judge->folds[fold];
	uint32_t rank = DG_RANK_NONE, rule;

	for (size_t i = 0; i < f->ops[op].count; i++) {
		uint32_t own = judge->parts[judge->parts_of[fold][op][i]].rank;

		if (own < rank)
			rank = own;
	}
	rank = dg_rank_apart(judge, f, op, rank);
	if (rank == DG_RANK_NONE)
		return (struct dg_device_verdict){ f->policy->defaults[op], DG_RULE_DEFAULT };
	rule = f->rule_of[rank];
	return (struct dg_device_verdict){
		f->policy->rules[rule].effect == DG_EFFECT_ALLOW ? DG_VERDICT_ALLOW :
								   DG_VERDICT_DENY,
		rule,
	};
}

void dg_device_judge_run(struct dg_device_judge *judge, const struct dg_device *device,
			 uint64_t time, struct dg_device_verdict (*verdicts)[DG_OP_MAX])
{
	dg_classify(judge, device, time);
	dg_walk_parts(judge);
	for (unsigned int fold = 0; fold < judge->fold_count; fold++)
		for (unsigned int op = 0; op < DG_OP_MAX; op++)
			verdicts[fold][op] = dg_verdict_on(judge, fold, op);
}
