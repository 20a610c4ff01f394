// SPDX-License-Identifier: GPL-2.0-or-later
/* Exercises of sockets. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <net/ethernet.h>
#include <net/if.h>
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

/* Bring lo up, and a packet socket onto it whose frames begin with a virtio header; or -1. */
static int open_virtio_socket(void)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP) };
	struct ifreq ifr = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_IP)), one = 1;

	if (fd < 0)
		return -1;
	to.sll_ifindex = (int)if_nametoindex("lo");
	if (!ioctl(fd, SIOCSIFFLAGS, &ifr) && !bind(fd, (void *)&to, sizeof(to)) &&
	    !setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof(one)))
		return fd;
	close(fd);
	return -1;
}

/* Frames that ask the kernel to cut them into segments of one byte. */
static int send_tiny_segments(unsigned int times)
{
	struct {
		struct virtio_net_hdr head;
		struct ether_header ether;
		uint8_t ip[20], tcp[20], data[60];
	} __attribute__((packed)) frame = {
		.head = { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
			  .gso_type = VIRTIO_NET_HDR_GSO_TCPV4,
			  .hdr_len = 54,
			  .gso_size = 1,
			  .csum_start = 34,
			  .csum_offset = 16 },
		.ether = { .ether_type = htons(ETHERTYPE_IP) },
		.ip = { 0x45, 0, 0, 100, 0, 0, 0, 0, 64, 6, 0, 0, 127, 0, 0, 1, 127, 0, 0, 1 },
		.tcp = { 0, 9, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0x50, 0x10 },
	};
	int fd = open_virtio_socket(), status = 0;

	if (fd < 0)
		return failed("a packet socket with virtio headers");
	while (times-- && !status)
		if (send(fd, &frame, sizeof(frame), 0) != (ssize_t)sizeof(frame))
			status = failed("send");
	close(fd);
	return status;
}

const struct exercise exercises_sockets[] = {
	{ "send-tiny-segments", send_tiny_segments },
	{ "close-sockets", close_sockets },
	{ "ask-arp", ask_arp },
	{ 0 },
};
