// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From scripts/Makefile.build of Linux 6.1, 6.12 and 7.2: rule_cc_o_c compiles a C file,
 * real-obj-y, lib-y and extra-y are what vmlinux is linked from, real-obj-m what modules are,
 * modfile is the module an object belongs to. GNU make reads the files named in $MAKEFILES
 * before any other, in every sub-make, and "override" makes their definitions stay.
 */
#include "source/kbuild.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/progress.h"
#include "base/subprocess.h"
#include "base/vec.h"
#include "source/include_survey.h"
#include "source/module_variables.h"

/*
 * Where the tree was when its environment was taken; it has moved since. 6.12 exports no path.
 * From 6.13 on modules outside (M=) are compiled from their folder, and the tree's place is
 * absolute then; here all is seen from the tree's top.
 */
static const struct root_variable {
	const char *name;
	bool is_top;
} root_variables[] = { { "abs_srctree=/", false }, { "srctree=/", true }, { "PWD=/", false } };

/* What is generated beside headers, and costs time: images, tables that only fill an object. */
#define SKIP                                                                                           \
	"ar ar_builtin modules_order mod mkcapflags test_fortify gen_fortify_log vdso vdso_and_check " \
	"vdso2c initfs extract_certs realmode relocs pasyms stubcopy"

static const char makefile[] =
	"# Written by suture: asks kbuild instead of building.\n"
	"# Which module lists it; kbuild's own answer is wrong for what a module compiles from\n"
	"# another folder's source (drivers/gpu/drm/xe/i915-display).\n"
	"suture_multi = $(sort $(foreach m,$(multi-obj-m),$(if $(filter $(@:$(obj)/%=%),"
	"$($(m:$(obj)/%.o=%)-objs) $($(m:$(obj)/%.o=%)-y) $($(m:$(obj)/%.o=%)-m)),$(m:%.o=%))))\n"
	"suture_owner = $(if $(filter $@,$(real-obj-m)),$(or $(suture_multi),$(modfile)),"
	"$(if $(filter $@,$(real-obj-y) $(lib-y) $(extra-y)),-))\n"
	"ifdef SUTURE_COMMANDS\n"
	"# Where objtool waits for the link of vmlinux or of a module, it is asked for all the same.\n"
	"suture_objtool = $(if $(delay-objtool),$(if $(objtool-enabled),,"
	"; $(objtool) $(objtool-args) $@))\n"
	"override rule_cc_o_c = $(info suture:command $@ $(cmd_cc_o_c)$(suture_objtool))\n"
	"override TMPOUT = $(SUTURE_COMMANDS)/.tmp_$$$$\n"
	"else\n"
	"# In 6.12 a goal that ends in 'install' gets no compiler, and so none of its options.\n"
	"override need-compiler := 1\n"
	"# One write a line, so that lines of makes side by side do not mix.\n"
	"override rule_cc_o_c = $(file >>$(SUTURE_UNITS),$@ $< $(suture_owner))\n"
	"override rule_as_o_S =\n"
	"override rule_ld_multi_m =\n"
	"override cmd = $(if $(filter-out " SKIP ",$(1)),$(if $(strip $(cmd_$(1))),"
	"@set -e; $(cmd_$(1))))\n"
	"override if_changed = $(cmd)\n"
	"override if_changed_dep = $(cmd)\n"
	"override if_changed_rule = $(rule_$(1))\n"
	"override cmd_and_savecmd = $(cmd)\n"
	"override cmd_and_fixdep = $(cmd)\n"
	"# A goal that ends in 'install' needs the configuration but does not renew it.\n"
	"suture_install:\n"
	"\t@env -0 > $(SUTURE_ENV)\n"
	"\t$(if $(KBUILD_EXTMOD),,-@$(MAKE) -f scripts/Makefile.build obj=scripts need-builtin= "
	"need-modorder= scripts/asn1_compiler scripts/selinux/genheaders/genheaders)\n"
	"\t@$(MAKE) $(if $(KBUILD_EXTMOD),-C $(srctree) srctree=. objtree=.) "
	"-f scripts/Makefile.build obj=$(or $(patsubst ./%,%,$(KBUILD_EXTMOD)),.) need-builtin=1 "
	"need-modorder=1 KBUILD_BUILTIN=$(if $(KBUILD_EXTMOD),,1) KBUILD_MODULES=1\n"
	"endif\n";

/* Objects without an owner end up in nothing that runs: boot code, the vdso, the EFI stub. */
static struct error *collect_units(const char *text, struct strbuf *out, uint64_t *n)
{
	while (*text) {
		size_t len = strcspn(text, "\n");

		if (len && text[len - 1] != ' ') {
			TRY(strbuf_add(out, text, len));
			TRY(strbuf_puts(out, "\n"));
			++*n;
		}
		text += len + (text[len] == '\n');
	}
	return NULL;
}

static const char *last_lines(const char *s)
{
	size_t n = strlen(s);

	return n > 800 ? s + n - 800 : s;
}

