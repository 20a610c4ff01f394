/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table's rows, one a file. */
#ifndef SUTURE_ARCH_ROWS_H
#define SUTURE_ARCH_ROWS_H

#include "arch/arch.h"

extern const struct arch arch_x86_64, arch_x86_64_process;

bool x86_64_decode(const uint8_t *bytes, size_t n, struct insn *out);
bool x86_64_loads_at(const uint8_t *bytes, size_t n, uint8_t field);
void x86_64_print(const uint8_t *bytes, size_t n, uint64_t address, char *out, size_t size);

#endif
