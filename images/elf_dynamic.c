/* SPDX-License-Identifier: Apache-2.0 */
#include "images/elf_dynamic.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "images/elf_file.h"

enum { SECTION_MAX = 64 * 1024, STRINGS_MAX = 16 * 1024 * 1024 };

/* The dynamic section as it lies in the file. */
struct section {
    unsigned char *p;
    size_t n, each;
};

void
elf_dynamic_done(struct elf_dynamic *d)
{
    free(d->needed.v);
    free(d->strings);
    *d = (struct elf_dynamic)ELF_DYNAMIC_INIT;
}

/* All n bytes, with a NUL behind them. */
static void *
read_all(const struct elf_file *f, uint64_t offset, uint64_t n, struct err *err)
{
    cleanup_free char *p = mem_alloc((size_t)n + 1);
    ssize_t got = elf_file_read(f, offset, p, (size_t)n, err);

    if (got < 0)
        return NULL;
    if ((uint64_t)got < n) {
        elf_file_broken(f, err, "its dynamic section is cut off");
        return NULL;
    }
    return steal_ptr(&p);
}

static uint64_t
tag_at(const struct elf_file *f, const struct section *s, size_t i)
{
    return elf_file_number(f, s->p + i * s->each, s->each / 2);
}

static uint64_t
value_at(const struct elf_file *f, const struct section *s, size_t i)
{
    return elf_file_number(f, s->p + i * s->each + s->each / 2, s->each / 2);
}

/* The value of the first entry of that tag; 0 when there is none. */
static uint64_t
find(const struct elf_file *f, const struct section *s, uint64_t tag)
{
    for (size_t i = 0; i < s->n && tag_at(f, s, i) != DT_NULL; i++)
        if (tag_at(f, s, i) == tag)
            return value_at(f, s, i);
    return 0;
}

/* An address in memory as an offset in the file. */
static int
offset_of(const struct elf_file *f, uint64_t address, uint64_t *out, struct err *err)
{
    struct elf_segment s;

    for (unsigned i = 0; i < f->segments; i++) {
        if (elf_file_segment(f, i, &s, err) < 0)
            return -1;
        if (s.type == PT_LOAD && address >= s.address && address - s.address < s.size) {
            *out = s.offset + (address - s.address);
            return 0;
        }
    }
    return elf_file_broken(f, err, "its names lie in no segment");
}

static int
read_strings(const struct elf_file *f, const struct section *s, struct elf_dynamic *d,
             uint64_t *size, struct err *err)
{
    uint64_t offset = 0;

    *size = find(f, s, DT_STRSZ);
    if (*size == 0 || *size > STRINGS_MAX)
        return elf_file_broken(f, err, "its names have an impossible length");
    if (offset_of(f, find(f, s, DT_STRTAB), &offset, err) < 0)
        return -1;
    d->strings = read_all(f, offset, *size, err);
    return d->strings != NULL ? 0 : -1;
}

static int
read_names(const struct elf_file *f, const struct section *s, struct elf_dynamic *d,
           struct err *err)
{
    const char *rpath = NULL;
    uint64_t size;

    if (read_strings(f, s, d, &size, err) < 0)
        return -1;
    d->needed.v = mem_realloc(NULL, s->n, sizeof(*d->needed.v));
    for (size_t i = 0; i < s->n && tag_at(f, s, i) != DT_NULL; i++) {
        uint64_t tag = tag_at(f, s, i);
        uint64_t at = value_at(f, s, i);

        if (tag != DT_NEEDED && tag != DT_RPATH && tag != DT_RUNPATH)
            continue;
        if (at >= size)
            return elf_file_broken(f, err, "a name lies beyond its names");
        if (tag == DT_NEEDED)
            d->needed.v[d->needed.n++] = d->strings + at;
        else if (tag == DT_RPATH)
            rpath = d->strings + at;
        else
            d->search = d->strings + at;
    }
    if (d->search == NULL)
        d->search = rpath;
    return 0;
}

static int
read_section(const struct elf_file *f, const struct elf_segment *segment, struct elf_dynamic *d,
             struct err *err)
{
    struct section s = {.each = f->wide ? sizeof(Elf64_Dyn) : sizeof(Elf32_Dyn)};
    cleanup_free unsigned char *p = NULL;

    if (segment->size == 0 || segment->size > SECTION_MAX)
        return elf_file_broken(f, err, "its dynamic section has an impossible length");
    p = read_all(f, segment->offset, segment->size, err);
    if (p == NULL)
        return -1;
    s.p = p;
    s.n = (size_t)segment->size / s.each;
    return s.n == 0 || find(f, &s, DT_STRSZ) == 0 ? 0 : read_names(f, &s, d, err);
}

int
elf_dynamic_read(const char *path, struct elf_dynamic *out, struct err *err)
{
    cleanup_elf_file struct elf_file f = ELF_FILE_INIT;
    cleanup_elf_dynamic struct elf_dynamic d = ELF_DYNAMIC_INIT;
    struct elf_segment segment;

    if (elf_file_open(path, &f, err) < 0)
        return -1;
    if (f.is_elf)
        d.kind = 1 + (elf_file_number(&f, f.header + 18, 2) << 2 | (uint64_t)f.wide << 1 | f.big);
    for (unsigned i = 0; f.is_elf && i < f.segments; i++) {
        if (elf_file_segment(&f, i, &segment, err) < 0)
            return -1;
        if (segment.type != PT_DYNAMIC)
            continue;
        if (read_section(&f, &segment, &d, err) < 0)
            return -1;
        break;
    }
    *out = d;
    d = (struct elf_dynamic)ELF_DYNAMIC_INIT;
    return 0;
}
