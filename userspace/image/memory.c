// SPDX-License-Identifier: GPL-2.0-or-later
/* An image of pieces that somebody else read. */
#include "image/backend.h"

struct error *image_from_memory(const char *name, const struct image_segment *segments,
				size_t n_segments, const struct image_symbol *symbols,
				size_t n_symbols, struct image **out)
{
	static const struct image_ops none = { 0 };
	struct image *img __cleanup_image = NULL;

	TRY(image_new(name, &img));
	img->ops = &none;
	for (size_t i = 0; i < n_segments; i++)
		TRY(vec_push(&img->segments, segments[i]));
	for (size_t i = 0; i < n_symbols; i++)
		TRY(vec_push(&img->symbols, symbols[i]));
	TRY(image_finish(img, false));
	*out = take(img);
	return NULL;
}
