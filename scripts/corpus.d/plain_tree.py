# SPDX-License-Identifier: GPL-2.0-or-later
"""Compile single files in a tree made by scripts/kernel-tree, by kbuild itself.

kbuild is asked what a folder's makefile builds (real-obj-y, real-obj-m, lib-y of
scripts/Makefile.build) through a makefile that make reads first; it compiles the object of the
tree (make M=...), and its own record of that command (.NAME.o.cmd) compiles other versions. Since
6.13 that command runs in the folder of the makefile, before in the tree's.
Where the kernel was built by a compiler of another suite, all of it runs in the root in which
`suture target add` has unpacked that compiler's packages (scripts/enter-root).
"""
import glob
import hashlib
import os
import re
import shlex
import subprocess
import threading

PRINT = """
corpus_print:
\t@echo objects $(real-obj-y) $(real-obj-m) $(lib-y) $(extra-y)
\t@echo folders $(subdir-ym)
"""


class Failed(Exception):
    pass


def configured_compiler(path):
    """("gcc-14", "14.2.0-19") of a tree's configuration: the package and its version."""
    with open(os.path.join(path, ".config"), encoding="utf-8") as f:
        m = re.search(r'^CONFIG_CC_VERSION_TEXT="(?:x86_64-linux-gnu-)?(gcc-\d+) \(Debian (\S+)\)', f.read(), re.M)
    if not m:
        raise Failed(f"{path}/.config names no gcc of Debian's")
    return m.groups()


def compiler_root(name, version):
    """The folder of the toolchain with this compiler, or None: then the host has it."""
    cache = os.environ.get("SUTURE_CACHE") or os.path.join(
        os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "suture")
    found = glob.glob(os.path.join(glob.escape(cache), "toolchains", f"*-{name}-{version}"))
    return found[0] if found else None


