// SPDX-License-Identifier: GPL-2.0-or-later
/* Knowledge: ossl_store(7), EVP_DigestSign(3), UI_UTIL_wrap_read_pem_callback(3). */
#include "bundle/key.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/store.h>
#include <openssl/ui.h>
#include <openssl/x509.h>

#include "base/file.h"
#include "bundle/crypto_error.h"

#define SIGNATURE_MAX 8192
#define WEAKEST_BITS 112 /* of security, NIST SP 800-57: RSA of 2048 bits, a curve of 224 */

static void free_bio(BIO **b)
{
	BIO_free(*b);
	*b = NULL;
}

static void free_context(EVP_MD_CTX **c)
{
	EVP_MD_CTX_free(*c);
	*c = NULL;
}

static void close_store(OSSL_STORE_CTX **s)
{
	if (*s)
		OSSL_STORE_close(*s);
	*s = NULL;
}

static void free_method(UI_METHOD **m)
{
	UI_destroy_method(*m);
	*m = NULL;
}

void key_clear(struct key *k)
{
	EVP_PKEY_free(k->pkey);
	*k = (struct key){ 0 };
}

/* --- what a key is ------------------------------------------------------------------ */

/* How each kind signs: the digest's name, or NULL where the kind has its own. */
static const struct key_row {
	const char *name, *shown, *digest;
} rows[] = {
	{ "ED25519", "Ed25519", NULL },
	{ "ED448", "Ed448", NULL },
	{ "RSA", "RSA", "SHA256" },
	{ "EC", "ECDSA", "SHA256" },
};

static const struct key_row *row_of(const EVP_PKEY *p)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (EVP_PKEY_is_a(p, rows[i].name))
			return &rows[i];
	return NULL;
}

/* Takes the key, also when it fails. */
static struct error *accept_key(EVP_PKEY *p, struct key *out)
{
	struct key k __cleanup_key = { .pkey = p };
	unsigned char *der = NULL;
	struct error *e;
	int n;

	if (!row_of(p))
		return error_failed("a key of the kind %s signs no bundle: it must be Ed25519, "
				    "Ed448, RSA or EC",
				    EVP_PKEY_get0_type_name(p));
	if (EVP_PKEY_get_security_bits(p) < WEAKEST_BITS)
		return error_failed("the key is too weak: %s", key_kind(&k).s);
	n = i2d_PUBKEY(p, &der);
	if (n <= 0)
		return crypto_error("its public half can't be had");
	e = digest_bytes(der, (size_t)n, &k.id);
	OPENSSL_free(der);
	if (e)
		return e;
	*out = k;
	k.pkey = NULL;
	return NULL;
}

struct text32 key_kind(const struct key *k)
{
	const struct key_row *row = row_of(k->pkey);
	struct text32 t;

	if (!row || row->digest)
		snprintf(t.s, sizeof(t.s), "%s of %d bits", row ? row->shown : "a key",
			 EVP_PKEY_get_bits(k->pkey));
	else
		snprintf(t.s, sizeof(t.s), "%s", row->shown);
	return t;
}

struct error *key_parse(const char *pem, size_t n, struct key *out)
{
	BIO *bio __cleanup(free_bio) = NULL;
	EVP_PKEY *p;

	if (n > 65536)
		return error_failed("it is too long for a public key");
	bio = BIO_new_mem_buf(n ? pem : "", (int)n);
	if (!bio)
		return error_nomem();
	p = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
	if (!p)
		return error_advise(crypto_error("it is no public key in PEM form"),
				    "openssl pkey -in PRIVATE.pem -pubout makes one");
	if (memmem(pem + 1, n - 1, "-----BEGIN", 10)) {
		EVP_PKEY_free(p);
		return error_failed("there is more in it than one public key");
	}
	return accept_key(p, out);
}

/* --- private keys --------------------------------------------------------------------- */

/* Had from a file, or asked for once, however often libcrypto wants it. */
struct passphrase {
	const char *file; /* or NULL */
	const char *uri;
	struct strbuf text;
	bool wanted;
	struct error *error;
};

static void forget(struct passphrase *p)
{
	OPENSSL_cleanse(p->text.s, p->text.n);
	strbuf_free(&p->text);
	error_free(&p->error);
}

static struct error *ask(struct passphrase *p)
{
	char *prompt __free = str_printf("passphrase of %s: ", p->uri);
	char line[1024];
	struct error *e;

	if (!prompt)
		return error_nomem();
	if (EVP_read_pw_string(line, sizeof(line), prompt, 0))
		return error_failed("%s: no passphrase was given", p->uri);
	e = strbuf_puts(&p->text, line);
	OPENSSL_cleanse(line, sizeof(line));
	return e;
}

