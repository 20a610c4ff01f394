/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The drawings of a report's page: SVG that stands in HTML, coloured by the page's style. */
#ifndef SUTURE_REPORT_RECORD_CHART_H
#define SUTURE_REPORT_RECORD_CHART_H

#include "report/page.h"
#include "report/record.h"

/* How calls are spread over latency, before and after, on a logarithmic scale. Unique id. */
void record_chart_density(struct page *p, const struct record_function *f, size_t id);
/* p50, p99, calls and errors over time, with what happened when. */
void record_chart_course(struct page *p, const struct record *r);

#endif
