/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What libcrypto says went wrong, as an error. */
#ifndef SUTURE_BUNDLE_CRYPTO_ERROR_H
#define SUTURE_BUNDLE_CRYPTO_ERROR_H

#include "base/error.h"

/* ERROR_FAILED: the text, then the first reason on libcrypto's queue, which is emptied. */
struct error *crypto_error(const char *fmt, ...) __printf_like(1, 2) __must_check;

#endif
