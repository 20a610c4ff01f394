/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What latency.bpf.c and its reader share. */
#ifndef SUTURE_BPF_LATENCY_H
#define SUTURE_BPF_LATENCY_H

/*
 * Nanoseconds in buckets of an eighth of a power of two: below 8 a bucket each, then 8 to a
 * doubling, up to 2^41 ns (36 minutes), and one for what is longer: those of judge/histogram.h.
 */
#define LATENCY_SUB_BITS 3
#define LATENCY_SUB (1 << LATENCY_SUB_BITS)
#define LATENCY_BITS 41
#define LATENCY_BUCKETS ((LATENCY_BITS - LATENCY_SUB_BITS + 1) * LATENCY_SUB + 1)

/* What a function returned. An errno is a class of its own (include/uapi/asm-generic/errno.h). */
#define LATENCY_ERRNOS 134
enum latency_class {
	LATENCY_ZERO, /* 0, false or NULL */
	/* 1 to LATENCY_ERRNOS - 1: that errno, negative, or a pointer that is one (IS_ERR) */
	LATENCY_NEGATIVE = LATENCY_ERRNOS, /* another negative value, another such pointer */
	LATENCY_POSITIVE,		   /* another value; a pointer */
	LATENCY_CLASSES,
};

/* How a returned register is to be read. */
enum latency_return {
	LATENCY_RETURN_NONE, /* void, a structure, or not known: no classes */
	LATENCY_RETURN_INT,  /* signed, 4 bytes or less */
	LATENCY_RETURN_LONG, /* signed, 8 bytes */
	LATENCY_RETURN_BOOL,
	LATENCY_RETURN_UNSIGNED_INT,
	LATENCY_RETURN_UNSIGNED,
	LATENCY_RETURN_POINTER,
};

/* Of one function on one CPU; counters that are only added to. */
struct latency_counts {
	unsigned long long entries;	/* calls that began */
	unsigned long long taken;	/* of them, those whose time is taken (sampling) */
	unsigned long long returns;	/* of these, those whose end was seen: the buckets' sum */
	unsigned long long unseen;	/* not timed: another call had the slot */
	unsigned long long nanoseconds; /* the sum of their times */
	unsigned long long buckets[LATENCY_BUCKETS];
	unsigned long long classes[LATENCY_CLASSES];
	unsigned long long scratch[2]; /* the programs' own */
	unsigned long long pass_by;    /* so many calls more are not timed */
};

#endif
