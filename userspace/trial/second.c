// SPDX-License-Identifier: GPL-2.0-or-later
#include "trial/second.h"

#include "elf/object.h"

/* Where the text, with a NUL on both sides (or the section's end), is in the section. */
static uint8_t *find(const struct section *s, const char *text)
{
	size_t n = strlen(text);
	uint8_t *at = s->bytes, *end = at ? at + s->size : NULL;

	while (at && (at = memmem(at, (size_t)(end - at), text, n))) {
		bool starts = at == s->bytes || !at[-1];
		bool ends = at + n == end || !at[n];

		if (starts && ends)
			return at;
		at++;
	}
	return NULL;
}

/* Write "to" over "from", which is as long, where it is in this section behind "prefix". */
static struct error *rename_in(const struct object *o, const char *section, const char *prefix,
			       const char *from, const char *to, struct strbuf *out)
{
	const struct section *s = object_section(o, section);
	char *text __free = str_printf("%s%s", prefix, from);
	size_t before = strlen(prefix), n = strlen(from);
	const uint8_t *at;

	if (!text)
		return error_nomem();
	at = s ? find(s, text) : NULL;
	if (!at)
		return error_failed("%s: the module's name is not in %s", o->name, section);
	memcpy(out->s + (at - (const uint8_t *)o->content.s) + before, to, n);
	return NULL;
}

struct error *second_make(const struct strbuf *module, char *name, struct strbuf *out)
{
	struct object *o __cleanup_object = NULL;
	char *old __free = strdup(name);
	size_t n = strlen(name);

	if (!old || !n)
		return error_nomem();
	TRY(object_parse(old, module->s, module->n, &o));
	name[n - 1] = name[n - 1] == '2' ? '3' : '2';
	TRY(strbuf_add(out, module->s, module->n));
	TRY(rename_in(o, ".modinfo", "name=", old, name, out));
	return rename_in(o, ".gnu.linkonce.this_module", "", old, name, out);
}
