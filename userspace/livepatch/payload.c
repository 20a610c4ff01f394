// SPDX-License-Identifier: GPL-2.0-or-later
/* Compiling the glue as an external module's object: make M=FOLDER payload.o, as Kbuild does. */
#include "livepatch/payload.h"

#include <string.h>

#include "base/digest.h"
#include "base/file.h"
#include "base/subprocess.h"
#include "livepatch/glue.h"

static const char kbuild[] = "obj-m := payload.o reload.o constants.o\n";

/* Where the target keeps the compiled glue: a new suture or another compiler has another one. */
static struct error *cache_folder(const struct target *t, char **out)
{
	struct strbuf all __cleanup_strbuf = { 0 };
	struct digest d;

	TRY(strbuf_printf(&all, "%s%c%s%c%s%c%s%c%s%c%s", kbuild, 0, glue_records_h, 0,
			  glue_payload_c, 0, glue_reload_c, 0, glue_constants_c, 0,
			  t->compiler_text ? t->compiler_text : ""));
	TRY(digest_bytes(all.s, all.n, &d));
	*out = str_printf("%s/payload/%.16s", t->dir, d.hex);
	return *out ? NULL : error_nomem();
}

/* Does this kernel leave to us what reload.c does? Its own function is declared if not. */
static struct error *needs_reload(const struct target *t, bool *out)
{
	char *path __free = str_printf("%s/include/linux/moduleloader.h", t->tree);
	struct strbuf text __cleanup_strbuf = { 0 };

	if (!path)
		return error_nomem();
	TRY(file_read(path, &text));
	*out = !strstr(strbuf_str(&text), "clear_relocate_add");
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
	TRY(write_source(folder, "Kbuild", kbuild));
	TRY(write_source(folder, "records.h", glue_records_h));
	TRY(write_source(folder, "payload.c", glue_payload_c));
	TRY(write_source(folder, "reload.c", glue_reload_c));
	TRY(write_source(folder, "constants.c", glue_constants_c));
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

/* A part of the glue that not every kernel needs: made if so, and read if 'out' is given. */
static struct error *optional(const struct target *t,
			      struct error *(*needed)(const struct target *, bool *),
			      const char *object, struct object **out)
{
	char *path __free = NULL;
	bool yes = false;

	TRY(needed(t, &yes));
	if (!yes)
		return NULL;
	TRY(prepare(t, object, &path));
	return out ? object_read(path, out) : NULL;
}

struct error *payload_prepare(const struct target *t)
{
	char *path __free = NULL;

	TRY(prepare(t, "payload.o", &path));
	TRY(optional(t, needs_reload, "reload.o", NULL));
	return optional(t, needs_constants, "constants.o", NULL);
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
	char *path __free = NULL;

	TRY(prepare(t, "payload.o", &path));
	TRY(object_read(path, &p.object));
	TRY(payload_check(p.object, &p.layout));
	TRY(optional(t, needs_reload, "reload.o", &p.reload));
	TRY(optional(t, needs_constants, "constants.o", &p.constants));
	*out = p;
	p = (struct payload){ 0 };
	return NULL;
}

void payload_free(struct payload *p)
{
	object_free(&p->object);
	object_free(&p->reload);
	object_free(&p->constants);
}
