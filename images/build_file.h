/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGES_BUILD_FILE_H
#define IMAGES_BUILD_FILE_H

/*
 * A build in a file: a JSON object whose keys are the long options of `imagegen build`.
 *
 *   {"file": ["app:/app:0755"], "entrypoint": ["/app"], "env": {"TZ": "UTC"}, "ca-certs": true}
 *
 * Flags are true or false, options that may be given several times a value or an array of values,
 * and those of names and values an object of strings too; a value is a string or a whole number.
 * Paths of sources are relative to the file's folder. The command line counts more: it replaces
 * single values, the words of entry point and command, and variables, labels and annotations of the
 * same name; files, folders and ports it adds.
 */

#include "base/attr.h"

struct cli_cmd;
struct err;

/* Reads path and merges it under the command's options over, all into out, which is a struct of
 * cmd's options set to zero.  Texts in out are borrowed from over and from the returned memory,
 * which the caller frees by build_file_done(). */
struct build_file;
struct build_file *build_file_read(const char *path, const struct cli_cmd *cmd, const void *over,
                                   void *out, struct err *err);
void build_file_done(struct build_file *f); /* NULL is fine */
void build_file_donep(struct build_file **f);
#define cleanup_build_file __attribute__((cleanup(build_file_donep)))

#endif
