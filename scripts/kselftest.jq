# SPDX-License-Identifier: GPL-2.0-or-later
# Of the result.json files of scripts/kselftest, an array: the matrix in Markdown.
def column: .target + (if .variant == "" then "" else " with modules by " + .variant end);
def script: .name | sub("^selftests: livepatch: "; "");
# The suite's scripts print a line for each of their tests.
def tests: [.said[] | select(test("^TEST: .* \\.\\.\\. ok$"))] | length;
def cell:
  if . == null then "no result"
  elif .outcome == "pass" then "ok (\(tests))"
  elif .outcome == "skip" then "skip: \(.reason // "without a reason")"
  else "**\(.outcome)** \(.reason // "")" end;
. as $runs
| ([$runs[].results[] | script] | unique) as $scripts
| "The livepatch selftests of \($runs[0].package), scripts/kselftest. In brackets: how many tests a script has run.",
  "",
  "| script | " + ([$runs[] | column] | join(" | ")) + " |",
  "|---|" + ([$runs[] | "---"] | join("|")) + "|",
  ($scripts[] as $s
   | "| \($s) | " + ([$runs[] | [.results[] | select(script == $s)][0] | cell] | join(" | ")) + " |"),
  "| tests that passed | " + ([$runs[] | [.results[] | tests] | add // 0 | tostring] | join(" | ")) + " |",
  "| WARN, BUG or oops in the kernel log | " + ([$runs[] | .trouble | length | tostring] | join(" | ")) + " |",
  ($runs[] | select(.made != []) | "", "\(column): \(.made | map("`" + . + "`") | join(", ")) are suture's."),
  ($runs[] | column as $c | .problems[] | "", "\($c): \(.)")
