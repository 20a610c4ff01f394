// SPDX-License-Identifier: GPL-2.0-or-later
#include "fix/form.h"

#include <string.h>

#include "base/str.h"

/* --- facts --------------------------------------------------------------------------- */

struct error *form_fact(struct form_reader *r, const struct form_field *f,
			const struct yaml_value *v, void *at)
{
	const struct bundle_form *form = f->more;
	const char *s = NULL;

	TRY(form_line(r, f, v, &s));
	if (!form->fits(s))
		return form_wrong(r, v, "'%s' is not %s", s, form->form);
	*(const char **)at = s;
	return NULL;
}

struct error *form_facts(struct form_reader *r, const struct form_field *f,
			 const struct yaml_value *v, void *at)
{
	struct bundle_names *to = at;

	TRY(form_need(r, v, YAML_LIST));
	for (size_t i = 0; i < v->n; i++) {
		const char *s = NULL;

		TRY(form_fact(r, f, &v->items[i], &s));
		vec_for_each(&to->v, other)
			if (str_equal(*other, s))
				return form_wrong(r, &v->items[i], "%s is named twice", s);
		TRY(vec_push(&to->v, s));
	}
	return NULL;
}

struct error *form_serial(struct form_reader *r, const struct form_field *f,
			  const struct yaml_value *v, void *at)
{
	const char *s = NULL;
	struct error *e __cleanup_error = NULL;
	uint64_t n = 0;

	TRY(form_line(r, f, v, &s));
	e = str_u64(s, &n);
	if (e || !n || n > BUNDLE_SERIAL_MAX)
		return form_wrong(r, v, "'%s' is not a number from 1 to %u", s, BUNDLE_SERIAL_MAX);
	*(uint64_t *)at = n;
	return NULL;
}

/* --- paths --------------------------------------------------------------------------- */

/* Relative, and of names only: no "..", nothing empty or hidden, nothing that a bundle can't hold.
 */
static bool stays_inside(const char *path)
{
	for (;; path++) {
		size_t n = strcspn(path, "/");

		if (!n || *path == '.' || memchr(path, '\\', n))
			return false;
		path += n;
		if (!*path)
			return true;
	}
}

struct error *form_path(struct form_reader *r, const struct form_field *f,
			const struct yaml_value *v, void *at)
{
	const char *s = NULL;

	TRY(form_line(r, f, v, &s));
	if (!stays_inside(s))
		return form_wrong(
			r, v,
			"'%s' is not a file inside of the fix's folder, with names that do "
			"not begin with a dot",
			s);
	*(const char **)at = s;
	return NULL;
}
