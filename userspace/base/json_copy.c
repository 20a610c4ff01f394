// SPDX-License-Identifier: GPL-2.0-or-later
/* From the reader's tree to the writer's calls. */
#include "base/json_copy.h"

void json_copy(struct json *j, const char *key, const struct json_value *v)
{
	switch (v->type) {
	case JSON_NULL:
		return json_null(j, key);
	case JSON_BOOL:
		return json_bool(j, key, v->truth);
	case JSON_NUMBER:
		return v->is_u64 ? json_u64(j, key, v->u64) : json_exact(j, key, v->number);
	case JSON_STRING:
		return json_string(j, key, v->string);
	case JSON_LIST:
		json_array(j, key);
		break;
	case JSON_OBJECT:
		json_object(j, key);
		break;
	}
	for (size_t i = 0; i < v->n; i++)
		json_copy(j, v->type == JSON_OBJECT ? v->items[i].key : NULL, &v->items[i]);
	json_end(j);
}
