// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From a proven address to the name under which the kernel finds it at load.
 *
 * A name alone proves nothing: a static function may share the name of an exported one, and
 * several statics may share a name. So the symbol that the image has at the proven address
 * is asked for its name, its position among its namesakes, and whether it is the global one
 * that the export means.
 *
 * Knowledge: kernel/livepatch/core.c (klp_resolve_symbols: the field widths, the characters
 * that end a field; klp_find_object_symbol: an address of 0 is "not found").
 */
#include "livepatch/reference.h"

#include <ctype.h>
#include <string.h>

#include "livepatch/depends.h"

#define OBJECT_NAME_MAX 55
#define SYMBOL_NAME_MAX 511

static bool is_vmlinux(const struct image *img)
{
	return str_equal(img->name, "vmlinux");
}

/* As nm and kallsyms show it: capital letters are global, also W and V, the weak. */
static bool is_global(const struct image_symbol *s)
{
	return isupper((unsigned char)s->type);
}

static size_t globals_named(const struct image *img, const char *name,
			    const struct image_symbol **out)
{
	size_t first, n = image_symbols_named(img, name, &first), found = 0;

	for (size_t i = first; i < first + n; i++) {
		const struct image_symbol *s = &img->symbols.v[img->name_order.v[i]];

		if (!is_global(s))
			continue;
		*out = s;
		found++;
	}
	return found;
}

/* Module.symvers of another build would make a module that the kernel does not load. */
static struct error *check_crc(const struct exported *e, const struct image_export *x)
{
	if (!x->has_crc || x->crc == e->crc)
		return NULL;
	return error_failed("the checksum of %s is 0x%08x in Module.symvers and 0x%08x in the "
			    "kernel: they do not belong together",
			    e->name, e->crc, x->crc);
}

/* What is exported "for" a module: only that module may use the export. */
static bool is_for_one_module(const struct exported *e)
{
	return str_starts(e->name_space, "module:");
}

/* Does an ordinary undefined symbol of this name lead to this very symbol of vmlinux? */
static struct error *is_exported(const struct naming *n, const struct image *vmlinux,
				 const struct image_symbol *s, bool *out)
{
	const struct exported *e = symvers_find(n->symvers, s->name);
	const struct image_export *x = image_exports_find(n->exports, s->name);
	const struct image_symbol *global = NULL;

	*out = false;
	if (!e || !exported_by_vmlinux(e) || is_for_one_module(e) ||
	    strlen(s->name) >= n->export_name_max)
		return NULL;
	if (n->exports->known) {
		if (!x || x->address != s->address)
			return NULL;
		*out = true;
		return check_crc(e, x);
	}
	*out = globals_named(vmlinux, s->name, &global) == 1 && global == s;
	return NULL;
}

/* The symbol at the place, by preference the one that the source calls it by. */
static const struct image_symbol *symbol_of(const struct image *img, const struct placement *p,
					    const char *name)
{
	size_t first, n = image_symbols_at(img, p->address, &first);

	for (size_t i = first; i < first + n; i++)
		if (str_equal(img->symbols.v[i].name, name))
			return &img->symbols.v[i];
	return p->symbol;
}

static bool is_between(const struct image *img, const char *first, const char *behind,
		       uint64_t address)
{
	const struct image_symbol *begin = NULL, *end = NULL;

	return globals_named(img, first, &begin) == 1 && globals_named(img, behind, &end) == 1 &&
	       address >= begin->address && address < end->address;
}

/*
 * Init code and data are given back after boot, or after the module's init function. From 6.15 on
 * percpu variables have addresses among them: their first values are given back, they are not.
 */
static bool gone_after_init(const struct image *img, uint64_t address)
{
	const struct image_segment *segment;

	if (!is_vmlinux(img)) {
		segment = image_segment_at(img, address);
		return segment && str_starts(segment->name, ".init");
	}
	return is_between(img, "__init_begin", "__init_end", address) &&
	       !is_between(img, "__per_cpu_start", "__per_cpu_end", address);
}

static struct error *check_names(const char *object, const char *name)
{
	if (strlen(object) > OBJECT_NAME_MAX || strchr(object, '.'))
		return error_refused("livepatch can't refer to an object named '%s'", object);
	if (strlen(name) > SYMBOL_NAME_MAX || strchr(name, ',') || !*name)
		return error_refused("livepatch can't refer to a symbol named '%s'", name);
	return NULL;
}

static struct error *livepatch_symbol(const struct image *img, const struct image_symbol *s,
				      struct livepatch_reference *out)
{
	TRY(check_names(img->name, s->name));
	if (!s->address)
		return error_refused("%s is at address 0, which livepatch takes for not found",
				     s->name);
	out->named = LIVEPATCH_SYMBOL;
	out->object = img->name;
	out->name = s->name;
	out->sympos = image_sympos(s);
	return NULL;
}

static struct error *name_placed(const struct naming *n, const struct image *img,
				 const struct placement *p, const char *name,
				 struct livepatch_reference *out)
{
	const struct image_symbol *s = symbol_of(img, p, name);
	bool exported = false;

	out->address = p->address;
	out->how = p->how;
	out->witnesses = p->witnesses;
	if (!s)
		return error_advise(error_refused("%s is at 0x%llx of %s, where no symbol is", name,
						  (unsigned long long)p->address, img->name),
				    "livepatch finds things by name: what has none in kallsyms "
				    "can't be referred to");
	if (gone_after_init(img, p->address))
		return error_refused(
			"%s is init code or data of %s: it is gone when the patch loads", name,
			img->name);
	if (is_vmlinux(img))
		TRY(is_exported(n, img, s, &exported));
	if (exported) {
		out->named = LIVEPATCH_EXPORT;
		out->object = "vmlinux";
		out->name = s->name;
		return NULL;
	}
	return livepatch_symbol(img, s, out);
}

