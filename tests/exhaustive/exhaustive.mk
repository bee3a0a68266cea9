# SPDX-License-Identifier: GPL-2.0-only
# The programs of tests/exhaustive/run: make -f tests/exhaustive/exhaustive.mk BUILD=… exhaustive laws

include Makefile
.DEFAULT_GOAL := exhaustive

.PHONY: exhaustive laws
exhaustive: $(BUILD)/exhaustive
laws: $(BUILD)/laws

$(BUILD)/toy.o: tests/toy/toy.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(dg_cflags) -MMD -MP -c -o $@ $<

$(BUILD)/exhaustive $(BUILD)/laws: $(BUILD)/%: tests/exhaustive/%.c $(BUILD)/toy.o $(BUILD)/libpolicy.a
	$(CC) $(CFLAGS) $(dg_cflags) -Itests/toy -Itests/unit -MMD -MP $(LDFLAGS) -o $@ $< $(BUILD)/toy.o $(BUILD)/libpolicy.a $(lib_ldlibs)

-include $(BUILD)/toy.d $(BUILD)/exhaustive.d $(BUILD)/laws.d
