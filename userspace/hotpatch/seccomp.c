// SPDX-License-Identifier: GPL-2.0-or-later
#include "hotpatch/seccomp.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>

#include "base/str.h"
#include "hotpatch/process.h"

#define FILTERS_MOST 512

/* --- one filter ----------------------------------------------------------------------- */

struct machine {
	uint32_t a, x, memory[BPF_MEMWORDS];
	const struct seccomp_data *call;
};

/* Loads; false for what seccomp does not have. */
static bool load(struct machine *m, const struct sock_filter *i)
{
	uint32_t v;

	switch (BPF_MODE(i->code)) {
	case BPF_IMM:
		v = i->k;
		break;
	case BPF_ABS:
		if (i->k > sizeof(*m->call) - sizeof(v) || i->k % sizeof(v) ||
		    BPF_CLASS(i->code) == BPF_LDX)
			return false;
		memcpy(&v, (const uint8_t *)m->call + i->k, sizeof(v));
		break;
	case BPF_MEM:
		if (i->k >= BPF_MEMWORDS)
			return false;
		v = m->memory[i->k];
		break;
	case BPF_LEN:
		v = sizeof(*m->call);
		break;
	default:
		return false;
	}
	*(BPF_CLASS(i->code) == BPF_LD ? &m->a : &m->x) = v;
	return BPF_SIZE(i->code) == BPF_W;
}

static bool compute(struct machine *m, const struct sock_filter *i)
{
	uint32_t v = BPF_SRC(i->code) == BPF_X ? m->x : i->k;

	switch (BPF_OP(i->code)) {
	case BPF_ADD:
		m->a += v;
		return true;
	case BPF_SUB:
		m->a -= v;
		return true;
	case BPF_MUL:
		m->a *= v;
		return true;
	case BPF_DIV:
		m->a = v ? m->a / v : 0;
		return v;
	case BPF_OR:
		m->a |= v;
		return true;
	case BPF_AND:
		m->a &= v;
		return true;
	case BPF_XOR:
		m->a ^= v;
		return true;
	case BPF_LSH:
		m->a = v < 32 ? m->a << v : 0;
		return v < 32;
	case BPF_RSH:
		m->a = v < 32 ? m->a >> v : 0;
		return v < 32;
	case BPF_NEG:
		m->a = -m->a;
		return true;
	default:
		return false;
	}
}

/* How many instructions a jump skips; false if it is none. */
static bool jump(const struct machine *m, const struct sock_filter *i, uint32_t *skip)
{
	uint32_t v = BPF_SRC(i->code) == BPF_X ? m->x : i->k;
	bool taken;

	switch (BPF_OP(i->code)) {
	case BPF_JA:
		*skip = i->k;
		return true;
	case BPF_JEQ:
		taken = m->a == v;
		break;
	case BPF_JGT:
		taken = m->a > v;
		break;
	case BPF_JGE:
		taken = m->a >= v;
		break;
	case BPF_JSET:
		taken = m->a & v;
		break;
	default:
		return false;
	}
	*skip = taken ? i->jt : i->jf;
	return true;
}

/* All but jumps and the end. */
static bool step(struct machine *m, const struct sock_filter *i)
{
	switch (BPF_CLASS(i->code)) {
	case BPF_LD:
	case BPF_LDX:
		return load(m, i);
	case BPF_ST:
	case BPF_STX:
		if (i->k >= BPF_MEMWORDS)
			return false;
		m->memory[i->k] = BPF_CLASS(i->code) == BPF_ST ? m->a : m->x;
		return true;
	case BPF_ALU:
		return compute(m, i);
	case BPF_MISC:
		if (BPF_MISCOP(i->code) == BPF_TAX)
			m->x = m->a;
		else
			m->a = m->x;
		return true;
	default:
		return false;
	}
}

uint32_t seccomp_run(const struct sock_filter *f, size_t n, const struct seccomp_data *call)
{
	struct machine m = { .call = call };

	/* Jumps lead forward only, so it ends. */
	for (size_t at = 0; at < n; at++) {
		const struct sock_filter *i = &f[at];
		uint32_t skip;

		if (BPF_CLASS(i->code) == BPF_RET)
			return BPF_RVAL(i->code) == BPF_A ? m.a : i->k;
		if (BPF_CLASS(i->code) == BPF_JMP) {
			if (!jump(&m, i, &skip) || skip >= n - at)
				break;
			at += skip;
		} else if (!step(&m, i)) {
			break;
		}
	}
	return SECCOMP_RET_KILL_PROCESS;
}

/* --- those of a thread ---------------------------------------------------------------- */

static bool mode_of(const struct stop *s, pid_t tid, long *mode)
{
	char path[32], status[4096];
	int fd __closefd = -1;
	ssize_t n;

	snprintf(path, sizeof(path), "%d/status", tid);
	fd = openat(dirfd(s->tasks), path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, status, sizeof(status) - 1);
	if (n <= 0)
		return false;
	status[n] = 0;
	/* A kernel without seccomp has no such line. */
	if (!process_status_field(status, "Seccomp", mode))
		*mode = SECCOMP_MODE_DISABLED;
	return true;
}

static struct error *ask_filter(const struct sock_filter *f, size_t n,
				const struct seccomp_data *calls, size_t n_calls)
{
	for (size_t i = 0; i < n_calls; i++) {
		uint32_t action = seccomp_run(f, n, &calls[i]) & SECCOMP_RET_ACTION_FULL;

		if (action != SECCOMP_RET_ALLOW && action != SECCOMP_RET_LOG)
			return error_refused("its seccomp filter does not let it map memory near "
					     "its code (system call %d: action 0x%08x)",
					     calls[i].nr, action);
	}
	return NULL;
}

struct error *seccomp_allows(const struct stop *s, pid_t tid, const struct seccomp_data *calls,
			     size_t n)
{
	struct sock_filter f[BPF_MAXINSNS];
	long mode;

	if (!mode_of(s, tid, &mode))
		return error_new(ERROR_NOTHING, "thread %d has ended", tid);
	if (mode == SECCOMP_MODE_DISABLED)
		return NULL;
	if (mode == SECCOMP_MODE_STRICT)
		return error_refused("its seccomp mode is strict: mapping memory would kill it");
	for (unsigned int i = 0; i < FILTERS_MOST; i++) {
		long got = ptrace(PTRACE_SECCOMP_GET_FILTER, tid, (void *)(uintptr_t)i, f);

		if (got < 0 && errno == ENOENT && i)
			return NULL;
		if (got < 0)
			return error_refused("it has seccomp filters that can't be read (%s)",
					     strerror(errno));
		TRY(ask_filter(f, (size_t)got, calls, n));
	}
	return error_refused("it has more than %d seccomp filters", FILTERS_MOST);
}
