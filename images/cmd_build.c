/* SPDX-License-Identifier: Apache-2.0 */
#include "images/cmd.h"

#include <inttypes.h>
#include <stddef.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/log.h"
#include "images/build.h"
#include "images/build_file.h"
#include "images/image.h"
#include "images/interrupt.h"
#include "images/stages.h"
#include "images/target.h"
#include "json/json.h"

enum { OUTPUT_MAX = 256 * 1024, WARNINGS_MAX = 64 * 1024 };

struct opts {
    struct build_opts build;
    const char *build_file;
    const char *output;
    bool json;
    bool quiet;
};

#define AT(field) offsetof(struct opts, field)

static const struct cli_opt options[] = {
    {"build-file", 'b', CLI_STR, AT(build_file), "FILE",
     "Take options from a JSON file whose keys are theirs; those given here count more.", 0, 0,
     NULL},
    {"from", 0, CLI_STR, AT(build.from), "IMAGE",
     "Begin with this image: oci:DIR[:TAG].  Its layers stay below, its config is inherited.", 0, 0,
     NULL},
    {"file", 'f', CLI_LIST, AT(build.files), "SRC:DEST[:MODE]",
     "Put a file at the absolute path DEST; again for more.", 0, 0, NULL},
    {"dir", 'd', CLI_LIST, AT(build.folders), "SRC:DEST",
     "Put a folder and all below it at DEST; again for more.", 0, 0, NULL},
    {"entrypoint", 'e', CLI_LIST, AT(build.entrypoint), "WORD",
     "A word of the program to start; again for its arguments, or once with a JSON array.", 0, 0,
     NULL},
    {"cmd", 'c', CLI_LIST, AT(build.cmd), "WORD",
     "A word of the default arguments; again for more, or once with a JSON array.", 0, 0, NULL},
    {"env", 0, CLI_LIST, AT(build.env), "NAME=VALUE", "An environment variable.", 0, 0, NULL},
    {"port", 'p', CLI_LIST, AT(build.ports), "N[/tcp|udp]", "A port the program listens on.", 0, 0,
     NULL},
    {"user", 'u', CLI_STR, AT(build.user), "[NAME:]UID[:GID]",
     "The user to run as; root and nonroot are known (nonroot, 65532:65532).", 0, 0, NULL},
    {"workdir", 'w', CLI_STR, AT(build.workdir), "DIR", "The working directory.", 0, 0, NULL},
    {"label", 'l', CLI_LIST, AT(build.labels), "KEY=VALUE", "A label in the config.", 0, 0, NULL},
    {"annotation", 'a', CLI_LIST, AT(build.annotations), "KEY=VALUE",
     "An annotation on the manifest.", 0, 0, NULL},
    {"platform", 0, CLI_STR, AT(build.platform), "OS/ARCH[/VARIANT]",
     "The image's platform; found out from the program when it is an ELF file.", 0, 0, NULL},
    {"owner", 0, CLI_STR, AT(build.owner), "UID[:GID]", "The owner of the files put in (0:0).", 0,
     0, NULL},
    {"ca-certs", 0, CLI_FLAG, AT(build.ca_certs), NULL,
     "Put in this machine's bundle of CA certificates.", 0, 0, NULL},
    {"ca-file", 0, CLI_STR, AT(build.ca_file), "FILE", "Put in FILE as the bundle instead.", 0, 0,
     NULL},
    {"no-tmp", 0, CLI_FLAG, AT(build.no_tmp), NULL, "Make no /tmp.", 0, 0, NULL},
    {"compression", 0, CLI_CHOICE, AT(build.compression), "gzip|zstd|none",
     "How the layer is compressed (gzip).", 0, 0, NULL},
    {"compression-level", 0, CLI_UINT, AT(build.compression_level), "N",
     "1 is the fastest; gzip has the levels up to 12 (4), zstd up to 19 (3).", 1, 19, NULL},
    {"threads", 0, CLI_UINT, AT(build.threads), "N",
     "Threads that compress (one for each CPU this process may use); the bytes are the same for "
     "any number.",
     1, STAGES_THREADS_MAX, NULL},
    {"output", 'o', CLI_STR, AT(output), "TARGET",
     "Where the image goes: oci:DIR[:TAG], docker-archive:FILE[:NAME], docker-daemon:NAME, or "
     "docker://NAME for a registry.",
     0, 0, NULL},
    {"json", 0, CLI_FLAG, AT(json), NULL, "Print digests and sizes as one JSON object.", 0, 0,
     NULL},
    {"quiet", 'q', CLI_FLAG, AT(quiet), NULL, "Print the result only, no messages.", 0, 0, NULL},
    {NULL, 0, CLI_FLAG, 0, NULL, NULL, 0, 0, NULL},
};

