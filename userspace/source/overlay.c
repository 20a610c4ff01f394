// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Debian's headers packages hold what a build generates (include/generated, include/config,
 * arch/x86/include/generated), the kbuild package its programs (fixdep, objtool, ...); the
 * common package holds headers and makefiles as they are in the source, and so proves that
 * the source is the right one. It is not for the rt kernels: linux-source lacks their patches.
 */
#include "source/overlay.h"

#include <errno.h>
#include <fts.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/subprocess.h"

static void close_fts(FTS **f)
{
	if (*f)
		fts_close(*f);
	*f = NULL;
}

static struct error *compare_file(const char *part, const char *whole, const char *name)
{
	struct file_map a __cleanup_map = { 0 }, b __cleanup_map = { 0 };

	if (!file_exists(whole))
		return NULL;
	TRY(file_map(part, &a));
	TRY(file_map(whole, &b));
	if (a.size == b.size && (!a.size || !memcmp(a.bytes, b.bytes, a.size)))
		return NULL;
	return error_refused("%s differs between the headers and the source", name);
}

struct error *overlay_compare(const char *part, const char *whole)
{
	char *const roots[] = { (char *)part, NULL };
	FTS *walk __cleanup(close_fts) = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	size_t skip = strlen(part) + 1;
	FTSENT *ent;

	if (!walk)
		return error_errno(errno, "reading %s", part);
	while ((ent = fts_read(walk))) {
		char *other __free = NULL;

		TRY(interrupt_check());
		if (ent->fts_info == FTS_ERR || ent->fts_info == FTS_DNR)
			return error_errno(ent->fts_errno, "reading %s", ent->fts_path);
		if (ent->fts_info != FTS_F)
			continue;
		other = str_printf("%s/%s", whole, ent->fts_path + skip);
		if (!other)
			return error_nomem();
		TRY(compare_file(ent->fts_path, other, ent->fts_path + skip));
	}
	return NULL;
}

/* $1 headers, $2 kbuild, $3 tree. What the source has itself is not replaced by kbuild's. */
static const char lay_over[] =
	"set -e\n"
	"(cd \"$1\" && cp -a .config .kernelvariables Module.symvers arch include \"$3\"/)\n"
	"cp -a --no-clobber \"$2\"/. \"$3\"/\n";

/* The one folder usr/lib/linux-kbuild-*; its name holds the series, not the release. */
static struct error *check_parts(const char *headers, const char *common, const char *kbuild)
{
	const char *const all[] = { headers, common, kbuild };

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		if (!file_is_dir(all[i]))
			return error_failed("the headers packages have no %s", all[i]);
	return NULL;
}

struct error *overlay_headers(const struct kernel_packages *k, const char *release, const char *dir)
{
	char *headers __free =
		str_printf("%s/unpacked/rest/usr/src/linux-headers-%s", dir, release);
	char *common __free = str_printf("%s/unpacked/rest/usr/src/%s", dir, k->common.name);
	char *kbuild __free = str_printf("%s/unpacked/rest/usr/lib/%s", dir, k->kbuild.name);
	char *tree __free = str_printf("%s/tree", dir);
	struct subprocess p = { .argv = subprocess_words("bash", "-c", lay_over, "overlay", headers,
							 kbuild, tree) };

	if (!headers || !common || !kbuild || !tree)
		return error_nomem();
	TRY(check_parts(headers, common, kbuild));
	TRY(error_advise(error_context(overlay_compare(common, tree),
				       "%s %s is not what %s was built from", k->source.name,
				       k->source.version, k->image.name),
			 "the rt kernels' patches, for instance, are not in Debian's "
			 "linux-source package"));
	return error_context(subprocess_check(&p), "laying headers over the source");
}
