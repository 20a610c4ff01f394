// SPDX-License-Identifier: GPL-2.0-or-later
/* Any bytes as test results: read, summed up, printed both ways. */
#include <stdint.h>
#include <stdlib.h>

#include "report/ktap_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct strbuf text __cleanup_strbuf = { 0 }, json __cleanup_strbuf = { 0 };
	struct ktap *k __cleanup_ktap = NULL;
	struct error *e __cleanup_error = ktap_read((const char *)data, size, &k), *why = NULL;
	struct json j = json_begin(&json);

	if (e)
		return 0;
	ktap_json(k, &j, NULL);
	why = json_finish(&j);
	if (why)
		abort();
	why = ktap_text(k, &text);
	if (why)
		abort();
	return 0;
}
