# shellcheck shell=bash disable=SC2034,SC2154,SC2164
# SPDX-License-Identifier: Apache-2.0
# With threads (ZSTD_c_nbWorkers); without dictionary training and the formats before version 0.8.

recipe()
{
    cd "$SRC/lib"
    deps_make libzstd.a CC="$CC" AR="$AR" CFLAGS="-O3 $DEPS_CFLAGS" CPPFLAGS=-DZSTD_MULTITHREAD \
        ZSTD_LEGACY_SUPPORT=0 ZSTD_LIB_DICTBUILDER=0 ZSTD_LIB_DEPRECATED=0 V=1
    deps_install libzstd.a -- zstd.h zstd_errors.h
    deps_licence libzstd "$SRC/LICENSE"
}
