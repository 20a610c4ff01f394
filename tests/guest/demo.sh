#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The part of the demo that runs in the guest: one line a phase, status 0 if each was as expected.
module=$1
calls=200
sysfs=/sys/kernel/livepatch/$module
failed=0

# phase NAME REPRODUCER'S_STATUS PROOF_STATE: run the reproducer and ask for the proof.
phase() {
	name=$1 expect=$2 state=$3
	suture verify --ask /run/proof mark || failed=1
	said='not called'
	if [ "$expect" != none ]; then
		said=$(reproducer /tmp/file "$calls")
		[ $? = "$expect" ] || said="$said (FAILED: expected status $expect)"
	fi
	suture verify --ask /run/proof read --require "$state" >/tmp/read
	got=$?
	printf '%-10s %s\n' "$name" "${said#write hint on an immutable file, }"
	# The table's columns: function, state, text, registered, new, old, missed.
	sed -n '2,$s/  */ /gp' /tmp/read | sed 's/ not patched / not-patched /; s/ in place / in-place /' |
		while read -r function became text registered new old missed rest; do
			printf '           %-12s %-12s redirected %-3s by livepatch %-3s  new %3s  old %3s  missed %s%s\n' \
				"$function" "$became" "$text" "$registered" "$new" "$old" "$missed" "$rest"
		done
	case $got$said in 0*FAILED* | [1-9]*) failed=1 ;; esac
	[ "$got" = 0 ] || echo "           FAILED: the proof should say $state"
}

# until FILE WORD: the kernel says so, within ten seconds.
until_is() {
	tries=100
	while [ "$(cat "$1" 2>/dev/null)" != "$2" ]; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || return 1
		usleep 100000
	done
}

# shellcheck disable=SC2046 # one word for each option
suture verify --session /run/proof --patch "$module" $(cat /demo/functions) || exit 1
phase before 1 not-patched

insmod "/demo/$module.ko" && until_is "$sysfs/transition" 0 || exit 1
suture verify --ask /run/proof attach-new || exit 1
phase patched 0 exercised
phase idle none in-place

echo 0 >"$sysfs/enabled"
tries=100
while [ -e "$sysfs" ] && [ $tries -gt 0 ]; do
	tries=$((tries - 1))
	usleep 100000
done
[ ! -e "$sysfs" ] || failed=1
phase reverted 1 not-patched
suture verify --ask /run/proof quit
rmmod "$module" && ! grep -q "^$module " /proc/modules || failed=1
exit $failed
