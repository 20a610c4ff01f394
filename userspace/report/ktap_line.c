// SPDX-License-Identifier: GPL-2.0-or-later
/* The grammar of a line: Documentation/dev-tools/ktap.rst, and TAP 13 where it is laxer. */
#include "report/ktap_line.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/str.h"

static const struct {
	const char *word;
	enum ktap_outcome outcome;
} directives[] = {
	{ "SKIP", KTAP_SKIP },	  { "XFAIL", KTAP_XFAIL }, { "TODO", KTAP_XFAIL },
	{ "TIMEOUT", KTAP_FAIL }, { "ERROR", KTAP_FAIL },
};

/* Trimmed, and cut where it is too long. */
static void copy_words(char to[KTAP_WORDS], const char *s, size_t n)
{
	while (n && *s == ' ') {
		s++;
		n--;
	}
	while (n && s[n - 1] == ' ')
		n--;
	if (n >= KTAP_WORDS)
		n = KTAP_WORDS - 1;
	memcpy(to, s, n);
	to[n] = '\0';
}

/* Digits, and then a blank or the end. */
static bool read_number(const char **at, uint64_t *out)
{
	const char *s = *at;
	uint64_t v = 0;

	if (!isdigit((unsigned char)*s))
		return false;
	for (; isdigit((unsigned char)*s); s++) {
		if (v > UINT64_MAX / 10 - 1)
			return false;
		v = v * 10 + (uint64_t)(*s - '0');
	}
	if (*s && *s != ' ')
		return false;
	*at = s;
	*out = v;
	return true;
}

/* The '#' that parts a description from its directive: behind a blank, not escaped. */
static const char *find_directive(const char *s)
{
	for (const char *at = s; (at = strchr(at, '#')); at++)
		if (at == s || at[-1] == ' ')
			return at;
	return NULL;
}

/* "SKIP reason" behind the '#'; what is no directive is the reason of a failure. */
static bool read_directive(const char *s, struct ktap_words *out)
{
	s += strspn(s, " ");
	for (size_t i = 0; i < ARRAY_SIZE(directives); i++) {
		size_t n = strlen(directives[i].word);

		if (strncasecmp(s, directives[i].word, n) || isalnum((unsigned char)s[n]))
			continue;
		out->outcome = directives[i].outcome;
		out->skip = directives[i].outcome == KTAP_SKIP;
		/* "SKIP: reason"; that it is a timeout is a reason in itself. */
		if (directives[i].outcome != KTAP_FAIL)
			s += n + strspn(s + n, ": ");
		copy_words(out->reason, s, strlen(s));
		return true;
	}
	return false;
}

static void read_result(const char *s, bool ok, struct ktap_words *out)
{
	const char *hash;

	out->kind = KTAP_LINE_RESULT;
	out->outcome = ok ? KTAP_PASS : KTAP_FAIL;
	s += strspn(s, " ");
	out->numbered = read_number(&s, &out->number);
	s += strspn(s, " ");
	if (*s == '-' && (s[1] == ' ' || !s[1]))
		s++;
	hash = find_directive(s);
	if (hash && !read_directive(hash + 1, out)) {
		if (ok)
			hash = NULL; /* part of the name */
		else
			copy_words(out->reason, hash + 1, strlen(hash + 1));
	}
	copy_words(out->name, s, hash ? (size_t)(hash - s) : strlen(s));
}

static bool read_plan(const char *s, struct ktap_words *out)
{
	const char *hash;

	if (!str_starts(s, "1.."))
		return false;
	s += 3;
	if (!read_number(&s, &out->number))
		return false;
	out->kind = KTAP_LINE_PLAN;
	hash = find_directive(s);
	if (hash)
		read_directive(hash + 1, out);
	return true;
}

/* The words behind the first of these; NULL if the line begins otherwise. */
static const char *behind(const char *line, const char *word)
{
	size_t n = strlen(word);

	return !strncmp(line, word, n) && (!line[n] || line[n] == ' ') ? line + n : NULL;
}

void ktap_line_read(const char *line, struct ktap_words *out)
{
	const char *rest;

	out->kind = KTAP_LINE_OTHER;
	out->outcome = KTAP_PASS;
	out->numbered = out->skip = false;
	out->number = 0;
	out->name[0] = out->reason[0] = '\0';
	if ((rest = behind(line, "ok")) || (rest = behind(line, "not ok"))) {
		read_result(rest, *line == 'o', out);
	} else if (behind(line, "KTAP version") || behind(line, "TAP version")) {
		out->kind = KTAP_LINE_VERSION;
	} else if ((rest = behind(line, "Bail out!"))) {
		out->kind = KTAP_LINE_BAIL;
		copy_words(out->reason, rest, strlen(rest));
	} else if (*line == '#') {
		out->kind = KTAP_LINE_SAID;
		copy_words(out->reason, line + 1, strlen(line + 1));
	} else {
		read_plan(line, out);
	}
}
