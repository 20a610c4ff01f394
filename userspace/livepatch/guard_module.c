// SPDX-License-Identifier: GPL-2.0-or-later
#include "livepatch/guard_module.h"

#include "livepatch/external.h"

#define EMBED(symbol, path)                                \
	extern const char symbol[];                        \
	__asm__(".pushsection .rodata." #symbol ",\"a\"\n" \
		".globl " #symbol "\n" #symbol ":\n"       \
		".incbin \"kmod/guard/" path "\"\n"        \
		".byte 0\n"                                \
		".popsection\n")

EMBED(guard_kbuild, "Kbuild");
EMBED(guard_uapi_h, "suture_guard.h");
EMBED(guard_guard_h, "guard.h");
EMBED(guard_main_c, "main.c");
EMBED(guard_table_c, "table.c");
EMBED(guard_duty_c, "duty.c");
EMBED(guard_signals_c, "signals.c");
EMBED(guard_watch_c, "watch.c");
EMBED(guard_livepatch_c, "livepatch.c");
EMBED(guard_stack_c, "stack.c");

static const struct external_source sources[] = {
	{ "Kbuild", guard_kbuild },	  { "suture_guard.h", guard_uapi_h },
	{ "guard.h", guard_guard_h },	  { "main.c", guard_main_c },
	{ "table.c", guard_table_c },	  { "duty.c", guard_duty_c },
	{ "signals.c", guard_signals_c }, { "watch.c", guard_watch_c },
	{ "stack.c", guard_stack_c },	  { "livepatch.c", guard_livepatch_c },
};

struct error *guard_module(const struct target *t, char **path)
{
	static const struct external guard = {
		.kind = "guard", .what = "the guard", .sources = sources, .n = ARRAY_SIZE(sources)
	};

	if (t->source)
		return error_refused("the guard is built for kernel: targets only; for %s, build "
				     "kmod/guard against it",
				     t->name);
	return external_make(t, &guard, "modules", "suture_guard.ko", path);
}
