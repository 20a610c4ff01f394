// SPDX-License-Identifier: GPL-2.0-or-later
/* Module.symvers, split in place. */
#include "livepatch/symvers.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"

enum { CRC, NAME, OWNER, KIND, NAMESPACE, FIELDS };

/* Cuts the line at its tabs; false if there are not as many as there should be. */
static bool split(char *line, char *field[FIELDS])
{
	for (int i = 0; i < FIELDS; i++) {
		field[i] = line;
		line = i + 1 < FIELDS ? strchr(line, '\t') : NULL;
		if (i + 1 == FIELDS)
			break;
		if (!line)
			return false;
		*line++ = '\0';
	}
	return !strchr(field[NAMESPACE], '\t') && *field[NAME] && *field[OWNER];
}

static struct error *add(struct symvers *s, char *line, size_t number)
{
	char *field[FIELDS];
	struct exported e;
	uint64_t crc;

	if (!split(line, field))
		return error_failed("line %zu has not five fields", number);
	TRY_CONTEXT(str_u64(field[CRC], &crc), "line %zu", number);
	if (crc > UINT32_MAX)
		return error_failed("line %zu: the CRC %s is too large", number, field[CRC]);
	e = (struct exported){ .name = field[NAME],
			       .owner = field[OWNER],
			       .name_space = field[NAMESPACE],
			       .crc = (uint32_t)crc };
	if (hash_get(&s->by_name, e.name))
		return error_failed("line %zu: %s is exported twice", number, e.name);
	TRY(hash_put(&s->by_name, e.name, s->exports.n));
	return vec_push(&s->exports, e);
}

static struct error *parse(struct symvers *s)
{
	char *line = s->text.s, *end;

	if (s->text.n && strlen(line) != s->text.n)
		return error_failed("there is a NUL in it");
	for (size_t number = 1; line && *line; number++, line = end) {
		end = strchr(line, '\n');
		if (end)
			*end++ = '\0';
		TRY(add(s, line, number));
	}
	return NULL;
}

struct error *symvers_parse(const char *text, struct symvers *out)
{
	struct symvers s __cleanup_symvers = { 0 };

	TRY(strbuf_puts(&s.text, text));
	TRY(parse(&s));
	*out = s;
	s = (struct symvers){ 0 };
	return NULL;
}

struct error *symvers_read(const char *path, struct symvers *out)
{
	struct symvers s __cleanup_symvers = { 0 };

	TRY(file_read(path, &s.text));
	TRY_CONTEXT(parse(&s), "reading %s", path);
	*out = s;
	s = (struct symvers){ 0 };
	return NULL;
}

void symvers_free(struct symvers *s)
{
	strbuf_free(&s->text);
	vec_free(&s->exports);
	hash_free(&s->by_name);
}

const struct exported *symvers_find(const struct symvers *s, const char *name)
{
	uint64_t *at = hash_get(&s->by_name, name);

	return at ? &s->exports.v[*at] : NULL;
}

bool exported_by_vmlinux(const struct exported *e)
{
	return str_equal(e->owner, "vmlinux");
}

char *exported_module(const struct exported *e)
{
	const char *slash = strrchr(e->owner, '/');
	char *name = strdup(slash ? slash + 1 : e->owner);

	for (char *p = name; p && *p; p++)
		if (*p == '-')
			*p = '_';
	return name;
}
