/* SPDX-License-Identifier: Apache-2.0 */

/* A request, head and body, for routes with parameters of all kinds: what becomes a value is of its
 * type, in its range, and lies in the job's own memory. */

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "server/exchange.h"
#include "server/http_parse.h"
#include "server/sql.h"

static const struct http_limits limits = {.line = 2048, .fields = 16, .field = 512, .head = 8192};

static const char text[] =
    "GET /q\n param i int -5..5 = 1\n param r real = null\n param t text 1..8 = \"x\"\n"
    " param b bool = true\n sql SELECT :i, :r, :t, :b\n"
    "POST /j\n body json\n param i int\n param r real ..9 = 1\n param t text 0..8 = null\n"
    " param b bool = false\n sql SELECT :i, :r, :t, :b\n"
    "PUT /f/{p}/{i}\n body form\n param p text 2..\n param i int 0..\n param t text = a\n"
    " sql SELECT :p, :i, :t\n";

static void
check(const struct sql_job *job)
{
    const struct routefile_route *r = job->route;
    cleanup_buf struct buf query = BUF_INIT(1 << 20);
    cleanup_buf struct buf key = BUF_INIT(1 << 20);

    for (size_t i = 0; i < r->n_params; i++) {
        const struct db_value *v = &job->values[i];
        const struct routefile_param *p = &r->params[i];
        char why[ROUTEFILE_WHY_MAX];

        assert(v->type == p->type || (v->type == DB_NULL && p->is_optional));
        assert(v->type == DB_NULL || routefile_in_range(p, v, why));
        if (v->type == DB_TEXT && v->s.n > 0 && v->s.p != p->value.s.p)
            assert(v->s.p >= job->text && v->s.p + v->s.n <= job->text + job->text_cap);
    }
    sql_params_query(job, -1, 0, &query);
    sql_params_key(job, &key);
    assert(!query.overflow && !key.overflow && key.n > 0);
}

static void
respond(const struct routefile *f, const struct http_request *request, struct str body)
{
    struct str values[ROUTEFILE_PARAMS_MAX] = {{NULL, 0}};
    struct str raw = http_parse_str(request, request->path);
    char *room = malloc(raw.n + 1);
    struct exchange x = {.request = request, .body = body};
    struct sql_job *job = calloc(1, sizeof(*job));
    unsigned allowed;
    char why[256] = "";

    if (request->form == HTTP_FORM_ORIGIN && http_target_path(raw, room, &x.path) == HTTP_PATH_OK) {
        job->route = routefile_match(f, request->method, x.path, values, &allowed);
        if (job->route != NULL && sql_params_read(job, &x, values, why) == 0)
            check(job);
        else
            assert(job->route == NULL || why[0] != '\0');
    }
    free(job->text);
    free(job);
    free(room);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cleanup_buf struct buf findings = BUF_INIT(4096);
    struct routefile f;
    struct http_parser parser;
    /* Memory of its own, so that a read past the end is seen. */
    char *copy = malloc(size + 1);

    memcpy(copy, data, size);
    assert(routefile_parse(str_from(text), "r", &f, &findings) == 0);
    http_parse_init(&parser, &limits);
    if (http_parse(&parser, copy, size) == HTTP_PARSE_DONE)
        respond(&f, &parser.request,
                (struct str){copy + parser.request.size, size - parser.request.size});
    routefile_done(&f);
    free(copy);
    return 0;
}