/* Rust is surveyed by nobody here: what is not C cannot be fixed. */
static bool is_rust_tool(const char *name, size_t n)
{
	static const char *const tools[] = { "rustc", "rustdoc", "rustfmt", "bindgen" };

	for (size_t i = 0; i < ARRAY_SIZE(tools); i++)
		if (n == strlen(tools[i]) && !strncmp(name, tools[i], n))
			return true;
	return false;
}

/*
 * What the shell could not find ("/bin/sh: 1: gcc: not found"); without it a part of the
 * kernel would be unknown here.
 */
static struct error *check_programs(const char *said)
{
	static const char mark[] = ": not found\n";

	for (const char *end = said; (end = strstr(end, mark)); end++) {
		const char *name = end;

		while (name > said && !strchr(" \n", name[-1]))
			name--;
		if (!is_rust_tool(name, (size_t)(end - name)))
			return error_failed("the kernel's makefiles need a program that is not "
					    "here: %.*s",
					    (int)(end - name), name);
	}
	return NULL;
}

/* "M=": as module_variables() has it in $(PWD). */
static struct error *name_folder(const struct target *t, const char *tree, char **m)
{
	bool within = false;

	if (t->folder)
		TRY(module_compiles_within(tree, &within));
	*m = t->folder ? str_printf("M=%s%s", within ? "./" : "", t->folder) : strdup("-k");
	return *m ? NULL : error_nomem();
}

static struct error *run_survey(const struct target *t, const char *units)
{
	const char *dir = t->dir;
	struct strbuf err __cleanup_strbuf = { 0 };
	char *tree __free = str_printf("%s/tree", dir);
	char *makefiles __free = str_printf("MAKEFILES=%s/kbuild.mk", dir);
	char *to __free = str_printf("SUTURE_UNITS=%s", units);
	char *env __free = str_printf("SUTURE_ENV=%s/kbuild.env", dir);
	char *jobs __free = str_printf("-j%ld", sysconf(_SC_NPROCESSORS_ONLN) + 1);
	char *m __free = NULL;
	struct subprocess p = {
		.env = subprocess_words(makefiles, to, env, "LC_ALL=C"),
		.cwd = tree,
		.clear_env = true,
		.root = target_root(t),
		.err = &err,
	};

	if (!tree || !makefiles || !to || !env || !jobs)
		return error_nomem();
	TRY(name_folder(t, tree, &m));
	p.argv = subprocess_words("make", "-k", "--no-print-directory", jobs, m, "suture_install");
	TRY(error_advise(subprocess_run(&p), "make is in the package make"));
	/*
	 * Its status is not asked for: what would link images that are not needed here (the
	 * vdso, the real-mode trampoline) fails, for nothing was compiled.
	 */
	TRY(check_programs(strbuf_str(&err)));
	log_debug("survey: make ended with %d after %s\n%s", p.status, str_duration(p.seconds).s,
		  strbuf_str(&err));
	if (file_exists(units))
		return NULL;
	return error_failed("the kernel's makefiles could not be asked (status %d):\n%s", p.status,
			    last_lines(strbuf_str(&err)));
}

static struct error *write_in(const char *dir, const char *name, const void *p, size_t n)
{
	char *path __free = str_printf("%s/%s", dir, name);

	return path ? file_write(path, p, n, 0644) : error_nomem();
}

struct error *kbuild_survey(const struct target *t, const char *variables, uint64_t *n_units)
{
	char *own __free = str_printf("%s%s", makefile, variables);
	struct strbuf raw __cleanup_strbuf = { 0 }, units __cleanup_strbuf = { 0 };
	const char *dir = t->dir;
	char *path __free = str_printf("%s/units.raw", dir);

	if (!path || !own)
		return error_nomem();
	*n_units = 0;
	TRY(write_in(dir, "kbuild.mk", own, strlen(own)));
	TRY(run_survey(t, path));
	TRY(file_read(path, &raw));
	TRY(collect_units(strbuf_str(&raw), &units, n_units));
	TRY(dir_remove(path));
	TRY(write_in(dir, "units", units.s, units.n));
	return include_survey(dir);
}

/* The saved environment with its old place replaced by the tree's, as "NAME=value" strings. */
struct environment {
	struct strbuf text;
	VEC(const char *) list;
};

static void environment_free(struct environment *e)
{
	strbuf_free(&e->text);
	vec_free(&e->list);
}

/* What make itself sets, and what the survey set, is not passed on. */
static bool is_own_variable(const char *s)
{
	static const char *const own[] = { "MAKEFILES=",     "MAKEFLAGS=", "MFLAGS=", "MAKELEVEL=",
					   "MAKEOVERRIDES=", "PATH=",	   "PWD=",    "OLDPWD=" };

	for (size_t i = 0; i < ARRAY_SIZE(own); i++)
		if (str_starts(s, own[i]))
			return true;
	return false;
}

