/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a person may want to know while something runs, on stderr. Results go to
 * stdout and never through here. Set once by cli; the library only writes.
 */
#ifndef SUTURE_BASE_LOG_H
#define SUTURE_BASE_LOG_H

#include "base/error.h"

enum log_level { LOG_QUIET, LOG_NORMAL, LOG_VERBOSE, LOG_DEBUG };

void log_set_level(enum log_level level);
enum log_level log_level(void);

/* A line of its own; the progress line, if any, is wiped first. */
void log_at(enum log_level level, const char *fmt, ...) __printf_like(2, 3);
#define log_warn(...) log_at(LOG_QUIET, __VA_ARGS__)
#define log_info(...) log_at(LOG_NORMAL, __VA_ARGS__)
#define log_verbose(...) log_at(LOG_VERBOSE, __VA_ARGS__)
#define log_debug(...) log_at(LOG_DEBUG, __VA_ARGS__)

#endif
