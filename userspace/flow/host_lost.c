// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The ledger is lost or damaged. What was kept of the bundles and what the kernel has tell which
 * patches of suture's are live; a new chain begins with them, and with the gap on record.
 */
#include <dirent.h>
#include <string.h>

#include "base/str.h"
#include "flow/host_state.h"

#define OURS "suture_" /* the names of modules that suture builds begin so */

struct lost {
	const struct host *h;
	struct live_patches live;
	VEC(struct ledger_found) found;
	struct arena arena;
};

static void lost_free(struct lost *l)
{
	live_patches_free(&l->live);
	vec_free(&l->found);
	arena_free(&l->arena);
}

static bool is_found(const struct lost *l, const char *module)
{
	vec_for_each(&l->found, f)
		if (str_equal(f->module, module))
			return true;
	return false;
}

/* A kept bundle whose livepatch the kernel has. One that can't be read tells nothing. */
static struct error *add_bundle(struct lost *l, const char *path)
{
	struct bundle *b __cleanup_bundle = NULL;
	struct error *unread __cleanup_error = NULL;
	const struct bundle_payload *p;
	struct ledger_found f;

	unread = bundle_open(path, &b);
	p = b ? bundle_payload_for(b, l->h->kernel.release) : NULL;
	if (!p || !live_patch_find(&l->live, p->module) || is_found(l, p->module))
		return NULL;
	f = (struct ledger_found){ .patch = arena_strdup(&l->arena, b->name),
				   .module = arena_strdup(&l->arena, p->module),
				   .bundle = arena_strdup(&l->arena, b->digest.hex),
				   .path = arena_strdup(&l->arena, path),
				   .version = b->facts.serial };
	f.fix = f.patch;
	if (!f.patch || !f.module || !f.bundle || !f.path)
		return error_nomem();
	return vec_push(&l->found, f);
}

static struct error *look_at_bundles(struct lost *l)
{
	char *dir __free = str_printf("%s/bundles", l->h->dir);
	struct error *e = NULL;
	struct dirent *ent;
	DIR *d;

	if (!dir)
		return error_nomem();
	d = opendir(dir);
	while (d && !e && (ent = readdir(d))) {
		char *path __free = NULL;

		if (!str_ends(ent->d_name, ".suture"))
			continue;
		path = str_printf("%s/%s", dir, ent->d_name);
		e = path ? add_bundle(l, path) : error_nomem();
	}
	if (d)
		closedir(d);
	return e;
}

/* Those of which not even the bundle is left: the module's name is all that is known. */
static struct error *look_at_kernel(struct lost *l)
{
	vec_for_each(&l->live.patches, p) {
		struct ledger_found f;

		if (!str_starts(p->name, OURS) || is_found(l, p->name))
			continue;
		f.module = arena_strdup(&l->arena, p->name);
		f = (struct ledger_found){ .module = f.module,
					   .patch = f.module ? f.module + strlen(OURS) : NULL };
		if (!f.module)
			return error_nomem();
		TRY(vec_push(&l->found, f));
	}
	return NULL;
}

struct error *host_ledger_begin(struct host *h, const char *path, bool damaged, const char *why)
{
	struct lost l __cleanup(lost_free) = { .h = h };
	char *aside __free = NULL;

	TRY(live_patches_read(&l.live));
	TRY(look_at_bundles(&l));
	TRY(look_at_kernel(&l));
	if (!damaged && !l.found.n)
		return ledger_create(path, &h->ledger);
	TRY(ledger_rebuild(path, "recovery", why, l.found.v, l.found.n, &aside, &h->ledger));
	host_say(h, "recovered", NULL,
		 "the ledger begins anew, with %zu live patch%s found in the kernel: %s%s%s",
		 l.found.n, l.found.n == 1 ? "" : "es", why,
		 aside ? "; the old one is kept as " : "", aside ? aside : "");
	return NULL;
}
