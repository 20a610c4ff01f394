// SPDX-License-Identifier: GPL-2.0-or-later
#include "bundle/trust.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "bundle/trust_file.h"

#define FILES_MAX 1000

void trust_free(struct trust **at)
{
	struct trust *t = *at;

	if (!t)
		return;
	vec_for_each(&t->keys, k)
		key_clear(&k->key);
	vec_free(&t->keys);
	vec_free(&t->revoked_keys);
	vec_free(&t->revoked_bundles);
	vec_free(&t->rules);
	arena_free(&t->arena);
	free(t);
	*at = NULL;
}

const struct trust_key *trust_key_by_id(const struct trust *t, const struct digest *id)
{
	vec_for_each(&t->keys, k)
		if (!memcmp(k->key.id.bytes, id->bytes, DIGEST_BYTES))
			return k;
	return NULL;
}

const struct policy *trust_policy_for(const struct trust *t, const struct place *p)
{
	vec_for_each(&t->rules, r)
		if (scope_has(&r->scope, p))
			return &r->policy;
	return &t->policy;
}

/* --- the folder --------------------------------------------------------------------- */

/* Who could write to it could say whom to trust. */
static struct error *check_owner(const char *path, mode_t kind)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return error_errno(errno, "%s", path);
	if ((st.st_mode & S_IFMT) != kind)
		return error_failed("%s is no %s", path, kind == S_IFDIR ? "folder" : "file");
	if (st.st_uid != 0 && st.st_uid != geteuid())
		return error_failed("%s belongs to neither root nor the caller", path);
	if (st.st_mode & 022)
		return error_advise(error_failed("%s can be written to by others", path),
				    "chmod go-w %s", path);
	if (kind == S_IFREG && st.st_size > YAML_SIZE_MAX)
		return error_failed("%s is too long", path);
	return NULL;
}

static int is_yaml(const struct dirent *d)
{
	return d->d_name[0] != '.' && str_ends(d->d_name, ".yaml");
}

struct names {
	struct dirent **v;
	int n;
};

static void free_names(struct names *l)
{
	for (int i = 0; i < l->n; i++)
		free(l->v[i]);
	free(l->v);
}

static struct error *read_file(struct trust *t, const char *folder, const char *name)
{
	struct strbuf text __cleanup_strbuf = { 0 };
	char *path = arena_printf(&t->arena, "%s/%s", folder, name);

	if (!path)
		return error_nomem();
	TRY(check_owner(path, S_IFREG));
	TRY(file_read(path, &text));
	return trust_file_read(t, path, strbuf_str(&text), text.n);
}

static struct error *read_folder(struct trust *t, const char *folder)
{
	struct names list __cleanup(free_names) = { 0 };

	TRY(check_owner(folder, S_IFDIR));
	list.n = scandir(folder, &list.v, is_yaml, alphasort);
	if (list.n < 0)
		return error_errno(errno, "%s", folder);
	if (list.n > FILES_MAX)
		return error_failed("%s has more than %d files", folder, FILES_MAX);
	for (int i = 0; i < list.n; i++)
		TRY(read_file(t, folder, list.v[i]->d_name));
	return NULL;
}

struct error *trust_open(const char *folder, struct trust **out)
{
	struct trust *t __cleanup_trust = calloc(1, sizeof(*t));

	if (!t)
		return error_nomem();
	t->policy = (struct policy)POLICY_USUAL;
	t->folder = arena_strdup(&t->arena, folder);
	if (!t->folder)
		return error_nomem();
	/* Only one that is not there; what can't be looked at is an error. */
	if (file_exists(folder) || errno != ENOENT)
		TRY(error_with_kind(error_context(read_folder(t, folder), "whom to trust"),
				    ERROR_POLICY));
	*out = take(t);
	return NULL;
}
