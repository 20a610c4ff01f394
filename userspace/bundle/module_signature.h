/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The signature that a kernel checks when it loads a module: behind the module's own bytes a CMS
 * structure (RFC 5652: detached, without attributes and certificates, DER), 12 bytes that say how
 * long it is, and a line. The form is that of include/linux/module_signature.h and
 * kernel/module/signing.c; Documentation/admin-guide/module-signing.rst tells which keys count.
 */
#ifndef SUTURE_BUNDLE_MODULE_SIGNATURE_H
#define SUTURE_BUNDLE_MODULE_SIGNATURE_H

#include "bundle/key.h"

/* Who signs modules. */
struct module_signer {
	struct key key;
	X509 *certificate;  /* by its issuer and serial number the kernel finds the key */
	const char *digest; /* "sha256", as libcrypto calls it; NULL: that */
};

/*
 * The key by its URI (key.h), the certificate from a file (PEM or DER). They must belong
 * together, and be of a kind that kernels know: RSA or ECDSA.
 */
struct error *module_signer_open(const char *key_uri, const char *passphrase_file,
				 const char *certificate, const char *digest,
				 struct module_signer *out) __must_check;
void module_signer_clear(struct module_signer *s);
#define __cleanup_module_signer __cleanup(module_signer_clear)

/* The module with its signature, in the place of one that it has. */
struct error *module_sign(const struct module_signer *s, const struct strbuf *module,
			  struct strbuf *out) __must_check;

/* What a module's signature says; nothing of it is proved here. */
struct module_signature {
	size_t module_size;   /* bytes that are signed */
	size_t cms, cms_size; /* where the structure lies; 0: the module is not signed */
	struct strbuf signer; /* "CN=... serial 0x..." */
	struct strbuf digest; /* "sha256" */
};
/* ERROR_FAILED if it ends like a signed one and its signature makes no sense. */
struct error *module_signature_read(const void *module, size_t n,
				    struct module_signature *out) __must_check;
void module_signature_clear(struct module_signature *s);
#define __cleanup_module_signature __cleanup(module_signature_clear)

#endif
