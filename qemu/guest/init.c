// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The guest's first process, linked statically and alone: mounts what a test needs, then serves
 * the runner's requests on the second serial port. It must not end: the kernel would panic.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/reboot.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/utsname.h>
#include <termios.h>
#include <unistd.h>

#include "qemu/guest/guest.h"

struct guest guest = { .line = -1, .kmsg = -1, .signals = -1, .output = -1, .file = -1 };

static void hello(void)
{
	char words[512];
	struct utsname u;
	size_t n;

	uname(&u);
	n = (size_t)snprintf(words, 256, "%s", u.release) + 1;
	strcpy(words + n, guest.shared ? "" : "the memory shared with the runner was not found");
	send_frame(FRAME_HELLO, 0, words, n + strlen(words + n));
}

void serve(const struct frame *received)
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
		run_command(f->id, command);
		break;
	case FRAME_TERMINAL:
		if (f->length >= sizeof(command))
			break;
		memcpy(command, f->payload, f->length);
		command[f->length] = '\0';
		run_on_terminal(f->id, command, command + strnlen(command, f->length) + 1);
		break;
	case FRAME_INPUT:
		terminal_input(f->payload, f->length);
		break;
	case FRAME_WINDOW:
		if (f->length == 8)
			terminal_size(frame_get32(f->payload), frame_get32(f->payload + 4));
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
	case FRAME_UNPACK:
		put_archive(f->id, f);
		break;
	case FRAME_LOAD:
		load_module(f->id, f);
		break;
	case FRAME_FREEZE:
		send_log(true);
		guest.frozen = true;
		send_frame(FRAME_ACK, f->id, NULL, 0);
		break;
	case FRAME_THAW:
		guest.frozen = false;
		thaw(f->payload, f->length);
		hello();
		break;
	case FRAME_GET:
		get_file(f->id, f);
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

		if (poll(p, guest.frozen ? 1 : 4, -1) < 0)
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
