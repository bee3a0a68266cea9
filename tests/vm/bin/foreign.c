// SPDX-License-Identifier: GPL-2.0-only
/*
 * foreign OBJECT ANSWER VERDICT ADDRESS HOOK…: attaches foreign.bpf.o's programs to the hooks. They
 * answer ANSWER; with VERDICT 0 or 1 they stamp that first, with -1 they do not. ADDRESS is the PCI
 * device's whose calls it is about, such as 0000:00:03.0, or "all". Prints "ready", waits for
 * SIGTERM, and prints "CALLS STAMPED": how often a program was asked, how many stamps were taken.
 * Exit status 1 when the kernel does not take a program.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "../bpf/foreign.h"

static void on_term(int number)
{
	(void)number;
}

static int no_print(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level;
	(void)format;
	(void)args;
	return 0;
}

/* The map of a section. */
static struct bpf_map *section_map(struct bpf_object *object, const char *section)
{
	struct bpf_map *map;

	bpf_object__for_each_map (map, object)
		if (strstr(bpf_map__name(map), section))
			return map;
	fprintf(stderr, "foreign: no section %s\n", section);
	exit(2);
}

int main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = on_term};
	struct bpf_program *program;
	struct foreign_counts counts;
	struct foreign_order order = {};
	unsigned int domain, bus, slot, function;
	struct bpf_object *object;
	sigset_t term, before;
	__u32 zero = 0;
	int i, r;

	if (argc < 6) {
		fprintf(stderr, "usage: foreign OBJECT ANSWER VERDICT ADDRESS HOOK…\n");
		return 2;
	}
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, &before);
	sigaction(SIGTERM, &action, NULL);
	libbpf_set_print(no_print);

	object = bpf_object__open(argv[1]);
	if (!object)
		return 2;
	order.answer = atoi(argv[2]);
	order.verdict = atoi(argv[3]);
	if (sscanf(argv[4], "%x:%x:%x.%x", &domain, &bus, &slot, &function) == 4)
		order.address = domain << 16 | bus << 8 | slot << 3 | function;
	if (bpf_map__set_initial_value(section_map(object, ".rodata"), &order, sizeof(order)))
		return 2;
	for (i = 5; i < argc; i++) {
		program = bpf_object__find_program_by_name(object, argv[i]);
		if (!program) {
			fprintf(stderr, "foreign: no program %s\n", argv[i]);
			return 2;
		}
		bpf_program__set_autoload(program, true);
	}
	r = bpf_object__load(object);
	if (r) {
		printf("not loaded: %s\n", strerror(-r));
		return 1;
	}
	for (i = 5; i < argc; i++) {
		program = bpf_object__find_program_by_name(object, argv[i]);
		if (!bpf_program__attach_lsm(program)) {
			printf("not attached: %s\n", strerror(errno));
			return 1;
		}
	}
	printf("ready\n");
	fflush(stdout);
	sigsuspend(&before);
	r = bpf_map_lookup_elem(bpf_map__fd(section_map(object, ".bss")), &zero, &counts);
	if (r)
		return 2;
	printf("%llu %llu\n", counts.calls, counts.stamped);
	return 0;
}
