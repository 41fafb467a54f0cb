/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UNIT_IMAGES_ELF_FIXTURE_H
#define UNIT_IMAGES_ELF_FIXTURE_H

/* A file of the test's own for an ELF file made of bytes. */

#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char elf_fixture_path[] = "/tmp/berth-elf-XXXXXX";

static inline int
elf_fixture_begin(void **state)
{
    int fd = mkstemp(elf_fixture_path);

    (void)state;
    return fd < 0 ? -1 : close(fd);
}

static inline int
elf_fixture_end(void **state)
{
    (void)state;
    return unlink(elf_fixture_path);
}

static inline Elf64_Ehdr
elf_fixture_header(unsigned machine, size_t segments, unsigned n)
{
    Elf64_Ehdr h = {0};

    memcpy(h.e_ident, ELFMAG, SELFMAG);
    h.e_ident[EI_CLASS] = ELFCLASS64;
    h.e_ident[EI_DATA] = ELFDATA2LSB;
    h.e_machine = (Elf64_Half)machine;
    h.e_phoff = segments;
    h.e_phentsize = sizeof(Elf64_Phdr);
    h.e_phnum = (Elf64_Half)n;
    return h;
}

#endif
