/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http_accept.h"

#include "server/http_chars.h"
#include "server/http_parse.h"

/* Twice the thousandths of a qvalue; identity, when nothing is said of it, is below all of them. */
enum { WEIGHT_FULL = 2000, WEIGHT_UNSAID_IDENTITY = 1 };

const char *const http_coding_names[HTTP_CODING_COUNT] = {"identity", "zstd", "br", "gzip"};
const char *const http_coding_suffixes[HTTP_CODING_COUNT] = {"", ".zst", ".br", ".gz"};

/* qvalue of RFC 9110 12.4.2: 0 or 1 and at most three decimals. */
static bool
parse_qvalue(struct str s, uint16_t *weight)
{
    unsigned v = 0;

    if (s.n == 0 || s.n > 5 || (s.p[0] != '0' && s.p[0] != '1') || (s.n > 1 && s.p[1] != '.'))
        return false;
    for (size_t i = 0; i < 5; i++) {
        char c = i < s.n ? s.p[i] : '0';

        if (i == 1)
            continue;
        if (!http_chars_is(c, HTTP_CHAR_DIGIT))
            return false;
        v = v * 10 + (unsigned)(c - '0');
    }
    if (v > 1000)
        return false;
    *weight = (uint16_t)(2 * v);
    return true;
}

/* "gzip;q=0.5": false when what follows the name is no weight. */
static bool
parse_member(struct str member, struct str *name, uint16_t *weight)
{
    struct str rest = member;
    struct str q;

    *name = http_chars_trim(str_cut(&rest, ';'));
    *weight = WEIGHT_FULL;
    if (rest.p == NULL)
        return true;
    rest = http_chars_trim(rest);
    q = str_cut(&rest, '=');
    return str_eq_nocase(q, "q") && rest.p != NULL && parse_qvalue(rest, weight);
}

static int
coding_of(struct str name)
{
    for (int i = 0; i < HTTP_CODING_COUNT; i++) {
        if (str_eq_nocase(name, http_coding_names[i]))
            return i;
    }
    return str_eq_nocase(name, "x-gzip") ? HTTP_CODING_GZIP : HTTP_ACCEPT_NONE;
}

void
http_accept_codings(const struct http_request *r, struct http_accept *out)
{
    bool said[HTTP_CODING_COUNT] = {false};
    bool said_any = false;
    uint16_t any = 0;
    uint32_t iter = 0;
    struct str field, value, member, name;

    *out = (struct http_accept){{[HTTP_CODING_IDENTITY] = WEIGHT_UNSAID_IDENTITY}};
    if (!http_parse_has(r, HTTP_FIELD_ACCEPT_ENCODING))
        return;
    while (http_parse_next(r, &iter, &field, &value)) {
        if (!str_eq_nocase(field, "accept-encoding"))
            continue;
        while (http_parse_token(&value, &member)) {
            uint16_t weight;
            int coding;

            if (!parse_member(member, &name, &weight))
                continue;
            coding = coding_of(name);
            if (coding >= 0) {
                said[coding] = true;
                out->weight[coding] = weight;
            } else if (str_eq(name, "*")) {
                said_any = true;
                any = weight;
            }
        }
    }
    for (int i = 0; said_any && i < HTTP_CODING_COUNT; i++) {
        if (!said[i])
            out->weight[i] = any;
    }
}

int
http_accept_choose(const struct http_accept *a, unsigned available,
                   const uint64_t sizes[HTTP_CODING_COUNT])
{
    int best = HTTP_ACCEPT_NONE;

    for (int i = 0; i < HTTP_CODING_COUNT; i++) {
        if ((available & 1u << i) == 0 || a->weight[i] == 0)
            continue;
        if (best < 0 || a->weight[i] > a->weight[best] ||
            (a->weight[i] == a->weight[best] && sizes[i] < sizes[best]))
            best = i;
    }
    return best;
}

/* Parameters of the type itself, such as "level=1", stand before the weight. */
static bool
is_page(struct str member)
{
    struct str type = http_chars_trim(str_cut(&member, ';'));
    uint16_t weight = WEIGHT_FULL;

    while (member.p != NULL) {
        struct str value = http_chars_trim(str_cut(&member, ';'));
        struct str name = str_cut(&value, '=');

        if (str_eq_nocase(name, "q") && (value.p == NULL || !parse_qvalue(value, &weight)))
            return false;
    }
    return weight > 0 &&
           (str_eq_nocase(type, "text/html") || str_eq_nocase(type, "application/xhtml+xml"));
}

bool
http_accept_page(const struct http_request *r)
{
    uint32_t iter = 0;
    struct str field, value, member;

    while (http_parse_next(r, &iter, &field, &value)) {
        if (!str_eq_nocase(field, "accept"))
            continue;
        while (http_parse_token(&value, &member)) {
            if (is_page(member))
                return true;
        }
    }
    return false;
}
