/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http_date.h"

#include <stddef.h>

#include "base/clock.h"
#include "base/num.h"

struct date {
    int year, month, day, hour, minute, second;
};

/* Letters of a pattern stand for a field's digits, everything else for itself.  "#" is any letter
 * of a weekday's name: a wrong weekday changes nothing about the time. */
static const struct {
    const char *pattern;
    bool long_weekday;
} formats[] = {
    {"###, DD MMM YYYY hh:mm:ss GMT", false}, /* IMF-fixdate */
    {", DD-MMM-yy hh:mm:ss GMT", true},       /* RFC 850 */
    {"### MMM DD hh:mm:ss YYYY", false},      /* asctime */
};

static bool
is_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool
take_month(struct str text, int *month)
{
    static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

    if (text.n < 3)
        return false;
    for (int m = 0; m < 12; m++) {
        if (memcmp(text.p, names + (size_t)m * 3, 3) == 0) {
            *month = m + 1;
            return true;
        }
    }
    return false;
}

/* Days from 1970-01-01, counting years from March so that the leap day is the last. */
static int64_t
days_of(const struct date *d)
{
    int64_t y = d->month <= 2 ? d->year - 1 : d->year;
    int64_t m = d->month > 2 ? d->month - 3 : d->month + 9;

    return y * 365 + y / 4 - y / 100 + y / 400 + (m * 153 + 2) / 5 + d->day - 1 - 719468;
}

static bool
finish(const struct date *d, int64_t *unix_seconds)
{
    int64_t t = ((days_of(d) * 24 + d->hour) * 60 + d->minute) * 60 + d->second;
    struct clock_date back = clock_date_utc(t);

    /* 31 February and 25:00 do not come back as they went in. */
    if (d->year < 1900 || back.day != d->day || back.month != d->month || back.hour != d->hour ||
        back.minute != d->minute)
        return false;
    *unix_seconds = t;
    return true;
}

static int *
field_of(struct date *d, char letter)
{
    switch (letter) {
    case 'D':
        return &d->day;
    case 'Y':
    case 'y':
        return &d->year;
    case 'h':
        return &d->hour;
    case 'm':
        return &d->minute;
    default:
        return letter == 's' ? &d->second : NULL;
    }
}

/* One character of the pattern against the text; *i moves on in the pattern where a word is taken
 * whole. */
static bool
match_one(const char *pattern, size_t *i, struct str text, struct date *d)
{
    char want = pattern[*i];
    char c = text.p[*i];
    int *field = field_of(d, want);

    if (want == 'M') {
        struct str rest = {text.p + *i, text.n - *i};

        *i += 2;
        return take_month(rest, &d->month);
    }
    if (want == '#')
        return is_letter(c);
    /* GMT's letters are none of a field's: 'G', 'M' and 'T' stand at the end. */
    if (field == NULL)
        return c == want;
    if (c == ' ' && want == 'D' && *field == 0)
        return true; /* asctime pads the day with a blank */
    if (c < '0' || c > '9')
        return false;
    *field = *field * 10 + (c - '0');
    return true;
}

static bool
match(const char *pattern, struct str text, struct date *d)
{
    size_t n = strlen(pattern);
    bool gmt = n > 4 && memcmp(pattern + n - 4, " GMT", 4) == 0;

    if (text.n != n || (gmt && memcmp(text.p + n - 4, " GMT", 4) != 0))
        return false;
    *d = (struct date){0};
    for (size_t i = 0; i < n - (gmt ? 4 : 0); i++) {
        if (!match_one(pattern, &i, text, d))
            return false;
    }
    return true;
}

/* RFC 9110: a year that seems more than 50 years ahead is the last one with these digits. */
static void
widen_year(struct date *d, int64_t now)
{
    int this_year = clock_date_utc(now).year;

    d->year += this_year / 100 * 100;
    if (d->year > this_year + 50)
        d->year -= 100;
}

bool
http_date_parse(struct str text, int64_t now, int64_t *unix_seconds)
{
    for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
        struct str rest = text;
        struct date d;

        while (formats[i].long_weekday && rest.n > 0 && is_letter(rest.p[0]))
            rest = (struct str){rest.p + 1, rest.n - 1};
        if (!match(formats[i].pattern, rest, &d))
            continue;
        if (formats[i].long_weekday)
            widen_year(&d, now);
        return finish(&d, unix_seconds);
    }
    return false;
}
