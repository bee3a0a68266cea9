// SPDX-License-Identifier: GPL-2.0-only
#include <bpf/libbpf.h>
#include <string.h>
#include <time.h>

#include "arena.h"
#include "args.h"
#include "array.h"
#include "author.h"
#include "engine_run.h"
#include "eval.h"
#include "inventory.h"
#include "json_write.h"
#include "object.h"
#include "object_text.h"
#include "progress.h"
#include "text.h"
#include "walker.h"

enum engine {
	ENGINE_AUTO, /* ref for a text, table for an object */
	ENGINE_REF,
	ENGINE_TABLE,
	ENGINE_BPF,
};

struct options {
	const char *input, *inventory;
	enum engine engine;
	uint32_t ops;
	bool has_at;
	uint64_t at;
	bool json, fail_on_deny;
};

/* What the verdicts come from: one of the engines, and the names of the rules. */
struct judge {
	enum engine engine;
	struct dg_policy *policy;	/* ref */
	const struct dg_tables *tables; /* table and bpf */
	struct dg_engine *bpf;
	/* what has to live as long */
	struct dg_input input;
	struct dg_policy *from_object;
	struct dg_tables *compiled;
	struct dg_object *linked;
};

static void judge_done(struct judge *j)
{
	dg_engine_free(j->bpf);
	dg_policy_free(j->from_object);
	free(j->compiled);
	dg_object_free(j->linked);
	dg_input_done(&j->input);
}

static enum engine engine_of(const char *name)
{
	if (!name)
		return ENGINE_AUTO;
	if (!strcmp(name, "table"))
		return ENGINE_TABLE;
	return strcmp(name, "bpf") ? ENGINE_REF : ENGINE_BPF;
}

static int parse(int argc, char **argv, struct options *ret)
{
	struct options o = {.ops = DG_OPS_ALL};
	const char *ops, *at;
	struct dg_args args;
	int r;

	r = dg_args_parse(argc, argv, 1, 1, &args);
	if (r != DG_EXIT_OK)
		return r;
	o.input = args.operands[0];
	o.inventory = args.values[DG_OPTION_sim_inventory];
	o.engine = engine_of(args.values[DG_OPTION_sim_engine]);
	o.json = args.json;
	o.fail_on_deny = args.values[DG_OPTION_sim_fail_on_deny];
	ops = args.values[DG_OPTION_sim_op];
	at = args.values[DG_OPTION_sim_at];
	o.has_at = at;
	if (ops)
		r = dg_author_ops(argv[0], ops, &o.ops);
	if (r == DG_EXIT_OK && at)
		r = dg_author_time(argv[0], at, &o.at);
	if (r == DG_EXIT_OK && !strcmp(o.input, "-") && !strcmp(o.inventory, "-"))
		r = dg_args_usage(argv[0], "only one of policy and inventory can be -");
	if (r == DG_EXIT_OK)
		*ret = o;
	return r;
}

static int prepare_ref(const char *verb, const struct options *o, struct judge *j)
{
	_cleanup_diags_ struct dg_diags diags = {};
	int r;

	j->policy = j->input.policy;
	if (j->policy)
		return DG_EXIT_OK;
	r = dg_object_policy(j->input.object, &diags, &j->from_object);
	if (r < 0)
		return dg_author_failed(verb, o->input, r, o->json, &diags);
	j->policy = j->from_object;
	return DG_EXIT_OK;
}

static int prepare_table(const char *verb, const struct options *o, struct judge *j)
{
	_cleanup_diags_ struct dg_diags diags = {};
	int r;

	if (j->input.object) {
		j->tables = j->input.object->tables;
		return DG_EXIT_OK;
	}
	r = dg_tables_build(j->input.policy, &diags, &j->compiled, NULL);
	if (r < 0)
		return dg_author_failed(verb, o->input, r, o->json, &diags);
	j->tables = j->compiled;
	return DG_EXIT_OK;
}

static int prepare_bpf(const char *verb, const struct options *o, struct judge *j)
{
	const struct dg_object *object = j->input.object;
	_cleanup_diags_ struct dg_diags diags = {};
	_cleanup_free_ void *bytes = NULL;
	size_t size = 0;
	int r;

	if (!object) {
		r = dg_object_build(j->input.policy, &diags, &bytes, &size, NULL);
		if (r >= 0)
			r = dg_object_open_memory(bytes, size, NULL, &j->linked);
		if (r < 0)
			return dg_author_failed(verb, o->input, r, o->json, &diags);
		object = j->linked;
	}
	libbpf_set_print(NULL); /* the message below says it in one line */
	r = dg_engine_open(object, &j->bpf);
	if (r == -EPERM || r == -EACCES)
		return dg_author_fail(verb, DG_EXIT_SYSTEM,
				      "--engine bpf: %s; it needs root (CAP_BPF and CAP_PERFMON), "
				      "--engine table does not",
				      strerror(-r));
	if (r < 0)
		return dg_author_fail(verb, DG_EXIT_SYSTEM,
				      "--engine bpf: this kernel does not load the object's "
				      "program: %s",
				      strerror(-r));
	j->tables = object->tables;
	return DG_EXIT_OK;
}

