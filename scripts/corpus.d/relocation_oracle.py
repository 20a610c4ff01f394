# SPDX-License-Identifier: GPL-2.0-or-later
"""Does every reference of a built patch lead where the running code's leads?

The patch is placed and relocated as the kernel would do it, with livepatch's own way of
counting symbols. Beside it lies an object of the same source that kbuild compiled. For each
redirected function:

  place      the running bytes at the address that livepatch would redirect are the object's,
             relocation fields aside: it is this function and no namesake
  reference  the new function's instructions are aligned with the object's; where one is
             unchanged, each field must lead to the address to which the running code's field
             leads - or, inside the patch, to a copy: the same string or constant, a function of
             that name. A private copy of a variable is wrong, but for records of a call site
             (KEPT_APART).
  name       a reference in changed code is compared with where the running code leads for the
             same name, if it does anywhere in the object's functions

Functions inside the patch that have a counterpart (cold parts, copies) are compared the same
way from where an aligned reference leads to them.

  code       with an object of the new source by kbuild: each function of the patch is, word for
             word, what the compiler makes of the new source, names and strings included

  data       what is written into a module when it is loaded: written_data.py
"""
import difflib
import re
import struct

import plain_elf
import plain_text
import written_data
from plain_kernel import KLP, SHN_LIVEPATCH, Wrong

# Variables that a copy may have for itself: what belongs to one place in the code.
KEPT_APART = re.compile(r"^(__already_done|__warned|__key|_rs|__func__|__print_once|descriptor|_entry|_entry_ptr"
                        r"|CSWTCH|__UNIQUE_ID_|__flags|___tp_str|once)")
JUMP_LABEL = "nop or jump"
# Helpers that the compiler left in the glue (kmod/payload).
GLUE = {"kmalloc_array.constprop", "kcalloc.constprop", "kmalloc_array", "kcalloc"}
MASK = (1 << 64) - 1


class Counts(dict):
    def add(self, name):
        self[name] = self.get(name, 0) + 1


def jump_labels(elf, section):
    """Where code branches on static keys: a nop or a jump, as objtool and the kernel see fit."""
    table = elf.section("__jump_table")
    return {r.symbol.value + r.addend for r in table.relas
            if r.offset % 16 == 0 and r.symbol.shndx == section.index} if table else set()


class Function:
    """Code of one function with what each instruction refers to by name."""

    def __init__(self, elf, path, section, sym, cache):
        key = (path, section.index)
        if key not in cache:
            cache[key] = plain_text.in_section(elf, path, section)
        self.elf, self.section, self.sym = elf, section, sym
        self.code = [i for i in cache[key] if sym.value <= i.at < sym.value + sym.size]
        self.labels = jump_labels(elf, section)

    def token(self, i):
        """For aligning: names and texts, but no places."""
        if i.at in self.labels:
            return JUMP_LABEL
        if i.target is not None:
            inside = self.sym.value <= i.target < self.sym.value + self.sym.size
            return i.text + (" here" if inside else " | " + plain_text.word(*self.name_of_target(i)))
        return i.text + "".join(" | " + self.shown(r, i) for r in i.relas)

    def tokens(self):
        return [self.token(i) for i in self.code]

    def shown(self, rela, i):
        name, offset = self.refers(rela, i.end)
        if offset is None and rela.symbol.shndx < len(self.elf.sections):
            # Constants without a name: texts are told by what they say, be they marked as such or not.
            bias = i.end - rela.offset if rela.type in plain_elf.PC_RELATIVE else 0
            section, at = self.elf.sections[rela.symbol.shndx], rela.symbol.value + rela.addend + bias
            return (read_in(section, at, read_size(i.text)) or text_in(section, at)
                    or behind(section, at) or "data")
        return name if offset is None else plain_text.word(name, offset)

    def name_of_target(self, i):
        sym = plain_elf.home(self.section, i.target)
        return (plain_elf.stem(sym.name), i.target - sym.value) if sym else (self.section.name, None)

    def refers(self, rela, end):
        if rela.symbol.shndx == SHN_LIVEPATCH:
            m = KLP.match(rela.symbol.name)
            bias = end - rela.offset if rela.type in plain_elf.PC_RELATIVE else 0
            return plain_elf.stem(m.group(2)) if m else rela.symbol.name, rela.addend + bias
        return plain_text.refers(self.elf, rela, end)

    def fields(self, i):
        """[(offset from the function, size, relative to, name, offset)] of what it refers to."""
        if i.target is not None:
            if self.sym.value <= i.target < self.sym.value + self.sym.size:
                return []
            size = 4 if i.end - i.at >= 5 else 1
            return [(i.end - size - self.sym.value, size, i.end - self.sym.value, *self.name_of_target(i))]
        found = []
        for r in i.relas:
            relative = i.end - self.sym.value if r.type in plain_elf.PC_RELATIVE else None
            size = 8 if r.type in (plain_elf.R_64, plain_elf.R_PC64) else 4
            unsigned = r.type == plain_elf.R_32
            found.append((r.offset - self.sym.value, -size if unsigned else size, relative,
                          *self.refers(r, i.end)))
        return found


