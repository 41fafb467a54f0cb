/* SPDX-License-Identifier: Apache-2.0 */

/* What --database may say.  Whoever is refused a password must not read it in the reason. */

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "server/db.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);

    memcpy(text, data, size);
    text[size] = '\0';
    for (int secret = 0; secret < 2; secret++) {
        struct db_target t = {.driver = NULL};
        struct err err = ERR_INIT;
        char shown[256];

        if (db_target_parse(text, secret != 0, &t, &err) < 0) {
            assert(err.code == ERR_USAGE || err.code == ERR_UNSUPPORTED);
            assert(err.msg[0] != '\0' && t.path == NULL && t.password == NULL);
            continue;
        }
        assert(secret != 0 || t.password == NULL);
        assert(t.path != NULL ? t.path[0] != '\0' : t.name != NULL && t.port != 0);
        db_target_format(&t, shown);
        db_target_done(&t);
    }
    free(text);
    return 0;
}