static int give_passphrase(char *buf, int size, int encrypt, void *data)
{
	struct passphrase *p = data;
	size_t n;

	(void)encrypt;
	if (!p->wanted)
		p->error = p->file ? file_read(p->file, &p->text) : ask(p);
	p->wanted = true;
	n = strcspn(strbuf_str(&p->text), "\r\n");
	if (p->error || size < 0 || n > (size_t)size)
		return -1;
	memcpy(buf, strbuf_str(&p->text), n);
	return (int)n;
}

static struct error *no_key(struct passphrase *p)
{
	const char *scheme = strchr(p->uri, ':') && !str_starts(p->uri, "file:") ? p->uri : NULL;
	struct error *e;

	if (p->error || p->wanted) {
		ERR_clear_error();
		return p->error ? take(p->error)
				: error_failed("%s: the passphrase does not open it", p->uri);
	}
	e = crypto_error("%s: it has no private key that can be read", p->uri);
	return scheme ? error_advise(e, "for a key that is not a file, openssl.cnf must load a "
					"provider that knows it: openssl list -store-loaders")
		      : e;
}

/* The one private key behind the URI. */
static struct error *load_key(OSSL_STORE_CTX *store, struct passphrase *p, EVP_PKEY **out)
{
	while (!OSSL_STORE_eof(store)) {
		OSSL_STORE_INFO *info = OSSL_STORE_load(store);

		if (!info && OSSL_STORE_error(store))
			break;
		if (!info)
			continue;
		if (OSSL_STORE_INFO_get_type(info) == OSSL_STORE_INFO_PKEY && *out) {
			OSSL_STORE_INFO_free(info);
			return error_failed("%s: there are several private keys", p->uri);
		}
		if (OSSL_STORE_INFO_get_type(info) == OSSL_STORE_INFO_PKEY)
			*out = OSSL_STORE_INFO_get1_PKEY(info);
		OSSL_STORE_INFO_free(info);
	}
	return *out ? NULL : no_key(p);
}

static void free_pkey(EVP_PKEY **p)
{
	EVP_PKEY_free(*p);
	*p = NULL;
}

struct error *key_open(const char *uri, const char *passphrase_file, struct key *out)
{
	struct passphrase passphrase __cleanup(forget) = { .file = passphrase_file, .uri = uri };
	UI_METHOD *method __cleanup(free_method) = NULL;
	OSSL_STORE_CTX *store __cleanup(close_store) = NULL;
	EVP_PKEY *p __cleanup(free_pkey) = NULL;

	if (!strchr(uri, ':') && !file_exists(uri))
		return error_errno(errno, "%s", uri);
	ERR_clear_error();
	method = UI_UTIL_wrap_read_pem_callback(give_passphrase, 0);
	if (!method)
		return error_nomem();
	store = OSSL_STORE_open(uri, method, &passphrase, NULL, NULL);
	if (!store)
		return no_key(&passphrase);
	/* Only a hint for the loader: what comes is looked at all the same. */
	(void)OSSL_STORE_expect(store, OSSL_STORE_INFO_PKEY);
	TRY(load_key(store, &passphrase, &p));
	return error_context(accept_key(take(p), out), "%s", uri);
}

/* --- signatures ------------------------------------------------------------------------ */

struct error *key_sign(const struct key *k, const void *p, size_t n, struct strbuf *signature)
{
	EVP_MD_CTX *c __cleanup(free_context) = EVP_MD_CTX_new();
	unsigned char bytes[SIGNATURE_MAX];
	size_t size = sizeof(bytes);

	if (!c)
		return error_nomem();
	if (EVP_DigestSignInit_ex(c, NULL, row_of(k->pkey)->digest, NULL, NULL, k->pkey, NULL) !=
		    1 ||
	    EVP_DigestSign(c, bytes, &size, p, n) != 1)
		return crypto_error("the key could not sign");
	return strbuf_add(signature, bytes, size);
}

struct error *key_verify(const struct key *k, const void *p, size_t n,
			 const struct strbuf *signature, bool *fits)
{
	EVP_MD_CTX *c __cleanup(free_context) = EVP_MD_CTX_new();

	if (!c)
		return error_nomem();
	if (EVP_DigestVerifyInit_ex(c, NULL, row_of(k->pkey)->digest, NULL, NULL, k->pkey, NULL) !=
	    1)
		return crypto_error("the key can't check signatures");
	*fits = EVP_DigestVerify(c, (const unsigned char *)strbuf_str(signature), signature->n, p,
				 n) == 1;
	ERR_clear_error();
	return NULL;
}
