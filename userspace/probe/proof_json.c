// SPDX-License-Identifier: GPL-2.0-or-later
#include "probe/proof.h"

static void structural(const struct proof_result *r, struct json *j)
{
	json_object(j, "structural");
	json_bool(j, "text_read", r->site_known);
	if (r->site_known) {
		json_bool(j, "site_redirected", r->site_redirected);
		json_hex(j, "site", r->site);
		json_hex(j, "destination", r->destination);
		json_string(j, "destination_name", r->destination_name);
	}
	json_bool(j, "registered", r->registered);
	json_end(j);
}

void proof_json(const struct proof_function *f, const struct proof_result *r, struct json *j)
{
	json_object(j, NULL);
	json_string(j, "schema", "suture-verify/1");
	json_string(j, "object", f->object);
	json_string(j, "function", f->name);
	json_u64(j, "sympos", f->sympos);
	json_string(j, "patch", f->patch);
	json_string(j, "state", proof_state_name(r->state));
	json_object(j, "sysfs");
	json_bool(j, "present", r->present);
	json_bool(j, "enabled", r->enabled);
	json_bool(j, "transition", r->transition);
	json_end(j);
	structural(r, j);
	json_object(j, "counts");
	json_u64(j, "old_body", r->count.old_body);
	json_u64(j, "new_entry", r->count.new_entry);
	json_u64(j, "missed", r->count.missed);
	json_end(j);
	json_string(j, "trouble", r->trouble);
	json_end(j);
}
