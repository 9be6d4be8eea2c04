#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# --audit: what was seen is what the kernel counted by itself.

load helpers

setup() {
	needs_observer
	must_see_all
}

# random COUNT [OPTION...]: teardowns; the seed is in what a failed test prints.
random() {
	local count=$1
	shift
	teardowns -n "$count" "$@"
}

# agrees MINIMUM: the counters differ by nothing, and so many resets were there.
agrees() {
	"$TESTS/audited.py" "$OUT/events.out" "$1"
}

@test "audit: all cases, then 10,000 random teardowns from several processes" {
	start --audit
	rstdemo run all --json >/dev/null
	rstdemo run all -6 --json >/dev/null
	random 5000
	random 5000 -6
	stop
	agrees 5000
	grep -q '^audit of netns' "$OUT/events.err"
	grep -qE 'OutRsts +[0-9]+ +[0-9]+' "$OUT/events.err"
}

@test "audit: with -r, as well" {
	start --audit -r
	random 3000
	stop
	agrees 1500
}

@test "audit: neither filters nor lost events play a part" {
	start --audit -P 1 --buffer 64K
	random 2000
	stop
	agrees 1000
	tail -n 1 "$OUT/events.out" | grep -q '"events":0,'
	start --audit --buffer 64K
	# shellcheck disable=SC2154 # of helpers.bash
	kill -STOP "$watcher"
	random 3000
	kill -CONT "$watcher"
	stop
	agrees 1500
	[[ $(tail -n 1 "$OUT/events.out") != *'"lost":0,'* ]]
}

@test "audit: a network namespace of its own, made before and after the start" {
	needs ip
	local early="audit-a$$" late="audit-b$$" name
	ip netns add "$early"
	start --audit
	ip netns add "$late"
	for name in "$early" "$late"; do
		ip -n "$name" link set lo up
		ip netns exec "$name" teardowns -n 500
	done
	stop
	ip netns del "$early"
	ip netns del "$late"
	agrees 500
	python3 - "$OUT/events.out" <<-'END'
		import json, sys
		*_, end = map(json.loads, open(sys.argv[1], encoding="utf-8"))
		inner = [n for n in end["audit"]["netns"]
		         if n["counters"]["TCPAbortOnClose"]["seen"] > 50]
		assert len(inner) >= 2, end["audit"]
	END
}

@test "audit: a recording has it too; a part of one, or an old one, has none" {
	start --audit --write "$OUT/recording"
	random 500
	stop
	rstwatch --read "$OUT/recording" -j --audit >"$OUT/replay.out" \
		2>"$OUT/replay.err"
	cmp "$OUT/events.out" "$OUT/replay.out"
	cmp "$OUT/events.err" "$OUT/replay.err"
	run rstwatch --read "$OUT/recording" --audit -c 3
	[[ $status -eq 1 && $output == *"the recording has no audit"* ]]
	run rstwatch --read "$TESTS/data/v1-demo.rec" --audit
	[[ $status -eq 1 && $output == *"the recording has no audit"* ]]
}
