/* SPDX-License-Identifier: Apache-2.0 */
#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/fs.h"
#include "images/elf_dynamic.h"
#include "unit/images/elf_fixture.h"

enum { NEEDED_A, NEEDED_B, SEARCH, STRTAB, STRSZ, END, ENTRIES };

struct library {
    Elf64_Ehdr header;
    Elf64_Phdr segments[2];
    Elf64_Dyn dynamic[ENTRIES];
    char strings[64];
};

static struct library
library(void)
{
    static const char strings[] = "\0libc.so.6\0libm.so.6\0$ORIGIN/../lib";
    struct library l = {0};

    l.header = elf_fixture_header(EM_X86_64, offsetof(struct library, segments), 2);
    l.segments[0] = (Elf64_Phdr){.p_type = PT_LOAD, .p_vaddr = 0x4000, .p_filesz = sizeof(l)};
    l.segments[1] = (Elf64_Phdr){.p_type = PT_DYNAMIC,
                                 .p_offset = offsetof(struct library, dynamic),
                                 .p_filesz = sizeof(l.dynamic)};
    memcpy(l.strings, strings, sizeof(strings));
    l.dynamic[NEEDED_A] = (Elf64_Dyn){DT_NEEDED, {1}};
    l.dynamic[NEEDED_B] = (Elf64_Dyn){DT_NEEDED, {11}};
    l.dynamic[SEARCH] = (Elf64_Dyn){DT_RUNPATH, {21}};
    l.dynamic[STRTAB] = (Elf64_Dyn){DT_STRTAB, {0x4000 + offsetof(struct library, strings)}};
    l.dynamic[STRSZ] = (Elf64_Dyn){DT_STRSZ, {sizeof(strings)}};
    return l;
}

static int
read_library(const struct library *l, struct elf_dynamic *out, struct err *err)
{
    assert_int_equal(fs_write(elf_fixture_path, l, sizeof(*l), 0644, err), 0);
    return elf_dynamic_read(elf_fixture_path, out, err);
}

static void
libraries_and_their_folders_are_read(void **state)
{
    cleanup_elf_dynamic struct elf_dynamic d = ELF_DYNAMIC_INIT;
    struct library l = library();
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(read_library(&l, &d, &err), 0);
    assert_int_equal(d.needed.n, 2);
    assert_string_equal(d.needed.v[0], "libc.so.6");
    assert_string_equal(d.needed.v[1], "libm.so.6");
    assert_string_equal(d.search, "$ORIGIN/../lib");
}

static void
the_old_search_path_counts_where_there_is_no_new_one(void **state)
{
    struct library l = library();

    (void)state;
    for (int both = 0; both < 2; both++) {
        cleanup_elf_dynamic struct elf_dynamic d = ELF_DYNAMIC_INIT;
        struct err err = ERR_INIT;

        l.dynamic[both ? NEEDED_A : SEARCH] = (Elf64_Dyn){DT_RPATH, {1}};
        if (both)
            l.dynamic[SEARCH] = (Elf64_Dyn){DT_RUNPATH, {21}};
        assert_int_equal(read_library(&l, &d, &err), 0);
        assert_string_equal(d.search, both ? "$ORIGIN/../lib" : "libc.so.6");
    }
}

static void
files_fit_together_by_processor_width_and_order(void **state)
{
    cleanup_elf_dynamic struct elf_dynamic a = ELF_DYNAMIC_INIT;
    cleanup_elf_dynamic struct elf_dynamic b = ELF_DYNAMIC_INIT;
    struct library l = library();
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(read_library(&l, &a, &err), 0);
    l.header.e_machine = EM_AARCH64;
    assert_int_equal(read_library(&l, &b, &err), 0);
    assert_int_not_equal(a.kind, b.kind);
}

static void
a_file_without_the_section_needs_nothing(void **state)
{
    cleanup_elf_dynamic struct elf_dynamic d = ELF_DYNAMIC_INIT;
    struct library l = library();
    struct err err = ERR_INIT;

    (void)state;
    l.header.e_phnum = 1;
    assert_int_equal(read_library(&l, &d, &err), 0);
    assert_int_equal(d.needed.n, 0);
    assert_null(d.search);
}

static void
damaged_sections_are_refused(void **state)
{
    (void)state;
    for (int damage = 0; damage < 6; damage++) {
        cleanup_elf_dynamic struct elf_dynamic d = ELF_DYNAMIC_INIT;
        struct library l = library();
        struct err err = ERR_INIT;

        switch (damage) {
        case 0:
            l.segments[1].p_filesz = 1ULL << 40;
            break;
        case 1:
            l.segments[1].p_offset = sizeof(l) - 8;
            break;
        case 2:
            l.dynamic[STRTAB].d_un.d_ptr = 0x3FFF;
            break;
        case 3:
            l.dynamic[STRSZ].d_un.d_val = 1ULL << 40;
            break;
        case 4:
            l.dynamic[STRSZ].d_un.d_val = sizeof(l);
            break;
        default:
            l.dynamic[NEEDED_B].d_un.d_val = l.dynamic[STRSZ].d_un.d_val;
        }
        if (read_library(&l, &d, &err) == 0)
            fail_msg("damage %d was accepted", damage);
        assert_int_equal(err.code, ERR_INVALID);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(libraries_and_their_folders_are_read),
        cmocka_unit_test(the_old_search_path_counts_where_there_is_no_new_one),
        cmocka_unit_test(files_fit_together_by_processor_width_and_order),
        cmocka_unit_test(a_file_without_the_section_needs_nothing),
        cmocka_unit_test(damaged_sections_are_refused),
    };
    return cmocka_run_group_tests_name("images/elf_dynamic", tests, elf_fixture_begin,
                                       elf_fixture_end);
}
