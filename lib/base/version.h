/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_VERSION_H
#define BASE_VERSION_H

/* The project's version, the same for all programs (the Makefile reads it from here), and how this
 * build came about: the lines of --version that every program shares. */

#include <features.h>

#define BERTH_VERSION "0.1.0"

#if defined(__GLIBC__)
#define BERTH_LIBC "glibc"
#else
#define BERTH_LIBC "musl"
#endif

#if defined(__x86_64__)
#define BERTH_ARCH "amd64"
#elif defined(__aarch64__)
#define BERTH_ARCH "arm64"
#else
#define BERTH_ARCH "another architecture"
#endif

#if defined(__SANITIZE_ADDRESS__)
#define BERTH_CHECKS ", with sanitizers"
#else
#define BERTH_CHECKS ""
#endif

#if defined(__clang__)
#define BERTH_COMPILER __VERSION__
#else
#define BERTH_COMPILER "gcc " __VERSION__
#endif

/* "taskgen 0.1.0" and the build, each with a newline. */
#define BERTH_VERSION_TEXT(program) \
    program " " BERTH_VERSION "\n" BERTH_ARCH ", " BERTH_LIBC BERTH_CHECKS ", " BERTH_COMPILER "\n"

#endif
