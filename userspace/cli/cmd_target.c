// SPDX-License-Identifier: GPL-2.0-or-later
/* suture target: kernels made ready to build fixes for. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"
#include "base/progress.h"
#include "base/str.h"
#include "cli/cli.h"
#include "livepatch/guard_module.h"
#include "livepatch/payload.h"
#include "source/app.h"
#include "source/target.h"
#include "source/toolchain.h"

static const char help[] =
	"suture target add TARGET [--kernel TARGET] [--json]\n"
	"suture target list [--available] [--json]\n"
	"suture target show TARGET [--json]\n"
	"suture target guard TARGET [-o FILE]\n"
	"suture target remove TARGET\n"
	"\n"
	"A target is a kernel made ready: source, headers, configuration and compiler as the\n"
	"distribution had them, the image with its symbols, and the shipped modules.\n"
	"\n"
	"  kernel:RELEASE    a distro kernel, as uname -r names it (kernel:6.1.0-56-amd64)\n"
	"  tree:PATH         a kernel tree of yours, or the folder that it is built in (make O=);\n"
	"                    it is only read, and every build takes over what has changed in it;\n"
	"                    or a folder with modules of yours that are built outside of one (make\n"
	"                    M=), for the kernel that its .ko files were built for, or --kernel\n"
	"\n"
	"  deb:PACKAGE=VERSION  a distro's package with programs or shared objects: it is built\n"
	"                    once as the distro did, in a root of its own in the cache, to fix the\n"
	"                    processes that run what is shipped\n"
	"\n"
	"add makes one, list shows what is ready; guard builds the guard's module for a distro\n"
	"kernel (docs/GUARD.md), and prints where it is.\n"
	"\n"
	"      --kernel TARGET  add: the target that a folder of modules is for\n"
	"      --available      list: what could be added, the kernels in all suites of the\n"
	"                       distro's archive\n"
	"  -o, --output FILE    guard: copy it there\n"
	"      --json           add, list, show: as JSON\n"
	"\n"
	"For a distro kernel, add fetches the packages with apt-get and unpacks them into the\n"
	"cache; nothing is installed. A target needs about 2.3 GB there ($SUTURE_CACHE, else\n"
	"~/.cache/suture). Releases of other suites of the same archive are found too; where\n"
	"this system lacks the compiler they were built with, it is unpacked there as well.\n";

static struct error *print_json(const struct target *t)
{
	struct strbuf text __cleanup_strbuf = { 0 };
	struct json j = json_begin(&text);

	target_json(t, &j, NULL);
	TRY(json_finish(&j));
	fputs(strbuf_str(&text), stdout);
	return NULL;
}

static void print_target(const struct target *t)
{
	printf("%s  %s, ready\n\n", t->name, t->source ? t->release : t->version);
	if (t->kernel)
		printf("kernel    %s\n", t->kernel);
	printf("compiler  %s\n", t->compiler_text);
	if (t->toolchain)
		printf("toolchain %s, %zu packages\n", t->toolchain->name,
		       t->toolchain->packages.n);
	printf("compiles  %llu objects\n", (unsigned long long)t->n_units);
	printf("image     %llu symbols, %llu modules\n", (unsigned long long)t->n_symbols,
	       (unsigned long long)t->n_modules);
	printf("size      %s, made in %s\n", str_size(t->bytes).s, str_duration(t->seconds).s);
	printf("place     %s\n\n", t->dir);
	vec_for_each(&t->packages, p)
		printf("%-36s %-14s %s\n", p->name, p->version, str_size(p->size).s);
}

static struct error *print(const struct target *t, bool json)
{
	if (json)
		return print_json(t);
	print_target(t);
	return NULL;
}

static struct error *app_json(const struct app *a)
{
	struct strbuf text __cleanup_strbuf = { 0 };
	struct json j = json_begin(&text);

	json_object(&j, NULL);
	json_u64(&j, "schema", 1);
	json_string(&j, "name", a->target->name);
	json_string(&j, "version", a->target->version);
	json_string(&j, "compiler", a->target->compiler_text);
	json_string(&j, "path", a->target->dir);
	json_u64(&j, "objects", a->db.entries.n);
	json_array(&j, "files");
	vec_for_each(&a->files, f) {
		json_object(&j, NULL);
		json_string(&j, "name", f->name);
		json_bool(&j, "proven", f->is_proven);
		json_end(&j);
	}
	json_end(&j);
	json_end(&j);
	TRY(json_finish(&j));
	fputs(strbuf_str(&text), stdout);
	return NULL;
}

static struct error *print_app(const struct app *a, bool json)
{
	size_t proven = 0;

	if (json)
		return app_json(a);
	vec_for_each(&a->files, f)
		proven += f->is_proven;
	printf("%s, ready\n\ncompiler  %s\ncompiles  %zu objects\nplace     %s\n\n",
	       a->target->name, a->target->compiler_text, a->db.entries.n, a->target->dir);
	vec_for_each(&a->files, f)
		printf("%-40s %s\n", f->name,
		       f->is_proven ? "built again: the same, bit for bit"
		       : f->built   ? "built again: the build-id is the same, the bytes are not"
				    : "built again: not the same");
	if (proven < a->files.n)
		puts("\nWhat is not the same is matched function by function, and refused where it "
		     "differs.");
	return NULL;
}

static struct error *add(const char *name, const char *kernel, bool json)
{
	struct target *t __cleanup_target = NULL;
	struct app *a __cleanup_app = NULL;

	if (app_is_name(name)) {
		TRY(app_add_package(name, &a));
		progress_done();
		return print_app(a, json);
	}

	TRY(kernel ? target_add_modules(name, kernel, &t) : target_add(name, &t));
	/* Else the first build would pay for it. */
	progress_step("compile the module glue");
	TRY(payload_prepare(t));
	progress_done();
	return print(t, json);
}

