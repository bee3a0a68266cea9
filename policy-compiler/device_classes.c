// SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only
#include <string.h>

#include "device_classes.h"

/* Where a variable finds its value. */
struct dg_class_source {
	const struct dg_attr *attr; /* NULL: the time or the clock */
	unsigned int index;	    /* of a measurement */
};

static enum dg_var_kind dg_kind_of(const struct dg_attr *attr)
{
	if (attr->set)
		return DG_VAR_SET;
	if (attr->type == DG_TYPE_STRING)
		return DG_VAR_STR;
	return attr->type == DG_TYPE_DIGEST ? DG_VAR_DIGEST : DG_VAR_NUM;
}

static struct dg_class_source dg_source_of(const struct dg_variable *variable)
{
	for (int id = 0; id < DG_ATTR_MAX; id++) {
		const struct dg_attr *attr = dg_schema_attr((enum dg_attr_id)id);

		if (dg_kind_of(attr) != variable->kind)
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

int dg_device_classes_init(struct dg_device_classes *classes, const struct dg_symbols *symbols)
{
	struct dg_device_classes c = { 0 };

	c.variables = dg_symbols_variables(symbols, &c.count);
	c.sources = calloc(c.count + 1U, sizeof(*c.sources));
	c.classes = calloc(c.count + 1U, sizeof(*c.classes));
	if (!c.sources || !c.classes) {
		dg_device_classes_done(&c);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < c.count; i++)
		c.sources[i] = dg_source_of(&c.variables[i]);
	*classes = c;
	return 0;
}

void dg_device_classes_done(struct dg_device_classes *classes)
{
	free(classes->sources);
	free(classes->classes);
	*classes = (struct dg_device_classes){ 0 };
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

void dg_device_classify(struct dg_device_classes *classes, const struct dg_device *device,
			uint64_t time)
{
	for (uint32_t i = 0; i < classes->count; i++) {
		const struct dg_variable *variable = &classes->variables[i];
		const struct dg_class_source *source = &classes->sources[i];
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
		classes->classes[i] = class;
	}
}

/* The lowest rank that any part gives. */
static uint32_t dg_lowest_rank(const struct dg_fold *fold, const struct dg_fold_op *op,
			       const uint32_t *classes)
{
	uint32_t rank = DG_RANK_NONE;

	for (size_t i = 0; i < op->count; i++) {
		dg_ref ref = op->roots[i];
		struct dg_decision decision;

		while (!dg_ref_terminal(ref))
			ref = dg_diagram_child(fold->diagram, ref,
					       classes[dg_diagram_var(fold->diagram, ref)]);
		decision = dg_diagram_decided(fold->diagram, ref);
		if (decision.rank < rank)
			rank = decision.rank;
	}
	return rank;
}

void dg_fold_judge(const struct dg_fold *fold, const struct dg_device_classes *classes, uint32_t ops,
		   struct dg_fold_verdict verdicts[static DG_OP_MAX])
{
	const struct dg_fold_op *last = NULL;
	uint32_t rank = DG_RANK_NONE;

	for (unsigned int op = 0; op < DG_OP_MAX; op++) {
		const struct dg_fold_op *parts = &fold->ops[op];
		uint32_t rule;

		if (!(ops >> op & 1))
			continue;
		/* Operations with the same rules have the same parts. */
		if (!last || last->count != parts->count ||
		    memcmp(last->roots, parts->roots, parts->count * sizeof(parts->roots[0])))
			rank = dg_lowest_rank(fold, parts, classes->classes);
		last = parts;
		if (rank == DG_RANK_NONE) {
			verdicts[op].verdict = fold->policy->defaults[op];
			verdicts[op].rule = DG_RULE_DEFAULT;
			continue;
		}
		rule = fold->rule_of[rank];
		verdicts[op].rule = rule;
		verdicts[op].verdict = fold->policy->rules[rule].effect == DG_EFFECT_ALLOW ?
					       DG_VERDICT_ALLOW :
					       DG_VERDICT_DENY;
	}
}
