/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What libbpf has to say goes to the log, for --verbose: an error of ours names the cause. */
#ifndef SUTURE_BPF_LIBBPF_LOG_H
#define SUTURE_BPF_LIBBPF_LOG_H

#include <bpf/libbpf.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"

static inline int libbpf_log_line(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	char line[512];

	(void)level;
	vsnprintf(line, sizeof(line), fmt, ap);
	line[strcspn(line, "\n")] = '\0';
	log_debug("libbpf: %s", line);
	return 0;
}

static inline void libbpf_log(void)
{
	libbpf_set_print(libbpf_log_line);
}

#endif
