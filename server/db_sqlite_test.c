/* SPDX-License-Identifier: Apache-2.0 */
#include "server/db_sqlite_test.h"

#include <stdint.h>
#include <time.h>

#include <sqlite3.h>

#include "server/db_sqlite_file.h"

enum { SLICE_MS = 20, NS_PER_US = 1000, NS_PER_MS = 1000000 };

static int64_t
clock_ns(clockid_t id)
{
    struct timespec t;

    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000 * NS_PER_MS + t.tv_nsec;
}

/* In slices, as an interrupt has no way to end a sleep. */
static void
wait_function(sqlite3_context *context, int n, sqlite3_value **values)
{
    atomic_bool *interrupted = sqlite3_user_data(context);
    int64_t end = clock_ns(CLOCK_MONOTONIC) + sqlite3_value_int64(values[0]) * NS_PER_MS;
    int64_t left;

    (void)n;
    while ((left = end - clock_ns(CLOCK_MONOTONIC)) > 0) {
        int64_t slice = left < SLICE_MS * (int64_t)NS_PER_MS ? left : SLICE_MS * (int64_t)NS_PER_MS;
        struct timespec t = {0, (long)slice};

        if (atomic_load(interrupted)) {
            sqlite3_result_error_code(context, SQLITE_INTERRUPT);
            return;
        }
        nanosleep(&t, NULL);
    }
    sqlite3_result_value(context, values[0]);
}

static void
spin_function(sqlite3_context *context, int n, sqlite3_value **values)
{
    int64_t end = clock_ns(CLOCK_THREAD_CPUTIME_ID) + sqlite3_value_int64(values[0]) * NS_PER_US;

    (void)n;
    while (clock_ns(CLOCK_THREAD_CPUTIME_ID) < end)
        ;
    sqlite3_result_value(context, values[0]);
}

int
db_sqlite_test_add(struct sqlite3 *db, atomic_bool *interrupted, struct err *err)
{
    if (sqlite3_create_function(db, "berth_wait", 1, SQLITE_UTF8, interrupted, wait_function, NULL,
                                NULL) != SQLITE_OK ||
        sqlite3_create_function(db, "berth_spin", 1, SQLITE_UTF8, NULL, spin_function, NULL,
                                NULL) != SQLITE_OK)
        return db_sqlite_file_err(db, "--test-functions", err);
    return 0;
}
