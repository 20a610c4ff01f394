# SPDX-License-Identifier: GPL-2.0-or-later
"""The functions of an object as comparable text: objdump's instructions, with what each field
refers to by name.

Considered different: another instruction, another length, another operand, another symbol
referred to, another offset into it, another string's content. Not considered: where a function
lies and in which section of code, padding, the numbers the compiler appends to names of clones
and statics, offsets into constants that have no name (jump tables), and a line number that has
moved as its line has (see Lines). Only code in functions counts, and none of .init and .exit.
"""
import difflib
import re
import subprocess

import plain_elf

LINE = re.compile(r"^\s*([0-9a-f]+):\t(.*)$")
LEAVE_OUT = re.compile(r"^\.(init|exit|discard)|^\.altinstr|^\.text\.(startup|exit)")
BRANCH = re.compile(r"^((?:notrack |bnd |data16 |cs )*(?:call|jmp|j[a-z]+|loop[a-z]*|xbegin)[wlq]?(?:,p[nt])?)\s+([0-9a-f]+)(?: <.*>)?$")
IMMEDIATE = re.compile(r"\$0x([0-9a-f]+)")


class Instruction:
    __slots__ = ("at", "end", "text", "relas", "target")

    def __init__(self, at, end, text):
        self.at, self.end, self.text = at, end, text
        self.relas = []
        self.target = None  # of a branch without a relocation: an offset in this section


def disassemble(path, section, extra=()):
    """Instructions of one section of a file (or with extra: -b binary ...), in order."""
    argv = ["objdump", "-d", "-z", "-w", "--no-show-raw-insn", *extra]
    if section:
        argv += ["-j", section.name]
    out = subprocess.run(argv + [path], capture_output=True, text=True, check=True).stdout
    return parse(out)


def parse(out):
    found = []
    for line in out.splitlines():
        m = LINE.match(line)
        if not m:
            continue
        at = int(m.group(1), 16)
        if found:
            found[-1].end = at
        text = re.sub(r"\s*#.*", "", m.group(2))
        found.append(Instruction(at, None, re.sub(r"\s+", " ", text).strip()))
    return found


def in_section(elf, path, section):
    """The same with relocations attached."""
    code = disassemble(path, section)
    # Sections of one name (there are none of code in the kernel) would be disassembled together.
    if code:
        code[-1].end = section.size
    relas, k = section.relas, 0
    for i in code:
        while k < len(relas) and relas[k].offset < i.at:
            k += 1
        while k < len(relas) and relas[k].offset < i.end:
            i.relas.append(relas[k])
            k += 1
        m = BRANCH.match(i.text)
        if m and not i.relas:
            i.target = int(m.group(2), 16)
        if m:
            i.text = m.group(1)
    return code


def refers(elf, rela, end):
    """What the field of an instruction that ends at 'end' refers to, as (name, offset)."""
    bias = end - rela.offset if rela.type in plain_elf.PC_RELATIVE else 0
    return plain_elf.place(elf, rela.symbol, rela.addend + bias)


def word(name, offset):
    return name if not offset else f"{name}{offset:+#x}"


def normal(elf, section, function, i):
    """One instruction as text that does not depend on where anything lies."""
    if i.target is not None:
        if function.value <= i.target < function.value + function.size:
            return f"{i.text} +{i.target - function.value:#x}"
        inside = plain_elf.home(section, i.target)
        name, offset = (plain_elf.stem(inside.name), i.target - inside.value) if inside else (section.name, None)
        return f"{i.text} | {word(name, offset)}"
    return i.text + "".join(" | " + word(*refers(elf, r, i.end)) for r in i.relas)


def functions(path):
    """{name without numbers: [list of instructions as text, ...]} of all code that stays."""
    elf = plain_elf.Elf(path)
    found = {}
    for section in elf.sections:
        if not section.flags & plain_elf.SHF_EXECINSTR or not section.size or LEAVE_OUT.match(section.name):
            continue
        code = in_section(elf, path, section)
        taken = set()
        for f in section.symbols:
            if f.type != plain_elf.STT_FUNC or not f.size:
                continue
            body = tuple(normal(elf, section, f, i) for i in code if f.value <= i.at < f.value + f.size)
            name = plain_elf.stem(f.name)
            # Two names of one place are two names.
            if (name, f.value) not in taken:
                taken.add((name, f.value))
                found.setdefault(name, []).append(body)
    return {name: sorted(bodies) for name, bodies in found.items()}


class Lines:
    """Which line of the new source an unchanged line of the old one is."""

    def __init__(self, old, new):
        self.map = {}
        match = difflib.SequenceMatcher(None, old.splitlines(), new.splitlines(), autojunk=False)
        for a, b, n in match.get_matching_blocks():
            self.map.update((a + k + 1, b + k + 1) for k in range(n))

    def moved(self, before, after):
        """Whether two instructions differ by nothing but the number of a line that has moved."""
        a, b = IMMEDIATE.findall(before), IMMEDIATE.findall(after)
        if IMMEDIATE.sub("$", before) != IMMEDIATE.sub("$", after):
            return False
        return all(x == y or self.map.get(int(x, 16)) == int(y, 16) for x, y in zip(a, b))


def differing(before, after, lines=None):
    """Names of functions that are not the same in both, new and gone ones among them."""
    out = []
    for name in sorted(before.keys() | after.keys()):
        a, b = before.get(name, []), after.get(name, [])
        if a == b:
            continue
        if lines and len(a) == len(b) and all(
                len(x) == len(y) and all(p == q or lines.moved(p, q) for p, q in zip(x, y))
                for x, y in zip(a, b)):
            continue
        out.append(name)
    return out
