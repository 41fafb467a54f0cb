/* SPDX-License-Identifier: Apache-2.0 */

/* A path and a value in the first two lines, then a routes file: what is taken must hold together,
 * and what is not must say why. */

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "server/routefile.h"

enum { FINDINGS_MAX = 4 * 1024 * 1024, METHODS_MAX = 1 << 12 };

static void
use_route(const struct routefile_route *r, struct str value)
{
    size_t marks = 0;

    assert(r->path[0] == '/' && r->literal >= 2 - (r->path[1] == '\0'));
    for (const char *p = r->sql; (p = strchr(p, '?')) != NULL; p++)
        marks++;
    assert(marks >= r->n_binds);
    for (size_t i = 0; i < r->n_binds; i++)
        assert(r->binds[i] < r->n_params && r->params[r->binds[i]].is_used);
    for (size_t i = 0; i < r->n_params; i++) {
        char why[ROUTEFILE_WHY_MAX] = "";
        struct db_value v;

        assert(!(r->params[i].in_path && r->params[i].is_optional));
        if (!routefile_value(&r->params[i], value, &v, why))
            assert(why[0] != '\0');
        else
            assert(v.type == r->params[i].type);
    }
}

static void
match(const struct routefile *f, struct str path)
{
    for (unsigned method = 1; method < METHODS_MAX; method <<= 1) {
        struct str values[ROUTEFILE_PARAMS_MAX] = {{NULL, 0}};
        unsigned allowed;
        const struct routefile_route *r = routefile_match(f, method, path, values, &allowed);

        if (r == NULL)
            continue;
        for (size_t i = 0; i < r->n_params; i++)
            assert(r->params[i].in_path == (values[i].n > 0));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* Memory of its own, so that a read past the end is seen. */
    char *copy = malloc(size + 1);
    struct str rest = {copy, size};
    cleanup_buf struct buf findings = BUF_INIT(FINDINGS_MAX);
    struct routefile f = {.n = 0};
    struct str path, value;
    unsigned n;

    memcpy(copy, data, size);
    path = str_cut(&rest, '\n');
    value = rest.p != NULL ? str_cut(&rest, '\n') : (struct str){copy, 0};
    if (rest.p == NULL)
        rest = (struct str){copy, 0};
    n = routefile_parse(rest, "routes", &f, &findings);
    assert((n == 0) == (findings.n == 0));
    for (size_t i = 0; n == 0 && i < f.n; i++)
        use_route(&f.v[i], value);
    if (n == 0 && path.n > 0)
        match(&f, path);
    routefile_done(&f);
    free(copy);
    return 0;
}
