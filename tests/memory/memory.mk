# SPDX-License-Identifier: GPL-2.0-only
# The program of tests/memory/run: make -f tests/memory/memory.mk BUILD=…

include Makefile
.DEFAULT_GOAL := memory

wrapped := malloc calloc realloc reallocarray free strdup strndup asprintf vasprintf open_memstream \
	   dg_arena_alloc dg_arena_copy dg_arena_grow

.PHONY: memory
memory: $(BUILD)/memory

$(BUILD)/memory: tests/memory/memory.c $(BUILD)/libpolicy.a
	$(CC) $(CFLAGS) $(dg_cflags) -fno-builtin -MMD -MP $(LDFLAGS) $(addprefix -Wl$(comma)--wrap=,$(wrapped)) \
		-o $@ $< $(BUILD)/libpolicy.a $(lib_ldlibs)

comma := ,
-include $(BUILD)/memory.d
