// SPDX-License-Identifier: GPL-2.0-or-later
#include "probe/latency_class.h"

#include <string.h>

const char *latency_class_name(size_t class)
{
	const char *name;

	if (class == LATENCY_ZERO)
		return "0";
	if (class == LATENCY_NEGATIVE)
		return "other negative";
	if (class == LATENCY_POSITIVE)
		return "positive";
	name = strerrorname_np((int)class);
	return name ? name : "unknown errno";
}

enum latency_return latency_class_integer(uint64_t size, bool is_signed)
{
	if (size == 1)
		return LATENCY_RETURN_BOOL;
	if (size == 4)
		return is_signed ? LATENCY_RETURN_INT : LATENCY_RETURN_UNSIGNED_INT;
	if (size == 8)
		return is_signed ? LATENCY_RETURN_LONG : LATENCY_RETURN_UNSIGNED;
	/* What lies above a value of 2 bytes in the register is undefined. */
	return LATENCY_RETURN_NONE;
}
