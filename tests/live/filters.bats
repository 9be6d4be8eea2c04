#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Options that choose which events are shown, and when to end.

bats_require_minimum_version 1.5.0
load helpers

setup() {
	needs_observer
	# for churn -p: whoever else runs tests has others
	port=$((2000 + RANDOM % 7000))
}

@test "-P: either port" {
	start -P $((port + 1)),$((port + 3))
	churn -p "$port" -n 6 reuse >"$OUT/demo"
	stop
	paste <(field local.port) <(field remote.port) >"$OUT/ports"
	run ! grep -vwE "$((port + 1))|$((port + 3))" "$OUT/ports"
	grep -qw $((port + 1)) <(field local.port)
	grep -qw $((port + 1)) <(field remote.port)
	grep -qw $((port + 3)) <(field remote.port)
}

@test "-L: local port" {
	start -L $((port + 2))
	churn -p "$port" -n 6 reuse >"$OUT/demo"
	stop
	[[ $(field local.port | sort -u) == $((port + 2)) ]]
}

@test "-D: remote port" {
	start -D $((port + 2))
	churn -p "$port" -n 6 reuse >"$OUT/demo"
	stop
	[[ $(field remote.port | sort -u) == $((port + 2)) ]]
}

@test "-4" {
	start -4 -P "$port",$((port + 1))
	churn -p "$port" -n 2 reuse >"$OUT/demo"
	churn -6 -p "$port" -n 2 reuse >"$OUT/demo6"
	stop
	[[ $(field family | sort -u) == ipv4 ]]
}

@test "-6" {
	start -6 -P "$port",$((port + 1))
	churn -p "$port" -n 2 reuse >"$OUT/demo"
	churn -6 -p "$port" -n 2 reuse >"$OUT/demo6"
	stop
	[[ $(field family | sort -u) == ipv6 ]]
}

@test "-r: resets only, and all of them" {
	start -r
	churn -p "$port" -n 300 reuse >"$OUT/demo"
	stop
	[[ $(field verdict | sort -u) == rst ]]
	[[ $(field direction | sort -u) == $'received\nsent' ]]
	# three of six ways end by one reset sent, one by a reset after the FIN
	want=$(python3 -c '
import json, sys
print(sum(event["verdict"] == "rst" for line in open(sys.argv[1])
          for end in json.loads(line)["ends"]
          for event in end.get("expect") or end["either"][0]))' "$OUT/demo")
	have=$(field remote.port | wc -l)
	echo "want $want, have $have"
	[[ $have -ge $want ]]
}

@test "--cause" {
	start --cause linger-zero,disconnect -P "$(seq -s, "$port" $((port + 59)))"
	churn -p "$port" -n 60 reuse >"$OUT/demo"
	stop
	[[ $(field cause | sort -u) == $'disconnect\nlinger-zero' ]]
}

@test "-p: a process, its own teardowns and nothing else" {
	mkfifo "$OUT/go"
	# shellcheck disable=SC2016 # expanded by the inner shell
	bash -c 'read -r _ <"$1"; exec churn -n 30 reuse' _ "$OUT/go" \
		>"$OUT/demo" 3>&- &
	local pid=$!
	start -p "$pid"
	churn -p "$port" -n 30 two-threads >/dev/null
	echo go >"$OUT/go"
	wait "$pid"
	stop
	[[ $(field actor.pid | grep -v None | sort -u) == "$pid" ]]
	[[ $(field local.port | wc -l) -gt 30 ]]
}

@test "-c: ends after so many events" {
	start -c 3
	churn -p "$port" -n 20 reuse >"$OUT/demo"
	local pid=$watcher
	watcher=
	wait "$pid"
	[[ $(field cause | wc -l) -eq 3 ]]
}

@test "-d: ends after so many seconds" {
	local begin=$EPOCHREALTIME end
	rstwatch -j -d 1 >"$OUT/events.out"
	end=$EPOCHREALTIME
	python3 -c "assert 1 <= $end - $begin < 6, $end - $begin"
}
