# SPDX-License-Identifier: GPL-2.0-only
# The one entry. `make help` lists the targets.

BUILD ?= build
# One name for one folder: the dependencies in *.d would not be those of the same file named otherwise.
override BUILD := $(patsubst $(CURDIR)/%,%,$(abspath $(BUILD)))
ifeq ($(origin CC),default)
CC := gcc
endif
CLANG ?= clang-19
PKG_CONFIG ?= pkg-config

CFLAGS ?= -O2 -g
warnings := -Wall -Wextra -Werror -Wstrict-prototypes -Wmissing-prototypes -Wshadow=local \
	    -Wpointer-arith -Wvla -Wundef
libs := libbpf libelf jansson libnl-3.0 libnl-genl-3.0 libcrypto libcap
# Expanded when used, so that `make help` and the set-up work before the packages are there.
lib_cflags = $(shell $(PKG_CONFIG) --cflags $(libs))
lib_ldlibs = $(shell $(PKG_CONFIG) --libs $(libs))
dg_cflags = -std=gnu17 $(warnings) -Ibpf -Ipolicy-compiler -Iloader -Iloader/cli -I$(BUILD) $(lib_cflags)

policy_objects := $(patsubst %.c,$(BUILD)/%.o,$(wildcard policy-compiler/*.c))
loader_objects := $(patsubst %.c,$(BUILD)/%.o,$(wildcard loader/*.c))
cli_objects := $(patsubst %.c,$(BUILD)/%.o,$(wildcard loader/cli/*.c))
engine := $(BUILD)/bpf/engine.bpf.o
dispatcher := $(BUILD)/bpf/dispatcher.bpf.o

.PHONY: all help clean install check
.DEFAULT_GOAL := all
# Kept: the objects that are only there to be put into the program.
.SECONDARY:

##@ build
all: $(BUILD)/devgate $(engine) ## build build/devgate and the engine (no kernel build)

$(BUILD)/devgate: $(cli_objects) $(BUILD)/libloader.a $(BUILD)/libpolicy.a
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(cli_objects) $(BUILD)/libloader.a $(BUILD)/libpolicy.a $(lib_ldlibs)

$(BUILD)/libpolicy.a: $(policy_objects) $(BUILD)/engine_bytes.o
	rm -f $@ && $(AR) rcsD $@ $^

$(BUILD)/libloader.a: $(loader_objects) $(BUILD)/dispatcher_bytes.o
	rm -f $@ && $(AR) rcsD $@ $^

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(dg_cflags) -MMD -MP -c -o $@ $<

# The BPF objects travel inside the program: dg_engine_start … dg_engine_end, dg_dispatcher_start ….
$(BUILD)/%_bytes.o: $(BUILD)/bpf/%.bpf.o
	@mkdir -p $(@D)
	printf '.section .rodata\n.balign 8\n.global dg_$*_start, dg_$*_end\ndg_$*_start:\n.incbin "$<"\ndg_$*_end:\n.byte 0\n.section .note.GNU-stack,"",@progbits\n' | $(CC) -x assembler -c -o $@ -

compile_bpf = $(CLANG) -g -O2 -Wall -Wextra -Wno-unused-parameter -Werror -target bpf -mcpu=v3 -ffile-compilation-dir=. -D__TARGET_ARCH_x86 \
		-Ibpf $(shell $(PKG_CONFIG) --cflags libbpf) -idirafter /usr/include/$(shell $(CC) -dumpmachine) -c -o $@ $<

$(BUILD)/bpf/%.bpf.o: bpf/%.bpf.c $(wildcard bpf/*.h)
	@mkdir -p $(@D)
	$(compile_bpf)

-include $(policy_objects:.o=.d) $(loader_objects:.o=.d) $(cli_objects:.o=.d)

-include kernel/kernel.mk
-include tests/tests.mk
-include packaging/packaging.mk

##@ other
clean: ## remove what the build made (the kernel cache stays)
	rm -rf $(BUILD)

help: ## this list
	@awk -F ':.*## ' '/^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-zA-Z][a-zA-Z0-9_-]*:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
