/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-only */
#include "engine_run.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <string.h>

#define PROGRAM "dg_run_sim"
#define MAP "dg_sim"

DEFINE_CLEANUP(struct bpf_object *, bpf_object__close, bpf_object)

struct dg_engine {
	struct bpf_object *object;
	int program; /* owned by @object */
	int map;     /* owned by @object */
	struct dg_sim sim;
};

void dg_engine_free(struct dg_engine *engine)
{
	if (!engine)
		return;
	bpf_object__close(engine->object);
	free(engine);
}

int dg_engine_open(const struct dg_object *object, struct dg_engine **ret)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = "devgate");
	_cleanup_(dg_cleanup_bpf_object) struct bpf_object *o = NULL;
	struct bpf_program *program, *wanted;
	struct dg_engine *engine;
	struct bpf_map *map;
	int r;

	o = bpf_object__open_mem(object->bytes, object->size, &opts);
	if (!o)
		return -errno;
	wanted = bpf_object__find_program_by_name(o, PROGRAM);
	map = bpf_object__find_map_by_name(o, MAP);
	if (!wanted || !map || bpf_map__value_size(map) < sizeof(struct dg_sim))
		return -EBADMSG;
	bpf_object__for_each_program (program, o)
		bpf_program__set_autoload(program, program == wanted);
	r = bpf_object__load(o);
	if (r < 0)
		return r;
	engine = calloc(1, sizeof(*engine));
	if (!engine)
		return -ENOMEM;
	engine->object = TAKE_PTR(o);
	engine->program = bpf_program__fd(wanted);
	engine->map = bpf_map__fd(map);
	*ret = engine;
	return 0;
}

int dg_engine_decide(struct dg_engine *engine, const struct dg_facts *facts,
		     const struct dg_facts_more *more, const struct dg_query *query,
		     struct dg_answer *ret)
{
	LIBBPF_OPTS(bpf_test_run_opts, run);
	const __u32 key = 0;

	engine->sim.query = *query;
	engine->sim.facts = *facts;
	if (more)
		engine->sim.more = *more;
	else
		memset(&engine->sim.more, 0, sizeof(engine->sim.more));
	/* What a program that never ran must not look like. */
	engine->sim.answer = (struct dg_answer){.verdict = DG_VERDICT_DENY,
						.flags = DG_LEAF_AUDIT,
						.rule = DG_RULE_BROKEN,
						.would = DG_RULE_NONE};
	if (bpf_map_update_elem(engine->map, &key, &engine->sim, BPF_ANY) < 0)
		return -errno;
	if (bpf_prog_test_run_opts(engine->program, &run) < 0)
		return -errno;
	if (bpf_map_lookup_elem(engine->map, &key, &engine->sim) < 0)
		return -errno;
	*ret = engine->sim.answer;
	return 0;
}

unsigned int dg_engine_verified_instructions(const struct dg_engine *engine)
{
	struct bpf_prog_info info = {};
	__u32 len = sizeof(info);

	if (bpf_prog_get_info_by_fd(engine->program, &info, &len) < 0)
		return 0;
	return info.verified_insns;
}
