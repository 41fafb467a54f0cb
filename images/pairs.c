/* SPDX-License-Identifier: Apache-2.0 */
#include "images/pairs.h"

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/utf8.h"
#include "json/json.h"

int
pairs_add(struct json_t *object, const char *text, struct err *err)
{
    struct str value = str_from(text);
    struct str name = str_cut(&value, '=');
    cleanup_free char *key = mem_strndup(name.p, name.n);
    struct json_cur root = json_root(object);

    if (value.p == NULL || name.n == 0)
        return err_set(err, ERR_INVALID, "'%s': write NAME=VALUE", text);
    /* JSON can hold nothing else, and putting U+FFFD there would change what the user said. */
    if (!utf8_is_valid(str_from(text)))
        return err_set(err, ERR_INVALID, "'%s': it is not UTF-8", text);
    if (json_at(&root, key).v != NULL)
        return err_set(err, ERR_INVALID, "'%s' is given twice", key);
    json_put(object, key, json_new_view(value));
    return 0;
}
