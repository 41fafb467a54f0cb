# Berth: containers that fit the CPU they really get.
#
#   make            builds the static programs into build/static/
#   make demo       from source to a sized, running container
#   make test       everything that is tested
#   make help       the other goals
#
# One make, no recursion: every folder with sources has a module.mk that says what it adds, mk/ holds
# the rules, and every variant is built in its own folder under build/ from the same rules.

VARIANT ?= static
Q := $(if $(V),,@)
say = @$(if $(V),:,printf '  %-7s %s\n' '$1' '$2')

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules
.SUFFIXES:

ifneq ($(filter-out static static-arm64 static-sqlite debug asan cov fuzz,$(VARIANT)),)
$(error VARIANT=$(VARIANT): there are static, static-arm64, static-sqlite, debug, asan, cov and fuzz)
endif

include mk/variants.mk
include mk/deps.mk
include $(sort $(wildcard */module.mk lib/*/module.mk))
include mk/rules.mk
include mk/packages.mk
include mk/test.mk
include mk/install.mk
include mk/check.mk

# As many jobs as there are processors, unless -j says otherwise; a make below shares them.
ifeq ($(MAKELEVEL)$(filter -j%,$(MAKEFLAGS)),0)
MAKEFLAGS += -j$(shell nproc)
endif

.PHONY: all demo help clean distclean
all: $(VARIANT) ## build the programs of VARIANT (static)

demo: static | packages-demo ## from source to a sized, running container
	$(Q)$(PYTHON) scripts/demo.py

help: ## list the goals
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST) | sort

clean: ## remove what was built, but not the libraries of `make deps`
	$(Q)rm -rf $(addprefix build/,$(VARIANTS)) build/check

distclean: ## remove build/
	$(Q)rm -rf build
