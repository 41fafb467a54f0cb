/* SPDX-License-Identifier: Apache-2.0 */
#include "images/target.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/mem.h"
#include "images/docker_archive.h"
#include "images/docker_daemon.h"
#include "images/document.h"
#include "images/image.h"
#include "images/interrupt.h"
#include "images/registry.h"
#include "images/staging.h"
#include "net/http.h"

static char *
temporary_folder(void)
{
    const char *folder = getenv("TMPDIR");

    return mem_strdup(folder != NULL && folder[0] != '\0' ? folder : "/tmp");
}

/* ---- oci ---- */

static int
oci_open(struct target *t, struct err *err)
{
    if (layout_create(t->ref.path, &t->layout, err) < 0)
        return -1;
    t->folder = mem_strdup(t->ref.path);
    return 0;
}

static int
oci_publish(struct target *t, struct image *image, struct err *err)
{
    return layout_publish(&t->layout, image, t->ref.tag != NULL ? t->ref.tag : "latest", err);
}

/* ---- docker-archive ---- */

static int
archive_open(struct target *t, struct err *err)
{
    const char *path = t->ref.path;
    const char *slash = strrchr(path, '/');
    struct stat st;

    if (target_is_stdout(t)) {
        if (isatty(STDOUT_FILENO))
            return err_set(err, ERR_USAGE, "an archive is not written to a terminal");
        t->folder = temporary_folder();
        return 0;
    }
    /* Renaming over /dev/null or a folder is nobody's wish. */
    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
        return err_set(err, ERR_EXISTS, "'%s' is there and is no regular file", path);
    if (slash == NULL)
        t->folder = mem_strdup(".");
    else
        t->folder = mem_strndup(path, slash == path ? 1 : (size_t)(slash - path));
    return 0;
}

static int
archive_publish(struct target *t, struct image *image, struct err *err)
{
    cleanup_docker_archive struct docker_archive *a = docker_archive_new(image, &t->ref, err);
    cleanup_staged struct staged s = STAGED_INIT;

    if (a == NULL)
        return -1;
    if (target_is_stdout(t))
        return docker_archive_copy(a, STDOUT_FILENO, "standard output", err);
    if (staging_create(t->folder, &s, err) < 0 || docker_archive_copy(a, s.fd, s.name, err) < 0)
        return -1;
    return staging_publish(&s, t->ref.path, err);
}

/* ---- docker-daemon ---- */

static int
daemon_open(struct target *t, struct err *err)
{
    if (docker_daemon_socket(getenv("DOCKER_HOST"), &t->socket, err) < 0 ||
        docker_daemon_check_socket(t->socket, err) < 0)
        return -1;
    t->folder = temporary_folder();
    return 0;
}

static int
daemon_publish(struct target *t, struct image *image, struct err *err)
{
    cleanup_http_client struct http_client *client = http_client_new();

    /* The daemon may unpack for minutes, in which nobody looks for a note of a signal; and there is
     * nothing left to clean up. */
    interrupt_unwatch();
    return docker_daemon_load(client, t->socket, image, &t->ref, err);
}

/* ---- docker:// ---- */

static int
registry_open(struct target *t, struct err *err UNUSED)
{
    t->folder = temporary_folder();
    return 0;
}

static int
put_missing(struct registry *r, const struct blob *b, struct err *err)
{
    struct descriptor d = {.size = b->size};
    int has;

    memcpy(d.digest, b->digest, sizeof(d.digest));
    has = registry_has_blob(r, &d, err);
    if (has != 0)
        return has > 0 ? 0 : -1;
    return registry_put_blob(r, b, err);
}

/* The manifest last: until then nothing has the image's name. */
static int
registry_publish(struct target *t, struct image *image, struct err *err)
{
    static const struct registry_opts opts = {NULL, false};
    cleanup_registry struct registry *r = registry_new(&t->ref, &opts, err);
    cleanup_document struct document manifest = DOCUMENT_INIT;
    struct str text = {image->manifest.data, image->manifest.size};

    if (r == NULL || document_parse(text, BLOB_MANIFEST, "the manifest", &manifest, err) < 0)
        return -1;
    for (size_t i = 0; i + 1 < image_blob_count(image); i++)
        if (put_missing(r, image_blob(image, i), err) < 0)
            return -1;
    if (interrupt_check(err) < 0)
        return -1;
    return registry_put_manifest(r, &manifest, t->ref.tag != NULL ? t->ref.tag : "latest", err);
}

/* ---- the kinds ---- */

static const struct kind {
    int (*open)(struct target *t, struct err *err);
    int (*publish)(struct target *t, struct image *image, struct err *err);
    bool stays; /* staged blobs become the target's own files */
} kinds[] = {
    [REF_REGISTRY] = {registry_open, registry_publish, false},
    [REF_OCI] = {oci_open, oci_publish, true},
    [REF_OCI_ARCHIVE] = {NULL, NULL, false},
    [REF_DOCKER_ARCHIVE] = {archive_open, archive_publish, false},
    [REF_DOCKER_DAEMON] = {daemon_open, daemon_publish, false},
};

int
target_name(const char *text, struct target *out, struct err *err)
{
    cleanup_ref struct ref ref = REF_INIT;

    if (ref_parse(text, &ref, err) < 0)
        return -1;
    if (kinds[ref.transport].open == NULL)
        return err_set(
            err, ERR_UNSUPPORTED,
            "'%s': %s: is not offered as a target yet; write oci:DIR, docker-archive:FILE, "
            "docker-daemon:NAME or docker://NAME",
            text, ref_transport_name(ref.transport));
    if (ref.digest != NULL)
        return err_set(err, ERR_INVALID, "'%s': an image to be written has no digest yet", text);
    *out = (struct target)TARGET_INIT;
    out->ref = ref;
    ref = (struct ref)REF_INIT;
    return 0;
}

int
target_open(struct target *t, struct err *err)
{
    return kinds[t->ref.transport].open(t, err);
}

int
target_stage(const struct target *t, struct staged *out, struct err *err)
{
    if (kinds[t->ref.transport].stays)
        return staging_create(t->folder, out, err);
    if (staging_create_nameless(t->folder, out, err) == 0)
        return 0;
    if (t->ref.transport == REF_DOCKER_DAEMON || t->ref.transport == REF_REGISTRY ||
        target_is_stdout(t))
        return err_wrap(err, "a temporary file (TMPDIR names its folder)");
    return -1;
}

int
target_publish(struct target *t, struct image *image, struct err *err)
{
    return kinds[t->ref.transport].publish(t, image, err);
}

bool
target_is_stdout(const struct target *t)
{
    return t->ref.transport == REF_DOCKER_ARCHIVE && strcmp(t->ref.path, "-") == 0;
}

void
target_done(struct target *t)
{
    ref_done(&t->ref);
    layout_close(&t->layout);
    free(t->folder);
    t->folder = NULL;
}
