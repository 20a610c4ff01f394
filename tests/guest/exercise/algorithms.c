// SPDX-License-Identifier: GPL-2.0-or-later
/* Exercises of the kernel's algorithms through AF_ALG (Documentation/crypto/userspace-if.rst). */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_alg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exercise.h"

static int algorithm(const char *type, const char *name)
{
	struct sockaddr_alg sa = { .salg_family = AF_ALG };
	int fd = socket(AF_ALG, SOCK_SEQPACKET, 0);

	if (fd < 0)
		return failed("AF_ALG");
	snprintf((char *)sa.salg_type, sizeof(sa.salg_type), "%s", type);
	snprintf((char *)sa.salg_name, sizeof(sa.salg_name), "%s", name);
	if (bind(fd, (struct sockaddr *)&sa, sizeof(sa))) {
		close(fd);
		return failed(name);
	}
	return fd;
}

/* Encrypt one block; reading the result is what maps the receive buffer. */
static int encrypt(int op)
{
	uint32_t direction = ALG_OP_ENCRYPT;
	char block[16] = "sixteen letters", control[CMSG_SPACE(sizeof(direction))] = { 0 };
	struct iovec iov = { block, sizeof(block) };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control,
			      .msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c->cmsg_level = SOL_ALG;
	c->cmsg_type = ALG_SET_OP;
	c->cmsg_len = CMSG_LEN(sizeof(direction));
	memcpy(CMSG_DATA(c), &direction, sizeof(direction));
	if (sendmsg(op, &msg, 0) != sizeof(block) ||
	    read(op, block, sizeof(block)) != sizeof(block))
		return failed("ecb(aes)");
	return 0;
}

static int encrypt_blocks(unsigned int times)
{
	int fd = algorithm("skcipher", "ecb(aes)"), op = -1, status = 0;

	if (fd < 0)
		return -1;
	if (!setsockopt(fd, SOL_ALG, ALG_SET_KEY, "0123456789abcdef", 16))
		op = accept(fd, NULL, NULL);
	if (op < 0)
		status = failed("accept");
	while (!status && times--)
		status = encrypt(op);
	close(op);
	close(fd);
	return status;
}

/*
 * The template's create runs once for each cipher: the instance that it makes stays. So each
 * call takes the next cipher, across runs of this program.
 */
static int make_ccm(unsigned int times)
{
	static const char *const ciphers[] = { "aes", "camellia", "serpent", "twofish" };
	static const char mark[] = "/tmp/exercise.ccm";
	struct stat st;
	char name[64];
	int fd, count;

	while (times--) {
		count = open(mark, O_WRONLY | O_CREAT | O_APPEND, 0600);
		if (count < 0 || fstat(count, &st))
			return failed(mark);
		if ((size_t)st.st_size >= sizeof(ciphers) / sizeof(ciphers[0])) {
			errno = ENOENT;
			return failed("no cipher is left");
		}
		snprintf(name, sizeof(name), "rfc4309(ccm(%s))", ciphers[st.st_size]);
		fd = algorithm("aead", name);
		if (fd < 0 || write(count, ".", 1) != 1)
			return -1;
		close(fd);
		close(count);
	}
	return 0;
}

const struct exercise exercises_algorithms[] = {
	{ "encrypt-blocks", encrypt_blocks },
	{ "make-ccm", make_ccm },
	{ 0 },
};
