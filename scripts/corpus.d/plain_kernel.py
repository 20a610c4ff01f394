# SPDX-License-Identifier: GPL-2.0-or-later
"""A kernel as it lies in memory, made without suture's parsers: vmlinux out of vmlinuz, its
symbols from /proc/kallsyms of a boot, modules placed at made-up addresses and relocated as the
module loader does it.

Knowledge: Documentation/x86/boot.rst (payload_offset), include/linux/export.h (struct
kernel_symbol with relative references), kernel/livepatch/core.c (klp_find_object_symbol),
kernel/module/kallsyms.c (is_core_symbol).
"""
import lzma
import os
import re
import struct
import subprocess
import zlib

import plain_elf

KLP = re.compile(r"^\.klp\.sym\.([^.]+)\.(.+),(\d+)$")
SHN_LIVEPATCH = 0xff20
MODULES_AT, MODULE_ROOM = 0xffffffffc0000000, 0x1000000


class Wrong(Exception):
    """Something does not resolve, or not to what it should."""


def unpack(payload):
    if payload[:6] == b"\xfd7zXZ\0":
        return lzma.LZMADecompressor().decompress(payload)
    if payload[:2] == b"\x1f\x8b":
        return zlib.decompressobj(31).decompress(payload)
    if payload[:4] == b"\x28\xb5\x2f\xfd":
        # The frame is followed by its size: zstd stops with an error after all is out.
        return subprocess.run(["zstd", "-dcq"], input=payload, capture_output=True, check=False).stdout
    raise Wrong("vmlinuz is compressed in an unknown way")


def vmlinux_of(vmlinuz):
    with open(vmlinuz, "rb") as f:
        image = f.read()
    setup = image[0x1f1] or 4
    offset, length = struct.unpack_from("<II", image, 0x248)
    at = (setup + 1) * 512 + offset
    return unpack(image[at:at + length])


class Vmlinux:
    """Bytes by address, and symbols in the order of the kernel's own table."""

    def __init__(self, vmlinuz, kallsyms):
        content = vmlinux_of(vmlinuz)
        phoff, = struct.unpack_from("<Q", content, 0x20)
        phsize, phnum = struct.unpack_from("<HH", content, 0x36)
        self.parts = []
        for i in range(phnum):
            kind, _, offset, vaddr, _, filesz, memsz = struct.unpack_from("<IIQQQQQ", content, phoff + i * phsize)
            if kind == 1:
                self.parts.append((vaddr, content[offset:offset + filesz], memsz))
        self.by_name, self.sorted = {}, []
        with open(kallsyms, encoding="ascii") as f:
            for line in f:
                words = line.split()
                if len(words) == 3:
                    address = int(words[0], 16)
                    self.by_name.setdefault(words[2], []).append(address)
                    self.sorted.append((address, words[2]))

    def bytes(self, address, size):
        for start, content, memsz in self.parts:
            if start <= address and address + size <= start + memsz:
                part = content[address - start:address - start + size]
                return part + bytes(size - len(part))
        return None

    def names_at(self, address):
        import bisect
        k = bisect.bisect_left(self.sorted, (address, ""))
        names = []
        while k < len(self.sorted) and self.sorted[k][0] == address:
            names.append(self.sorted[k][1])
            k += 1
        return names

    def export(self, name):
        """What the kernel's table of exports says, or None."""
        entries = self.by_name.get("__ksymtab_" + name)
        if not entries:
            return None
        value, = struct.unpack("<i", self.bytes(entries[0], 4))
        return (entries[0] + value) & (1 << 64) - 1

    def find(self, name, position):
        """As livepatch counts: in the order of addresses; 0: there must be one only."""
        found = self.by_name.get(name, [])
        if position == 0 and len(found) == 1:
            return found[0]
        if 0 < position <= len(found):
            return found[position - 1]
        raise Wrong(f"vmlinux has {len(found)} symbols {name}, position {position} is asked for")


