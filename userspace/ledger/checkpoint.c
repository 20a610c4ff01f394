// SPDX-License-Identifier: GPL-2.0-or-later
/* A checkpoint as text, both ways: what is read must be what would be written. */
#include "ledger/checkpoint.h"

#include <openssl/evp.h>

#include "base/date.h"

#define SIGNATURE_MAX 4096 /* bytes; RSA of 16384 bits has half of it */
#define TEXT_MAX 16384

struct error *checkpoint_text(const struct ledger_checkpoint *c, struct strbuf *out)
{
	return strbuf_printf(out,
			     "suture-ledger-checkpoint/1\nchain %s\nseq %llu\nhash %s\ntime %s\n",
			     c->chain, (unsigned long long)c->seq, c->hash, date_text(c->time).s);
}

struct error *checkpoint_add_signature(const struct strbuf *signature, struct strbuf *text)
{
	unsigned char *base64 __free = NULL;

	if (!signature->n || signature->n > SIGNATURE_MAX)
		return error_failed("a signature of %zu bytes is not what a key makes",
				    signature->n);
	base64 = malloc(4 * (signature->n + 2) / 3 + 5);
	if (!base64)
		return error_nomem();
	EVP_EncodeBlock(base64, (const unsigned char *)signature->s, (int)signature->n);
	return strbuf_printf(text, "signature %s\n", (const char *)base64);
}

/* One line's word after "key "; at its end *at is behind the newline. */
static struct error *take_word(char **at, const char *key, char **out)
{
	size_t k = strlen(key);
	char *end = strchr(*at, '\n');

	if (!end || !str_starts(*at, key) || (*at)[k] != ' ')
		return error_failed("it has no line '%s ...' where one must be", key);
	*end = '\0';
	*out = *at + k + 1;
	*at = end + 1;
	return NULL;
}

static struct error *take_digest(char **at, const char *key, char out[2 * DIGEST_BYTES + 1])
{
	char *word;

	TRY(take_word(at, key, &word));
	if (strlen(word) != 2 * DIGEST_BYTES ||
	    strspn(word, "0123456789abcdef") != 2 * DIGEST_BYTES)
		return error_failed("its %s is no SHA-256", key);
	memcpy(out, word, 2 * DIGEST_BYTES + 1);
	return NULL;
}

static struct error *take_signature(char **at, struct strbuf *out)
{
	char *word;
	size_t n;
	int got;
	unsigned char bytes[SIGNATURE_MAX + 4];

	TRY(take_word(at, "signature", &word));
	n = strlen(word);
	if (!n || n % 4 || n / 4 * 3 > SIGNATURE_MAX)
		return error_failed("its signature is no base64");
	got = EVP_DecodeBlock(bytes, (const unsigned char *)word, (int)n);
	got -= str_ends(word, "==") ? 2 : str_ends(word, "=") ? 1 : 0;
	if (got <= 0)
		return error_failed("its signature is no base64");
	return strbuf_add(out, bytes, (size_t)got);
}

static struct error *take_fields(char *at, struct ledger_checkpoint *c, struct strbuf *signature)
{
	static const char first[] = "suture-ledger-checkpoint/1\n";
	char *word;

	if (!str_starts(at, first))
		return error_failed("its first line is not '%.*s'", (int)sizeof(first) - 2, first);
	at += sizeof(first) - 1;
	TRY(take_digest(&at, "chain", c->chain));
	TRY(take_word(&at, "seq", &word));
	TRY(str_u64(word, &c->seq));
	TRY(take_digest(&at, "hash", c->hash));
	TRY(take_word(&at, "time", &word));
	TRY(date_parse(word, &c->time));
	if (*at)
		TRY(take_signature(&at, signature));
	return *at ? error_failed("something stands behind its last line") : NULL;
}

struct error *checkpoint_parse(const char *text, size_t n, struct ledger_checkpoint *out,
			       struct strbuf *signature)
{
	struct strbuf copy __cleanup_strbuf = { 0 }, again __cleanup_strbuf = { 0 };
	struct strbuf found __cleanup_strbuf = { 0 };
	struct ledger_checkpoint c = { 0 };

	if (n > TEXT_MAX || memchr(text, '\0', n))
		return error_failed("it is no text of a checkpoint");
	TRY(strbuf_add(&copy, text, n));
	TRY(take_fields(copy.s, &c, &found));
	TRY(checkpoint_text(&c, &again));
	if (found.n)
		TRY(checkpoint_add_signature(&found, &again));
	if (again.n != n || memcmp(again.s, text, n) != 0)
		return error_failed("it is not written as suture writes a checkpoint");
	*out = c;
	if (found.n)
		TRY(strbuf_add(signature, found.s, found.n));
	return NULL;
}
