#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# --summary, SIGUSR1, --interval and --limit.

# shellcheck disable=SC2016 # commands in quotes are expanded by inner shells
# shellcheck disable=SC2154 # run and start set variables

load helpers

setup() {
	needs_observer
}

# probes COUNT: so many connection attempts to a port where nobody listens.
probes='import socket, sys
for _ in range(int(sys.argv[1])):
    socket.socket().connect_ex(("127.0.0.1", 1))'

# records TYPE: how many there are in $OUT/events.out.
records() {
	grep -c "\"type\":\"$1\"" "$OUT/events.out"
}

@test "--summary: by cause and process, at the end" {
	rstwatch -j --summary -o "$OUT/events.out" -- sh -c \
		'named one; named two; named one' >/dev/null 2>&1 3>&-
	keeps_contract "$OUT/events.out"
	[[ $(records summary) -eq 1 && $(records teardown) -eq 6 ]]
	python3 - "$OUT/events.out" <<-'END'
		import json, sys
		records = [json.loads(line) for line in open(sys.argv[1])]
		summary, end = records[-2:]
		rows = {(r["comm"], r["cause"]): r for r in summary["rows"]}
		assert rows["one", "linger-zero"]["events"] == 2, rows
		assert rows["one", "linger-zero"]["pid"] is None, rows
		assert rows["two", "linger-zero"]["pid"] > 0, rows
		assert summary["counts"] == end["counts"], (summary, end)
		assert summary["remotes"][0]["address"] == "127.0.0.1"
		assert summary["remotes"][0]["events"] == 6
	END
	rstwatch --summary -o "$OUT/table" -- named three >/dev/null 2>&1 3>&-
	grep -qE ' three +linger-zero$' "$OUT/table"
}

@test "SIGUSR1: the summary now, and on it goes" {
	start --summary
	named first >/dev/null
	sleep 0.1
	kill -USR1 "$watcher"
	until_true grep -q '"type":"summary"' "$OUT/events.out"
	named second >/dev/null
	stop
	keeps_contract "$OUT/events.out"
	[[ $(records summary) -eq 2 ]]
	grep '"type":"summary"' "$OUT/events.out" >"$OUT/summaries"
	head -n 1 "$OUT/summaries" | grep -q '"comm":"first"'
	[[ $(head -n 1 "$OUT/summaries") != *'"comm":"second"'* ]]
	tail -n 1 "$OUT/summaries" | grep -q '"comm":"first".*"comm":"second"' ||
		tail -n 1 "$OUT/summaries" |
		grep -q '"comm":"second".*"comm":"first"'
}

@test "SIGUSR1 without --summary: the totals on stderr" {
	start
	named totals >/dev/null
	sleep 0.1
	kill -USR1 "$watcher"
	until_true grep -q 'linger-zero' "$OUT/events.err"
	kill -0 "$watcher"
	stop
	keeps_contract "$OUT/events.out"
	[[ $(records summary) -eq 0 ]]
}

@test "--interval: sums instead of events, nothing twice and nothing lost" {
	rstwatch -j --interval 0.3 --summary -o "$OUT/events.out" -- sh -c '
		for i in 1 2 3; do named each; sleep 0.35; done' \
		>/dev/null 2>&1 3>&-
	keeps_contract "$OUT/events.out"
	[[ $(records teardown) -eq 0 ]]
	python3 - "$OUT/events.out" <<-'END'
		import json, sys
		records = [json.loads(line) for line in open(sys.argv[1])]
		*parts, total = [r for r in records if r["type"] == "summary"]
		assert len(parts) >= 3, len(parts)
		assert sum(p["sums"]["events"] for p in parts) == 6
		assert total["sums"]["events"] == records[-1]["events"] == 6
		assert [a["time"] for a in parts[:-1]] == \
		    [b["since"] for b in parts[1:]]
	END
}

@test "--limit: a storm of probes is held back and counted, the rest is shown" {
	rstwatch -j --limit 5 -o "$OUT/events.out" -- sh -c '
		python3 -c "$1" 3000; named rest' _ "$probes" >/dev/null 2>&1 3>&-
	keeps_contract "$OUT/events.out"
	python3 - "$OUT/events.out" <<-'END'
		import json, sys
		records = [json.loads(line) for line in open(sys.argv[1])]
		shown = [r for r in records if r["type"] == "teardown"]
		end = records[-1]
		refused = [r for r in shown if r["cause"] == "refused"]
		seconds = {r["ktime_ns"] // 10**9 for r in refused}
		assert end["counts"]["refused"] == 3000, end
		assert len(refused) <= 5 * len(seconds), len(refused)
		assert sum(r["cause"] == "linger-zero" for r in shown) == 1
		assert len(shown) == end["events"]
		assert end["events"] + end["held"] + end["lost"] == \
		    sum(end["counts"].values()), end
		assert end["held"] > 2000, end
	END
	# no owner of an event that was not shown
	[[ $(records owner) -eq 0 ]]
}

@test "--limit: the table says what was held back" {
	rstwatch --limit 5 -o "$OUT/table" -- python3 -c "$probes" 3000 \
		>/dev/null 2>"$OUT/err" 3>&-
	grep -E '^\.\.\. [0-9,]+ more refused from 127\.0\.0\.0/24' "$OUT/table"
	grep -q 'held back' "$OUT/err"
	python3 - "$OUT/table" <<-'END'
		import sys
		lines = open(sys.argv[1]).read().splitlines()
		held = sum(int(line.split()[1].replace(",", ""))
		           for line in lines if line.startswith("..."))
		shown = sum(line.endswith("refused") for line in lines)
		assert held + shown == 3000, (held, shown)
	END
}

@test "--limit: on for a table on a terminal, off elsewhere" {
	needs script
	script -qec "rstwatch -- python3 -c '$probes' 3000" "$OUT/typescript" \
		>/dev/null 2>&1 3>&- </dev/null
	grep -q 'more refused from' "$OUT/typescript"
	rstwatch -o "$OUT/table" -- python3 -c "$probes" 300 >/dev/null 2>&1 3>&-
	[[ $(grep -c 'refused$' "$OUT/table") -eq 300 ]]
}

@test "--fail-on sees what --limit holds back" {
	run rstwatch -j --limit 1 -o "$OUT/events.out" --fail-on rst -- \
		python3 -c "$probes" 50 3>&-
	[[ $status -eq 1 && $output == *"seen: 50 rst"* ]]
}
