# SPDX-License-Identifier: GPL-2.0-only
# The program of tests/analysis/run: make -f tests/analysis/analysis.mk BUILD=… brute

include tests/exhaustive/exhaustive.mk
.DEFAULT_GOAL := brute

.PHONY: brute
brute: $(BUILD)/brute

$(BUILD)/brute: tests/analysis/brute.c tests/analysis/brute_items.c tests/analysis/brute_sets.c tests/analysis/brute.h $(BUILD)/toy.o $(BUILD)/libpolicy.a
	$(CC) $(CFLAGS) $(dg_cflags) -Itests/toy $(LDFLAGS) -o $@ $(filter %.c %.o %.a,$^) $(lib_ldlibs)
