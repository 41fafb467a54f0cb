# make install and make dist.

PREFIX ?= /usr/local
DESTDIR ?=

MANUALS := $(foreach p,$(BUILT),build/man/$p.1)

.PHONY: man install dist
man: $(MANUALS) ## the man pages, into build/man/

build/man/%.1: build/debug/% scripts/make-man
	$(call say,MAN,$@)
	$(Q)mkdir -p $(@D) && scripts/make-man $< $($*_folder)/$*.1.scd.in >$@.new && mv $@.new $@

install: $(VARIANT) $(MANUALS) ## install the programs, man pages and completions under PREFIX
	$(Q)scripts/install build/$(VARIANT) $(DESTDIR)$(PREFIX) $(BUILT)

dist: static man ## a tar archive of sources and one of programs, under build/dist/
	$(Q)scripts/dist $(VERSION) $(BUILT)
