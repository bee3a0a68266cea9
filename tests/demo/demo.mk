# SPDX-License-Identifier: GPL-2.0-only

.PHONY: demo demo-build demo-selftest test-full

##@ demo
demo: ## from a rule file to a refused driver bind, in a guest; sets up all it needs
	@packaging/setup user kernel vm
	@$(MAKE) --no-print-directory demo-build
	@$(MAKE) --no-print-directory kernel
	@tests/demo/run --build $(BUILD)

demo-build:
	@$(MAKE) -q all 2>/dev/null || { echo 'demo: building devgate' >&2; \
		$(MAKE) --no-print-directory -s all; }

# Part of test-full: what it shows is that the demo can fail.
test-full: demo-selftest

demo-selftest: ## the demo with one piece taken out, for each piece: it must notice
	@packaging/setup user kernel vm
	@$(MAKE) --no-print-directory demo-build
	@$(MAKE) --no-print-directory kernel
	@tests/demo/selftest --build $(BUILD)
