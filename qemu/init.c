// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The guest's first process, linked statically and alone: mounts what a test needs, loads the
 * modules that the runner chose, then serves the runner's requests on the second serial port.
 * It must not end: the kernel would panic.
 *
 * /suture/modules lists the modules to load, one path a line, in order.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/reboot.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "qemu/frame.h"

static struct {
	int line, kmsg, signals;
	struct frame_reader in;
	uint8_t *shared; /* with the runner; NULL: none found */
	bool acknowledged;

	/* the running command */
	pid_t child;
	uint32_t child_id;
	int output;

	/* the file that is being received */
	int file; /* -1: none */
	uint32_t file_id;
	mode_t mode;
	char path[4096];
} guest = { .line = -1, .kmsg = -1, .signals = -1, .output = -1, .file = -1 };

/* For what is read and sent on: a command's output, a file. */
static uint8_t block[1 << 20];

static void write_all(int fd, const uint8_t *p, size_t n)
{
	while (n) {
		ssize_t k = write(fd, p, n);

		if (k < 0 && errno != EINTR && errno != EAGAIN)
			return;
		if (k > 0) {
			p += k;
			n -= (size_t)k;
		}
	}
}

static void send_frame(uint32_t type, uint32_t id, const void *payload, size_t n)
{
	static uint8_t frame[FRAME_MAX];

	write_all(guest.line, frame, frame_write(frame, type, id, payload, n));
}

static void serve(const struct frame *f);

/* Take in what came; requests are served, an acknowledgement is noted. */
static void receive(void)
{
	struct frame f;
	size_t room;
	uint8_t *to = frame_space(&guest.in, &room);
	ssize_t n = read(guest.line, to, room);

	if (n <= 0)
		return;
	frame_received(&guest.in, (size_t)n);
	while (frame_read(&guest.in, &f))
		serve(&f);
}

/* Through the shared memory if it is long; comes back once the runner has it. */
static void send_large(uint32_t type, uint32_t id, const void *payload, size_t n)
{
	uint8_t words[8];

	if (n < SHARED_MIN || !guest.shared) {
		send_frame(type, id, payload, n);
		return;
	}
	memcpy(guest.shared + SHARED_HALF, payload, n);
	frame_put32(words, (uint32_t)n);
	frame_put32(words + 4, frame_checksum(payload, n));
	guest.acknowledged = false;
	send_frame(type | FRAME_SHARED, id, words, sizeof(words));
	while (!guest.acknowledged)
		receive();
}

static void send_number(uint32_t type, uint32_t id, uint32_t value)
{
	uint8_t b[4];

	frame_put32(b, value);
	send_frame(type, id, b, sizeof(b));
}

static void send_failed(uint32_t id, int err, const char *what)
{
	uint8_t b[4 + 4200];
	size_t n = strnlen(what, sizeof(b) - 4);

	frame_put32(b, (uint32_t)err);
	memcpy(b + 4, what, n);
	send_frame(FRAME_FAILED, id, b, 4 + n);
}

/* --- the kernel log ----------------------------------------------------------- */

/* "6,339,5140900,-;text\n KEY=value\n" becomes "[    5.140900] text\n". */
static size_t log_line(char *record, char *to, size_t room)
{
	char *text = strchr(record, ';'), *end;
	unsigned long long us = 0;
	int n;

	if (!text || sscanf(record, "%*u,%*u,%llu", &us) != 1)
		return 0;
	text++;
	end = strchr(text, '\n');
	if (end)
		*end = '\0';
	n = snprintf(to, room, "[%5llu.%06llu] %s\n", us / 1000000, us % 1000000, text);
	return n < 0 || (size_t)n >= room ? 0 : (size_t)n;
}

