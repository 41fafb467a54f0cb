/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_STATIC_SEND_H
#define SERVER_STATIC_SEND_H

/*
 * Answers a GET or HEAD with a file: its coding is negotiated, then conditions and ranges are
 * judged by that representation.  Nothing of the entry is used after it returns.
 */

struct exchange;
struct static_entry;

void static_send(struct exchange *x, const struct static_entry *e, unsigned max_ranges);

#endif
