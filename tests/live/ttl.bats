#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# --ttl on this machine's own kernel. What fentry and kprobe see with it is
# tested in VMs (tests/matrix-ttl); here it is told, or said not to be seen.

bats_require_minimum_version 1.5.0
load helpers

setup() {
	needs_observer
	must_see_all
	needs inject
}

# sees_hops: this run shows them.
sees_hops() {
	head -n 1 "$OUT/events.out" | grep -q '"tcp_init_transfer"'
}

# teardowns PATTERN: a teardown record has it, in a moment.
teardowns() {
	until_true grep -q "\"type\":\"teardown\".*$1" "$OUT/events.out"
}

@test "--ttl: a RST from elsewhere is suspect, or it says that this is not seen" {
	local port suspect=null after=null
	start --ttl -r
	if sees_hops; then
		suspect=true after=true
	else
		head -n 1 "$OUT/events.out" |
			grep -q '"[a-z_]*: suspect_injected is null'
	fi
	port=$(inject reset 9)
	teardowns "\"reset-by-peer\".*\"local\":{[^}]*\"port\":$port}.*\"suspect_injected\":$suspect,"
	teardowns "\"no-socket\".*\"local\":{[^}]*\"port\":$port}.*\"after_suspect\":$after}.*\"owner\":{[^}]*\"comm\":\"inject\""
	port=$(inject reset 64)
	[[ $suspect == null ]] || suspect=false
	teardowns "\"reset-by-peer\".*\"local\":{[^}]*\"port\":$port}.*\"suspect_injected\":$suspect,"
	teardowns "\"no-socket\".*\"local\":{[^}]*\"port\":$port}.*\"after_suspect\":null}"
	stop
}

@test "--ttl: RSTs that end a minisock are counted, or that is not seen" {
	local counts=null
	start --ttl
	if head -n 1 "$OUT/events.out" | grep -q '"tcp_timewait_state_process"'
	then
		counts='{"time_wait":1,"fin_wait2":1}'
	else
		head -n 1 "$OUT/events.out" |
			grep -q '"tcp_timewait_state_process: RSTs'
	fi
	inject time-wait
	inject fin-wait2
	stop
	tail -n 1 "$OUT/events.out" | grep -qF "\"minisock_resets\":$counts,"
}

@test "without --ttl nothing is attached for it, and all of it is null" {
	start -r
	inject reset 9
	teardowns '"reset-by-peer"'
	stop
	run ! grep -q 'tcp_init_transfer\|tcp_timewait\|"hop_limit":{\|"suspect_injected":[tf]' \
		"$OUT/events.out"
	tail -n 1 "$OUT/events.out" | grep -q '"minisock_resets":null,'
}

@test "--check --ttl says what is lost of it" {
	rstwatch --check --ttl -j >"$OUT/check"
	rstwatch --check -j >"$OUT/plain"
	run ! grep -q 'suspect_injected' "$OUT/plain"
	grep -q '"tcp_init_transfer"' "$OUT/check"
	rstwatch --ttl -d 0.1 >"$OUT/table" 2>"$OUT/notice"
	if grep -q 'suspect_injected' "$OUT/check"; then
		grep -q 'not seen here: .*suspect_injected' "$OUT/notice"
	fi
}
