# shellcheck shell=bash disable=SC2034,SC2154,SC2164
# SPDX-License-Identifier: Apache-2.0
#
# What every recipe is given: the compiler flags and the helpers that call make and cmake.  This
# text is part of every library's hash: changing it rebuilds them all.
#
#   SRC     the unpacked source, Debian's patches applied
#   OUT     where the recipe installs: OUT/include, OUT/lib, OUT/licenses
#   WORK    scratch folder, removed afterwards
#   PREFIX  what is already built for this architecture
#   ARCH    amd64 or arm64;  GNU_ARCH  x86_64 or aarch64

# No unwind tables: nothing throws, and they are a tenth of a program.  No -g: nothing to strip, and
# debug information is where build paths hide.
DEPS_CFLAGS='-fPIE -ffunction-sections -fdata-sections -fstack-protector-strong'
DEPS_CFLAGS+=' -fno-unwind-tables -fno-asynchronous-unwind-tables'

# Recipes see this name only, and find it on PATH: OpenSSL stores the compiler's name and flags in
# the library.
CC=deps-cc
AR=${GNU_ARCH}-linux-gnu-ar
RANLIB=${GNU_ARCH}-linux-gnu-ranlib

# Messages with __FILE__ in them name a made-up folder, wherever the build was.
deps_compiler()
{
    cat >"$WORK/bin/$CC" <<EOF
#!/bin/sh
exec "$PREFIX/bin/cc" -ffile-prefix-map="$WORK"=/usr/src/$1 -ffile-prefix-map="$PREFIX"=/usr "\$@"
EOF
    chmod 755 "$WORK/bin/$CC"
}

# With `make -j` the jobs come from the outer make's jobserver, else every core is used.
deps_make()
{
    if [[ -n $DEPS_JOBSERVER ]]; then
        MAKEFLAGS=$DEPS_JOBSERVER make "$@"
    else
        make -j"$(nproc)" "$@"
    fi
}

# deps_cmake FLAGS TARGET CMAKE-OPTION...: builds a target of $SRC in $WORK/build.
deps_cmake()
{
    local optimise=$1 target=$2
    shift 2
    cat >"$WORK/toolchain.cmake" <<EOF
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR $GNU_ARCH)
set(CMAKE_C_COMPILER $CC)
set(CMAKE_AR $(command -v "$AR") CACHE FILEPATH "")
set(CMAKE_RANLIB $(command -v "$RANLIB") CACHE FILEPATH "")
set(CMAKE_FIND_ROOT_PATH $PREFIX)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
EOF
    PKG_CONFIG=/bin/false cmake -G 'Unix Makefiles' -S "$SRC" -B "$WORK/build" \
        -DCMAKE_TOOLCHAIN_FILE="$WORK/toolchain.cmake" \
        -DCMAKE_BUILD_TYPE=Release \
        -DCMAKE_C_FLAGS="$DEPS_CFLAGS" \
        -DCMAKE_C_FLAGS_RELEASE="$optimise -DNDEBUG" \
        -DCMAKE_INSTALL_PREFIX=/usr \
        -DBUILD_SHARED_LIBS=OFF \
        "$@"
    deps_make -C "$WORK/build" VERBOSE=1 "$target"
}

# deps_replace SCRIPT FILE: sed in place that fails when it changes nothing, as with another version.
deps_replace()
{
    sed -e "$1" "$2" >"$WORK/tmp/replaced"
    if cmp -s "$WORK/tmp/replaced" "$2"; then
        echo "nothing to replace in $2: $1" >&2
        return 1
    fi
    cat "$WORK/tmp/replaced" >"$2"
}

# deps_install LIBRARY... -- HEADER...
deps_install()
{
    local to=$OUT/lib file
    mkdir -p "$OUT"/{include,lib}
    for file in "$@"; do
        if [[ $file == -- ]]; then
            to=$OUT/include
        else
            cp -R "$file" "$to/"
        fi
    done
}

# Both texts: Debian's file names every author, upstream's file has the whole licence.
deps_licence()
{
    mkdir -p "$OUT/licenses"
    cat "$SRC/debian/copyright" "${@:2}" >"$OUT/licenses/$1"
}
