/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is tried: a bundle, a diff, or the folder of a fix; with its reproducer. From it comes a
 * payload for each kernel, built if it must be.
 */
#ifndef SUTURE_TRIAL_SUBJECT_H
#define SUTURE_TRIAL_SUBJECT_H

#include "bundle/bundle.h"
#include "fix/metadata.h"
#include "source/target.h"
#include "trial/matrix.h"

enum subject_kind { SUBJECT_BUNDLE, SUBJECT_DIFF, SUBJECT_FOLDER };

struct subject {
	enum subject_kind kind;
	const char *path;	       /* as it was given */
	const char *name;	       /* of the fix */
	struct fix_metadata *metadata; /* of a folder, or that a bundle has in it; or NULL */
	struct bundle *bundle;	       /* NULL: it is built */
	/* The metadata's, or usual ones. A file that was given beside the fix is a path here. */
	struct fix_reproducer reproducer;
	bool given;		   /* it was given beside the fix */
	double transition_timeout; /* seconds */
	struct arena arena;
};

/* 'reproducer' takes the place of the fix's own; NULL: that, if it has one. */
struct error *subject_open(const char *path, const char *reproducer,
			   struct subject **out) __must_check;
void subject_free(struct subject **s);
#define __cleanup_subject __cleanup(subject_free)

/* Texts of the kernel's log that are no complaint; NULL: none. */
const struct form_texts *subject_allowed_log(const struct subject *s);

/* Append the kernels that it names itself, and that are prepared here. */
struct error *subject_kernels(const struct subject *s, const struct trial_kernel *usual,
			      struct arena *a, struct trial_kernels *out) __must_check;

/*
 * The payload for a target: of the bundle, or built, its files in 'dir'. *bundle owns it unless
 * it is the subject's own (then NULL). ERROR_REFUSED and ERROR_NOTHING as suture build has them.
 */
struct error *subject_payload(const struct subject *s, const struct target *t, const char *dir,
			      struct bundle **bundle,
			      const struct bundle_payload **out) __must_check;

/* The reproducer as a program in 'dir' that runs in a guest; *out NULL: there is none. */
struct error *subject_reproducer(const struct subject *s, const char *dir, struct arena *a,
				 const char **out) __must_check;

#endif
