// SPDX-License-Identifier: GPL-2.0-or-later
#include "hotpatch/hooks.h"

#include "hotpatch/call.h"
#include "hotpatch/lookup.h"

#define REGISTER "__register_frame_info"
#define UNREGISTER "__deregister_frame_info"
#define HOOK_SECONDS 10.0

static const char *const names[HEADER_HOOKS] = {
	[HEADER_PRE_APPLY] = "suture_pre_apply",
	[HEADER_POST_APPLY] = "suture_post_apply",
	[HEADER_PRE_REVERT] = "suture_pre_revert",
	[HEADER_POST_REVERT] = "suture_post_revert",
};

static struct call_place place_of(const struct header_fixed *f)
{
	return (struct call_place){ f->call_code, f->call_data };
}

struct error *hooks_check(const struct opened *o, const struct hotpatch_object *object)
{
	static const char *const needed[] = { REGISTER, UNREGISTER };
	uint64_t address;

	for (size_t i = 0; object->needs_unwind && i < ARRAY_SIZE(needed); i++) {
		struct error *e = lookup_symbol(o, needed[i], &address);

		if (e)
			return error_context(e, "exceptions may come through the new code, and the "
						"process has no unwinder that could be told of it");
	}
	return NULL;
}

static struct error *frames_known(const struct patching *a, const struct header_fixed *f,
				  bool *known)
{
	const struct call_place at = place_of(f);
	uint64_t word;

	TRY(call_read(&a->opened, &at, CALL_FRAMES, &word));
	*known = word;
	return NULL;
}

static struct error *call_unwinder(struct patching *a, const struct header_fixed *f,
				   const char *name, uint64_t known)
{
	const struct call_place at = place_of(f);
	struct call c = { .name = name,
			  .args = { f->frames, at.data + CALL_SCRATCH },
			  .note = CALL_FRAMES,
			  .noted = known };
	int64_t result;

	TRY(lookup_symbol(&a->opened, name, &c.function));
	return call_run(&a->opened, &at, &c, &result, &a->dirty);
}

struct error *hooks_register(struct patching *a, const struct header_fixed *f)
{
	bool known;

	if (!f->frames)
		return NULL;
	TRY(frames_known(a, f, &known));
	return known ? NULL : call_unwinder(a, f, REGISTER, 1);
}

struct error *hooks_unregister(struct patching *a, const struct header_fixed *f)
{
	const struct call_place at = place_of(f);
	bool known;

	if (!f->call_data)
		return NULL;
	TRY(call_is_over(&a->opened, &at, &a->dirty));
	if (!f->frames)
		return NULL;
	TRY(frames_known(a, f, &known));
	return known ? call_unwinder(a, f, UNREGISTER, 0) : NULL;
}

struct error *hooks_call(struct patching *a, const struct header_fixed *f, enum header_hook which)
{
	const struct call_place at = place_of(f);
	const struct call c = { .name = names[which],
				.function = f->hooks[which],
				.note = CALL_RESULT,
				.seconds = HOOK_SECONDS };
	bool asks = which == HEADER_PRE_APPLY || which == HEADER_PRE_REVERT;
	int64_t result;

	if (!c.function)
		return NULL;
	TRY(call_run(&a->opened, &at, &c, &result, &a->dirty));
	return asks && (int32_t)result ? error_refused("its hook %s() says no, and returns %d",
						       c.name, (int32_t)result)
				       : NULL;
}
