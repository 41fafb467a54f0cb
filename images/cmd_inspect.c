/* SPDX-License-Identifier: Apache-2.0 */
#include "images/cmd.h"

#include <stddef.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "images/document.h"
#include "images/interrupt.h"
#include "images/platform.h"
#include "images/registry.h"
#include "images/store.h"
#include "json/json.h"

enum { OUTPUT_MAX = 32 * 1024 * 1024 };

struct inspect_opts {
    const char *platform; /* OS/ARCH[/VARIANT], or NULL */
    const char *ca_file;
    bool raw, config;
};

static void
put_documents(const struct document *manifest, struct json_t *config, struct buf *out)
{
    cleanup_json struct json_t *result = json_new_object();

    json_put_str(result, "digest", manifest->descriptor.digest);
    json_put(result, "manifest", json_clone(manifest->json));
    json_put(result, "config", json_clone(config));
    json_write(result, JSON_PRETTY, out);
}

static int
inspect(struct store *s, const struct inspect_opts *o, const struct platform *p, struct buf *out,
        struct err *err)
{
    cleanup_document struct document d = DOCUMENT_INIT;
    cleanup_json struct json_t *config = NULL;

    /* Raw is what the name itself stands for; an index too, unless a platform is asked for. */
    if ((o->raw && p == NULL ? store_root(s, &d, err) : store_image(s, p, &d, err)) < 0)
        return -1;
    if (o->raw) {
        buf_append(out, d.text, d.descriptor.size);
        return buf_finish(out, err);
    }
    config = store_config(s, &d, err);
    if (config == NULL)
        return -1;
    if (o->config)
        json_write(config, JSON_PRETTY, out);
    else
        put_documents(&d, config, out);
    return buf_finish(out, err);
}

static int
work(const void *opts, int n_operands UNUSED, char **operands, struct err *err)
{
    const struct inspect_opts *o = opts;
    const struct registry_opts registry = {o->ca_file, false};
    cleanup_buf struct buf out = BUF_INIT(OUTPUT_MAX);
    cleanup_store struct store *s = NULL;
    const struct platform *asked;
    struct platform platform;

    if (o->raw && o->config)
        return err_set(err, ERR_USAGE, "--raw and --config exclude each other");
    if (platform_option(o->platform, &platform, &asked, err) < 0)
        return -1;
    s = store_open_with(operands[0], &registry, err);
    if (s == NULL)
        return -1;
    if (inspect(s, o, asked, &out, err) < 0)
        return err_wrap(err, "%s", operands[0]);
    return fs_write_fd(STDOUT_FILENO, "standard output", out.p, out.n, err);
}

static int
run(const void *opts, int n_operands, char **operands, struct err *err)
{
    return interrupt_run(work, opts, n_operands, operands, err);
}

#define AT(field) offsetof(struct inspect_opts, field)

static const struct cli_opt options[] = {
    {"ca-file", 0, CLI_STR, AT(ca_file), "FILE",
     "Trust the certificate authorities in FILE instead of the machine's, and speak https to "
     "loopback hosts too.",
     0, 0, NULL},
    {"config", 0, CLI_FLAG, AT(config), NULL, "Show the config alone.", 0, 0, NULL},
    {"platform", 0, CLI_STR, AT(platform), "OS/ARCH",
     "Of an image for several platforms, show this one's instead of this machine's.", 0, 0, NULL},
    {"raw", 0, CLI_FLAG, AT(raw), NULL,
     "Write the manifest, or the index, byte by byte as it is stored.", 0, 0, NULL},
    {NULL, 0, CLI_FLAG, 0, NULL, NULL, 0, 0, NULL},
};

const struct cli_cmd cmd_inspect = {
    .name = "inspect",
    .summary = "show an image's manifest and config as JSON",
    .operands = "IMAGE",
    .min_operands = 1,
    .max_operands = 1,
    .opts = options,
    .opts_size = sizeof(struct inspect_opts),
    .run = run,
};
