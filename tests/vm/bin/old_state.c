// SPDX-License-Identifier: GPL-2.0-only
/*
 * old_state: leaves under bpffs what protocol version 1 knew: its marker, and slot array and link
 * of the one hook device_bind. It is what an `apply` of that version leaves when it could not
 * activate.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "state.h"

extern const char dg_dispatcher_start[], dg_dispatcher_end[];

static int fail(const char *what, int r)
{
	fprintf(stderr, "old_state: %s: %s\n", what, strerror(r < 0 ? -r : r));
	return 1;
}

static int put_marker(void)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_RDONLY_PROG);
	struct dg_protocol marker = {DG_PROTOCOL_MAGIC, 1, 1, 0};
	uint32_t key = 0;
	int fd, r;

	fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "dg_protocol", sizeof(key), sizeof(marker), 1,
			    &opts);
	if (fd < 0)
		return fd;
	r = bpf_map_update_elem(fd, &key, &marker, BPF_ANY) ?: bpf_map_freeze(fd);
	return r ?: dg_state_pin(fd, DG_PIN_PROTOCOL);
}

int main(void)
{
	static const char bind[] = "dg_dispatch_bind", slots[] = "dg_slots_bind";
	struct bpf_program *program;
	struct bpf_object *object;
	struct bpf_link *link;
	struct bpf_map *map;
	int r;

	mkdir(DG_STATE_DIR, 0700);
	r = put_marker();
	if (r)
		return fail("marker", r);
	object = bpf_object__open_mem(dg_dispatcher_start, dg_dispatcher_end - dg_dispatcher_start,
				      NULL);
	if (!object)
		return 1;
	bpf_object__for_each_program (program, object)
		bpf_program__set_autoload(program, !strcmp(bpf_program__name(program), bind));
	bpf_object__for_each_map (map, object)
		bpf_map__set_autocreate(map, !strcmp(bpf_map__name(map), slots));
	r = bpf_object__load(object);
	if (r)
		return fail("load", r);
	r = dg_state_pin(bpf_map__fd(bpf_object__find_map_by_name(object, slots)),
			 DG_DIR_SLOTS "/device_bind");
	if (r)
		return fail("slots", r);
	link = bpf_program__attach_lsm(bpf_object__find_program_by_name(object, bind));
	if (!link)
		return fail("attach", errno);
	r = dg_state_pin(bpf_link__fd(link), DG_DIR_LINKS "/device_bind");
	return r ? fail("link", r) : 0;
}
