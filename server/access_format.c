/* SPDX-License-Identifier: Apache-2.0 */
#include "server/access_format.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "server/access_atom.h"
#include "server/address.h"
#include "server/http_parse.h"
#include "json/json.h"

enum {
    FIELDS_MAX = 16,  /* of the request, different ones */
    PARTS_MAX = 64,   /* optional ones: bits of access_line.keep */
    PIECES_MAX = 256, /* far more than fit on a line that somebody reads */
    /* Values from outside have at least the other half. */
    FIXED_MAX = ACCESS_LINE_MAX / 2
};

/* A header field that is looked for. */
struct wanted {
    char *name; /* in lower case */
    size_t n;
};

struct access_format {
    char *text; /* what literals point into */
    bool json;
    struct access_piece pieces[PIECES_MAX];
    size_t n_pieces;
    unsigned n_parts;
    struct wanted fields[FIELDS_MAX];
    struct str values[FIELDS_MAX]; /* for the line that is being made */
    unsigned n_fields;
    struct wanted responses[ACCESS_RESPONSE_FIELDS_MAX];
    unsigned n_responses;
    uint64_t lengths; /* a bit for each length that a wanted field's name has; 63: that or more */
    struct access_times times;
};

static const struct {
    const char *name;
    const char *format;
} named[] = {
    {"common", "%(h)s %(l)s %(u)s %(t)s \"%(r)s\" %(s)s %(b)s"},
    {"combined", "%(h)s %(l)s %(u)s %(t)s \"%(r)s\" %(s)s %(b)s \"%(f)s\" \"%(a)s\""},
    {"json", "{\"time\":\"%(time)s\",\"remote\":\"%(h)s\",\"method\":\"%(m)s\","
             "\"target\":\"%(target)s\",\"protocol\":\"%(H)s\",\"status\":%(s)s,\"sent\":%(B)s,"
             "\"received\":%(received)s,\"duration_us\":%(D)s,\"id\":\"%(id)s\",\"pid\":%(pid)s"
             "%[,\"upstream_us\":%(upstream_us)s%]%[,\"forwarded\":\"%({x-forwarded-for}i)s\"%]"
             "%[,\"trace\":\"%({x-amzn-trace-id}i)s\"%]%[,\"referer\":\"%(f)s\"%]"
             "%[,\"agent\":\"%(a)s\"%]}"},
};

/* Credentials: no log may hold them. */
static bool
is_secret(struct str field)
{
    static const char *const secrets[] = {"authorization", "proxy-authorization", "cookie",
                                          "set-cookie"};

    for (size_t i = 0; i < ARRAY_LEN(secrets); i++) {
        if (str_eq_nocase(field, secrets[i]))
            return true;
    }
    return false;
}

static uint64_t
length_bit(size_t n)
{
    return UINT64_C(1) << (n < 63 ? n : 63);
}

/* Returns the index of a field in a list, to which it is added when it is new; -1: no room. */
static int
want(struct wanted *list, unsigned *n, unsigned max, struct str name)
{
    struct wanted *w;

    for (unsigned i = 0; i < *n; i++) {
        if (str_eq_nocase(name, list[i].name))
            return (int)i;
    }
    if (*n == max)
        return -1;
    w = &list[(*n)++];
    w->name = mem_strndup(name.p, name.n);
    w->n = name.n;
    for (size_t i = 0; i < name.n; i++) {
        if (name.p[i] >= 'A' && name.p[i] <= 'Z')
            w->name[i] = (char)(name.p[i] - 'A' + 'a');
    }
    return (int)*n - 1;
}

static int
want_field(struct access_format *f, struct str name, struct access_piece *p, struct err *err)
{
    int i = want(f->fields, &f->n_fields, FIELDS_MAX, name);

    if (i < 0)
        return err_set(err, ERR_LIMIT, "more than %d fields of the request", FIELDS_MAX);
    f->lengths |= length_bit(name.n);
    p->value = &f->values[i];
    return 0;
}

/* HTTP_USER_AGENT is the field user-agent. */
static int
want_http_variable(struct access_format *f, struct str variable, struct access_piece *p,
                   struct err *err)
{
    cleanup_free char *name = mem_strndup(variable.p, variable.n);

