#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# What rstdemo and churn do is what rstwatch reports, on this kernel.

bats_require_minimum_version 1.5.0
load helpers

setup() {
	needs_observer
	must_see_all
}

# matched DEMO...: every case as expected.
matched() {
	"$TESTS/match.py" --quiet "$OUT/events.out" "$@"
}

@test "every case of rstdemo, IPv4" {
	start
	rstdemo run all --json >"$OUT/demo"
	stop
	matched "$OUT/demo"
	# the table of make demo
	"$TESTS/match.py" "$OUT/events.out" "$OUT/demo" >"$OUT/table"
	grep -q '^unread-data  *rst> unread-data; .*= rst> unread-data; ' \
		"$OUT/table"
	run ! grep -E '^.{121}' "$OUT/table"
}

@test "every case of rstdemo, IPv6" {
	start
	rstdemo run all -6 --json >"$OUT/demo"
	stop
	matched "$OUT/demo"
}

@test "sockets whose memory is used again at once" {
	start
	churn -n 3000 reuse >"$OUT/v4"
	churn -6 -n 3000 reuse >"$OUT/v6"
	stop
	matched "$OUT/v4" "$OUT/v6"
}

@test "two threads close, write and shut down one socket" {
	start
	churn -n 1000 two-threads >"$OUT/v4"
	churn -6 -n 1000 two-threads >"$OUT/v6"
	stop
	matched "$OUT/v4" "$OUT/v6"
}

@test "data that arrives while close() waits for the lock" {
	start
	churn -n 2000 close-race >"$OUT/v4"
	churn -6 -n 2000 close-race >"$OUT/v6"
	stop
	matched "$OUT/v4" "$OUT/v6"
}

# In a network namespace of its own nobody else resets connections.
@test "resets reported, counted by the kernel and on the wire are the same" {
	needs unshare ip
	unshare -n true || skip "no network namespace of its own"
	start
	# shellcheck disable=SC2016 # expanded by the inner shell
	OUT=$OUT unshare -n bash -euc '
		ip link set lo up
		stat -L -c %i /proc/self/ns/net >"$OUT/netns"
		rstwire >"$OUT/wire.ndjson" 3>&- &
		wire=$!
		until [[ -s $OUT/wire.ndjson ]]; do sleep 0.05; done
		cat /proc/net/snmp >"$OUT/snmp0"
		cat /proc/net/netstat >"$OUT/netstat0"
		rstdemo run all --json >"$OUT/a.demo" || true
		churn -n 2000 reuse >"$OUT/b.demo"
		churn -n 2000 two-threads >"$OUT/c.demo"
		churn -n 2000 close-race >"$OUT/d.demo"
		sleep 0.2
		cat /proc/net/snmp >"$OUT/snmp1"
		cat /proc/net/netstat >"$OUT/netstat1"
		kill -INT $wire
		wait $wire'
	stop
	"$TESTS/audit.py" "$OUT" "$OUT/events.out"
}

@test "nc -l and a client with linger zero: [R.] on the wire" {
	needs nc tcpdump
	local port=18765 dump
	start -P $port
	tcpdump -i lo -n -l --immediate-mode "tcp port $port" \
		>"$OUT/dump" 2>"$OUT/dump.err" 3>&- &
	dump=$!
	until_true grep -q 'listening on' "$OUT/dump.err"
	nc -l 127.0.0.1 $port >/dev/null </dev/null 3>&- &
	until_true bash -c "ss -ltn | grep -q 127.0.0.1:$port"
	rstdemo run linger-zero --connect 127.0.0.1:$port
	until_true grep -q 'Flags \[R\.\]' "$OUT/dump"
	kill $dump
	stop
	[[ $(field cause | sort) == $'linger-zero\nreset-by-peer' ]]
	[[ $(field verdict) == $'rst\nrst' ]]
	[[ $(grep -c 'Flags \[R' "$OUT/dump") -eq 1 ]]
}

@test "two at once see the same" {
	start_as second -j
	second=$watcher
	start
	churn -n 200 reuse >"$OUT/demo"
	stop
	watcher=$second
	stop
	"$TESTS/match.py" --quiet "$OUT/events.out" "$OUT/demo"
	"$TESTS/match.py" --quiet "$OUT/second.out" "$OUT/demo"
}

# With -r alone other hooks may tell of close() than without it.
@test "the same with -r: every case, and what races with a close()" {
	start -r
	rstdemo run all --json >"$OUT/demo"
	rstdemo run all -6 --json >"$OUT/demo6"
	churn -n 1000 close-race >"$OUT/race4"
	churn -6 -n 1000 close-race >"$OUT/race6"
	churn -n 1000 reuse >"$OUT/reuse"
	churn -n 1000 two-threads >"$OUT/threads"
	stop
	"$TESTS/match.py" --quiet --resets "$OUT/events.out" "$OUT"/demo* \
		"$OUT"/race? "$OUT/reuse" "$OUT/threads"
}
