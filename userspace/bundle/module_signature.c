// SPDX-License-Identifier: GPL-2.0-or-later
/* Knowledge: include/linux/module_signature.h; CMS_sign(3), CMS_add1_signer(3). */
#include "bundle/module_signature.h"

#include <arpa/inet.h>
#include <openssl/asn1.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>

#include "bundle/crypto_error.h"

#define MAGIC "~Module signature appended~\n"
#define MAGIC_SIZE (sizeof(MAGIC) - 1)
#define ID_PKCS7 2
#define CMS_MAX 65536

/* As the kernel has it; all but two fields are zero for ID_PKCS7. */
struct trailer {
	uint8_t algorithm, hash, id_type, signer_size, key_id_size, pad[3];
	uint32_t size; /* big-endian */
};
_Static_assert(sizeof(struct trailer) == 12, "the kernel's form");

static void free_bio(BIO **b)
{
	BIO_free(*b);
	*b = NULL;
}

static void free_cms(CMS_ContentInfo **c)
{
	CMS_ContentInfo_free(*c);
	*c = NULL;
}

/* --- who signs ------------------------------------------------------------------------ */

void module_signer_clear(struct module_signer *s)
{
	key_clear(&s->key);
	X509_free(s->certificate);
	*s = (struct module_signer){ 0 };
}

static struct error *read_certificate(const char *path, X509 **out)
{
	BIO *bio __cleanup(free_bio) = BIO_new_file(path, "rb");

	if (!bio)
		return crypto_error("%s", path);
	*out = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	if (!*out && !BIO_reset(bio)) {
		ERR_clear_error();
		*out = d2i_X509_bio(bio, NULL);
	}
	return *out ? NULL : crypto_error("%s: it is no X.509 certificate", path);
}

struct error *module_signer_open(const char *key_uri, const char *passphrase_file,
				 const char *certificate, const char *digest,
				 struct module_signer *out)
{
	struct module_signer s __cleanup_module_signer = { .digest = digest ? digest : "sha256" };

	TRY(key_open(key_uri, passphrase_file, &s.key));
	if (!EVP_PKEY_is_a(s.key.pkey, "RSA") && !EVP_PKEY_is_a(s.key.pkey, "EC"))
		return error_failed("%s: kernels check modules by RSA or ECDSA keys, and this is "
				    "%s",
				    key_uri, key_kind(&s.key).s);
	TRY(read_certificate(certificate, &s.certificate));
	if (X509_check_private_key(s.certificate, s.key.pkey) != 1)
		return crypto_error("%s is not the certificate of %s", certificate, key_uri);
	if (!EVP_get_digestbyname(s.digest))
		return error_failed("libcrypto knows no digest '%s'", s.digest);
	*out = s;
	s = (struct module_signer){ 0 };
	return NULL;
}

/* --- signing ---------------------------------------------------------------------------- */

static struct error *make_cms(const struct module_signer *s, const void *module, size_t n,
			      CMS_ContentInfo **out)
{
	const unsigned int form = CMS_NOCERTS | CMS_BINARY | CMS_DETACHED | CMS_STREAM;
	BIO *bio __cleanup(free_bio) = BIO_new_mem_buf(module, (int)n);
	CMS_ContentInfo *cms __cleanup(free_cms) =
		CMS_sign(NULL, NULL, NULL, NULL, form | CMS_PARTIAL);

	if (!bio || !cms)
		return error_nomem();
	if (!CMS_add1_signer(cms, s->certificate, s->key.pkey, EVP_get_digestbyname(s->digest),
			     form | CMS_NOSMIMECAP | CMS_NOATTR) ||
	    CMS_final(cms, bio, NULL, form) != 1)
		return crypto_error("the module could not be signed");
	*out = take(cms);
	return NULL;
}

struct error *module_sign(const struct module_signer *s, const struct strbuf *module,
			  struct strbuf *out)
{
	struct module_signature old __cleanup_module_signature = { 0 };
	CMS_ContentInfo *cms __cleanup(free_cms) = NULL;
	struct trailer t = { .id_type = ID_PKCS7 };
	unsigned char *der = NULL;
	struct error *e;
	int n;

