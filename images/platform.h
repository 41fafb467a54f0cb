/* SPDX-License-Identifier: Apache-2.0 */
#ifndef IMAGES_PLATFORM_H
#define IMAGES_PLATFORM_H

/* OS/ARCH[/VARIANT] with Go's names for them, as image-spec config.md asks. */

#include <stdbool.h>

#include "base/attr.h"

struct err;

enum { PLATFORM_WORD_MAX = 32 };

struct platform {
    char os[PLATFORM_WORD_MAX];
    char arch[PLATFORM_WORD_MAX];
    char variant[PLATFORM_WORD_MAX]; /* "" when there is none */
};

/* The value of an option --platform, as store_image() wants it: *out is p with what text says, or
 * NULL when text is.  ERR_USAGE names the option. */
int platform_option(const char *text, struct platform *p, const struct platform **out,
                    struct err *err) NODISCARD;

/* Spellings of uname ("x86_64", "aarch64") are taken too and become Go's. */
int platform_parse(const char *text, struct platform *out, struct err *err) NODISCARD;

/* linux on the processor this program runs on; the arch is "" on one that has no name here. */
struct platform platform_host(void);

/* "linux/arm/v7" */
void platform_format(const struct platform *p, char out[3 * PLATFORM_WORD_MAX]);

/* linux and arch; variant "" . */
struct platform platform_linux(const char *arch);

#endif
