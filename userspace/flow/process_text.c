// SPDX-License-Identifier: GPL-2.0-or-later
/* What was built for processes, for people and programs. */
#include "flow/process_build.h"
#include "flow/process_write.h"

static struct error *print_file(const struct process_build *b, const struct process_file *f,
				struct strbuf *out)
{
	size_t derived = 0, exported = 0;

	TRY(strbuf_printf(out, "\n%s, build-id %.16s\n", f->file->name, f->build_id));
	vec_for_each(&f->account.functions, it) {
		const struct delta_item *why = process_reason(b, f, it);

		TRY(strbuf_printf(out, "  %s at 0x%llx, %llu -> %llu bytes", it->old->name,
				  (unsigned long long)it->address, (unsigned long long)it->size,
				  (unsigned long long)it->new->size));
		if (why && why->file)
			TRY(strbuf_printf(out, "  %s:%u", why->file, why->line));
		TRY(strbuf_printf(out, "\n      %s\n", why ? why->reason : "no reason is told"));
	}
	vec_for_each(&f->account.references, r) {
		derived += !r->is_export;
		exported += r->is_export;
	}
	return strbuf_printf(out, "  refers to %zu places of the file, %zu of its libraries\n",
			     derived, exported);
}

struct error *process_build_print(const struct process_build *b, struct strbuf *out)
{
	size_t functions = 0, files = 0;

	for (size_t i = 0; i < b->n_files; i++) {
		functions += b->files[i].account.functions.n;
		files += b->files[i].n_units > 0;
	}
	TRY(strbuf_printf(out, "%s (%s): for %s redirects %zu function%s in %zu file%s\n",
			  b->base.out, str_size(b->base.out_size).s, b->app->target->name,
			  functions, functions == 1 ? "" : "s", files, files == 1 ? "" : "s"));
	for (size_t i = 0; i < b->n_files; i++)
		if (b->files[i].n_units)
			TRY(print_file(b, &b->files[i], out));
	vec_for_each(&b->workspace->ignored, it)
		TRY(strbuf_printf(out, "\n%s of the diff is no part of the program", *it));
	return strbuf_printf(out, "\n%zu of %zu compiled units changed; took %s: the compiler %s\n",
			     b->base.n, b->n_tried, str_duration(b->base.seconds).s,
			     str_duration(b->base.compiler_seconds).s);
}

static void file_json(const struct process_build *b, const struct process_file *f, struct json *j)
{
	json_object(j, NULL);
	json_string(j, "file", f->file->name);
	json_string(j, "build_id", f->build_id);
	json_array(j, "functions");
	vec_for_each(&f->account.functions, it) {
		const struct delta_item *why = process_reason(b, f, it);

		json_object(j, NULL);
		json_string(j, "name", it->old->name);
		json_hex(j, "address", it->address);
		json_u64(j, "size", it->size);
		json_string(j, "file", why ? why->file : NULL);
		json_u64(j, "line", why ? why->line : 0);
		json_string(j, "reason", why ? why->reason : NULL);
		json_end(j);
	}
	json_end(j);
	json_array(j, "references");
	vec_for_each(&f->account.references, r) {
		json_object(j, NULL);
		json_string(j, "name", r->name);
		json_hex(j, "address", r->address);
		json_bool(j, "export", r->is_export);
		json_u64(j, "witnesses", r->witnesses);
		json_end(j);
	}
	json_end(j);
	json_end(j);
}

void process_build_json(const struct process_build *b, struct json *j)
{
	json_object(j, NULL);
	json_string(j, "schema", "suture-build/1");
	json_string(j, "name", b->base.name);
	json_string(j, "target", b->app->target->name);
	json_string(j, "bundle", b->base.out);
	json_u64(j, "bytes", b->base.out_size);
	json_array(j, "files");
	for (size_t i = 0; i < b->n_files; i++)
		if (b->files[i].n_units)
			file_json(b, &b->files[i], j);
	json_end(j);
	json_array(j, "findings");
	for (size_t i = 0; i < b->base.n; i++)
		vec_for_each(&b->base.units[i].delta->findings, f)
			delta_finding_json(f, j);
	json_end(j);
	json_array(j, "ignored");
	vec_for_each(&b->workspace->ignored, it)
		json_string(j, NULL, *it);
	json_end(j);
	json_object(j, "seconds");
	json_double(j, "total", b->base.seconds);
	json_double(j, "compiler", b->base.compiler_seconds);
	json_end(j);
	json_end(j);
}
