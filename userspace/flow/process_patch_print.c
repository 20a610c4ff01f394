// SPDX-License-Identifier: GPL-2.0-or-later
/* What is told of a fix in processes: in a sentence, as a table, as JSON. */
#include "flow/process_patch.h"

#include <stdio.h>

#include "base/str.h"

const char *process_has_name(enum process_has has)
{
	static const char *const names[] = {
		[PROCESS_HAS_NOT] = "without",	[PROCESS_HAS] = "in place",
		[PROCESS_HAS_PART] = "partial", [PROCESS_MEASURED] = "measured",
		[PROCESS_HAS_LOST] = "lost",
	};

	return names[has];
}

void process_patch_count(const struct process_patch *p, struct process_counts *out)
{
	*out = (struct process_counts){ .all = p->rows.n };
	vec_for_each(&p->rows, row) {
		out->have += row->has == PROCESS_HAS;
		out->lost += row->has == PROCESS_HAS_LOST;
		out->partial += row->has == PROCESS_HAS_PART;
		if (row->has == PROCESS_HAS && row->calls) {
			out->exercised++;
			out->calls += row->calls;
		}
		out->stopped += row->stopped;
		if (row->longest_stop > out->longest_stop)
			out->longest_stop = row->longest_stop;
	}
}

struct error *process_counts_print(const struct process_counts *n, struct strbuf *out)
{
	if (!n->exercised)
		return strbuf_puts(out, "not exercised");
	return strbuf_printf(out, "exercised in %zu (%llu call%s)", n->exercised,
			     (unsigned long long)n->calls, n->calls == 1 ? "" : "s");
}

/* What is proved of it: that it is there is read back, that it is called is counted. */
static const char *proof_of(const struct process_row *row)
{
	return row->has == PROCESS_HAS && row->calls ? "exercised" : process_has_name(row->has);
}

static const char *reason_of(const struct process_row *row)
{
	return row->why			      ? error_message(row->why)
	       : row->has == PROCESS_HAS_LOST ? "its code has bytes that suture did not write"
	       : row->has == PROCESS_HAS_PART ? "a manager was killed on its way"
					      : NULL;
}

struct error *process_patch_first(const struct process_patch *p, bool want, struct strbuf *out)
{
	vec_for_each(&p->rows, row) {
		const char *why = reason_of(row);

		if (row->has == (want ? PROCESS_HAS_NOT : PROCESS_HAS))
			continue;
		return strbuf_printf(out, "%s (%d): %s", row->process.comm, row->process.pid,
				     why    ? why
				     : want ? "it has it"
					    : "nobody has tried yet");
	}
	return NULL;
}

static void row_json(const struct process_patch *p, const struct process_row *row, struct json *j)
{
	json_object(j, NULL);
	json_i64(j, "pid", row->process.pid);
	json_u64(j, "start", row->process.start);
	json_string(j, "command", row->process.comm);
	json_string(j, "build_id", p->parts.v[row->part].payload->build_id);
	json_string(j, "state", process_has_name(row->has));
	json_string(j, "proof", proof_of(row));
	json_u64(j, "calls", row->calls);
	json_u64(j, "called", row->called);
	json_bool(j, "counting", row->counting);
	json_bool(j, "covered", row->covered);
	json_u64(j, "functions", p->parts.v[row->part].object.functions.n);
	if (row->since)
		json_u64(j, "since", row->since);
	else
		json_null(j, "since");
	json_hex(j, "code", row->code);
	json_string(j, "reason", reason_of(row));
	if (row->stopped > 0) {
		json_u64(j, "threads", row->threads);
		json_double(j, "longest_stop", row->longest_stop);
		json_double(j, "stopped", row->stopped);
	}
	json_end(j);
}

void process_patch_json(const struct process_patch *p, struct json *j, const char *key)
{
	json_array(j, key);
	vec_for_each(&p->rows, row)
		row_json(p, row, j);
	json_end(j);
}

struct error *process_patch_evidence(const struct process_patch *p, struct strbuf *out)
{
	struct json j = json_begin_compact(out);

	json_object(&j, NULL);
	json_string(&j, "schema", "suture-processes/1");
	json_string(&j, "patch", p->name);
	process_patch_json(p, &j, "processes");
	json_end(&j);
	return json_finish(&j);
}

struct error *process_patch_print(const struct process_patch *p, struct strbuf *out)
{
	if (p->rows.n)
		TRY(strbuf_printf(out, "%8s %-16s %-9s %9s %8s %6s  %s\n", "PID", "COMMAND",
				  "PATCH", "STOPPED", "CALLS", "OF", "FILE"));
	vec_for_each(&p->rows, row) {
		const char *why = row->has == PROCESS_HAS ? NULL : reason_of(row);
		char stop[32] = "-", of[32];

		if (row->longest_stop > 0)
			snprintf(stop, sizeof(stop), "%.0f µs", row->longest_stop * 1e6);
		snprintf(of, sizeof(of), "%zu/%zu", row->called,
			 p->parts.v[row->part].object.functions.n);
		TRY(strbuf_printf(out, "%8d %-16s %-9s %9s %8llu %6s  %s\n", row->process.pid,
				  row->process.comm, proof_of(row), stop,
				  (unsigned long long)row->calls, of,
				  p->parts.v[row->part].payload->file));
		if (row->counting)
			TRY(strbuf_printf(out, "%8s its calls are counted still\n", ""));
		if (why)
			TRY(strbuf_printf(out, "%8s %s\n", "", why));
	}
	return NULL;
}
