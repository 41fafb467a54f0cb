# From the folders' module.mk to objects, archives and programs, once for each variant.
#
# A module.mk adds its folder to FOLDERS; every .c file in it but main.c goes into the folder's
# archive.  A program adds its name to PROGRAMS and says <program>_folder (where its main.c is),
# <program>_uses (folders it links, topmost first) and <program>_libs (third parties).

sources = $(filter-out %/main.c,$(wildcard $1/*.c))
# $(call objects,VARIANT,SOURCES)
objects = $(patsubst %.c,build/$1/obj/%.o,$2)
archive = build/$1/$2.a

BUILD_FILES := Makefile mk/variants.mk mk/rules.mk

# Programs whose main.c is there.
BUILT := $(foreach p,$(PROGRAMS),$(if $(wildcard $($p_folder)/main.c),$p))

define archive_rule
$(call archive,$1,$2): $(call objects,$1,$(call sources,$2))
	$$(call say,AR,$$@)
	$$(Q)mkdir -p $$(@D) && rm -f $$@.new && $(AR_$1) rcsD $$@.new $$(filter %.o,$$^) && mv $$@.new $$@
endef

define program_rule
build/$1/$2: build/$1/obj/$($2_folder)/main.o $(foreach f,$($2_uses),$(call archive,$1,$f)) $($2_folder)/module.mk
	$$(call say,LINK,$$@)
	$$(Q)$(CC_$1) $(LDFLAGS_$1) -o $$@.new $$(filter %.o %.a,$$^) $(call link,$1,$($2_libs)) && mv $$@.new $$@
endef

define variant_rules
.PHONY: $1
$1: $(if $(filter fuzz,$1),,$(addprefix build/$1/,$(BUILT))) $(if $(call is_static,$1),build/$1/LICENSES)

build/$1/obj/%.o: %.c $(BUILD_FILES) $(STAMP_$1) | packages-build
	$$(call say,CC,$$@)
	$$(Q)mkdir -p $$(@D) && $$(CC_$1) $$(CFLAGS_$1) -MMD -MP -c -o $$@ $$<

$(foreach f,$(FOLDERS),$(eval $(call archive_rule,$1,$f)))
$(foreach p,$(BUILT),$(eval $(call program_rule,$1,$p)))
endef

define licenses_rule
build/$1/LICENSES: LICENSE $(DEPS_STAMP_$2) scripts/licenses
	$$(call say,GEN,$$@)
	$$(Q)mkdir -p $$(@D) && scripts/licenses build/deps/$2/licenses >$$@.new && mv $$@.new $$@
endef

static: ## build the static programs for amd64
static-arm64: ## build the static programs for arm64
static-sqlite: ## build them with a berthd that has neither MariaDB nor TLS inside
debug: ## build with glibc, Debian's libraries and debugging information
asan: ## build with AddressSanitizer and UndefinedBehaviorSanitizer
$(foreach v,$(VARIANTS),$(eval $(call variant_rules,$v)))
$(eval $(call licenses_rule,static,amd64))
$(eval $(call licenses_rule,static-arm64,arm64))
$(eval $(call licenses_rule,static-sqlite,amd64))

-include $(foreach v,$(VARIANTS),$(wildcard build/$v/obj/*.d build/$v/obj/*/*.d build/$v/obj/*/*/*.d build/$v/obj/*/*/*/*.d))
