# shellcheck shell=bash disable=SC2034,SC2154,SC2164
# SPDX-License-Identifier: Apache-2.0

recipe()
{
    cd "$SRC"
    deps_make libdeflate.a CC="$CC" AR="$AR" CFLAGS="-O2 $DEPS_CFLAGS"
    deps_install libdeflate.a -- libdeflate.h
    deps_licence libdeflate COPYING
}
