# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Completion of suture(1) for bash. make puts what 'suture completion' prints in place of TABLE;
# userspace/cli/completion.h says what its columns are.

IFS='' read -r -d '' _suture_table <<'END' || :
@TABLE@
END

# Sets value and kinds for an option, or a word's place, of a verb; 1 if it has none.
_suture_find() {
	local v name text
	while IFS=$'\t' read -r v name value kinds text; do
		[ "$v" = "$1" ] || continue
		[ "$name" != "$2" ] || return 0
		[[ $name != [1-9]+ || $2 != [1-9]* || $2 -lt ${name%+} ]] || return 0
	done <<<"$_suture_table"
	value='' kinds=''
	return 1
}

# Lines that begin so. Names come from the system: nothing expands them.
_suture_begin() {
	local line
	while IFS='' read -r line; do
		[[ -z $line || $line != "$1"* ]] || printf '%s\n' "$line"
	done
}

# What a word of these kinds can be, one a line.
_suture_words() {
	local kind
	local -a all
	read -ra all <<<"$2"
	for kind in "${all[@]}"; do
		case $kind in
		=*) echo "${kind#=}" ;;
		target) suture target list 2>/dev/null | sed -n 's/^\(\(kernel\|tree\):[^ ]*\).*/\1/p' ;;
		patch) suture status --json 2>/dev/null | grep -o '"name": *"[^"]*"' | cut -d '"' -f 4 ;;
		verb) cut -f 1,2 <<<"$_suture_table" | sed -n 's/\t-$//p' ;;
		esac
	done | _suture_begin "$1"
}

_suture_files() {
	local kind
	local -a all
	read -ra all <<<"$2"
	for kind in "${all[@]}"; do
		case $kind in
		file) compgen -f -- "$1" ;;
		folder) compgen -d -- "$1" ;;
		\*.*) compgen -f -X "!$kind" -- "$1"; compgen -d -- "$1" ;;
		esac
	done | sort -u
}

# Options of a verb, or the verbs: with what they do where bash only lists them.
_suture_rows() {
	local cur=$1 verb=$2 v name value kinds text
	COMPREPLY=()
	while IFS=$'\t' read -r v name value kinds text; do
		case $cur in
		-*) [[ $v == "$verb" && $name == -?* ]] || continue ;;
		*) [ "$name" = - ] || continue; name=$v ;;
		esac
		[[ $name == "$cur"* ]] || continue
		COMPREPLY+=("$name")
		if [ "${COMP_TYPE:-9}" = 63 ]; then
			[[ $value != [A-Z]* ]] || COMPREPLY[-1]+=" $value"
			COMPREPLY[-1]+="  ($text)"
		fi
	done <<<"$_suture_table"
	# What stands alone is inserted.
	if [ ${#COMPREPLY[@]} = 1 ]; then
		COMPREPLY[0]=${COMPREPLY[0]%% *}
	fi
}

_suture() {
	local before=${COMP_LINE:0:COMP_POINT} i n=1 verb cur option='' value='' kinds='' breaks='' rest
	local -a words
	COMPREPLY=()
	# By blanks: bash's own words end at ':' and '=', too. A backslash keeps a blank.
	# shellcheck disable=SC2162
	IFS=$' \t\n' read -a words <<<"$before"
	[[ $before != *[[:space:]] ]] || words+=('')
	cur=${words[-1]} verb=${words[1]-}
	if [ ${#words[@]} -le 2 ]; then
		_suture_rows "$cur" suture
		return
	fi
	for ((i = 2; i < ${#words[@]} - 1; i++)); do
		case ${words[i]} in
		--) return ;;
		-*) _suture_find "$verb" "${words[i]}" && [[ $value == [A-Z]* ]] && option=${words[i++]} ;;
		*) n=$((n + 1)) ;;
		esac
	done
	if [ "$i" = ${#words[@]} ]; then
		_suture_find "$verb" "$option"
	elif [[ $cur == --*=* ]]; then
		option=${cur%%=*} cur=${cur#*=}
		_suture_find "$verb" "$option"
		[[ $COMP_WORDBREAKS == *=* ]] || rest=$option=
	elif [[ $cur == -* ]]; then
		_suture_rows "$cur" "$verb"
		return
	else
		_suture_find "$verb" "$n"
	fi
	mapfile -t COMPREPLY < <(_suture_words "$cur" "$kinds")
	if [ ${#COMPREPLY[@]} = 0 ]; then
		mapfile -t COMPREPLY < <(_suture_files "$cur" "$kinds")
		[ ${#COMPREPLY[@]} = 0 ] || compopt -o filenames 2>/dev/null
	fi
	# Bash inserts behind the last of its word breaks.
	[[ $COMP_WORDBREAKS != *:* ]] || breaks+=':'
	[[ $COMP_WORDBREAKS != *=* ]] || breaks+='='
	if [[ -n $breaks && $cur == *["$breaks"]* ]]; then
		i=${cur##*["$breaks"]}
		COMPREPLY=("${COMPREPLY[@]:+${COMPREPLY[@]#"${cur%"$i"}"}}")
	elif [ -n "${rest-}" ]; then
		COMPREPLY=("${COMPREPLY[@]/#/$rest}")
	fi
}
complete -F _suture suture
