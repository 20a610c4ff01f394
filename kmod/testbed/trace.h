/* SPDX-License-Identifier: GPL-2.0-or-later */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM suture_testbed

#if !defined(SUTURE_TESTBED_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define SUTURE_TESTBED_TRACE_H

#include <linux/tracepoint.h>

TRACE_EVENT(testbed_doubled, TP_PROTO(long n, long result), TP_ARGS(n, result),
	    TP_STRUCT__entry(__field(long, n) __field(long, result)),
	    TP_fast_assign(__entry->n = n; __entry->result = result;),
	    TP_printk("n=%ld result=%ld", __entry->n, __entry->result));

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
