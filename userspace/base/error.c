// SPDX-License-Identifier: GPL-2.0-or-later
/* Error objects: a kind, an errno, a message that grows at its front, advice. */
#include "base/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct error {
	enum error_kind kind;
	int code;
	char *message;
	char *advice;
};

static struct error nomem = {
	.kind = ERROR_FAILED,
	.message = (char *)"out of memory",
};

struct error *error_nomem(void)
{
	return &nomem;
}

static struct error *error_from(enum error_kind kind, int code, const char *fmt, va_list ap)
{
	struct error *e = calloc(1, sizeof(*e));

	if (!e)
		return &nomem;
	e->kind = kind;
	e->code = code;
	if (vasprintf(&e->message, fmt, ap) < 0) {
		free(e);
		return &nomem;
	}
	return e;
}

struct error *error_new(enum error_kind kind, const char *fmt, ...)
{
	struct error *e;
	va_list ap;

	va_start(ap, fmt);
	e = error_from(kind, 0, fmt, ap);
	va_end(ap);
	return e;
}

struct error *error_errno(int err, const char *fmt, ...)
{
	struct error *e;
	va_list ap;
	char *whole;

	va_start(ap, fmt);
	e = error_from(ERROR_FAILED, err, fmt, ap);
	va_end(ap);
	if (e != &nomem && asprintf(&whole, "%s: %s", e->message, strerror(err)) >= 0) {
		free(e->message);
		e->message = whole;
	}
	return e;
}

/* Without memory the context is lost, never the error. */
static struct error *join(struct error *e, char **field, bool front, const char *sep,
			  const char *fmt, va_list ap)
{
	char *words = NULL, *whole;

	if (vasprintf(&words, fmt, ap) < 0)
		return e;
	if (!*field) {
		*field = words;
		return e;
	}
	if (asprintf(&whole, "%s%s%s", front ? words : *field, sep, front ? *field : words) >= 0) {
		free(*field);
		*field = whole;
	}
	free(words);
	return e;
}

struct error *error_context(struct error *e, const char *fmt, ...)
{
	va_list ap;

	if (!e || e == &nomem)
		return e;
	va_start(ap, fmt);
	e = join(e, &e->message, true, ": ", fmt, ap);
	va_end(ap);
	return e;
}

struct error *error_advise(struct error *e, const char *fmt, ...)
{
	va_list ap;

	if (!e || e == &nomem)
		return e;
	va_start(ap, fmt);
	e = join(e, &e->advice, false, "\n", fmt, ap);
	va_end(ap);
	return e;
}

struct error *error_with_kind(struct error *e, enum error_kind kind)
{
	if (e && e != &nomem)
		e->kind = kind;
	return e;
}

enum error_kind error_kind(const struct error *e)
{
	return e->kind;
}

int error_code(const struct error *e)
{
	return e ? e->code : 0;
}

const char *error_message(const struct error *e)
{
	return e->message;
}

const char *error_advice(const struct error *e)
{
	return e->advice;
}

void error_free(struct error **e)
{
	if (*e && *e != &nomem) {
		free((*e)->message);
		free((*e)->advice);
		free(*e);
	}
	*e = NULL;
}
