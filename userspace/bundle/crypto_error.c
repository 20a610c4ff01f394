// SPDX-License-Identifier: GPL-2.0-or-later
#include "bundle/crypto_error.h"

#include <openssl/err.h>
#include <stdarg.h>
#include <string.h>

#include "base/str.h"

struct error *crypto_error(const char *fmt, ...)
{
	struct strbuf text __cleanup_strbuf = { 0 };
	unsigned long code = ERR_get_error();
	const char *reason = NULL;
	struct error *e;
	va_list ap;

	if (code)
		reason = ERR_SYSTEM_ERROR(code) ? strerror(ERR_GET_REASON(code))
						: ERR_reason_error_string(code);
	ERR_clear_error();
	va_start(ap, fmt);
	e = strbuf_vprintf(&text, fmt, ap);
	va_end(ap);
	if (e)
		return e;
	return reason ? error_failed("%s: %s", strbuf_str(&text), reason)
		      : error_failed("%s", strbuf_str(&text));
}
