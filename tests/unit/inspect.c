// SPDX-License-Identifier: GPL-2.0-or-later
/* What a module says by its bytes, and whether a manifest tells the truth about it. */
#include "livepatch_world.h"

#include "flow/inspect.h"
#include "livepatch/contents.h"

#define TEXT_OF_FIX                                                                  \
	"struct set { int (*pre)(void *); void (*post)(void *), (*pre_un)(void *), " \
	"(*post_un)(void *); long line; };\n"                                        \
	"void shared(void); void unexported(void);\n"                                \
	"int old_function(void) { shared(); unexported(); return 1; }\n"             \
	"static int begin(void *o) { return !o; }\n"                                 \
	"static const struct set s __attribute__((used, aligned(8), "                \
	"section(\".suture.callbacks\"))) = { .pre = begin };\n"                     \
	"static const unsigned long state[2] __attribute__((used, aligned(8), "      \
	"section(\".suture.states\"))) = { 7, 2 };\n"

/* A linked module with a vermagic, and the manifest that is right for it. */
struct sample {
	struct world w;
	struct strbuf module;
	struct bundle bundle;
};

static void free_sample(struct sample *s)
{
	world_free(&s->w);
	strbuf_free(&s->module);
	bundle_clear(&s->bundle);
}

#define __cleanup_sample __cleanup(free_sample)

static void list(struct sample *s, struct bundle_payload *p)
{
	const struct livepatch_account *a = s->w.account;

	vec_for_each(&a->functions, f)
		ok(vec_push(&p->functions, (struct bundle_function){ .object = f->object,
								     .name = f->name,
								     .sympos = f->sympos,
								     .new_size = f->new->size }));
	vec_for_each(&a->references, r)
		ok(vec_push(&p->references,
			    (struct bundle_reference){ .object = r->object,
						       .name = r->name,
						       .sympos = r->sympos,
						       .named = r->named == LIVEPATCH_EXPORT
									? "export"
									: "livepatch" }));
	vec_for_each(&a->callbacks, c)
		ok(vec_push(&p->callbacks,
			    (struct bundle_callback){ c->object, c->when, c->function }));
	vec_for_each(&a->states, st)
		ok(vec_push(&p->states, (struct bundle_state){ st->id, st->version }));
}

static struct bundle_payload *make(struct sample *s)
{
	char *path __free = str_printf("%s/inspected.ko", dir.path);
	struct bundle_payload p = { .target = "kernel:6.1",
				    .release = "6.1",
				    .version = "6.1-1",
				    .compiler = "gcc",
				    .module = "suture_test",
				    .content = &s->module };

	world_make(&s->w, "vmlinux", TEXT_OF_FIX);
	place(&s->w, "shared", TEXT + 0x500);
	place(&s->w, "unexported", TEXT + 0x800);
	ok(world_link(&s->w));
	ok(object_write(s->w.out, path));
	ok(file_read(path, &s->module));
	p.build_id = s->w.account->build_id;
	s->bundle.name = "test";
	s->bundle.tool = "suture 0";
	ok(vec_push(&s->bundle.payloads, p));
	list(s, &s->bundle.payloads.v[0]);
	return &s->bundle.payloads.v[0];
}

static void test_a_module_is_read_back_as_it_was_linked(void **state)
{
	struct sample s __cleanup_sample = { 0 };
	struct livepatch_contents c __cleanup_contents = { 0 };

	(void)state;
	make(&s);
	ok(livepatch_contents_read(s.module.s, s.module.n, &c));
	assert_string_equal(c.name, "suture_test");
	assert_string_equal(c.vermagic, "6.1 SMP");
	assert_string_equal(c.build_id, s.w.account->build_id);
	assert_int_equal(c.functions.n, 1);
	assert_string_equal(c.functions.v[0].name, "old_function");
	assert_string_equal(c.functions.v[0].object, "vmlinux");
	assert_int_equal(c.callbacks.n, 1);
	assert_string_equal(c.callbacks.v[0].when, "pre_patch");
	assert_string_equal(c.callbacks.v[0].function, "begin");
	assert_int_equal(c.states.n, 1);
	assert_int_equal(c.states.v[0].version, 2);
	assert_int_equal(c.symbols.n, 1);
	assert_string_equal(c.symbols.v[0].name, "unexported");
	assert_false(c.replace);
}

static void test_a_manifest_that_tells_the_truth_agrees(void **state)
{
	struct sample s __cleanup_sample = { 0 };

	(void)state;
	make(&s);
	ok(inspect_check(&s.bundle));
}

static void lie(struct sample *s, const char *word)
{
	expect_error(inspect_check(&s->bundle), word);
}

