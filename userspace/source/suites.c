// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * apt-get(8) (indextargets), sources.list(5), apt.conf(5). Suites are asked for by codename, not
 * by role ("stable"): mirrors and caches were seen that had roles weeks behind.
 */
#include "source/suites.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

const char suites_format[] = "$(CREATED_BY)|$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(ORIGIN)|"
			     "$(LABEL)|$(SOURCESENTRY)";

#define N_FIELDS 7
enum field { CREATED_BY, REPO_URI, RELEASE, COMPONENT, ORIGIN, LABEL, ENTRY };

const struct suite_group suite_groups[SUITE_GROUPS] = {
	{ "trixie", 13, { "trixie", "trixie-updates", "trixie-backports" }, { "trixie-security" } },
	{ "sid", 14, { "sid" }, { NULL } },
	{ "bookworm",
	  12,
	  { "bookworm", "bookworm-updates", "bookworm-backports" },
	  { "bookworm-security" } },
	{ "forky", 14, { "forky" }, { NULL } },
	{ "bullseye", 11, { "bullseye", "bullseye-updates" }, { "bullseye-security" } },
};

/*
 * "6.12.117+deb13-amd64" is of Debian 13; from 5.10 to 6.1 a release had the form 6.1.0-56-amd64.
 * Which suite it really is from, the lists say; this is only the order of asking.
 */
static int release_debian(const char *release)
{
	const char *deb = strstr(release, "+deb");

	return deb ? atoi(deb + 4) : 12;
}

void suite_groups_order(const char *release, const struct suite_group *out[SUITE_GROUPS])
{
	int debian = release_debian(release);

	for (size_t i = 0; i < SUITE_GROUPS; i++) {
		const struct suite_group *g = &suite_groups[i];
		size_t at = i;

		for (; at && abs(out[at - 1]->version - debian) > abs(g->version - debian); at--)
			out[at] = out[at - 1];
		out[at] = g;
	}
}

static void place_free(struct suite_place *p)
{
	free(p->uri);
	free(p->entry);
	free(p->signed_by);
	*p = (struct suite_place){ 0 };
}

void suite_host_free(struct suite_host *h)
{
	place_free(&h->main);
	place_free(&h->security);
}

/* --- what the host has ------------------------------------------------------------- */

struct piece {
	const char *s;
	size_t n;
};

static bool is(struct piece p, const char *word)
{
	return p.n == strlen(word) && !strncmp(p.s, word, p.n);
}

static bool ends(struct piece p, const char *suffix)
{
	size_t n = strlen(suffix);

	return p.n > n && !strncmp(p.s + p.n - n, suffix, n);
}

static bool split(const char *line, size_t n, struct piece out[N_FIELDS])
{
	for (size_t i = 0; i < N_FIELDS; i++) {
		const char *bar = memchr(line, '|', n);
		size_t k = bar ? (size_t)(bar - line) : n;

		if (!bar != (i == N_FIELDS - 1))
			return false;
		out[i] = (struct piece){ line, k };
		line += k + 1;
		n -= bar ? k + 1 : k;
	}
	return true;
}

/* A suite's name without "-security" and the like is a role, the host's codename, or sid. */
static bool is_debian_name(struct piece release, const char *codename)
{
	static const char *const roles[] = { "stable",	 "oldstable", "oldoldstable",
					     "unstable", "testing",   "sid" };
	const char *dash = memchr(release.s, '-', release.n);
	struct piece base = { release.s, dash ? (size_t)(dash - release.s) : release.n };

	if (*codename && is(base, codename))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(roles); i++)
		if (is(base, roles[i]))
			return true;
	return false;
}

/* Where lists were fetched, they say whose they are. */
static bool is_debian(const struct piece f[N_FIELDS], const char *codename)
{
	if (f[LABEL].n && f[LABEL].s[0] != '$')
		return is(f[ORIGIN], "Debian") &&
		       (is(f[LABEL], "Debian") || is(f[LABEL], "Debian-Security"));
	return is_debian_name(f[RELEASE], codename);
}

