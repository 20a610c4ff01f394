# SPDX-License-Identifier: GPL-2.0-or-later
"""A reader of ELF64 files for oracles, which must not share code with what they judge.

From the System V ABI and its x86-64 supplement. Files come from a compiler or from suture; one
that is damaged ends in an exception.
"""
import re
import struct

SHT_SYMTAB, SHT_RELA, SHT_NOBITS = 2, 4, 8
SHF_ALLOC, SHF_EXECINSTR, SHF_STRINGS = 2, 4, 0x20
SHN_UNDEF, SHN_LORESERVE, SHN_ABS = 0, 0xff00, 0xfff1
STT_OBJECT, STT_FUNC, STT_SECTION = 1, 2, 3

R_64, R_PC32, R_PLT32, R_32, R_32S, R_PC64 = 1, 2, 4, 10, 11, 24
PC_RELATIVE = (R_PC32, R_PLT32, R_PC64)


class Section:
    def __init__(self, index, fields):
        self.index = index
        (self.name_at, self.type, self.flags, self.addr, self.offset, self.size,
         self.link, self.info, self.align, self.entsize) = fields
        self.name, self.data = "", b""
        self.relas = []  # of relocations that this section's bytes have
        self.symbols = []  # defined here, by value


class Symbol:
    __slots__ = ("index", "name", "value", "size", "type", "bind", "shndx")

    def __init__(self, index, name, info, shndx, value, size):
        self.index, self.name, self.value, self.size = index, name, value, size
        self.type, self.bind, self.shndx = info & 15, info >> 4, shndx


class Rela:
    __slots__ = ("offset", "type", "symbol", "addend", "table")

    def __init__(self, offset, kind, symbol, addend, table):
        self.offset, self.type, self.symbol, self.addend, self.table = offset, kind, symbol, addend, table


def text_at(table, at):
    return table[at:table.index(b"\0", at)].decode(errors="replace")


class Elf:
    def __init__(self, path=None, content=None):
        if content is None:
            with open(path, "rb") as f:
                content = f.read()
        if content[:6] != b"\x7fELF\x02\x01":
            raise ValueError(f"{path}: no little-endian ELF64 file")
        shoff, = struct.unpack_from("<Q", content, 0x28)
        entsize, count, names = struct.unpack_from("<HHH", content, 0x3a)
        if shoff and not count:
            count = struct.unpack_from("<Q", content, shoff + 0x20)[0]
        self.sections = [Section(i, struct.unpack_from("<IIQQQQIIQQ", content, shoff + i * entsize))
                         for i in range(count)]
        for s in self.sections:
            s.data = b"" if s.type == SHT_NOBITS else content[s.offset:s.offset + s.size]
        if names == 0xffff:
            names = self.sections[0].link
        for s in self.sections:
            s.name = text_at(self.sections[names].data, s.name_at)
        self.symbols = []
        for s in self.sections:
            if s.type == SHT_SYMTAB:
                self._read_symbols(s)
        for s in self.sections:
            if s.type == SHT_RELA and s.info < count:
                self._read_relas(s)

    def _read_symbols(self, table):
        names = self.sections[table.link].data
        for i, (name, info, _, shndx, value, size) in enumerate(struct.iter_unpack("<IBBHQQ", table.data)):
            sym = Symbol(i, text_at(names, name), info, shndx, value, size)
            if shndx < SHN_LORESERVE and shndx:
                self.sections[shndx].symbols.append(sym)
                if sym.type == STT_SECTION:
                    sym.name = self.sections[shndx].name
            self.symbols.append(sym)
        for s in self.sections:
            s.symbols.sort(key=lambda sym: sym.value)

    def _read_relas(self, table):
        to = self.sections[table.info]
        for offset, info, addend in struct.iter_unpack("<QQq", table.data):
            to.relas.append(Rela(offset, info & 0xffffffff, self.symbols[info >> 32], addend, table.name))
        to.relas.sort(key=lambda r: r.offset)

    def section(self, name):
        return next((s for s in self.sections if s.name == name), None)


def stem(name):
    """A name without what the compiler numbers anew each time: foo.isra.0 and foo.isra.1."""
    return re.sub(r"\.\d+(?=\.|$)", "", name)


def home(section, at):
    """The named function or object that holds this offset, or None. An empty one (a lock's key,
    where locks are not checked) holds its place only if nothing else does."""
    best = None
    for sym in section.symbols:
        if sym.value > at:
            break
        if sym.type not in (STT_FUNC, STT_OBJECT) or not (at < sym.value + sym.size or at == sym.value):
            continue
        if best is None or (sym.size > 0, sym.value, sym.bind) > (best.size > 0, best.value, best.bind):
            best = sym
    return best


def place(elf, symbol, offset):
    """What a symbol and an offset from it mean: ("name", offset), a string, or a section."""
    if symbol.shndx == SHN_UNDEF or symbol.shndx >= SHN_LORESERVE:
        return symbol.name, offset
    section = elf.sections[symbol.shndx]
    at = symbol.value + offset
    if section.flags & SHF_STRINGS and 0 <= at < len(section.data):
        return '"' + section.data[at:section.data.index(b"\0", at)].hex() + '"', 0
    # Named symbols are taken at their word: an index may point outside of its array.
    if symbol.type in (STT_FUNC, STT_OBJECT):
        return stem(symbol.name), offset
    inside = home(section, at)
    if inside:
        return stem(inside.name), at - inside.value
    return section.name, None
