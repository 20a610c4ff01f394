// SPDX-License-Identifier: GPL-2.0-or-later
/* All tasks in one pass, by a BPF task iterator (bpf/blockers.bpf.c). */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/str.h"
#include "bpf/libbpf_log.h"
#include "bpf/blockers.skel.h"
#include "livepatch/blockers_text.h"

static void destroy(struct blockers_bpf **b)
{
	blockers_bpf__destroy(*b);
	*b = NULL;
}

static struct error *load(const struct blockers_query *q, struct blockers_bpf **out)
{
	struct blockers_bpf *b __cleanup(destroy) = NULL;
	int err;

	libbpf_log();
	b = blockers_bpf__open();
	if (!b)
		return error_errno(errno, "opening the task iterator");
	b->rodata->wanted = q->which == BLOCKERS_WAITING ? q->wanted : -2;
	err = blockers_bpf__load(b);
	if (!err)
		err = blockers_bpf__attach(b);
	if (err)
		return error_errno(-err, "loading the task iterator");
	*out = take(b);
	return NULL;
}

static struct error *read_all(struct blockers_bpf *b, struct strbuf *out)
{
	int fd __closefd = bpf_iter_create(bpf_link__fd(b->links.print_task));
	char chunk[65536];
	ssize_t n;

	if (fd < 0)
		return error_errno(errno, "starting the task iterator");
	while ((n = read(fd, chunk, sizeof(chunk))) != 0) {
		if (n < 0 && errno == EAGAIN)
			continue;
		if (n < 0)
			return error_errno(errno, "reading the task iterator");
		TRY(strbuf_add(out, chunk, (size_t)n));
	}
	return NULL;
}

struct error *blockers_from_bpf(const struct blockers_query *q, struct blockers *out)
{
	struct blockers_bpf *b __cleanup(destroy) = NULL;
	struct strbuf text __cleanup_strbuf = { 0 };
	struct blockers found __cleanup_blockers = { .source = "BPF task iterator" };

	TRY(load(q, &b));
	TRY(read_all(b, &text));
	TRY(blockers_parse(strbuf_str(&text), q, &found));
	*out = found;
	found = (struct blockers){ 0 };
	return NULL;
}
