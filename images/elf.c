/* SPDX-License-Identifier: Apache-2.0 */
#include "images/elf.h"

#include <elf.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "images/elf_file.h"

/* The machines that Go has names for.  For MIPS and PowerPC the order of bytes decides. */
static const struct {
    uint16_t machine;
    bool wide, big;
    const char *arch;
} machines[] = {
    {EM_X86_64, true, false, "amd64"},  {EM_AARCH64, true, false, "arm64"},
    {EM_ARM, false, false, "arm"},      {EM_386, false, false, "386"},
    {EM_PPC64, true, false, "ppc64le"}, {EM_PPC64, true, true, "ppc64"},
    {EM_S390, true, true, "s390x"},     {EM_RISCV, true, false, "riscv64"},
    {258, true, false, "loong64"}, /* EM_LOONGARCH, younger than some elf.h */
    {EM_MIPS, true, false, "mips64le"}, {EM_MIPS, true, true, "mips64"},
    {EM_MIPS, false, false, "mipsle"},  {EM_MIPS, false, true, "mips"},
};

static int
read_interpreter(const struct elf_file *f, const struct elf_segment *segment, struct elf *out,
                 struct err *err)
{
    ssize_t got;

    if (segment->size < 2 || segment->size > ELF_INTERPRETER_MAX)
        return elf_file_broken(f, err, "the name of its interpreter has an impossible length");
    got = elf_file_read(f, segment->offset, out->interpreter, (size_t)segment->size, err);
    if (got < 0)
        return -1;
    if ((uint64_t)got < segment->size || out->interpreter[segment->size - 1] != '\0')
        return elf_file_broken(f, err, "the name of its interpreter is cut off");
    return 0;
}

static int
read_segments(const struct elf_file *f, struct elf *out, struct err *err)
{
    struct elf_segment segment;

    for (unsigned i = 0; i < f->segments; i++) {
        if (elf_file_segment(f, i, &segment, err) < 0)
            return -1;
        if (segment.type == PT_INTERP)
            return read_interpreter(f, &segment, out, err);
    }
    return 0;
}

static void
name_machine(const struct elf_file *f, struct elf *out)
{
    uint64_t machine = elf_file_number(f, f->header + 18, 2);

    for (size_t i = 0; i < ARRAY_LEN(machines); i++)
        if (machines[i].machine == machine && machines[i].wide == f->wide &&
            machines[i].big == f->big)
            out->arch = machines[i].arch;
}

int
elf_read(const char *path, struct elf *out, struct err *err)
{
    cleanup_elf_file struct elf_file f = ELF_FILE_INIT;
    struct elf elf = {0};

    if (elf_file_open(path, &f, err) < 0)
        return -1;
    elf.is_elf = f.is_elf;
    if (f.is_elf) {
        name_machine(&f, &elf);
        if (read_segments(&f, &elf, err) < 0)
            return -1;
    }
    *out = elf;
    return 0;
}
