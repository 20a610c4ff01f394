// SPDX-License-Identifier: GPL-2.0-or-later
/* Exercises of sockets. */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "exercise.h"

static int close_sockets(unsigned int times)
{
	while (times--) {
		int fd = socket(AF_UNIX, SOCK_STREAM, 0);

		if (fd < 0)
			return failed("socket");
		close(fd);
	}
	return 0;
}

/* Ask for an ARP entry that is not there, with a device name that has no end. */
static int ask_arp(unsigned int times)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	int status = 0;

	if (fd < 0)
		return failed("socket");
	while (times-- && !status) {
		struct arpreq req = { 0 };
		struct sockaddr_in *in = (struct sockaddr_in *)&req.arp_pa;

		in->sin_family = AF_INET;
		in->sin_addr.s_addr = inet_addr("192.0.2.1");
		memset(req.arp_dev, 'x', sizeof(req.arp_dev));
		if (!ioctl(fd, SIOCGARP, &req) || (errno != ENODEV && errno != ENXIO))
			status = failed("SIOCGARP");
	}
	close(fd);
	return status;
}

const struct exercise exercises_sockets[] = {
	{ "close-sockets", close_sockets },
	{ "ask-arp", ask_arp },
	{ 0 },
};
