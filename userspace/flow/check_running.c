// SPDX-License-Identifier: GPL-2.0-or-later
#include "flow/check_running.h"

#include <stdlib.h>
#include <string.h>

#include "livepatch/exports.h"
#include "probe/site.h"

/* --- symbol versions ---------------------------------------------------------------- */

enum { RODATA, RODATA_END, TABLES };
static const char *const wanted[RUNNING_SYMBOLS] = {
	[RODATA] = "__start_rodata", "__end_rodata",	      "__start___ksymtab",
	"__stop___ksymtab",	     "__start___ksymtab_gpl", "__stop___ksymtab_gpl",
	"__start___kcrctab",	     "__stop___kcrctab",      "__start___kcrctab_gpl",
	"__stop___kcrctab_gpl",
};

#define RODATA_MOST (256u << 20)

static struct error *compare(const struct image_exports *x, const struct module_facts *m,
			     struct check_facts *f)
{
	vec_for_each(&m->versions, v) {
		const struct image_export *e = image_exports_find(x, v->symbol);

		if (!e || !e->has_crc)
			continue; /* a module's */
		f->crcs++;
		if (e->crc != v->crc)
			TRY(vec_push(&f->crc_trouble,
				     (struct check_crc){ v->symbol, v->crc, e->crc }));
	}
	f->crcs_known = f->crcs > 0;
	return NULL;
}

static struct error *compare_in(const struct live_symbol *q, uint8_t *rodata, size_t n,
				const struct module_facts *m, struct check_facts *f)
{
	struct image_segment segment = {
		.address = q[RODATA].address, .size = n, .bytes = rodata, .name = "rodata"
	};
	struct image_exports x __cleanup_exports = { 0 };
	struct image_symbol symbols[ARRAY_SIZE(wanted)];
	struct image *img __cleanup_image = NULL;
	size_t k = 0;

	for (size_t i = TABLES; i < ARRAY_SIZE(wanted); i++)
		if (q[i].address)
			symbols[k++] = (struct image_symbol){ .address = q[i].address,
							      .name = q[i].name,
							      .type = 'R',
							      .position = (unsigned int)i };
	TRY(image_from_memory("vmlinux", &segment, 1, symbols, k, &img));
	TRY(image_exports_read(img, &x));
	return x.known ? compare(&x, m, f) : NULL;
}

void running_symbols(struct live_symbol *q)
{
	for (size_t i = 0; i < RUNNING_SYMBOLS; i++)
		q[i] = (struct live_symbol){ .object = "vmlinux", .name = wanted[i] };
}

struct error *running_versions(const struct running_text *t, const struct live_symbol *q,
			       const struct module_facts *m, struct check_facts *f)
{
	struct error *closed __cleanup_error = NULL;
	uint8_t *rodata __free = NULL;
	uint64_t n;

	if (!q[RODATA].address || q[RODATA_END].address <= q[RODATA].address)
		return NULL;
	n = q[RODATA_END].address - q[RODATA].address;
	if (n > RODATA_MOST)
		return NULL;
	rodata = malloc(n);
	if (!rodata)
		return error_nomem();
	closed = running_text_read(t, q[RODATA].address, rodata, n);
	return closed ? NULL : compare_in(q, rodata, n, m, f);
}

/* --- code --------------------------------------------------------------------------- */

static int nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

long masked_code_fixed(const char *code)
{
	long fixed = 0;

	for (; *code; code += 2) {
		if (code[0] == '.' && code[1] == '.')
			continue;
		if (nibble(code[0]) < 0 || nibble(code[1]) < 0)
			return -1;
		fixed++;
	}
	return fixed;
}

bool masked_code_agrees(const char *code, const uint8_t *bytes, size_t n, size_t *at)
{
	for (size_t i = 0; i < n; i++, code += 2)
		if (code[0] != '.' && (nibble(code[0]) << 4 | nibble(code[1])) != bytes[i]) {
			*at = i;
			return false;
		}
	return true;
}

/* What arch/x86/kernel/kprobes writes: INT3, or once it is optimised a JMP rel32. */
static size_t kprobe_size(uint8_t first)
{
	return first == 0xcc ? 1 : first == 0xe9 ? 5 : 0;
}

size_t masked_code_lift(const char *code, const char *kprobes, uint64_t address, uint8_t *bytes,
			size_t n)
{
	size_t lifted = 0;

	for (const char *line = kprobes ? kprobes : ""; *line;) {
		uint64_t at = strtoull(line, NULL, 16) - address;
		size_t size = at < n ? kprobe_size(bytes[at]) : 0;

		for (size_t i = at; i < n && i < at + size; i++) {
			const char *c = code + 2 * i;

			if (*c == '.')
				continue;
			bytes[i] = (uint8_t)(nibble(c[0]) << 4 | nibble(c[1]));
			lifted++;
		}
		line = strchrnul(line, '\n');
		line += *line == '\n';
	}
	return lifted;
}

struct error *running_code(const struct running_text *t, uint64_t address, const char *kprobes,
			   struct arena *a, struct check_function *c)
{
	const char *code = c->f->code;
	struct error *closed __cleanup_error = NULL;
	size_t n = code ? strlen(code) / 2 : 0, at = 0;
	enum site_kind kind;
	uint8_t *bytes;

	if (!code) {
		c->text_why = "the bundle does not carry its code";
		return NULL;
	}
	bytes = arena_alloc(a, n);
	if (!bytes)
		return error_nomem();
	closed = running_text_read(t, address, bytes, n);
	if (closed) {
		c->text_why = arena_strdup(a, error_message(closed));
		return c->text_why ? NULL : error_nomem();
	}
	kind = site_decode(bytes, n, address).kind;
	c->sites_known = kind != SITE_JUMPED;
	c->site_present = kind != SITE_NONE;
	c->text_bytes = (uint64_t)masked_code_fixed(code) -
			masked_code_lift(code, kprobes, address, bytes, n);
	c->text = masked_code_agrees(code, bytes, n, &at) ? TEXT_AGREES : TEXT_DIFFERS;
	if (c->text == TEXT_AGREES)
		return NULL;
	c->text_why =
		arena_printf(a, "at +0x%zx it has %02x, not %.2s", at, bytes[at], code + 2 * at);
	return c->text_why ? NULL : error_nomem();
}