/* Send what the kernel has logged; at most one frame at a time unless all is wanted. */
static void send_log(bool all)
{
	static char record[8193], lines[65536];
	size_t n = 0;
	ssize_t k;

	while (guest.kmsg >= 0) {
		k = read(guest.kmsg, record, sizeof(record) - 1);
		if (k < 0 && (errno == EPIPE || errno == EINTR))
			continue; /* overwritten before it was read */
		if (k <= 0)
			break;
		record[k] = '\0';
		n += log_line(record, lines + n, sizeof(lines) - n);
		if (n < sizeof(lines) - sizeof(record))
			continue;
		send_large(FRAME_LOG, 0, lines, n);
		n = 0;
		if (!all)
			return;
	}
	if (n)
		send_large(FRAME_LOG, 0, lines, n);
}

/* --- commands ----------------------------------------------------------------- */

static void child_exec(const char *command, int out)
{
	static char *const env[] = {
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root",
		"TERM=dumb", NULL
	};
	char *const argv[] = { "sh", "-c", (char *)command, NULL };
	sigset_t none;
	int null = open("/dev/null", O_RDWR);

	setsid();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	dup2(null, 0);
	dup2(out, 1);
	dup2(out, 2);
	execve("/bin/sh", argv, env);
	_exit(127);
}

static void run(uint32_t id, const char *command)
{
	int fd[2];

	if (guest.child) {
		send_failed(id, EBUSY, "a command is running already");
		return;
	}
	if (pipe2(fd, O_CLOEXEC) < 0) {
		send_failed(id, errno, "pipe");
		return;
	}
	guest.child = fork();
	if (!guest.child)
		child_exec(command, fd[1]);
	close(fd[1]);
	if (guest.child < 0) {
		guest.child = 0;
		send_failed(id, errno, "fork");
		close(fd[0]);
		return;
	}
	fcntl(fd[0], F_SETFL, O_NONBLOCK);
	fcntl(fd[0], F_SETPIPE_SZ, sizeof(block));
	guest.output = fd[0];
	guest.child_id = id;
}

/* False once there is nothing to read now. */
static bool send_output(void)
{
	ssize_t n = read(guest.output, block, guest.shared ? sizeof(block) : FRAME_PAYLOAD_MAX);

	if (n > 0) {
		send_large(FRAME_OUTPUT, guest.child_id, block, (size_t)n);
		return true;
	}
	if (!n) {
		close(guest.output);
		guest.output = -1;
	}
	return n < 0 && errno == EINTR;
}

static void reap(void)
{
	struct signalfd_siginfo info;
	int status;
	pid_t pid;

	while (read(guest.signals, &info, sizeof(info)) > 0)
		;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid != guest.child)
			continue;
		/* What it started in the background may keep the pipe: don't wait for that. */
		while (guest.output >= 0 && send_output())
			;
		if (guest.output >= 0)
			close(guest.output);
		guest.output = -1;
		guest.child = 0;
		send_number(FRAME_EXIT, guest.child_id,
			    WIFEXITED(status) ? (uint32_t)WEXITSTATUS(status)
					      : 128u + (uint32_t)WTERMSIG(status));
	}
}

/* --- files -------------------------------------------------------------------- */

static void put_failed(int err)
{
	send_failed(guest.file_id, err, guest.path);
	if (guest.file >= 0)
		close(guest.file);
	guest.file = -1;
	unlink(guest.path);
}

static void put_begin(uint32_t id, const struct frame *f)
{
	if (guest.file >= 0)
		close(guest.file);
	guest.file = -1;
	guest.file_id = id;
	if (f->length < 5 || f->length - 4 >= sizeof(guest.path)) {
		send_failed(id, EINVAL, "a file to write needs a name");
		return;
	}
	guest.mode = frame_get32(f->payload) & 0777;
	memcpy(guest.path, f->payload + 4, f->length - 4);
	guest.path[f->length - 4] = '\0';
	guest.file = open(guest.path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, guest.mode);
	if (guest.file < 0)
		send_failed(id, errno, guest.path);
	else
		send_frame(FRAME_ACK, id, NULL, 0);
}

static void put_data(const struct frame *f)
{
	const uint8_t *p = f->payload;
	size_t left = f->length;

	if (guest.file < 0 || f->id != guest.file_id)
		return;
	while (left) {
		ssize_t n = write(guest.file, p, left);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			put_failed(errno);
			return;
		}
		p += n;
		left -= (size_t)n;
	}
	send_frame(FRAME_ACK, f->id, NULL, 0);
}

