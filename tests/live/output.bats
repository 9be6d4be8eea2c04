#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# What comes out, and how it ends: pipes, signals, hostile names.

load helpers

setup() {
	needs_observer
	# for churn -p: whoever else runs tests has others
	port=$((2000 + RANDOM % 7000))
}

# names_process BYTES: a process of that name resets a connection.
hostile() {
	local bytes=$1
	start_as table -w -v
	local table=$watcher
	start
	named "$bytes" >"$OUT/port"
	stop
	watcher=$table
	stop
	grep -q "\"port\":$(<"$OUT/port")" "$OUT/events.out"
	python3 - "$OUT/table.out" "$OUT/table.err" <<-'END'
		import sys
		for path in sys.argv[1:]:
		    text = open(path, "rb").read().decode("utf-8")
		    bad = [c for c in text if c != "\n" and not c.isprintable()]
		    assert not bad, (path, bad)
	END
	# one event, one line: a newline in a name makes no second one
	[[ $(grep -c "linger-zero" "$OUT/table.out") -ge 1 ]]
}

@test "a name with escape sequences" {
	hostile $'\e[31mred\e]0;x\a'
}

@test "a name with newlines" {
	hostile $'a\nb\r\tc'
}

@test "a name that is no UTF-8" {
	hostile $'\xff\xfe\xc3(\xe2\x82'
}

@test "a name with quotes, backslashes and C1 controls" {
	hostile $'"\\\\"\xc2\x9b31m\x7f'
}

@test "a name cut in the middle of a character" {
	hostile 'aaaaaaaaaaaaaaü'
}

@test "a line in a pipe is there within 200 ms" {
	python3 - <<-'END'
		import json, select, subprocess, time
		watch = subprocess.Popen(["rstwatch", "-j"], bufsize=0,
		                         stdout=subprocess.PIPE,
		                         stderr=subprocess.DEVNULL)
		text = b""

		def next_record():
		    global text
		    while b"\n" not in text:
		        assert select.select([watch.stdout], [], [], 10)[0], "no line"
		        text += watch.stdout.read(65536)
		    line, text = text.split(b"\n", 1)
		    return json.loads(line)

		try:
		    assert next_record()["type"] == "start"
		    times = []
		    for attempt in range(5):
		        port = int(subprocess.check_output(["named", "pipe"]))
		        record = next_record()
		        while record["type"] != "teardown" or \
		                record["local"]["port"] != port:
		            record = next_record()
		        late = time.clock_gettime(time.CLOCK_MONOTONIC) - \
		            record["ktime_ns"] / 1e9
		        print(f"{late * 1000:.0f} ms")
		        times.append(late)
		    # the others waited for a processor: this machine is shared
		    assert min(times) < 0.2, times
		finally:
		    watch.terminate()
		    watch.wait()
	END
}

@test "a reader that goes away: exit 0, quiet" {
	mkfifo "$OUT/pipe"
	rstwatch -j >"$OUT/pipe" 2>"$OUT/err" 3>&- &
	watcher=$!
	head -n 1 <"$OUT/pipe" >"$OUT/first"
	grep -q '"type":"start"' "$OUT/first"
	churn -n 50 reuse >/dev/null
	local pid=$watcher
	watcher=
	wait "$pid"
	[[ ! -s $OUT/err ]]
}

@test "a full disk: exit 1, one line" {
	[[ -c /dev/full ]] || skip "no /dev/full"
	run bash -c 'rstwatch -j -d 1 2>&1 >/dev/full | grep -v events:'
	[[ ${#lines[@]} -ge 1 && ${lines[0]} == rstwatch:* ]]
	run bash -c 'rstwatch -j -d 1 >/dev/full 2>/dev/null'
	[[ $status -eq 1 ]]
}

# ends_on SIGNAL: a whole end, with summary.
ends_on() {
	start
	churn -n 20 reuse >/dev/null
	stop "$1"
	grep -q 'linger-zero' "$OUT/events.err"
	tail -n 1 "$OUT/events.out" | grep -q '"type":"end"'
}

@test "SIGINT" {
	ends_on INT
}

@test "SIGTERM" {
	ends_on TERM
}

@test "the table: heading first, one line an event" {
	start_as table -P "$port"
	churn -p "$port" -n 1 reuse >/dev/null
	stop
	head -n 1 "$OUT/table.out" | grep -qi 'cause'
	[[ $(grep -cw "$port" "$OUT/table.out") -eq 2 ]]
}

@test "-T and -t: a column for the time" {
	start_as table -T -P "$port"
	churn -p "$port" -n 1 reuse >/dev/null
	stop
	tail -n 1 "$OUT/table.out" | grep -qE '[0-9]{2}:[0-9]{2}:[0-9]{2}'
	start_as table -t -P "$port"
	churn -p "$port" -n 1 reuse >/dev/null
	stop
	tail -n 1 "$OUT/table.out" | grep -qE '^ *[0-9]+\.[0-9]+'
}

@test "a pipe that nobody reads: INT ends the run, exit 1, one line" {
	needs_observer
	mkfifo "$OUT/pipe"
	exec 4<>"$OUT/pipe" # there is a reader, which takes the first line alone
	rstwatch -j >"$OUT/pipe" 2>"$OUT/err" 3>&- 4>&- &
	watcher=$!
	read -r -t 10 _ <&4
	churn -n 200 reuse >/dev/null # more than a pipe holds
	kill -INT "$watcher"
	status=0
	wait "$watcher" || status=$?
	watcher=
	exec 4>&-
	[[ $status -eq 1 ]]
	grep -q '^rstwatch: writing the output failed: nobody reads it' "$OUT/err"
}
