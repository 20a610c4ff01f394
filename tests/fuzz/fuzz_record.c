// SPDX-License-Identifier: GPL-2.0-or-later
/* Any bytes as a record: read, then shown in each of the ways, and read again as written. */
#include <stdint.h>
#include <stdlib.h>

#include "report/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(struct error *e)
{
	if (e)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct strbuf text __cleanup_strbuf = { 0 }, json __cleanup_strbuf = { 0 };
	struct record r __cleanup_record = { 0 }, again __cleanup_record = { 0 };
	struct error *e __cleanup_error = record_read((const char *)data, size, &r);

	if (e)
		return 0;
	must(record_text(&r, true, &text));
	must(record_html(&r, &text));
	must(record_prometheus(&r, &text));
	must(record_json(&r, &json));
	must(record_read(json.s, json.n, &again));
	return 0;
}
