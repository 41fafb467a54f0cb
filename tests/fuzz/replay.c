/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A main() for fuzz targets built without libFuzzer: each argument is a file that goes through the
 * target once.
 */

#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"

enum { INPUT_MAX = 16 * 1024 * 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        cleanup_buf struct buf input = BUF_INIT(INPUT_MAX);
        struct err err = ERR_INIT;

        if (fs_read(argv[i], &input, &err) < 0) {
            fprintf(stderr, "replay: %s\n", err.msg);
            return 1;
        }
        LLVMFuzzerTestOneInput((const uint8_t *)buf_cstr(&input), input.n);
    }
    return 0;
}
