/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TASKGEN_PLATFORM_H
#define TASKGEN_PLATFORM_H

/*
 * Operating systems and architectures by the names people use ("windows-2022-core", "amd64"), as
 * the API writes them ("WINDOWS_SERVER_2022_CORE", "X86_64"), which it takes as well.  Case and the
 * choice of '-' or '_' do not matter.
 */

#include "base/attr.h"
#include "ecs/size.h"

struct err;

/* ERR_INVALID with the names there are.  *api lives as long as the program. */
int platform_os(const char *text, const char **api, struct err *err) NODISCARD;
int platform_arch(const char *text, const char **api, struct err *err) NODISCARD;

/* Which table of sizes an API name belongs to. */
enum size_os platform_size_os(const char *api);

#endif
