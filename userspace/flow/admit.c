// SPDX-License-Identifier: GPL-2.0-or-later
#include "flow/admit.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <time.h>

#define USUAL_FOLDER "/etc/suture/trust.d"

const char *admit_folder(const char *folder)
{
	const char *said = getenv("SUTURE_TRUST");

	if (folder)
		return folder;
	return said && *said ? said : USUAL_FOLDER;
}

void admission_clear(struct admission *a)
{
	judgement_clear(&a->judgement);
	trust_free(&a->trust);
}

struct error *admit(const struct bundle *b, const char *folder, const struct admit_past *past,
		    struct admission *out)
{
	struct admission a __cleanup_admission = { 0 };
	struct circumstances c = { .now = time(NULL),
				   .seen = past->seen,
				   .newest_seen = past->newest_seen,
				   .accepted_before = past->accepted_before };
	struct utsname u;

	if (uname(&u) < 0)
		return error_errno(errno, "uname");
	c.place = (struct place){ .host = u.nodename, .release = u.release };
	TRY(trust_open(admit_folder(folder), &a.trust));
	TRY(judge_bundle(b, a.trust, &c, &a.judgement));
	*out = a;
	a = (struct admission){ 0 };
	return NULL;
}

void admit_bounds_clear(struct admit_bounds *b)
{
	trust_free(&b->trust);
}

struct error *admit_bounds(struct admit_bounds *out)
{
	struct utsname u;

	if (uname(&u) < 0)
		return error_errno(errno, "uname");
	TRY(trust_open(admit_folder(NULL), &out->trust));
	out->terms = trust_policy_for(out->trust,
				      &(struct place){ .host = u.nodename, .release = u.release })
			     ->verdict;
	return NULL;
}
