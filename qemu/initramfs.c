// SPDX-License-Identifier: GPL-2.0-or-later
#include "qemu/initramfs.h"

#include "base/cleanup.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/subprocess.h"
#include "qemu/cpio.h"
#include "qemu/payload.h"

#define BUSYBOX "/bin/busybox"

extern const char guest_init[], guest_init_end[];

static struct error *no_busybox(void)
{
	return error_advise(error_failed("%s is missing", BUSYBOX),
			    "install the package busybox-static");
}

static struct error *add_busybox(struct cpio *c)
{
	struct strbuf list __cleanup_strbuf = { 0 };
	struct subprocess p = { .argv = subprocess_words(BUSYBOX, "--list"),
				.out = &list,
				.timeout = 20 };
	char *at, *name;

	if (!file_exists(BUSYBOX))
		return no_busybox();
	TRY(payload_program(c, BUSYBOX, BUSYBOX));
	TRY(subprocess_check(&p));
	at = list.s;
	while ((name = strsep(&at, "\n"))) {
		char path[128];

		snprintf(path, sizeof(path), "/bin/%s", name);
		if (*name && !cpio_has(c, path))
			TRY(cpio_symlink(c, path, "busybox"));
	}
	return NULL;
}

static struct error *add_folders(struct cpio *c)
{
	static const char *const folders[] = { "dev",	  "proc",     "sys",	    "tmp",
					       "run",	  "root",     "etc",	    "sbin",
					       "usr/bin", "usr/sbin", "lib/modules" };

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		TRY(cpio_dir(c, folders[i]));
	return cpio_device(c, "/dev/console", 0600, 5, 1);
}

static struct error *build(struct cpio *c, const char *const *tools)
{
	TRY(add_folders(c));
	TRY(cpio_file(c, "/init", 0755, guest_init, (size_t)(guest_init_end - guest_init)));
	for (const char *const *t = tools; t && *t; t++)
		TRY(payload_file(c, *t));
	TRY(add_busybox(c));
	return cpio_end(c);
}

struct error *initramfs_build(const char *const *tools, struct strbuf *out)
{
	struct cpio c __cleanup_cpio = { 0 };

	TRY_CONTEXT(build(&c, tools), "making the guest's file system");
	return strbuf_add(out, c.bytes.s, c.bytes.n);
}

struct error *initramfs_identity(const char *const *tools, struct strbuf *out)
{
	struct digest init;

	TRY(digest_bytes(guest_init, (size_t)(guest_init_end - guest_init), &init));
	TRY(strbuf_printf(out, "%s\n", init.hex));
	if (!file_exists(BUSYBOX))
		return no_busybox();
	TRY(payload_identity(BUSYBOX "=" BUSYBOX, out));
	for (const char *const *t = tools; t && *t; t++)
		TRY(payload_identity(*t, out));
	return NULL;
}
