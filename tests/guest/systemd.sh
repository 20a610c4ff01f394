#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What tests/suites/systemd runs in the switched root, below systemd.
say() { echo "$1 ${*:2}"; }
state() { systemctl show -P ActiveState -P SubState sutured | tr '\n' ' ' | sed 's/ $//'; }
until systemctl is-system-running --wait >/dev/null 2>&1 || [ "$(systemctl is-system-running)" = degraded ]; do sleep 0.5; done
say first "$(cat /proc/1/comm)"
say system "$(systemctl is-system-running)"
systemctl start sutured || journalctl -u sutured --no-pager | tail -n 20
say sutured "$(state)"
suture apply /srv/used.suture >/tmp/said 2>&1; say apply $? ; sed 's/^/  | /' /tmp/said
suture confirm meminfo_used >/tmp/said 2>&1; say confirm $?; sed 's/^/  | /' /tmp/said
sleep 3
say watched "$(suture status --json | grep -c '"proof"')"
kill -9 "$(systemctl show -P MainPID sutured)"
for ((i = 0; i < 60; i++)); do sleep 1; case $(state) in active*) break ;; esac; done
say again "$(state)"
suture revert meminfo_used >/tmp/said 2>&1; say revert $?; sed 's/^/  | /' /tmp/said
# To sleep by: no program can be started then.
mkfifo /tmp/never && exec 9<>/tmp/never
# The manager is killed as soon as the patch is there.
suture apply --confirm-within 15s /srv/broken.suture >/tmp/said 2>&1 &
opens() { { : </etc/hostname; } 2>/dev/null; }
for ((i = 0; i < 3000; i++)); do opens || break; read -rt 0.02 -u 9; done
opens || broken=yes
kill -9 $!
for ((i = 0; i < 600; i++)); do opens && break; read -rt 0.2 -u 9; done
for ((i = 0; i < 600; i++)); do [ -d /sys/module/suture_broken_open ] || break; suture status >/tmp/said 2>&1; sleep 1; done
opens && say open "${broken:+broken, and }works"
say guard "$(dmesg | grep -c 'suture_guard: suture_broken_open: taken back')"
[ -e /sys/kernel/livepatch/suture_broken_open ]; say gone $?
suture status >/dev/null 2>&1
say ledger "$(suture log --patch broken_open | grep -o 'rolled back' | tail -n 1)"
say still "$(state)"
echo end
