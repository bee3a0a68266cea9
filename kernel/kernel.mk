# SPDX-License-Identifier: GPL-2.0-only

KERNEL_TREE ?= build/kernel-tree

.PHONY: kernel kernel-tree kernel-patches kernel-bisect kernel-7.2 vm

##@ kernel
kernel: ## fetch, patch and build the guest's kernel, or find it in the cache
	@packaging/setup kernel
	@kernel/scripts/build

kernel-tree: ## a git work tree with the series applied (KERNEL_TREE=build/kernel-tree)
	@packaging/setup kernel
	@kernel/scripts/tree $(KERNEL_TREE)

kernel-patches: ## write the work tree's commits back to the series
	@kernel/scripts/patches $(KERNEL_TREE)

kernel-bisect: ## each patch in turn: builds with and without policy, W=1, sparse, checkpatch
	@packaging/setup kernel
	@kernel/scripts/bisect

kernel-7.2: ## the series on Linux 7.2: it applies, and what it touches builds
	@packaging/setup kernel
	@KERNEL_VERSION=7.2 kernel/scripts/bisect --tip

vm: ## a shell in the patched guest (CMD='command' runs that, VM='--iommu' for options)
	@packaging/setup kernel vm
	@tests/vm/shell --build $(BUILD) $(VM) $(if $(CMD),'$(subst ','\'',$(CMD))')
