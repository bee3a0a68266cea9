# SPDX-License-Identifier: GPL-2.0-only
# The program of tests/differential/run: make -f tests/differential/differential.mk BUILD=…

include Makefile
.DEFAULT_GOAL := differential

.PHONY: differential
differential: $(BUILD)/differential

differential_sources := $(wildcard tests/differential/*.c)

$(BUILD)/differential: $(differential_sources) $(wildcard tests/differential/*.h) tests/toy/random.h $(BUILD)/libpolicy.a
	$(CC) $(CFLAGS) $(dg_cflags) -Itests/toy $(LDFLAGS) -o $@ $(differential_sources) $(BUILD)/libpolicy.a $(lib_ldlibs)
