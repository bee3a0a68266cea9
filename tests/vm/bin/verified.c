// SPDX-License-Identifier: GPL-2.0-only
/*
 * verified OBJECT: loads a policy object, attaches nothing, and prints for each of its programs the
 * instructions that the verifier walked: "PROGRAM COUNT".
 */
#include <stdio.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

int main(int argc, char **argv)
{
	struct bpf_program *program;
	struct bpf_object *object;
	int r;

	if (argc != 2) {
		fprintf(stderr, "usage: verified OBJECT\n");
		return 2;
	}
	object = bpf_object__open(argv[1]);
	if (!object)
		return 2;
	r = bpf_object__load(object);
	if (r) {
		fprintf(stderr, "%s: not loaded: %s\n", argv[1], strerror(-r));
		return 1;
	}
	bpf_object__for_each_program (program, object) {
		struct bpf_prog_info info = {};
		__u32 len = sizeof(info);

		r = bpf_prog_get_info_by_fd(bpf_program__fd(program), &info, &len);
		if (r)
			return 1;
		printf("%s %u\n", bpf_program__name(program), info.verified_insns);
	}
	bpf_object__close(object);
	return 0;
}
