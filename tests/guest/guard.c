// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The guard's client as a program, for tests in a guest:
 *
 *	guard arm PATCH MS [FLAG...]	oops warn stall=MS any-oops any-hang stay force=MS
 *	guard confirm PATCH | disarm PATCH | status [PATCH]
 *	guard await PATCH STATE SECONDS	until the guard says so (or "none")
 *	guard until COMMAND VALUE S	until the file COMMAND names has VALUE; says after how many
 *ms guard opens SECONDS		until open() works that did not; says both guard fuzz SEED N
 *requests that make no sense
 *	guard unprivileged		every request without CAP_SYS_ADMIN, with an open device
 *
 * The exit status is that of the error's kind.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "livepatch/guard.h"

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void rest(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
}

static int end(struct error *e)
{
	int kind = e ? (int)error_kind(e) : 0;

	if (e)
		printf("%s\n", error_message(e));
	error_free(&e);
	return kind;
}

static void add_flag(struct guard_request *r, const char *word)
{
	static const struct {
		const char *word;
		uint32_t flag;
	} flags[] = {
		{ "oops", SUTURE_GUARD_ON_OOPS },	  { "warn", SUTURE_GUARD_ON_WARN },
		{ "stall=", SUTURE_GUARD_ON_STALL },	  { "any-oops", SUTURE_GUARD_ON_ANY_OOPS },
		{ "any-hang", SUTURE_GUARD_ON_ANY_HANG }, { "stay", SUTURE_GUARD_STAY },
		{ "force=", SUTURE_GUARD_FORCE },
	};

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		if (!str_starts(word, flags[i].word))
			continue;
		r->flags |= flags[i].flag;
		if (flags[i].flag == SUTURE_GUARD_ON_STALL)
			r->stall_ms = strtoull(strchr(word, '=') + 1, NULL, 10);
		if (flags[i].flag == SUTURE_GUARD_FORCE)
			r->force_ms = strtoull(strchr(word, '=') + 1, NULL, 10);
	}
}

static struct error *arm(const struct guard *g, char **words)
{
	struct guard_request r = { .patch = words[0], .within_ms = strtoull(words[1], NULL, 10) };
	uint64_t id = 0;

	for (words += 2; *words; words++)
		add_flag(&r, *words);
	return guard_arm(g, &r, &id);
}

static struct error *status(const struct guard *g, const char *patch)
{
	struct guard_list list = { 0 };
	struct error *e = guard_status(g, &list);

	vec_for_each(&list, s) {
		struct strbuf say __cleanup_strbuf = { 0 };

		if (e || (patch && !str_equal(s->name, patch)))
			continue;
		e = guard_sentence(s, &say);
		printf("%s: %s; reason %s; took %llu ms\n", s->name, strbuf_str(&say),
		       guard_reason_name(s->reason), (unsigned long long)s->took_ms);
	}
	vec_free(&list);
	return e;
}

static struct error *await(const struct guard *g, const char *patch, const char *state,
			   double seconds)
{
	double until = now() + seconds;

	do {
		struct guard_list list = { 0 };
		const struct suture_guard_status *s;
		bool reached;

		TRY(guard_status(g, &list));
		s = guard_of(&list, patch);
		reached = str_equal(s ? guard_state_name(s->state) : "none", state);
		vec_free(&list);
		if (reached)
			return NULL;
		rest();
	} while (now() < until);
	TRY(status(g, patch));
	return error_failed("it is not %s", state);
}

static int until(const char *path, const char *value, double seconds)
{
	double start = now();
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char text[64];

	if (fd < 0)
		return 2;
	while (now() < start + seconds) {
		ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

		text[n > 0 ? n : 0] = 0;
		if (!strncmp(text, value, strlen(value))) {
			printf("after %.0f ms\n", (now() - start) * 1e3);
			return 0;
		}
		rest();
	}
	printf("still %s", text);
	return 1;
}

