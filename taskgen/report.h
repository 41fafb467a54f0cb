/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TASKGEN_REPORT_H
#define TASKGEN_REPORT_H

/* Findings as lines on standard error, for people who gave options and not a document. */

#include "ecs/finding.h"

/* "taskgen: --memory: what is wrong; what to do [fargate-size /memory]", one line each. */
void report_findings(const struct finding_list *findings);

#endif
