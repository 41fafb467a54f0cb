/* SPDX-License-Identifier: Apache-2.0 */
#include "images/elf_file.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"

uint64_t
elf_file_number(const struct elf_file *f, const unsigned char *p, size_t n)
{
    uint64_t v = 0;

    for (size_t i = 0; i < n; i++)
        v = v << 8 | p[f->big ? i : n - 1 - i];
    return v;
}

ssize_t
elf_file_read(const struct elf_file *f, uint64_t offset, void *into, size_t n, struct err *err)
{
    size_t have = 0;

    if (offset > INT64_MAX - (uint64_t)n)
        return 0;
    while (have < n) {
        ssize_t got = pread(f->fd, (char *)into + have, n - have, (off_t)(offset + have));

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_sys(err, "read '%s'", f->path);
        if (got == 0)
            break;
        have += (size_t)got;
    }
    return (ssize_t)have;
}

int
elf_file_broken(const struct elf_file *f, struct err *err, const char *why)
{
    return err_set(err, ERR_INVALID, "'%s': a damaged ELF file: %s", f->path, why);
}

static int
read_header(struct elf_file *f, struct err *err)
{
    ssize_t got = elf_file_read(f, 0, f->header, sizeof(f->header), err);

    if (got < 0)
        return -1;
    if (got < SELFMAG || memcmp(f->header, ELFMAG, SELFMAG) != 0)
        return 0;
    f->is_elf = true;
    f->wide = f->header[EI_CLASS] == ELFCLASS64;
    f->big = f->header[EI_DATA] == ELFDATA2MSB;
    if ((size_t)got < (f->wide ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr)))
        return elf_file_broken(f, err, "it ends within its header");
    f->segments = (unsigned)elf_file_number(f, f->header + (f->wide ? 56 : 44), 2);
    if (f->segments > ELF_FILE_SEGMENTS_MAX)
        return elf_file_broken(f, err, "too many program headers");
    return 0;
}

int
elf_file_open(const char *path, struct elf_file *out, struct err *err)
{
    cleanup_elf_file struct elf_file f = ELF_FILE_INIT;

    f.path = path;
    f.fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (f.fd < 0)
        return err_sys(err, "open '%s'", path);
    if (read_header(&f, err) < 0)
        return -1;
    *out = f;
    f.fd = -1;
    return 0;
}

void
elf_file_close(struct elf_file *f)
{
    int saved = errno;

    if (f->fd >= 0)
        close(f->fd);
    f->fd = -1;
    errno = saved;
}

int
elf_file_segment(const struct elf_file *f, unsigned i, struct elf_segment *out, struct err *err)
{
    uint64_t offset = elf_file_number(f, f->header + (f->wide ? 32 : 28), f->wide ? 8 : 4);
    uint64_t each = elf_file_number(f, f->header + (f->wide ? 54 : 42), 2);
    size_t size = f->wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
    unsigned char p[ELF_FILE_SEGMENT];
    ssize_t got;

    if (each < size)
        return elf_file_broken(f, err, "its program headers are too short");
    got = offset <= INT64_MAX / 2 ? elf_file_read(f, offset + i * each, p, size, err) : 0;
    if (got < 0)
        return -1;
    if ((size_t)got < size)
        return elf_file_broken(f, err, "its program headers lie beyond its end");
    out->type = (uint32_t)elf_file_number(f, p, 4);
    out->offset = f->wide ? elf_file_number(f, p + 8, 8) : elf_file_number(f, p + 4, 4);
    out->address = f->wide ? elf_file_number(f, p + 16, 8) : elf_file_number(f, p + 8, 4);
    out->size = f->wide ? elf_file_number(f, p + 32, 8) : elf_file_number(f, p + 16, 4);
    return 0;
}
