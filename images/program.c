/* SPDX-License-Identifier: Apache-2.0 */
#include "images/program.h"

#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "images/elf.h"
#include "images/tree.h"
#include "images/tree_resolve.h"

static void
check_interpreter(const struct tree *t, const char *path, const struct elf *elf,
                  struct buf *warnings)
{
    if (elf->interpreter[0] != '\0' && tree_resolve(t, elf->interpreter) == NULL)
        buf_appendf(warnings,
                    "'%s' is linked dynamically and its interpreter '%s' is not in the image: link "
                    "it statically, or bring the interpreter and its libraries along\n",
                    path, elf->interpreter);
}

int
program_check(const struct tree *t, const char *path, struct program *out, struct buf *warnings,
              struct err *err)
{
    const struct tree_entry *e = tree_resolve(t, path);
    struct elf elf = {0};

    *out = (struct program){false, NULL};
    if (e == NULL || e->type != TREE_FILE) {
        buf_appendf(warnings, "'%s' is %s: a container will not start\n", path,
                    e == NULL ? "not in the image" : "a folder");
        return 0;
    }
    if ((e->mode & 0111) == 0)
        buf_appendf(warnings,
                    "'%s' is not executable: make it so, or write its mode, SRC:DEST:0755\n", path);
    if (e->source == NULL)
        return 0;
    if (elf_read(e->source, &elf, err) < 0)
        return -1;
    out->is_elf = elf.is_elf;
    out->arch = elf.arch;
    check_interpreter(t, path, &elf, warnings);
    return 0;
}

int
program_platform(const struct program *p, const char *path, const struct platform *asked,
                 struct platform *out, struct err *err)
{
    struct platform platform;

    if (asked != NULL) {
        if (p->arch != NULL && strcmp(p->arch, asked->arch) != 0)
            return err_set(err, ERR_USAGE, "--platform: %s/%s: '%s' is a program for %s", asked->os,
                           asked->arch, path, p->arch);
        *out = *asked;
        return 0;
    }
    platform = p->arch != NULL ? platform_linux(p->arch) : platform_host();
    if ((p->is_elf && p->arch == NULL) || platform.arch[0] == '\0')
        return err_set(err, ERR_UNSUPPORTED,
                       "the processor of '%s' has no name here: say it with --platform",
                       path != NULL ? path : "this machine");
    *out = platform;
    return 0;
}
