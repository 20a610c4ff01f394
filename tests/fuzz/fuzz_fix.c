// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Hostile fix.yaml. Whatever is taken keeps its promises: names and facts have their forms, no
 * path leads out of the folder, no text has a control character.
 */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "fix/metadata.h"

static void need(bool truth)
{
	if (!truth)
		abort();
}

static void check_path(const char *path)
{
	char *inside __free = str_printf("/%s/", path);

	need(*path != '/' && inside && !strstr(inside, "/../") && !strstr(inside, "//"));
}

static void check_texts(const struct form_texts *t)
{
	for (size_t i = 0; i < t->n; i++)
		for (const char *c = t->v[i]; *c; c++)
			need((unsigned char)*c >= 0x20 && *c != 0x7f);
	fix_fits(t, "kernel:6.1.0-56-amd64");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct fix_metadata *m __cleanup_fix_metadata = NULL;
	struct error *e __cleanup_error =
		fix_metadata_parse((const char *)bytes, n, "fix.yaml", &m);

	if (e) {
		need(!m && *error_message(e));
		return 0;
	}
	need(m->n_diffs);
	for (size_t i = 0; i < m->n_diffs; i++) {
		check_path(m->diffs[i].file);
		check_texts(&m->diffs[i].targets);
	}
	for (size_t i = 0; i < m->n_accept; i++)
		need(m->accept[i].finding && m->accept[i].reason);
	if (m->reproducer.file)
		check_path(m->reproducer.file);
	check_texts(&m->targets);
	check_texts(&m->reproducer.before.output);
	check_texts(&m->expect.log);
	need(m->reproducer.before.exit < 256 && m->transition_timeout);
	need(fix_verdict_name(m->expect.verdict));
	need(!m->name || bundle_form_name.fits(m->name));
	return 0;
}
