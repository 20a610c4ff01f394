// SPDX-License-Identifier: GPL-2.0-or-later
/* What a look at the processes comes to. Pure. */
#include "base/str.h"
#include "flow/check.h"

static struct error *judge_none(const struct process_patch *p, bool tended, struct findings *out)
{
	vec_for_each(&p->parts, part)
		TRY(finding_add(out, tended ? FINDING_NOTE : FINDING_NOTHING, "processes",
				tended ? "those that begin later get it: sutured is at work"
				       : "is it another build of the file? the bundle is for the "
					 "build-id that suture inspect shows",
				"no process on this host has %s with the build-id %.16s… mapped",
				part->payload->file, part->payload->build_id));
	return NULL;
}

/* Why not, in the kind of its error: what passes by itself, or what does not. */
static struct error *judge_row(const struct process_row *row, bool whole, struct findings *out)
{
	const char *comm = row->process.comm;
	enum finding_level no = whole ? FINDING_REFUSED : FINDING_WARNING;

	if (row->has == PROCESS_HAS)
		return finding_add(out, FINDING_NOTE, "process", NULL, "%s (%d) has it already",
				   comm, row->process.pid);
	if (!row->why)
		return finding_add(out, FINDING_OK, "process", NULL, "%s (%d) can be patched%s",
				   comm, row->process.pid,
				   row->has == PROCESS_HAS_PART
					   ? ": what a killed manager left there is settled first"
					   : "");
	if (error_kind(row->why) == ERROR_NOTHING)
		return NULL;
	return finding_add(
		out, no, "process", error_advice(row->why), "%s (%d): %s%s", comm, row->process.pid,
		error_kind(row->why) == ERROR_PENDING ? "not now: " : "", error_message(row->why));
}

/* Both were made from the file as it was shipped: the later one knows nothing of the other. */
static struct error *judge_stacked(const struct check_facts *f, struct findings *out)
{
	vec_for_each(&f->stacked, s) {
		if (bundle_names_have(&f->bundle->facts.supersedes, s->patch))
			TRY(finding_add(out, FINDING_NOTE, "stacked", NULL,
					"%s() of %s is replaced again", s->function, s->patch));
		else
			TRY(finding_add(
				out, FINDING_REFUSED, "stacked",
				"build both as one bundle (suture build A.patch B.patch), and "
				"revert the other first; or say in the fix's metadata that it "
				"supersedes the other",
				"%s() is replaced by %s already: what that changes there would "
				"be undone",
				s->function, s->patch));
	}
	return NULL;
}

struct error *check_judge_processes(const struct check_facts *f, struct findings *out)
{
	const struct process_patch *p = f->processes;
	size_t have = 0, can = 0;

	vec_for_each(&f->known, k)
		if (str_equal(k->name, p->name) && !f->same_digest)
			return finding_add(out, FINDING_REFUSED, "applied",
					   "suture revert takes it back",
					   "another bundle of the name %s is live", p->name);
	if (!p->rows.n)
		return judge_none(p, f->tended, out);
	vec_for_each(&p->rows, row) {
		have += row->has == PROCESS_HAS;
		can += row->has != PROCESS_HAS && !row->why;
	}
	if (have == p->rows.n)
		return finding_add(out, FINDING_NOTHING, "applied", NULL,
				   have == 1 ? "the process that it is for has it"
					     : "all %zu processes that it is for have it",
				   have);
	TRY(judge_stacked(f, out));
	vec_for_each(&p->rows, row)
		TRY(judge_row(row, f->whole || !can, out));
	return NULL;
}
