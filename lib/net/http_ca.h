/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NET_HTTP_CA_H
#define NET_HTTP_CA_H

/*
 * Where the certificates of trusted CAs lie: a static program meets many distributions, so the
 * place is looked for when it runs: the caller's file, SSL_CERT_FILE, then the distributions'
 * usual places.
 */

/* given may be NULL.  The result is borrowed; when no bundle exists it is the usual place, so that
 * the error can name it. */
const char *http_ca_file(const char *given);

#endif
