/* SPDX-License-Identifier: Apache-2.0 */
#include "images/elf.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"

enum { PROGRAM_HEADERS_MAX = 512 };

struct reader {
    int fd;
    const char *path;
    bool wide; /* 64 bit */
    bool big;  /* most significant byte first */
};

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

/* An unsigned number of n bytes at p. */
static uint64_t
number(const struct reader *r, const unsigned char *p, size_t n)
{
    uint64_t v = 0;

    for (size_t i = 0; i < n; i++)
        v = v << 8 | p[r->big ? i : n - 1 - i];
    return v;
}

/* Up to n bytes at an offset; a file that ends there gives fewer. */
static ssize_t
read_at(const struct reader *r, uint64_t offset, void *into, size_t n, struct err *err)
{
    size_t have = 0;

    if (offset > INT64_MAX - (uint64_t)n)
        return 0;
    while (have < n) {
        ssize_t got = pread(r->fd, (char *)into + have, n - have, (off_t)(offset + have));

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_sys(err, "read '%s'", r->path);
        if (got == 0)
            break;
        have += (size_t)got;
    }
    return (ssize_t)have;
}

static int
broken(const struct reader *r, struct err *err, const char *why)
{
    return err_set(err, ERR_INVALID, "'%s': a damaged ELF file: %s", r->path, why);
}

static int
read_interpreter(const struct reader *r, const unsigned char *segment, struct elf *out,
                 struct err *err)
{
    uint64_t offset = r->wide ? number(r, segment + 8, 8) : number(r, segment + 4, 4);
    uint64_t size = r->wide ? number(r, segment + 32, 8) : number(r, segment + 16, 4);
    ssize_t got;

    if (size < 2 || size > ELF_INTERPRETER_MAX)
        return broken(r, err, "the name of its interpreter has an impossible length");
    got = read_at(r, offset, out->interpreter, (size_t)size, err);
    if (got < 0)
        return -1;
    if ((uint64_t)got < size || out->interpreter[size - 1] != '\0')
        return broken(r, err, "the name of its interpreter is cut off");
    return 0;
}

static int
read_segments(const struct reader *r, const unsigned char *header, struct elf *out, struct err *err)
{
    uint64_t offset = r->wide ? number(r, header + 32, 8) : number(r, header + 28, 4);
    uint64_t each = number(r, header + (r->wide ? 54 : 42), 2);
    uint64_t count = number(r, header + (r->wide ? 56 : 44), 2);
    size_t size = r->wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
    unsigned char segment[sizeof(Elf64_Phdr)];

    if (count > PROGRAM_HEADERS_MAX)
        return broken(r, err, "too many program headers");
    if (count > 0 && each < size)
        return broken(r, err, "its program headers are too short");
    for (uint64_t i = 0; i < count; i++) {
        ssize_t got =
            offset <= INT64_MAX / 2 ? read_at(r, offset + i * each, segment, size, err) : 0;

        if (got < 0)
            return -1;
        if ((size_t)got < size)
            return broken(r, err, "its program headers lie beyond its end");
        if (number(r, segment, 4) == PT_INTERP)
            return read_interpreter(r, segment, out, err);
    }
    return 0;
}

static void
name_machine(const struct reader *r, const unsigned char *header, struct elf *out)
{
    uint64_t machine = number(r, header + 18, 2);

    for (size_t i = 0; i < ARRAY_LEN(machines); i++)
        if (machines[i].machine == machine && machines[i].wide == r->wide &&
            machines[i].big == r->big)
            out->arch = machines[i].arch;
}

int
elf_read(const char *path, struct elf *out, struct err *err)
{
    cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct reader r = {.fd = fd, .path = path};
    unsigned char header[sizeof(Elf64_Ehdr)] = {0};
    struct elf elf = {0};
    ssize_t got;

    if (fd < 0)
        return err_sys(err, "open '%s'", path);
    got = read_at(&r, 0, header, sizeof(header), err);
    if (got < 0)
        return -1;
    if (got < SELFMAG || memcmp(header, ELFMAG, SELFMAG) != 0) {
        *out = elf;
        return 0;
    }
    elf.is_elf = true;
    r.wide = header[EI_CLASS] == ELFCLASS64;
    r.big = header[EI_DATA] == ELFDATA2MSB;
    if ((size_t)got < (r.wide ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr)))
        return broken(&r, err, "it ends within its header");
    name_machine(&r, header, &elf);
    if (read_segments(&r, header, &elf, err) < 0)
        return -1;
    *out = elf;
    return 0;
}
