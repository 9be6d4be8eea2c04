#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# A process that dies: one line for each connection, with what it left unread
# and what killed it.

load helpers

setup() {
	needs_observer
	small=
}

teardown() {
	[[ -z $watcher ]] || kill "$watcher" || true
	[[ -z $small ]] || rmdir "$small"
} 2>/dev/null

# dies HOW...: alone and with 17 connections.
dies() {
	local how
	start
	for how; do
		dying "$how" 1 >>"$OUT/dying"
		dying "$how" 17 >>"$OUT/dying"
	done
	stop
	"$TESTS/dying.py" "$OUT/events.out" "$OUT/dying"
	keeps_contract "$OUT/events.out"
}

@test "exit() is no signal" {
	dies exit thread-exit
}

@test "SIGKILL and SIGTERM from outside" {
	dies kill term
}

@test "SIGSEGV and abort()" {
	dies segv abort
}

@test "with other threads inside a system call" {
	dies thread-kill thread-segv
}

# small_cgroup FILE: makes $small, a memory cgroup of 16 MB.
small_cgroup() {
	local mount file
	mount=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
	file=memory.max
	if ! grep -qw memory "$mount/cgroup.subtree_control" 2>/dev/null; then
		mount=$(awk '$3 == "cgroup" && $4 ~ /memory/ { print $2; exit }' \
			/proc/mounts)
		file=memory.limit_in_bytes
	fi
	[[ -n $mount ]] && mkdir "$mount/rw$BASHPID" 2>/dev/null &&
		small=$mount/rw$BASHPID && echo 16M >"$small/$file"
}

@test "killed for want of memory" {
	small_cgroup || skip "no memory cgroup can be made"
	start
	dying kill >"$OUT/dying"
	dying oom 4 "$small/cgroup.procs" >>"$OUT/dying"
	stop
	"$TESTS/dying.py" "$OUT/events.out" "$OUT/dying"
}
