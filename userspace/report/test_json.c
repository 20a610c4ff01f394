// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/json.h"
#include "report/test_report.h"
#include "trial/event.h"

static struct json begin(const char *event, struct strbuf *out)
{
	struct json j = json_begin_compact(out);

	json_object(&j, NULL);
	json_string(&j, "schema", EVENT_SCHEMA);
	json_string(&j, "event", event);
	return j;
}

struct error *report_json_begin(const struct trial_options *opt, struct strbuf *out)
{
	struct json j = begin("begin", out);

	json_string(&j, "fix", opt->subject->name);
	json_string(&j, "path", opt->subject->path);
	json_array(&j, "kernels");
	vec_for_each(&opt->kernels->v, k)
		json_string(&j, NULL, k->name);
	json_end(&j);
	json_end(&j);
	return json_finish(&j);
}

struct error *report_json_verdict(const struct trial *t, struct strbuf *out)
{
	struct json j = begin("verdict", out);
	const struct verdict *v = &t->verdict;

	json_string(&j, "kernel", t->kernel->name);
	json_string(&j, "verdict", verdict_name(v->kind));
	json_string(&j, "cause", v->cause);
	json_string(&j, "phase", v->result ? phase_row(v->result->phase)->name : NULL);
	json_string(&j, "why", v->result ? v->result->why : NULL);
	json_double(&j, "seconds", t->seconds);
	json_string(&j, "logs", t->logs);
	json_end(&j);
	return json_finish(&j);
}

struct error *report_json_end(const struct trial *t, size_t n, double seconds, struct strbuf *out)
{
	struct json j = begin("end", out);

	json_u64(&j, "exit", (uint64_t)report_exit_code(t, n));
	json_double(&j, "seconds", seconds);
	json_end(&j);
	return json_finish(&j);
}
