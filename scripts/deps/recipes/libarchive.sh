# shellcheck shell=bash disable=SC2034,SC2154,SC2164
# SPDX-License-Identifier: Apache-2.0
# Every reader and writer is in the archive; a program links only those it names, so tar with gzip
# and zstd is what remains.  No iconv: names in archives are bytes.

recipe()
{
    deps_cmake -O2 archive_static \
        -DENABLE_XATTR=ON -DENABLE_ZLIB=ON -DENABLE_ZSTD=ON \
        -DENABLE_ACL=OFF -DENABLE_BZip2=OFF -DENABLE_CAT=OFF -DENABLE_CNG=OFF -DENABLE_CPIO=OFF \
        -DENABLE_EXPAT=OFF -DENABLE_ICONV=OFF -DENABLE_LIBB2=OFF -DENABLE_LIBGCC=OFF \
        -DENABLE_LIBXML2=OFF -DENABLE_LZ4=OFF -DENABLE_LZMA=OFF -DENABLE_LZO=OFF \
        -DENABLE_MBEDTLS=OFF -DENABLE_NETTLE=OFF -DENABLE_OPENSSL=OFF -DENABLE_PCREPOSIX=OFF \
        -DENABLE_TAR=OFF -DENABLE_TEST=OFF -DENABLE_WERROR=OFF \
        -DPOSIX_REGEX_LIB=NONE
    deps_install "$WORK/build/libarchive/libarchive.a" -- \
        "$SRC/libarchive/archive.h" "$SRC/libarchive/archive_entry.h"
    deps_licence libarchive "$SRC/COPYING"
}
