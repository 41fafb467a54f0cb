# shellcheck shell=bash disable=SC2034,SC2154,SC2164
# SPDX-License-Identifier: Apache-2.0
# The C library, Debian's build of it, and bin/cc, which compiles and links with it.  SRC is the
# unpacked musl-dev package or "/" when the machine has that version installed.

DEPS_TOOLS="${GNU_ARCH}-linux-gnu-gcc"

recipe()
{
    local musl=${GNU_ARCH}-linux-musl gcc=${GNU_ARCH}-linux-gnu-gcc headers asm dir doc

    mkdir -p "$OUT"/{bin,licenses,include,lib,sysroot/kernel}
    cp -RL "$SRC/usr/include/$musl" "$OUT/sysroot/include"
    cp -RL "$SRC/usr/lib/$musl" "$OUT/sysroot/lib"
    rm -f "$OUT/sysroot/lib/"*.so "$OUT/sysroot/lib/"*.specs

    # Links to the kernel's headers alone: next to them lie glibc's, which must not be found.
    headers=/usr/include
    asm=$headers/${GNU_ARCH}-linux-gnu/asm
    if [[ $(dpkg --print-architecture) != "$ARCH" ]]; then
        headers=/usr/${GNU_ARCH}-linux-gnu/include
        asm=$headers/asm
    fi
    for dir in "$headers/linux" "$asm" "$headers/asm-generic"; do
        if [[ ! -d $dir ]]; then
            echo "missing kernel headers: $dir" >&2
            return 1
        fi
        ln -s "$dir" "$OUT/sysroot/kernel/"
    done

    cp "$DEPS_SCRIPTS/musl.specs" "$OUT/bin/musl.specs"
    cat >"$OUT/bin/cc" <<EOF
#!/bin/sh
# Compiles and links static musl programs for $ARCH.
case \$0 in
*/*) here=\${0%/*} ;;
*) here=. ;;
esac
export DEPS_SYSROOT="\$here/../sysroot"
exec $gcc -specs="\$here/musl.specs" -isystem "\$here/../include" "\$@"
EOF
    chmod 755 "$OUT/bin/cc"

    # Programs linked with -z pack-relative-relocs need it; binutils 2.40 has that for amd64 alone.
    if [[ $ARCH == amd64 ]]; then
        "$OUT/bin/cc" -O2 -fPIE -fno-stack-protector -fcf-protection -fno-asynchronous-unwind-tables \
            -c -o "$WORK/relr.o" "$DEPS_SCRIPTS/relr.c"
        "${GNU_ARCH}-linux-gnu-objcopy" --redefine-sym _start=musl_start "$OUT/sysroot/lib/rcrt1.o" "$WORK/rcrt1.o"
        "${GNU_ARCH}-linux-gnu-ld" -r -o "$OUT/sysroot/lib/rcrt1.o" "$WORK/relr.o" "$WORK/rcrt1.o"
    fi

    cp "$SRC/usr/share/doc/musl-dev/copyright" "$OUT/licenses/musl"
    # libgcc is in every program: GPL with the runtime library exception, both named there.
    for doc in "gcc-$($gcc -dumpversion)-base" "gcc-$($gcc -dumpversion)-${GNU_ARCH}-linux-gnu-base"; do
        if [[ -f /usr/share/doc/$doc/copyright ]]; then
            cp "/usr/share/doc/$doc/copyright" "$OUT/licenses/libgcc"
        fi
    done
    echo "libgcc $($gcc -dumpfullversion)" >"$OUT/versions"

    # It must work before anything is built with it.
    cat >"$WORK/try.c" <<'EOF'
#include <linux/types.h>
#include <stdio.h>
int main(void) { return puts("works") < 0; }
EOF
    "$OUT/bin/cc" -o "$WORK/try" "$WORK/try.c"
}
