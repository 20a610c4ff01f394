# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Completion for suture(1). Verbs and options are read from the program's own help, so that
# this file knows neither.

_suture() {
	local cur=${COMP_WORDS[COMP_CWORD]} verb=${COMP_WORDS[1]} words=''

	if [ "$COMP_CWORD" = 1 ]; then
		words=$(suture help 2>/dev/null | sed -n 's/^  \([a-z]*\) .*/\1/p')
	elif [[ $cur == -* ]]; then
		words=$(suture help "$verb" 2>/dev/null | grep -oE -- '--[a-z-]+' | sort -u)
	elif [ "$verb" = target ] && [ "$COMP_CWORD" = 2 ]; then
		words='add list show guard remove'
	elif [ "$verb" = log ] && [ "$COMP_CWORD" = 2 ]; then
		words='verify checkpoint'
	elif [ "$verb" = vm ] && [ "$COMP_CWORD" = 2 ]; then
		words='run shell'
	elif [ "$verb" = target ] || { [ "$verb" = vm ] && [ "$COMP_CWORD" = 3 ]; } || [[ ${COMP_WORDS[COMP_CWORD - 1]} =~ ^(-t|--target|-k|--kernel)$ ]]; then
		words=$(suture target list 2>/dev/null | grep -oE '^kernel:[^ ]+')
	elif [ "$verb" = help ]; then
		words=$(suture help 2>/dev/null | sed -n 's/^  \([a-z]*\) .*/\1/p')
	fi
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
	if [ ${#COMPREPLY[@]} = 0 ]; then
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
	fi
}
COMP_WORDBREAKS=${COMP_WORDBREAKS//:/}
complete -o filenames -F _suture suture
