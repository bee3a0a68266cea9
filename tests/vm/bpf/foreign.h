/* SPDX-License-Identifier: GPL-2.0-only */
/* What foreign.bpf.c is told, and what it tells. */
#pragma once

struct foreign_order {
	int answer;  /* of the hook */
	int verdict; /* to stamp; -1: none */
	unsigned int address; /* of the PCI device that it is about, as in the facts; 0: of each */
};

struct foreign_counts {
	unsigned long long calls;   /* of the hook */
	unsigned long long stamped; /* stamps that the kernel took */
};
