/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cli_scdoc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "demo_program.h"

enum { PAGE_MAX = 64 * 1024 };

static void
options_are_a_list_with_marks_escaped(void **state UNUSED)
{
    cleanup_buf struct buf out = BUF_INIT(PAGE_MAX);

    cli_scdoc_write(&demo_only, &out);
    assert_true(str_starts(
        buf_view(&out),
        "# OPTIONS\n\n"
        "*-f*, *--force*\n"
        "\tDon't ask; use \\`\\*stars\\*\\`, \\[brackets\\], under\\_scores and C:\\\\paths "
        "\\| pipes.\n\n"
        "*-p*, *--platform* _OS/ARCH_\n"));
    assert_non_null(strstr(buf_cstr(&out), "\n*--format* _text\\|json\\|sarif_\n\tFormat.\n"));
    assert_non_null(strstr(buf_cstr(&out), "\n*-h*, *--help*\n\tShow this help.\n"));
}

static void
commands_have_a_section_each(void **state UNUSED)
{
    cleanup_buf struct buf out = BUF_INIT(PAGE_MAX);

    cli_scdoc_write(&demo_program, &out);
    assert_true(str_starts(buf_view(&out), "# COMMANDS\n\n## pull\n\n*demo pull* "
                                           "[_OPTION_]... IMAGE \\[LAYOUT\\]\n\n"
                                           "Fetch an image.\n\n"));
    assert_non_null(strstr(buf_cstr(&out), "\n## exec\n"));
}

static void
examples_are_literal_and_prose_is_escaped(void **state UNUSED)
{
    cleanup_buf struct buf out = BUF_INIT(PAGE_MAX);

    cli_scdoc_write(&demo_program, &out);
    assert_non_null(strstr(buf_cstr(&out), "\nin two lines.\n\n```\n"
                                           "  demo pull busybox\n"
                                           "  demo pull --jobs 2 busybox\n"
                                           "```\n\n"
                                           "The last one\\_with\\_marks.\n"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_are_a_list_with_marks_escaped),
        cmocka_unit_test(commands_have_a_section_each),
        cmocka_unit_test(examples_are_literal_and_prose_is_escaped),
    };

    return cmocka_run_group_tests_name("base/cli_scdoc", tests, NULL, NULL);
}
