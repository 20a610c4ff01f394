// SPDX-License-Identifier: GPL-2.0-or-later
#include "flow/recover.h"

#include <stddef.h>

static enum recover_action of_applying(const struct recover_facts *f)
{
	if (!f->same_boot || !f->present)
		return RECOVER_SAY_ROLLED_BACK;
	return f->enabled && !f->transition && !f->overdue ? RECOVER_COMPLETE : RECOVER_ROLL_BACK;
}

static enum recover_action of_live(const struct recover_facts *f)
{
	if (!f->present)
		return f->same_boot ? RECOVER_SAY_REMOVED : RECOVER_SAY_GONE_WITH_BOOT;
	if (!f->enabled)
		return RECOVER_WATCH;
	return f->overdue && !f->confirmed ? RECOVER_REVERT : RECOVER_NOTHING;
}

static enum recover_action of_reverting(const struct recover_facts *f)
{
	return f->present && f->same_boot ? RECOVER_FINISH_REVERT : RECOVER_SAY_REVERTED;
}

enum recover_action recover_decide(const struct recover_facts *f)
{
	switch (f->phase) {
	case RECOVER_APPLYING:
		return of_applying(f);
	case RECOVER_LIVE:
		return of_live(f);
	case RECOVER_REVERTING:
		return of_reverting(f);
	case RECOVER_OVER:
		return RECOVER_NOTHING;
	}
	return RECOVER_NOTHING;
}

const char *recover_reason(enum recover_action a)
{
	static const char *const reasons[] = {
		[RECOVER_COMPLETE] = "whoever applied it was ended behind the transition",
		[RECOVER_ROLL_BACK] =
			"whoever applied it was ended before it was through and proved",
		[RECOVER_SAY_ROLLED_BACK] =
			"whoever applied it was ended, and nothing of it is in the kernel",
		[RECOVER_REVERT] = "nobody confirmed it in time",
		[RECOVER_FINISH_REVERT] = "whoever took it back was ended before it was out",
		[RECOVER_SAY_REVERTED] =
			"whoever took it back was ended, and nothing of it is in the kernel",
		[RECOVER_SAY_REMOVED] =
			"it is not in the kernel any more, and it was not suture that took it out",
		[RECOVER_SAY_GONE_WITH_BOOT] = "the host was booted since",
	};

	return a < sizeof(reasons) / sizeof(reasons[0]) && reasons[a] ? reasons[a] : "";
}
