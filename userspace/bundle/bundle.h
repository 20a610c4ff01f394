/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bundle: one file with one fix (or several, as one), its payloads, and where it is all from. An
 * uncompressed POSIX tar (ustar), so that anybody's tools can look into it:
 *
 *	manifest.json                 first; schema "suture-bundle/3"
 *	fixes/NAME.patch              each diff as it was given, in the order they are applied
 *	fix/PATH                      fix.yaml as it was given, and the reproducer that it names;
 *	                              may be missing
 *	kernel/RELEASE/MODULE.ko      a livepatch module for each kernel
 *	kernel/RELEASE/MODULE.ko.debug
 *	                              its debug information, with the same build-id
 *	kernel/RELEASE/suture_guard.ko
 *	                              the guard for that kernel; may be missing
 *
 *	process/BUILD-ID/NAME.hotpatch
 *	                              a hotpatch object for each program or shared object
 *
 *	signatures/N.json, signatures/N.sig
 *	                              what somebody says about all of the above, and the signature
 *	                              of that text; N is 1, 2, ...; none if nobody has signed
 *
 * Owners, times and modes in it are fixed: the same content is the same file.
 *
 * The bundle's digest, which is what is signed, is the SHA-256 of a text: the line
 * "suture-bundle-digest/1", then for each file before the signatures, in their order, a line of
 * its SHA-256, its size in bytes, and its path, with single blanks between. So nothing can be
 * added, left out, moved or renamed without another digest, and signatures added later change
 * nothing. What a signature is worth is told by trust.h and judgement.h.
 *
 * What is read is hostile until checked: only the files that the manifest names, each once, in
 * that order, with the digest that the manifest gives.
 */
#ifndef SUTURE_BUNDLE_BUNDLE_H
#define SUTURE_BUNDLE_BUNDLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "base/vec.h"
#include "bundle/facts.h"
#include "bundle/statement.h"
#include "bundle/watch_terms.h"

/* One diff. Most bundles have one; a cumulative one has several. */
struct bundle_fix {
	const char *name;  /* [a-z0-9_]: of fixes/NAME.patch */
	const char *title; /* what its text says first; or NULL */
	struct digest digest;
	const struct strbuf *patch;
};

/* A file of the fix's folder: its fix.yaml, its reproducer. */
struct bundle_part {
	const char *name; /* a path inside of the folder */
	struct digest digest;
	const struct strbuf *content;
};

/* A function that the payload redirects. */
struct bundle_function {
	const char *object; /* "vmlinux" or a module */
	const char *name;
	unsigned int sympos;
	const char *file;	     /* source; or NULL */
	unsigned int line;	     /* 0: unknown */
	const char *reason;	     /* a sentence */
	uint64_t old_size, new_size; /* bytes of code, without cold parts */
	/* The diffs that touch its source, by name: where one file has several, any of these. */
	const char *const *fixes;
	size_t n_fixes;
	/* The old code: two hex digits a byte, ".." for what linker and kernel fill in; or NULL. */
	const char *code;
};

/* What the payload refers to outside of itself. */
struct bundle_reference {
	const char *object, *name;
	unsigned int sympos;
	const char *named; /* "export", "livepatch", or "file": in the program itself */
	uint64_t address;  /* in the image it was bound to; 0 if only the name is known */
	const char *proof; /* "matched", "derived", "named", "external" */
	unsigned int witnesses;
};

/* A finding that somebody took as it is (suture build --accept). */
struct bundle_override {
	const char *code, *where;
	const char *what;   /* was found: a sentence */
	const char *left;   /* undone by it: a sentence */
	const char *reason; /* that was given */
	const char *file;   /* source; or NULL */
	unsigned int line;  /* 0: unknown */
};

/* A function that livepatch calls on the way (suture/patch.h). */
struct bundle_callback {
	const char *object, *when, *function;
};

/* What later patches must know about (suture/patch.h). */
struct bundle_state {
	uint64_t id;
	unsigned int version;
};

/* A package that the source or the headers are from. */
struct bundle_package {
	const char *name, *version, *sha256;
};

/* A source file of the fix. */
struct bundle_source {
	const char *path;
	struct digest before, after;
};

