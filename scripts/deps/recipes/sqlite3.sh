# shellcheck shell=bash disable=SC2034,SC2154,SC2164
# SPDX-License-Identifier: Apache-2.0
# Debian's source is the full tree: tclsh joins it into the amalgamation, which is then one compile.

DEPS_TOOLS='tclsh gcc'

recipe()
{
    local options=(
        -DSQLITE_DQS=0
        -DSQLITE_THREADSAFE=2
        -DSQLITE_DEFAULT_MEMSTATUS=0
        -DSQLITE_DEFAULT_WAL_SYNCHRONOUS=1
        -DSQLITE_LIKE_DOESNT_MATCH_BLOBS
        -DSQLITE_OMIT_LOAD_EXTENSION
        -DSQLITE_OMIT_DEPRECATED
        -DSQLITE_OMIT_SHARED_CACHE
        -DSQLITE_ENABLE_LOCKING_STYLE=0
        # A FROM scratch image has no /tmp.
        -DSQLITE_TEMP_STORE=2
        # Without configure these are unknown; no usleep would mean a busy handler that waits in
        # whole seconds.
        -DHAVE_USLEEP=1
        -DHAVE_FDATASYNC=1
        -DHAVE_GMTIME_R=1
        -DHAVE_LOCALTIME_R=1
        -DHAVE_ISNAN=1
        -DHAVE_PREAD=1
        -DHAVE_PWRITE=1
        -DHAVE_STRERROR_R=1
        -DHAVE_STRCHRNUL=1
        -DHAVE_INTTYPES_H=1
        -DHAVE_STDINT_H=1
        -DHAVE_MALLOC_H=1
    )

    mkdir -p "$WORK/build"
    cd "$WORK/build"
    # Not in parallel: main.mk does not name all the files its steps share.
    make -f "$SRC/main.mk" TOP="$SRC" BCC=gcc TCC=gcc NAWK=awk OPTS= THREADLIB= sqlite3.c
    # shellcheck disable=SC2086
    $CC -Os $DEPS_CFLAGS "${options[@]}" -c -o sqlite3.o sqlite3.c
    $AR qcsD libsqlite3.a sqlite3.o
    deps_install libsqlite3.a -- sqlite3.h
    deps_licence sqlite3 "$SRC/LICENSE.md"
}
