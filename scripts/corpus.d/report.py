# SPDX-License-Identifier: GPL-2.0-or-later
"""The corpus as text, JSON and a fragment of markdown."""
import json
import os
from collections import Counter

import classes


def share(answers, records):
    """Of the files that compile and change code that stays, how many were built."""
    counted = [r for r in records if answers.get(r["path"], {}).get("verdict") == "differs"]
    built = [r for r in counted if r["class"] == classes.BUILT]
    return {"denominator": len(counted), "built": len(built),
            "verdicts": dict(Counter(a["verdict"] for a in answers.values())),
            "missed": [r["path"] for r in counted if r["class"] != classes.BUILT],
            "built_beside": [r["path"] for r in records if r["class"] == classes.BUILT
                             and answers.get(r["path"], {}).get("verdict") not in (None, "differs")]}


def make(options, counts, records, answers):
    codes = Counter(code for r in records for code in r["codes"] if r["class"] == classes.REFUSED)
    vm = Counter()
    for r in records:
        if "vm" in r:
            vm[r["vm"]["result"]] += 1
    return {"schema": "suture-corpus/1", "target": options.target, "to": options.to,
            "half": options.half, "seed": options.seed, "files": len(records), "counts": counts,
            "totals": dict(Counter(r["class"] for r in records)), "codes": dict(codes.most_common()),
            "share": share(answers, records) if answers else None, "vm": dict(vm),
            "records": records, "answers": answers}


def percent(n, of):
    return f"{100 * n / of:.1f} %" if of else "-"


def rows(told):
    """(name, number, words) of the table."""
    for name in classes.ORDER:
        n = told["totals"].get(name, 0)
        yield name, n, ""
        if name == classes.REFUSED:
            for code, k in told["codes"].items():
                yield "  " + code, k, ""
    if told["share"]:
        s = told["share"]
        yield "compile and change code that stays", s["denominator"], "by scripts/corpus-denominator"
        yield "  of those built and bound", s["built"], percent(s["built"], s["denominator"])
    for name, n in sorted(told["vm"].items()):
        yield "in the VM: " + name, n, ""


def head(told):
    return (f"{told['files']} files ({told['half']}, seed {told['seed']}) of {told['counts']['compiled']} compiled and "
            f"changed from {told['target']} to {told['to']}")


def listed(told, name):
    return sorted((r for r in told["records"] if r["class"] == name), key=lambda r: (r["codes"], r["path"]))


def text(told):
    out = [head(told), ""]
    out += [f"  {name:38} {n:5}  {words}".rstrip() for name, n, words in rows(told)]
    for name in (classes.REFUSED, classes.FAILED):
        for r in listed(told, name):
            out += ["", f"{name} {' '.join(r['codes'])}: {r['path']}"]
            out += ["    " + line for line in r["said"].splitlines()]
    for r in told["records"]:
        if r.get("vm", {}).get("result") == "failed":
            out += ["", f"VM: {r['path']}: {r['vm']['words']}"]
    if told["share"]:
        s = told["share"]
        out += ["", "in the denominator, and not built:"]
        by_path = {r["path"]: r for r in told["records"]}
        out += [f"  {by_path[p]['class']:10} {' '.join(by_path[p]['codes']):28} {p}" for p in s["missed"]]
        out += ["built, though the denominator has it not:"]
        out += [f"  {told['answers'][p]['verdict']:20} {p}" for p in s["built_beside"]]
    return "\n".join(out)


def markdown(told):
    out = [f"{head(told)[0].upper()}{head(told)[1:]}:", "", "| outcome | files | |", "|---|---:|---|"]
    out += [f"| {name.replace('  ', '&nbsp;&nbsp;')} | {n} | {words} |" for name, n, words in rows(told)]
    return "\n".join(out) + "\n"


def write(folder, told):
    for name, content in (("report.txt", text(told) + "\n"), ("report.md", markdown(told)),
                          ("report.json", json.dumps(told, indent=1) + "\n")):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
            f.write(content)
