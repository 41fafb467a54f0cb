# The static libraries the musl programs link: built from Debian's sources into
# build/deps/<arch>/{bin,include,lib,licenses}.  docs/dependencies.md tells the story.
#
#   DEPS_STAMP_amd64, DEPS_STAMP_arm64   files to depend on, newer than everything they stand for
#   DEPS_CC_amd64, DEPS_CC_arm64         the compiler driver that finds these libraries by itself

DEPS_ROOT ?= build/deps

# name:hash:needs words; a stamp's name has the hash of all that decides its library's bytes.
DEPS_INFO := $(shell scripts/deps/hashes)
DEPS_LIBS ?= $(foreach w,$(DEPS_INFO),$(firstword $(subst :, ,$w)))

deps_field = $(word $2,$(subst :, ,$(filter $1:%,$(DEPS_INFO))))
deps_stamp = $(DEPS_ROOT)/$1/.stamp/$2-$(call deps_field,$2,2)
deps_comma := ,

# The packages are looked at only when something is to be built.
define deps_library
$(call deps_stamp,$1,$2): $(foreach n,$(subst $(deps_comma), ,$(call deps_field,$2,3)),$(call deps_stamp,$1,$n)) \
		$(if $(wildcard $(call deps_stamp,$1,$2)),,| $(DEPS_PACKAGES_$1))
	+@scripts/deps/build $(DEPS_ROOT) $1 $2 $(call deps_field,$2,2)
endef

define deps_arch
DEPS_STAMP_$1 := $(DEPS_ROOT)/$1/.done
DEPS_CC_$1 := $(DEPS_ROOT)/$1/bin/cc
$$(DEPS_STAMP_$1): $(foreach l,$(DEPS_LIBS),$(call deps_stamp,$1,$l))
	@scripts/deps/finish $$(@D) $$^
$(foreach l,$(DEPS_LIBS),$(eval $(call deps_library,$1,$l)))
endef
DEPS_PACKAGES_amd64 := packages-build
DEPS_PACKAGES_arm64 := packages-build packages-build-arm64
$(foreach a,amd64 arm64,$(eval $(call deps_arch,$a)))

.PHONY: deps deps-arm64
deps: $(DEPS_STAMP_amd64) ## build the static libraries for amd64 ## build the static libraries
deps-arm64: $(DEPS_STAMP_arm64) ## the same for arm64 ## the same for arm64
