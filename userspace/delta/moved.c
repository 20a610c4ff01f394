// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Moved lines. Code that hands __LINE__ to someone differs when lines above it come or go.
 * That is understood, and no change, if all that differs between two instructions is an
 * immediate operand, and it is, in each of the two builds, the line that the instruction
 * comes from or that of a call it was inlined into. The same for a variable that holds the
 * line of its own declaration.
 *
 * Objects without debug information don't tell lines. There a number is taken for one if it is
 * handed to a function together with the name of a source file of this object; and in records
 * whose form is known, if it is where the line is, beside such a name.
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

static bool has_lines(struct node *n)
{
	struct lines *l = lines_of(n->view);

	return l && lines_debug(l)->dwarf;
}

struct error *node_stem_of_line(struct node *n, const char **stem)
{
	const struct line declared = lines_declared(lines_of(n->view), n->section, n->start);
	const char *name = n->symbol->name;
	char line[16];

	*stem = NULL;
	snprintf(line, sizeof(line), "%u", declared.line);
	if (!declared.line || !str_ends(name, line) || strlen(name) == strlen(line))
		return NULL;
	*stem = arena_printf(n->view->arena, "%.*s", (int)(strlen(name) - strlen(line)), name);
	return *stem ? NULL : error_nomem();
}

/* The object's own source, by its STT_FILE symbols, or a header. */
static bool is_source_of(const struct object *o, const char *path)
{
	const char *slash, *end = path ? path + strlen(path) : NULL;

	if (!path || end - path < 3 || strpbrk(path, " %\n"))
		return false;
	if (str_equal(end - 2, ".h"))
		return true;
	slash = strrchr(path, '/');
	vec_for_each(&o->symbols, it)
		if ((*it)->type == STT_FILE && *(*it)->name &&
		    (str_equal((*it)->name, slash ? slash + 1 : path) ||
		     str_equal((*it)->name, path)))
			return true;
	return false;
}

/* Whether a relocation in a range of the code refers to such a name. */
static bool names_source_between(struct node *n, uint64_t from, uint64_t to)
{
	for (size_t i = 0; i < n->n_relocs; i++) {
		uint64_t at = n->relocs[i].offset - n->start;
		struct target t;

		if (at < from || at >= to || !node_target(n, &n->relocs[i], &t) || !t.node)
			continue;
		if (is_source_of(n->view->object, target_string(&t)))
			return true;
	}
	return false;
}

/*
 * The instructions around one, from behind a call or jump to the next: whatever is handed to
 * that is put in place here.
 */
static bool handed_with_source(struct node *n, uint64_t at)
{
	uint64_t from = 0, to = 0;
	struct insn insn;

	while (to < n->size) {
		if (!n->view->arch->decode(n->bytes + to, n->size - to, &insn))
			return false;
		to += insn.length;
		if (!insn.is_branch)
			continue;
		if (to > at)
			break;
		from = to;
	}
	return names_source_between(n, from, to);
}

static bool may_be_line(int64_t n)
{
	return n > 0 && n < 1 << 18;
}

static bool is_line_operand(struct node *a, struct node *b, uint64_t at, const struct insn *x,
			    const struct insn *y)
{
	if (has_lines(a) && has_lines(b))
		return are_lines(a, b, at, x->imm, y->imm);
	return x->imm_size == 4 && !x->disp_size && may_be_line(x->imm) && may_be_line(y->imm) &&
	       handed_with_source(a, at) && handed_with_source(b, at);
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
	       is_line_operand(a, b, at, &x, &y);
}

static bool code_moved(struct node *a, struct node *b)
{
	uint8_t length;

	for (uint64_t at = 0; at < a->size; at += length)
		if (!insn_moved(a, b, at, &length))
			return false;
	return true;
}

/* "name:12" in both: how long each is. False if the names differ or no line follows. */
static bool same_but_line(const char *x, const char *y, size_t *n, size_t *m)
{
	*n = strcspn(x, " ");
	*m = strcspn(y, " ");
	while (*x && *x == *y && *x != ':' && *x != ' ') {
		x++;
		y++;
	}
	return *x == ':' && *y == ':' && strspn(x + 1, "0123456789") == strcspn(x + 1, " ") &&
	       strspn(y + 1, "0123456789") == strcspn(y + 1, " ");
}