    for (char *c = name; *c != '\0'; c++) {
        if (*c == '_')
            *c = '-';
    }
    p->put = is_secret(str_from(name)) ? access_atom_secret : access_atom_field;
    return want_field(f, str_from(name), p, err);
}

static int
take_atom(struct access_format *f, const struct access_atom *atom, struct access_piece *p,
          uint32_t *fixed, struct err *err)
{
    p->put = atom->put;
    *fixed = atom->fixed;
    return atom->field != NULL ? want_field(f, str_from(atom->field), p, err) : 0;
}

/* {NAME}e: what WSGI's environment has under that name, else the variable of this process. */
static int
take_variable(struct access_format *f, struct str name, struct access_piece *p, uint32_t *fixed,
              struct err *err)
{
    const struct access_atom *atom = access_atom_variable(name);
    cleanup_free char *text = NULL;

    *fixed = 1;
    if (atom != NULL)
        return take_atom(f, atom, p, fixed, err);
    if (str_starts(name, "HTTP_"))
        return want_http_variable(f, (struct str){name.p + 5, name.n - 5}, p, err);
    text = mem_strndup(name.p, name.n);
    p->put = access_atom_value;
    p->text = str_from(getenv(text));
    return 0;
}

/* {name}i, {name}o, {name}e: of the request, of the response, of the environment. */
static int
take_braces(struct access_format *f, struct str atom, struct access_piece *p, uint32_t *fixed,
            struct err *err)
{
    ptrdiff_t close = str_find(atom, '}');
    struct str name = {atom.p + 1, close > 0 ? (size_t)close - 1 : 0};
    char kind = close > 0 && (size_t)close + 2 == atom.n ? atom.p[close + 1] : '\0';
    int i;

    if (name.n == 0 || (kind != 'i' && kind != 'o' && kind != 'e'))
        return err_set(err, ERR_USAGE, "'%%(" STR_FMT ")s': write {NAME}i, {NAME}o or {NAME}e",
                       STR_ARG(atom));
    if (kind == 'e')
        return take_variable(f, name, p, fixed, err);
    *fixed = 1;
    p->put = is_secret(name) ? access_atom_secret
             : kind == 'i'   ? access_atom_field
                             : access_atom_response;
    if (kind == 'i')
        return want_field(f, name, p, err);
    i = want(f->responses, &f->n_responses, ACCESS_RESPONSE_FIELDS_MAX, name);
    if (i < 0)
        return err_set(err, ERR_LIMIT, "more than %d fields of the response",
                       ACCESS_RESPONSE_FIELDS_MAX);
    p->number = (unsigned)i;
    return 0;
}

/* Adds a piece; until all are there, fixed_rest holds its own part. */
static int
add(struct access_format *f, const struct access_piece *p, uint32_t fixed, struct err *err)
{
    if (f->n_pieces == PIECES_MAX)
        return err_set(err, ERR_LIMIT, "more than %d parts", PIECES_MAX);
    f->pieces[f->n_pieces] = *p;
    f->pieces[f->n_pieces].times = &f->times;
    f->pieces[f->n_pieces].fixed_rest = fixed;
    f->n_pieces++;
    return 0;
}

static int
add_literal(struct access_format *f, struct str text, struct err *err)
{
    struct access_piece p = {.text = text};

    if (text.n == 0)
        return 0;
    if (text.n > FIXED_MAX)
        return err_set(err, ERR_USAGE, "too long for lines of %d bytes", ACCESS_LINE_MAX);
    return add(f, &p, (uint32_t)text.n, err);
}

/* The text behind "%(" up to its "s", which is cut off *rest.  A 'd' is as good. */
static int
add_atom(struct access_format *f, struct str *rest, struct err *err)
{
    ptrdiff_t close = str_find(*rest, ')');
    struct str name = {rest->p, close > 0 ? (size_t)close : 0};
    const struct access_atom *atom = access_atom_find(name);
    struct access_piece p = {.put = NULL};
    uint32_t fixed = 0;
    int result;

    if (name.n == 0)
        return err_set(err, ERR_USAGE, "'%%(" STR_FMT "': write %%(NAME)s", STR_ARG(*rest));
    if ((size_t)close + 1 >= rest->n || strchr("sd", rest->p[close + 1]) == NULL)
        return err_set(err, ERR_USAGE, "'%%(" STR_FMT ")': an s is missing behind it",
                       STR_ARG(name));
    if (name.p[0] == '{')
        result = take_braces(f, name, &p, &fixed, err);
    else if (atom != NULL)
        result = take_atom(f, atom, &p, &fixed, err);
    else
        return err_set(err, ERR_USAGE, "'%%(" STR_FMT ")s': there is no such value", STR_ARG(name));
    rest->p += close + 2;
    rest->n -= (size_t)close + 2;
    return result < 0 ? -1 : add(f, &p, fixed + 4 * f->json, err);
}

