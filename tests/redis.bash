# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# A distro's redis-server, stripped, as installed, in a root of its own, while 50 clients write and
# read. For suites, after tap.bash; ends the test where it can't be had. Gives $target, $root, $old,
# $new, the $fixes between both, $pid of the server, $jail, cli, info and works.

package=redis-server port=${PORT:-16380}
old=${OLD_SERVER:-5:7.0.15-1~deb12u7} target=deb:$package=$old
if [ "$(id -u)" != 0 ]; then
	echo '1..0 # SKIP only root may change other processes'
	exit 0
fi
pids=()
trap 'kill -9 "${pids[@]}" 2>/dev/null; rm -rf "$place"' EXIT
export SUTURE_STATE=$place/state SUTURE_TRUST=$place/trust
mkdir -p "$place/trust" "$place/fixes" "$place/jail/usr/bin"
printf 'schema: suture-policy/1\nsignature: optional\n' >"$place/trust/policy.yaml"
if ! "$suture" target show "$target" >/dev/null 2>&1 && ! "$suture" target add "$target" >"$place/add" 2>&1; then
	echo "1..0 # SKIP $target can't be had: $(tail -n 1 "$place/add")"
	exit 0
fi
new=${NEW_SERVER:-$(scripts/derive-package-fixes --versions "$package" "$old" | tail -n 1)}
if [ "$new" = "$old" ] || ! scripts/derive-package-fixes "$package" "$old" "$new" "$place/fixes" 2>"$place/add"; then
	echo "1..0 # SKIP no fixes from $old to $new: $(tail -n 1 "$place/add")"
	exit 0
fi
fixes=("$place"/fixes/*.patch)
echo "# ${#fixes[@]} fixes from $old to $new"

# --- the server, and who uses it ------------------------------------------------------------------

root=$("$suture" target show --json "$target" | jq -re .path)
jail=$place/jail
server=$(find "$root/shipped" -type f -name redis-check-rdb) # the server is a link to it
cp "$server" "$jail/usr/bin/redis-server"
cp "$(dirname "$server")"/redis-{cli,benchmark} "$jail/usr/bin/"
scripts/jail "$jail" "$root/root" || exit 1
cli() { chroot "$jail" /usr/bin/redis-cli -p "$port" "$@"; }
info() { cli info "$1" | tr -d '\r' | sed -n "s/^$2[:=]//p"; } # SECTION FIELD

chroot "$jail" /usr/bin/redis-server --port "$port" --save '' --enable-debug-command yes --io-threads 3 --io-threads-do-reads yes >"$place/server" 2>&1 &
pid=$!
pids+=("$pid")
disown
for _ in {1..100}; do [ "$(cli ping 2>/dev/null)" = PONG ] && break; sleep 0.1; done
cli debug set-skip-checksum-validation 1 >/dev/null
# One run that never ends keeps its connections, and ends at the first error.
for what in set get; do
	chroot "$jail" /usr/bin/redis-benchmark -p "$port" -c 25 -t "$what" -n 2000000000 -r 100000 -q >"$place/$what" 2>&1 &
	pids+=($!)
	disown
done
clients() { cli client list | awk '/ cmd=(set|get) / { print $1 }' | sort; }
for _ in {1..100}; do [ "$(clients | wc -l)" = 50 ] && break; sleep 0.1; done
clients >"$place/clients"
check 'fifty clients write and read' [ "$(wc -l <"$place/clients")" = 50 ]
works() { # the same clients are there, and go on
	local before after
	before=$(info stats total_commands_processed)
	sleep 0.3
	after=$(info stats total_commands_processed)
	[ "$((after - before))" -gt 100 ] || { echo "only $((after - before)) commands in 0.3 s"; return 1; }
	clients | diff "$place/clients" - || { echo 'a client was dropped'; return 1; }
}
