# SPDX-License-Identifier: GPL-2.0-or-later
"""Load what was built into the target's stock kernel, in batches, and take it back.

For each module in the guest: insmod the modules that it patches with all they depend on,
insmod the patch, wait for the transition, ask suture for the structural proof of each function
whose object is loaded, disable, wait, rmmod. Between two steps the kernel's log must have no
new warning. A target module that does not load without its hardware stays absent: the patch
must load nevertheless, and this is told apart.

A module that must be loaded after the patch is loaded and unloaded once as it is. While it is
there the patch must not load; then the patch comes first and the module behind it; then the patch
must not be disabled before the module is gone.
"""
import json
import lzma
import os
import re
import subprocess
import tempfile

STEP = r"""
n=0; log() { dmesg | tail -n +$((n + 1)) | grep -E 'WARNING:|BUG:|Oops|general protection|Call Trace|livepatch:.*(fail|abort|invalid)|Unknown symbol|disagrees|Invalid relocation' | head -n 3 | tr '\n' ';'; }
wait_for() { i=0; while [ "$(cat /sys/kernel/livepatch/$1/transition 2>/dev/null)" != "$2" ] && [ $i -lt 300 ]; do usleep 100000; i=$((i+1)); done; [ $i -lt 300 ]; }
ready() { for m in "$@"; do grep -q "^$(basename $m .ko | tr - _) " /proc/modules || why=$(insmod /m/$m 2>&1); done; }
gone() { for h in $(ls /sys/module/$1/holders 2>/dev/null); do gone $h; done; rmmod $1 2>/dev/null; ! [ -e /sys/module/$1 ]; }
# Before the patch: with the module there, the patch does not load; then the module goes.
too_late() { # PATCH MODULE
	! insmod /p/$1.ko 2>/dev/null || { early="it loaded though $2 was there"; return 1; }
	gone $2 || { early="$2 can't be unloaded"; return 1; }
}
# With the module there, the patch stays; then the module goes.
stays() { # PATCH MODULE
	! echo 0 2>/dev/null >/sys/kernel/livepatch/$1/enabled || return 1
	[ "$(cat /sys/kernel/livepatch/$1/enabled)" = 1 ] && gone $2
}
one() {
	p=$1; shift; dmesg -c >/dev/null; n=0
	echo "== $p"
	said=$(insmod /p/$p.ko 2>&1) || { echo "insmod: $said; $(log)"; return; }
	wait_for $p 0 || { echo "transition: no end"; return; }
	for o in $late; do ready $o.ko; grep -q "^$o " /proc/modules || { echo "load: $o: $why; $(log)"; return; }; done
	[ -z "$*" ] || said=$(suture verify --patch $p --seconds 1 --require in-place "$@" 2>&1) || { echo "proof: $(echo "$said" | tr '\n' ';')"; return; }
	for o in $back; do stays $p $o || { echo "stay: it does not stay as long as $o, or that can't be unloaded"; return; }; done
	echo 0 >/sys/kernel/livepatch/$p/enabled
	wait_for $p "" || { echo "revert: no end"; return; }
	said=$(rmmod $p 2>&1) || { echo "rmmod: $said"; return; }
	bad=$(log); [ -z "$bad" ] || { echo "log: $bad"; return; }
	echo "well"
}
"""


class Modules:
    """What depends on what, as depmod(8) and the modules themselves say it."""

    def __init__(self, folder):
        self.needs, self.by_name, self.aliases, self.soft = {}, {}, {}, {}
        for line in self.lines(folder, "modules.dep"):
            path, _, rest = line.partition(":")
            self.needs[path] = rest.split()
            self.by_name[module_name(path)] = path
        for line in self.lines(folder, "modules.alias"):
            words = line.split()
            if len(words) == 3 and not re.search(r"[*?\[]", words[1]):
                self.aliases.setdefault(words[1], []).append(words[2])
        for line in self.lines(folder, "modules.softdep"):
            m = re.match(r"softdep (\S+) pre: (.*?)( post:.*)?$", line)
            if m:
                self.soft[m.group(1).replace("-", "_")] = m.group(2).split()

    @staticmethod
    def lines(folder, name):
        with open(os.path.join(folder, name), encoding="utf-8") as f:
            return f.read().splitlines()

    def order(self, name):
        """The files to load for a module, in order, relative to the folder. What it asks for at
        run time by an alias (softdep) is loaded in every kind there is."""
        found = []
        self.add(self.by_name.get(name), found)
        return found

    def add(self, path, found):
        if not path or path in found:
            return
        for wanted in self.soft.get(module_name(path), []):
            for name in self.aliases.get(wanted, [wanted.replace("-", "_")]):
                other = self.by_name.get(name)
                if other != path:
                    self.add(other, found)
        for need in reversed(self.needs[path]):
            self.add(need, found)
        found.append(path)


def plain_module(path, work):
    """A shipped module's file as the kernel loads it: unpacked, if it is packed."""
    if not path.endswith(".xz"):
        return path
    plain = os.path.join(work, os.path.basename(path)[:-3])
    if not os.path.exists(plain):
        with lzma.open(path) as packed, open(plain, "wb") as f:
            f.write(packed.read())
    return plain


def module_name(path):
    return re.sub(r"\.ko(\.[gx]z|\.zst)?$", "", os.path.basename(path)).replace("-", "_")


