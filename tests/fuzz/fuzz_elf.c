/* SPDX-License-Identifier: Apache-2.0 */

/* The input is a program or library: what its headers say of libraries must lie within the file. */

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"
#include "images/elf.h"
#include "images/elf_dynamic.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool holds)
{
    if (!holds)
        abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cleanup_fd int fd = memfd_create("elf", MFD_CLOEXEC);
    cleanup_elf_dynamic struct elf_dynamic d = ELF_DYNAMIC_INIT;
    struct err err = ERR_INIT;
    struct elf elf;
    char path[32];

    must(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    if (elf_read(path, &elf, &err) == 0)
        must(strlen(elf.interpreter) < ELF_INTERPRETER_MAX);
    else
        must(err.code == ERR_INVALID);
    if (elf_dynamic_read(path, &d, &err) < 0) {
        must(err.code == ERR_INVALID);
        return 0;
    }
    must((d.kind != 0) == (size >= 4 && memcmp(data,
                                               "\x7f"
                                               "ELF",
                                               4) == 0));
    for (size_t i = 0; i < d.needed.n; i++)
        must(strlen(d.needed.v[i]) < size);
    return 0;
}
