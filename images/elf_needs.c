/* SPDX-License-Identifier: Apache-2.0 */
#include "images/elf_needs.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "images/elf.h"
#include "images/elf_dynamic.h"
#include "images/ld_conf.h"

/* Debian's folders by processor, then those of other systems. */
static const struct {
    const char *arch, *triplet;
} triplets[] = {
    {"amd64", "x86_64-linux-gnu"},    {"arm64", "aarch64-linux-gnu"},
    {"arm", "arm-linux-gnueabihf"},   {"386", "i386-linux-gnu"},
    {"riscv64", "riscv64-linux-gnu"}, {"ppc64le", "powerpc64le-linux-gnu"},
    {"s390x", "s390x-linux-gnu"},
};
static const char *const usual[] = {"/lib64", "/usr/lib64", "/lib", "/usr/lib"};

struct finder {
    const struct cli_list *folders;
    const char *root;
    const char *arch;
    struct cli_list conf; /* of ld.so.conf */
    uint64_t kind;
    struct elf_needs needs;
};

void
elf_needs_done(struct elf_needs *n)
{
    for (size_t i = 0; i < n->n; i++) {
        free(n->v[i].name);
        free(n->v[i].path);
        free(n->v[i].dest);
    }
    free(n->v);
    *n = (struct elf_needs)ELF_NEEDS_INIT;
}

static void
add(struct finder *f, const char *name, char *path, char *dest)
{
    f->needs.v = mem_realloc(f->needs.v, f->needs.n + 1, sizeof(*f->needs.v));
    f->needs.v[f->needs.n++] = (struct elf_need){mem_strdup(name), path, dest};
}

static bool
is_known(const struct finder *f, const char *name)
{
    for (size_t i = 0; i < f->needs.n; i++)
        if (strcmp(f->needs.v[i].name, name) == 0)
            return true;
    return false;
}

/* A library of the right processor; others of its name are passed over, as ld.so does. */
static bool
fits(const struct finder *f, const char *path)
{
    cleanup_elf_dynamic struct elf_dynamic d = ELF_DYNAMIC_INIT;
    struct err ignored = ERR_INIT;

    return fs_exists(path) && elf_dynamic_read(path, &d, &ignored) == 0 && d.kind == f->kind;
}

/* The folder of a file, without a slash at its end: "" for the root. */
static char *
folder_of(const char *path)
{
    size_t n = (size_t)(fs_basename(path) - path);

    return n == 0 ? mem_strdup(".") : mem_strndup(path, n - 1);
}

/* dest is the folder in the image; NULL: the same. */
static bool
try(struct finder *f, const char *prefix, const char *folder, const char *dest, const char *name)
{
    cleanup_free char *rooted = mem_printf("%s%s", prefix, folder);
    cleanup_free char *path = fs_join(rooted, name);
    cleanup_free char *there = fs_join(dest != NULL ? dest : folder, name);
    cleanup_free char *clean = path_clean(str_from(there));

    if (!fits(f, path))
        return false;
    /* The image has no links that would matter. */
    add(f, name, steal_ptr(&path), mem_printf("/%s", clean));
    return true;
}

/* $ORIGIN is the folder of the file that says it. */
static char *
expand(struct str folder, const char *origin)
{
    static const char *const words[] = {"$ORIGIN", "${ORIGIN}"};

    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        size_t n = strlen(words[i]);

        if (folder.n >= n && memcmp(folder.p, words[i], n) == 0)
            return mem_printf("%s" STR_FMT, origin, (int)(folder.n - n), folder.p + n);
    }
    return mem_strndup(folder.p, folder.n);
}

/* by is who needs it: folders relative to it are found in the image beside its dest. */
static bool
try_search(struct finder *f, const char *search, const struct elf_need *by, const char *name)
{
    struct str rest = str_from(search != NULL ? search : "");

    while (search != NULL && rest.p != NULL) {
        struct str folder = str_cut(&rest, ':');
        cleanup_free char *origin_here = folder_of(by->path);
        cleanup_free char *origin_there = folder_of(by->dest);
        cleanup_free char *here = expand(folder, origin_here);
        cleanup_free char *there = expand(folder, origin_there);
        bool moved = folder.n > 0 && folder.p[0] == '$';

        if (folder.n > 0 && try(f, moved ? "" : f->root, here, there, name))
            return true;
    }
    return false;
}