static int prepare(const char *verb, const struct options *o, struct judge *j)
{
	int r;

	r = dg_input_read(verb, o->input, o->has_at ? DG_LOAD_NO_EXPIRED : 0, o->json, &j->input);
	if (r != DG_EXIT_OK)
		return r;
	j->engine = o->engine;
	if (j->engine == ENGINE_AUTO)
		j->engine = j->input.object ? ENGINE_TABLE : ENGINE_REF;
	switch (j->engine) {
	case ENGINE_BPF:
		return prepare_bpf(verb, o, j);
	case ENGINE_TABLE:
		return prepare_table(verb, o, j);
	default:
		return prepare_ref(verb, o, j);
	}
}

static int decide(struct judge *j, const struct dg_device *device, const struct dg_facts *facts,
		  const struct dg_facts_more *more, const struct dg_query *query,
		  struct dg_answer *ret)
{
	switch (j->engine) {
	case ENGINE_BPF:
		return dg_engine_decide(j->bpf, facts, more, query, ret);
	case ENGINE_TABLE:
		return dg_tables_decide(j->tables, facts, more, query, ret);
	default:
		dg_eval_decide(j->policy, device, (enum dg_op)query->op, query->time,
			       query->clock_synced, ret);
		return 0;
	}
}

/* The id of a rule by its index; the indices of all engines are the same. */
static struct dg_bytes rule_id(const struct judge *j, uint32_t rule)
{
	const char *id;

	if (j->policy)
		return j->policy->rules[rule].id;
	id = dg_tables_rule_id(j->tables, rule);
	return (struct dg_bytes){id, strlen(id)};
}

static const char *verdict_name(bool allow)
{
	return allow ? "allow" : "deny";
}

static void print_json(const struct judge *j, struct dg_bytes device, enum dg_op op,
		       const struct dg_answer *answer)
{
	struct dg_bytes id;

	printf("{\"device\":");
	dg_json_write_string(stdout, device.data, device.len);
	printf(",\"op\":\"%s\",\"verdict\":\"%s\",\"rule\":", dg_op_name(op),
	       verdict_name(answer->verdict == DG_VERDICT_ALLOW));
	if (answer->rule == DG_RULE_DEFAULT) {
		printf("null,\"default\":true,\"would\":");
	} else {
		id = rule_id(j, answer->rule);
		dg_json_write_string(stdout, id.data, id.len);
		printf(",\"default\":false,\"would\":");
	}
	if (answer->would == DG_RULE_NONE) {
		printf("null}\n");
		return;
	}
	id = rule_id(j, answer->would);
	printf("{\"verdict\":\"%s\",\"rule\":", verdict_name(answer->flags & DG_LEAF_WOULD_ALLOW));
	dg_json_write_string(stdout, id.data, id.len);
	printf("}}\n");
}

static void print_safe(struct dg_bytes bytes)
{
	char text[DG_TEXT_SAFE(DG_STR_BYTES)];

	dg_text_safe(bytes.data, bytes.len, text, sizeof(text));
	fputs(text, stdout);
}

static void print_text(const struct judge *j, struct dg_bytes device, enum dg_op op,
		       const struct dg_answer *answer)
{
	print_safe(device);
	printf("  %-11s  %-5s by ", dg_op_name(op),
	       verdict_name(answer->verdict == DG_VERDICT_ALLOW));
	if (answer->rule == DG_RULE_DEFAULT) {
		printf("default");
	} else {
		printf("\"");
		print_safe(rule_id(j, answer->rule));
		printf("\"");
	}
	if (answer->would != DG_RULE_NONE) {
		printf("  (would: %s by \"", verdict_name(answer->flags & DG_LEAF_WOULD_ALLOW));
		print_safe(rule_id(j, answer->would));
		printf("\")");
	}
	printf("\n");
}

