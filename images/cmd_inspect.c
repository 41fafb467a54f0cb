/* SPDX-License-Identifier: Apache-2.0 */
#include "images/cmd.h"

#include <stddef.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "images/index.h"
#include "images/layout.h"
#include "images/manifest.h"
#include "images/ref.h"
#include "images/ref_grammar.h"
#include "json/json.h"

enum { CONFIG_MAX = 8 * 1024 * 1024, OUTPUT_MAX = 32 * 1024 * 1024 };

/* A blob that is JSON, verified; NULL with err. */
static struct json_t *
read_document(const char *dir, const char *digest, int64_t size, size_t limit, struct err *err)
{
    cleanup_buf struct buf text = BUF_INIT(limit);

    if (layout_read_blob(dir, digest, size, &text, err) < 0)
        return NULL;
    return json_parse(buf_view(&text), digest, err);
}

/* The config that a manifest points to; NULL with err. */
static struct json_t *
read_config(const char *dir, const struct json_t *manifest, struct err *err)
{
    struct json_cur root = json_root(manifest);
    struct json_cur config = json_at(&root, "config");
    struct json_cur digest = json_at(&config, "digest");
    struct json_cur size = json_at(&config, "size");
    const char *text;
    int64_t n;

    if (json_get_str(&digest, &text, err) < 0 || json_get_int(&size, 0, INT64_MAX, &n, err) < 0)
        return NULL;
    if (!ref_grammar_is_digest(str_from(text))) {
        json_err(&digest, err, "'%s' is no digest", text);
        return NULL;
    }
    return read_document(dir, text, n, CONFIG_MAX, err);
}

static int
inspect(const struct ref *ref, struct buf *out, struct err *err)
{
    cleanup_json struct json_t *index = layout_read_index(ref->path, false, err);
    cleanup_json struct json_t *manifest = NULL;
    cleanup_json struct json_t *config = NULL;
    cleanup_json struct json_t *result = json_new_object();
    const char *digest;
    int64_t size;

    if (index == NULL || index_find(index, ref->tag, &digest, &size, err) < 0)
        return -1;
    manifest = read_document(ref->path, digest, size, MANIFEST_SIZE_MAX, err);
    config = manifest != NULL ? read_config(ref->path, manifest, err) : NULL;
    if (config == NULL)
        return -1;
    json_put_str(result, "digest", digest);
    json_put(result, "manifest", json_clone(manifest));
    json_put(result, "config", json_clone(config));
    json_write(result, JSON_PRETTY, out);
    return buf_finish(out, err);
}

static int
run(const void *opts, int n_operands, char **operands, struct err *err)
{
    cleanup_ref struct ref ref = REF_INIT;
    cleanup_buf struct buf out = BUF_INIT(OUTPUT_MAX);

    (void)opts;
    (void)n_operands;
    if (ref_parse(operands[0], &ref, err) < 0)
        return -1;
    if (ref.transport != REF_OCI)
        return err_set(err, ERR_UNSUPPORTED, "'%s': only oci:DIR[:TAG] can be inspected yet",
                       operands[0]);
    if (inspect(&ref, &out, err) < 0)
        return err_wrap(err, "%s", operands[0]);
    return fs_write_fd(STDOUT_FILENO, "standard output", out.p, out.n, err);
}

static const struct cli_opt no_options[] = {
    {NULL, 0, CLI_FLAG, 0, NULL, NULL, 0, 0, NULL},
};

const struct cli_cmd cmd_inspect = {
    .name = "inspect",
    .summary = "show an image's manifest and config as JSON",
    .operands = "IMAGE",
    .min_operands = 1,
    .max_operands = 1,
    .opts = no_options,
    .opts_size = sizeof(int),
    .run = run,
};
