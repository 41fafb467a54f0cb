/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_STATIC_PACK_H
#define SERVER_STATIC_PACK_H

/* Files of an archive, ready to be sent.  What a file's responses begin with is made when it is
 * first asked for; its content stays where it is. */

#include "base/attr.h"
#include "base/str.h"

struct pack;
struct static_entry;
struct static_pack;
struct static_place;

/* The archive is borrowed. */
struct static_pack *static_pack_new(const struct pack *pack, const struct static_place *place);
void static_pack_free(struct static_pack *p);

/* NULL, and *status: 301 when it is a folder, or 404. */
const struct static_entry *static_pack_find(struct static_pack *p, struct str path,
                                            unsigned *status) NODISCARD;

#endif
