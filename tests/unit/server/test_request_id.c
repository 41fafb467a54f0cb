/* SPDX-License-Identifier: Apache-2.0 */
#include "server/request_id.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "base/err.h"

enum { IDS = 2000 };

static int
compare(const void *a, const void *b)
{
    return memcmp(a, b, REQUEST_ID_NEW);
}

static void
new_ids_differ_and_are_sane(void **state)
{
    static char ids[IDS][REQUEST_ID_NEW];
    struct request_id generators[2];
    struct err err = ERR_INIT;

    (void)state;
    for (int g = 0; g < 2; g++) {
        assert_int_equal(request_id_init(&generators[g], &err), 0);
        for (int i = 0; i < IDS / 2; i++)
            request_id_make(&generators[g], ids[g * IDS / 2 + i]);
    }
    for (int i = 0; i < IDS; i++) {
        assert_true(request_id_is_sane((struct str){ids[i], REQUEST_ID_NEW}));
        for (int c = 0; c < REQUEST_ID_NEW; c++)
            assert_non_null(memchr("0123456789abcdef", ids[i][c], 16));
    }
    qsort(ids, IDS, REQUEST_ID_NEW, compare);
    for (int i = 1; i < IDS; i++)
        assert_int_not_equal(compare(ids[i - 1], ids[i]), 0);
}

static void
only_sane_ids_of_clients_are_kept(void **state)
{
    static const char *const good[] = {"a", "0", "Root=1-67891233-abcdef012345678912345678",
                                       "550e8400-e29b-41d4-a716-446655440000", "x:y;z/@+_.=-"};
    static const char *const bad[] = {"",    " ",    "a b", "a\"b",     "a\\b",
                                      "a,b", "a\tb", "<x>", "\xc3\xa9", "a%b"};
    char text[REQUEST_ID_MAX + 1];

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(good); i++)
        assert_true(request_id_is_sane(str_from(good[i])));
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(request_id_is_sane(str_from(bad[i])));
    memset(text, 'a', sizeof(text));
    assert_true(request_id_is_sane((struct str){text, REQUEST_ID_MAX}));
    assert_false(request_id_is_sane((struct str){text, REQUEST_ID_MAX + 1}));
    assert_false(request_id_is_sane((struct str){"a\0b", 3}));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_ids_differ_and_are_sane),
        cmocka_unit_test(only_sane_ids_of_clients_are_kept),
    };
    return cmocka_run_group_tests_name("server/request_id", tests, NULL, NULL);
}