static void put_end(uint32_t id)
{
	if (guest.file < 0 || id != guest.file_id)
		return;
	if (fchmod(guest.file, guest.mode) < 0 || close(guest.file) < 0) {
		put_failed(errno);
		return;
	}
	guest.file = -1;
	send_number(FRAME_EXIT, id, 0);
}

static void get(uint32_t id, const struct frame *f)
{
	char path[4096];
	struct stat st;
	ssize_t n;
	int fd;

	if (!f->length || f->length >= sizeof(path)) {
		send_failed(id, EINVAL, "a file to read needs a name");
		return;
	}
	memcpy(path, f->payload, f->length);
	path[f->length] = '\0';
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0) {
		send_failed(id, errno, path);
		return;
	}
	while ((n = read(fd, block, guest.shared ? sizeof(block) : FRAME_PAYLOAD_MAX)) > 0)
		send_large(FRAME_DATA, id, block, (size_t)n);
	if (n < 0)
		send_failed(id, errno, path);
	else
		send_number(FRAME_END, id, st.st_mode & 0777);
	close(fd);
}

/* --- set-up ------------------------------------------------------------------- */

static void mount_all(void)
{
	static const struct {
		const char *type, *at, *data;
	} mounts[] = {
		{ "proc", "/proc", NULL },
		{ "sysfs", "/sys", NULL },
		{ "devtmpfs", "/dev", NULL },
		{ "devpts", "/dev/pts", NULL },
		{ "tmpfs", "/dev/shm", NULL },
		{ "tmpfs", "/run", NULL },
		{ "tmpfs", "/tmp", "mode=1777" },
		{ "debugfs", "/sys/kernel/debug", NULL },
		{ "tracefs", "/sys/kernel/tracing", NULL },
		{ "securityfs", "/sys/kernel/security", NULL },
		{ "bpf", "/sys/fs/bpf", NULL },
	};

	/* Those that a kernel lacks are left out: a test that needs one will say so. */
	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		mkdir(mounts[i].at, 0755);
		mount(mounts[i].type, mounts[i].at, mounts[i].type, 0, mounts[i].data);
	}
}

static void loopback_up(void)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return;
	ioctl(fd, SIOCSIFFLAGS, &lo);
	close(fd);
}

/* What went wrong is appended to 'trouble'. */
static void load_modules(char *trouble, size_t room)
{
	FILE *list = fopen("/suture/modules", "re");
	char path[4096];
	size_t used = 0;

	trouble[0] = '\0';
	while (list && fgets(path, sizeof(path), list)) {
		int fd, failed = 0;

		path[strcspn(path, "\n")] = '\0';
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0 || (syscall(SYS_finit_module, fd, "", 0) < 0 && errno != EEXIST))
			failed = errno;
		if (fd >= 0)
			close(fd);
		if (failed && used < room)
			used += (size_t)snprintf(trouble + used, room - used,
						 "%sloading module %s: %s", used ? "; " : "", path,
						 strerror(failed));
	}
	if (list)
		fclose(list);
}

