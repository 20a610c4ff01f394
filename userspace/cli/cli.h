/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line: main.c is a table of verbs, each verb one cmd_*.c, thin. */
#ifndef SUTURE_CLI_CLI_H
#define SUTURE_CLI_CLI_H

#include <getopt.h>

#include "base/error.h"

struct verb {
	const char *name;
	const char *summary; /* for "suture --help"; NULL: not for people */
	const char *help;    /* for "suture VERB --help" */
	/* argv[0] is the verb. Results go to stdout; the error's kind is the exit code. */
	struct error *(*run)(int argc, char **argv);
	const struct option *options; /* what it gives to getopt; NULL: it has none */
};

extern const struct verb verb_help;
extern const struct verb verb_build;
extern const struct verb verb_inspect;
extern const struct verb verb_sign;
extern const struct verb verb_approve;
extern const struct verb verb_delta;
extern const struct verb verb_verify;
extern const struct verb verb_watch;
extern const struct verb verb_target;
extern const struct verb verb_vm;
extern const struct verb verb_test;
extern const struct verb verb_ktap;
extern const struct verb verb_log;
extern const struct verb verb_check;
extern const struct verb verb_apply;
extern const struct verb verb_confirm;
extern const struct verb verb_revert;
extern const struct verb verb_force;
extern const struct verb verb_status;
extern const struct verb verb_blockers;
extern const struct verb verb_report;

#endif