/* "%[" and "%]", which may not be nested. */
static int
add_bracket(struct access_format *f, char bracket, bool *open, struct err *err)
{
    struct access_piece p = {.put = bracket == '[' ? access_atom_open : access_atom_close};

    if (*open == (bracket == '['))
        return err_set(err, ERR_USAGE, "%s",
                       *open ? "'%[' inside of another one" : "'%]' without '%['");
    *open = !*open;
    if (*open && f->n_parts++ == PARTS_MAX)
        return err_set(err, ERR_LIMIT, "more than %d optional parts", PARTS_MAX);
    return add(f, &p, 0, err);
}

static int
compile(struct access_format *f, struct str text, struct err *err)
{
    bool open = false;

    while (text.n > 0) {
        ptrdiff_t percent = str_find(text, '%');
        size_t n = percent < 0 ? text.n : (size_t)percent;

        if (add_literal(f, (struct str){text.p, n}, err) < 0)
            return -1;
        text.p += n;
        text.n -= n;
        if (text.n == 0)
            break;
        if (str_starts(text, "%[") || str_starts(text, "%]")) {
            if (add_bracket(f, text.p[1], &open, err) < 0)
                return -1;
            text.p += 2;
            text.n -= 2;
        } else if (str_starts(text, "%(")) {
            text.p += 2;
            text.n -= 2;
            if (add_atom(f, &text, err) < 0)
                return -1;
        } else if (str_starts(text, "%%")) {
            if (add_literal(f, (struct str){text.p, 1}, err) < 0)
                return -1;
            text.p += 2;
            text.n -= 2;
        } else {
            return err_set(err, ERR_USAGE, "'" STR_FMT "': write %%(NAME)s, or %%%% for a percent",
                           STR_ARG(text));
        }
    }
    return open ? err_set(err, ERR_USAGE, "'%%[' without '%%]'") : 0;
}

static int
sum_up(struct access_format *f, struct err *err)
{
    uint32_t fixed = 1; /* the newline */

    for (size_t i = f->n_pieces; i > 0; i--) {
        fixed += f->pieces[i - 1].fixed_rest;
        f->pieces[i - 1].fixed_rest = fixed;
        if (fixed > FIXED_MAX)
            return err_set(err, ERR_USAGE, "too long for lines of %d bytes", ACCESS_LINE_MAX);
    }
    return 0;
}

/* One walk over the request's fields; of several with a name the first one counts. */
static void
find_fields(struct access_format *f, const struct http_request *r)
{
    struct str name, value;
    uint32_t at = 0;

    memset(f->values, 0, f->n_fields * sizeof(f->values[0]));
    while (f->n_fields > 0 && http_parse_next(r, &at, &name, &value)) {
        if ((f->lengths & length_bit(name.n)) == 0)
            continue;
        for (unsigned i = 0; i < f->n_fields; i++) {
            if (f->fields[i].n == name.n && f->values[i].p == NULL &&
                str_eq_nocase(name, f->fields[i].name))
                f->values[i] = value;
        }
    }
}

static size_t
make_line(struct access_format *f, const struct access_entry *e, struct access_line *l)
{
    const char *start = l->p;

    l->json = f->json;
    if (!l->forced)
        find_fields(f, e->request);
    for (size_t i = 0; i < f->n_pieces; i++) {
        const struct access_piece *p = &f->pieces[i];

        if (p->put == NULL) {
            access_line_literal(l, p->text.p, p->text.n);
            continue;
        }
        l->end = (char *)start + ACCESS_LINE_MAX - p->fixed_rest;
        p->put(l, e, p);
    }
    *l->p++ = '\n';
    return (size_t)(l->p - start);
}

