// SPDX-License-Identifier: GPL-2.0-or-later
/* Compiling the glue as an external module's object: make M=FOLDER payload.o, as Kbuild does. */
#include "livepatch/payload.h"

#include <string.h>

#include "base/digest.h"
#include "base/file.h"
#include "base/subprocess.h"
#include "livepatch/glue.h"

static const char kbuild[] = "obj-m := payload.o reload.o at_load.o constants.o\n";

static const struct {
	const char *name, *text;
} sources[] = {
	{ "Kbuild", kbuild },
	{ "records.h", glue_records_h },
	{ "payload.c", glue_payload_c },
	{ "reload.c", glue_reload_c },
	{ "at_load.c", glue_at_load_c },
	{ "constants.c", glue_constants_c },
};

/* Where the target keeps the compiled glue: a new suture or another compiler has another one. */
static struct error *cache_folder(const struct target *t, char **out)
{
	struct strbuf all __cleanup_strbuf = { 0 };
	struct digest d;

	TRY(strbuf_printf(&all, "%s%c%s", kbuild, 0, t->compiler_text ? t->compiler_text : ""));
	for (size_t i = 0; i < ARRAY_SIZE(sources); i++)
		TRY(strbuf_printf(&all, "%c%s", 0, sources[i].text));
	TRY(digest_bytes(all.s, all.n, &d));
	*out = str_printf("%s/payload/%.16s", t->dir, d.hex);
	return *out ? NULL : error_nomem();
}

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

static struct error *write_source(const char *folder, const char *name, const char *text)
{
	char *path __free = str_printf("%s/%s", folder, name);

	if (!path)
		return error_nomem();
	return file_write(path, text, strlen(text), 0644);
}

static struct error *compile(const struct target *t, const char *folder, const char *object)
{
	char *m __free = str_printf("M=%s", folder);
	char *tmp __free = str_printf("TMPDIR=%s", folder);
	/* A distro's tree names its compiler itself. */
	char *cc __free = t->source ? str_printf("CC=%s", t->compiler) : strdup("KBUILD_VERBOSE=0");
	struct strbuf output __cleanup_strbuf = { 0 };
	struct subprocess make = {
		.argv = subprocess_words("make", "--no-print-directory", "-s", "-C", t->tree, m, cc,
					 object),
		/* Nothing of the caller's environment (KCFLAGS, ...) may reach the compiler. */
		.env = subprocess_words("LC_ALL=C", tmp),
		.clear_env = true,
		.root = target_root(t),
		.timeout = 300,
		.out = &output,
		.err = &output,
	};

	if (!m || !tmp || !cc)
		return error_nomem();
	for (size_t i = 0; i < ARRAY_SIZE(sources); i++)
		TRY(write_source(folder, sources[i].name, sources[i].text));
	return subprocess_check(&make);
}

/* *path: where the object is in the cache; compiled if it is not there yet. */
static struct error *prepare(const struct target *t, const char *object, char **path)
{
	struct tmpdir work __cleanup_tmpdir = { 0 };
	char *folder __free = NULL, *made __free = NULL;

	TRY(cache_folder(t, &folder));
	*path = str_printf("%s/%s", folder, object);
	if (!*path)
		return error_nomem();
	if (file_exists(*path))
		return NULL;
	TRY(tmpdir_make(NULL, &work));
	TRY_CONTEXT(compile(t, work.path, object), "compiling the module glue for %s", t->name);
	made = str_printf("%s/%s", work.path, object);
	if (!made)
		return error_nomem();
	TRY(dir_make(folder));
	return file_copy(made, *path);
}

static struct error *read_part(const struct target *t, const char *object, struct object **out)
{
	char *path __free = NULL;

	TRY(prepare(t, object, &path));
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
