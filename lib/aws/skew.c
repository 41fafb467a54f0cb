/* SPDX-License-Identifier: Apache-2.0 */
#include "aws/skew.h"

#include <string.h>

#include "base/attr.h"
#include "base/num.h"

enum { TOLERATED_SECONDS = 4 * 60 };

bool
skew_is_suspect(const char *code)
{
    static const char *const codes[] = {"InvalidSignatureException", "RequestExpired",
                                        "RequestTimeTooSkewed", "SignatureDoesNotMatch"};

    for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
        if (strcmp(code, codes[i]) == 0)
            return true;
    }
    return false;
}

static bool
take_number(struct str s, size_t at, size_t n, uint64_t max, int64_t *out)
{
    uint64_t value;

    if (!num_parse_u64((struct str){s.p + at, n}, max, &value))
        return false;
    *out = (int64_t)value;
    return true;
}

/* Days since 1970-01-01, years counted from March so that the leap day is the last of its year. */
static int64_t
days_of(int64_t year, int64_t month, int64_t day)
{
    int64_t y = month > 2 ? year : year - 1;
    int64_t m = month > 2 ? month - 3 : month + 9;

    return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
}

bool
skew_parse_date(struct str s, int64_t *out)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    int64_t year, month, day, hour, minute, second;

    if (s.n != 29 || memcmp(s.p + 3, ", ", 2) != 0 || memcmp(s.p + 25, " GMT", 4) != 0 ||
        s.p[7] != ' ' || s.p[11] != ' ' || s.p[16] != ' ' || s.p[19] != ':' || s.p[22] != ':')
        return false;
    for (month = 1; month <= 12; month++) {
        if (memcmp(months + (month - 1) * 3, s.p + 8, 3) == 0)
            break;
    }
    if (month > 12 || !take_number(s, 5, 2, 31, &day) || !take_number(s, 12, 4, 9999, &year) ||
        !take_number(s, 17, 2, 23, &hour) || !take_number(s, 20, 2, 59, &minute) ||
        !take_number(s, 23, 2, 60, &second) || day == 0 || year < 1970)
        return false;
    *out = days_of(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
    return true;
}

bool
skew_measure(struct str date_header, int64_t now, int64_t *offset)
{
    int64_t theirs, difference;

    if (date_header.p == NULL || !skew_parse_date(date_header, &theirs))
        return false;
    difference = theirs - now;
    if (difference <= TOLERATED_SECONDS && difference >= -TOLERATED_SECONDS)
        return false;
    *offset = difference;
    return true;
}