static struct error *take_place(const struct piece f[N_FIELDS], struct suite_place *p)
{
	if (p->uri)
		return NULL;
	p->uri = strndup(f[REPO_URI].s, f[REPO_URI].n);
	p->entry = strndup(f[ENTRY].s, f[ENTRY].n);
	return p->uri && p->entry ? NULL : error_nomem();
}

struct error *suite_host_read(const char *targets, const char *codename, struct suite_host *out)
{
	struct suite_host h __cleanup_suite_host = { 0 };
	struct piece f[N_FIELDS];

	for (size_t n; *targets; targets += n + (targets[n] == '\n')) {
		n = strcspn(targets, "\n");
		if (!split(targets, n, f) || !is(f[CREATED_BY], "Packages") ||
		    !is(f[COMPONENT], "main") || !is_debian(f, codename))
			continue;
		/* Backports were an archive of their own once; only suites of the main one count.
		 */
		if (ends(f[RELEASE], "-security"))
			TRY(take_place(f, &h.security));
		else if (!ends(f[RELEASE], "-backports") || !h.main.uri)
			TRY(take_place(f, &h.main));
	}
	if (!h.main.uri && !h.security.uri)
		return error_advise(error_failed("apt is told of no Debian archive with the "
						 "section main"),
				    "look into /etc/apt/sources.list and /etc/apt/sources.list.d");
	*out = h;
	h = (struct suite_host){ 0 };
	return NULL;
}

/* --- keys -------------------------------------------------------------------------- */

static size_t line_length(const char *s)
{
	return strcspn(s, "\n");
}

static bool is_blank(const char *line)
{
	return strspn(line, " \t\r") >= line_length(line);
}

static const char *next_line(const char *s)
{
	s += line_length(s);
	return *s ? s + 1 : s;
}

/* The n-th stanza (from 1): what lies between blank lines and is not all comment. */
static const char *find_stanza(const char *s, unsigned int n)
{
	bool inside = false;

	for (; *s; s = next_line(s)) {
		if (*s == '#')
			continue;
		if (is_blank(s)) {
			inside = false;
		} else if (!inside) {
			inside = true;
			if (!--n)
				return s;
		}
	}
	return s;
}

/* A deb822 value: the rest of the line, and the lines after it that begin with a blank. */
static struct error *take_value(const char *s, char **out)
{
	const char *end = s + line_length(s);

	while (*end && (end[1] == ' ' || end[1] == '\t'))
		end += 1 + line_length(end + 1);
	while (s < end && strchr(" \t", *s))
		s++;
	while (end > s && strchr(" \t\r\n", end[-1]))
		end--;
	if (s == end)
		return NULL;
	*out = strndup(s, (size_t)(end - s));
	return *out ? NULL : error_nomem();
}

static struct error *signed_by_stanza(const char *s, char **out)
{
	static const char field[] = "signed-by:";

	for (; *s && !is_blank(s); s = next_line(s))
		if (!strncasecmp(s, field, sizeof(field) - 1))
			return take_value(s + sizeof(field) - 1, out);
	return NULL;
}

/* "deb [arch=amd64 signed-by=/usr/share/keyrings/x.gpg] URI SUITE main" */
static struct error *signed_by_line(const char *s, char **out)
{
	static const char option[] = "signed-by=";
	const char *open = memchr(s, '[', line_length(s)), *close, *at;

	close = open ? memchr(open, ']', line_length(open)) : NULL;
	at = close ? memmem(open, (size_t)(close - open), option, sizeof(option) - 1) : NULL;
	if (!at)
		return NULL;
	at += sizeof(option) - 1;
	*out = strndup(at, strcspn(at, " \t]\n"));
	return *out ? NULL : error_nomem();
}

struct error *suite_signed_by(const char *text, bool deb822, unsigned int n, char **out)
{
	*out = NULL;
	if (!n)
		return NULL;
	if (deb822)
		return signed_by_stanza(find_stanza(text, n), out);
	while (--n && *text)
		text = next_line(text);
	return signed_by_line(text, out);
}

/* --- what is asked instead --------------------------------------------------------- */

