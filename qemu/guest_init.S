/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guest's init as bytes in the library, so that an installed suture needs no other file. */
	.section .note.GNU-stack, "", @progbits
	.section .rodata
	.globl guest_init, guest_init_end
	.balign 16
guest_init:
	.incbin "qemu/init"
guest_init_end:
