# shellcheck shell=bash disable=SC2034,SC2154,SC2164
# SPDX-License-Identifier: Apache-2.0
# libcrypto and libssl: TLS 1.2 and 1.3, what certificates on the web are signed with, SHA-2, HMAC,
# AES-GCM and ChaCha20.  Assembler stays for speed (SHA-NI, AES-NI, the ARMv8 instructions).

DEPS_TOOLS='perl'

recipe()
{
    local options=(
        no-shared no-tests no-module no-dso no-engine no-static-engine no-legacy no-ui-console
        # A static program must not change its behaviour with the machine's openssl.cnf.
        no-autoload-config
        no-async no-cmp no-cms no-comp no-ct no-dgram no-dtls no-ec2m no-gost no-ktls no-nextprotoneg
        no-psk no-rfc3779 no-sctp no-srp no-srtp no-ssl3 no-tls1 no-tls1_1 no-ts
        no-aria no-bf no-blake2 no-camellia no-cast no-des no-dsa no-idea no-md4 no-mdc2 no-ocb
        no-rc2 no-rc4 no-rmd160 no-scrypt no-seed no-siphash no-siv no-sm2 no-sm3 no-sm4
        no-whirlpool
        threads
    )

    cd "$SRC"
    # shellcheck disable=SC2086
    perl ./Configure "linux-$GNU_ARCH" --prefix=/usr --openssldir=/etc/ssl --libdir=lib \
        "${options[@]}" CC="$CC" AR="$AR" RANLIB="$RANLIB" -Os $DEPS_CFLAGS
    deps_make build_generated
    deps_make libcrypto.a libssl.a
    rm include/openssl/*.in
    deps_install libcrypto.a libssl.a -- include/openssl
    deps_licence openssl LICENSE.txt
}
