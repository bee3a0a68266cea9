// SPDX-License-Identifier: GPL-2.0-only
/*
 * What one decision costs in the kernel, beside one BPF hash look-up (decide.bpf.c).
 *
 *	decide BENCH.bpf.o OBJECT INVENTORY	the first devices of the inventory
 *	decide --worst BENCH.bpf.o OBJECT	a device of which every string has 255 bytes
 *
 * Prints {"decision":ns,"in_turn":ns,"lookup":ns,"allowed":count}: the least of many short runs, less
 * the cost of an empty turn. "decision": each device many times in a row, the mean of all of them;
 * "in_turn": another device at each turn. Nothing is attached.
 */
#define _GNU_SOURCE
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "decide.h"
#include "diag.h"
#include "inventory.h"
#include "object_read.h"
#include "util.h"

#define RUNS 60
#define TURNS 16384
#define ROW 8 /* 2^8 = TURNS / DG_BENCH_DEVICES */
/* In 2030: no rule of the generator begins or ends about then. */
#define QUERY {.op = DG_OP_BIND, .clock_synced = 1, .time = 1900000000ULL}

static void fail(const char *what)
{
	fprintf(stderr, "decide: %s: %s\n", what, strerror(errno));
	exit(2);
}

/* The benchmark's program with the tables of the policy in place of its own. */
static struct bpf_object *open_with(const char *bench, const char *policy)
{
	_cleanup_(dg_cleanup_object) struct dg_object *tables = NULL;
	struct bpf_object *object;
	struct bpf_map *map;
	size_t size;
	void *value;
	int r;

	r = dg_object_open(policy, NULL, &tables);
	if (r < 0) {
		errno = -r;
		fail(policy);
	}
	object = bpf_object__open_file(bench, NULL);
	if (!object)
		fail(bench);
	map = bpf_object__find_map_by_name(object, DG_OBJECT_TABLES_SECTION);
	if (!map || bpf_map__set_value_size(map, (__u32)tables->tables_size))
		fail("the tables' map");
	value = bpf_map__initial_value(map, &size);
	if (!value || size < tables->tables_size)
		fail("the tables' value");
	memcpy(value, tables->tables, tables->tables_size);
	return object;
}

static int load(struct bpf_object *object)
{
	struct bpf_program *program, *wanted;

	wanted = bpf_object__find_program_by_name(object, "bench_run");
	if (!wanted)
		fail("bench_run");
	bpf_object__for_each_program (program, object)
		bpf_program__set_autoload(program, program == wanted);
	if (bpf_object__load(object))
		fail("loading");
	return bpf_program__fd(wanted);
}

static int map_of(struct bpf_object *object, const char *name)
{
	int fd = bpf_object__find_map_fd_by_name(object, name);

	if (fd < 0)
		fail(name);
	return fd;
}

static void fill_keys(struct bpf_object *object)
{
	int keys = map_of(object, "bench_keys"), hash = map_of(object, "bench_hash");
	__u64 value = 88172645463325252ULL; /* xorshift */

	for (__u32 i = 0; i < DG_BENCH_KEYS; i++) {
		value ^= value << 13;
		value ^= value >> 7;
		value ^= value << 17;
		if (bpf_map_update_elem(keys, &i, &value, BPF_ANY) ||
		    bpf_map_update_elem(hash, &value, &value, BPF_ANY))
			fail("keys");
	}
}

static void fill_devices(struct bpf_object *object, const char *path)
{
	_cleanup_(dg_cleanup_inventory) struct dg_inventory *inventory = NULL;
	struct dg_diags diags = {};
	int map = map_of(object, "bench_devices");
	static struct dg_sim sim = {.query = QUERY};

	if (dg_inventory_load(path, &diags, &inventory) < 0 || inventory->device_count == 0) {
		errno = EINVAL;
		fail(path);
	}
	for (__u32 i = 0; i < DG_BENCH_DEVICES; i++) {
		const struct dg_device *device =
			inventory->devices[i % inventory->device_count];

		dg_device_to_facts(device, &sim.facts);
		dg_device_to_more(device, &sim.more);
		if (bpf_map_update_elem(map, &i, &sim, BPF_ANY))
			fail("devices");
	}
	dg_diags_done(&diags);
}

