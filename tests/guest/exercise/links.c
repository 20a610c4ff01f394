// SPDX-License-Identifier: GPL-2.0-or-later
/* Exercises of network devices, made and removed through rtnetlink(7). */
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if_vlan.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "exercise.h"

struct request {
	struct nlmsghdr head;
	struct ifinfomsg info;
	char room[256];
};

static struct rtattr *add(struct request *r, unsigned short type, const void *data, size_t size)
{
	struct rtattr *a = (struct rtattr *)((char *)r + NLMSG_ALIGN(r->head.nlmsg_len));

	a->rta_type = type;
	a->rta_len = (unsigned short)RTA_LENGTH(size);
	if (size)
		memcpy(RTA_DATA(a), data, size);
	r->head.nlmsg_len = NLMSG_ALIGN(r->head.nlmsg_len) + (uint32_t)RTA_ALIGN(a->rta_len);
	return a;
}

/* Send one request and wait for its acknowledgement. */
static int talk(struct request *r)
{
	struct {
		struct nlmsghdr head;
		struct nlmsgerr e;
		char room[512];
	} answer;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	ssize_t n;

	if (fd < 0)
		return -1;
	n = send(fd, r, r->head.nlmsg_len, 0);
	if (n >= 0)
		n = recv(fd, &answer, sizeof(answer), 0);
	close(fd);
	if (n < (ssize_t)NLMSG_LENGTH(sizeof(answer.e)) || answer.head.nlmsg_type != NLMSG_ERROR)
		return -1;
	errno = -answer.e.error;
	return answer.e.error ? -1 : 0;
}

static struct request request(unsigned short type, unsigned short flags)
{
	return (struct request){
		.head = { .nlmsg_len = NLMSG_LENGTH(sizeof(struct ifinfomsg)),
			  .nlmsg_type = type,
			  .nlmsg_flags = (unsigned short)(NLM_F_REQUEST | NLM_F_ACK | flags) },
	};
}

/* ip link add NAME [link LOWER] type KIND */
static int link_add(const char *name, const char *kind, const char *lower)
{
	struct request r = request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
	struct rtattr *info;

	add(&r, IFLA_IFNAME, name, strlen(name) + 1);
	if (lower) {
		unsigned int index = if_nametoindex(lower);

		add(&r, IFLA_LINK, &index, sizeof(index));
	}
	info = add(&r, IFLA_LINKINFO, NULL, 0);
	add(&r, IFLA_INFO_KIND, kind, strlen(kind));
	info->rta_len = (unsigned short)((char *)&r + r.head.nlmsg_len - (char *)info);
	return talk(&r) ? failed(kind) : 0;
}

static int link_remove(const char *name)
{
	struct request r = request(RTM_DELLINK, 0);

	r.info.ifi_index = (int)if_nametoindex(name);
	return talk(&r) ? failed(name) : 0;
}

/* Switch a device's checksum offload: every feature change is told to what lies above it. */
static int switch_features(const char *name, unsigned int times)
{
	struct ethtool_value v = { .cmd = ETHTOOL_STXCSUM };
	struct ifreq ifr = { .ifr_data = (void *)&v };
	int fd = socket(AF_INET, SOCK_DGRAM, 0), status = 0;

	if (fd < 0)
		return failed("socket");
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	while (times-- && !status) {
		v.data = !(times & 1);
		if (ioctl(fd, SIOCETHTOOL, &ifr))
			status = failed("SIOCETHTOOL");
	}
	close(fd);
	return status;
}

static int vlan_add(const char *lower, int id)
{
	struct vlan_ioctl_args args = { .cmd = ADD_VLAN_CMD };
	int fd = socket(AF_INET, SOCK_DGRAM, 0), status;

	if (fd < 0)
		return failed("socket");
	snprintf(args.device1, sizeof(args.device1), "%s", lower);
	args.u.VID = id;
	status = ioctl(fd, SIOCSIFVLAN, &args) ? failed("ADD_VLAN_CMD") : 0;
	close(fd);
	return status;
}

/* A VLAN and a MACVLAN above one dummy device whose features change. */
static int stack_devices(unsigned int times)
{
	int status;

	if (link_add("lower0", "dummy", NULL))
		return -1;
	status = vlan_add("lower0", 7);
	if (!status)
		status = link_add("upper0", "macvlan", "lower0");
	if (!status)
		status = switch_features("lower0", times);
	/* What lies above it goes with it. */
	if (link_remove("lower0"))
		return -1;
	return status;
}

static int remove_bridges(unsigned int times)
{
	while (times--)
		if (link_add("bridge0", "bridge", NULL) || link_remove("bridge0"))
			return -1;
	return 0;
}

const struct exercise exercises_links[] = {
	{ "stack-devices", stack_devices },
	{ "remove-bridges", remove_bridges },
	{ 0 },
};
