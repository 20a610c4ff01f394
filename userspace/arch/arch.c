// SPDX-License-Identifier: GPL-2.0-or-later
#include "arch/arch.h"

#include "arch/rows.h"

static const struct arch *const rows[] = { &arch_x86_64, &arch_x86_64_process };

static const struct arch *find(uint16_t machine, bool process)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (rows[i]->machine == machine && rows[i]->process == process)
			return rows[i];
	return NULL;
}

const struct arch *arch_find(uint16_t machine)
{
	return find(machine, false);
}

const struct arch *arch_find_process(uint16_t machine)
{
	return find(machine, true);
}

const struct reloc_kind *arch_reloc_kind(const struct arch *a, uint32_t type)
{
	for (size_t i = 0; i < a->n_reloc_kinds; i++)
		if (a->reloc_kinds[i].type == type)
			return &a->reloc_kinds[i];
	return NULL;
}

static bool matches(const char *pattern, const char *name)
{
	while (*pattern && *pattern == *name) {
		pattern++;
		name++;
	}
	return *pattern == '*' || *pattern == *name;
}

const struct special *arch_special(const struct arch *a, const char *section)
{
	for (size_t i = 0; i < a->n_specials; i++)
		if (matches(a->specials[i].name, section))
			return &a->specials[i];
	return NULL;
}
