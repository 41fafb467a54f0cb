# make check: what can be said about the sources without running them.  Each check is a goal of its own
# and prints one line when it passes.

SOURCES = $(shell git ls-files -c -o --exclude-standard '*.c')
HEADERS = $(shell git ls-files -c -o --exclude-standard '*.h')
PROGRAM_SOURCES = $(filter-out tests/%,$(SOURCES))
SCRIPTS = $(shell git ls-files -c -o --exclude-standard scripts .ci | xargs grep -lE '^.!.*(sh|bash)$$')

ANALYZED = $(PROGRAM_SOURCES:%.c=build/check/analyzer/%.o)
ALONE = $(HEADERS:%=build/check/headers/%.ok)
TIDIED = $(PROGRAM_SOURCES:%=build/check/tidy/%.ok)

.PHONY: check check-format check-layers check-headers check-analyzer check-tidy check-cppcheck check-shell check-man check-warnings format
check: check-format check-layers check-shell check-headers check-warnings check-analyzer check-tidy check-cppcheck check-man ## format, layers, linters and analyzers
	@echo "make check: all passed"

format: | packages-check ## put the sources into the format that make check wants
	$(Q)clang-format -i $(SOURCES) $(HEADERS)

check-format: | packages-check
	$(Q)clang-format --dry-run -Werror $(SOURCES) $(HEADERS)
	@echo "  format  ok"

check-layers:
	$(Q)scripts/check-layers
	@echo "  layers  ok"

check-shell: | packages-check
	$(Q)shellcheck -x $(SCRIPTS)
	@echo "  shell   ok"

build/check/headers/%.ok: % | packages-check
	$(Q)mkdir -p $(@D) && gcc $(COMMON) -Werror -Itests -x c -fsyntax-only $< && touch $@

check-headers: $(ALONE)
	@echo "  headers ok: each compiles alone"

# The same code with warnings as errors, by both compilers.
build/check/warnings/%.o: %.c $(HEADERS) | packages-check
	$(Q)mkdir -p $(@D) && gcc $(CFLAGS_debug) $(TEST_FLAGS) -Werror -O2 -c -o $@ $<
	$(Q)clang $(COMMON) $(TEST_FLAGS) -Werror -Wno-unused-command-line-argument -fsyntax-only $<

check-warnings: $(SOURCES:%.c=build/check/warnings/%.o)
	@echo "  gcc     ok; clang ok: no warnings"

build/check/analyzer/%.o: %.c $(HEADERS) | packages-check
	$(Q)mkdir -p $(@D) && gcc $(COMMON) -Werror -O1 -g -fanalyzer -c -o $@ $<

check-analyzer: $(ANALYZED)
	@echo "  gcc -fanalyzer ok"

build/check/tidy/%.ok: % $(HEADERS) .clang-tidy | packages-check
	$(Q)mkdir -p $(@D) && clang-tidy --quiet $< -- $(COMMON) 2>$@.log || { cat $@.log >&2; exit 1; }
	$(Q)touch $@

check-tidy: $(TIDIED)
	@echo "  clang-tidy ok"

check-cppcheck: | packages-check
	$(Q)mkdir -p build/check/cppcheck && cppcheck --quiet --std=c11 --error-exitcode=1 --inline-suppr \
		--enable=warning,portability --suppressions-list=mk/cppcheck.txt \
		--cppcheck-build-dir=build/check/cppcheck -j 2 -D_GNU_SOURCE -I. -Ilib $(PROGRAM_SOURCES)
	@echo "  cppcheck ok"

check-man: static $(MANUALS)
	$(Q)scripts/check-man build/static build/man $(BUILT)
	@echo "  man     ok: every option is in its page"
