/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Errors are objects. A function that can fail returns struct error *: NULL is
 * success, anything else is owned by the caller, who passes it on, adds context
 * to it, or frees it. It is printed once, in cli, and its kind is the exit code.
 *
 * An error is created where the cause is known, and says what happened and why.
 * Each caller that knows more puts context before it ("building X: reading Y:
 * ..."). error_advise() adds what a person can do next.
 */
#ifndef SUTURE_BASE_ERROR_H
#define SUTURE_BASE_ERROR_H

#include <stdarg.h>
#include <stdbool.h>

/* The values are the exit codes of DESIGN.md. */
enum error_kind {
	ERROR_FAILED = 1,
	ERROR_USAGE = 2,
	ERROR_NOTHING = 3, /* nothing to do: no change, already applied */
	ERROR_REFUSED = 4, /* unsafe or unsupported */
	ERROR_VERIFY = 5,  /* failed verification; rolled back */
	ERROR_PENDING = 6, /* pending or inconclusive */
	ERROR_POLICY = 7,  /* signature or policy says no */
	ERROR_INTERRUPTED = 130,
};

struct error;

#define __printf_like(f, a) __attribute__((format(printf, f, a)))
#define __must_check __attribute__((warn_unused_result))

/* A new error. Never returns NULL: without memory it returns error_nomem(). */
struct error *error_new(enum error_kind kind, const char *fmt, ...)
	__printf_like(2, 3) __must_check;
#define error_failed(...) error_new(ERROR_FAILED, __VA_ARGS__)
#define error_usage(...) error_new(ERROR_USAGE, __VA_ARGS__)
#define error_refused(...) error_new(ERROR_REFUSED, __VA_ARGS__)

/* A failed system call: the message is followed by ": " and strerror(err). */
struct error *error_errno(int err, const char *fmt, ...) __printf_like(2, 3) __must_check;

/* The one error that needs no memory. It may be freed like any other. */
struct error *error_nomem(void) __must_check;

/* Put "context: " before the message. Takes e and returns it; NULL stays NULL. */
struct error *error_context(struct error *e, const char *fmt, ...) __printf_like(2, 3) __must_check;

/* Add a line of advice. Takes e and returns it; NULL stays NULL. */
struct error *error_advise(struct error *e, const char *fmt, ...) __printf_like(2, 3) __must_check;

/* Give e another kind (a failed assembler run may be a refusal). NULL stays NULL. */
struct error *error_with_kind(struct error *e, enum error_kind kind) __must_check;

enum error_kind error_kind(const struct error *e);
/* The errno of error_errno(), else 0 (also for NULL). */
int error_code(const struct error *e);
const char *error_message(const struct error *e);
/* NULL if there is none; several lines of advice are separated by newlines. */
const char *error_advice(const struct error *e);

void error_free(struct error **e);
#define __cleanup_error __attribute__((cleanup(error_free)))

/* Return early with the error, if there is one. */
#define TRY(expr)                            \
	do {                                 \
		struct error *try_ = (expr); \
		if (try_)                    \
			return try_;         \
	} while (0)

/* The same, with context: TRY_CONTEXT(read_it(p), "reading %s", p). */
#define TRY_CONTEXT(expr, ...)                                   \
	do {                                                     \
		struct error *try_ = (expr);                     \
		if (try_)                                        \
			return error_context(try_, __VA_ARGS__); \
	} while (0)

#endif
