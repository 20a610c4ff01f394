// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Three jobs run side by side, each a download and an unpacking: the source (most of the
 * time is xz), the image with its modules, and the rest. What is never compiled for x86-64
 * is not unpacked.
 */
#include "source/fetch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/progress.h"
#include "base/subprocess.h"
#include "source/overlay.h"

/*
 * apt-get checks every digest against the archive's signed index; $APT_OPTION says which
 * configuration it asks (apt.h). $1 is a folder for the
 * packages, the rest NAME=VERSION. Its exit status is kept apart from what comes after.
 */
#define DOWNLOAD                                                                     \
	"fetch() { mkdir -p \"$1\" && cd \"$1\" && shift && "                        \
	"apt-get -qq \"$APT_OPTION\" -o APT::Sandbox::User=root download \"$@\" && " \
	"cd - >/dev/null || exit 90; }\n"

static const char source_job[] =
	"set -e\n" DOWNLOAD "fetch deb/source \"$1\"\n"
	"dpkg-deb -x deb/source/*.deb unpacked/source\n"
	"rm -r deb/source\n"
	"mkdir tree\n"
	"tar -x -f unpacked/source/usr/src/linux-source-*.tar.xz -I 'xz -dT0' -C tree"
	" --strip-components=1 --no-same-owner"
	" --anchored --wildcards --no-wildcards-match-slash --exclude='*/Documentation'"
	" --exclude='*/samples' --exclude='*/LICENSES' --exclude='*/arch/[!x]*'"
	" --exclude='*/arch/xtensa' --exclude='*/tools/testing' --exclude='*/tools/perf'\n"
	"rm -r unpacked/source\n";

/* $1 is the release, the rest the packages of the image and of its modules. */
static const char image_job[] =
	"set -e\n" DOWNLOAD "release=$1; shift\n"
	"fetch deb/image \"$@\"\n"
	"for deb in deb/image/*.deb; do dpkg-deb -x \"$deb\" unpacked/image; done\n"
	"rm -r deb/image\n"
	"cd unpacked/image\n"
	"[ -d lib/modules ] || ln -s usr/lib lib\n"
	"PATH=$PATH:/usr/sbin:/sbin depmod -b \"$PWD\" \"$release\"\n";

static const char rest_job[] =
	"set -e\n" DOWNLOAD "fetch deb/rest \"$1\" \"$2\" \"$3\"\n"
	"for deb in deb/rest/*.deb; do dpkg-deb -x \"$deb\" unpacked/rest; done\n"
	"rm -r deb/rest\n";

struct job {
	const char *what;
	const char *argv[8];
	struct strbuf err;
};

static const char *tail(const char *s)
{
	size_t n = strlen(s);

	return n > 600 ? s + n - 600 : s;
}

static struct error *job_error(const struct job *j, int status)
{
	const char *said = strbuf_str(&j->err);
	struct error *e;

	if (status == 90)
		e = error_failed("downloading %s failed:\n%s", j->what, tail(said));
	else
		e = error_failed("unpacking %s failed (status %d):\n%s", j->what, status,
				 tail(said));
	if (strstr(said, "No space left"))
		return error_advise(e, "a target needs about 3 GB while it is made: free some, "
				       "or set SUTURE_CACHE to a folder elsewhere");
	if (strstr(said, "404"))
		return error_advise(e, "the package lists are out of date: sudo apt-get update");
	if (strstr(said, "command not found"))
		return error_advise(e, "depmod is in the package kmod, xz in xz-utils");
	return e;
}

static struct error *run_jobs(struct job *jobs, size_t n, const char *option, const char *dir)
{
	const char *const env[] = { option, NULL };
	struct subprocess p[3] = { 0 };

	for (size_t i = 0; i < n; i++)
		p[i] = (struct subprocess){ .argv = jobs[i].argv,
					    .cwd = dir,
					    .env = env,
					    .out = &jobs[i].err,
					    .err = &jobs[i].err };
	TRY(subprocess_run_all(p, n, (unsigned int)n));
	for (size_t i = 0; i < n; i++)
		if (p[i].status)
			return job_error(&jobs[i], p[i].status);
	return NULL;
}

static char *name_version(const struct package *p)
{
	return str_printf("%s=%s", p->name, p->version);
}

