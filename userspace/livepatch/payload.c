// SPDX-License-Identifier: GPL-2.0-or-later
/* Compiling the glue as an external module's object: make M=FOLDER payload.o, as Kbuild does. */
#include "livepatch/payload.h"

#include <string.h>

#include "base/digest.h"
#include "base/file.h"
#include "base/subprocess.h"
#include "livepatch/glue.h"

static const char kbuild[] = "obj-m := payload.o\n";

/* Where the target keeps the compiled glue: a new suture or another compiler has another name. */
static struct error *cache_path(const struct target *t, char **folder, char **path)
{
	struct strbuf all __cleanup_strbuf = { 0 };
	struct digest d;

	TRY(strbuf_printf(&all, "%s%c%s%c%s%c%s", kbuild, 0, glue_records_h, 0, glue_payload_c, 0,
			  t->compiler_text ? t->compiler_text : ""));
	TRY(digest_bytes(all.s, all.n, &d));
	*folder = str_printf("%s/payload", t->dir);
	*path = str_printf("%s/payload/%.16s.o", t->dir, d.hex);
	return *folder && *path ? NULL : error_nomem();
}

static struct error *write_source(const char *folder, const char *name, const char *text)
{
	char *path __free = str_printf("%s/%s", folder, name);

	if (!path)
		return error_nomem();
	return file_write(path, text, strlen(text), 0644);
}

static struct error *compile(const struct target *t, const char *folder)
{
	char *m __free = str_printf("M=%s", folder);
	struct strbuf output __cleanup_strbuf = { 0 };
	struct subprocess make = {
		.argv = subprocess_words("make", "--no-print-directory", "-s", "-C", t->tree, m,
					 "payload.o"),
		.env = subprocess_words("LC_ALL=C", "MAKEFLAGS=", "MAKELEVEL="),
		.timeout = 300,
		.out = &output,
		.err = &output,
	};

	if (!m)
		return error_nomem();
	TRY(write_source(folder, "Kbuild", kbuild));
	TRY(write_source(folder, "records.h", glue_records_h));
	TRY(write_source(folder, "payload.c", glue_payload_c));
	return subprocess_check(&make);
}

struct error *payload_prepare(const struct target *t)
{
	struct tmpdir work __cleanup_tmpdir = { 0 };
	char *folder __free = NULL, *path __free = NULL, *object __free = NULL;

	TRY(cache_path(t, &folder, &path));
	if (file_exists(path))
		return NULL;
	TRY(tmpdir_make(NULL, &work));
	TRY_CONTEXT(compile(t, work.path), "compiling the module glue for %s", t->name);
	object = str_printf("%s/payload.o", work.path);
	if (!object)
		return error_nomem();
	TRY(dir_make(folder));
	return file_copy(object, path);
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
	char *folder __free = NULL, *path __free = NULL;

	TRY(payload_prepare(t));
	TRY(cache_path(t, &folder, &path));
	TRY(object_read(path, &p.object));
	TRY(payload_check(p.object, &p.layout));
	*out = p;
	p.object = NULL;
	return NULL;
}

void payload_free(struct payload *p)
{
	object_free(&p->object);
}