static void fill_string(struct dg_string *string, unsigned int number)
{
	string->len = DG_STR_BYTES;
	memset(string->bytes, 'a' + number % 26, DG_STR_BYTES);
	string->bytes[DG_STR_BYTES - 1] = (__u8)('A' + number % 26);
}

static void fill_strings(struct dg_string_set *set, unsigned int number)
{
	set->count = DG_SET_STRINGS;
	for (unsigned int s = 0; s < DG_SET_STRINGS; s++)
		fill_string(&set->str[s], number + s);
}

/* Every string and every element of a set of strings as long as it may be, and as many as may be. */
static void fill_worst(struct bpf_object *object)
{
	static struct dg_sim sim = {.query = QUERY,
				    .facts.size = sizeof(sim.facts),
				    .facts.known_str = ~0ULL,
				    .more.size = sizeof(sim.more),
				    .more.known_set = 1U << DG_SET_ACPI_IDS |
						      1U << DG_SET_OF_COMPATIBLE};
	int map = map_of(object, "bench_devices");

	for (__u32 i = 0; i < DG_BENCH_DEVICES; i++) {
		for (unsigned int s = 0; s < DG_STR_SLOTS; s++)
			fill_string(&sim.facts.str[s], i + s);
		fill_strings(&sim.more.acpi_ids, i);
		fill_strings(&sim.more.of_compatible, i);
		if (bpf_map_update_elem(map, &i, &sim, BPF_ANY))
			fail("devices");
	}
}

static double measure(int program, enum dg_bench_what what, __u32 row, __u64 *ret_sum)
{
	double least = 0;

	for (int i = 0; i < RUNS; i++) {
		struct dg_bench bench = {.what = what, .turns = TURNS, .row = row};
		/* The kernel writes it back. */
		LIBBPF_OPTS(bpf_test_run_opts, run, .ctx_in = &bench, .ctx_size_in = sizeof(bench));

		if (bpf_prog_test_run_opts(program, &run) || run.retval)
			fail("running");
		if (i == 0 || bench.ns < least)
			least = bench.ns;
		*ret_sum = bench.sum;
	}
	return least / TURNS;
}

int main(int argc, char **argv)
{
	bool worst = argc > 1 && !strcmp(argv[1], "--worst");
	struct bpf_object *object;
	enum dg_bench_what what;
	double empty, lookup, decision, in_turn;
	__u64 sum, allowed;
	int program;

	if (argc != 4) {
		fprintf(stderr, "usage: decide BENCH.bpf.o OBJECT INVENTORY\n"
				"       decide --worst BENCH.bpf.o OBJECT\n");
		return 2;
	}
	object = open_with(argv[1 + worst], argv[2 + worst]);
	program = load(object);
	fill_keys(object);
	if (worst)
		fill_worst(object);
	else
		fill_devices(object, argv[3]);
	what = worst ? DG_BENCH_DECIDE_MORE : DG_BENCH_DECIDE;
	empty = measure(program, DG_BENCH_EMPTY, 0, &sum);
	lookup = measure(program, DG_BENCH_LOOKUP, 0, &sum);
	in_turn = measure(program, what, 0, &allowed);
	decision = measure(program, what, ROW, &allowed);
	printf("{\"decision\":%.1f,\"in_turn\":%.1f,\"lookup\":%.1f,\"empty\":%.1f,"
	       "\"allowed\":%llu}\n",
	       decision - empty, in_turn - empty, lookup - empty, empty,
	       (unsigned long long)allowed);
	bpf_object__close(object);
	return 0;
}
