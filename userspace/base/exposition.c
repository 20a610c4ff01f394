// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/exposition.h"

#include <stdarg.h>

struct error *exposition_family(struct strbuf *out, const char *name, const char *type,
				const char *what)
{
	return strbuf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, what, name, type);
}

/* In which \, " and the end of a line are escaped. */
static struct error *add_value(struct strbuf *out, const char *value)
{
	for (; *value; value++) {
		if (*value == '\n')
			TRY(strbuf_puts(out, "\\n"));
		else
			TRY(strbuf_printf(out, "%s%c", *value == '\\' || *value == '"' ? "\\" : "",
					  *value));
	}
	return NULL;
}

static struct error *add_labels(struct strbuf *out, va_list ap)
{
	const char *between = "{", *label;

	while ((label = va_arg(ap, const char *))) {
		TRY(strbuf_printf(out, "%s%s=\"", between, label));
		TRY(add_value(out, va_arg(ap, const char *)));
		TRY(strbuf_puts(out, "\""));
		between = ",";
	}
	return *between == ',' ? strbuf_puts(out, "}") : NULL;
}

struct error *exposition_sample(struct strbuf *out, const char *name, uint64_t value, ...)
{
	struct error *e;
	va_list ap;

	TRY(strbuf_puts(out, name));
	va_start(ap, value);
	e = add_labels(out, ap);
	va_end(ap);
	TRY(e);
	return strbuf_printf(out, " %llu\n", (unsigned long long)value);
}