/* What the payload was made from, beside the diffs. */
struct bundle_provenance {
	VEC(struct bundle_package) packages;
	struct digest config; /* of the kernel's .config */
	VEC(struct bundle_source) sources;
};

/* A file that belongs to a payload. */
struct bundle_file {
	struct digest digest;
	const struct strbuf *content; /* NULL: it is not there */
};

/* One payload, for one kernel. */
struct bundle_payload {
	const char *target;   /* "kernel:6.1.0-56-amd64" */
	const char *release;  /* "6.1.0-56-amd64" */
	const char *version;  /* of the package */
	const char *compiler; /* as CONFIG_CC_VERSION_TEXT has it */
	const char *module;   /* the module's name: NAME of kernel/RELEASE/NAME.ko */
	const char *build_id;
	/* For processes that map one file: 'release' is its build-id then, too. */
	bool process;
	const char *file;	      /* where a system has it; NULL for a kernel */
	const char *package;	      /* that it is from; or NULL */
	bool replace;		      /* it takes the place of all other livepatches */
	struct digest digest;	      /* of content */
	const struct strbuf *content; /* the .ko */
	struct bundle_file debug;     /* its debug information */
	struct bundle_file guard;     /* the guard's module for that kernel */
	VEC(struct bundle_function) functions;
	VEC(struct bundle_reference) references;
	VEC(struct bundle_callback) callbacks;
	VEC(struct bundle_state) states;
	VEC(const char *) at_load; /* modules that must be loaded after it */
	VEC(struct bundle_override) overrides;
	VEC(const char *) notes; /* what is different in the new code, a sentence each */
	struct bundle_provenance provenance;
};

/* A signature as it was found; whether it is one is not known before its key is. */
struct bundle_signature {
	struct statement statement;
	const struct strbuf *text; /* of the statement, which is signed */
	const struct strbuf *bytes;
};

struct bundle {
	const char *name; /* of the fix, or of all in it: [a-z0-9_] */
	const char *tool; /* "suture 0.1.0" */
	struct bundle_facts facts;
	struct watch_terms watch;	  /* what the fix asks of the watch over it */
	VEC(struct bundle_fix) fixes;	  /* in the order they are applied; each name once */
	VEC(struct bundle_part) metadata; /* fix.yaml first; or none. Each name once */
	VEC(struct bundle_payload) payloads;
	struct digest digest; /* see above; of a bundle that was read */
	VEC(struct bundle_signature) signatures;
	struct arena arena; /* what the pointers above point to, if bundle_open() made it */
	struct bundle_files *files;
};

/*
 * Write the bundle whole or not at all. Payloads are written in the order given. The digests
 * are computed here; .files, .arena and .signatures are not looked at: what is written is not
 * signed.
 */
struct error *bundle_write(const struct bundle *b, const char *path) __must_check;

/* The bytes of that file. */
struct error *bundle_pack(const struct bundle *b, struct strbuf *out) __must_check;

/*
 * Read and check everything. ERROR_FAILED, saying what, if it is no bundle, is cut off, has
 * a digest that does not agree, or anything in it that the manifest does not name.
 */
struct error *bundle_open(const char *path, struct bundle **out) __must_check;
/* The same from memory, which is copied. */
struct error *bundle_parse(const void *bytes, size_t n, struct bundle **out) __must_check;
void bundle_free(struct bundle **b);
#define __cleanup_bundle __cleanup(bundle_free)

/* The payload for a kernel release, or NULL. */
const struct bundle_payload *bundle_payload_for(const struct bundle *b, const char *release);
/* A file of the fix's folder, by its name there, or NULL. */
const struct strbuf *bundle_metadata(const struct bundle *b, const char *name);
/* Write a payload's module, or another of its files, whole or not at all. */
struct error *bundle_extract(const struct bundle_payload *p, const char *path) __must_check;
struct error *bundle_extract_file(const struct bundle_file *f, const char *path) __must_check;

/* What the manifest says, as JSON. */
void bundle_json(const struct bundle *b, struct json *j, const char *key);

/* Release what vec_push() put into a bundle that bundle_open() did not make. */
void bundle_clear(struct bundle *b);
#define __cleanup_made_bundle __cleanup(bundle_clear)

#endif
