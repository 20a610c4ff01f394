/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keys that sign: Ed25519, Ed448, RSA of 2048 bits or more, ECDSA on curves of 224 bits or more.
 * RSA signs as PKCS #1 v1.5 and ECDSA as DER, both over SHA-256, so that openssl(1) can check
 * what is signed here, and the other way round:
 *
 *	openssl pkeyutl -verify -rawin -pubin -inkey PUBLIC.pem -in TEXT -sigfile SIGNATURE
 *
 * A key is named by its ID: the SHA-256 of its public half (SubjectPublicKeyInfo, RFC 5280).
 */
#ifndef SUTURE_BUNDLE_KEY_H
#define SUTURE_BUNDLE_KEY_H

#include <openssl/types.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/digest.h"
#include "base/str.h"

struct key {
	EVP_PKEY *pkey;
	struct digest id;
};

/*
 * A private key by its OSSL_STORE URI: a file's path, file:PATH, or what the providers of
 * openssl.cnf know (pkcs11:). A passphrase comes from the file of that name, up to the end of its
 * first line; without one (NULL) libcrypto asks for it on the terminal.
 */
struct error *key_open(const char *uri, const char *passphrase_file, struct key *out) __must_check;

/* A public key: PEM, "BEGIN PUBLIC KEY", and nothing else. */
struct error *key_parse(const char *pem, size_t n, struct key *out) __must_check;

void key_clear(struct key *k);
#define __cleanup_key __cleanup(key_clear)

/* "Ed25519", "RSA of 4096 bits". */
struct text32 key_kind(const struct key *k);

struct error *key_sign(const struct key *k, const void *p, size_t n,
		       struct strbuf *signature) __must_check;
/* An error is only that it could not be found out. */
struct error *key_verify(const struct key *k, const void *p, size_t n,
			 const struct strbuf *signature, bool *fits) __must_check;

#endif
