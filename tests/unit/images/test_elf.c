/* SPDX-License-Identifier: Apache-2.0 */
#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/fs.h"
#include "base/mem.h"
#include "images/elf.h"
#include "unit/images/elf_fixture.h"

static int
read_bytes(const void *p, size_t n, struct elf *out, struct err *err)
{
    assert_int_equal(fs_write(elf_fixture_path, p, n, 0644, err), 0);
    return elf_read(elf_fixture_path, out, err);
}

struct program64 {
    Elf64_Ehdr header;
    Elf64_Phdr segments[2];
    char interpreter[32];
};

static struct program64
dynamic_program(void)
{
    struct program64 p = {0};

    p.header = elf_fixture_header(EM_AARCH64, offsetof(struct program64, segments), 2);
    p.segments[0].p_type = PT_LOAD;
    p.segments[1].p_type = PT_INTERP;
    p.segments[1].p_offset = offsetof(struct program64, interpreter);
    memcpy(p.interpreter, "/lib/ld-x.so.1", 15);
    p.segments[1].p_filesz = 15;
    return p;
}

static void
the_interpreter_and_processor_are_found(void **state)
{
    struct program64 p = dynamic_program();
    struct elf elf;
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(read_bytes(&p, sizeof(p), &elf, &err), 0);
    assert_true(elf.is_elf);
    assert_string_equal(elf.arch, "arm64");
    assert_string_equal(elf.interpreter, "/lib/ld-x.so.1");
}

static void
a_program_without_interpreter_is_static(void **state)
{
    struct program64 p = dynamic_program();
    struct elf elf;
    struct err err = ERR_INIT;

    (void)state;
    p.header.e_phnum = 1;
    p.header.e_machine = EM_X86_64;
    assert_int_equal(read_bytes(&p, sizeof(p), &elf, &err), 0);
    assert_string_equal(elf.arch, "amd64");
    assert_string_equal(elf.interpreter, "");
}

static void
a_big_endian_program_of_32_bits_is_read_too(void **state)
{
    unsigned char p[sizeof(Elf32_Ehdr)] = {0x7F, 'E', 'L', 'F', ELFCLASS32, ELFDATA2MSB};
    struct elf elf;
    struct err err = ERR_INIT;

    (void)state;
    p[19] = EM_MIPS;
    assert_int_equal(read_bytes(p, sizeof(p), &elf, &err), 0);
    assert_string_equal(elf.arch, "mips");
}

static void
what_is_no_elf_is_no_error(void **state)
{
    struct elf elf;
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(read_bytes("#!/bin/sh\n", 10, &elf, &err), 0);
    assert_false(elf.is_elf);
    assert_int_equal(read_bytes("", 0, &elf, &err), 0);
    assert_false(elf.is_elf);
    assert_int_equal(read_bytes("\x7f"
                                "EL",
                                3, &elf, &err),
                     0);
    assert_false(elf.is_elf);
}

static void
an_unknown_processor_has_no_name(void **state)
{
    struct program64 p = dynamic_program();
    struct elf elf;
    struct err err = ERR_INIT;

    (void)state;
    p.header.e_machine = EM_SPARCV9;
    assert_int_equal(read_bytes(&p, sizeof(p), &elf, &err), 0);
    assert_true(elf.is_elf);
    assert_null(elf.arch);
}

static void
assert_damaged(const struct program64 *p, size_t n, const char *why)
{
    struct elf elf;
    struct err err = ERR_INIT;

    if (read_bytes(p, n, &elf, &err) == 0)
        fail_msg("accepted: %s", why);
    assert_int_equal(err.code, ERR_INVALID);
}

static void
damaged_headers_are_refused(void **state)
{
    struct program64 p;

    (void)state;
    p = dynamic_program();
    assert_damaged(&p, 20, "ends in the header");
    assert_damaged(&p, sizeof(Elf64_Ehdr) + 10, "ends in the program headers");
    assert_damaged(&p, offsetof(struct program64, interpreter) + 4, "ends in the interpreter");
    p.header.e_phoff = UINT64_MAX - 8;
    assert_damaged(&p, sizeof(p), "program headers far away");
    p = dynamic_program();
    p.header.e_phnum = 0xFFFF;
    assert_damaged(&p, sizeof(p), "too many program headers");
    p = dynamic_program();
    p.header.e_phentsize = 8;
    assert_damaged(&p, sizeof(p), "short program headers");
    p = dynamic_program();
    p.segments[1].p_filesz = 1 << 20;
    assert_damaged(&p, sizeof(p), "long interpreter");
    p = dynamic_program();
    p.segments[1].p_filesz = 1;
    assert_damaged(&p, sizeof(p), "empty interpreter");
    p = dynamic_program();
    p.segments[1].p_offset = UINT64_MAX - 2;
    assert_damaged(&p, sizeof(p), "interpreter far away");
    p = dynamic_program();
    p.interpreter[14] = 'x';
    assert_damaged(&p, sizeof(p), "interpreter without an end");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_interpreter_and_processor_are_found),
        cmocka_unit_test(a_program_without_interpreter_is_static),
        cmocka_unit_test(a_big_endian_program_of_32_bits_is_read_too),
        cmocka_unit_test(what_is_no_elf_is_no_error),
        cmocka_unit_test(an_unknown_processor_has_no_name),
        cmocka_unit_test(damaged_headers_are_refused),
    };
    return cmocka_run_group_tests_name("images/elf", tests, elf_fixture_begin, elf_fixture_end);
}
