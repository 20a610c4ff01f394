/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For the extra C of a fix: code that its diff adds to a .c file it touches, or that a second
 * diff adds behind it. suture build puts this header on the include path of the fixed files.
 *
 *	#include <suture/patch.h>
 *
 * Callbacks. Called by livepatch for the object (vmlinux or the module) that the file belongs
 * to; any may be left out. A pre_patch that returns an error keeps the patch from being
 * loaded, or the module that comes later. Then, and when the patch is taken back, post_unpatch
 * is called if pre_patch of the same set succeeded. Sets of one file are called in the
 * order of their lines, files as the patch has them; on the way back in the reverse order. A
 * patch that is replaced by another is not taken back: none of its callbacks is called then.
 * They run in process context and may sleep; each must work while other tasks still run the
 * old, or already the new code.
 *
 *	SUTURE_CALLBACKS(counters,
 *		.pre_patch = allocate_counters,
 *		.post_unpatch = free_counters);
 *
 * Shadow variables: a field that a structure in memory has no room for, kept beside each
 * object by the kernel (Documentation/livepatch/shadow-vars.rst). They outlive the patch: free
 * them where the object is freed, and all of them in post_unpatch.
 *
 *	SUTURE_SHADOW(unsigned long, counter, "CVE-2026-1234", 1)
 *
 * defines, for any object o,
 *
 *	unsigned long *counter_get(const void *o)                  NULL if it has none
 *	unsigned long *counter_get_or_alloc(void *o, gfp_t gfp)    zeroes if it is new; or NULL
 *	void counter_free(void *o)
 *	void counter_free_all(void)
 *
 * States: what the patch has done to the system that a later patch, which replaces it, must
 * know how to go on with (Documentation/livepatch/system-state.rst). The kernel lets only a
 * patch replace this one that has the same state, in this version or a later one.
 *
 *	SUTURE_STATE("CVE-2026-1234", 1, version)
 *	struct klp_state *suture_state(unsigned long id)           of this patch
 *	struct klp_state *suture_previous_state(unsigned long id)  of the ones it replaces
 *
 * IDs of shadow variables and states are the same for all patches of a system. Here each is
 * made of the name of the fix and a number that is its own in it: 48 bits of the name's FNV-1a
 * hash (of 32 bytes, the rest of which are zeroes), then 16 bits with the number. So a later
 * version of a fix, and a bundle of several, has the same IDs as long as it uses the same
 * name. For two names the chance of the same hash is one in 2^48.
 */
#ifndef SUTURE_PATCH_H
#define SUTURE_PATCH_H

#include <linux/build_bug.h>
#include <linux/compiler.h>
#include <linux/livepatch.h>
#include <linux/slab.h>

/* --- IDs ------------------------------------------------------------------------ */

#define SUTURE_HASH_1(s, i, h)                                                           \
	(((h) ^ ((i) < sizeof(s) ? (unsigned char)(s)[(i) < sizeof(s) ? (i) : 0] : 0)) * \
	 0x100000001b3UL)
#define SUTURE_HASH_4(s, i, h) \
	SUTURE_HASH_1(         \
		s, (i) + 3,    \
		SUTURE_HASH_1(s, (i) + 2, SUTURE_HASH_1(s, (i) + 1, SUTURE_HASH_1(s, i, h))))
#define SUTURE_HASH_16(s, i, h) \
	SUTURE_HASH_4(          \
		s, (i) + 12,    \
		SUTURE_HASH_4(s, (i) + 8, SUTURE_HASH_4(s, (i) + 4, SUTURE_HASH_4(s, i, h))))
#define SUTURE_HASH(s) SUTURE_HASH_16(s, 16, SUTURE_HASH_16(s, 0, 0xcbf29ce484222325UL))

/* A constant. fix: a string literal of 1 to 32 characters; number: 1 to 65535. */
#define SUTURE_ID(fix, number)                                                    \
	((SUTURE_HASH("" fix "") & ~0xffffUL) + (number) +                        \
	 BUILD_BUG_ON_ZERO(sizeof(fix) < 2 || sizeof(fix) > 33 || (number) < 1 || \
			   (number) > 0xffff))

/* --- callbacks ------------------------------------------------------------------ */

/* What suture reads: .suture.callbacks has one of these for each set. */
struct suture_callbacks {
	int (*pre_patch)(struct klp_object *object);
	void (*post_patch)(struct klp_object *object);
	void (*pre_unpatch)(struct klp_object *object);
	void (*post_unpatch)(struct klp_object *object);
	unsigned long line;
};

#define SUTURE_CALLBACKS(name, ...)                                                      \
	static const struct suture_callbacks suture_callbacks_##name __used __aligned(8) \
		__section(".suture.callbacks") = { .line = __LINE__, __VA_ARGS__ }

/* --- shadow variables ----------------------------------------------------------- */

#define SUTURE_SHADOW(type, name, fix, number)                                                    \
	static inline __maybe_unused type *name##_get(const void *object)                         \
	{                                                                                         \
		return klp_shadow_get((void *)object, SUTURE_ID(fix, number));                    \
	}                                                                                         \
	static inline __maybe_unused type *name##_get_or_alloc(void *object, gfp_t gfp)           \
	{                                                                                         \
		return klp_shadow_get_or_alloc(object, SUTURE_ID(fix, number), sizeof(type), gfp, \
					       NULL, NULL);                                       \
	}                                                                                         \
	static inline __maybe_unused void name##_free(void *object)                               \
	{                                                                                         \
		klp_shadow_free(object, SUTURE_ID(fix, number), NULL);                            \
	}                                                                                         \
	static inline __maybe_unused void name##_free_all(void)                                   \
	{                                                                                         \
		klp_shadow_free_all(SUTURE_ID(fix, number), NULL);                                \
	}

/* --- states --------------------------------------------------------------------- */

/* What suture reads: .suture.states has one of these for each state. */
struct suture_state {
	unsigned long id, version;
};

#define SUTURE_STATE(fix, number, since)                                           \
	static const struct suture_state suture_state_##number __used __aligned(8) \
		__section(".suture.states") = { .id = SUTURE_ID(fix, number), .version = (since) }

/* Of the module that the fix becomes part of. */
extern struct klp_patch suture_klp_patch;

static inline __maybe_unused struct klp_state *suture_state(unsigned long id)
{
	return klp_get_state(&suture_klp_patch, id);
}

static inline __maybe_unused struct klp_state *suture_previous_state(unsigned long id)
{
	return klp_get_prev_state(id);
}

#endif