static struct error *show(const char *name, bool json)
{
	struct target *t __cleanup_target = NULL;
	struct app *a __cleanup_app = NULL;

	if (app_is_name(name)) {
		TRY(app_open_package(name, &a));
		return print_app(a, json);
	}
	TRY(target_open(name, &t));
	return print(t, json);
}

static struct error *guard(const char *name, const char *out)
{
	struct target *t __cleanup_target = NULL;
	char *path __free = NULL;

	TRY(target_open(name, &t));
	progress_step("compile the guard");
	TRY(guard_module(t, &path));
	progress_done();
	if (out)
		TRY(file_copy(path, out));
	puts(out ? out : path);
	return NULL;
}

static struct error *drop(const char *name, bool json)
{
	(void)json;
	return app_is_name(name) ? app_remove_package(name) : target_remove(name);
}

/* Packages are a name a line. */
static struct error *list_json(struct target *const *all, size_t n, const char *packages)
{
	struct strbuf text __cleanup_strbuf = { 0 };
	struct json j = json_begin(&text);

	json_object(&j, NULL);
	json_u64(&j, "schema", 1);
	json_array(&j, "targets");
	for (size_t i = 0; i < n; i++)
		target_json(all[i], &j, NULL);
	json_end(&j);
	json_array(&j, "packages");
	for (; *packages; packages += strcspn(packages, "\n") + 1)
		json_stringf(&j, NULL, "%.*s", (int)strcspn(packages, "\n"), packages);
	json_end(&j);
	json_end(&j);
	TRY(json_finish(&j));
	fputs(strbuf_str(&text), stdout);
	return NULL;
}

static void list_table(struct target *const *all, size_t n)
{
	printf("%-28s %-14s %-9s %s\n", "TARGET", "VERSION", "SIZE", "COMPILER");
	for (size_t i = 0; i < n; i++)
		printf("%-28s %-14s %-9s %s\n", all[i]->name, all[i]->version,
		       str_size(all[i]->bytes).s, all[i]->compiler_text);
}

static struct error *available_json(const char *text)
{
	struct strbuf out __cleanup_strbuf = { 0 };
	struct json j = json_begin(&out);

