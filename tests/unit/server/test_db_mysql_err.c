/* SPDX-License-Identifier: Apache-2.0 */
#include "server/db_mysql_err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"

static void
numbers_have_the_codes_that_callers_act_on(void **state)
{
    static const struct {
        unsigned number;
        enum err_code code;
    } cases[] = {
        {1062, ERR_EXISTS},  {1451, ERR_EXISTS},  {1452, ERR_EXISTS},  {1586, ERR_EXISTS},
        {1048, ERR_INVALID}, {1264, ERR_INVALID}, {1292, ERR_INVALID}, {1366, ERR_INVALID},
        {1406, ERR_INVALID}, {3819, ERR_INVALID}, {4025, ERR_INVALID}, {1205, ERR_TIMEOUT},
        {1317, ERR_TIMEOUT}, {1969, ERR_TIMEOUT}, {3024, ERR_TIMEOUT}, {1040, ERR_LIMIT},
        {1203, ERR_LIMIT},   {1213, ERR_LIMIT},   {1226, ERR_LIMIT},   {2020, ERR_LIMIT},
        {1044, ERR_DENIED},  {1045, ERR_DENIED},  {1142, ERR_DENIED},  {2002, ERR_NET},
        {2003, ERR_NET},     {2005, ERR_NET},     {2006, ERR_NET},     {2013, ERR_NET},
        {2026, ERR_NET},     {1053, ERR_NET},     {1927, ERR_NET},     {4031, ERR_NET},
        {1064, ERR_IO},      {1146, ERR_IO},      {0, ERR_IO},         {99999, ERR_IO},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_int_equal(db_mysql_err_code(cases[i].number), cases[i].code);
}

static void
a_connection_is_lost_by_some_errors_only(void **state)
{
    static const unsigned lost[] = {2006, 2013, 2026, 1053, 1927, 1153, 2014, 2057, 1243};
    static const unsigned kept[] = {1062, 1064, 1205, 1213, 1969, 3024, 1317, 0};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(lost); i++)
        assert_true(db_mysql_err_is_lost(lost[i]));
    for (size_t i = 0; i < ARRAY_LEN(kept); i++)
        assert_false(db_mysql_err_is_lost(kept[i]));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_have_the_codes_that_callers_act_on),
        cmocka_unit_test(a_connection_is_lost_by_some_errors_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