/* An index that no rule has must not be looked up: the answer may come from damaged tables. */
static bool answer_valid(const struct judge *j, const struct dg_answer *answer)
{
	size_t rules = j->policy ? j->policy->rule_count : j->tables->rule_count;

	return (answer->rule < rules || answer->rule == DG_RULE_DEFAULT) &&
	       (answer->would < rules || answer->would == DG_RULE_NONE);
}

/*
 * The verdicts so far. They are printed when the whole inventory has been read: an error in its
 * last line leaves nothing half said.
 */
struct verdicts {
	const char *verb;
	const struct options *o;
	struct judge *judge;
	struct dg_query query;
	struct dg_arena *labels;
	struct dg_bytes *devices;
	struct dg_answer *answers; /* for each device those of the operations asked for */
	size_t device_count, device_room, answer_count, answer_room;
	int status; /* of the command, when judging stopped */
};

static void verdicts_done(struct verdicts *v)
{
	dg_arena_free(v->labels);
	free(v->devices);
	free(v->answers);
}

static int stop(struct verdicts *v, const char *why)
{
	v->status = dg_author_fail(v->verb, DG_EXIT_SYSTEM, "%s: %s", v->o->input, why);
	return -ECANCELED;
}

static int judge_one(struct dg_device *device, size_t position, void *context)
{
	struct verdicts *v = context;
	struct dg_facts_more more;
	struct dg_answer answer;
	struct dg_facts facts;
	char *label;
	int r;

	(void)position;
	r = dg_array_reserve(&v->devices, &v->device_room, v->device_count + 1,
			     sizeof(*v->devices));
	if (r == 0)
		r = dg_array_reserve(&v->answers, &v->answer_room, v->answer_count + DG_OP_MAX,
				     sizeof(*v->answers));
	label = dg_arena_copy(v->labels, device->label.data, device->label.len);
	if (r < 0 || !label)
		return -ENOMEM;
	v->devices[v->device_count++] = (struct dg_bytes){label, device->label.len};
	if (v->judge->engine != ENGINE_REF) {
		dg_device_to_facts(device, &facts);
		dg_device_to_more(device, &more);
	}
	for (v->query.op = 0; v->query.op < DG_OP_MAX; v->query.op++) {
		if (!(v->o->ops >> v->query.op & 1))
			continue;
		r = decide(v->judge, device, &facts, &more, &v->query, &answer);
		if (r < 0)
			return stop(v, strerror(-r));
		if (!answer_valid(v->judge, &answer))
			return stop(v, "the tables are damaged");
		v->answers[v->answer_count++] = answer;
	}
	return 0;
}

static int print_all(const struct verdicts *v)
{
	const struct dg_answer *answer = v->answers;
	bool denied = false;

	for (size_t i = 0; i < v->device_count; i++) {
		for (unsigned int op = 0; op < DG_OP_MAX; op++) {
			if (!(v->o->ops >> op & 1))
				continue;
			denied |= answer->verdict != DG_VERDICT_ALLOW;
			if (v->o->json)
				print_json(v->judge, v->devices[i], (enum dg_op)op, answer);
			else
				print_text(v->judge, v->devices[i], (enum dg_op)op, answer);
			answer++;
		}
	}
	return denied && v->o->fail_on_deny ? DG_EXIT_FINDING : DG_EXIT_OK;
}

static int run(const char *verb, const struct options *o)
{
	_cleanup_(judge_done) struct judge j = {};
	_cleanup_(verdicts_done) struct verdicts v = {
		.verb = verb,
		.o = o,
		.judge = &j,
		.query = {.time = o->has_at ? o->at : (uint64_t)time(NULL), .clock_synced = 1},
		.labels = dg_arena_new(),
	};
	struct dg_progress progress = dg_progress_start(stderr, "devgate sim");
	_cleanup_diags_ struct dg_diags diags = {.progress = o->json ? NULL : &progress};
	int r;

	r = prepare(verb, o, &j);
	if (r != DG_EXIT_OK)
		return r;
	r = v.labels ? dg_inventory_each(o->inventory, &diags, judge_one, &v) : -ENOMEM;
	dg_progress_clear(&progress);
	if (r == -ECANCELED)
		return v.status;
	if (r < 0)
		return dg_author_failed(verb, o->inventory, r, o->json, &diags);
	dg_diags_print(stderr, &diags);
	return dg_author_finish(verb, print_all(&v));
}

int dg_verb_sim(int argc, char **argv)
{
	struct options o = {};
	int r;

	r = parse(argc, argv, &o);
	if (r != DG_EXIT_OK)
		return r;
	dg_author_libbpf_warnings();
	return run(argv[0], &o);
}
