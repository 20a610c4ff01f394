// SPDX-License-Identifier: GPL-2.0-or-later
#include "trial/matrix.h"

#include "base/str.h"

static const struct option {
	const char *name;
	size_t offset;
	uint64_t most;
} options[] = {
	{ "smp=", offsetof(struct trial_kernel, cpus), 64 },
	{ "memory=", offsetof(struct trial_kernel, memory), 1 << 20 },
	{ "repeat=", offsetof(struct trial_kernel, repeat), 1000000 },
};

static struct error *set_number(const struct option *o, const char *text, struct trial_kernel *k)
{
	uint64_t v;

	TRY(error_with_kind(str_u64(text, &v), ERROR_USAGE));
	if (v > o->most || (!v && o->offset != offsetof(struct trial_kernel, repeat)))
		return error_usage("%s%s is out of range", o->name, text);
	*(unsigned int *)((char *)k + o->offset) = (unsigned int)v;
	return NULL;
}

static struct error *take_word(const char *word, struct arena *a, struct trial_kernel *k)
{
	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		if (str_starts(word, options[i].name))
			return set_number(&options[i], word + strlen(options[i].name), k);
	if (!str_starts(word, "append="))
		return error_usage("'%s': smp=N, memory=MIB, repeat=N or append=WORD", word);
	word += strlen("append=");
	k->append = k->append ? arena_printf(a, "%s %s", k->append, word) : word;
	return k->append ? NULL : error_nomem();
}

bool matrix_has(const struct trial_kernels *k, const char *name)
{
	vec_for_each(&k->v, it)
		if (str_equal(it->name, name))
			return true;
	return false;
}

/* The line is cut into words in place. */
static struct error *take_line(char *line, const struct trial_kernel *usual, struct arena *a,
			       struct trial_kernels *out)
{
	struct trial_kernel k = *usual;
	char *word;

	k.name = NULL;
	while ((word = strsep(&line, " \t\r"))) {
		if (*word == '#')
			break;
		if (!*word)
			continue;
		if (k.name)
			TRY(take_word(word, a, &k));
		else
			k.name = word;
	}
	if (!k.name)
		return NULL;
	if (!str_starts(k.name, "kernel:") && !str_starts(k.name, "tree:"))
		return error_usage("'%s' is no kernel: kernel:RELEASE or tree:PATH", k.name);
	if (matrix_has(out, k.name))
		return error_usage("%s is there twice", k.name);
	return vec_push(&out->v, k);
}

struct error *matrix_parse(const char *path, const char *text, const struct trial_kernel *usual,
			   struct arena *a, struct trial_kernels *out)
{
	char *rest = arena_strdup(a, text), *line;
	unsigned int number = 0;
	size_t before = out->v.n;

	if (!rest)
		return error_nomem();
	while ((line = strsep(&rest, "\n"))) {
		number++;
		TRY_CONTEXT(take_line(line, usual, a, out), "%s:%u", path, number);
	}
	return out->v.n > before ? NULL : error_usage("%s names no kernel", path);
}
