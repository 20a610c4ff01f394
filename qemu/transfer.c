// SPDX-License-Identifier: GPL-2.0-or-later
/* Files into the guest and out of it. */
#include <errno.h>
#include <sys/stat.h>

#include "base/file.h"
#include "qemu/talk.h"

#define FILE_MAX (1u << 30)

static struct error *put_bytes(struct vm *vm, const char *doing, const uint8_t *bytes, size_t size)
{
	enum channel_event event;

	TRY(vm_await(vm, doing, FRAME_ACK));
	for (size_t sent = 0, n; sent < size; sent += n) {
		double deadline = vm_deadline(vm, ANSWER_TIMEOUT);

		n = size - sent < SHARED_HALF ? size - sent : SHARED_HALF;
		TRY(channel_send_shared(&vm->channel, deadline, FRAME_DATA, bytes + sent, n,
					&event));
		if (event != CHANNEL_FRAME)
			return vm_gone(vm, event, doing);
		TRY(vm_await(vm, doing, FRAME_ACK));
	}
	TRY(vm_tell(vm, doing, vm_deadline(vm, ANSWER_TIMEOUT), FRAME_END, NULL, 0));
	return vm_await(vm, doing, FRAME_EXIT);
}

struct error *vm_put(struct vm *vm, const char *from, const char *to)
{
	struct file_map m __cleanup_map = { 0 };
	struct strbuf request __cleanup_strbuf = { 0 };
	char *doing __free = str_printf("copying %s to %s in the guest", from, to);
	struct stat st;
	uint8_t mode[4];

	if (!doing)
		return error_nomem();
	TRY_CONTEXT(vm_usable(vm), "%s", doing);
	TRY(file_map(from, &m));
	if (stat(from, &st) < 0)
		return error_errno(errno, "%s", from);
	frame_put32(mode, st.st_mode & 0777);
	TRY(strbuf_add(&request, mode, sizeof(mode)));
	TRY(strbuf_puts(&request, to));
	if (request.n > FRAME_PAYLOAD_MAX)
		return error_failed("%s: the name is too long", doing);
	channel_begin(&vm->channel);
	TRY(vm_tell(vm, doing, vm_deadline(vm, ANSWER_TIMEOUT), FRAME_PUT, request.s, request.n));
	return put_bytes(vm, doing, m.bytes, m.size);
}

struct error *vm_unpack(struct vm *vm, const char *doing, const char *at, const void *archive,
			size_t n)
{
	channel_begin(&vm->channel);
	TRY(vm_tell(vm, doing, vm_deadline(vm, ANSWER_TIMEOUT), FRAME_UNPACK, at, strlen(at)));
	return put_bytes(vm, doing, archive, n);
}

struct error *vm_get(struct vm *vm, const char *from, const char *to)
{
	struct strbuf bytes __cleanup_strbuf = { 0 };
	char *doing __free = str_printf("copying %s from the guest to %s", from, to);
	struct frame f;

	if (!doing)
		return error_nomem();
	TRY_CONTEXT(vm_usable(vm), "%s", doing);
	if (strlen(from) > FRAME_PAYLOAD_MAX)
		return error_failed("%s: the name is too long", doing);
	channel_begin(&vm->channel);
	TRY(vm_tell(vm, doing, vm_deadline(vm, ANSWER_TIMEOUT), FRAME_GET, from, strlen(from)));
	for (;;) {
		TRY(vm_hear(vm, doing, vm_deadline(vm, ANSWER_TIMEOUT), &f));
		if (f.type == FRAME_DATA)
			TRY(strbuf_add(&bytes, f.payload, f.length));
		if (bytes.n > FILE_MAX) {
			/* The guest would send on, for all we know for ever. */
			vm->state = VM_LOST;
			return error_failed("%s: it is larger than %s", doing,
					    str_size(FILE_MAX).s);
		}
		if (f.type == FRAME_END && f.length == 4)
			return file_write(to, bytes.s, bytes.n, frame_get32(f.payload) & 0777);
	}
}