static struct error *relocate(struct environment *e, const char *s, const char *from,
			      const char *to)
{
	size_t n = strlen(from);
	const char *at;

	while (n && (at = strstr(s, from))) {
		TRY(strbuf_add(&e->text, s, (size_t)(at - s)));
		TRY(strbuf_puts(&e->text, to));
		s = at + n;
	}
	return strbuf_add(&e->text, s, strlen(s) + 1);
}

static const char *find_root(const char *text, const char *end, bool *is_top)
{
	for (size_t i = 0; i < ARRAY_SIZE(root_variables); i++)
		for (const char *s = text; s < end; s += strlen(s) + 1)
			if (str_starts(s, root_variables[i].name)) {
				*is_top = root_variables[i].is_top;
				return s + strlen(root_variables[i].name) - 1;
			}
	return NULL;
}

static struct error *environment_load(const struct target *t, struct environment *e)
{
	struct strbuf raw __cleanup_strbuf = { 0 };
	char *path __free = str_printf("%s/kbuild.env", t->dir);
	const char *root, *s, *end;
	bool is_top = false;

	if (!path)
		return error_nomem();
	TRY(file_read(path, &raw));
	end = strbuf_str(&raw) + raw.n;
	root = find_root(strbuf_str(&raw), end, &is_top);
	if (!root)
		return error_failed("%s does not tell where the tree was", path);
	for (s = raw.s; s < end; s += strlen(s) + 1)
		if (!is_own_variable(s))
			TRY(relocate(e, s, root, is_top ? "." : t->tree));
	for (s = strbuf_str(&e->text); s < e->text.s + e->text.n; s += strlen(s) + 1)
		TRY(vec_push(&e->list, s));
	return NULL;
}

/* Each line "suture:command OBJECT COMMAND", by object; 'text' is cut up. */
static struct error *find_commands(char *text, struct hash_map *out)
{
	static const char mark[] = "suture:command ";
	char *save = NULL;

	for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
		char *object = strstr(l, mark), *blank;

		if (!object)
			continue;
		object += sizeof(mark) - 1;
		blank = strchr(object, ' ');
		if (!blank)
			continue;
		*blank++ = '\0';
		blank += strspn(blank, " ");
		for (size_t n = strlen(blank); n && blank[n - 1] == ' ';)
			blank[--n] = '\0';
		TRY(hash_put(out, object, (uintptr_t)blank));
	}
	return NULL;
}

static struct error *run_query(const struct target *t, const char *scratch,
			       const char *const *objects, size_t n, struct strbuf *out)
{
	struct environment env __cleanup(environment_free) = { 0 };
	struct strbuf err __cleanup_strbuf = { 0 };
	char *makefiles __free = str_printf("MAKEFILES=%s/kbuild.mk", t->dir);
	char *commands __free = str_printf("SUTURE_COMMANDS=%s", scratch);
	char *top __free = str_printf("obj=%s", t->folder ? t->folder : ".");
	VEC(const char *) argv = { 0 };
	struct subprocess p = {
		.cwd = t->tree, .clear_env = true, .root = target_root(t), .out = out, .err = &err
	};
	const char *const make[] = { "make",
				     "-n",
				     "-rR",
				     "--no-print-directory",
				     "-f",
				     "scripts/Makefile.build",
				     top,
				     "need-builtin=1",
				     "need-modorder=1",
				     "KBUILD_BUILTIN=1",
				     "KBUILD_MODULES=1" };
	struct error *e;

	if (!makefiles || !commands || !top)
		return error_nomem();
	TRY(environment_load(t, &env));
	TRY(vec_push(&env.list, makefiles));
	TRY(vec_push(&env.list, commands));
	TRY(vec_push(&env.list, NULL));
	e = vec_reserve(&argv, ARRAY_SIZE(make) + n + 1);
	if (e)
		return e;
	for (size_t i = 0; i < ARRAY_SIZE(make); i++)
		argv.v[argv.n++] = make[i];
	for (size_t i = 0; i < n; i++)
		argv.v[argv.n++] = objects[i];
	argv.v[argv.n] = NULL;
	p.argv = argv.v;
	p.env = env.list.v;
	e = subprocess_check(&p);
	vec_free(&argv);
	return e;
}

struct error *kbuild_commands(const struct target *t, const char *scratch,
			      const char *const *objects, size_t n, char **commands)
{
	struct hash_map found __cleanup(hash_free) = { 0 };
	struct strbuf out __cleanup_strbuf = { 0 };

	TRY_CONTEXT(run_query(t, scratch, objects, n, &out), "asking the kernel's makefiles");
	if (out.n)
		TRY(find_commands(out.s, &found));
	for (size_t i = 0; i < n; i++) {
		uint64_t *command = hash_get(&found, objects[i]);

		if (!command)
			return error_failed("the kernel's makefiles have no command for %s",
					    objects[i]);
		commands[i] = strdup((const char *)(uintptr_t)*command);
		if (!commands[i])
			return error_nomem();
	}
	return NULL;
}
