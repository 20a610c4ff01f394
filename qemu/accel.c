// SPDX-License-Identifier: GPL-2.0-or-later
#include "qemu/accel.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/str.h"

#define WORKS "works\n"

/* The size and time of the emulator's binary, wherever PATH finds it. */
struct error *accel_emulator(struct strbuf *key)
{
	const char *path = getenv("PATH");
	char *copy __free = strdup(path ? path : "/usr/bin:/bin");
	char *at = copy, *dir;
	struct stat st;

	while (at && (dir = strsep(&at, ":"))) {
		char *file __free = str_printf("%s/qemu-system-x86_64", dir);

		if (!file)
			return error_nomem();
		if (!stat(file, &st))
			return strbuf_printf(key, "%s %lld %lld\n", file, (long long)st.st_size,
					     (long long)st.st_mtime);
	}
	return copy ? NULL : error_nomem();
}

struct error *accel_host(struct strbuf *key)
{
	struct strbuf text __cleanup_strbuf = { 0 };
	struct utsname u;
	const char *at;

	uname(&u);
	TRY(strbuf_printf(key, "%s %s %s\n", u.release, u.version, u.machine));
	TRY(file_read("/proc/cpuinfo", &text));
	at = strstr(strbuf_str(&text), "model name");
	return at ? strbuf_add(key, at, strcspn(at, "\n")) : NULL;
}

static struct error *answer_path(char **out)
{
	struct strbuf key __cleanup_strbuf = { 0 };
	char *cache __free = NULL, *dir __free = NULL;

	TRY(cache_dir(&cache));
	TRY(accel_emulator(&key));
	TRY(accel_host(&key));
	dir = str_printf("%s/vm", cache);
	if (!dir)
		return error_nomem();
	TRY(dir_make(dir));
	*out = str_printf("%s/kvm-%016llx", dir, (unsigned long long)hash_bytes(key.s, key.n, 0));
	return *out ? NULL : error_nomem();
}

/* Where it cannot be kept it is found out again. */
static void remember(const char *path, bool works)
{
	const char *answer = works ? WORKS : "does not run guests\n";
	struct error *e __cleanup_error = file_write(path, answer, strlen(answer), 0666);

	if (e)
		log_warn("whether KVM runs guests is not remembered: %s", error_message(e));
}

struct error *accel_refute(void)
{
	char *path __free = NULL;

	TRY(answer_path(&path));
	remember(path, false);
	return NULL;
}

struct error *accel_kvm(accel_smoke *smoke, void *arg, bool *use_kvm)
{
	struct strbuf answer __cleanup_strbuf = { 0 };
	int kvm __closefd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	char *path __free = NULL;

	*use_kvm = false;
	if (kvm < 0)
		return NULL;
	TRY(answer_path(&path));
	if (file_exists(path)) {
		TRY(file_read(path, &answer));
		*use_kvm = str_equal(strbuf_str(&answer), WORKS);
		return NULL;
	}
	TRY(smoke(arg, use_kvm));
	remember(path, *use_kvm);
	return NULL;
}
