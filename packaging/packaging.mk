# SPDX-License-Identifier: GPL-2.0-only

PREFIX ?= /usr/local
bindir ?= $(PREFIX)/bin
datadir ?= $(PREFIX)/share
INSTALL ?= install

.PHONY: setup

tables := $(wildcard policy-compiler/*.def) policy-compiler/schema.c

all: $(BUILD)/devgate.1 $(BUILD)/devgate.bash

$(BUILD)/devgate.1: packaging/manual $(BUILD)/devgate $(tables)
	packaging/manual man $(BUILD)/devgate > $@.new && mv $@.new $@

$(BUILD)/devgate.bash: packaging/manual $(BUILD)/devgate $(tables)
	packaging/manual bash $(BUILD)/devgate > $@.new && mv $@.new $@

##@ installation
setup: ## install the packages that building and testing need (Debian 12)
	@packaging/setup user kernel vm

install: all ## install devgate and the examples (PREFIX=/usr/local, DESTDIR=)
	$(INSTALL) -D -m 755 $(BUILD)/devgate $(DESTDIR)$(bindir)/devgate
	$(INSTALL) -D -m 644 $(BUILD)/devgate.1 $(DESTDIR)$(datadir)/man/man1/devgate.1
	$(INSTALL) -D -m 644 $(BUILD)/devgate.bash $(DESTDIR)$(datadir)/bash-completion/completions/devgate
	set -e; for file in $(wildcard examples/*.dgp examples/*/*); do \
		$(INSTALL) -D -m 644 $$file $(DESTDIR)$(datadir)/devgate/$$file; done
	set -e; for page in $(wildcard docs/*.[1-8]); do \
		$(INSTALL) -D -m 644 $$page $(DESTDIR)$(datadir)/man/man$${page##*.}/$${page##*/}; done
