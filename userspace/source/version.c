// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Debian's order of package versions, from deb-version(7): epoch, upstream version and
 * revision, each compared by turns as text (where '~' sorts before the end and letters before
 * other characters) and as numbers.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "source/packages.h"

static int rank(int c)
{
	if (c == '~')
		return -1;
	if (!c || isdigit(c))
		return 0;
	return isalpha(c) ? c : c + 256;
}

static size_t skip_zeros(const char *s, size_t n)
{
	size_t i = 0;

	while (i < n && s[i] == '0')
		i++;
	return i;
}

static size_t digits(const char *s, size_t n)
{
	size_t i = 0;

	while (i < n && isdigit((unsigned char)s[i]))
		i++;
	return i;
}

/* Two runs of digits of any length: the longer one is greater once zeros are skipped. */
static int compare_numbers(const char **a, size_t *na, const char **b, size_t *nb)
{
	size_t za = skip_zeros(*a, *na), zb = skip_zeros(*b, *nb);
	size_t da = digits(*a + za, *na - za), db = digits(*b + zb, *nb - zb);
	int diff = da != db ? (da < db ? -1 : 1) : memcmp(*a + za, *b + zb, da);

	*a += za + da;
	*na -= za + da;
	*b += zb + db;
	*nb -= zb + db;
	return diff;
}

static int compare_part(const char *a, size_t na, const char *b, size_t nb)
{
	while (na || nb) {
		while ((na && !isdigit((unsigned char)*a)) || (nb && !isdigit((unsigned char)*b))) {
			int ra = rank(na ? (unsigned char)*a : 0);
			int rb = rank(nb ? (unsigned char)*b : 0);

			if (ra != rb)
				return ra - rb;
			a++, na--;
			b++, nb--;
		}
		int diff = compare_numbers(&a, &na, &b, &nb);

		if (diff)
			return diff;
	}
	return 0;
}

struct version {
	unsigned long epoch;
	const char *upstream, *revision;
	size_t n_upstream, n_revision;
};

static struct version split(const char *s)
{
	struct version v = { 0 };
	const char *colon = strchr(s, ':'), *dash;

	if (colon) {
		v.epoch = strtoul(s, NULL, 10);
		s = colon + 1;
	}
	dash = strrchr(s, '-');
	v.upstream = s;
	v.n_upstream = dash ? (size_t)(dash - s) : strlen(s);
	v.revision = dash ? dash + 1 : "";
	v.n_revision = strlen(v.revision);
	return v;
}

int version_compare(const char *a, const char *b)
{
	struct version va = split(a), vb = split(b);
	int diff;

	if (va.epoch != vb.epoch)
		return va.epoch < vb.epoch ? -1 : 1;
	diff = compare_part(va.upstream, va.n_upstream, vb.upstream, vb.n_upstream);
	if (diff)
		return diff;
	return compare_part(va.revision, va.n_revision, vb.revision, vb.n_revision);
}

const struct package *packages_nearest(const struct packages *p, const char *name,
				       const char *version)
{
	const struct package *above = NULL, *below = NULL;

	vec_for_each(&p->list, it) {
		int diff = version_compare(it->version, version);

		if (!str_equal(it->name, name))
			continue;
		if (diff >= 0 && (!above || version_compare(it->version, above->version) < 0))
			above = it;
		if (diff < 0 && (!below || version_compare(it->version, below->version) > 0))
			below = it;
	}
	return above ? above : below;
}
