// SPDX-License-Identifier: GPL-2.0-or-later
/* The frames between the runner and its guest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "qemu/frame.h"

static struct frame_reader reader;

static int empty_reader(void **state)
{
	(void)state;
	memset(&reader, 0, sizeof(reader));
	return 0;
}

static void receive(const void *p, size_t n)
{
	const uint8_t *b = p;

	while (n) {
		size_t room, k;
		uint8_t *to = frame_space(&reader, &room);

		assert_true(room > 0);
		k = room < n ? room : n;
		memcpy(to, b, k);
		frame_received(&reader, k);
		b += k;
		n -= k;
	}
}

static size_t make(uint8_t *to, uint32_t id, const char *words)
{
	return frame_write(to, FRAME_OUTPUT, id, words, strlen(words));
}

static void expect(uint32_t id, const char *words)
{
	struct frame f;

	assert_true(frame_read(&reader, &f));
	assert_int_equal(f.type, FRAME_OUTPUT);
	assert_int_equal(f.id, id);
	assert_int_equal(f.length, strlen(words));
	assert_memory_equal(f.payload, words, f.length);
}

static void test_a_checksum_is_the_crc32_of_ieee_802_3(void **state)
{
	(void)state;
	assert_int_equal(frame_checksum("123456789", 9), 0xcbf43926);
	assert_int_equal(frame_checksum("", 0), 0);
}

static void test_frames_that_come_in_pieces_are_read_whole_and_in_order(void **state)
{
	uint8_t bytes[200];
	size_t n = make(bytes, 1, "first");
	struct frame f;

	(void)state;
	n += make(bytes + n, 2, "second");
	for (size_t i = 0; i < n; i++) {
		receive(bytes + i, 1);
		if (i + 1 == n - make((uint8_t[100]){ 0 }, 2, "second"))
			expect(1, "first");
		else if (i + 1 < n)
			assert_false(frame_read(&reader, &f));
	}
	expect(2, "second");
	assert_int_equal(reader.skipped, 0);
}

static void test_garbage_around_a_frame_is_dropped(void **state)
{
	uint8_t frame[100];
	size_t n = make(frame, 7, "kept");

	(void)state;
	receive("SeaBIOS \xf9\xf9su login: ", 20);
	receive(frame, n);
	receive("\r\n\xf9su\xfe then nothing", 20);
	expect(7, "kept");
	receive(frame, n);
	expect(7, "kept");
	assert_true(reader.skipped >= 20);
}

static void test_a_frame_cut_off_by_another_is_given_up_and_the_other_read(void **state)
{
	uint8_t cut[100], whole[100];
	size_t n = make(cut, 1, "this one lacks its end, which the next one overwrote"),
	       k = make(whole, 2, "here");

	(void)state;
	receive(cut, n / 2);
	receive(whole, k);
	receive(whole, k);
	receive(whole, k);
	expect(2, "here");
}

static void test_no_frame_with_one_changed_byte_is_taken(void **state)
{
	uint8_t good[100], bad[100];
	size_t n = make(good, 3, "every byte counts");
	struct frame f;

	for (size_t i = 0; i < n; i++) {
		empty_reader(state);
		memcpy(bad, good, n);
		bad[i] ^= 0x10;
		receive(bad, n);
		assert_false(frame_read(&reader, &f));
	}
}

static void test_a_length_beyond_the_limit_is_garbage(void **state)
{
	uint8_t frame[100];
	size_t n = make(frame, 1, "x");
	struct frame f;

	(void)state;
	frame_put32(frame + 12, FRAME_PAYLOAD_MAX + 1);
	frame_put32(frame + 16, frame_checksum(frame, 16));
	receive(frame, n);
	assert_false(frame_read(&reader, &f));
	n = make(frame, 2, "y");
	receive(frame, n);
	expect(2, "y");
}

static void test_the_largest_frames_pass_one_after_another(void **state)
{
	static uint8_t payload[FRAME_PAYLOAD_MAX], frame[FRAME_MAX];
	struct frame f;

	(void)state;
	memset(payload, 0xf9, sizeof(payload));
	for (uint32_t id = 0; id < 8; id++) {
		receive(frame, frame_write(frame, FRAME_DATA, id, payload, sizeof(payload)));
		assert_true(frame_read(&reader, &f));
		assert_int_equal(f.id, id);
		assert_int_equal(f.length, sizeof(payload));
		assert_memory_equal(f.payload, payload, sizeof(payload));
	}
}

static void test_random_garbage_never_hides_a_frame_that_is_repeated(void **state)
{
	uint8_t frame[100], noise[400];
	struct frame f;

	srandom(1);
	for (int round = 0; round < 500; round++) {
		size_t n = make(frame, 9, "found"), k = (size_t)random() % sizeof(noise);
		bool found = false;

		empty_reader(state);
		for (size_t i = 0; i < k; i++)
			noise[i] = random() % 4 ? (uint8_t)random() : frame[random() % 20];
		receive(noise, k);
		receive(frame, n);
		receive(frame, n);
		while (frame_read(&reader, &f))
			found |= f.id == 9;
		assert_true(found);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_a_checksum_is_the_crc32_of_ieee_802_3, empty_reader),
		cmocka_unit_test_setup(test_frames_that_come_in_pieces_are_read_whole_and_in_order,
				       empty_reader),
		cmocka_unit_test_setup(test_garbage_around_a_frame_is_dropped, empty_reader),
		cmocka_unit_test_setup(
			test_a_frame_cut_off_by_another_is_given_up_and_the_other_read,
			empty_reader),
		cmocka_unit_test_setup(test_no_frame_with_one_changed_byte_is_taken, empty_reader),
		cmocka_unit_test_setup(test_a_length_beyond_the_limit_is_garbage, empty_reader),
		cmocka_unit_test_setup(test_the_largest_frames_pass_one_after_another,
				       empty_reader),
		cmocka_unit_test_setup(test_random_garbage_never_hides_a_frame_that_is_repeated,
				       empty_reader),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
