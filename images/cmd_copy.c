/* SPDX-License-Identifier: Apache-2.0 */
#include "images/cmd.h"

#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/log.h"
#include "images/copy.h"
#include "images/depot.h"
#include "images/interrupt.h"
#include "images/platform.h"
#include "images/registry.h"
#include "images/store.h"
#include "json/json.h"

enum { OUTPUT_MAX = 64 * 1024 };

struct copy_opts {
    const char *platform; /* OS/ARCH[/VARIANT], or NULL */
    const char *ca_file;
    bool json, quiet;
};

static int
print_result(const struct copy_opts *o, const char *to, const struct copy_result *r,
             struct err *err)
{
    cleanup_buf struct buf out = BUF_INIT(OUTPUT_MAX);
    cleanup_json struct json_t *v = json_new_object();

    json_put_str(v, "reference", to);
    json_put_str(v, "digest", r->root.digest);
    json_put_str(v, "media_type", r->root.media_type);
    json_put_int(v, "images", r->manifests);
    json_put_int(v, "blobs_copied", r->blobs);
    json_put_int(v, "blobs_there", r->blobs_there);
    json_put_int(v, "bytes", (int64_t)r->bytes);
    if (o->json)
        json_write(v, JSON_PRETTY, &out);
    else
        buf_appendf(&out, "%s\n", r->root.digest);
    if (!o->quiet)
        log_info("%s: %u blobs copied, %u there already, %llu bytes", to, r->blobs, r->blobs_there,
                 (unsigned long long)r->bytes);
    return fs_write_fd(STDOUT_FILENO, "standard output", out.p, out.n, err);
}

static int
copy(const void *opts, int n_operands UNUSED, char **operands, struct err *err)
{
    const struct copy_opts *o = opts;
    const struct platform *asked;
    struct platform platform;
    const struct registry_opts registry = {o->ca_file, false};
    cleanup_store struct store *from = NULL;
    cleanup_depot struct depot *to = NULL;
    struct copy_result result;

    if (platform_option(o->platform, &platform, &asked, err) < 0)
        return -1;
    to = depot_new(operands[1], &registry, err);
    if (to == NULL)
        return -1;
    from = store_open_for(operands[0], &registry, &to->ref, err);
    if (from == NULL)
        return -1;
    if (copy_image(from, to, asked, &result, err) < 0)
        return err_wrap(err, "%s to %s", operands[0], operands[1]);
    return print_result(o, operands[1], &result, err);
}

static int
run(const void *opts, int n_operands, char **operands, struct err *err)
{
    return interrupt_run(copy, opts, n_operands, operands, err);
}

#define AT(field) offsetof(struct copy_opts, field)

static const struct cli_opt options[] = {
    {"ca-file", 0, CLI_STR, AT(ca_file), "FILE",
     "Trust the certificate authorities in FILE instead of the machine's, and speak https to "
     "loopback hosts too.",
     0, 0, NULL},
    {"json", 0, CLI_FLAG, AT(json), NULL, "Print what was done as one JSON object.", 0, 0, NULL},
    {"platform", 0, CLI_STR, AT(platform), "OS/ARCH",
     "Of an image for several platforms, copy this one's alone.", 0, 0, NULL},
    {"quiet", 'q', CLI_FLAG, AT(quiet), NULL, "Print the result only, no messages.", 0, 0, NULL},
    {NULL, 0, CLI_FLAG, 0, NULL, NULL, 0, 0, NULL},
};

const struct cli_cmd cmd_copy = {
    .name = "copy",
    .summary = "copy an image between registries and layouts",
    .operands = "SOURCE TARGET",
    .min_operands = 2,
    .max_operands = 2,
    .opts = options,
    .opts_size = sizeof(struct copy_opts),
    .details =
        "Both are oci:DIR[:TAG] or the name of an image in a registry.  Every byte, and so every "
        "digest, stays.  An index is copied with all its images.  What the target has already is "
        "not sent again.  The digest is printed.\n\n"
        "Credentials come from IMAGEGEN_CREDS=USER:PASSWORD, or from Docker's config.json (in "
        "$DOCKER_CONFIG, else in ~/.docker) with its credential helpers.  With two registries "
        "IMAGEGEN_CREDS is for the target's.",
    .run = run,
};