static bool opens(void)
{
	int fd = open("/proc/version", O_RDONLY | O_CLOEXEC);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static int await_open(double seconds)
{
	double start = now(), broken = 0;

	printf("looking\n");
	fflush(stdout);
	while (now() < start + seconds) {
		if (!opens() && !broken)
			broken = now();
		if (broken && opens()) {
			printf("open was broken for %.0f ms\n", (now() - broken) * 1e3);
			return 0;
		}
		rest();
	}
	printf("open %s\n", broken ? "is still broken" : "was never broken");
	return 1;
}

/* --- the patches of the test ---------------------------------------------------------- */

#define NEW_FCNTL 0x5375

static int try(long n)
{
	return fcntl(0, NEW_FCNTL, n);
}

/* In a file of its own, which nobody misses if it stays locked. */
static long seek(int whence)
{
	int fd = open("/proc/version", O_RDONLY | O_CLOEXEC);
	long result = lseek(fd, 0, whence);

	if (fd >= 0)
		close(fd);
	return result;
}

static int say_result(long result)
{
	printf("%ld\n", result < 0 ? (long)-errno : result);
	return 0;
}

/* Old is what knows no such command. */
static bool is_old(void)
{
	return try(10) < 0 && errno == EINVAL;
}

static int busy(double seconds)
{
	double end = now() + seconds;

	while (now() < end)
		for (int i = 0; i < 1000; i++)
			if (try(10) < 0)
				return 1;
	return 0;
}

static int after(long n, double seconds)
{
	double start = now();
	pid_t child = fork();

	if (!child)
		_exit(try(n) < 0);
	while (!is_old()) {
		if (now() > start + seconds) {
			printf("still new\n");
			return 1;
		}
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	}
	printf("old after %.0f ms\n", (now() - start) * 1e3);
	fflush(stdout);
	/* What hangs stays, for whoever looks. */
	return 0;
}

/* --- requests that make no sense ----------------------------------------------------- */

static const unsigned long requests[] = { SUTURE_GUARD_IOC_ARM, SUTURE_GUARD_IOC_CONFIRM,
					  SUTURE_GUARD_IOC_DISARM, SUTURE_GUARD_IOC_STATUS };

/* Sound but for one bit or one byte; an accepted one must be taken back by the caller. */
static int fuzz(const struct guard *g, unsigned int seed, long n)
{
	static const struct suture_guard_arm sound = { .size = sizeof(sound),
						       .version = SUTURE_GUARD_VERSION,
						       .name = "fuzz",
						       .deadline_ms = 60000 };
	long refused = 0, taken = 0, odd = 0;

	srand(seed);
	for (long i = 0; i < n; i++) {
		union {
			struct suture_guard_arm arm;
			struct suture_guard_of of;
			struct suture_guard_status status;
			unsigned char bytes[512];
		} u = { 0 };
		unsigned int which = (unsigned int)rand() % 5;
		unsigned long request = which < 4 ? requests[which] : (unsigned long)rand();

		u.arm = sound;
		for (int k = rand() % 4; k >= 0; k--)
			u.bytes[rand() % 140] ^= (unsigned char)(1 << rand() % 8);
		if (rand() % 8 == 0)
			for (size_t k = 0; k < sizeof(u.bytes); k++)
				u.bytes[k] = (unsigned char)rand();
		if (!ioctl(g->fd, request, rand() % 16 ? (void *)&u : (void *)(long)rand()))
			taken++;
		else if (errno == EINVAL || errno == EFAULT || errno == ENOTTY || errno == ENOENT ||
			 errno == EEXIST || errno == ENOSPC || errno == ESTALE || errno == ENODEV)
			refused++;
		else
			odd++, printf("errno %d\n", errno);
	}
	printf("refused %ld, taken %ld, odd %ld\n", refused, taken, odd);
	return odd ? 1 : 0;
}

/* Whoever armed one by chance. */
static struct error *disarm_all(const struct guard *g)
{
	struct guard_list list = { 0 };
	struct error *e = guard_status(g, &list);

	for (size_t i = 0; !e && i < list.n; i++)
		e = guard_disarm(g, list.v[i].name, list.v[i].id);
	vec_free(&list);
	return e;
}

static int unprivileged(const struct guard *g)
{
	unsigned char bytes[512] = { 0 };
	int fd;

	if (setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534))
		return 2;
	for (size_t i = 0; i < ARRAY_SIZE(requests); i++)
		if (!ioctl(g->fd, requests[i], bytes) || errno != EPERM)
			return 1;
	fd = open(GUARD_PATH, O_RDWR | O_CLOEXEC);
	return fd >= 0 || errno != EACCES;
}

static int run(const struct guard *g, char **words)
{
	const char *verb = words[0];
	char *one = words[0] ? words[1] : NULL;

	if (!verb)
		return 2;
	if (str_equal(verb, "status"))
		return end(status(g, one));
	if (str_equal(verb, "disarm-all"))
		return end(disarm_all(g));
	if (str_equal(verb, "unprivileged"))
		return unprivileged(g);
	if (!one)
		return 2;
	if (str_equal(verb, "confirm"))
		return end(guard_confirm(g, one, 0));
	if (str_equal(verb, "disarm"))
		return end(guard_disarm(g, one, 0));
	if (!words[2])
		return 2;
	if (str_equal(verb, "arm"))
		return end(arm(g, words + 1));
	if (str_equal(verb, "fuzz"))
		return fuzz(g, (unsigned int)strtoul(one, NULL, 10), strtol(words[2], NULL, 10));
	if (str_equal(verb, "await") && words[3])
		return end(await(g, one, words[2], strtod(words[3], NULL)));
	return 2;
}

int main(int argc, char **argv)
{
	struct guard g __cleanup_guard = GUARD_CLOSED;
	struct error *e;

	if (argc == 5 && str_equal(argv[1], "until"))
		return until(argv[2], argv[3], strtod(argv[4], NULL));
	if (argc == 3 && str_equal(argv[1], "opens"))
		return await_open(strtod(argv[2], NULL));
	if (argc == 3 && str_equal(argv[1], "try"))
		return say_result(try(strtol(argv[2], NULL, 10)));
	if (argc == 3 && str_equal(argv[1], "busy"))
		return busy(strtod(argv[2], NULL));
	if (argc == 3 && str_equal(argv[1], "seek"))
		return say_result(seek(atoi(argv[2])));
	if (argc == 4 && str_equal(argv[1], "after"))
		return after(strtol(argv[2], NULL, 10), strtod(argv[3], NULL));
	e = guard_open(&g);
	return e ? end(e) : run(&g, argv + 1);
}