/* A global of the image, known by name alone. ERROR_NOTHING (no message kept) if it has none. */
static struct error *name_global(const struct naming *n, const struct image *img, const char *name,
				 bool *found, struct livepatch_reference *out)
{
	const struct image_symbol *s = NULL;
	struct placement p = { .how = BIND_NAMED };
	size_t globals = globals_named(img, name, &s);

	*found = globals > 0;
	if (!globals)
		return NULL;
	if (globals > 1)
		return error_refused("%s has %zu global symbols named %s", img->name, globals,
				     name);
	p.address = s->address;
	p.symbol = s;
	return name_placed(n, img, &p, name, out);
}

static struct error *open_exporter(const struct naming *n, const struct exported *e,
				   struct image **out)
{
	char *path __free = NULL;

	if (!n->modules)
		return error_refused("%s is exported by %s, whose file is not at hand", e->name,
				     e->owner);
	TRY(target_module_file(n->modules, e->owner, &path));
	if (!path)
		return error_refused("%s is exported by %s, which is not shipped", e->name,
				     e->owner);
	return image_open_module(path, out);
}

/* What the unit's module takes from another one: resolved when the unit's module loads. */
static struct error *name_of_module(const struct naming *n, const struct exported *e,
				    struct livepatch_reference *out)
{
	struct image *img __cleanup_image = NULL;
	bool found;

	TRY(open_exporter(n, e, &img));
	TRY(name_global(n, img, e->name, &found, out));
	if (!found)
		return error_refused("%s should be exported by %s, which has no such symbol",
				     e->name, e->owner);
	out->object = arena_strdup(n->arena, out->object);
	out->name = arena_strdup(n->arena, out->name);
	if (!out->object || !out->name)
		return error_nomem();
	return NULL;
}

/* An undefined symbol of the unit's object: the kernel links it to a global of that name. */
static struct error *name_imported(const struct naming *n, const struct livepatch_part *part,
				   const char *name, bool is_new, struct livepatch_reference *out)
{
	const struct image *own = part->binding->image;
	const struct exported *e = symvers_find(n->symvers, name);
	bool found = false;

	if (is_new)
		TRY(name_global(n, own, name, &found, out));
	if (!found && part->vmlinux && (!e || exported_by_vmlinux(e)))
		TRY(name_global(n, part->vmlinux, name, &found, out));
	if (found)
		return NULL;
	if (!e || exported_by_vmlinux(e))
		return error_refused("%s is defined neither in %s nor in vmlinux", name, own->name);
	if (is_vmlinux(own))
		return error_refused("%s belongs to the module %s, which code of vmlinux can't use",
				     name, e->owner);
	if (is_new && !module_depends_on(own, e->owner))
		return error_advise(
			error_refused("%s belongs to the module %s, which %s does not depend on",
				      name, e->owner, own->name),
			"nothing loads %s before the new code runs, or keeps it loaded", e->owner);
	return name_of_module(n, e, out);
}

struct error *reference_resolve(const struct naming *n, const struct livepatch_part *part,
				const struct outside *o, struct livepatch_reference *out)
{
	struct livepatch_reference r = { 0 };
	const struct placement *p = NULL;

	if (!o->before) {
		TRY(name_imported(n, part, o->symbol->name, true, &r));
		*out = r;
		return NULL;
	}
	TRY(binding_need(part->binding, o->before, &p));
	if (p->how == BIND_EXTERNAL) {
		TRY(name_imported(n, part, o->before->name, false, &r));
		r.how = BIND_EXTERNAL;
	} else {
		TRY(name_placed(n, part->binding->image, p, o->before->name, &r));
	}
	*out = r;
	return NULL;
}

struct error *reference_old_function(const struct naming *n, const struct livepatch_part *part,
				     const struct replacement *r, struct livepatch_reference *out)
{
	const struct image *img = part->binding->image;
	struct livepatch_reference found = { 0 };
	const struct placement *p;
	const struct image_symbol *s;

	TRY(binding_need_function(part->binding, r->old, &p));
	TRY(name_placed(n, img, p, r->old->name, &found));
	s = symbol_of(img, p, r->old->name);
	TRY(livepatch_symbol(img, s, &found));
	*out = found;
	return NULL;
}

struct error *reference_for_glue(const struct naming *n, const struct image *vmlinux,
				 const char *name, struct livepatch_reference *out)
{
	struct livepatch_reference r = { .how = BIND_NAMED };
	bool found;

	TRY(name_global(n, vmlinux, name, &found, &r));
	if (!found)
		return error_failed("the module glue needs %s, which this kernel does not have",
				    name);
	*out = r;
	return NULL;
}

struct error *reference_at(const struct naming *n, const struct image *vmlinux,
			   const struct image_symbol *s, struct livepatch_reference *out)
{
	struct placement p = { .how = BIND_NAMED, .address = s->address, .symbol = s };
	struct livepatch_reference r = { 0 };

	TRY(name_placed(n, vmlinux, &p, s->name, &r));
	*out = r;
	return NULL;
}

char *reference_symbol_name(const struct naming *n, const struct livepatch_reference *r)
{
	if (r->named == LIVEPATCH_SYMBOL)
		return arena_printf(n->arena, ".klp.sym.%s.%s,%u", r->object, r->name, r->sympos);
	return arena_strdup(n->arena, r->name);
}