/*
 * KASAN describes a function's frame: "2 32 8 5 foo:12 64 8 6 bar:13" is how many variables
 * there are, and of each where it is, how large, how long its name is, its name and its line.
 */
static bool only_frame_moved(const char *x, const char *y)
{
	unsigned long count = strtoul(x, (char **)&x, 10);
	size_t n, m;

	if (!count || strtoul(y, (char **)&y, 10) != count)
		return false;
	for (; count; count--, x += n, y += m) {
		for (int field = 0; field < 3; field++) {
			unsigned long a, b;

			if (*x != ' ' || *y != ' ')
				return false;
			a = strtoul(x + 1, (char **)&x, 10);
			b = strtoul(y + 1, (char **)&y, 10);
			if (a != b && field < 2)
				return false;
		}
		if (*x++ != ' ' || *y++ != ' ' || !same_but_line(x, y, &n, &m))
			return false;
	}
	return !*x && !*y;
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
	if (only_frame_moved(old, new))
		return true;
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

/* Records of places in the source: where they keep the file's name and the line. */
static const struct record {
	const char *section; /* or the begin of its name */
	uint8_t file, line;
	uint32_t mask; /* of the line, in a word of 32 bits */
} records[] = {
	{ "__dyndbg", 16, 32, 0x3ffff }, /* struct _ddebug; other fields are in the word too */
	{ "__verbose", 16, 32, 0x3ffff },
	{ "_ftrace_annotated_branch", 8, 16, UINT32_MAX }, /* struct ftrace_branch_data */
	{ "_ftrace_branch", 8, 16, UINT32_MAX },
	{ ".data..Lubsan_data", 0, 8, UINT32_MAX }, /* struct source_location, gcc and clang */
	{ ".data..L__unnamed_", 0, 8, UINT32_MAX },
};

static bool names_source_at(struct node *n, uint64_t at)
{
	for (size_t i = 0; i < n->n_relocs; i++) {
		struct target t;

		if (n->relocs[i].offset - n->start == at && node_target(n, &n->relocs[i], &t) &&
		    t.node)
			return is_source_of(n->view->object, target_string(&t));
	}
	return false;
}

static bool record_moved(struct node *a, struct node *b)
{
	const struct record *r = records;
	uint32_t x, y;

	while (!str_starts(a->section->name, r->section))
		if (++r == records + ARRAY_SIZE(records))
			return false;
	if (a->size < r->line + 4U || !names_source_at(a, r->file) || !names_source_at(b, r->file))
		return false;
	memcpy(&x, a->bytes + r->line, sizeof(x));
	memcpy(&y, b->bytes + r->line, sizeof(y));
	return (x & ~r->mask) == (y & ~r->mask) && !memcmp(a->bytes, b->bytes, r->line) &&
	       !memcmp(a->bytes + r->line + 4, b->bytes + r->line + 4, a->size - r->line - 4);
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
	if (a->section->flags & SHF_EXECINSTR)
		return code_moved(a, b);
	return data_moved(a, b) || record_moved(a, b);
}

/* Of what is inlined, the line of the function's own text that calls it. */
static struct line own_line(struct lines *l, const struct node *n, uint64_t at)
{
	struct line found = lines_at(l, n->section, n->start + at), declared;
	unsigned int around[16];
	size_t n_around = lines_around(l, n->section, n->start + at, around, ARRAY_SIZE(around));

	if (n_around < 2 || n_around == ARRAY_SIZE(around))
		return found;
	declared = lines_declared(l, n->section, n->start);
	if (!declared.file)
		return found;
	return (struct line){ .file = declared.file, .line = around[n_around - 1] };
}

struct line node_line(struct node *n, uint64_t at)
{
	struct lines *l = lines_of(n->view);
	struct line found = { 0 };

	if (n->section->flags & SHF_EXECINSTR)
		found = own_line(l, n, at);
	return found.file ? found : lines_declared(l, n->section, n->start);
}
