/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a source diff to a bundle:
 *
 *	compile  the objects that the diff touches, before and after
 *	compare  which functions really changed, and what they need
 *	bind     the before build to the kernel's image: proof that source and kernel agree
 *	link     a livepatch module
 *	write    the bundle
 *
 * Everything on the way lies in memory or in a temporary folder that goes with the build.
 */
#ifndef SUTURE_FLOW_BUILD_H
#define SUTURE_FLOW_BUILD_H

#include "bind/binding.h"
#include "bundle/bundle.h"
#include "delta/delta.h"
#include "fix/metadata.h"
#include "flow/fixes.h"
#include "livepatch/livepatch.h"
#include "source/compile.h"

/* A finding to take as it is, CODE:WHERE, and why (never NULL). */
struct build_accept {
	const char *finding, *reason;
};

struct build_options {
	const struct target *target;
	const char *const *patches; /* the diffs, each on top of those before it */
	size_t n_patches;	    /* at least one, but for: */
	/* NULL, or a fix.yaml with its folder. It names the diffs; for the rest, see build_plan.h.
	 */
	const struct fix_metadata *metadata;
	const char *name;   /* NULL: from the diff, or from .out if there are several */
	const char *module; /* NULL: "suture_" and the name */
	const char *out;    /* the bundle; NULL: NAME.suture here */
	bool replace;	    /* take the place of all other livepatches */
	/* Functions of a program that may be on a stack while they are switched. */
	const char *const *on_stack;
	size_t n_on_stack;
	bool loaded;		   /* it must take hold in modules that are loaded already */
	struct bundle_facts facts; /* borrowed; without a title: that of the only diff */
	unsigned int jobs;	   /* 0: one for each CPU */
	const struct build_accept *accept;
	size_t n_accept;
	struct strbuf *refusal; /* NULL, or what gets the findings as JSON if they stand */
};

/* One translation unit on its way. */
struct build_unit {
	const struct unit *unit;
	struct object *before, *after;
	struct delta *delta;
	struct extraction *extraction; /* NULL: nothing changed */
	const struct image *image;     /* borrowed: vmlinux, or one of build.modules */
	struct binding *binding;
};

struct build {
	char *name;	   /* of the fix: "fuse_uaf" */
	char *module;	   /* of the module: "suture_fuse_uaf" */
	char *out;	   /* the bundle's path */
	uint64_t out_size; /* bytes */
	bool replace;	   /* it takes the place of all other livepatches */
	bool at_load;	   /* it may ask for modules to be loaded after it */
	struct fixes fixes;
	struct workspace *workspace;
	struct build_unit *units;
	size_t n;
	struct image *vmlinux;
	VEC(struct image *) modules;
	struct livepatch_account *account;
	double seconds;		 /* all of it */
	double compiler_seconds; /* the compiler's critical path in it */
};

/*
 * Build and write the bundle, or leave nothing. ERROR_NOTHING if the diff changes no code;
 * ERROR_REFUSED with all findings of all units; what else source/, bind/ and livepatch/ say.
 */
struct error *build_run(const struct build_options *opt, struct build **out) __must_check;
void build_free(struct build **b);
#define __cleanup_build __cleanup(build_free)

/*
 * The fix's name from its file's: without folder and ".patch", a-z, 0-9 and '_'; that of the
 * folder for a plain "fix.patch". Allocated. ERROR_USAGE if nothing is left of it.
 */
struct error *build_name(const char *patch_path, char **out) __must_check;

/* Whether a module must be loaded after the patch. */
bool build_at_load(const struct build *b, const char *module);

/* The unit that a redirected function is part of (never NULL after build_run()). */
const struct build_unit *build_unit_of(const struct build *b, const struct livepatch_function *f);

/* The item of the delta that a redirected function comes from (never NULL after build_run()). */
const struct delta_item *build_reason(const struct build *b, const struct livepatch_function *f);

/* One screen for a person; and "suture-build/1". */
struct error *build_print(const struct build *b, const struct target *t,
			  struct strbuf *out) __must_check;
void build_json(const struct build *b, const struct target *t, struct json *j);

#endif
