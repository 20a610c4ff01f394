/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guest's part of a trial (guest/agent.h) as bytes in the library. */
	.section .note.GNU-stack, "", @progbits
	.section .rodata
	.globl trial_agent, trial_agent_end
	.balign 16
trial_agent:
	.incbin "trial/agent"
trial_agent_end:
