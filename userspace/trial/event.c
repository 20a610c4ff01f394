// SPDX-License-Identifier: GPL-2.0-or-later
#include "trial/event.h"

#include "base/json.h"
#include "base/json_read.h"

struct error *event_write(const char *kernel, const struct phase_result *r, struct strbuf *out)
{
	struct json j = json_begin_compact(out);

	json_object(&j, NULL);
	json_string(&j, "schema", EVENT_SCHEMA);
	json_string(&j, "event", "phase");
	json_string(&j, "kernel", kernel);
	json_string(&j, "scene", scene_name(phase_row(r->phase)->scene));
	json_string(&j, "phase", phase_row(r->phase)->name);
	json_string(&j, "outcome", outcome_name(r->outcome));
	json_double(&j, "seconds", r->seconds);
	json_string(&j, "why", r->why);
	json_end(&j);
	return json_finish(&j);
}

struct error *event_read(const char *line, size_t n, struct arena *a, struct phase_result *out)
{
	const char *phase, *outcome, *why;
	const struct json_value *root, *seconds;

	TRY(json_parse(line, n, a, &root));
	TRY(json_need_string(root, "phase", &phase));
	TRY(json_need_string(root, "outcome", &outcome));
	TRY(json_need_string_or_null(root, "why", &why));
	seconds = json_member(root, "seconds");
	*out = (struct phase_result){
		.why = why, .seconds = seconds && seconds->type == JSON_NUMBER ? seconds->number : 0
	};
	if (!phase_find(phase, &out->phase) || !outcome_find(outcome, &out->outcome))
		return error_failed("phase '%s', outcome '%s': unknown", phase, outcome);
	return NULL;
}
