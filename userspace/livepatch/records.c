// SPDX-License-Identifier: GPL-2.0-or-later
#include "livepatch/records.h"

#include <stddef.h>
#include <string.h>

#include "kmod/payload/records.h"

/* Names one behind the other; the records point into them. */
struct names {
	struct strbuf text;
	struct section *section;
	struct symbol *symbol;
};

static struct error *collect_names(const struct record *r, size_t n, struct strbuf *out)
{
	for (size_t i = 0; i < n; i++) {
		TRY(strbuf_add(out, r[i].old_name, strlen(r[i].old_name) + 1));
		TRY(strbuf_add(out, r[i].object, strlen(r[i].object) + 1));
	}
	return NULL;
}

static struct error *point(struct section *s, uint64_t at, struct symbol *to, uint64_t addend)
{
	return object_add_reloc(s, at, R_X86_64_64, to, (int64_t)addend);
}

static struct error *fill(struct section *funcs, struct symbol *names, const struct record *r,
			  size_t n)
{
	uint64_t name = 0;

	for (size_t i = 0; i < n; i++) {
		uint64_t at = i * sizeof(struct suture_func_record);
		struct suture_func_record f = { .sympos = r[i].sympos };

		memcpy(funcs->bytes + at, &f, sizeof(f));
		TRY(point(funcs, at + offsetof(struct suture_func_record, old_name), names, name));
		name += strlen(r[i].old_name) + 1;
		if (strcmp(r[i].object, "vmlinux"))
			TRY(point(funcs, at + offsetof(struct suture_func_record, object), names,
				  name));
		name += strlen(r[i].object) + 1;
		TRY(point(funcs, at + offsetof(struct suture_func_record, new_function),
			  r[i].new_function, 0));
	}
	return NULL;
}

struct error *records_add(struct object *o, const struct record *r, size_t n, bool replace,
			  struct symbol **patch, struct symbol **funcs)
{
	struct suture_patch_record head = { .n_funcs = n, .replace = replace };
	struct strbuf text __cleanup_strbuf = { 0 };
	struct section *s, *names;
	struct symbol *names_symbol;

	TRY(collect_names(r, n, &text));
	TRY(object_add_section(o, SUTURE_NAMES_SECTION, SHT_PROGBITS, SHF_ALLOC, 1, text.s, text.n,
			       &names));
	TRY(object_section_symbol(o, names, &names_symbol));
	TRY(object_add_section(o, SUTURE_PATCH_SECTION, SHT_PROGBITS, SHF_ALLOC, 8, &head,
			       sizeof(head), &s));
	TRY(object_add_symbol(o, "suture_patch", STT_OBJECT, STB_LOCAL, s, 0, sizeof(head), patch));
	TRY(object_add_section(o, SUTURE_FUNCS_SECTION, SHT_PROGBITS, SHF_ALLOC, 8, NULL,
			       n * sizeof(struct suture_func_record), &s));
	TRY(object_add_symbol(o, "suture_funcs", STT_OBJECT, STB_LOCAL, s, 0, s->size, funcs));
	return fill(s, names_symbol, r, n);
}
