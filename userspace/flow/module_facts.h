/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a payload's module says of itself, as the module loader will read it. Pure. */
#ifndef SUTURE_FLOW_MODULE_FACTS_H
#define SUTURE_FLOW_MODULE_FACTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/vec.h"

struct module_version {
	const char *symbol;
	uint32_t crc;
};

struct module_facts {
	const char *vermagic; /* NULL: none */
	bool is_signed;	      /* a signature is appended; whose is not looked at */
	VEC(struct module_version) versions;
};

/* Strings are allocated from the arena. */
struct error *module_facts_read(const struct strbuf *module, struct arena *a,
				struct module_facts *out) __must_check;
void module_facts_free(struct module_facts *m);

#endif