class Module:
    """A relocatable file with every section that stays in memory at an address."""

    def __init__(self, name, path, base):
        self.name, self.path, self.base = name, path, base
        if path.endswith(".xz"):
            with lzma.open(path) as f:
                self.elf = plain_elf.Elf(path, f.read())
        else:
            self.elf = plain_elf.Elf(path)
        self.at = {}
        self.memory = {}
        where = base
        for s in self.elf.sections:
            if s.flags & plain_elf.SHF_ALLOC and s.size:
                align = max(s.align, 16)
                where = (where + align - 1) // align * align
                self.at[s.index] = where
                where += s.size
                self.memory[s.index] = bytearray(s.data or bytes(s.size))
        if where > base + MODULE_ROOM:
            raise Wrong(f"{name} is larger than the room given to it")

    def address(self, sym):
        return self.at[sym.shndx] + sym.value

    def find(self, name, position):
        """As livepatch counts in a module: in the order of its table; what stays only."""
        found = [s for s in self.elf.symbols if s.name == name and s.shndx in self.at
                 and not self.elf.sections[s.shndx].name.startswith(".init")]
        if position == 0 and len(found) == 1:
            return self.address(found[0])
        if 0 < position <= len(found):
            return self.address(found[position - 1])
        raise Wrong(f"{self.name} has {len(found)} symbols {name}, position {position} is asked for")

    def export(self, name):
        for s in self.elf.symbols:
            if s.name == name and s.bind and s.shndx in self.at:
                return self.address(s)
        return None

    def relocate(self, resolve):
        """Fill in every field; resolve(symbol) gives an address."""
        for s in self.elf.sections:
            if s.index not in self.at:
                continue
            for r in s.relas:
                self.apply(s, r, resolve(self, r.symbol))

    def apply(self, section, rela, value):
        p = self.at[section.index] + rela.offset
        v = value + rela.addend
        memory = self.memory[section.index]
        if rela.type == plain_elf.R_64:
            struct.pack_into("<Q", memory, rela.offset, v & (1 << 64) - 1)
        elif rela.type == plain_elf.R_PC64:
            struct.pack_into("<Q", memory, rela.offset, (v - p) & (1 << 64) - 1)
        elif rela.type in (plain_elf.R_PC32, plain_elf.R_PLT32):
            struct.pack_into("<I", memory, rela.offset, (v - p) & 0xffffffff)
        elif rela.type in (plain_elf.R_32, plain_elf.R_32S):
            struct.pack_into("<I", memory, rela.offset, v & 0xffffffff)
        elif rela.type:
            raise Wrong(f"{self.name}: relocation of type {rela.type}")

    def bytes(self, address, size):
        for index, at in self.at.items():
            if at <= address and address + size <= at + len(self.memory[index]):
                return bytes(self.memory[index][address - at:address - at + size])
        return None

    def home(self, address):
        """(named function or object, section, offset in it) that holds an address, or None."""
        for index, at in self.at.items():
            if at <= address < at + len(self.memory[index]):
                section = self.elf.sections[index]
                sym = plain_elf.home(section, address - at)
                return sym, section, address - at
        return None

    def names_at(self, address):
        return [s.name for s in self.elf.symbols if s.shndx in self.at and self.address(s) == address
                and s.type in (plain_elf.STT_FUNC, plain_elf.STT_OBJECT)]


class World:
    """vmlinux, the modules that a patch has to do with, and the patch itself."""

    def __init__(self, vmlinux, exporters, module_path):
        self.vmlinux, self.exporters, self.module_path = vmlinux, exporters, module_path
        self.modules = {}

    def object(self, name):
        return self.vmlinux if name == "vmlinux" else self.module(name)

    def module(self, name):
        if name not in self.modules:
            path = self.module_path(name)
            if not path:
                raise Wrong(f"no module {name} is shipped")
            m = Module(name, path, MODULES_AT + MODULE_ROOM * len(self.modules))
            self.modules[name] = m
            m.relocate(self.resolve)
        return self.modules[name]

    def add(self, name, path):
        m = Module(name, path, MODULES_AT + MODULE_ROOM * len(self.modules))
        self.modules[name] = m
        m.relocate(self.resolve)
        return m

    def resolve(self, module, sym):
        """The address the module loader, or livepatch, would take."""
        if sym.shndx == SHN_LIVEPATCH:
            m = KLP.match(sym.name)
            if not m:
                raise Wrong(f"{sym.name} is no name that livepatch understands")
            return self.object(m.group(1)).find(m.group(2), int(m.group(3)))
        if sym.shndx == plain_elf.SHN_UNDEF:
            return self.exported(sym.name) if sym.name else 0
        if sym.shndx == plain_elf.SHN_ABS:
            return sym.value
        if sym.shndx not in module.at:
            # A name at the end of, or in, a section without content.
            return module.base
        return module.address(sym)

    def exported(self, name):
        address = self.vmlinux.export(name)
        if address is not None:
            return address
        owner = self.exporters.get(name)
        if not owner:
            raise Wrong(f"{name} is exported by nobody")
        address = self.module(owner).export(name)
        if address is None:
            raise Wrong(f"{owner} does not export {name}")
        return address

    def bytes(self, address, size):
        found = self.vmlinux.bytes(address, size)
        for m in self.modules.values():
            found = found if found is not None else m.bytes(address, size)
        return found

    def names_at(self, address):
        names = list(self.vmlinux.names_at(address))
        for m in self.modules.values():
            names += m.names_at(address)
        return names


def exporters_of(symvers):
    """{symbol: module} of what modules export."""
    found = {}
    with open(symvers, encoding="utf-8") as f:
        for line in f:
            words = line.rstrip("\n").split("\t")
            if len(words) > 2 and words[2] != "vmlinux":
                found[words[1]] = os.path.basename(words[2]).replace("-", "_")
    return found


def modules_by_name(folder):
    found = {}
    for at, _, names in os.walk(folder):
        for name in names:
            stem, _, packed = name.partition(".ko")
            if packed in ("", ".xz") and name != stem:
                found[stem.replace("-", "_")] = os.path.join(at, name)
    return found
