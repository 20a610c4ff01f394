# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Packages of Debian's archive, sourced by scripts: those that the host's apt knows, and those of
# other suites through the package lists that suture keeps for them. Only apt is asked here.
#
#	archive_find NAME[=VERSION]        sets "archive", the options for apt-get and apt-cache
#	archive_get DIR PACKAGE[=VERSION]...   downloads all of them, of one suite, into DIR

archive=()

# Whether apt, as "archive" says, has the package.
archive_has() {
	[ -n "$(apt-cache "${archive[@]}" show --no-all-versions "$1" 2>/dev/null)" ]
}

# Whether package lists name it at all: a look at them is faster than apt, which reads them whole.
archive_lists() {
	/usr/lib/apt/apt-helper cat-file "$1"/*_Packages* 2>/dev/null |
		awk -v line="Package: $2" '$0 == line { found = 1 } END { exit !found }'
}

archive_find() {
	local lists=${SUTURE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/suture}/apt again conf
	for again in '' again; do
		archive=()
		archive_has "$1" && return
		for conf in "$lists"/*/apt.conf; do
			archive_lists "${conf%/*}/lists" "${1%%=*}" || continue
			archive=("-c=$conf")
			archive_has "$1" && return
		done
		# They may never have been fetched, or be older than the package.
		[ -z "$again" ] || break
		"$(dirname "${BASH_SOURCE[0]}")/../${B:-build}/suture" target list --available >/dev/null || break
	done
	archive=()
	echo "the archive has no $1: apt-cache madison ${1%%=*} lists what the host's suites hold" >&2
	return 1
}

archive_get() {
	local dir=$1
	shift
	archive_find "$1" || return
	(cd "$dir" && apt-get -q "${archive[@]}" download "$@" >download.log 2>&1) || {
		tail -n 3 "$dir/download.log" >&2
		return 1
	}
}
