/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was read as JSON, written again: members in their order, numbers so that they read the same.
 */
#ifndef SUTURE_BASE_JSON_COPY_H
#define SUTURE_BASE_JSON_COPY_H

#include "base/json.h"
#include "base/json_read.h"

void json_copy(struct json *j, const char *key, const struct json_value *v);

#endif
