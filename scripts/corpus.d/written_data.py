# SPDX-License-Identifier: GPL-2.0-or-later
"""Data that a patch writes into a module when that is loaded (kmod/payload/at_load.c).

  expected   the module as it is shipped has there what the patch looks for
  contents   byte for byte what the compiler makes of the new source; each field leads to where
             the module, or vmlinux, has the thing that the new object names there, to an equal
             string, or inside the patch to what the old object does not have, or to a constant
  own        variables that the patch brings for the module begin as they are in the patch
  all of it  each variable in which the old and the new object differ is written, or the patch has
             one of its own in its place
"""
import struct

import plain_elf
import plain_text
from plain_kernel import Wrong

RECORD = 48
ORDINARY = (".data", ".rodata", ".bss")


def variables(elf):
    """{name: [(section, symbol)]}"""
    found = {}
    for s in elf.sections:
        if s.flags & plain_elf.SHF_ALLOC and s.name.startswith(ORDINARY) and not s.flags & plain_elf.SHF_STRINGS:
            for sym in s.symbols:
                if sym.type == plain_elf.STT_OBJECT and sym.size:
                    found.setdefault(sym.name, []).append((s, sym))
    return found


def fields(elf, section, sym):
    """{offset in the variable: (name, offset)}, with an offset of None for what has no name."""
    return {r.offset - sym.value: plain_text.refers(elf, r, r.offset)
            for r in section.relas if sym.value <= r.offset < sym.value + sym.size}


def content(section, sym, holes):
    raw = bytearray((section.data or bytes(section.size))[sym.value:sym.value + sym.size])
    for at in holes:
        raw[at:at + 8] = bytes(8)
    return bytes(raw)


def told(elf, section, sym):
    """Two of the same are the same to whoever reads them."""
    f = fields(elf, section, sym)
    return sym.size, content(section, sym, f), sorted((k, str(v)) for k, v in f.items())


def check(oracle, kept_apart):
    section = oracle.patch.elf.section(".suture.written")
    written = set()
    for at in range(0, section.size if section else 0, RECORD):
        record = struct.unpack("<QQQQQQ", oracle.patch.bytes(oracle.patch.at[section.index] + at, RECORD))
        if record[2] and not own(oracle, *record):
            written |= one(oracle, *record[1:])
    if section:
        complete(oracle, written, kept_apart)


def own(oracle, _, place, size, contents, expected, known):
    """Whether it is the patch's own data: then it begins as it is in the patch."""
    if not oracle.patch.home(place):
        return False
    if oracle.patch.bytes(place, size) != oracle.patch.bytes(contents, size):
        oracle.complain(f"{oracle.patch.names_at(place)} of the patch would begin with something else")
    if any(oracle.patch.bytes(known, size)):
        oracle.complain(f"{oracle.patch.names_at(place)} of the patch is expected to have a value")
    oracle.counts.add("own data")
    return True


def one(oracle, place, size, contents, expected, known):
    """The names of what is written."""
    names = oracle.world.names_at(place)
    raw, old = oracle.patch.bytes(contents, size), oracle.world.bytes(place, size)
    mask, wanted = oracle.patch.bytes(known, size), oracle.patch.bytes(expected, size)
    candidates = [(n, c) for n, cs in variables(oracle.after).items() for c in cs
                  if plain_elf.stem(n) in {plain_elf.stem(x) for x in names}]
    # Two names of one variable, such as that of a table of devices, are one.
    if len({(s.index, sym.value, sym.size) for _, (s, sym) in candidates}) != 1:
        raise Wrong(f"what is written at {place:#x} {names} is {len(candidates)} variables of the new object")
    name, (section, sym) = candidates[0]
    if any((a ^ b) & m for a, b, m in zip(old, wanted, mask)):
        oracle.complain(f"{name}: the shipped module has something else there than the patch expects")
    holes = fields(oracle.after, section, sym)
    if size != sym.size or content(section, sym, holes) != bytes(
            0 if any(h <= k < h + 8 for h in holes) else b for k, b in enumerate(raw)):
        oracle.complain(f"{name}: what is written is not what the compiler makes of the new source")
    for at, (to, offset) in holes.items():
        field(oracle, f"{name}+{at:#x}", to, offset, struct.unpack_from("<Q", raw, at)[0])
    oracle.counts.add("data written")
    return {n for n, _ in candidates}


def is_new(oracle, sym, section):
    """Whether it is a constant that the new source changes, with the contents that the compiler
    gives it; what its fields lead to is looked at, too."""
    before, after = variables(oracle.before).get(sym.name, []), variables(oracle.after).get(sym.name, [])
    if section.flags & 1 or len(before) != 1 or len(after) != 1 or told(oracle.before, *before[0]) == told(
            oracle.after, *after[0]):
        return False
    holes = fields(oracle.after, *after[0])
    raw = oracle.patch.bytes(oracle.patch.address(sym), after[0][1].size)
    for at, (to, offset) in holes.items():
        field(oracle, f"{sym.name}+{at:#x}", to, offset, struct.unpack_from("<Q", raw, at)[0])
    return content(*after[0], holes) == bytes(
        0 if any(h <= k < h + 8 for h in holes) else b for k, b in enumerate(raw))


def field(oracle, where, name, offset, target):
    home = oracle.patch.home(target)
    if name[:1] == '"':
        text = bytes.fromhex(name[1:-1])
        if not home or oracle.patch.bytes(target, len(text) + 1) != text + b"\0":
            oracle.complain(f"{where} does not lead to the string {text!r}")
        return
    if offset is None:
        oracle.complain(f"{where} leads to something without a name")
        return
    if not home:
        if name not in {plain_elf.stem(n) for n in every_name(oracle.world, target - offset)}:
            oracle.complain(f"{where} leads to {target:#x}, which is not {name}+{offset:#x}")
        return
    sym, section, at = home
    aliases = {plain_elf.stem(s.name) for s in section.symbols if sym and s.value == sym.value}
    if name not in aliases or at - sym.value != offset:
        oracle.complain(f"{where} leads into the patch, but not to {name}+{offset:#x}")
    elif name in {plain_elf.stem(n) for n in oracle.functions}:
        oracle.complain(f"{where} leads to the patch's {name}(), not to the original")
    elif section.flags & 1 and name in {plain_elf.stem(n) for n in variables(oracle.before)}:
        oracle.complain(f"{where} leads to a private copy of the variable {name}")


def every_name(world, address):
    """Those of modules that have no type (__this_module), too."""
    names = list(world.names_at(address))
    for m in world.modules.values():
        names += [s.name for s in m.elf.symbols if s.shndx in m.at and m.address(s) == address]
    return names


def complete(oracle, written, kept_apart):
    """What differs is written, or there is one of its own in the patch. Names that the compiler
    numbers are not the same variable for that alone."""
    before, mine = variables(oracle.before), set(variables(oracle.patch.elf))
    for name, candidates in variables(oracle.after).items():
        if name in written or name in mine or kept_apart.match(name) or name != plain_elf.stem(name):
            continue
        if len(candidates) != 1 or len(before.get(name, [])) != 1:
            continue
        if told(oracle.before, *before[name][0]) != told(oracle.after, *candidates[0]):
            oracle.complain(f"{name} differs in the new source, and is left as it is")
