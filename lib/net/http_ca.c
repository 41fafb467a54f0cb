/* SPDX-License-Identifier: Apache-2.0 */
#include "net/http_ca.h"

#include <stddef.h>
#include <stdlib.h>

#include "base/attr.h"
#include "base/fs.h"

static const char *const places[] = {
    "/etc/ssl/certs/ca-certificates.crt",                /* Debian, Alpine, Arch; our own images */
    "/etc/pki/tls/certs/ca-bundle.crt",                  /* Amazon Linux, Fedora */
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", /* Red Hat */
    "/etc/ssl/ca-bundle.pem",                            /* SUSE */
    "/etc/ssl/cert.pem",                                 /* BSDs, old Alpine */
};

const char *
http_ca_file(const char *given)
{
    const char *variable = getenv("SSL_CERT_FILE");

    if (given != NULL)
        return given;
    if (variable != NULL && variable[0] != '\0')
        return variable;
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        if (fs_exists(places[i]))
            return places[i];
    }
    return places[0];
}
