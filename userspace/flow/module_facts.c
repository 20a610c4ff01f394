// SPDX-License-Identifier: GPL-2.0-or-later
/* Knowledge: include/linux/module.h (struct modversion_info), include/linux/module_signature.h. */
#include "flow/module_facts.h"

#include <string.h>

#include "elf/object.h"

#define SIGNED "~Module signature appended~\n"
#define VERSION_SIZE 64 /* an unsigned long and the name */

static struct error *read_vermagic(const struct section *s, struct arena *a,
				   struct module_facts *out)
{
	static const char key[] = "vermagic=";

	for (uint64_t at = 0; s && s->bytes && at < s->size;) {
		const char *text = (const char *)s->bytes + at;
		size_t n = strnlen(text, s->size - at);

		if (n > sizeof(key) - 1 && !memcmp(text, key, sizeof(key) - 1)) {
			out->vermagic = arena_printf(a, "%.*s", (int)(n - sizeof(key) + 1),
						     text + sizeof(key) - 1);
			return out->vermagic ? NULL : error_nomem();
		}
		at += n + 1;
	}
	return NULL;
}

static struct error *read_versions(const struct section *s, struct arena *a,
				   struct module_facts *out)
{
	for (uint64_t at = 0; s && s->bytes && s->size - at >= VERSION_SIZE; at += VERSION_SIZE) {
		const char *name = (const char *)s->bytes + at + sizeof(uint64_t);
		struct module_version v;

		memcpy(&v.crc, s->bytes + at, sizeof(v.crc));
		v.symbol = arena_printf(a, "%.*s",
					(int)strnlen(name, VERSION_SIZE - sizeof(uint64_t)), name);
		if (!v.symbol)
			return error_nomem();
		TRY(vec_push(&out->versions, v));
	}
	return NULL;
}

struct error *module_facts_read(const struct strbuf *module, struct arena *a,
				struct module_facts *out)
{
	struct object *o __cleanup_object = NULL;
	size_t n = sizeof(SIGNED) - 1;

	TRY(object_parse("the module", module->s, module->n, &o));
	out->is_signed = module->n > n && !memcmp(module->s + module->n - n, SIGNED, n);
	TRY(read_vermagic(object_section(o, ".modinfo"), a, out));
	return read_versions(object_section(o, "__versions"), a, out);
}

void module_facts_free(struct module_facts *m)
{
	vec_free(&m->versions);
}