def text_in(section, at):
    """As plain_elf.place() shows a text, or None."""
    end = section.data.find(b"\0", at) if 0 <= at < len(section.data) else -1
    return None if end < 0 else '"' + section.data[at:end].hex() + '"'


def read_in(section, at, size):
    """What an instruction reads of it that reads one or two bytes, or None."""
    found = section.data[at:at + size] if size in (1, 2) and section.data and at >= 0 else b""
    return '"' + found.hex() + '"' if size and len(found) == size else None


def behind(section, at):
    """The end of the one variable that ends there, where nothing begins; or None."""
    ends = [s for s in section.symbols
            if s.type == plain_elf.STT_OBJECT and s.size and s.value + s.size == at]
    return plain_text.word(plain_elf.stem(ends[0].name), ends[0].size) if len(ends) == 1 else None


def read_size(text):
    """How many bytes of a constant an instruction reads, where its name says so; else 0. One that
    takes an address reads none."""
    if "$0x0" in text:
        return 0
    m = re.match(r"mov[zs]([bw])|(?:mov|cmp|test|add|or|and)([bwlq])? ", text)
    return {"b": 1, "w": 2, "l": 4, "q": 8}.get((m.group(1) or m.group(2)) if m else None, 0)


def leads(memory, at, field):
    """The address to which a field of a function that lies at 'at' leads."""
    offset, size, relative, _, _ = field
    raw = memory.bytes(at + offset, abs(size))
    if raw is None:
        raise Wrong(f"nothing lies at {at + offset:#x}")
    v = int.from_bytes(raw, "little", signed=size > 0)
    return (v + (at + relative if relative is not None else 0)) & MASK


def ends_of(elf):
    """{"array+0x20": {"what lies behind it"}}: where one variable ends, another may begin."""
    found = {}
    for section in elf.sections:
        starts = {}
        for sym in section.symbols:
            if sym.type == plain_elf.STT_OBJECT:
                starts.setdefault(sym.value, set()).add(plain_elf.stem(sym.name))
        for sym in section.symbols:
            if sym.type == plain_elf.STT_OBJECT and sym.size and sym.value + sym.size in starts:
                found.setdefault(plain_text.word(plain_elf.stem(sym.name), sym.size), set()).update(
                    starts[sym.value + sym.size])
    return found


def same_place(wanted, got, ends):
    """Whether two tokens are of one instruction whose place is the end of one, the start of another variable."""
    a, b = wanted.split(" | "), got.split(" | ")
    return len(a) == len(b) and all(x == y or x in ends.get(y, ()) for x, y in zip(a, b))


def alike(wanted, got, ends):
    """An empty variable (a lock's key, where locks are not checked) lies where another one is, and
    has the other's name where sections are not one a variable."""
    return len(wanted) == len(got) and all(
        a == b or same_place(a, b, ends) or (a == JUMP_LABEL and re.match(r"nop|jmp|xchg %ax,%ax$", b)) or (b.endswith("| __key") and a.rpartition(" | ")[0] == b.rpartition(" | ")[0])
        for a, b in zip(wanted, got))


