/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_EMF_H
#define SERVER_EMF_H

/*
 * Metrics for CloudWatch as lines on standard output, in the embedded metric format: the awslogs
 * driver brings them there, and CloudWatch takes the numbers out.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 *
 * The master writes them, and never waits for a reader: a line that is not taken at once is left
 * out, and what it counted comes with the next one.
 */

#include <stdint.h>

#include "server/metrics.h"

struct buf;

struct emf {
    const char *name;     /* the namespace; NULL: no lines */
    unsigned interval_ms; /* between two lines */
    int fd;
    char *throttle_path;
    int64_t due_ms;        /* monotonic */
    struct metrics before; /* as of the last line */
};

/* name may be NULL.  Standard output is opened anew where that can be done, so that it is
 * non-blocking for nobody else. */
void emf_open(struct emf *e, const char *name, unsigned interval_ms, const struct stats *stats,
              int64_t now_ms);
void emf_close(struct emf *e);

/* When something is to be done, monotonic; -1: never. */
int64_t emf_next_ms(const struct emf *e);

/* Writes a line when it is due; last: whatever there is since the last one. */
void emf_tick(struct emf *e, const struct stats *stats, int64_t now_ms, bool last);

/* One line of what has happened between two moments. */
void emf_line(const char *name, int64_t unix_ms, const struct metrics *before,
              const struct metrics *now, struct buf *out);

#endif