def patched(record):
    """{object: [function arguments of suture verify]}"""
    objects = {}
    for f in record["build"]["functions"]:
        name = f["name"] + (f",{f['sympos']}" if f["sympos"] else "")
        objects.setdefault(f["object"], []).append(f"{f['object']}:{name}")
    return objects


def module_file(record, release, to):
    """The payload, out of its bundle."""
    name = record["build"]["module"]
    with open(to, "wb") as f:
        return subprocess.run(["tar", "-xOf", record["bundle"], f"kernel/{release}/{name}.ko"],
                              stdout=f, check=False).returncode == 0


def script(records, folder, files, work):
    """What the guest runs; fills files with host=guest."""
    lines, have, modules = [STEP], set(), Modules(folder)
    for r in records:
        name, objects = r["build"]["module"], patched(r)
        at_load = r["build"].get("at_load", [])
        for o in at_load:
            objects.setdefault(o, [])
        functions = []
        for o in objects:
            if o == "vmlinux":
                functions += [f"--function {f}" for f in objects[o]]
                continue
            order = modules.order(o)
            for path in order:
                name_of_file = module_name(path) + ".ko"
                if name_of_file not in have:
                    have.add(name_of_file)
                    files.append(f"{plain_module(os.path.join(folder, path), work)}=/m/{name_of_file}")
            lines.append("ready " + " ".join(module_name(p) + ".ko" for p in order))
        lines.append("f='" + " ".join(functions) + "'; absent= late= back= early=")
        for o in objects:
            if o != "vmlinux":
                args = " ".join(f"--function {f}" for f in objects[o])
                lines.append(f"if grep -q '^{o} ' /proc/modules; then f=\"$f {args}\"; else absent=\"$absent {o}\"; fi")
        for o in at_load:
            lines.append(f"if grep -q '^{o} ' /proc/modules; then late=\"$late {o}\" back=\"{o} $back\"; fi")
        lines.append(f"for m in $back; do [ -n \"$early\" ] || too_late {name} $m; done")
        lines.append(f"if [ -z \"$early\" ]; then one {name} $f; else echo '== {name}'; echo \"early: $early\"; fi")
        lines.append("[ -z \"$absent\" ] || { echo \"absent$absent\"; echo \"$why\"; }")
    lines.append("exit 0")
    return "\n".join(lines)


def verdicts(records, out):
    """Read the guest's words: each record's own part, or None where it never came to it."""
    parts = {}
    for part in re.split(r"^== ", out, flags=re.M)[1:]:
        name, _, rest = part.partition("\n")
        parts[name.strip()] = rest.strip()
    for r in records:
        said = parts.get(r["build"]["module"])
        if not said:
            yield r, None
            continue
        absent = re.search(r"^absent (.*)$", said, re.M)
        if re.search(r"^well$", said, re.M):
            result = "loaded, its module absent" if absent else "loaded, proved, reverted"
        else:
            result = "failed"
        yield r, {"result": result, "words": said, "absent": absent.group(1).split() if absent else []}


def load_batch(corpus, suture, records):
    """Run one VM; what the VM did not come to is tried alone by the caller."""
    modules = os.path.join(corpus.target["path"], "modules")
    with tempfile.TemporaryDirectory() as work:
        files = [f"{suture}=/bin/suture"]
        for r in records:
            ko = os.path.join(work, r["build"]["module"] + ".ko")
            if not module_file(r, corpus.release, ko):
                raise SystemExit(f"corpus: {r['bundle']} has no module for {corpus.release}")
            files.append(f"{ko}=/p/{r['build']['module']}.ko")
        lines = script(records, modules, files, work)
        run = os.path.join(work, "run")
        with open(run, "w", encoding="utf-8") as f:
            f.write(lines)
        files.append(f"{run}=/run-corpus")
        argv = [suture, "vm", "run", corpus.options.target, "--memory", "2048", "--timeout",
                str(60 + 30 * len(records))]
        for f in files:
            argv += ["--file", f]
        ended = subprocess.run(argv + ["--", "sh", "/run-corpus"], capture_output=True, text=True,
                               errors="replace", check=False)
    return dict((r["path"], v) for r, v in verdicts(records, ended.stdout)), ended.stderr


def load_all(corpus, suture, paths):
    """Keep the verdict in each record; those that have one are left alone."""
    todo = []
    for path in paths:
        r = corpus.record(path)
        if r["class"] == "built" and "vm" not in r:
            todo.append(r)
    while todo:
        batch, todo = todo[:corpus.options.batch], todo[corpus.options.batch:]
        found, trouble = load_batch(corpus, suture, batch)
        lost = [r for r in batch if not found[r["path"]]]
        for r in batch:
            v = found[r["path"]]
            if v:
                r["vm"] = v
            elif len(batch) == 1 or len(lost) == len(batch):
                # Alone, or a VM that did not come to any: the guest's end is the verdict of the first.
                r["vm"] = {"result": "failed", "words": "no answer: " + trouble.strip()[-600:], "absent": []}
                if len(batch) > 1:
                    lost.remove(r)
                    corpus.keep(r)
                    break
        for r in batch:
            if "vm" in r:
                corpus.keep(r)
                print(json.dumps({r["path"]: r["vm"]["result"]}), flush=True)
        todo = [r for r in lost if "vm" not in r] + todo
