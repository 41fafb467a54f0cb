# make install and make dist.

PREFIX ?= /usr/local
DESTDIR ?=

MANUALS = $(foreach p,$(BUILT),build/man/$p.1)

.PHONY: man install dist
man: $(MANUALS) ## the man pages, into build/man/

# Made by the static programs, which run here, whatever variant is installed.
define man_rule
build/man/$1.1: build/static/$1 $($1_folder)/$1.1.scd.in scripts/make-man | packages-man
	$$(call say,MAN,$$@)
	$$(Q)mkdir -p $$(@D) && scripts/make-man build/static/$1 $($1_folder)/$1.1.scd.in >$$@.new && mv $$@.new $$@
endef
$(foreach p,$(BUILT),$(eval $(call man_rule,$p)))

install: $(VARIANT) static $(MANUALS) ## install the programs, man pages and completions under PREFIX
	$(Q)scripts/install build/$(VARIANT) '$(DESTDIR)$(PREFIX)' $(BUILT)

dist: static man ## a tar archive of sources and one of programs, under build/dist/
	$(Q)scripts/dist $(VERSION) $(BUILT)
