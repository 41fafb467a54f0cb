# shellcheck shell=bash disable=SC2034,SC2154,SC2164
# SPDX-License-Identifier: Apache-2.0
# libcrypto and libssl: TLS 1.2 and 1.3, what certificates on the web are signed with, SHA-2, HMAC
# and AES-GCM.  Assembler stays where bytes go through (SHA-NI, AES-NI, the ARMv8 instructions).

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
        # Every server with TLS 1.2 or 1.3 has AES-GCM with a curve; nobody here asks a responder.
        no-chacha no-poly1305 no-cmac no-dh no-ocsp no-multiblock
        no-filenames
        threads
    )

    cd "$SRC"
    # What is large and of use to a busy TLS server alone; there is no option for it.  P-256 signs and
    # verifies in half a millisecond without its table of 150 KB, which does not compress; AES without
    # AES-NI is vpaes; the CBC suites do their HMAC separately.
    deps_replace 's/\bECP_NISTZ256_ASM\b//' crypto/ec/build.info
    deps_replace 's/\bBSAES_ASM\b//' crypto/aes/build.info
    deps_replace '/define AES_CBC_HMAC_SHA_CAPABLE/d' include/crypto/aes_platform.h
    # Nobody here writes a key.
    deps_replace '/#include "encoders.inc"/d' providers/defltprov.c
    deps_replace '/#include "encoders.inc"/d' providers/baseprov.c
    # shellcheck disable=SC2086
    perl ./Configure "linux-$GNU_ARCH" --prefix=/usr --openssldir=/etc/ssl --libdir=lib \
        "${options[@]}" CC="$CC" AR="$AR" RANLIB="$RANLIB" -Os -DOPENSSL_SMALL_FOOTPRINT $DEPS_CFLAGS
    deps_make build_generated
    deps_make libcrypto.a libssl.a
    rm include/openssl/*.in
    deps_install libcrypto.a libssl.a -- include/openssl
    deps_licence openssl LICENSE.txt
}
