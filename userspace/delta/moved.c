// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Moved lines. Code that hands __LINE__ to someone differs when lines above it come or go.
 * That is understood, and no change, if all that differs between two instructions is an
 * immediate operand, and it is, in each of the two builds, the line that the instruction
 * comes from or that of a call it was inlined into. The same for a variable that holds the
 * line of its own declaration.
 */
#include <ctype.h>

#include "delta/private.h"

static struct lines *lines_of(struct view *v)
{
	struct error *e __cleanup_error = NULL;

	if (!v->lines)
		e = lines_open(v->object, &v->lines);
	return v->lines;
}

struct error *view_debug(struct view *v, const struct debug **out)
{
	if (!v->lines)
		TRY(lines_open(v->object, &v->lines));
	*out = lines_debug(v->lines);
	return NULL;
}

#define MAX_LINES 16
/* __LINE__ may stand some lines below the first of its statement. */
#define STATEMENT_LINES 12

static bool are_lines(struct node *a, struct node *b, uint64_t at, int64_t old, int64_t new)
{
	unsigned int before[MAX_LINES], after[MAX_LINES];
	size_t n = lines_around(lines_of(a->view), a->section, a->start + at, before, MAX_LINES);
	size_t m = lines_around(lines_of(b->view), b->section, b->start + at, after, MAX_LINES);

	for (size_t i = 0; i < n && i < m; i++)
		if (old - before[i] == new - after[i] && old >= before[i] &&
		    old - before[i] <= STATEMENT_LINES)
			return true;
	return false;
}

/* The two instructions are the same but for a line number. */
static bool insn_moved(struct node *a, struct node *b, uint64_t at, uint8_t *length)
{
	struct insn x, y;
	uint8_t end;

	if (!a->view->arch->decode(a->bytes + at, a->size - at, &x) ||
	    !a->view->arch->decode(b->bytes + at, b->size - at, &y) || x.length != y.length)
		return false;
	*length = x.length;
	if (!memcmp(a->bytes + at, b->bytes + at, x.length))
		return true;
	if (!x.imm_size || x.imm_size != y.imm_size || x.imm_at != y.imm_at)
		return false;
	end = x.imm_at + x.imm_size;
	return !memcmp(a->bytes + at, b->bytes + at, x.imm_at) &&
	       !memcmp(a->bytes + at + end, b->bytes + at + end, x.length - end) &&
	       are_lines(a, b, at, x.imm, y.imm);
}

static bool code_moved(struct node *a, struct node *b)
{
	uint8_t length;

	for (uint64_t at = 0; at < a->size; at += length)
		if (!insn_moved(a, b, at, &length))
			return false;
	return true;
}

/*
 * Messages that say "file.c:123". The digits that differ, as a whole, are the line.
 */
bool only_string_moved(struct node *a, const struct reloc *r, const char *old, struct node *b,
		       const struct reloc *q, const char *new)
{
	size_t at = 0;
	char *x, *y;
	long before, after;

	if (r->offset - a->start != q->offset - b->start)
		return false;
	while (old[at] && old[at] == new[at])
		at++;
	while (at && isdigit((unsigned char)old[at - 1]))
		at--;
	if (!isdigit((unsigned char)old[at]) || !isdigit((unsigned char)new[at]))
		return false;
	before = strtol(old + at, &x, 10);
	after = strtol(new + at, &y, 10);
	return str_equal(x, y) && are_lines(a, b, r->offset - a->start, before, after);
}

/* The line may be the low part of a word that has more in it: 16 bits at least. */
static bool word_moved(const uint8_t *a, const uint8_t *b, unsigned int old, unsigned int new)
{
	uint32_t x, y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return x - y == old - new && (x & 0xffff) == (old & 0xffff);
}

static bool data_moved(struct node *a, struct node *b)
{
	struct line old = lines_declared(lines_of(a->view), a->section, a->start);
	struct line new = lines_declared(lines_of(b->view), b->section, b->start);
	uint64_t at;

	if (!old.file || !new.file || !str_equal(old.file, new.file))
		return false;
	for (at = 0; at + 4 <= a->size; at += 4)
		if (memcmp(a->bytes + at, b->bytes + at, 4) != 0 &&
		    !word_moved(a->bytes + at, b->bytes + at, old.line, new.line))
			return false;
	return at == a->size || !memcmp(a->bytes + at, b->bytes + at, a->size - at);
}

bool only_lines_moved(struct node *a, struct node *b)
{
	if (!a->bytes || !b->bytes || a->size != b->size)
		return false;
	return a->section->flags & SHF_EXECINSTR ? code_moved(a, b) : data_moved(a, b);
}

struct line node_line(struct node *n, uint64_t at)
{
	struct lines *l = lines_of(n->view);
	struct line found = { 0 };

	if (n->section->flags & SHF_EXECINSTR)
		found = lines_at(l, n->section, n->start + at);
	return found.file ? found : lines_declared(l, n->section, n->start);
}