def first_difference(wanted, got, ends):
    for k, (a, b) in enumerate(zip(wanted, got)):
        if not alike([a], [b], ends):
            return f"instruction {k} is '{b}', compiled it is '{a}'"
    return f"{len(got)} instructions, compiled there are {len(wanted)}"


def functions_of(elf):
    """{name: [(section, symbol)]} of code that stays."""
    found = {}
    for s in elf.sections:
        if s.flags & plain_elf.SHF_EXECINSTR and not s.name.startswith((".init", ".exit")):
            for sym in s.symbols:
                if sym.type == plain_elf.STT_FUNC and sym.size:
                    found.setdefault(sym.name, []).append((s, sym))
    return found


class Oracle:
    def __init__(self, world, patch, before_path, after_path):
        self.world, self.patch = world, patch
        self.before_path, self.before = before_path, plain_elf.Elf(before_path)
        self.after_path, self.after = after_path, plain_elf.Elf(after_path)
        self.code = {}
        self.counts, self.wrong = Counts(), []
        self.known = {}  # name: set of addresses it has in running code
        self.queue, self.done = [], set()
        self.functions = functions_of(self.before)

    def complain(self, words):
        self.wrong.append(words)

    # -- what the patch redirects

    def redirects(self):
        """[(old name, object, position, new symbol)] from the patch's own tables (kmod/payload/records.h)."""
        objects, functions = self.patch.elf.section(".suture.objects"), self.patch.elf.section(".suture.funcs")
        found, at = [], 0
        for o in range(0, objects.size, 32):
            name = self.pointed(objects, o) or "vmlinux"
            count, = struct.unpack_from("<Q", objects.data, o + 8)
            for _ in range(count):
                position, = struct.unpack_from("<Q", functions.data, at + 8)
                new = next(r for r in functions.relas if r.offset == at + 16)
                home = plain_elf.home(self.patch.elf.sections[new.symbol.shndx], new.symbol.value + new.addend)
                found.append((self.pointed(functions, at), name, position, home))
                at += 24
        if at != functions.size and (at or any(functions.data)):  # of none, one of zeroes
            raise Wrong(".suture.objects and .suture.funcs are not in step")
        return found

    def pointed(self, section, at):
        """The text that a field of a record points to, or None."""
        for r in section.relas:
            if r.offset == at:
                return plain_elf.text_at(self.patch.elf.sections[r.symbol.shndx].data, r.symbol.value + r.addend)
        return None

    # -- the object beside the running code

    def function(self, section, sym):
        return Function(self.before, self.before_path, section, sym, self.code)

    def fits(self, section, sym, at):
        """Whether the running bytes are the object's, fields aside."""
        running = self.world.bytes(at, sym.size)
        if running is None:
            return False
        a = bytearray(section.data[sym.value:sym.value + sym.size])
        b = bytearray(running)
        for r in section.relas:
            o = r.offset - sym.value
            if 0 <= o < sym.size:
                size = 8 if r.type in (plain_elf.R_64, plain_elf.R_PC64) else 4
                a[o:o + size] = b[o:o + size] = bytes(size)
        for at in jump_labels(self.before, section):
            o = at - sym.value
            if 0 <= o < sym.size:
                size = 5 if a[o] in (0xe9, 0x0f) else 2
                a[o:o + size] = b[o:o + size] = bytes(size)
        return a == b

    def learn(self, f, at):
        """Where the running function leads for each name."""
        for i in f.code:
            for field in f.fields(i):
                if field[4] is not None and field[3][:1] not in '".':
                    self.known.setdefault(field[3], set()).add(leads(self.world, at, field) - field[4] & MASK)

    # -- comparing

    def run(self):
        for name, owner, position, new in self.redirects():
            at = self.world.object(owner).find(name, position)
            fitting = [(s, sym) for s, sym in self.functions.get(name, []) if self.fits(s, sym, at)]
            if not self.functions.get(name):
                self.complain(f"{name}() is redirected, but the object has no such function")
                continue
            if not fitting:
                self.complain(f"{name}() at {at:#x} of {owner} is not the object's function")
                continue
            self.counts.add("places")
            self.queue.append((fitting[0], at, new))
        self.learn_unique()
        while self.queue:
            (section, sym), at, new = self.queue.pop()
            if (new.shndx, new.value) in self.done:
                continue
            self.done.add((new.shndx, new.value))
            self.compare(self.function(section, sym), at, new)
        self.check_code()
        written_data.check(self, KEPT_APART)
        self.resolve_rest()

    def check_code(self):
        """The patch's functions are those of the new source, instruction for instruction."""
        after, ends = {}, ends_of(self.after)
        for name, candidates in functions_of(self.after).items():
            after.setdefault(plain_elf.stem(name), []).extend(candidates)
        for name, candidates in functions_of(self.patch.elf).items():
            for section, sym in candidates:
                if name.startswith(("suture_", "__pfx_")):  # the glue, and padding with a name
                    continue
                got = Function(self.patch.elf, self.patch.path, section, sym, self.code).tokens()
                wanted = [Function(self.after, self.after_path, s, f, self.code).tokens()
                          for s, f in after.get(plain_elf.stem(name), [])]
                if any(alike(w, got, ends) for w in wanted):
                    self.counts.add("functions of the new source")
                elif plain_elf.stem(name) in GLUE:
                    self.counts.add("of the glue")
                elif not wanted:
                    self.complain(f"{name}() of the patch is not in the new source's object")
                else:
                    self.complain(f"{name}() of the patch is not the new source's: " + first_difference(wanted[0], got, ends))

    def learn_unique(self):
        """Also from functions that are not redirected, where their place is beyond doubt."""
        owners = {owner for _, owner, _, _ in self.redirects()}
        for name, candidates in self.functions.items():
            for owner in owners:
                if len(candidates) != 1:
                    continue
                try:
                    at = self.world.object(owner).find(name, 0)
                except Wrong:
                    continue
                if self.fits(*candidates[0], at) and candidates[0][1].size > 16:
                    self.learn(self.function(*candidates[0]), at)
                    self.known.setdefault(plain_elf.stem(name), set()).add(at)

    def compare(self, old, at, new):
        section = self.patch.elf.sections[new.shndx]
        now = Function(self.patch.elf, self.patch.path, section, new, self.code)
        there = self.patch.address(new)
        a, b = old.tokens(), now.tokens()
        aligned = {}
        match = difflib.SequenceMatcher(None, a, b, autojunk=len(a) + len(b) > 8000)
        for x, y, n in match.get_matching_blocks():
            aligned.update((y + k, x + k) for k in range(n))
        for k, i in enumerate(now.code):
            fields = now.fields(i)
            before = old.fields(old.code[aligned[k]]) if k in aligned else []
            if k in aligned and len(fields) != len(before):
                before = []
            for n, field in enumerate(fields):
                target = leads(self.patch, there, field)
                if before:
                    self.same(new, i, field, target, before[n], leads(self.world, at, before[n]))
                else:
                    self.by_name(new, i, field, target)

    def where(self, function, i, field):
        return f"{function.name}+{i.at - function.value:#x} ({i.text} {field[3]})"

    def same(self, function, i, field, target, before, running):
        if target == running:
            self.counts.add("same address")
            return
        home = self.patch.home(target)
        if not home:
            self.complain(f"{self.where(function, i, field)} leads to {target:#x} {self.world.names_at(target)}, "
                          f"the running code to {running:#x} {self.world.names_at(running)}")
            return
        sym, section, offset = home
        if sym and sym.type == plain_elf.STT_FUNC:
            self.copied_function(function, i, field, sym, offset, before, running)
            return
        self.copied_data(function, i, field, sym, section, target, before, running)

    def copied_function(self, function, i, field, sym, offset, before, running):
        if plain_elf.stem(sym.name) != before[3] or offset - sym.value != before[4]:
            self.complain(f"{self.where(function, i, field)} leads to {sym.name} of the patch, "
                          f"the running code to {before[3]}")
            return
        self.counts.add("function of the patch")
        at = running - before[4] & MASK
        for s, candidate in self.functions.get(sym.name, []) or [
                c for n, cs in self.functions.items() if plain_elf.stem(n) == plain_elf.stem(sym.name) for c in cs]:
            if self.fits(s, candidate, at):
                self.queue.append(((s, candidate), at, sym))
                return

    def copied_data(self, function, i, field, sym, section, target, before, running):
        name = plain_elf.stem(sym.name) if sym else section.name
        if KEPT_APART.match(field[3]):
            self.counts.add("record of the place")
            return
        if sym and section.flags & 1 and not KEPT_APART.match(name):  # SHF_WRITE
            self.complain(f"{self.where(function, i, field)} leads to a private copy of the variable {name}")
            return
        size = (sym.size if sym else 0) or read_size(i.text) or self.string(running) or 8
        a, b = self.world.bytes(running, size), self.patch.bytes(target, size)
        while (a is None or b is None) and size > 1:
            # A constant shorter than that, at the end of its section.
            size //= 2
            a, b = self.world.bytes(running, size), self.patch.bytes(target, size)
        if (a is not None and a == b) or (sym and a and b and self.pointers(a, b)):
            self.counts.add("same content")
            return
        if sym and written_data.is_new(self, sym, section):
            self.counts.add("new content")
            return
        self.complain(f"{self.where(function, i, field)} leads to a copy of other content: {a!r} is now {b!r}")

    def string(self, at):
        """The length with its end of what looks like text, or 0."""
        raw = self.world.bytes(at, 1) and (self.world.bytes(at, 256) or self.world.bytes(at, 16)) or b""
        end = raw.find(b"\0")
        return end + 1 if end >= 0 and all(c >= 32 or c in (1, 9, 10) for c in raw[:end]) else 0

    def pointers(self, a, b):
        """Whether two constants differ in pointers to equal strings only."""
        if len(a) != len(b) or len(a) % 8:
            return False
        for (x,), (y,) in zip(struct.iter_unpack("<Q", a), struct.iter_unpack("<Q", b)):
            if x == y:
                continue
            n = self.string(x)
            names = {plain_elf.stem(n) for n in self.world.names_at(x)}
            home = self.patch.home(y)
            same_name = home and home[0] and plain_elf.stem(home[0].name) in names
            if not same_name and (not n or self.world.bytes(x, n) != self.patch.bytes(y, n)):
                return False
        return True

    def by_name(self, function, i, field, target):
        name, offset = field[3], field[4]
        if self.patch.home(target) or offset is None or name[:1] in '".':
            self.counts.add("own")
            return
        known = self.known.get(name)
        if not known:
            self.counts.add("new name")
            return
        if target - offset & MASK in known:
            self.counts.add("same by name")
            return
        self.complain(f"{self.where(function, i, field)} leads to {target - offset & MASK:#x}, elsewhere the running "
                      f"code has {name} at {', '.join(map(hex, known))}")

    def resolve_rest(self):
        """Tables: what they refer to by name is where the running code has it."""
        for s in self.patch.elf.sections:
            if s.flags & plain_elf.SHF_EXECINSTR or s.index not in self.patch.at or s.name.startswith(".suture"):
                continue
            for r in s.relas:
                if r.symbol.shndx not in (plain_elf.SHN_UNDEF, SHN_LIVEPATCH):
                    continue
                m = KLP.match(r.symbol.name)
                name = plain_elf.stem(m.group(2)) if m else r.symbol.name
                target = self.world.resolve(self.patch, r.symbol)
                if name in self.known and target not in self.known[name]:
                    self.complain(f"{s.name}+{r.offset:#x} leads to {target:#x}, the running code has {name} at "
                                  f"{', '.join(map(hex, self.known[name]))}")
                self.counts.add("of tables")
