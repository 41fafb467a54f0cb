# shellcheck shell=bash disable=SC2034,SC2154,SC2164
# SPDX-License-Identifier: Apache-2.0

recipe()
{
    cd "$SRC"
    CC=$CC AR=$AR RANLIB=$RANLIB CFLAGS="-O3 $DEPS_CFLAGS -D_LARGEFILE64_SOURCE=1" \
        CHOST=${GNU_ARCH}-linux ./configure --static --prefix=/usr
    deps_make libz.a
    deps_install libz.a -- zlib.h zconf.h
    deps_licence zlib LICENSE
}