static struct error *unpack(const struct kernel_packages *k, const char *release, const char *dir)
{
	char *source __free = name_version(&k->source), *image __free = name_version(&k->image);
	char *headers __free = name_version(&k->headers), *common __free = name_version(&k->common);
	char *kbuild __free = name_version(&k->kbuild);
	char *modules __free = k->modules.name ? name_version(&k->modules) : NULL;
	char *option __free = str_printf("APT_OPTION=%s", k->apt.option);
	struct job jobs[] = {
		{ k->source.name, { "bash", "-c", source_job, "source", source } },
		{ k->image.name, { "bash", "-c", image_job, "image", release, image, modules } },
		{ k->headers.name, { "bash", "-c", rest_job, "rest", headers, common, kbuild } },
	};
	struct error *e;

	if (!source || !image || !headers || !common || !kbuild || !option ||
	    (k->modules.name && !modules))
		return error_nomem();
	e = run_jobs(jobs, ARRAY_SIZE(jobs), option, dir);
	for (size_t i = 0; i < ARRAY_SIZE(jobs); i++)
		strbuf_free(&jobs[i].err);
	return e;
}

static struct error *move(const char *from, const char *dir, const char *to)
{
	char *new __free = str_printf("%s/%s", dir, to);

	if (!new)
		return error_nomem();
	return rename(from, new) < 0 ? error_errno(errno, "keeping %s", from) : NULL;
}

/* In /boot, or from 7.2 on beside the modules, there also under its name before it is signed. */
static const struct vmlinuz_place {
	const char *before, *after;
} vmlinuz_places[] = {
	{ "boot/vmlinuz-", "" },
	{ "lib/modules/", "/vmlinuz" },
	{ "lib/modules/", "/vmlinuz.unsigned" },
};

static struct error *keep_vmlinuz(const char *release, const char *dir)
{
	for (size_t i = 0; i < ARRAY_SIZE(vmlinuz_places); i++) {
		const struct vmlinuz_place *p = &vmlinuz_places[i];
		char *path __free =
			str_printf("%s/unpacked/image/%s%s%s", dir, p->before, release, p->after);

		if (!path)
			return error_nomem();
		if (file_exists(path))
			return move(path, dir, "vmlinuz");
	}
	return error_failed("the image's package has no vmlinuz in a place that is known");
}

static struct error *keep_image(const char *release, const char *dir)
{
	char *modules __free = str_printf("%s/unpacked/image/lib/modules/%s", dir, release);

	if (!modules)
		return error_nomem();
	TRY(keep_vmlinuz(release, dir));
	return move(modules, dir, "modules");
}

struct error *kernel_fetch(const struct kernel_packages *k, const char *release, const char *dir)
{
	char *unpacked __free = str_printf("%s/unpacked", dir);
	char *deb __free = str_printf("%s/deb", dir);
	const struct package *all[KERNEL_PACKAGES];
	size_t n = kernel_packages_all(k, all);
	uint64_t bytes = 0;

	if (!unpacked || !deb)
		return error_nomem();
	for (size_t i = 0; i < n; i++)
		bytes += all[i]->size;
	TRY(dir_make(unpacked));
	progress_step("fetching and unpacking %s of packages", str_size(bytes).s);
	TRY(unpack(k, release, dir));
	progress_step("laying the distro's headers over the source");
	TRY(overlay_headers(k, release, dir));
	TRY(keep_image(release, dir));
	TRY(dir_remove(deb));
	return dir_remove(unpacked);
}

struct error *kernel_fetch_image(const struct kernel_packages *k, const char *release,
				 const char *dir)
{
	char *unpacked __free = str_printf("%s/unpacked", dir);
	char *deb __free = str_printf("%s/deb", dir);
	char *image __free = name_version(&k->image);
	char *modules __free = k->modules.name ? name_version(&k->modules) : NULL;
	char *option __free = str_printf("APT_OPTION=%s", k->apt.option);
	struct job job = { k->image.name,
			   { "bash", "-c", image_job, "image", release, image, modules } };
	struct error *e;

	if (!unpacked || !deb || !image || !option || (k->modules.name && !modules))
		return error_nomem();
	TRY(dir_make(unpacked));
	progress_step("fetching and unpacking %s of packages",
		      str_size(k->image.size + k->modules.size).s);
	e = run_jobs(&job, 1, option, dir);
	strbuf_free(&job.err);
	TRY(e);
	TRY(keep_image(release, dir));
	TRY(dir_remove(deb));
	return dir_remove(unpacked);
}