static void test_every_lie_of_a_manifest_is_found(void **state)
{
	struct sample s __cleanup_sample = { 0 };
	struct bundle_payload *p = make(&s), truth = *p;

	(void)state;
	p->module = "suture_other";
	lie(&s, "the module's name");
	*p = truth;
	p->release = "6.2";
	lie(&s, "the kernel");
	*p = truth;
	p->build_id = "00";
	lie(&s, "build-id");
	*p = truth;
	p->replace = true;
	lie(&s, "replaces");
	*p = truth;
	p->functions.n = 0;
	lie(&s, "functions in the module");
	*p = truth;
	p->functions.v[0].new_size++;
	lie(&s, "redirects old_function");
	p->functions.v[0].new_size--;
	p->functions.v[0].sympos = 1;
	lie(&s, "redirects old_function");
	p->functions.v[0].sympos = 0;
	p->references.n--;
	lie(&s, "symbols outside");
	*p = truth;
	vec_for_each(&p->references, r) {
		const char *name = r->name;

		r->name = "another";
		lie(&s, "the manifest does not");
		r->name = name;
	}
	p->callbacks.v[0].function = "end";
	lie(&s, "a callback");
	p->callbacks.v[0].function = "begin";
	p->states.v[0].version = 3;
	lie(&s, "state 1");
	p->states.v[0].version = 2;
	p->debug.content = &s.module;
	ok(inspect_check(&s.bundle));
}

static void test_debug_information_of_another_module_is_found(void **state)
{
	struct sample s __cleanup_sample = { 0 };
	struct strbuf other __cleanup_strbuf = { 0 };
	struct bundle_payload *p = make(&s);
	char *path __free = str_printf("%s/part.o", dir.path);

	(void)state;
	ok(file_read(path, &other));
	p->debug.content = &other;
	lie(&s, "build-id of its debug information");
}

static void test_bytes_that_are_no_livepatch_module_are_refused(void **state)
{
	struct sample s __cleanup_sample = { 0 };
	struct livepatch_contents c __cleanup_contents = { 0 };
	char *path __free = str_printf("%s/part.o", dir.path);
	struct strbuf other __cleanup_strbuf = { 0 };

	(void)state;
	make(&s);
	ok(file_read(path, &other));
	expect_error(livepatch_contents_read(other.s, other.n, &c), "livepatch module");
	expect_error(livepatch_contents_read("text", 4, &c), "");
}

static void test_records_that_count_wrongly_are_refused(void **state)
{
	struct sample s __cleanup_sample = { 0 };
	struct livepatch_contents c __cleanup_contents = { 0 };
	char *path __free = str_printf("%s/counted.ko", dir.path);
	struct suture_patch_record head;
	struct section *patch;

	(void)state;
	make(&s);
	patch = object_section(s.w.out, ".suture.patch");
	memcpy(&head, patch->bytes, sizeof(head));
	for (size_t i = 0; i < 3; i++) {
		struct suture_patch_record bad = head;
		struct strbuf bytes __cleanup_strbuf = { 0 };

		*(i == 0 ? &bad.n_objects : i == 1 ? &bad.n_funcs : &bad.n_states) = UINT64_MAX / 7;
		memcpy(patch->bytes, &bad, sizeof(bad));
		ok(object_write(s.w.out, path));
		ok(file_read(path, &bytes));
		expect_error(livepatch_contents_read(bytes.s, bytes.n, &c), "too small");
	}
}

static void test_a_page_fits_its_width(void **state)
{
	struct sample s __cleanup_sample = { 0 };
	struct strbuf page __cleanup_strbuf = { 0 };
	size_t longest = 0, n = 0;

	(void)state;
	ok(vec_push(&s.bundle.fixes, (struct bundle_fix){ .name = "test", .patch = &page }));
	make(&s);
	s.bundle.facts.title = "a title of many words that does not fit into a line of this page, "
			       "and goes on";
	ok(inspect_print(&s.bundle, "x", NULL, "unknown", 40, &page));
	for (size_t i = 0; i < page.n; i++, n++) {
		if (page.s[i] != '\n')
			continue;
		longest = n > longest && strstr(page.s, "a title") < page.s + i &&
					  page.s + i < strstr(page.s, "made by")
				  ? n
				  : longest;
		n = (size_t)-1;
	}
	assert_true(longest > 20 && longest <= 40);
	assert_non_null(strstr(page.s, "old_function"));
	assert_non_null(strstr(page.s, "begin() as pre_patch of vmlinux"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_module_is_read_back_as_it_was_linked),
		cmocka_unit_test(test_a_manifest_that_tells_the_truth_agrees),
		cmocka_unit_test(test_every_lie_of_a_manifest_is_found),
		cmocka_unit_test(test_debug_information_of_another_module_is_found),
		cmocka_unit_test(test_bytes_that_are_no_livepatch_module_are_refused),
		cmocka_unit_test(test_records_that_count_wrongly_are_refused),
		cmocka_unit_test(test_a_page_fits_its_width),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
