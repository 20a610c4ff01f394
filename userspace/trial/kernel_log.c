// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The words are those of lib/bug.c, kernel/panic.c, kernel/locking/lockdep.c, kernel/rcu,
 * kernel/hung_task.c, kernel/watchdog.c, mm/ and the sanitizers; taint bits those of
 * Documentation/admin-guide/tainted-kernels.rst.
 */
#include "trial/kernel_log.h"

#include "base/cleanup.h"

static const char *const complaints[] = {
	"BUG:",
	"WARNING:",
	"kernel BUG at",
	"Oops:",
	"general protection fault",
	"Kernel panic",
	"Unable to handle kernel",
	"unable to handle",
	"INFO: task ",
	"INFO: rcu",
	"detected stall",
	"self-detected stall",
	"soft lockup",
	"hard LOCKUP",
	"possible recursive locking",
	"possible circular locking",
	"possible irq lock inversion",
	"inconsistent lock state",
	"suspicious RCU usage",
	"scheduling while atomic",
	"sleeping function called from invalid context",
	"list_add corruption",
	"list_del corruption",
	"refcount_t:",
	"Bad page state",
	"bad page map",
	"UBSAN:",
	"KASAN:",
	"KCSAN:",
	"KFENCE:",
	"page allocation failure",
	"invoked oom-killer",
	"Call Trace:",
	"livepatch: failed to",
	"ftrace failed to",
	"new suspected memory leaks",
};

static bool any(const char *line, size_t n, const char *const *words, size_t n_words)
{
	for (size_t i = 0; i < n_words; i++)
		if (memmem(line, n, words[i], strlen(words[i])))
			return true;
	return false;
}

bool kernel_log_complains(const char *text, const char *const *allowed, size_t n, const char **line)
{
	while (*text) {
		size_t k = strcspn(text, "\n");

		if (any(text, k, complaints, ARRAY_SIZE(complaints)) && !any(text, k, allowed, n)) {
			*line = text;
			return true;
		}
		text += k + (text[k] == '\n');
	}
	return false;
}

static const char *const taints[] = {
	"proprietary module (P)",
	"module forced to load (F)",
	"CPU out of specification (S)",
	"module forced to go (R)",
	"machine check (M)",
	"bad page (B)",
	"by userspace (U)",
	"the kernel died (D)",
	"ACPI table overridden (A)",
	"warning (W)",
	"staging driver (C)",
	"firmware bug (I)",
	"out-of-tree module (O)",
	"unsigned module (E)",
	"soft lockup (L)",
	"livepatch (K)",
	"auxiliary (X)",
	"randstruct (T)",
	"in-kernel test (N)",
};

/* Out-of-tree, unsigned and livepatch: what every livepatch module brings. */
#define OURS ((uint64_t)1 << 12 | (uint64_t)1 << 13 | (uint64_t)1 << 15)

struct error *kernel_taint_new(uint64_t before, uint64_t after, struct strbuf *out)
{
	uint64_t fresh = after & ~before & ~OURS;

	for (unsigned int i = 0; i < 64; i++) {
		if (!(fresh >> i & 1))
			continue;
		TRY(strbuf_puts(out, out->n ? ", " : ""));
		TRY(i < ARRAY_SIZE(taints) ? strbuf_puts(out, taints[i])
					   : strbuf_printf(out, "bit %u", i));
	}
	return NULL;
}
