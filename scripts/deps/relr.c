/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The entry of a static program on amd64: applies the packed relative relocations (DT_RELR, System
 * V gABI), which musl 1.2.3's start code does not know, and goes on to that.  As RELA entries of 24
 * bytes they would be a tenth of a program.  Runs before anything is relocated: it may use no
 * address that the linker had to write somewhere, nor the stack protector.
 */
#include <elf.h>
#include <stddef.h>

#ifndef DT_RELR
#define DT_RELRSZ 35
#define DT_RELR   36
#endif

/* The stack pointer points at argc; rdx is the ABI's (a function for atexit, none here). */
__asm__(".text\n"
        ".globl _start\n"
        ".type _start, @function\n"
        "_start:\n"
        "    endbr64\n"
        "    xor %ebp, %ebp\n"
        "    mov %rsp, %rbx\n"
        "    mov %rdx, %r12\n"
        "    lea __ehdr_start(%rip), %rdi\n"
        "    lea _DYNAMIC(%rip), %rsi\n"
        "    and $-16, %rsp\n"
        "    call relr_apply\n"
        "    mov %rbx, %rsp\n"
        "    mov %r12, %rdx\n"
        "    jmp musl_start\n"
        ".hidden _DYNAMIC, __ehdr_start, musl_start\n");

/* Called from above alone. */
__attribute__((used, visibility("hidden"))) void relr_apply(unsigned char *base,
                                                            const Elf64_Dyn *dyn);

void
relr_apply(unsigned char *base, const Elf64_Dyn *dyn)
{
    Elf64_Xword *where = (Elf64_Xword *)base;
    const Elf64_Xword *entry = where;
    size_t n = 0;

    for (; dyn->d_tag != DT_NULL; dyn++) {
        if (dyn->d_tag == DT_RELR)
            entry = (const Elf64_Xword *)(base + dyn->d_un.d_ptr);
        else if (dyn->d_tag == DT_RELRSZ)
            n = dyn->d_un.d_val / sizeof *entry;
    }
    for (; n > 0; n--, entry++) {
        if ((*entry & 1) == 0) { /* an address: that word */
            where = (Elf64_Xword *)(base + *entry);
            *where++ += (Elf64_Xword)base;
        } else { /* a bitmap: of the 63 words that follow */
            for (Elf64_Xword bits = *entry >> 1, i = 0; bits != 0; bits >>= 1, i++)
                if (bits & 1)
                    where[i] += (Elf64_Xword)base;
            where += 63;
        }
    }
}
