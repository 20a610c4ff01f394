/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Warnings as kernels from 6.19 on have them: code that loads the address of its own entry. */
#ifndef SUTURE_TESTS_WARNINGS_H
#define SUTURE_TESTS_WARNINGS_H

#define PUSH(section) ".pushsection " section "\\n"
#define POP ".popsection"

#define ENTRY(number, place)                                      \
	PUSH("__bug_table,\\\"aw\\\"")                            \
	".Lentry" number ": .long " place " - .\\n.long %c[f] - " \
	".\\n.long %c[s] - .\\n.word %c[l]\\n.word 27\\n"         \
	".org .Lentry" number " + 16\\n" POP
#define INPUTS(format) "[f] \"i\"(\"" format "\"), [s] \"i\"(\"dir/file.c\"), [l] \"i\"(__LINE__)"
/* The handler gets the address of entry 'meant', which begins 'at' bytes before that. */
#define WARN_OF(number, meant, at, format)                                                      \
	"{ const void *bug; asm volatile(\"lea .Lentry" meant "+" at "(%%rip), %[b]\\n"         \
	".Lplace" number ": " ENTRY(number, ".Lplace" number) "\" : [b] \"=r\"(bug) : " INPUTS( \
		format) "); n += sink(n, bug); }\n"
#define WARN(number, format) WARN_OF(number, number, "0", format)
#define SINK "int sink(int, const void *);\n"
#define FUNCTION(name, warnings, result) \
	"int " name "(int n) { " warnings " return n + " result "; }\n"

#endif
