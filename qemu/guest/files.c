// SPDX-License-Identifier: GPL-2.0-or-later
/* Files that come in and go out. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "qemu/guest/guest.h"

static void put_failed(int err)
{
	send_failed(guest.file_id, err, guest.unpacking ? unpack_path() : guest.path);
	if (guest.unpacking)
		unpack_end();
	guest.unpacking = false;
	if (guest.file < 0)
		return;
	close(guest.file);
	guest.file = -1;
	unlink(guest.path);
}

/* What was begun before and not ended. */
static void forget(uint32_t id)
{
	if (guest.file >= 0)
		close(guest.file);
	guest.file = -1;
	guest.unpacking = false;
	guest.file_id = id;
}

void put_archive(uint32_t id, const struct frame *f)
{
	forget(id);
	if (!f->length || f->length >= sizeof(guest.path)) {
		send_failed(id, EINVAL, "an archive needs a folder");
		return;
	}
	memcpy(guest.path, f->payload, f->length);
	guest.path[f->length] = '\0';
	unpack_begin(guest.path);
	guest.unpacking = true;
	send_frame(FRAME_ACK, id, NULL, 0);
}

void put_begin(uint32_t id, const struct frame *f)
{
	forget(id);
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

void put_data(const struct frame *f)
{
	const uint8_t *p = f->payload;
	size_t left = f->length;

	if ((guest.file < 0 && !guest.unpacking) || f->id != guest.file_id)
		return;
	if (guest.unpacking) {
		int err = unpack_bytes(p, left);

		if (err)
			put_failed(err);
		else
			send_frame(FRAME_ACK, f->id, NULL, 0);
		return;
	}
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

void put_end(uint32_t id)
{
	if ((guest.file < 0 && !guest.unpacking) || id != guest.file_id)
		return;
	if (guest.unpacking) {
		int err = unpack_end();

		guest.unpacking = false;
		if (err)
			send_failed(id, err, unpack_path());
		else
			send_number(FRAME_EXIT, id, 0);
		return;
	}
	if (fchmod(guest.file, guest.mode) < 0 || close(guest.file) < 0) {
		put_failed(errno);
		return;
	}
	guest.file = -1;
	send_number(FRAME_EXIT, id, 0);
}

void get_file(uint32_t id, const struct frame *f)
{
	char path[4096];
	struct stat st = { 0 };
	ssize_t n;
	int fd;

	if (!f->length || f->length >= sizeof(path)) {
		send_failed(id, EINVAL, "a file to read needs a name");
		return;
	}
	memcpy(path, f->payload, f->length);
	path[f->length] = '\0';
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		send_failed(id, fd >= 0 && !S_ISREG(st.st_mode) ? EINVAL : errno, path);
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((n = read(fd, guest_block, guest.shared ? sizeof(guest_block) : FRAME_PAYLOAD_MAX)) >
	       0)
		send_large(FRAME_DATA, id, guest_block, (size_t)n);
	if (n < 0)
		send_failed(id, errno, path);
	else
		send_number(FRAME_END, id, st.st_mode & 0777);
	close(fd);
}
