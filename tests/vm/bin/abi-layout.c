// SPDX-License-Identifier: GPL-2.0-only
/* Prints what bpf/devgate_abi.h says of the layouts and numbers that the kernel has too. */
#include <stddef.h>
#include <stdio.h>

#include "devgate_abi.h"

#define SIZE(theirs, ours) printf("member %s size %zu\n", theirs, sizeof(ours))
#define MEMBER(theirs, ours, member)                                                               \
	printf("member %s %s %zu\n", theirs, #member, offsetof(ours, member))
#define CONSTANT(name, value) printf("constant %s - %u\n", "DEVPOLICY_" name, (unsigned int)(value))

int main(void)
{
	SIZE("devpolicy_string", struct dg_string);
	MEMBER("devpolicy_string", struct dg_string, bytes);
	SIZE("devpolicy_facts", struct dg_facts);
	MEMBER("devpolicy_facts", struct dg_facts, flags);
	MEMBER("devpolicy_facts", struct dg_facts, known_num);
	MEMBER("devpolicy_facts", struct dg_facts, known_str);
	MEMBER("devpolicy_facts", struct dg_facts, num);
	MEMBER("devpolicy_facts", struct dg_facts, str);

	CONSTANT("OP_BIND", DG_OP_BIND);
	CONSTANT("OP_DMA_PRIVATE", DG_OP_DMA_PRIVATE);
	CONSTANT("OP_ACCEPT", DG_OP_ACCEPT);
	CONSTANT("OP_MAX", DG_OP_MAX);
	CONSTANT("DENY", DG_VERDICT_DENY);
	CONSTANT("ALLOW", DG_VERDICT_ALLOW);
	CONSTANT("NUM_PCI_ID", DG_NUM_PCI_ID);
	CONSTANT("NUM_PCI_EXTERNAL", DG_NUM_PCI_EXTERNAL);
	CONSTANT("NUM_IOMMU_DOMAIN", DG_NUM_IOMMU_DOMAIN);
	CONSTANT("NUM_TDI_STATE", DG_NUM_TDI_STATE);
	CONSTANT("NUM_MAX", DG_NUM_MAX);
	CONSTANT("STR_BUS", DG_STR_BUS);
	CONSTANT("STR_DRIVER_MODULE", DG_STR_DRIVER_MODULE);
	CONSTANT("STR_SUBJECT_NAME", DG_STR_SUBJECT_NAME);
	CONSTANT("STR_SUBJECT_DRIVER", DG_STR_SUBJECT_DRIVER);
	CONSTANT("STR_MAX", DG_STR_MAX);
	CONSTANT("OP_DMA_RELAXED", DG_OP_DMA_RELAXED);
	CONSTANT("HOOK_DEVICE_BIND", DG_HOOK_DEVICE_BIND);
	CONSTANT("HOOK_DEVICE_MMIO_MAP", DG_HOOK_DEVICE_MMIO_MAP);
	CONSTANT("HOOK_DEVICE_MMAP", DG_HOOK_DEVICE_MMAP);
	CONSTANT("HOOK_DEVICE_DMA_MAP", DG_HOOK_DEVICE_DMA_MAP);
	CONSTANT("HOOK_DEVICE_DMA_ATTACH", DG_HOOK_DEVICE_DMA_ATTACH);
	CONSTANT("HOOK_MAX", DG_HOOK_MAX);
	return 0;
}
