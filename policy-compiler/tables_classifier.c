/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/* The data by which values find their classes (struct dg_var). */
#include <errno.h>
#include <string.h>

#include "array.h"
#include "tables_build.h"
#include "util.h"

/* Does each byte lead from the state to itself? */
static bool is_end(const struct dg_automaton *a, uint32_t state)
{
	const uint32_t *next = a->next + (size_t)state * a->byte_class_count;

	for (uint32_t column = 0; column < a->byte_class_count; column++)
		if (next[column] != state)
			return false;
	return true;
}

/* Each state is a row: where each class of bytes leads, then the class of what ends here. */
static int emit_automaton(const struct dg_automaton *a, struct dg_buffer *data)
{
	uint32_t stride = a->byte_class_count + 1;
	struct dg_dfa dfa = {.state_count = a->state_count, .stride = stride};
	_cleanup_free_ uint32_t *name = calloc(a->state_count, sizeof(*name));
	void *at;
	int r;

	if (!name)
		return -ENOMEM;
	for (uint32_t state = 0; state < a->state_count; state++)
		name[state] = is_end(a, state) ? DG_DFA_END | a->label[state] : state * stride;
	memcpy(dfa.byte_class, a->byte_class, sizeof(dfa.byte_class));
	dg_filter_make(a, name, &dfa);
	r = dg_buffer_append(data, &dfa, sizeof(dfa));
	if (r >= 0)
		r = dg_buffer_extend(data, (size_t)a->state_count * stride * sizeof(uint32_t), &at);
	if (r < 0)
		return r;
	for (uint32_t state = 0; state < a->state_count; state++) {
		uint32_t *row = (uint32_t *)at + (size_t)state * stride;

		for (uint32_t column = 0; column < a->byte_class_count; column++)
			row[column] = name[a->next[(size_t)state * a->byte_class_count + column]];
		row[a->byte_class_count] = a->label[state];
	}
	return dg_buffer_pad(data);
}

/* No element is of class 0, so that its column has room for the state's class. */
static int emit_set(const struct dg_set_automaton *set, struct dg_buffer *data)
{
	void *at;
	int r;

	r = dg_buffer_extend(
		data, (size_t)set->state_count * set->element_classes * sizeof(uint32_t), &at);
	if (r < 0)
		return r;
	for (uint32_t state = 0; state < set->state_count; state++) {
		uint32_t *row = (uint32_t *)at + (size_t)state * set->element_classes;

		row[0] = set->class[state];
		for (uint32_t column = 1; column < set->element_classes; column++)
			row[column] = set->next[(size_t)state * set->element_classes + column] *
				      set->element_classes;
	}
	return dg_buffer_pad(data);
}

int dg_classifier_emit(const struct dg_variable *v, struct dg_buffer *data, struct dg_var *ret)
{
	const struct dg_classifier *values = &v->values;
	struct dg_var var = {.kind = (uint16_t)v->kind,
			     .fact = v->fact,
			     .known = (uint8_t)dg_known_bit(v->kind, v->fact),
			     .mask = v->mask,
			     .class_count = v->class_count};
	int r;

	if (v->kind == DG_VAR_CLOCK) {
		*ret = var;
		return 0;
	}
	r = dg_exact_emit(values, data, &var);
	if (r < 0)
		return r;
	var.rest = values->rest;
	var.data_off = (uint32_t)data->count;
	if (values->values == DG_VALUES_NUM) {
		var.data_count = (uint32_t)values->interval_count;
		r = dg_buffer_append(data, values->intervals,
				     values->interval_count * sizeof(*values->intervals));
	} else if (values->values == DG_VALUES_STR && values->automaton.state_count > 0) {
		var.data_count = 1;
		r = emit_automaton(&values->automaton, data);
	}
	if (r >= 0 && v->kind == DG_VAR_SET) {
		var.set_off = (uint32_t)data->count;
		var.set_columns = v->set.element_classes;
		var.set_states = v->set.state_count;
		r = emit_set(&v->set, data);
	}
	if (r < 0)
		return r;
	*ret = var;
	return 0;
}

void dg_classifier_place(struct dg_var *var, uint8_t *data, uint32_t off)
{
	struct dg_exact_entry entry;

	if (var->kind == DG_VAR_CLOCK)
		return;
	if (var->hash_slots > 0) {
		uint8_t *at = data + var->hash_off +
			      ((var->hash_buckets * sizeof(uint32_t) + 7) & ~UINT64_C(7));

		for (uint32_t slot = 0; slot < var->hash_slots; slot++, at += sizeof(entry)) {
			memcpy(&entry, at, sizeof(entry));
			if (entry.words == 0)
				continue;
			entry.words += off;
			memcpy(at, &entry, sizeof(entry));
		}
		var->hash_off += off;
	}
	if (var->data_count > 0)
		var->data_off += off;
	else
		var->data_off = 0;
	if (var->kind == DG_VAR_SET)
		var->set_off += off;
}