static void
print_warnings(const struct buf *warnings)
{
    struct str rest = buf_view(warnings);

    while (rest.p != NULL) {
        struct str line = str_cut(&rest, '\n');

        if (line.n > 0)
            log_warn(STR_FMT, STR_ARG(line));
    }
}

static struct json_t *
layer_result(const struct layer *l)
{
    struct json_t *v = json_new_object();

    json_put_str(v, "digest", l->blob.digest);
    json_put_str(v, "diff_id", l->diff_id);
    json_put_int(v, "size", (int64_t)l->blob.size);
    json_put_int(v, "uncompressed_size", (int64_t)l->uncompressed_size);
    return v;
}

static void
write_json(const struct opts *o, const struct image *image, struct buf *out)
{
    cleanup_json struct json_t *v = json_new_object();
    struct json_t *layers = json_new_array();

    for (size_t i = 0; i < image->n_layers; i++)
        json_push(layers, layer_result(&image->layers[i]));
    json_put_str(v, "reference", o->output);
    json_put_str(v, "digest", image->manifest.digest);
    json_put_str(v, "config_digest", image->config.digest);
    json_put(v, "platform", image_platform_json(image));
    json_put(v, "layers", layers);
    json_put_int(v, "size", (int64_t)image_size(image));
    json_write(v, JSON_PRETTY, out);
}

/* The result is standard output's, unless the image itself is. */
static int
print_result(const struct opts *o, const struct target *target, const struct image *image,
             struct err *err)
{
    cleanup_buf struct buf out = BUF_INIT(OUTPUT_MAX);
    int fd = target_is_stdout(target) ? STDERR_FILENO : STDOUT_FILENO;

    if (o->json)
        write_json(o, image, &out);
    else
        buf_appendf(&out, "%s\n", image->manifest.digest);
    if (buf_finish(&out, err) < 0)
        return -1;
    return fs_write_fd(fd, fd == STDOUT_FILENO ? "standard output" : "standard error", out.p, out.n,
                       err);
}

static int
build(const struct opts *o, struct err *err)
{
    cleanup_target struct target target = TARGET_INIT;
    cleanup_image struct image image;
    cleanup_buf struct buf warnings = BUF_INIT(WARNINGS_MAX);
    int64_t created;
    int done;

    image_init(&image);
    if (o->output == NULL)
        return err_set(err, ERR_USAGE, "--output TARGET is missing, such as -o oci:image:latest");
    if (target_name(o->output, &target, err) < 0) {
        err->code = ERR_USAGE;
        return err_wrap(err, "--output");
    }
    if (clock_source_date_epoch(&created, err) < 0)
        return -1;
    done = build_image(&o->build, created, &target, &image, &warnings, err);
    if (done < 0)
        return -1;
    if (!o->quiet)
        print_warnings(&warnings);
    if (!o->quiet)
        log_info("%s: %zu layer, %" PRIu64 " bytes", o->output, image.n_layers, image_size(&image));
    return print_result(o, &target, &image, err);
}

static int
build_from_file(const struct opts *o, struct err *err)
{
    cleanup_build_file struct build_file *file = NULL;
    struct opts merged = {0};

    file = build_file_read(o->build_file, &cmd_build, o, &merged, err);
    return file != NULL ? build(&merged, err) : -1;
}

static int
work(const void *opts, int n_operands UNUSED, char **operands UNUSED, struct err *err)
{
    const struct opts *o = opts;

    return o->build_file != NULL ? build_from_file(o, err) : build(o, err);
}

static int
run(const void *opts, int n_operands, char **operands, struct err *err)
{
    return interrupt_run(work, opts, n_operands, operands, err);
}

const struct cli_cmd cmd_build = {
    .name = "build",
    .summary = "make an image from files and folders",
    .operands = "",
    .opts = options,
    .opts_size = sizeof(struct opts),
    .details =
        "What is put in becomes one layer.  The same input gives the same digest everywhere: "
        "entries are "
        "sorted, all times are SOURCE_DATE_EPOCH (0 when unset), owners are numbers, and a file "
        "that its owner may execute becomes 0755, any other 0644, a folder 0755, whatever the "
        "umask was.  A MODE after DEST is taken as it is.  Symbolic links are kept, hard links "
        "within one --dir too; devices, sockets and pipes are refused.\n\n"
        "With --from nothing is added that was not given, folders on the way keep what the base "
        "says "
        "of them, and user, command, variables, ports and labels are the base's unless given here; "
        "an --entrypoint takes the base's command away.  Without files the config alone "
        "changes.\n\n"
        "Added otherwise, unless the files bring their own: /etc/passwd and /etc/group with root "
        "and the "
        "user, /tmp (1777), the working directory.\n\n"
        "No PATH is set: name the program by its absolute path, or give --env PATH=...",
    .run = run,
};
