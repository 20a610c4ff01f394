# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# For end-to-end tests in bash: results as TAP, and a place in which nothing may be left.
#
#	. tests/tap.bash
#	check 'a sentence about behaviour' command [argument]...
#	tap_end
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
# shellcheck disable=SC2034 # for the tests
suture=$PWD/${B:-build}/suture
tap_n=0 tap_failed=0

check() {
	local sentence=$1 said
	shift
	tap_n=$((tap_n + 1))
	if said=$("$@" 2>&1); then
		echo "ok $tap_n - $sentence"
	else
		tap_failed=1
		echo "not ok $tap_n - $sentence"
		sed 's/^/#   /' <<<"$said"
	fi
}

skip() {
	tap_n=$((tap_n + 1))
	echo "ok $tap_n - $1 # SKIP $2"
}

tap_end() {
	echo "1..$tap_n"
	exit "$tap_failed"
}

# A folder that goes with the test; $place/cwd and $place/tmp are where programs run.
place=$(mktemp -d) || exit 1
trap 'rm -rf "$place"' EXIT
mkdir "$place/cwd" "$place/tmp"

# ends_with STATUS PATTERN COMMAND...: run in $place/cwd with its own TMPDIR. The status must
# be this, what it says must match, and nothing may be left: no file here, none in TMPDIR, no
# change of the cache's list of files.
ends_with() {
	local want=$1 pattern=$2 status before after
	shift 2
	before=$(cache_list)
	(cd "$place/cwd" && TMPDIR=$place/tmp "$@") >"$place/said" 2>&1
	status=$?
	after=$(cache_list)
	cat "$place/said"
	if ! [[ $status =~ ^($want)$ ]]; then
		echo "it ended with $status, not $want"
		return 1
	fi
	if ! grep -qE -- "$pattern" "$place/said"; then
		echo "it does not say: $pattern"
		return 1
	fi
	if [ -n "$(ls -A "$place/cwd" "$place/tmp" | grep -v ':$')" ]; then
		echo "left behind:"
		find "$place/cwd" "$place/tmp" -mindepth 1
		rm -rf "$place/cwd" "$place/tmp"
		mkdir "$place/cwd" "$place/tmp"
		return 1
	fi
	if [ "$before" != "$after" ]; then
		echo "the cache changed:"
		diff <(echo "$before") <(echo "$after")
		return 1
	fi
}

# The cache's files, but for those inside of targets that are there to stay.
cache_list() {
	local cache=${SUTURE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/suture}
	[ -d "$cache" ] && find "$cache" -maxdepth 4 ! -type d ! -path '*/tree/*' ! -path '*/modules/*' | sort
}
