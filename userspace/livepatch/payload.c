// SPDX-License-Identifier: GPL-2.0-or-later
#include "livepatch/payload.h"

#include <string.h>

#include "base/file.h"
#include "livepatch/external.h"
#include "livepatch/glue.h"

static const char kbuild[] = "obj-m := payload.o reload.o at_load.o constants.o\n";

static const struct external_source sources[] = {
	{ "Kbuild", kbuild },
	{ "records.h", glue_records_h },
	{ "payload.c", glue_payload_c },
	{ "reload.c", glue_reload_c },
	{ "at_load.c", glue_at_load_c },
	{ "constants.c", glue_constants_c },
};

/* Does this kernel do what reload.c does, where it can? Then its own function is declared. */
static struct error *clears_by_itself(const struct target *t, bool *out)
{
	char *path __free = str_printf("%s/include/linux/moduleloader.h", t->tree);
	struct strbuf text __cleanup_strbuf = { 0 };

	if (!path)
		return error_nomem();
	TRY(file_read(path, &text));
	*out = strstr(strbuf_str(&text), "clear_relocate_add") != NULL;
	return NULL;
}

/* Has this kernel instructions that only its own image gets right? */
static struct error *needs_constants(const struct target *t, bool *out)
{
	char *path __free = str_printf("%s/arch/x86/include/asm/runtime-const.h", t->tree);

	if (!path)
		return error_nomem();
	*out = file_exists(path);
	return NULL;
}

static struct error *read_part(const struct target *t, const char *object, struct object **out)
{
	static const struct external glue = { .kind = "payload",
					      .what = "the module glue",
					      .sources = sources,
					      .n = ARRAY_SIZE(sources) };
	char *path __free = NULL;

	TRY(external_make(t, &glue, object, object, &path));
	return object_read(path, out);
}

struct error *payload_prepare(const struct target *t)
{
	struct payload p __cleanup_payload = { 0 };

	return payload_open(t, &p);
}

static struct error *need_section(const struct object *o, const char *name, struct section **out)
{
	struct section *s = object_section(o, name);

	if (!s || !s->size || !s->bytes)
		return error_failed("the compiled module glue has no section %s", name);
	*out = s;
	return NULL;
}

struct error *payload_check(const struct object *o, struct suture_layout_record *out)
{
	struct section *layout = NULL, *module = NULL, *modinfo = NULL;
	struct suture_layout_record r;

	TRY(need_section(o, SUTURE_LAYOUT_SECTION, &layout));
	TRY(need_section(o, ".gnu.linkonce.this_module", &module));
	TRY(need_section(o, ".modinfo", &modinfo));
	if (layout->size != sizeof(r))
		return error_failed("the module glue's layout record has another size");
	memcpy(&r, layout->bytes, sizeof(r));
	if (!r.name_size || r.name_size > module->size ||
	    r.name_offset > module->size - r.name_size)
		return error_failed("the module's name would lie outside of struct module");
	if (r.version_size &&
	    (r.version_size > 4096 || r.version_crc_size < sizeof(uint32_t) ||
	     r.version_crc_size > r.version_name_offset || r.version_name_offset >= r.version_size))
		return error_failed("the module glue's layout of __versions makes no sense");
	*out = r;
	return NULL;
}

struct error *payload_open(const struct target *t, struct payload *out)
{
	struct payload p __cleanup_payload = { 0 };
	bool constants = false;

	TRY(read_part(t, "payload.o", &p.object));
	TRY(payload_check(p.object, &p.layout));
	TRY(clears_by_itself(t, &p.clears));
	TRY(read_part(t, "reload.o", &p.reload));
	TRY(read_part(t, "at_load.o", &p.at_load));
	TRY(needs_constants(t, &constants));
	if (constants)
		TRY(read_part(t, "constants.o", &p.constants));
	*out = p;
	p = (struct payload){ 0 };
	return NULL;
}

void payload_free(struct payload *p)
{
	object_free(&p->object);
	object_free(&p->reload);
	object_free(&p->at_load);
	object_free(&p->constants);
}
