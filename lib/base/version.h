/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_VERSION_H
#define BASE_VERSION_H

/* The project's version, the same for all programs; the Makefile reads it from here. */
#define BERTH_VERSION "0.1.0"

#endif
