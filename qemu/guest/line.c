// SPDX-License-Identifier: GPL-2.0-or-later
/* The serial line to the runner, and the memory shared with it. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "qemu/guest/guest.h"

uint8_t guest_block[1 << 20];

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

void send_frame(uint32_t type, uint32_t id, const void *payload, size_t n)
{
	static uint8_t frame[FRAME_MAX];

	write_all(guest.line, frame, frame_write(frame, type, id, payload, n));
}

/* Take in what came; requests are served, an acknowledgement is noted. */
void receive(void)
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
void send_large(uint32_t type, uint32_t id, const void *payload, size_t n)
{
	uint8_t words[8];

	if (n < SHARED_MIN || !guest.shared) {
		send_frame(type, id, payload, n);
		return;
	}
	memcpy(guest.shared + SHARED_HALF, payload, n);
	frame_put32(words, (uint32_t)n);
	frame_put32(words + 4, frame_shared_checksum(payload, n));
	guest.acknowledged = false;
	send_frame(type | FRAME_SHARED, id, words, sizeof(words));
	while (!guest.acknowledged)
		receive();
}

void send_number(uint32_t type, uint32_t id, uint32_t value)
{
	uint8_t b[4];

	frame_put32(b, value);
	send_frame(type, id, b, sizeof(b));
}

void send_failed(uint32_t id, int err, const char *what)
{
	uint8_t b[4 + 4200];
	size_t n = strnlen(what, sizeof(b) - 4);

	frame_put32(b, (uint32_t)err);
	memcpy(b + 4, what, n);
	send_frame(FRAME_FAILED, id, b, 4 + n);
}

/* Where a shared payload really is. False if it is not what was sent. */
bool find_payload(struct frame *f)
{
	uint32_t length, sum;

	if (!(f->type & FRAME_SHARED))
		return true;
	if (f->length != 8 || !guest.shared)
		return false;
	length = frame_get32(f->payload);
	sum = frame_get32(f->payload + 4);
	if (length > SHARED_HALF || frame_shared_checksum(guest.shared, length) != sum)
		return false;
	f->type &= ~(uint32_t)FRAME_SHARED;
	f->payload = guest.shared;
	f->length = length;
	return true;
}

bool open_line(void)
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
