# SPDX-License-Identifier: GPL-2.0-only
# The program of tests/analysis/run: make -f tests/analysis/analysis.mk BUILD=… brute

include tests/exhaustive/exhaustive.mk
.DEFAULT_GOAL := brute

.PHONY: brute
brute: $(BUILD)/brute

$(BUILD)/brute: tests/analysis/brute.c $(BUILD)/toy.o $(BUILD)/libpolicy.a
	$(CC) $(CFLAGS) $(dg_cflags) -Itests/toy -MMD -MP $(LDFLAGS) -o $@ $< $(BUILD)/toy.o $(BUILD)/libpolicy.a $(lib_ldlibs)

-include $(BUILD)/brute.d
