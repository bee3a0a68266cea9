# SPDX-License-Identifier: GPL-2.0-only
# The program of tests/differential/run: make -f tests/differential/differential.mk BUILD=…

include Makefile
.DEFAULT_GOAL := differential

.PHONY: differential
differential: $(BUILD)/differential

$(BUILD)/differential: tests/differential/differential.c $(BUILD)/libpolicy.a
	$(CC) $(CFLAGS) $(dg_cflags) -MMD -MP $(LDFLAGS) -o $@ $< $(BUILD)/libpolicy.a $(lib_ldlibs)

-include $(BUILD)/differential.d
