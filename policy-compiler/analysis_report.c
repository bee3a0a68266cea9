/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
/* Witnesses, and what is said about findings. */
#define _GNU_SOURCE /* vasprintf() */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "analysis_parts.h"
#include "eval.h"
#include "inventory.h"
#include "util.h"

int dg_analysis_witness_in(struct dg_analysis *a, struct dg_arena *arena,
			   struct dg_analysis_witness *ret)
{
	struct dg_analysis_witness w = {};
	struct dg_witness found;
	struct tm tm;
	time_t time;
	int r;

	r = dg_symbols_device(a->fold->symbols, a->search.classes, arena, &found);
	if (r < 0)
		return r;
	w.device = found.device;
	w.time = found.time;
	time = (time_t)found.time;
	if (found.has_time && gmtime_r(&time, &tm))
		strftime(w.when, sizeof(w.when), " at %Y-%m-%dT%H:%M:%SZ", &tm);
	*ret = w;
	return 0;
}

int dg_analysis_witness(struct dg_analysis *a, struct dg_analysis_witness *ret)
{
	dg_arena_reset(a->arena);
	return dg_analysis_witness_in(a, a->arena, ret);
}

bool dg_analysis_matches(const struct dg_analysis *a, uint32_t number,
			 const struct dg_analysis_witness *w)
{
	const struct dg_rule_node *rule = &a->policy->rules[number];
	enum dg_truth truth = DG_TRUTH_TRUE;

	if (rule->where)
		truth = dg_eval_condition(rule->where, w->device);
	return dg_eval_live(rule, w->time, true) &&
	       (truth == DG_TRUTH_TRUE ||
		(truth == DG_TRUTH_UNKNOWN && rule->effect != DG_EFFECT_ALLOW));
}

void dg_analysis_decide(const struct dg_analysis *a, const struct dg_analysis_witness *w, enum dg_op op,
			struct dg_answer *ret)
{
	dg_eval_decide(a->policy, w->device, op, w->time, true, ret);
}

void dg_analysis_report(struct dg_analysis *a, enum dg_diag_id id, enum dg_severity severity,
			const struct dg_pos *pos, const struct dg_analysis_witness *w, const char *format,
			...)
{
	char *message = NULL, *witness = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&message, format, args) < 0)
		message = NULL;
	va_end(args);
	if (!message) {
		a->diags->out_of_memory = true;
		return;
	}
	/* Without memory for the witness the finding stands by itself. */
	if (w && dg_device_to_json(w->device, &witness) < 0)
		witness = NULL;
	dg_diag_report_full(a->diags, id, severity, pos, witness, "%s%s", message,
			    w && !dg_device_is_utf8(w->device) ?
				    "; the witness has bytes that are no UTF-8, shown as U+FFFD" :
				    "");
	free(message);
}

void dg_analysis_name(const struct dg_analysis *a, const uint32_t *rules, size_t count, bool more,
		      char *ret, size_t size)
{
	size_t used = 0;

	ret[0] = 0;
	for (size_t i = 0; i < count && used < size; i++) {
		const char *joint = i == 0			    ? ""
				    : i + 1 == count && !more ? " and "
							    : ", ";
		int n;

		if (rules[i] == DG_RULE_DEFAULT)
			n = snprintf(ret + used, size - used, "%sthe default", joint);
		else
			n = snprintf(ret + used, size - used, "%s\"%.*s\"", joint,
				     (int)a->policy->rules[rules[i]].id.len,
				     a->policy->rules[rules[i]].id.data);
		used += (size_t)n;
	}
	if (more && used < size)
		snprintf(ret + used, size - used, " and others");
}

void dg_analysis_disagree(struct dg_analysis *a, const struct dg_pos *pos)
{
	dg_diag_report(a->diags, DG_E212, pos,
		       "the analysis and the reference evaluator disagree here, so nothing is said "
		       "about it; please report this policy");
}
