# The variants: a compiler, its flags and where libraries come from.
#
#   static, static-arm64   musl, everything inside, what is shipped
#   static-sqlite          the same for amd64 with a berthd that knows SQLite alone: no connector, no TLS
#   debug asan cov         glibc and Debian's libraries, for people, sanitizers and coverage
#   fuzz                   the same with clang and libFuzzer

VARIANTS := static static-arm64 static-sqlite debug asan cov fuzz

VERSION := $(shell sed -n 's/^\#define BERTH_VERSION "\(.*\)"/\1/p' lib/base/version.h)

WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition \
	-Wpointer-arith -Wformat=2 -Wundef -Wvla -Wimplicit-fallthrough -Wno-missing-field-initializers $(if $(WERROR),-Werror)

# This folder's name inside single quotes for the shell.
quote := '
HERE := $(subst $(quote),$(quote)\$(quote)$(quote),$(CURDIR))

# Paths of the build folder stay out of the objects, so that two folders give the same bytes.
COMMON := -std=gnu11 -D_GNU_SOURCE -I. -Ilib $(WARNINGS) '-ffile-prefix-map=$(HERE)/=' \
	-fno-common -fno-strict-aliasing

# musl has no _FORTIFY_SOURCE; the rest of the hardening is the compiler's and the linker's.
HARDEN := -fstack-protector-strong -fstack-clash-protection -fPIE
HARDEN_LINK := -Wl,-z,relro,-z,now,-z,noexecstack

STATIC := $(COMMON) -O2 -g0 $(HARDEN) -ffunction-sections -fdata-sections \
	-fno-unwind-tables -fno-asynchronous-unwind-tables
STATIC_LINK := -static-pie $(HARDEN_LINK) -Wl,--gc-sections,--build-id=none,-s

CC_static := build/deps/amd64/bin/cc
CFLAGS_static := $(STATIC) -fcf-protection -isystem build/deps/amd64/include
# binutils 2.40 packs relocations for amd64 alone; scripts/deps/relr.c unpacks them.
LDFLAGS_static := $(STATIC_LINK) -Wl,-z,pack-relative-relocs -Lbuild/deps/amd64/lib
AR_static := ar

CC_static-arm64 := build/deps/arm64/bin/cc
CFLAGS_static-arm64 := $(STATIC) -mbranch-protection=standard -isystem build/deps/arm64/include
LDFLAGS_static-arm64 := $(STATIC_LINK) -Lbuild/deps/arm64/lib
AR_static-arm64 := aarch64-linux-gnu-ar

CC_static-sqlite := $(CC_static)
CFLAGS_static-sqlite := $(CFLAGS_static) -DBERTH_SQLITE_ONLY
LDFLAGS_static-sqlite := $(LDFLAGS_static)
AR_static-sqlite := $(AR_static)

CC_debug := gcc
CFLAGS_debug := $(COMMON) -Og -g -D_FORTIFY_SOURCE=2 $(HARDEN) -include base/banned.h
LDFLAGS_debug := -pie $(HARDEN_LINK)

SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
CC_asan := gcc
CFLAGS_asan := $(COMMON) -O1 -g $(SANITIZE)
LDFLAGS_asan := $(SANITIZE)

CC_cov := gcc
CFLAGS_cov := $(COMMON) -O0 -g --coverage -fprofile-abs-path
LDFLAGS_cov := --coverage

CC_fuzz := clang
CFLAGS_fuzz := $(COMMON) -O1 -g $(SANITIZE) -fsanitize=fuzzer-no-link
LDFLAGS_fuzz := $(SANITIZE)

AR_debug := ar
AR_asan := ar
AR_cov := ar
AR_fuzz := ar

# What a variant's objects wait for.
STAMP_static = $(DEPS_STAMP_amd64)
STAMP_static-arm64 = $(DEPS_STAMP_arm64)
STAMP_static-sqlite = $(DEPS_STAMP_amd64)

# -l flags of a third-party library; static libraries name what they need themselves.
LINK_jansson := -ljansson
LINK_sqlite := -lsqlite3
LINK_archive := -larchive
LINK_deflate := -ldeflate
LINK_zstd := -lzstd
LINK_z := -lz
LINK_crypto := -lcrypto
LINK_curl := -lcurl
LINK_mariadb := -lmariadb
LINK_m := -lm
# The tests' own: a known parser to compare ours with.
LINK_http_parser := -lhttp_parser
LINK_static_curl := -lcurl -lssl -lcrypto
LINK_static_archive := -larchive -lzstd -lz
LINK_static_sqlite := -lsqlite3 -lm
LINK_static_mariadb := -lmariadb -lssl -lcrypto -lz

is_static = $(filter static static-%,$1)
# $(call link,VARIANT,LIBRARIES)
link = $(foreach l,$2,$(or $(if $(call is_static,$1),$(LINK_static_$l)),$(LINK_$l)))
