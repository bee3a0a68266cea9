# SPDX-License-Identifier: GPL-2.0-only
# Every tests/unit/test_*.c is a Criterion program on the two libraries, every tests/vm/bin/*.c a
# small program for the guest's tests (in their PATH), every tests/vm/bpf/*.bpf.c an object beside them.

unit_tests := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(wildcard tests/unit/test_*.c))
guest_programs := $(patsubst tests/vm/bin/%.c,$(BUILD)/vm/%,$(wildcard tests/vm/bin/*.c)) \
	$(patsubst tests/vm/bpf/%.c,$(BUILD)/vm/%.o,$(wildcard tests/vm/bpf/*.bpf.c))
vm_suites := $(patsubst tests/vm/suites/%/,%,$(wildcard tests/vm/suites/*/))
sanitize := -fsanitize=address,undefined -fno-sanitize-recover=all

.PHONY: fuzz-diff unit-tests guest-programs test test-full test-setup sanitized coverage bench bench-compiler bench-kernel fuzz vm-SUITE vm-mutants vm-selftest $(addprefix vm-,$(vm_suites))

$(BUILD)/unit/%: tests/unit/%.c $(BUILD)/libloader.a $(BUILD)/libpolicy.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(dg_cflags) -Itests/unit $(shell $(PKG_CONFIG) --cflags criterion) -MMD -MP $(LDFLAGS) -o $@ $< \
		$(BUILD)/libloader.a $(BUILD)/libpolicy.a $(lib_ldlibs) $(shell $(PKG_CONFIG) --libs criterion)

$(BUILD)/vm/%: tests/vm/bin/%.c $(BUILD)/libloader.a $(BUILD)/libpolicy.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(dg_cflags) -MMD -MP $(LDFLAGS) -o $@ $< $(BUILD)/libloader.a $(BUILD)/libpolicy.a $(lib_ldlibs)

# It repeats the runs that the loader makes.
$(BUILD)/vm/fail_nth: LDFLAGS += -Wl,--wrap=bpf_prog_test_run_opts

$(BUILD)/vm/%.bpf.o: tests/vm/bpf/%.bpf.c $(wildcard bpf/*.h tests/vm/bpf/*.h)
	@mkdir -p $(@D)
	$(compile_bpf)

-include $(unit_tests:=.d) $(guest_programs:=.d)

unit-tests: $(unit_tests)
guest-programs: $(guest_programs)

##@ tests
check: all unit-tests ## the fast tests: units, corpus, scripts (no guest)
	@tests/run --build $(BUILD) unit corpus scripts

test_parts := unit corpus scripts differential exhaustive analysis limits memory faults fuzz vm

test: test-setup ## everything a change must pass; does all set-up itself
	@tests/run --build $(BUILD) $(test_parts)

test-full: test-setup ## test, the units under sanitizers, 10,000 swaps, guests on debug and KCSAN: hours
	@$(MAKE) --no-print-directory sanitized
	@kernel/scripts/build --config debug >/dev/null
	@kernel/scripts/build --config kcsan >/dev/null
	@tests/run --build $(BUILD) sanitized $(test_parts) storm vm-debug vm-kcsan

test-setup:
	@packaging/setup user kernel fuzz vm
	@$(MAKE) --no-print-directory all unit-tests guest-programs
	@$(MAKE) --no-print-directory kernel

sanitized:
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/sanitized CFLAGS='-O1 -g -fno-omit-frame-pointer $(sanitize)' \
		LDFLAGS='$(sanitize)' all unit-tests

coverage: ## lines of policy-compiler/ that the tests run (gcov); fails below 95 %
	@packaging/setup user
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/coverage CFLAGS='-O0 -g --coverage' LDFLAGS=--coverage \
		all unit-tests
	@CFLAGS='-O0 -g --coverage' LDFLAGS=--coverage tests/coverage/run --build $(BUILD)/coverage

bench: bench-compiler bench-kernel ## both benchmarks (the second builds kernels)

bench-compiler: ## what a policy costs by its rules, against the bars; writes docs/performance.md
	@packaging/setup user bench
	@$(MAKE) --no-print-directory all $(addprefix $(BUILD)/bench/,parse_inventory decide decide.bpf.o)
	@tests/bench/compiler/run --build $(BUILD) --write

$(BUILD)/bench/%.bpf.o: tests/bench/compiler/%.bpf.c $(wildcard bpf/*.h tests/bench/compiler/*.h)
	@mkdir -p $(@D)
	$(compile_bpf)

$(BUILD)/bench/%: tests/bench/compiler/%.c $(BUILD)/libpolicy.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(dg_cflags) $(LDFLAGS) -o $@ $< $(BUILD)/libpolicy.a $(lib_ldlibs)

bench-kernel: ## what the kernel series costs, against its bars; writes docs/performance.md
	@packaging/setup user kernel vm
	@$(MAKE) --no-print-directory all guest-programs $(BUILD)/bench-init
	@tests/bench/kernel/run --build $(BUILD) --write

# Static and without a library: what it does is one instruction.
$(BUILD)/bench-init: tests/bench/kernel/init.S
	@mkdir -p $(@D)
	$(CC) -nostdlib -static -o $@ $<

fuzz-diff: ## random policies on random devices, all engines, until two differ (DG_SEED=1 to choose)
	@packaging/setup user
	@$(MAKE) --no-print-directory all
	@$(MAKE) --no-print-directory -f tests/differential/differential.mk BUILD=$(BUILD) differential
	@$(BUILD)/differential --engine all --cases 1000000000000 --seed $${DG_SEED:-$$(date +%s)}

fuzz: ## libFuzzer on each tests/fuzz/*.c for long (DG_FUZZ_SECONDS=3600 each, two at a time)
	@packaging/setup user fuzz
	@$(MAKE) --no-print-directory all
	@DG_FUZZ_SECONDS=$${DG_FUZZ_SECONDS:-3600} tests/run --build $(BUILD) fuzz

vm-SUITE: ## one guest suite, such as vm-smoke (vm-selftest: the harness; vm-storm SWAPS=10000)
	@echo 'vm-SUITE: which? $(addprefix vm-,$(vm_suites)) vm-selftest' >&2; exit 2

$(addprefix vm-,$(vm_suites)): vm-%: all guest-programs
	@packaging/setup kernel vm
	@tests/vm/run --build $(BUILD) --verbose $(if $(SWAPS),--cmdline DG_SWAPS=$(SWAPS)) $*

vm-mutants: all guest-programs ## each row of docs/bypass-audit.md: its test fails without its call site
	@packaging/setup kernel vm
	@tests/vm/mutants --build $(BUILD)

vm-selftest:
	@packaging/setup kernel vm
	@tests/vm/selftest --build $(BUILD) --logs $(BUILD)/vm-logs/self

include tests/demo/demo.mk
