// SPDX-License-Identifier: GPL-2.0-or-later
#include "source/apt.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/subprocess.h"

void apt_free(struct apt *a)
{
	free(a->option);
	free(a->trouble);
	*a = (struct apt){ 0 };
}

struct error *apt_host(struct apt *out)
{
	char *option = strdup("-qq");

	if (!option)
		return error_nomem();
	*out = (struct apt){ .option = option };
	return NULL;
}

/* apt-cache or apt-get: its command, our option, the other words. */
static struct error *run(const struct apt *a, const char *program, const char *const *words,
			 size_t n, struct strbuf *out, struct strbuf *err, int *status)
{
	const char **argv __free = calloc(n + 3, sizeof(*argv));
	struct subprocess p = {
		.argv = argv, .env = subprocess_words("LC_ALL=C"), .out = out, .err = err
	};
	struct error *e;

	if (!argv)
		return error_nomem();
	argv[0] = program;
	argv[1] = words[0];
	argv[2] = a->option;
	for (size_t i = 1; i < n; i++)
		argv[2 + i] = words[i];
	e = subprocess_run(&p);
	*status = p.status;
	if (!e || error_kind(e) == ERROR_INTERRUPTED)
		return e;
	return error_advise(e, "kernel: targets need a Debian system with apt");
}

static struct error *ask(const struct apt *a, const char *what, const char *const *names, size_t n,
			 struct strbuf *out)
{
	const char **words __free = calloc(n + 1, sizeof(*words));
	int status;

	if (!words)
		return error_nomem();
	words[0] = what;
	for (size_t i = 0; i < n; i++)
		words[1 + i] = names[i];
	return error_context(run(a, "apt-cache", words, n + 1, out, NULL, &status),
			     "asking apt about %s", names[0]);
}

struct error *apt_show(const struct apt *a, const char *const *names, size_t n,
		       struct packages *out)
{
	struct strbuf text __cleanup_strbuf = { 0 };

	TRY(ask(a, "show", names, n, &text));
	return error_context(packages_parse(strbuf_str(&text), out), "what apt says of %s",
			     names[0]);
}

struct error *apt_names(const struct apt *a, const char *prefix, struct strbuf *out)
{
	return ask(a, "pkgnames", &prefix, 1, out);
}

/* Every package of the simulation, with what the lists say of that version. */
static struct error *show_all(const struct apt *a, const struct simulated *s, struct packages *out)
{
	struct packages all __cleanup_packages = { 0 };
	const char **names __free = calloc(s->list.n + 1, sizeof(*names));
	size_t n = 0;

	if (!names)
		return error_nomem();
	vec_for_each(&s->list, it)
		names[n++] = it->name;
	TRY(apt_show(a, names, n, &all));
	vec_for_each(&s->list, it) {
		struct package p;

		TRY(packages_take(&all, it->name, it->version, &p));
		TRY(vec_push(&out->list, p));
	}
	return NULL;
}

struct error *apt_closure(const struct apt *a, const char *const *wanted, size_t n,
			  struct packages *out)
{
	static const char *const fixed[] = { "install", "-qq", "--simulate",
					     "--no-install-recommends" };
	struct strbuf text __cleanup_strbuf = { 0 }, err __cleanup_strbuf = { 0 };
	const char **words __free = calloc(n + ARRAY_SIZE(fixed), sizeof(*words));
	struct simulated s __cleanup(simulated_free) = { 0 };
	int status;

	if (!words)
		return error_nomem();
	memcpy(words, fixed, sizeof(fixed));
	memcpy(words + ARRAY_SIZE(fixed), wanted, n * sizeof(*wanted));
	TRY(run(a, "apt-get", words, n + ARRAY_SIZE(fixed), &text, &err, &status));
	if (status)
		return error_failed("%s has no way to install %s:\n%s",
				    a->suite ? a->suite : "the archive", wanted[0],
				    strbuf_str(&err));
	TRY(simulated_parse(strbuf_str(&text), &s));
	return show_all(a, &s, out);
}
