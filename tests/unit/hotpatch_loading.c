// SPDX-License-Identifier: GPL-2.0-or-later
/* A program that was stopped at its exec is taken on to where it is relocated, and runs not a line.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "hotpatch/loading.h"
#include "hotpatch/maps.h"

#define RAN "ran\n"

struct standing {
	pid_t pid;
	int says;
};

/* In a group stop before the first instruction of its loader. */
static void begin(struct standing *s)
{
	int ends[2], status;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	s->pid = fork();
	if (!s->pid) {
		dup2(ends[1], 1);
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		execl("/bin/echo", "echo", "ran", NULL);
		_exit(127);
	}
	close(ends[1]);
	s->says = ends[0];
	assert_int_equal(waitpid(s->pid, &status, 0), s->pid);
	assert_true(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP);
	assert_int_equal(ptrace(PTRACE_DETACH, s->pid, NULL, SIGSTOP), 0);
	assert_int_equal(waitpid(s->pid, &status, WUNTRACED), s->pid);
	assert_true(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
}

static bool says_something(const struct standing *s, int ms)
{
	struct pollfd p = { .fd = s->says, .events = POLLIN };

	return poll(&p, 1, ms) == 1 && p.revents & POLLIN;
}

static void goes_on(const struct standing *s)
{
	char text[16] = "";
	int status;

	assert_int_equal(kill(s->pid, SIGCONT), 0);
	assert_int_equal(read(s->says, text, sizeof(text) - 1), strlen(RAN));
	assert_string_equal(text, RAN);
	assert_int_equal(waitpid(s->pid, &status, 0), s->pid);
	assert_true(WIFEXITED(status) && !WEXITSTATUS(status));
	close(s->says);
}

static void *run(void *arg)
{
	return loading_finish(arg, 10);
}

/* As its users do: by a thread that ends. */
static struct error *finish(struct loading *l)
{
	pthread_t thread;
	void *e;

	assert_int_equal(pthread_create(&thread, NULL, run, l), 0);
	assert_int_equal(pthread_join(thread, &e), 0);
	return e;
}

static void ok(struct error *e)
{
	if (e)
		fail_msg("%s", error_message(e));
}

static size_t count(pid_t pid, const char *name, bool dirty_code)
{
	char path[32], line[512];
	bool ours = false;
	size_t n = 0;
	long kb;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/smaps", pid);
	f = fopen(path, "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		if (strstr(line, " r-xp ") || strstr(line, " rw-p ") || strstr(line, " r--p "))
			ours = strstr(line, name) && (!dirty_code || strstr(line, " r-xp "));
		if (ours && sscanf(line, dirty_code ? "Private_Dirty: %ld" : "Size: %ld", &kb) == 1)
			n += (size_t)kb;
	}
	fclose(f);
	return n;
}

static bool skipped(void)
{
	if (!geteuid())
		return false;
	print_message("only root may read which files another process has mapped\n");
	return true;
}

static void its_libraries_are_there_and_nothing_has_run(void **state)
{
	struct loading l = { 0 };
	struct standing s;

	(void)state;
	if (skipped())
		skip();
	begin(&s);
	assert_int_equal(count(s.pid, "/libc.so.6", false), 0);
	l.pid = l.tid = s.pid;
	ok(finish(&l));
	assert_false(l.stopped_else);
	ok(loading_wait(s.pid, 10));
	assert_true(count(s.pid, "/libc.so.6", false) > 0);
	assert_false(says_something(&s, 100));
	goes_on(&s);
}

/* What the loader's code had is there again: all but for a page that is a copy now. */
static void the_loader_is_as_it_was(void **state)
{
	struct maps maps = { 0 };
	struct loading l = { 0 };
	struct standing s;

	(void)state;
	if (skipped())
		skip();
	begin(&s);
	l.pid = l.tid = s.pid;
	ok(finish(&l));
	ok(loading_wait(s.pid, 10));
	assert_int_equal(count(s.pid, "/ld-linux", true), 4);
	ok(maps_read(s.pid, &maps));
	vec_for_each(&maps.v, m) {
		char path[64], *file, *memory;
		size_t n = m->end - m->start;
		int fd;

		if (!m->exec || !strstr(m->name, "/ld-linux"))
			continue;
		file = malloc(n);
		memory = malloc(n);
		fd = open(m->name, O_RDONLY);
		assert_int_equal(pread(fd, file, n, (off_t)m->offset), n);
		close(fd);
		snprintf(path, sizeof(path), "/proc/%d/mem", s.pid);
		fd = open(path, O_RDONLY);
		assert_int_equal(pread(fd, memory, n, (off_t)m->start), n);
		close(fd);
		assert_memory_equal(file, memory, n);
		free(file);
		free(memory);
	}
	maps_free(&maps);
	goes_on(&s);
}

static void a_stop_that_others_send_is_told(void **state)
{
	struct loading l = { 0 };
	struct standing s;

	(void)state;
	if (skipped())
		skip();
	begin(&s);
	assert_int_equal(kill(s.pid, SIGSTOP), 0);
	l.pid = l.tid = s.pid;
	ok(finish(&l));
	assert_true(l.stopped_else);
	goes_on(&s);
}

static void one_that_has_ended_is_told(void **state)
{
	struct loading l = { 0 };
	struct standing s;
	struct error *e;

	(void)state;
	if (skipped())
		skip();
	begin(&s);
	kill(s.pid, SIGKILL);
	waitpid(s.pid, NULL, 0);
	close(s.says);
	l.pid = l.tid = s.pid;
	e = finish(&l);
	assert_non_null(e);
	assert_int_equal(error_kind(e), ERROR_NOTHING);
	error_free(&e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(its_libraries_are_there_and_nothing_has_run),
		cmocka_unit_test(the_loader_is_as_it_was),
		cmocka_unit_test(a_stop_that_others_send_is_told),
		cmocka_unit_test(one_that_has_ended_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
