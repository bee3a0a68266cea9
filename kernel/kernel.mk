# SPDX-License-Identifier: GPL-2.0-only

KERNEL_TREE ?= build/kernel-tree

.PHONY: kernel kernel-tree kernel-patches vm

##@ kernel
kernel: ## fetch, patch and build the guest's kernel, or find it in the cache
	@packaging/setup kernel
	@kernel/scripts/build

kernel-tree: ## a git work tree with the series applied (KERNEL_TREE=build/kernel-tree)
	@packaging/setup kernel
	@kernel/scripts/tree $(KERNEL_TREE)

kernel-patches: ## write the work tree's commits back to the series
	@kernel/scripts/patches $(KERNEL_TREE)

vm: ## a shell in the patched guest (CMD='command' runs that, VM='--iommu' for options)
	@packaging/setup kernel vm
	@tests/vm/shell --build $(BUILD) $(VM) $(if $(CMD),'$(subst ','\'',$(CMD))')
