# SPDX-License-Identifier: GPL-2.0-or-later
# zsh -f complete.zsh FOLDER LINE...: what an interactive zsh, with FOLDER/_suture, offers for
# each line: the line, a tab, and a word.
zmodload zsh/zpty || exit 1
folder=$1
shift
zpty shell TERM=dumb zsh -f -i
cat >$folder/start.zsh <<'END'
PS1=
stty -echo
fpath=(${0:h} $fpath)
autoload -Uz compinit
compinit -D -u
LISTMAX=10000
unsetopt beep
# Before a listing: each match on a line.
compadd() {
	local -a hits
	if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then
		builtin compadd "$@"
		return
	fi
	builtin compadd -A hits "$@"
	(( $#hits )) && print -rl -- "<"$^hits">"
	builtin compadd "$@"
}
offer() { zle complete-word; BUFFER=; print "<END>" }
zle -N offer
bindkey "^T" offer
print READY
END
zpty -w shell "source ${(q)folder}/start.zsh"
zpty -r shell said '*READY*' || exit 1
for line; do
	zpty -n -w shell $line$'\C-T'
	while zpty -r shell said; do
		[[ $said != *'<END>'* ]] || break
		[[ $said != *'<'*'>'* ]] || print -r -- $line$'\t'${${said#*<}%>*}
	done
done
zpty -d shell
