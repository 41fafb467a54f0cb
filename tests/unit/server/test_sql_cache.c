/* SPDX-License-Identifier: Apache-2.0 */
#include "server/sql_cache.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SIZE = 64 * 1024, BODY = 1000, MANY = 1000 };

static struct str
key_of(int i, char room[32])
{
    snprintf(room, 32, "key %d", i);
    return str_from(room);
}

static struct sql_entry *
put(struct sql_cache *c, int i, struct str body, int64_t now_ms)
{
    char room[32];
    int owner;
    struct sql_entry *e = sql_cache_add(c, key_of(i, room), &owner);

    return sql_cache_fill(c, e, STR_LIT("Link: x\r\n"), body, 10, now_ms) ? e : NULL;
}

static struct sql_entry *
get(struct sql_cache *c, int i, int64_t now_ms)
{
    char room[32];

    return sql_cache_find(c, key_of(i, room), now_ms);
}

static void
an_answer_is_kept_for_its_time(void **state)
{
    struct sql_cache *c = sql_cache_new(SIZE);
    struct sql_entry *e;

    (void)state;
    assert_null(get(c, 1, 0));
    assert_non_null(put(c, 1, STR_LIT("body"), 1000));
    e = get(c, 1, 10999);
    assert_non_null(e);
    assert_true(str_eq(e->body, "body"));
    assert_true(str_eq(e->headers, "Link: x\r\n"));
    assert_null(e->owner);
    assert_null(get(c, 2, 1000));
    assert_null(get(c, 1, 11000));
    sql_cache_free(c);
}

static void
equal_answers_have_equal_etags(void **state)
{
    struct sql_cache *c = sql_cache_new(SIZE);
    const char *first = put(c, 1, STR_LIT("body"), 0)->etag;

    (void)state;
    assert_string_equal(put(c, 2, STR_LIT("body"), 5)->etag, first);
    assert_string_not_equal(put(c, 3, STR_LIT("bodz"), 0)->etag, first);
    sql_cache_free(c);
}

static void
one_in_the_making_is_found_by_who_asks_next(void **state)
{
    struct sql_cache *c = sql_cache_new(SIZE);
    int owner;
    struct sql_entry *e = sql_cache_add(c, STR_LIT("k"), &owner);

    (void)state;
    assert_ptr_equal(sql_cache_find(c, STR_LIT("k"), 0), e);
    assert_ptr_equal(e->owner, &owner);
    sql_cache_drop(c, e);
    assert_null(sql_cache_find(c, STR_LIT("k"), 0));
    /* One that never gets its answer is freed with the cache. */
    sql_cache_add(c, STR_LIT("k"), &owner);
    sql_cache_free(c);
}

static void
memory_is_bounded_and_what_is_asked_for_stays(void **state)
{
    struct sql_cache *c = sql_cache_new(SIZE);
    char body[BODY];
    int kept = 0;

    (void)state;
    memset(body, 'x', sizeof(body));
    for (int i = 0; i < MANY; i++) {
        assert_non_null(put(c, i, (struct str){body, sizeof(body)}, 0));
        assert_non_null(get(c, 0, 0));
    }
    for (int i = 0; i < MANY; i++)
        kept += get(c, i, 0) != NULL;
    assert_in_range(kept, 2, SIZE / BODY);
    assert_non_null(get(c, MANY - 1, 0));
    assert_null(get(c, 1, 0));
    sql_cache_free(c);
}

static void
what_is_too_large_is_not_kept(void **state)
{
    struct sql_cache *c = sql_cache_new(SIZE);
    size_t largest = sql_cache_largest(c);
    char *body = calloc(1, largest + 1);

    (void)state;
    assert_in_range(largest, 1, SIZE);
    assert_non_null(put(c, 1, (struct str){body, largest}, 0));
    assert_null(put(c, 2, (struct str){body, largest + 1}, 0));
    assert_null(get(c, 2, 0));
    sql_cache_free(c);
    c = sql_cache_new(0);
    assert_int_equal(sql_cache_largest(c), 0);
    sql_cache_free(c);
    free(body);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_is_kept_for_its_time),
        cmocka_unit_test(equal_answers_have_equal_etags),
        cmocka_unit_test(one_in_the_making_is_found_by_who_asks_next),
        cmocka_unit_test(memory_is_bounded_and_what_is_asked_for_stays),
        cmocka_unit_test(what_is_too_large_is_not_kept),
    };
    return cmocka_run_group_tests_name("server/sql_cache", tests, NULL, NULL);
}
