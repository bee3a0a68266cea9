# SPDX-License-Identifier: GPL-2.0-only
# What tests/faults/run links: make -f tests/faults/faults.mk BUILD=… objects|flags

include Makefile
.DEFAULT_GOAL := objects

faults := $(BUILD)/faults
fault_units := $(patsubst tests/unit/%.c,$(faults)/%.o,$(wildcard tests/unit/test_*.c))
fault_objects := $(faults)/toy.o $(faults)/exhaustive.o $(faults)/laws.o \
		 $(patsubst tests/differential/%.c,$(faults)/%.o,$(wildcard tests/differential/*.c)) \
		 $(patsubst tests/analysis/%.c,$(faults)/%.o,$(wildcard tests/analysis/*.c))
vpath %.c tests/toy tests/exhaustive tests/differential tests/analysis tests/unit

.PHONY: objects flags
objects: $(fault_units) $(fault_objects) $(BUILD)/libloader.a $(BUILD)/libpolicy.a

$(faults)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(dg_cflags) -Itests/unit -Itests/toy $(shell $(PKG_CONFIG) --cflags criterion) -MMD -MP -c -o $@ $<

# One setting a line, for the runner, which puts its own files behind them.
flags:
	@echo 'cc=$(CC) $(CFLAGS) $(dg_cflags)'
	@echo 'ld=$(CC) $(CFLAGS) $(LDFLAGS)'
	@echo 'libs=$(lib_ldlibs)'
	@echo 'criterion=$(shell $(PKG_CONFIG) --libs criterion)'
	@echo 'bpf=$(compile_bpf)'

-include $(fault_units:.o=.d) $(fault_objects:.o=.d)
