# SPDX-License-Identifier: GPL-2.0-or-later
"""What came of a build, from its exit status and what it said; refusals by a stable code."""
import json
import re

BUILT, UNCHANGED, REFUSED, OTHERS, UNCOMPILED, FAILED = (
    "built", "no change", "refused", "needs other files", "not compiled", "failed")
ORDER = (BUILT, UNCHANGED, REFUSED, OTHERS, UNCOMPILED, FAILED)

# Findings of the delta have codes of their own; what is refused elsewhere is told by its words.
WORDS = (
    ("not-compiled", r"is not compiled in the configuration"),
    ("vdso", r"is part of the vdso"),
    ("not-kernel", r"it has run and is gone|is copied out of the kernel|between two kernels by kexec"),
    ("compiled-twice", r"is compiled twice"),
    ("not-shipped", r"belongs to the module .* which .* does not ship"),
    ("not-read", r"was not read by the compiler"),
    ("foreign-module", r"belongs to the module .* which .* does not use yet"),
    ("foreign-module", r"which code of vmlinux can't use|code of vmlinux can't refer to"),
    ("module-key", r"branches on .*, a static key of the module"),
    ("module-table", r"^section .* refers to .* of the module|is replaced when the patch loads"),
    ("unproven", r"has no proven place in"),
    ("unproven", r"the running code is not this function"),
    ("nameless", r"has no name there by which|where no symbol is|has %zu global symbols"),
    ("ambiguous-name", r"is ambiguous: .* has \d+ of them|is private to another file"),
    ("no-such-symbol", r"has no such symbol|is defined neither in"),
    ("init-reference", r"is init code or data of"),
    ("common-symbol", r"is a common symbol"),
    ("odd-table", r"its entries are not understood"),
)


def message(said):
    """The part of stderr that tells the outcome: from "suture: " on, without progress lines."""
    at = [m.start() for m in re.finditer(r"^suture: ", said, re.M)]
    return said[at[-1]:].strip() if at else said.strip()


def codes(said, out):
    """Of what --json printed, or of the words."""
    try:
        found = sorted({f["code"] for f in json.loads(out)["findings"] if not f.get("accepted")})
    except (ValueError, KeyError, TypeError):
        found = []
    if found:
        return found
    for code, words in WORDS:
        if re.search(words, said, re.M):
            return [code]
    return ["other"]


def classify(status, said, out):
    """(class, codes)"""
    if status == 0:
        return BUILT, []
    if status == 3:
        return UNCHANGED, []
    if status == 4:
        found = codes(said, out)
        return (UNCOMPILED if found == ["not-compiled"] else REFUSED), found
    if "does not compile with the fix" in said:
        return OTHERS, []
    return FAILED, []
