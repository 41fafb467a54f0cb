/* SPDX-License-Identifier: Apache-2.0 */
#include "images/cacerts.h"

#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "images/tree.h"

int
cacerts_add(struct tree *t, const char *file, struct err *err)
{
    cleanup_buf struct buf pem = BUF_INIT(CACERTS_SIZE_MAX);
    const char *path = file != NULL ? file : CACERTS_PATH;

    if (fs_read(path, &pem, err) < 0) {
        if (file == NULL && err->code == ERR_NOT_FOUND)
            return err_set(err, ERR_NOT_FOUND,
                           "CA certificates: '%s' is not on this machine: install the package "
                           "ca-certificates or name a bundle with --ca-file",
                           path);
        return err_wrap(err, "CA certificates");
    }
    /* The text is copied as a string below, so it must be one. */
    if (pem.n == 0 || strlen(pem.p) != pem.n ||
        strstr(pem.p, "-----BEGIN CERTIFICATE-----") == NULL)
        return err_set(err, ERR_INVALID, "CA certificates: '%s' has no PEM certificate in it",
                       path);
    return tree_add_text(t, &CACERTS_PATH[1], 0644, pem.p, err);
}