class Tree:
    def __init__(self, path, scratch):
        self.path, self.scratch = path, scratch
        self.compiler, version = configured_compiler(path)
        self.root = compiler_root(self.compiler, version)
        self.lists = {}
        self.folders = {}  # of the makefile that a source was compiled by
        self.lock = threading.Lock()
        self.makefile = os.path.join(scratch, "print.mk")
        with open(self.makefile, "w", encoding="utf-8") as f:
            f.write(PRINT)
        # Else every file would be one that this configuration does not compile.
        if "fs/proc/base.o" not in self._ask("fs/proc")[0]:
            raise Failed(f"kbuild does not tell what it builds in {path}")

    def _run(self, words, env, folder="", beside=()):
        """A program in a folder of the tree; with a root of its own it sees the tree and 'beside'."""
        if self.root:
            enter = os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "enter-root")
            words = [enter, self.root, self.path, *sorted({self.scratch, *beside}), "--", *words]
        return subprocess.run(words, cwd=os.path.join(self.path, folder), capture_output=True, text=True,
                              errors="replace", check=False, env=env)

    def _make(self, *words, **env):
        # A make without a caller's flags, in the language that is parsed.
        clean = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "TMPDIR")}
        return self._run(["make", "--no-print-directory", *words], {**clean, "LC_ALL": "C", **env})

    def _ask(self, folder):
        """(objects, folders) that the makefile of a folder builds."""
        with self.lock:
            if folder in self.lists:
                return self.lists[folder]
        at = os.path.join(self.path, folder)
        found = (set(), set())
        if any(os.path.exists(os.path.join(at, m)) for m in ("Kbuild", "Makefile")):
            ended = self._make("-s", "-rR", "-f", "scripts/Makefile.build", "obj=" + folder,
                               "need-builtin=1", "need-modorder=1", "corpus_print", "srctree=.",
                               "srcroot=.", "objtree=.", "ARCH=x86", "SRCARCH=x86", "BITS=64", "UTS_MACHINE=x86_64",
                               "CC=" + self.compiler, "KBUILD_BUILTIN=1", "KBUILD_MODULES=1", MAKEFILES=self.makefile)
            for line in ended.stdout.splitlines():
                kind, _, rest = line.partition(" ")
                if kind in ("objects", "folders"):
                    names = {os.path.normpath(w) for w in rest.split()}
                    found[0 if kind == "objects" else 1].update(names)
        with self.lock:
            self.lists[folder] = found
        return found

    def _reached(self, folder):
        """Whether the kernel's build comes to a folder: a makefile above it names it."""
        parent = os.path.dirname(folder)
        if not parent or folder == "arch/x86" or parent == "arch/x86":
            return True  # named by the makefiles of the top and of the architecture
        above = parent
        while above:
            if folder in self._ask(above)[1]:
                return self._reached(above)
            above = os.path.dirname(above)
        return False

    def owner(self, source):
        """The folder whose makefile builds the object of a source in this configuration, or None."""
        obj, folder = source[:-2] + ".o", os.path.dirname(source)
        while folder:
            if obj in self._ask(folder)[0]:
                return folder if self._reached(folder) else None
            for beside in sorted(self._ask(folder)[1]):
                # drivers/gpu/drm/amd/amdgpu builds ../display/...
                above = os.path.dirname(beside)
                if above.count("/") > 2 and source.startswith(above + "/") and obj in self._ask(beside)[0]:
                    return beside if self._reached(beside) else None
            folder = os.path.dirname(folder)
        return None

    def compile(self, source, folder):
        """The object of the tree as it is, by kbuild; its path."""
        obj = source[:-2] + ".o"
        self.folders[source] = folder
        if not os.path.exists(self._record(source)):
            # Else kbuild takes checkpoint.o and helpers.o for its own "check%" and "help%",
            # which want no configuration.
            ended = self._make(f"M={folder}", os.path.relpath(obj, folder), "no-dot-config-targets=none")
            if ended.returncode or not os.path.exists(self._record(source)):
                raise Failed((ended.stdout + ended.stderr)[-2000:])
        return os.path.join(self.path, obj)

    def _record(self, source):
        folder, name = os.path.split(source)
        return os.path.join(self.path, folder, f".{name[:-2]}.o.cmd")

    def _command(self, source):
        """(the object as kbuild calls it, the command)"""
        with open(self._record(source), encoding="utf-8") as f:
            line = f.readline()
        m = re.match(r"^(?:saved)?cmd_(\S+) := (.*)$", line)
        if not m:
            raise Failed(f"{self._record(source)} has no command")
        return m.group(1), m.group(2).replace("\\#", "#").replace("$$", "$")

    def variant(self, source, content, to, extra=()):
        """Compile other content of a source that compile() has been called for, to a file."""
        obj, command = self._command(source)  # a path may have ".." in it
        at = "" if os.path.normpath(obj) == source[:-2] + ".o" else self.folders[source]
        source = obj[:-2] + ".c"
        folder, name = os.path.split(source)
        other = os.path.join(folder, f".corpus-{hashlib.sha1(to.encode()).hexdigest()[:12]}-{name}")
        depends = os.path.join(folder or ".", f".{name[:-2]}.o.d")
        for old, new in ((depends, to + ".d"), (obj, to), (source, other)):
            command = re.sub(r"(?<![\w/.-])" + re.escape(old) + r"(?![\w/-])", lambda _, n=new: shlex.quote(n), command)
        words = [f"-fmacro-prefix-map={other}={source}", *extra]
        command = command.replace(" -c -o ", " " + " ".join(words) + " -c -o ", 1)
        where = os.path.join(self.path, at, other)
        try:
            with open(where, "w", encoding="utf-8", errors="surrogateescape") as f:
                f.write(content)
            ended = self._run(["sh", "-ec", command], {**os.environ, "LC_ALL": "C", "SRCARCH": "x86"},
                              at, [os.path.dirname(os.path.abspath(to))])
        finally:
            if os.path.exists(where):
                os.remove(where)
        if ended.returncode:
            raise Failed(ended.stderr[-2000:])
        return to
