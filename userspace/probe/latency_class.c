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
