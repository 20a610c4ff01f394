// SPDX-License-Identifier: GPL-2.0-or-later
#include "flow/own_watch.h"

#include "base/cleanup.h"
#include "base/log.h"

struct error *own_watch_open(const struct own_code *code, struct own_watch *out)
{
	struct own_places old __cleanup_own_places = { 0 };

	out->code = code;
	TRY(own_code_old(code, &old));
	TRY(leak_open(&out->leak));
	TRY(blame_open(&out->blame));
	TRY(leak_add(out->leak, old.v.v, old.v.n));
	return blame_add_old(out->blame, old.v.v, old.v.n);
}

static struct error *take_in(struct own_watch *w)
{
	struct own_places new __cleanup_own_places = { 0 };

	TRY(own_code_new(w->code, &new));
	if (!new.v.n)
		return NULL;
	TRY(leak_add(w->leak, new.v.v, new.v.n));
	TRY(blame_add_new(w->blame, new.v.v, new.v.n));
	w->loaded = true;
	return NULL;
}

struct error *own_watch_read(struct own_watch *w, uint64_t calls, struct own_reading *out)
{
	struct error *e __cleanup_error = w->loaded || w->lost ? NULL : take_in(w);

	if (e) {
		log_warn("what the new code is to blame for is not known: %s", error_message(e));
		leak_give_up(w->leak, "where the new code lies can't be read");
		w->lost = true;
	}
	leak_pace(w->leak, calls);
	leak_read(w->leak, &out->leak);
	blame_read(w->blame, &out->blame);
	out->loaded = w->loaded;
	return NULL;
}

void own_watch_close(struct own_watch *w)
{
	leak_close(&w->leak);
	blame_close(&w->blame);
}
