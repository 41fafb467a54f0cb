/* SPDX-License-Identifier: Apache-2.0 */
#include "images/cmd.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/mem.h"
#include "images/elf.h"
#include "images/elf_needs.h"
#include "images/platform.h"
#include "json/json.h"

#define ZONES "/usr/share/zoneinfo"

enum { OUTPUT_MAX = 1024 * 1024, NAMES_MAX = 700 };

struct init_opts {
    const char *output;
    struct cli_list libraries, ports;
    const char *user;
    bool ca_certs, tzdata, force;
};

/* A path from the folder of the build file: as it was written where that is the present one. */
static char *
source_path(const char *path, const char *output, struct err *err)
{
    char *real;

    if (path[0] == '/' || output == NULL || strchr(output, '/') == NULL)
        return mem_strdup(path);
    real = realpath(path, NULL);
    if (real == NULL)
        err_sys(err, "find '%s'", path);
    return real;
}

static int
not_found(const char *program, const struct elf_needs *needs, struct err *err)
{
    cleanup_buf struct buf names = BUF_INIT(NAMES_MAX);

    for (size_t i = 0; i < needs->n; i++)
        if (needs->v[i].path == NULL)
            buf_appendf(&names, "%s%s", names.n > 0 ? ", " : "", needs->v[i].name);
    if (names.n == 0)
        return 0;
    return err_set(err, ERR_NOT_FOUND,
                   "'%s' needs libraries that were not found: %s; name their folder with "
                   "--library-path, or link the program statically",
                   program, buf_cstr(&names));
}

static struct json_t *
file_list(const char *program, const char *source, const struct elf_needs *needs)
{
    struct json_t *files = json_new_array();
    cleanup_free char *first = mem_printf("%s:/%s:0755", source, fs_basename(program));

    json_push_str(files, first);
    for (size_t i = 0; i < needs->n; i++) {
        cleanup_free char *text = mem_printf("%s:%s:0755", needs->v[i].path, needs->v[i].dest);

        json_push_str(files, text);
    }
    return files;
}

static struct json_t *
strings(const struct cli_list *list)
{
    struct json_t *array = json_new_array();

    for (size_t i = 0; i < list->n; i++)
        json_push_str(array, list->v[i]);
    return array;
}

static struct json_t *
describe(const struct init_opts *o, const char *program, const char *source,
         const struct elf_needs *needs, const struct elf *elf)
{
    cleanup_free char *entrypoint = mem_printf("/%s", fs_basename(program));
    struct platform platform = platform_linux(elf->arch);
    char platform_text[3 * PLATFORM_WORD_MAX];
    struct json_t *doc = json_new_object();
    struct json_t *words = json_new_array();

    json_put(doc, "file", file_list(program, source, needs));
    if (o->tzdata)
        json_put_str(doc, "dir", ZONES ":" ZONES);
    json_push_str(words, entrypoint);
    json_put(doc, "entrypoint", words);
    if (o->ports.n > 0)
        json_put(doc, "port", strings(&o->ports));
    json_put_str(doc, "user", o->user);
    if (o->ca_certs)
        json_put_bool(doc, "ca-certs", true);
    platform_format(&platform, platform_text);
    json_put_str(doc, "platform", platform_text);
    return doc;
}

static int
check_program(const char *program, struct elf *elf, struct err *err)
{
    struct stat st;

    if (stat(program, &st) < 0)
        return err_sys(err, "read '%s'", program);
    if (!S_ISREG(st.st_mode))
        return err_set(err, ERR_INVALID, "'%s' is no file", program);
    if (elf_read(program, elf, err) < 0)
        return -1;
    if (!elf->is_elf)
        return err_set(
            err, ERR_UNSUPPORTED,
            "'%s' is no ELF program: what runs it must be in the image too, so write the "
            "build file by hand",
            program);
    if (elf->arch == NULL)
        return err_set(err, ERR_UNSUPPORTED, "'%s': its processor has no name here", program);
    return 0;
}

static int
write_file(const struct init_opts *o, const struct json_t *doc, struct err *err)
{
    cleanup_buf struct buf text = BUF_INIT(OUTPUT_MAX);
    const char *output = o->output != NULL ? o->output : "-";

    json_write(doc, JSON_PRETTY, &text);
    if (buf_finish(&text, err) < 0)
        return -1;
    if (!o->force && strcmp(output, "-") != 0 && fs_exists(output))
        return err_set(err, ERR_EXISTS, "'%s' is there: --force replaces it", output);
    return fs_write(output, text.p, text.n, 0666, err);
}

static int
run(const void *opts, int n_operands, char **operands, struct err *err)
{
    const struct init_opts *o = opts;
    const char *program = operands[0];
    cleanup_elf_needs struct elf_needs needs = ELF_NEEDS_INIT;
    cleanup_json struct json_t *doc = NULL;
    cleanup_free char *source = NULL;
    struct elf elf = {0};

    (void)n_operands;
    if (check_program(program, &elf, err) < 0 ||
        elf_needs_find(program, &o->libraries, "", &needs, err) < 0 ||
        not_found(program, &needs, err) < 0)
        return -1;
    source = source_path(program, o->output, err);
    if (source == NULL)
        return -1;
    doc = describe(o, program, source, &needs, &elf);
    return write_file(o, doc, err);
}

#define AT(field) offsetof(struct init_opts, field)

static const struct cli_opt options[] = {
    {"output", 'o', CLI_STR, AT(output), "FILE", "Where to write it (standard output).", 0, 0,
     NULL},
    {"port", 'p', CLI_LIST, AT(ports), "N[/tcp|udp]", "A port the program listens on.", 0, 0, NULL},
    {"user", 'u', CLI_STR, AT(user), "[NAME:]UID[:GID]", "The user to run as (nonroot).", 0, 0,
     NULL},
    {"ca-certs", 0, CLI_FLAG, AT(ca_certs), NULL,
     "Bring CA certificates along, for programs that speak TLS.", 0, 0, NULL},
    {"tzdata", 0, CLI_FLAG, AT(tzdata), NULL, "Bring this machine's time zones along.", 0, 0, NULL},
    {"library-path", 'L', CLI_LIST, AT(libraries), "DIR",
     "A folder with libraries of a dynamic program; again for more.", 0, 0, NULL},
    {"force", 0, CLI_FLAG, AT(force), NULL, "Replace FILE.", 0, 0, NULL},
    {NULL, 0, CLI_FLAG, 0, NULL, NULL, 0, 0, NULL},
};

const struct cli_cmd cmd_init = {
    .name = "init",
    .summary = "write a build file for a program",
    .operands = "PROGRAM",
    .min_operands = 1,
    .max_operands = 1,
    .opts = options,
    .opts_size = sizeof(struct init_opts),
    .details =
        "The program's ELF header says what it needs.  A static one is alone in its image.  A "
        "dynamic one brings its interpreter and all libraries along that its dynamic linker would "
        "load; one that cannot be found is named and nothing is written.  Libraries from folders "
        "that a dynamic linker does not know by itself are put where it looks.  Nothing is run, so "
        "programs for other processors are welcome.\n\n"
        "What a program loads by dlopen(3) later, its header does not say: plug-ins, character "
        "sets, "
        "name services other than files and DNS.  Add them to the file.\n\n"
        "`imagegen build --build-file FILE` builds from it.",
    .run = run,
};