/* Where the dynamic linker of an image looks without a cache: for libraries from elsewhere. */
static char *
trusted_folder(const struct finder *f)
{
    for (size_t i = 0; i < ARRAY_LEN(triplets); i++)
        if (f->arch != NULL && strcmp(triplets[i].arch, f->arch) == 0)
            return mem_printf("/lib/%s", triplets[i].triplet);
    return mem_strdup("/lib");
}

static bool
try_usual(struct finder *f, const char *name)
{
    cleanup_free char *trusted = trusted_folder(f);
    cleanup_free char *below_usr = mem_printf("/usr%s", trusted);

    for (size_t i = 0; f->folders != NULL && i < f->folders->n; i++)
        if (try(f, "", f->folders->v[i], trusted, name))
            return true;
    if (try(f, f->root, trusted, NULL, name) || try(f, f->root, below_usr, NULL, name))
        return true;
    for (size_t i = 0; i < ARRAY_LEN(usual); i++)
        if (try(f, f->root, usual[i], NULL, name))
            return true;
    for (size_t i = 0; i < f->conf.n; i++)
        if (try(f, f->root, f->conf.v[i], trusted, name))
            return true;
    return false;
}

static int
follow(struct finder *f, size_t i, struct err *err)
{
    cleanup_elf_dynamic struct elf_dynamic d = ELF_DYNAMIC_INIT;
    /* The array may move while it grows. */
    const struct elf_need by = f->needs.v[i];

    if (by.path == NULL)
        return 0;
    if (elf_dynamic_read(by.path, &d, err) < 0)
        return -1;
    for (size_t k = 0; k < d.needed.n; k++) {
        const char *name = d.needed.v[k];

        if (is_known(f, name))
            continue;
        if (f->needs.n == ELF_NEEDS_MAX)
            return err_set(err, ERR_LIMIT, "'%s': more than %d libraries", by.path, ELF_NEEDS_MAX);
        if (strchr(name, '/') != NULL)
            return err_set(err, ERR_UNSUPPORTED, "'%s' needs '%s' by its path: link it by its name",
                           by.path, name);
        if (!try_search(f, d.search, &by, name) && !try_usual(f, name))
            add(f, name, NULL, NULL);
    }
    return 0;
}

/* musl's interpreter is its libc: found by that name already. */
static void
add_interpreter(struct finder *f, const struct elf *elf)
{
    cleanup_free char *path = mem_printf("%s%s", f->root, elf->interpreter);
    const char *name = fs_basename(elf->interpreter);

    if (fits(f, path))
        add(f, name, steal_ptr(&path), mem_strdup(elf->interpreter));
    else if (!try_usual(f, name))
        add(f, name, NULL, NULL);
    if (f->needs.v[f->needs.n - 1].dest != NULL) {
        free(f->needs.v[f->needs.n - 1].dest);
        f->needs.v[f->needs.n - 1].dest = mem_strdup(elf->interpreter);
    }
}

static int
find_all(struct finder *f, const char *program, const struct elf *elf, struct err *err)
{
    cleanup_elf_dynamic struct elf_dynamic d = ELF_DYNAMIC_INIT;

    if (elf_dynamic_read(program, &d, err) < 0 || ld_conf_read(f->root, &f->conf, err) < 0)
        return -1;
    f->kind = d.kind;
    f->arch = elf->arch;
    add_interpreter(f, elf);
    /* The program itself, for its own needs; it is taken out again. */
    add(f, fs_basename(program), mem_strdup(program), mem_printf("/%s", fs_basename(program)));
    for (size_t i = 0; i < f->needs.n; i++)
        if (follow(f, i, err) < 0)
            return -1;
    return 0;
}

static void
take_out(struct elf_needs *n, size_t i)
{
    free(n->v[i].name);
    free(n->v[i].path);
    free(n->v[i].dest);
    memmove(n->v + i, n->v + i + 1, (n->n - i - 1) * sizeof(*n->v));
    n->n--;
}

int
elf_needs_find(const char *program, const struct cli_list *folders, const char *root,
               struct elf_needs *out, struct err *err)
{
    struct finder f = {.folders = folders, .root = root};
    struct elf elf;
    int done = 0;

    if (elf_read(program, &elf, err) < 0)
        return -1;
    if (elf.interpreter[0] != '\0') {
        done = find_all(&f, program, &elf, err);
        ld_conf_done(&f.conf);
    }
    if (done == 0 && f.needs.n > 1)
        take_out(&f.needs, 1);
    if (done < 0)
        elf_needs_done(&f.needs);
    else
        *out = f.needs;
    return done;
}
