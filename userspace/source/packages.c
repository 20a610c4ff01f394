// SPDX-License-Identifier: GPL-2.0-or-later
/* The form of what apt-cache prints: deb822(5) stanzas and Depends fields (deb-control(5)). */
#include "source/packages.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

void package_free(struct package *p)
{
	free(p->name);
	free(p->version);
	free(p->depends);
	free(p->sha256);
	*p = (struct package){ 0 };
}

void packages_free(struct packages *p)
{
	vec_for_each(&p->list, it)
		package_free(it);
	vec_free(&p->list);
}

void dependency_free(struct dependency *d)
{
	free(d->name);
	free(d->version);
	*d = (struct dependency){ 0 };
}

static bool is_field(const char *line, size_t n, const char *name)
{
	size_t k = strlen(name);

	return n > k && !strncmp(line, name, k) && line[k] == ':';
}

static struct error *set_field(char **field, const char *line, size_t n)
{
	const char *colon = memchr(line, ':', n), *value = colon + 1, *end = line + n;

	while (value < end && isspace((unsigned char)*value))
		value++;
	free(*field);
	*field = strndup(value, (size_t)(end - value));
	return *field ? NULL : error_nomem();
}

static struct error *take_line(struct package *p, const char *line, size_t n)
{
	char *size __free = NULL;

	if (is_field(line, n, "Package"))
		return set_field(&p->name, line, n);
	if (is_field(line, n, "Version"))
		return set_field(&p->version, line, n);
	if (is_field(line, n, "Depends"))
		return set_field(&p->depends, line, n);
	if (is_field(line, n, "SHA256"))
		return set_field(&p->sha256, line, n);
	if (!is_field(line, n, "Size"))
		return NULL;
	TRY(set_field(&size, line, n));
	return str_u64(size, &p->size);
}

static struct error *stanza_end(struct package *p, struct packages *out)
{
	if (p->name && p->version && p->sha256) {
		if (!p->depends)
			p->depends = strdup("");
		if (!p->depends)
			return error_nomem();
		TRY(vec_push(&out->list, *p));
		*p = (struct package){ 0 };
	}
	package_free(p);
	return NULL;
}

struct error *packages_parse(const char *text, struct packages *out)
{
	struct package p __cleanup(package_free) = { 0 };

	while (*text) {
		size_t n = strcspn(text, "\n");

		if (n)
			TRY(take_line(&p, text, n));
		else
			TRY(stanza_end(&p, out));
		text += n + (text[n] == '\n');
	}
	return stanza_end(&p, out);
}

/* One alternative of a Depends field: "name[:arch] [(relation version)] [...]". */
static struct error *read_dependency(const char *s, size_t n, struct dependency *out)
{
	const char *end = s + n, *p = memchr(s, '(', n), *close;
	size_t name = strcspn(s, " :(,|");

	out->name = strndup(s, name < n ? name : n);
	if (!out->name)
		return error_nomem();
	if (!p)
		return NULL;
	close = memchr(p, ')', (size_t)(end - p));
	if (!close)
		return error_failed("the dependency '%.*s' has no end", (int)n, s);
	out->relation = p[1];
	for (p++; p < close && strchr("<>= ", *p); p++)
		;
	out->version = strndup(p, (size_t)(close - p));
	return out->version ? NULL : error_nomem();
}

struct error *package_dependency(const char *depends, const char *name, struct dependency *out,
				 bool *found)
{
	size_t want = strlen(name);
	bool prefix = want && name[want - 1] == '*';

	*found = false;
	while (*depends) {
		size_t n = strcspn(depends, ",|"), k = strcspn(depends, " :(,|");

		if (prefix ? k >= want - 1 && !strncmp(depends, name, want - 1)
			   : k == want && !strncmp(depends, name, want)) {
			*found = true;
			return read_dependency(depends, n, out);
		}
		depends += n;
		depends += strspn(depends, ",| ");
	}
	return NULL;
}

const struct package *packages_first(const struct packages *p, const char *name)
{
	vec_for_each(&p->list, it)
		if (str_equal(it->name, name))
			return it;
	return NULL;
}

struct error *packages_take(struct packages *from, const char *name, const char *version,
			    struct package *out)
{
	vec_for_each(&from->list, it) {
		if (!str_equal(it->name, name) || !str_equal(it->version, version))
			continue;
		*out = *it;
		*it = from->list.v[--from->list.n];
		return NULL;
	}
	return error_advise(error_failed("the archive has no %s of version %s", name, version),
			    "apt-get update, or take a newer kernel: the archive drops old ones");
}

void simulated_free(struct simulated *s)
{
	vec_for_each(&s->list, it)
		dependency_free(it);
	vec_free(&s->list);
}

static struct error *take_simulated(const char *line, size_t n, struct simulated *out)
{
	struct dependency d __cleanup_dependency = { .relation = '=' };
	const char *open = memchr(line, '(', n);
	size_t name = strcspn(line, " :("), version = open ? strcspn(open + 1, " )") : 0;

	if (!open || !version || !name || line + name > open)
		return error_failed("apt-get simulates in a way that is not known: %.*s", (int)n,
				    line);
	d.name = strndup(line, name);
	d.version = strndup(open + 1, version);
	if (!d.name || !d.version)
		return error_nomem();
	TRY(vec_push(&out->list, d));
	d = (struct dependency){ 0 };
	return NULL;
}

struct error *simulated_parse(const char *text, struct simulated *out)
{
	static const char mark[] = "Inst ";

	for (size_t n; *text; text += n + (text[n] == '\n')) {
		n = strcspn(text, "\n");
		if (str_starts(text, mark))
			TRY(take_simulated(text + sizeof(mark) - 1, n - (sizeof(mark) - 1), out));
	}
	return NULL;
}
