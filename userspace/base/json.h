/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writing JSON (RFC 8259) into a buffer, in the order of the calls:
 *
 *	struct json j = json_begin(&buf);
 *	json_object(&j, NULL);
 *	json_string(&j, "name", "vmlinux");
 *	json_array(&j, "items");
 *	json_u64(&j, NULL, 3);
 *	json_end(&j);
 *	json_end(&j);
 *	TRY(json_finish(&j));
 *
 * Inside an object every call has a key; inside an array, and at the top, the key
 * is NULL. Errors are kept and returned by json_finish(). Bytes that are not UTF-8
 * are written as U+FFFD. Numbers beyond 2^53 should be written as hex strings.
 */
#ifndef SUTURE_BASE_JSON_H
#define SUTURE_BASE_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

#define JSON_DEPTH 32

struct json {
	struct strbuf *to;
	struct error *error;
	unsigned int depth;
	bool compact; /* one line; else indented by two */
	struct {
		char close;
		bool used;
	} level[JSON_DEPTH];
};

struct json json_begin(struct strbuf *to);
/* One line, for one event a line. */
struct json json_begin_compact(struct strbuf *to);

void json_object(struct json *j, const char *key);
void json_array(struct json *j, const char *key);
void json_end(struct json *j);

void json_string(struct json *j, const char *key, const char *value); /* NULL: null */
void json_stringf(struct json *j, const char *key, const char *fmt, ...) __printf_like(3, 4);
void json_u64(struct json *j, const char *key, uint64_t value);
void json_i64(struct json *j, const char *key, int64_t value);
void json_hex(struct json *j, const char *key, uint64_t value);	 /* "0x..." */
void json_double(struct json *j, const char *key, double value); /* not finite: null */
void json_exact(struct json *j, const char *key, double value);	 /* all its digits */
void json_bool(struct json *j, const char *key, bool value);
void json_null(struct json *j, const char *key);

/* Adds the last newline. Returns the first error of any call. */
struct error *json_finish(struct json *j) __must_check;

#endif