static struct error *write_stanza(const struct suite_place *p, const char *const *suites, size_t n,
				  struct strbuf *out)
{
	if (!p->uri || !suites[0])
		return NULL;
	TRY(strbuf_printf(out, "%sTypes: deb\nURIs: %s\nSuites:", out->n ? "\n" : "", p->uri));
	for (size_t i = 0; i < n && suites[i]; i++)
		TRY(strbuf_printf(out, " %s", suites[i]));
	TRY(strbuf_puts(out, "\nComponents: main\nArchitectures: amd64\n"));
	return p->signed_by ? strbuf_printf(out, "Signed-By: %s\n", p->signed_by) : NULL;
}

struct error *suites_sources(const struct suite_host *h, const struct suite_group *g,
			     struct strbuf *out)
{
	TRY(write_stanza(&h->main, g->suites, ARRAY_SIZE(g->suites), out));
	return write_stanza(&h->security, g->security, ARRAY_SIZE(g->security), out);
}

struct error *suites_apt_conf(const char *dir, struct strbuf *out)
{
	static const char rest[] =
		"Dir::Etc::sourcelist \"/dev/null\";\n"
		"Dir::Etc::preferences \"/dev/null\";\n"
		"Dir::Etc::preferencesparts \"/dev/null\";\n"
		"APT::Architecture \"amd64\";\n"
		"#clear APT::Architectures;\n"
		"APT::Architectures { \"amd64\"; };\n"
		"#clear APT::Default-Release;\n"
		"#clear APT::Update::Pre-Invoke;\n"
		"#clear APT::Update::Post-Invoke;\n"
		"#clear APT::Update::Post-Invoke-Success;\n"
		"#clear DPkg::Pre-Invoke;\n"
		"#clear DPkg::Pre-Install-Pkgs;\n"
		"#clear DPkg::Post-Invoke;\n"
		"APT::Install-Recommends \"false\";\n"
		"APT::Install-Suggests \"false\";\n"
		"APT::Sandbox::User \"root\";\n"
		"APT::Get::AllowUnauthenticated \"false\";\n"
		"Acquire::AllowInsecureRepositories \"false\";\n"
		"Acquire::AllowWeakRepositories \"false\";\n"
		"Acquire::AllowDowngradeToInsecureRepositories \"false\";\n"
		"Acquire::Languages \"none\";\n"
		"# A role passes to the next release one day.\n"
		"Acquire::AllowReleaseInfoChange \"true\";\n"
		"# Only lists of packages, whatever the host's other tools want.\n"
		"#clear Acquire::IndexTargets;\n"
		"Acquire::IndexTargets::deb::Packages {\n"
		"\tMetaKey \"$(COMPONENT)/binary-$(ARCHITECTURE)/Packages\";\n"
		"\tShortDescription \"Packages\";\n"
		"\tDescription \"$(RELEASE)/$(COMPONENT) $(ARCHITECTURE) Packages\";\n"
		"\tOptional \"no\";\n"
		"};\n";

	TRY(strbuf_printf(out,
			  "# Written by suture: a state of its own, beside the host's.\n"
			  "Dir::State \"%s/\";\n"
			  "Dir::State::lists \"%s/lists/\";\n"
			  "Dir::State::status \"%s/status\";\n"
			  "Dir::Cache \"%s/cache/\";\n"
			  "Dir::Etc::sourceparts \"%s/sources/\";\n",
			  dir, dir, dir, dir, dir));
	return strbuf_puts(out, rest);
}

struct error *suites_apt_conf_of_sources(struct strbuf *out)
{
	return strbuf_puts(out, "Acquire::IndexTargets::deb-src::Sources {\n"
				"\tMetaKey \"$(COMPONENT)/source/Sources\";\n"
				"\tShortDescription \"Sources\";\n"
				"\tDescription \"$(RELEASE)/$(COMPONENT) Sources\";\n"
				"\tOptional \"no\";\n"
				"};\n");
}

struct error *suites_with_sources(const char *sources, struct strbuf *out)
{
	static const char from[] = "Types: deb\n";

	for (const char *at; (at = strstr(sources, from)); sources = at + sizeof(from) - 1) {
		TRY(strbuf_add(out, sources, (size_t)(at - sources)));
		TRY(strbuf_puts(out, "Types: deb deb-src\n"));
	}
	return strbuf_puts(out, sources);
}
