/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_ATTR_H
#define BASE_ATTR_H

/*
 * The compiler attributes that Berth uses, under names that say what a caller must know.
 */

#define NODISCARD              __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))
#define NORETURN               __attribute__((noreturn))
#define UNUSED                 __attribute__((unused))

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#endif
