/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What came of signing or approving, on stdout. */
#ifndef SUTURE_CLI_SIGN_RESULT_H
#define SUTURE_CLI_SIGN_RESULT_H

#include "flow/sign.h"

struct error *sign_result_print(const struct sign_request *r, const struct sign_result *s,
				bool json) __must_check;

#endif
