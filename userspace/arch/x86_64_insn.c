// SPDX-License-Identifier: GPL-2.0-or-later
/* Instructions of x86-64, decoded by Zydis. */
#include <stdio.h>

#include <Zydis/Zydis.h>

#include "arch/rows.h"

static void immediate(const ZydisDecodedInstruction *from, struct insn *out)
{
	for (size_t i = 0; i < 2; i++) {
		if (!from->raw.imm[i].size)
			continue;
		if (from->raw.imm[i].is_relative) {
			out->is_branch = true;
			out->is_call = from->meta.category == ZYDIS_CATEGORY_CALL;
			out->rel_at = from->raw.imm[i].offset;
			out->rel_size = from->raw.imm[i].size / 8;
			out->rel = from->raw.imm[i].value.s;
		} else if (!out->imm_size) {
			out->imm_at = from->raw.imm[i].offset;
			out->imm_size = from->raw.imm[i].size / 8;
			out->imm = from->raw.imm[i].value.s;
		}
	}
}

bool x86_64_decode(const uint8_t *bytes, size_t n, struct insn *out)
{
	ZydisDecodedInstruction from;
	ZydisDecoder decoder;

	ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
	if (ZYAN_FAILED(ZydisDecoderDecodeInstruction(&decoder, NULL, bytes, n, &from)))
		return false;
	*out = (struct insn){ .length = from.length };
	out->operation = from.mnemonic;
	immediate(&from, out);
	out->is_nop = from.mnemonic == ZYDIS_MNEMONIC_NOP || from.mnemonic == ZYDIS_MNEMONIC_INT3;
	out->disp_at = from.raw.disp.offset;
	out->disp_size = from.raw.disp.size / 8;
	out->disp_is_relative = out->disp_size == 4 && from.attributes & ZYDIS_ATTRIB_HAS_MODRM &&
				from.raw.modrm.mod == 0 && from.raw.modrm.rm == 5;
	return true;
}

void x86_64_print(const uint8_t *bytes, size_t n, uint64_t address, char *out, size_t size)
{
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
	ZydisDecodedInstruction from;
	ZydisFormatter formatter;
	ZydisDecoder decoder;

	ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
	ZydisFormatterInit(&formatter, ZYDIS_FORMATTER_STYLE_ATT);
	if (ZYAN_FAILED(ZydisDecoderDecodeFull(&decoder, bytes, n, &from, operands)) ||
	    ZYAN_FAILED(ZydisFormatterFormatInstruction(&formatter, &from, operands,
							from.operand_count_visible, out, size,
							address, NULL)))
		snprintf(out, size, "(bad)");
}

bool x86_64_loads_at(const uint8_t *bytes, size_t n, uint8_t field)
{
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
	ZydisDecodedInstruction from;
	ZydisDecoder decoder;
	bool loads = false;

	ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
	if (ZYAN_FAILED(ZydisDecoderDecodeFull(&decoder, bytes, n, &from, operands)) ||
	    from.raw.disp.size != 32 || from.raw.disp.offset != field)
		return false;
	for (size_t i = 0; i < from.operand_count; i++) {
		const ZydisDecodedOperand *o = &operands[i];

		if (o->type != ZYDIS_OPERAND_TYPE_MEMORY || !o->mem.disp.has_displacement)
			continue;
		if (o->mem.type != ZYDIS_MEMOP_TYPE_MEM ||
		    o->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE)
			return false;
		loads = true;
	}
	return loads;
}