	json_object(&j, NULL);
	json_u64(&j, "schema", 1);
	json_array(&j, "available");
	for (; *text; text += strcspn(text, "\n") + 1) {
		size_t k = strcspn(text, " ");
		char *suite __free = strndup(text, k);
		char *name __free = strndup(text + k + 1, strcspn(text + k + 1, "\n"));

		if (!suite || !name)
			return error_nomem();
		json_object(&j, NULL);
		json_string(&j, "suite", suite);
		json_string(&j, "target", name);
		json_end(&j);
	}
	json_end(&j);
	json_end(&j);
	TRY(json_finish(&j));
	fputs(strbuf_str(&out), stdout);
	return NULL;
}

/* What could be added. */
static struct error *list_available(const char *name, bool json)
{
	struct strbuf text __cleanup_strbuf = { 0 };

	(void)name;
	TRY(target_available(&text));
	if (json)
		return available_json(strbuf_str(&text));
	fputs(strbuf_str(&text), stdout);
	return NULL;
}

static struct error *list(const char *name, bool json)
{
	struct strbuf packages __cleanup_strbuf = { 0 };
	struct target **all = NULL;
	struct error *e = NULL;
	size_t n = 0;

	(void)name;
	TRY(target_list(&all, &n));
	e = app_list_packages(&packages);
	if (!e && json)
		e = list_json(all, n, strbuf_str(&packages));
	if (!e && !json && n)
		list_table(all, n);
	if (!e && !json && !n && !packages.n)
		puts("no targets; suture target add kernel:RELEASE makes one");
	if (!json)
		fputs(strbuf_str(&packages), stdout);
	for (size_t i = 0; i < n; i++)
		target_free(&all[i]);
	free(all);
	return e;
}

static const struct action {
	const char *name;
	bool wants_target;
	struct error *(*run)(const char *name, bool json);
} actions[] = {
	{ "add", true, NULL },	 /* has an option of its own */
	{ "guard", true, NULL }, /* so has this */
	{ "list", false, list }, { "show", true, show }, { "remove", true, drop },
};

static const struct action *find_action(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(actions); i++)
		if (str_equal(actions[i].name, name))
			return &actions[i];
	return NULL;
}

static const struct option options[] = {
	{ "json", no_argument, NULL, 'j' },
	{ "available", no_argument, NULL, 'a' },
	{ "kernel", required_argument, NULL, 'k' },
	{ "output", required_argument, NULL, 'o' },
	{ 0 },
};

static struct error *run(int argc, char **argv)
{
	const char *kernel = NULL, *out = NULL;
	const struct action *a;
	bool json = false, available = false;
	int c, words;

	while ((c = getopt_long(argc, argv, "o:", options, NULL)) != -1) {
		if (c != 'j' && c != 'a' && c != 'k' && c != 'o')
			return error_advise(error_usage("unknown option"), "suture target --help");
		if (c == 'k')
			kernel = optarg;
		if (c == 'o')
			out = optarg;
		json = json || c == 'j';
		available = available || c == 'a';
	}
	words = argc - optind;
	a = words ? find_action(argv[optind]) : NULL;
	if (!a || words != (a->wants_target ? 2 : 1))
		return error_advise(error_usage("target wants add, list, show, guard or remove%s",
						a && a->wants_target ? ", and one target" : ""),
				    "suture target --help");
	if (available && a->run != list)
		return error_advise(error_usage("--available is for target list"),
				    "suture target --help");
	if (available)
		return list_available(NULL, json);
	if (out && !str_equal(a->name, "guard"))
		return error_advise(error_usage("--output is for target guard"),
				    "suture target --help");
	if (str_equal(a->name, "add"))
		return add(argv[optind + 1], kernel, json);
	if (kernel)
		return error_advise(error_usage("--kernel is for target add"),
				    "suture target --help");
	if (!a->run)
		return guard(argv[optind + 1], out);
	return a->run(a->wants_target ? argv[optind + 1] : NULL, json);
}

const struct verb verb_target = { "target", "make a kernel ready to build fixes for", help, run,
				  options };