static bool file_says(const char *dir, const char *name, const char *words)
{
	char path[512], text[16] = "";
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	if (read(fd, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	close(fd);
	return !strncmp(text, words, strlen(words));
}

/* Map the memory (BAR 2) of the PCI device "ivshmem" in this folder of sysfs, if it is one. */
static void map_shared(const char *dir)
{
	char path[512];
	void *at;
	int fd;

	if (!file_says(dir, "vendor", "0x1af4") || !file_says(dir, "device", "0x1110"))
		return;
	snprintf(path, sizeof(path), "%s/enable", dir);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "1", 1) != 1)
		return;
	close(fd);
	snprintf(path, sizeof(path), "%s/resource2_wc", dir);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return;
	at = mmap(NULL, SHARED_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (at != MAP_FAILED)
		guest.shared = at;
}

static void find_shared(void)
{
	DIR *d = opendir("/sys/bus/pci/devices");
	struct dirent *ent;

	while (d && !guest.shared && (ent = readdir(d))) {
		char dir[300];

		snprintf(dir, sizeof(dir), "/sys/bus/pci/devices/%s", ent->d_name);
		if (ent->d_name[0] != '.')
			map_shared(dir);
	}
	if (d)
		closedir(d);
}

static bool open_line(void)
{
	struct termios t;

	guest.line = open("/dev/ttyS1", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (guest.line < 0 || tcgetattr(guest.line, &t) < 0)
		return false;
	cfmakeraw(&t);
	cfsetspeed(&t, B115200);
	t.c_cflag |= CLOCAL | CREAD;
	t.c_cflag &= ~(tcflag_t)(CRTSCTS | HUPCL);
	return !tcsetattr(guest.line, TCSAFLUSH, &t);
}

static void hello(void)
{
	char words[FRAME_PAYLOAD_MAX];
	struct utsname u;
	size_t n;

	uname(&u);
	n = (size_t)snprintf(words, 256, "%s", u.release) + 1;
	if (guest.shared)
		load_modules(words + n, sizeof(words) - n);
	else
		strcpy(words + n, "the memory shared with the runner was not found");
	send_frame(FRAME_HELLO, 0, words, n + strlen(words + n));
}

/* Where a shared payload really is. False if it is not what was sent. */
static bool find_payload(struct frame *f)
{
	uint32_t length, sum;

	if (!(f->type & FRAME_SHARED))
		return true;
	if (f->length != 8 || !guest.shared)
		return false;
	length = frame_get32(f->payload);
	sum = frame_get32(f->payload + 4);
	if (length > SHARED_HALF || frame_checksum(guest.shared, length) != sum)
		return false;
	f->type &= ~(uint32_t)FRAME_SHARED;
	f->payload = guest.shared;
	f->length = length;
	return true;
}

static void serve(const struct frame *received)
{
	static char command[FRAME_PAYLOAD_MAX + 1];
	struct frame found = *received, *f = &found;

	if (!find_payload(f))
		return;
	switch (f->type) {
	case FRAME_ACK:
		guest.acknowledged = true;
		break;
	case FRAME_RUN:
		if (f->length >= sizeof(command))
			break;
		memcpy(command, f->payload, f->length);
		command[f->length] = '\0';
		run(f->id, command);
		break;
	case FRAME_KILL:
		if (guest.child && f->id == guest.child_id)
			kill(-guest.child, SIGKILL);
		break;
	case FRAME_PUT:
		put_begin(f->id, f);
		break;
	case FRAME_DATA:
		put_data(f);
		break;
	case FRAME_END:
		put_end(f->id);
		break;
	case FRAME_GET:
		get(f->id, f);
		break;
	case FRAME_PING:
		send_log(true);
		send_frame(FRAME_PONG, f->id, NULL, 0);
		break;
	case FRAME_POWEROFF:
		send_log(true);
		tcdrain(guest.line);
		reboot(LINUX_REBOOT_CMD_POWER_OFF);
		break;
	}
}

int main(void)
{
	sigset_t chld;

	mount_all();
	sethostname("guest", 5);
	loopback_up();
	guest.kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	sigprocmask(SIG_BLOCK, &chld, NULL);
	signal(SIGPIPE, SIG_IGN);
	guest.signals = signalfd(-1, &chld, SFD_NONBLOCK | SFD_CLOEXEC);
	while (!open_line()) {
		fprintf(stderr, "suture init: no second serial port: %s\n", strerror(errno));
		pause();
	}
	find_shared();
	hello();
	for (;;) {
		struct pollfd p[] = {
			{ .fd = guest.line, .events = POLLIN },
			{ .fd = guest.signals, .events = POLLIN },
			{ .fd = guest.output, .events = POLLIN },
			{ .fd = guest.kmsg, .events = POLLIN },
		};

		if (poll(p, 4, -1) < 0)
			continue;
		if (p[2].revents && guest.output >= 0)
			send_output();
		if (p[1].revents)
			reap();
		if (p[0].revents)
			receive();
		else if (p[3].revents & POLLIN)
			send_log(false);
	}
}
