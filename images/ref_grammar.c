/* SPDX-License-Identifier: Apache-2.0 */
#include "images/ref_grammar.h"

#include <string.h>

#include "base/hex.h"
#include "base/num.h"
#include "images/ref.h"

static bool
is_lower_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool
is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

bool
ref_grammar_has_capitals(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (is_upper(s.p[i]))
            return true;
    return false;
}

static bool
is_word(char c)
{
    return is_lower_or_digit(c) || is_upper(c) || c == '_';
}

/* [a-z0-9]+((\.|_|__|-+)[a-z0-9]+)* : one part of a repository between slashes. */
bool
ref_grammar_is_component(struct str s)
{
    size_t i = 0;

    if (s.n == 0 || !is_lower_or_digit(s.p[s.n - 1]))
        return false;
    while (i < s.n) {
        size_t start = i;

        while (i < s.n && is_lower_or_digit(s.p[i]))
            i++;
        if (i == start)
            return false;
        if (i == s.n)
            return true;
        if (s.p[i] == '-') {
            while (i < s.n && s.p[i] == '-')
                i++;
        } else if (s.p[i] == '_') {
            i += i + 1 < s.n && s.p[i + 1] == '_' ? 2 : 1;
        } else if (s.p[i] == '.') {
            i++;
        } else {
            return false;
        }
    }
    return true;
}

/* [a-zA-Z0-9_][a-zA-Z0-9._-]{0,127} */
bool
ref_grammar_is_tag(struct str s)
{
    if (s.n == 0 || s.n > REF_TAG_MAX || !is_word(s.p[0]))
        return false;
    for (size_t i = 1; i < s.n; i++)
        if (!is_word(s.p[i]) && s.p[i] != '.' && s.p[i] != '-')
            return false;
    return true;
}

bool
ref_grammar_is_host(struct str s)
{
    struct str name = s;
    ptrdiff_t colon;

    if (s.n > 0 && s.p[0] == '[') {
        ptrdiff_t end = str_find(s, ']');

        if (end < 3)
            return false;
        for (ptrdiff_t i = 1; i < end; i++)
            if (!(s.p[i] >= '0' && s.p[i] <= '9') && !(s.p[i] >= 'a' && s.p[i] <= 'f') &&
                !(s.p[i] >= 'A' && s.p[i] <= 'F') && s.p[i] != ':' && s.p[i] != '.')
                return false;
        s.p += end + 1;
        s.n -= (size_t)end + 1;
        if (s.n == 0)
            return true;
        if (s.p[0] != ':')
            return false;
        name = STR_LIT("in-brackets");
    }
    colon = str_find(s, ':');
    if (colon >= 0) {
        uint64_t port;

        if (name.p == s.p)
            name.n = (size_t)colon;
        if (!num_parse_u64((struct str){s.p + colon + 1, s.n - (size_t)colon - 1}, 65535, &port) ||
            port == 0)
            return false;
    }
    if (name.n == 0)
        return false;
    while (name.p != NULL) {
        struct str label = str_cut(&name, '.');

        if (label.n == 0 || label.p[0] == '-' || label.p[label.n - 1] == '-')
            return false;
        for (size_t i = 0; i < label.n; i++)
            if (!is_word(label.p[i]) && label.p[i] != '-')
                return false;
    }
    return true;
}

bool
ref_grammar_looks_like_host(struct str first)
{
    if (str_eq(first, "localhost") || str_find(first, '.') >= 0 || str_find(first, ':') >= 0)
        return true;
    return ref_grammar_has_capitals(first);
}

bool
ref_grammar_is_digest(struct str s)
{
    ptrdiff_t colon = str_find(s, ':');
    struct str algorithm, encoded;
    bool after_separator = true;

    if (colon <= 0)
        return false;
    algorithm = (struct str){s.p, (size_t)colon};
    encoded = (struct str){s.p + colon + 1, s.n - (size_t)colon - 1};
    if (str_eq(algorithm, "sha256"))
        return hex_is_lower(encoded, 64);
    if (str_eq(algorithm, "sha512"))
        return hex_is_lower(encoded, 128);
    for (size_t i = 0; i < algorithm.n; i++) {
        char c = algorithm.p[i];
        bool separator = c == '+' || c == '.' || c == '_' || c == '-';

        if (separator ? after_separator : !is_lower_or_digit(c))
            return false;
        after_separator = separator;
    }
    if (after_separator || encoded.n == 0)
        return false;
    for (size_t i = 0; i < encoded.n; i++)
        if (!is_word(encoded.p[i]) && encoded.p[i] != '=' && encoded.p[i] != '-')
            return false;
    return true;
}

bool
ref_grammar_is_layout_tag(struct str s)
{
    bool after_separator = true;

    if (s.n > REF_NAME_MAX + 1 + REF_TAG_MAX)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool alphanumeric = is_word(c) && c != '_';

        if (c == '-' && i > 1 && s.p[i - 1] == '-' && s.p[i - 2] != '-') {
            after_separator = true; /* "--" is the one double separator */
            continue;
        }
        if (alphanumeric ? false : after_separator || c == '\0' || strchr("-._:@/+", c) == NULL)
            return false;
        after_separator = !alphanumeric;
    }
    return !after_separator;
}
