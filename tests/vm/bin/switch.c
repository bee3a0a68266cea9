// SPDX-License-Identifier: GPL-2.0-only
/*
 * switch PROGRAM GENERATION [COUNT]: runs a syscall program of the dispatcher (dg_detach or
 * dg_rollback) by hand, and prints the kernel's answer. What a process with CAP_BPF could try. With
 * COUNT as often as that, each time on the generation that the last one has answered.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern const char dg_dispatcher_start[], dg_dispatcher_end[];

int main(int argc, char **argv)
{
	struct bpf_program *program;
	struct bpf_object *object;
	struct bpf_map *map;
	unsigned long count;
	__u32 generation;
	int r;

	if (argc != 3 && argc != 4) {
		fprintf(stderr, "usage: switch PROGRAM GENERATION [COUNT]\n");
		return 2;
	}
	count = argc > 3 ? strtoul(argv[3], NULL, 0) : 1;
	object = bpf_object__open_mem(dg_dispatcher_start,
				      (size_t)(dg_dispatcher_end - dg_dispatcher_start), NULL);
	if (!object)
		return 2;
	bpf_object__for_each_program (program, object)
		bpf_program__set_autoload(program, !strcmp(bpf_program__name(program), argv[1]));
	bpf_object__for_each_map (map, object)
		bpf_map__set_autocreate(map, false);
	r = bpf_object__load(object);
	if (r) {
		printf("not loaded: %s\n", strerror(-r));
		return 2;
	}
	generation = (__u32)atoi(argv[2]);
	program = bpf_object__find_program_by_name(object, argv[1]);

	LIBBPF_OPTS(bpf_test_run_opts, run, .ctx_in = &generation,
		    .ctx_size_in = sizeof(generation));
	do {
		r = bpf_prog_test_run_opts(bpf_program__fd(program), &run);
		r = r ? r : (int)run.retval;
		generation = (__u32)r;
	} while (--count && r > 0);
	printf("%d\n", r);
	bpf_object__close(object);
	return 0;
}