/* Whether a line is a JSON object, with these optional parts. */
static int
check_sample(struct access_format *f, const struct access_entry *e, uint64_t keep, struct err *err)
{
    char text[ACCESS_LINE_ROOM];
    struct access_line line = {.p = text, .forced = true, .keep = keep};
    size_t n = make_line(f, e, &line);
    struct err why = ERR_INIT;
    struct json_t *parsed = json_parse((struct str){text, n}, "a line", &why);
    struct json_cur cur = json_root(parsed);
    bool is_object = parsed != NULL && json_is_object(&cur);

    json_free(parsed);
    return is_object ? 0 : err_set(err, ERR_USAGE, "its lines are no JSON objects: %s", why.msg);
}

/* With values and without; with all optional parts, none, each alone, and all but each. */
static int
check_json(struct access_format *f, struct err *err)
{
    static const char head[] = "GET /a?b HTTP/1.1\r\nHost: a\r\n\r\n";
    const struct http_limits limits = {256, 8, 256, 512};
    const struct address peer = {.v4 = {.sin_family = AF_INET}};
    const struct address local = {.local = {.sun_family = AF_UNIX}};
    struct str response[ACCESS_RESPONSE_FIELDS_MAX];
    struct http_parser parser;

    http_parse_init(&parser, &limits);
    for (int with = 0; with < 2; with++) {
        /* Credentials, so that there is a user as well. */
        struct str value = with == 1 ? STR_LIT("Basic eDo=") : (struct str){NULL, 0};
        struct access_entry e = {.request = &parser.request,
                                 .peer = with == 1 ? &peer : &local,
                                 .response = response,
                                 .id = value,
                                 .upstream_us = with - 1};

        for (unsigned i = 0; i < FIELDS_MAX; i++)
            f->values[i] = value;
        for (unsigned i = 0; i < ACCESS_RESPONSE_FIELDS_MAX; i++)
            response[i] = value;

        if (with == 1 && http_parse(&parser, head, sizeof(head) - 1) != HTTP_PARSE_DONE)
            return err_set(err, ERR_INTERNAL, "the sample request is not valid");
        if (check_sample(f, &e, 0, err) < 0 || check_sample(f, &e, UINT64_MAX, err) < 0)
            return -1;
        for (unsigned i = 0; i < f->n_parts; i++) {
            uint64_t one = UINT64_C(1) << i;

            if (check_sample(f, &e, one, err) < 0 || check_sample(f, &e, ~one, err) < 0)
                return -1;
        }
    }
    return 0;
}

static int
prepare(struct access_format *f, struct err *err)
{
    for (const char *c = f->text; *c != '\0'; c++) {
        if ((unsigned char)*c < 0x20)
            return err_set(err, ERR_USAGE, "there is a control character in it");
    }
    if (compile(f, str_from(f->text), err) < 0 || sum_up(f, err) < 0)
        return -1;
    return f->json ? check_json(f, err) : 0;
}

int
access_format_new(const char *text, struct access_format **out, struct err *err)
{
    const char *format = text;
    struct access_format *f;

    for (size_t i = 0; i < ARRAY_LEN(named); i++) {
        if (strcmp(text, named[i].name) == 0)
            format = named[i].format;
    }
    if (strchr(format, '%') == NULL)
        return err_set(err, ERR_USAGE,
                       "'%s' names no format: common, combined, json, or one with %%(NAME)s", text);
    f = mem_alloc(sizeof(*f));
    f->text = mem_alloc(strlen(format) + 1 + ACCESS_LINE_STEP);
    memcpy(f->text, format, strlen(format) + 1);
    f->json = format[0] == '{';
    f->times.second = INT64_MIN;
    if (prepare(f, err) < 0) {
        access_format_free(f);
        return -1;
    }
    *out = f;
    return 0;
}

void
access_format_free(struct access_format *f)
{
    if (f == NULL)
        return;
    for (unsigned i = 0; i < f->n_fields; i++)
        free(f->fields[i].name);
    for (unsigned i = 0; i < f->n_responses; i++)
        free(f->responses[i].name);
    free(f->text);
    free(f);
}

const char *
access_format_wanted(const struct access_format *f, unsigned i)
{
    return i < f->n_responses ? f->responses[i].name : NULL;
}

size_t
access_format_line(struct access_format *f, const struct access_entry *e,
                   char out[ACCESS_LINE_ROOM])
{
    struct access_line line = {.p = out};

    return make_line(f, e, &line);
}
