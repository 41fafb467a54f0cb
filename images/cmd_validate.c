/* SPDX-License-Identifier: Apache-2.0 */
#include "images/cmd.h"

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "images/limits.h"
#include "images/listing.h"
#include "images/validate.h"

enum { FOUND_WANTING = 3 };

struct validate_opts {
    bool quiet;
    struct limits limits;
};

static int
run(const void *opts, int n_operands, char **operands, struct err *err)
{
    const struct validate_opts *o = opts;
    cleanup_buf struct buf out = BUF_INIT(LISTING_MAX);
    struct limits limits = o->limits;
    struct validate_result result;
    bool good;

    (void)n_operands;
    if (validate_image(operands[0], &limits, &out, &result, err) < 0) {
        /* What cannot even be read by its rules is wanting too; a missing file is not. */
        good = err->code != ERR_INVALID && err->code != ERR_DIGEST;
        if (good)
            return err_wrap(err, "%s", operands[0]);
        listing_name(err->msg, &out);
        buf_append_char(&out, '\n');
        return listing_flush(&out, true, err) < 0 ? -1 : FOUND_WANTING;
    }
    good = result.findings == 0;
    if (good && !o->quiet)
        buf_appendf(&out, "valid: %zu image%s, %zu blobs, %llu bytes\n", result.images,
                    result.images == 1 ? "" : "s", result.blobs, (unsigned long long)result.bytes);
    if (listing_flush(&out, true, err) < 0)
        return -1;
    return good ? 0 : FOUND_WANTING;
}

#define AT(field) offsetof(struct validate_opts, field)

static const struct cli_opt options[] = {
    {"quiet", 'q', CLI_FLAG, AT(quiet), NULL, "Write nothing when nothing is found.", 0, 0, NULL},
    LIMITS_OPTIONS(validate_opts),
    {NULL, 0, CLI_FLAG, 0, NULL, NULL, 0, 0, NULL},
};

const struct cli_cmd cmd_validate = {
    .name = "validate",
    .summary = "check every byte of an image, or of a layout",
    .operands = "IMAGE",
    .min_operands = 1,
    .max_operands = 1,
    .opts = options,
    .opts_size = sizeof(struct validate_opts),
    .details = "Findings come one a line. Exit status 3 when there are any.",
    .run = run,
};
