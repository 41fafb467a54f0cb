/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_DB_SQLITE_TEST_H
#define SERVER_DB_SQLITE_TEST_H

/*
 * SQL functions of --test-functions, for measuring how requests that wait or compute are served:
 *
 *   berth_wait(ms)  waits and gives ms back; ends early when the statement is interrupted
 *   berth_spin(us)  uses that much CPU time and gives us back
 */

#include <stdatomic.h>

#include "base/attr.h"

struct err;
struct sqlite3;

int db_sqlite_test_add(struct sqlite3 *db, atomic_bool *interrupted, struct err *err) NODISCARD;

#endif
