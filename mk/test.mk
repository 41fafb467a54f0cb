# make test and its parts.
#
# Unit tests: tests/unit/<folder>/test_<module>.c, cmocka, in glibc variants.  Integration: pytest over
# the real programs of BERTH_VARIANT.  Fuzz targets: tests/fuzz/fuzz_<name>.c with libFuzzer, their
# corpora replayed without it in the asan variant.

PYTHON ?= /usr/bin/python3
FUZZ_SECONDS ?= 10
PYTEST := $(PYTHON) -m pytest -q -rs -p no:cacheprovider

UNIT_SOURCES := $(wildcard tests/unit/*/test_*.c)
UNIT_NAMES := $(UNIT_SOURCES:tests/unit/%.c=%)
FUZZ_NAMES := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
# Topmost first, as the linker wants them; an archive is read only for what is still missing.
LAYERS := taskgen images ecs server lib/aws lib/cpu lib/net lib/json lib/base
TEST_FOLDERS := $(filter $(FOLDERS),$(LAYERS))
TEST_LIBS := curl mariadb archive deflate zstd z crypto jansson sqlite http_parser m

TEST_FLAGS := -DTEST_DIR='"$(HERE)/tests"' -Itests

define unit_rules
build/$1/obj/tests/%.o: CFLAGS_$1 += $(TEST_FLAGS)
build/$1/tests/unit/%: build/$1/obj/tests/unit/%.o $(foreach f,$(TEST_FOLDERS),$(call archive,$1,$f)) | packages-test
	$$(call say,LINK,$$@)
	$$(Q)mkdir -p $$(@D) && $(CC_$1) $(LDFLAGS_$1) -Wl,--as-needed -o $$@ $$^ -lcmocka $(call link,$1,$(TEST_LIBS))
.SECONDARY: $(UNIT_NAMES:%=build/$1/obj/tests/unit/%.o)
endef
$(foreach v,debug asan cov,$(eval $(call unit_rules,$v)))

# The corpus of every fuzz target, replayed by a plain main().
build/asan/tests/fuzz/%: build/asan/obj/tests/fuzz/%.o build/asan/obj/tests/fuzz/replay.o \
		$(foreach f,$(TEST_FOLDERS),$(call archive,asan,$f))
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D) && $(CC_asan) $(LDFLAGS_asan) -Wl,--as-needed -o $@ $^ $(call link,asan,$(TEST_LIBS))

build/fuzz/obj/tests/%.o: CFLAGS_fuzz += $(TEST_FLAGS)
build/fuzz/tests/fuzz/%: build/fuzz/obj/tests/fuzz/%.o $(foreach f,$(TEST_FOLDERS),$(call archive,fuzz,$f))
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D) && $(CC_fuzz) $(LDFLAGS_fuzz) -fsanitize=fuzzer -Wl,--as-needed -o $@ $^ $(call link,fuzz,$(TEST_LIBS))
.SECONDARY: build/asan/obj/tests/fuzz/replay.o $(FUZZ_NAMES:%=build/asan/obj/tests/fuzz/%.o) $(FUZZ_NAMES:%=build/fuzz/obj/tests/fuzz/%.o)

# Programs for integration tests, which reach what no command of ours does: tests/probe/<name>.c.
define probe_rules
build/$1/tests/probe/%: build/$1/obj/tests/probe/%.o $(foreach f,$(berthd_uses),$(call archive,$1,$f)) server/module.mk
	$$(call say,LINK,$$@)
	$$(Q)mkdir -p $$(@D) && $$(CC_$1) $$(LDFLAGS_$1) -o $$@ $$(filter %.o %.a,$$^) $(call link,$1,$(berthd_libs)) -pthread
.SECONDARY: $(patsubst %.c,build/$1/obj/%.o,$(wildcard tests/probe/*.c))
endef
$(foreach v,static static-arm64 debug asan cov,$(eval $(call probe_rules,$v)))

UNIT_VARIANT := $(if $(filter debug asan cov,$(VARIANT)),$(VARIANT),debug)

.PHONY: unit fuzz-replay fuzz integration integration-asan test bench bench-programs soak golden-update cov-report
unit: unit-$(UNIT_VARIANT) ## unit tests (VARIANT=asan under the sanitizers)

define unit_goal
.PHONY: unit-$1
unit-$1: $(UNIT_NAMES:%=build/$1/tests/unit/%)
	$$(Q)scripts/run-unit $$^
endef
$(foreach v,debug asan cov,$(eval $(call unit_goal,$v)))

fuzz-replay: $(FUZZ_NAMES:%=build/asan/tests/fuzz/%) ## replay the fuzz corpora under the sanitizers
	$(Q)scripts/run-fuzz replay $^

fuzz: $(FUZZ_NAMES:%=build/fuzz/tests/fuzz/%) ## run every fuzz target for FUZZ_SECONDS (10)
	$(Q)scripts/run-fuzz fuzz $(FUZZ_SECONDS) $^

integration: static debug bench-programs | packages-test ## integration tests of the static programs
	$(Q)BERTH_VARIANT=static $(PYTEST) tests/integration

integration-asan: asan static bench-programs | packages-test ## the same tests under ASan and UBSan
	$(Q)BERTH_VARIANT=asan $(PYTEST) tests/integration

golden-update: static ## rewrite the expected outputs under tests/cases
	$(Q)BERTH_VARIANT=static BERTH_GOLDEN_UPDATE=1 $(PYTEST) tests/integration -k cases

cov-report: unit-cov | packages-cov ## line coverage of the unit tests, with gcovr
	$(Q)gcovr -r . build/cov --exclude tests -s

# The benchmarks' own programs, with the compiler and the flags of what they are compared with.
BENCH_PROGRAMS := build/bench/floor build/bench/load

$(BENCH_PROGRAMS): build/bench/%: tests/bench/%.c $(BUILD_FILES) $(STAMP_static) | packages-build
	$(call say,CC,$@)
	$(Q)mkdir -p $(@D) && $(CC_static) $(CFLAGS_static) $(LDFLAGS_static) -o $@ $<

bench-programs: $(BENCH_PROGRAMS)

bench: static bench-programs | packages-test packages-bench ## measure against peers; prints ratios (BENCH_FLAGS=--quick)
	$(Q)for b in tests/bench/bench_*.py; do echo "== $$b"; $(PYTHON) $$b $(BENCH_FLAGS) || exit 1; done

SECONDS ?= 600

soak: static bench-programs | packages-test ## full load for SECONDS (600) under reloads and killed workers
	$(Q)$(PYTHON) tests/soak/soak.py --seconds $(SECONDS)

# One after the other, each with all processors; what is built first is built in one go.
test: | packages-build packages-build-arm64 packages-test ## unit, integration, sanitizers, short fuzzing
	$(Q)$(MAKE) --no-print-directory static static-arm64 debug asan
	$(Q)$(MAKE) --no-print-directory unit-debug
	$(Q)$(MAKE) --no-print-directory unit-asan
	$(Q)$(MAKE) --no-print-directory fuzz-replay
	$(Q)$(MAKE) --no-print-directory fuzz
	$(Q)$(MAKE) --no-print-directory integration-asan
	$(Q)$(MAKE) --no-print-directory integration
	@echo "make test: all passed"