	TRY(module_signature_read(strbuf_str(module), module->n, &old));
	TRY(make_cms(s, strbuf_str(module), old.module_size, &cms));
	n = i2d_CMS_ContentInfo(cms, &der);
	if (n <= 0)
		return crypto_error("the module's signature could not be written");
	t.size = htonl((uint32_t)n);
	e = strbuf_add(out, strbuf_str(module), old.module_size);
	if (!e)
		e = strbuf_add(out, der, (size_t)n);
	OPENSSL_free(der);
	if (!e)
		e = strbuf_add(out, &t, sizeof(t));
	return e ? e : strbuf_add(out, MAGIC, MAGIC_SIZE);
}

/* --- reading ------------------------------------------------------------------------------ */

void module_signature_clear(struct module_signature *s)
{
	strbuf_free(&s->signer);
	strbuf_free(&s->digest);
	*s = (struct module_signature){ 0 };
}

static struct error *wrong(const char *what)
{
	return error_failed("the module's signature for the kernel: %s", what);
}

/* Where the structure lies. */
static struct error *read_trailer(const char *module, size_t n, struct module_signature *out)
{
	const struct trailer usual = { .id_type = ID_PKCS7 };
	struct trailer t;
	size_t size;

	out->module_size = n;
	if (n < MAGIC_SIZE || memcmp(module + n - MAGIC_SIZE, MAGIC, MAGIC_SIZE) != 0)
		return NULL;
	n -= MAGIC_SIZE;
	if (n < sizeof(t))
		return wrong("it is cut off");
	n -= sizeof(t);
	memcpy(&t, module + n, sizeof(t));
	if (memcmp(&t, &usual, offsetof(struct trailer, size)) != 0)
		return wrong("it is not of the kind that kernels take (PKCS #7)");
	size = ntohl(t.size);
	if (!size || size > n || size > CMS_MAX)
		return wrong("its size makes no sense");
	out->cms = n - size;
	out->cms_size = size;
	out->module_size = out->cms;
	return NULL;
}

static struct error *describe(CMS_SignerInfo *info, struct module_signature *out)
{
	X509_NAME *issuer = NULL;
	ASN1_INTEGER *serial = NULL;
	X509_ALGOR *algorithm = NULL;
	const ASN1_OBJECT *object = NULL;
	char name[512], digest[80] = "";
	BIGNUM *number;
	char *hex;
	struct error *e;

	if (!CMS_SignerInfo_get0_signer_id(info, NULL, &issuer, &serial) || !issuer || !serial)
		return wrong("its key is not named by issuer and serial number");
	CMS_SignerInfo_get0_algs(info, NULL, NULL, &algorithm, NULL);
	X509_ALGOR_get0(&object, NULL, NULL, algorithm);
	OBJ_obj2txt(digest, sizeof(digest), object, 0);
	TRY(strbuf_puts(&out->digest, digest));
	X509_NAME_oneline(issuer, name, sizeof(name));
	number = ASN1_INTEGER_to_BN(serial, NULL);
	hex = number ? BN_bn2hex(number) : NULL;
	e = hex ? strbuf_printf(&out->signer, "%s, certificate %s", name, hex)
		: wrong("its serial number makes no sense");
	OPENSSL_free(hex);
	BN_free(number);
	return e;
}

struct error *module_signature_read(const void *module, size_t n, struct module_signature *out)
{
	struct module_signature s __cleanup_module_signature = { 0 };
	CMS_ContentInfo *cms __cleanup(free_cms) = NULL;
	STACK_OF(CMS_SignerInfo) * infos;
	const unsigned char *at;

	TRY(read_trailer(module, n, &s));
	if (s.cms_size) {
		at = (const unsigned char *)module + s.cms;
		cms = d2i_CMS_ContentInfo(NULL, &at, (long)s.cms_size);
		if (!cms || at != (const unsigned char *)module + s.cms + s.cms_size) {
			ERR_clear_error();
			return wrong("it is no CMS structure");
		}
		infos = CMS_get0_SignerInfos(cms);
		if (!infos || sk_CMS_SignerInfo_num(infos) != 1)
			return wrong("there is not one signer in it");
		TRY(describe(sk_CMS_SignerInfo_value(infos, 0), &s));
	}
	*out = s;
	s = (struct module_signature){ 0 };
	return NULL;
}
