// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Knowledge: security/lockdown/lockdown.c, kernel/module/signing.c, the UEFI specification
 * (global variables), Documentation/admin-guide/sysctl/kernel.rst.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/file.h"
#include "base/str.h"
#include "livepatch/live.h"

#define SECURE_BOOT "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"

enum live_lockdown live_lockdown_parse(const char *text)
{
	static const struct {
		const char *words;
		enum live_lockdown mode;
	} modes[] = {
		{ "[none]", LOCKDOWN_NONE },
		{ "[integrity]", LOCKDOWN_INTEGRITY },
		{ "[confidentiality]", LOCKDOWN_CONFIDENTIALITY },
	};

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++)
		if (strstr(text, modes[i].words))
			return modes[i].mode;
	return LOCKDOWN_UNKNOWN;
}

/* What a file says, if it is there; "" else. */
static const char *text_of(const char *path, struct strbuf *out)
{
	struct error *e __cleanup_error = NULL;

	strbuf_free(out);
	e = file_read(path, out);
	return e ? "" : strbuf_str(out);
}

static bool is_on(const char *path)
{
	struct strbuf text __cleanup_strbuf = { 0 };
	char c = text_of(path, &text)[0];

	return c == 'Y' || (c >= '1' && c <= '9');
}

/* securityfs without the file: there is no lockdown; no securityfs: nobody knows. */
static enum live_lockdown read_lockdown(void)
{
	struct strbuf text __cleanup_strbuf = { 0 };
	const char *said = text_of("/sys/kernel/security/lockdown", &text);

	if (!*said && file_exists("/sys/kernel/security/lsm"))
		return LOCKDOWN_NONE;
	return live_lockdown_parse(said);
}

/* Four bytes of attributes, then the value. A machine without EFI has no Secure Boot. */
static void read_secure_boot(struct live_kernel *k)
{
	struct strbuf text __cleanup_strbuf = { 0 };

	text_of(SECURE_BOOT, &text);
	k->secure_boot_known = text.n == 5 || !file_is_dir("/sys/firmware/efi");
	k->secure_boot = text.n == 5 && text.s[4] == 1;
}

struct error *live_kernel_read(struct live_kernel *out)
{
	struct strbuf text __cleanup_strbuf = { 0 };
	struct live_kernel k = { 0 };
	struct utsname u;

	if (uname(&u))
		return error_errno(errno, "uname");
	snprintf(k.release, sizeof(k.release), "%s", u.release);
	snprintf(k.version, sizeof(k.version), "%s", u.version);
	snprintf(k.boot_id, sizeof(k.boot_id), "%.36s",
		 text_of("/proc/sys/kernel/random/boot_id", &text));
	k.lockdown = read_lockdown();
	read_secure_boot(&k);
	k.sig_enforce = is_on("/sys/module/module/parameters/sig_enforce");
	k.modules_disabled = is_on("/proc/sys/kernel/modules_disabled");
	k.panic_on_oops = is_on("/proc/sys/kernel/panic_on_oops");
	k.panic_on_warn = is_on("/proc/sys/kernel/panic_on_warn");
	k.taint = strtoull(text_of("/proc/sys/kernel/tainted", &text), NULL, 10);
	*out = k;
	return NULL;
}
