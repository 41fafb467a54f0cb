/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/utf8.h"

enum { LINE_MAX_BYTES = 8 * 1024 };

static struct {
    const char *program;
    enum log_level level;
    bool json;
} config = {"berth", LOG_LEVEL_INFO, false};

static const char *const level_names[] = {"error", "warn", "info", "debug"};

void
log_init(const char *program, enum log_level level, bool json)
{
    config.program = program;
    config.level = level;
    config.json = json;
}

enum log_level
log_level_get(void)
{
    return config.level;
}

bool
log_level_parse(const char *name, enum log_level *out)
{
    static const struct {
        const char *name;
        enum log_level level;
    } names[] = {
        {"error", LOG_LEVEL_ERROR},  {"critical", LOG_LEVEL_ERROR}, {"warn", LOG_LEVEL_WARN},
        {"warning", LOG_LEVEL_WARN}, {"info", LOG_LEVEL_INFO},      {"debug", LOG_LEVEL_DEBUG},
    };

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (strcmp(name, names[i].name) == 0) {
            *out = names[i].level;
            return true;
        }
    }
    return false;
}

/* Control characters of ASCII, and those of U+0080 to U+009F, which some terminals obey too. */
static bool
is_control(struct str c)
{
    unsigned char first = (unsigned char)c.p[0];

    return first < 0x20 || first == 0x7f ||
           (c.n == 2 && first == 0xc2 && (unsigned char)c.p[1] < 0xa0);
}

/* UTF-8 stays as it is; what is none becomes \xNN, or U+FFFD in JSON, which has no bytes. */
static void
append_escaped(struct buf *line, struct str text)
{
    while (text.n > 0) {
        size_t len = utf8_char_len(text);
        struct str c = {text.p, len > 0 ? len : 1};
        unsigned char last = (unsigned char)c.p[c.n - 1];

        if (len == 0 && config.json)
            utf8_repair(c, line);
        else if (len == 0 || is_control(c))
            buf_appendf(line, config.json ? "\\u%04x" : "\\x%02x", last);
        else if (config.json && (last == '"' || last == '\\'))
            buf_appendf(line, "\\%c", last);
        else
            buf_append_view(line, c);
        text.p += c.n;
        text.n -= c.n;
    }
}

static void emit(enum log_level level, const char *fmt, va_list ap) PRINTF_LIKE(2, 0);

static void
emit(enum log_level level, const char *fmt, va_list ap)
{
    int saved = errno;
    char text[LINE_MAX_BYTES / 2];
    char stamp[32];
    cleanup_buf struct buf line = BUF_INIT((size_t)LINE_MAX_BYTES * 8);

    if (level > config.level)
        return;
    errno = saved;
    vsnprintf(text, sizeof(text), fmt, ap);
    if (config.json) {
        clock_format_rfc3339(clock_unix(clock_system()), stamp);
        buf_appendf(&line, "{\"time\":\"%s\",\"level\":\"%s\",\"program\":\"%s\",\"message\":\"",
                    stamp, level_names[level], config.program);
        append_escaped(&line, str_from(text));
        buf_append_str(&line, "\"}\n");
    } else {
        const char *mark = level == LOG_LEVEL_WARN    ? "warning: "
                           : level == LOG_LEVEL_DEBUG ? "debug: "
                                                      : "";

        buf_appendf(&line, "%s: %s", config.program, mark);
        append_escaped(&line, str_from(text));
        buf_append_char(&line, '\n');
    }
    /* One write a line, so that lines of several processes do not mix.  Nothing can be done about a
     * standard error that is closed or full. */
    while (write(STDERR_FILENO, line.p, line.n) < 0 && errno == EINTR)
        ;
    errno = saved;
}

#define EMIT(level)           \
    do {                      \
        va_list ap;           \
        va_start(ap, fmt);    \
        emit(level, fmt, ap); \
        va_end(ap);           \
    } while (0)

void
log_error(const char *fmt, ...)
{
    EMIT(LOG_LEVEL_ERROR);
}

void
log_warn(const char *fmt, ...)
{
    EMIT(LOG_LEVEL_WARN);
}

void
log_info(const char *fmt, ...)
{
    EMIT(LOG_LEVEL_INFO);
}

void
log_debug(const char *fmt, ...)
{
    EMIT(LOG_LEVEL_DEBUG);
}

void
log_at(enum log_level level, const char *fmt, ...)
{
    EMIT(level);
}
