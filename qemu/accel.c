// SPDX-License-Identifier: GPL-2.0-or-later
#include "qemu/accel.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/str.h"

/* The size and time of the emulator's binary, wherever PATH finds it. */
static struct error *add_emulator(struct strbuf *key)
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

static struct error *add_cpu(struct strbuf *key)
{
	struct strbuf text __cleanup_strbuf = { 0 };
	const char *at;

	TRY(file_read("/proc/cpuinfo", &text));
	at = strstr(strbuf_str(&text), "model name");
	return at ? strbuf_add(key, at, strcspn(at, "\n")) : NULL;
}

static struct error *answer_path(char **out)
{
	struct strbuf key __cleanup_strbuf = { 0 };
	char *cache __free = NULL, *dir __free = NULL;
	struct utsname u;

	TRY(cache_dir(&cache));
	uname(&u);
	TRY(strbuf_printf(&key, "%s %s %s\n", u.release, u.version, u.machine));
	TRY(add_emulator(&key));
	TRY(add_cpu(&key));
	dir = str_printf("%s/vm", cache);
	if (!dir)
		return error_nomem();
	TRY(dir_make(dir));
	*out = str_printf("%s/kvm-%016llx", dir, (unsigned long long)hash_bytes(key.s, key.n, 0));
	return *out ? NULL : error_nomem();
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
		*use_kvm = str_equal(strbuf_str(&answer), "works\n");
		return NULL;
	}
	TRY(smoke(arg, use_kvm));
	return *use_kvm ? file_write(path, "works\n", 6, 0666)
			: file_write(path, "does not run guests\n", 20, 0666);
}
