# SPDX-License-Identifier: GPL-2.0-or-later
"""Which files a corpus consists of: changed .c files of two source trees, one half, a sample.

A file belongs to the development half if the SHA-1 of its path begins with 0-7; the other half
is held for acceptance.
"""
import difflib
import filecmp
import hashlib
import os
import random


def half_of(path):
    return "dev" if hashlib.sha1(path.encode()).hexdigest()[0] in "01234567" else "held"


def c_files(tree):
    """All .c files, relative to the tree."""
    for folder, folders, names in os.walk(tree):
        folders.sort()
        if folder == tree:
            folders[:] = [f for f in folders if f not in ("Documentation", "scripts", "tools", "samples")]
        for name in sorted(names):
            if name.endswith(".c"):
                yield os.path.relpath(os.path.join(folder, name), tree)


def changed(old, new):
    """.c files that both trees have and that differ."""
    return [path for path in c_files(new)
            if os.path.isfile(os.path.join(old, path))
            and not filecmp.cmp(os.path.join(old, path), os.path.join(new, path), shallow=False)]


def choose(paths, half, sample, seed, late=()):
    """Those of the half, in random but repeatable order: a larger sample begins with a smaller.
    Late ones are put in at random places and leave the order of the others as it is."""
    def mine(of):
        return sorted(p for p in of if half in ("all", half_of(p)))
    rng, order = random.Random(seed), mine(paths)
    rng.shuffle(order)
    for path in mine(late):
        order.insert(rng.randint(0, len(order)), path)
    return order[:sample] if sample else order


def diff(old, new, path):
    """A unified diff of one file, as git writes it."""
    def lines(tree):
        with open(os.path.join(tree, path), encoding="utf-8", errors="surrogateescape") as f:
            return f.readlines()
    out = []
    for line in difflib.unified_diff(lines(old), lines(new), "a/" + path, "b/" + path):
        out.append(line)
        if not line.endswith("\n"):
            out.append("\n\\ No newline at end of file\n")
    return "".join(out)
