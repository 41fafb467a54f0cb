/* SPDX-License-Identifier: Apache-2.0 */
#include "server/static_pack.h"

#include <stdlib.h>

#include "base/mem.h"
#include "server/pack.h"
#include "server/static_file.h"

struct static_pack {
    const struct pack *pack;
    struct static_place place;
    struct static_entry **entries; /* as many as files, NULL until asked for */
};

/* By the content alone, so that it is the same wherever and whenever the archive is made. */
static void
format_etag(const struct pack_file *f, char out[STATIC_ETAG_MAX])
{
    static const char digits[] = "0123456789abcdef";
    char *p = out;

    *p++ = '"';
    for (unsigned i = 0; i < PACK_DIGEST; i++) {
        *p++ = digits[f->digest[i] >> 4];
        *p++ = digits[f->digest[i] & 15];
    }
    *p++ = '"';
    *p = '\0';
}

static void
set_file(struct static_pack *p, struct static_entry *e, enum http_coding coding,
         const struct pack_file *f)
{
    struct static_file *file = &e->files[coding];

    e->codings |= 1u << coding;
    file->bytes = p->pack->bytes + f->at;
    file->fd = p->pack->fd;
    file->at = f->at;
    file->size = f->size;
    file->modified = HTTP_CONDITION_UNDATED;
    format_etag(f, file->etag);
}

static struct static_entry *
entry_new(struct static_pack *p, const struct pack_file *f)
{
    struct static_entry *e = mem_alloc(sizeof(*e));

    e->type = f->type;
    set_file(p, e, HTTP_CODING_IDENTITY, f);
    for (unsigned k = 0; k < PACK_CODED; k++) {
        if (f->coded[k] > 0)
            set_file(p, e, (enum http_coding)(HTTP_CODING_IDENTITY + 1 + k),
                     &p->pack->files[f->coded[k] - 1]);
    }
    static_file_headers(e, &p->place, (struct str){f->path, f->path_n});
    return e;
}

struct static_pack *
static_pack_new(const struct pack *pack, const struct static_place *place)
{
    struct static_pack *p = mem_alloc(sizeof(*p));

    *p = (struct static_pack){.pack = pack, .place = *place};
    p->entries = mem_alloc(((size_t)pack->n + 1) * sizeof(struct static_entry *));
    return p;
}

void
static_pack_free(struct static_pack *p)
{
    for (uint32_t i = 0; i < p->pack->n; i++) {
        if (p->entries[i] != NULL)
            static_file_headers_done(p->entries[i]);
        free(p->entries[i]);
    }
    free(p->entries);
    free(p);
}

const struct static_entry *
static_pack_find(struct static_pack *p, struct str path, unsigned *status)
{
    uint32_t at;

    if (!pack_find(p->pack, path, &at)) {
        *status = pack_has_folder(p->pack, path) ? 301 : 404;
        return NULL;
    }
    if (p->entries[at] == NULL)
        p->entries[at] = entry_new(p, &p->pack->files[at]);
    return p->entries[at];
}
