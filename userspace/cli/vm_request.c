// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/vm_request.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"

static struct error *number(const char *option, const char *words, unsigned int *out)
{
	uint64_t v;

	TRY_CONTEXT(str_u64(words, &v), "--%s", option);
	if (!v || v > 1u << 20)
		return error_usage("--%s: %s is out of range", option, words);
	*out = (unsigned int)v;
	return NULL;
}

/* "A=B" for an option that is explained so. */
static struct error *pair(const char *option, const char *form, const char *words)
{
	const char *equals = strrchr(words, '=');

	if (!equals || equals == words || !equals[1])
		return error_usage("--%s is written %s", option, form);
	return NULL;
}

/* A port that is free now. */
static struct error *free_port(char **out)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd __closefd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t n = sizeof(at);

	if (fd < 0 || bind(fd, (struct sockaddr *)&at, n) < 0 ||
	    getsockname(fd, (struct sockaddr *)&at, &n) < 0)
		return error_errno(errno, "finding a port for gdb");
	*out = str_printf("%u", ntohs(at.sin_port));
	return *out ? NULL : error_nomem();
}

static struct error *gdb(struct vm_request *r, const char *where)
{
	unsigned int port;

	if (where && strchr(where, '/')) {
		if (strchr(where, ','))
			return error_usage("--gdb: a socket's path without a comma, please");
		r->vm.gdb = where;
		return NULL;
	}
	if (where) {
		TRY(number("gdb", where, &port));
		if (port > 65535)
			return error_usage("--gdb: there is no port %u", port);
		r->vm.gdb = where;
		return NULL;
	}
	TRY(free_port(&r->port));
	r->vm.gdb = r->port;
	return NULL;
}

static struct error *option(struct vm_request *r, int c)
{
	unsigned int n;

	switch (c) {
	case 'f':
		TRY(pair("file", "HOST=GUEST", optarg));
		return vec_push(&r->files, optarg);
	case 's':
		TRY(pair("share", "FOLDER=GUEST", optarg));
		return vec_push(&r->shares, optarg);
	case 'g':
		TRY(pair("get", "GUEST=HOST", optarg));
		return vec_push(&r->get, optarg);
	case 'l':
		return vec_push(&r->load, optarg);
	case 'm':
		r->vm.modules = optarg;
		return NULL;
	case 'k':
		r->vm.keep = optarg;
		return NULL;
	case 'a':
		r->vm.append = optarg;
		return NULL;
	case 'c':
		return number("cpus", optarg, &r->vm.cpus);
	case 'M':
		return number("memory", optarg, &r->vm.memory);
	case 'F':
		r->vm.fresh = true;
		return NULL;
	case 'C':
		r->vm.core = true;
		return NULL;
	case 'G':
		return gdb(r, optarg);
	case 't':
		TRY(number("timeout", optarg, &n));
		r->timeout = n;
		return NULL;
	default:
		return error_advise(error_usage("that is not how 'suture vm' is used"),
				    "suture vm --help explains it");
	}
}

const struct option vm_options[] = {
	{ "file", required_argument, NULL, 'f' },    { "share", required_argument, NULL, 's' },
	{ "get", required_argument, NULL, 'g' },     { "load", required_argument, NULL, 'l' },
	{ "modules", required_argument, NULL, 'm' }, { "keep", required_argument, NULL, 'k' },
	{ "append", required_argument, NULL, 'a' },  { "cpus", required_argument, NULL, 'c' },
	{ "memory", required_argument, NULL, 'M' },  { "fresh", no_argument, NULL, 'F' },
	{ "core", no_argument, NULL, 'C' },	     { "gdb", optional_argument, NULL, 'G' },
	{ "timeout", required_argument, NULL, 't' }, { 0 },
};

struct error *vm_request_parse(int argc, char **argv, struct vm_request *r)
{
	int c;

	if (argc < 3 || argv[2][0] == '-')
		return option(r, 0);
	r->shell = str_equal(argv[1], "shell");
	if (!r->shell && !str_equal(argv[1], "run"))
		return option(r, 0);
	r->vm.kernel = argv[2];
	argc -= 2;
	argv += 2;
	optind = 1;
	while ((c = getopt_long(argc, argv, "+", vm_options, NULL)) != -1)
		TRY(option(r, c));
	r->command = argv + optind;
	r->words = argc - optind;
	if (r->words < 1 && !r->shell)
		return error_usage("no command for the guest");
	TRY(vec_push(&r->files, NULL));
	TRY(vec_push(&r->load, NULL));
	r->vm.files = r->files.v;
	r->vm.load = r->load.v;
	return NULL;
}

void vm_request_free(struct vm_request *r)
{
	vec_free(&r->files);
	vec_free(&r->shares);
	vec_free(&r->get);
	vec_free(&r->load);
	free(r->kernel);
	free(r->modules);
	free(r->vmlinux);
	free(r->append);
	free(r->crash);
	free(r->port);
}
