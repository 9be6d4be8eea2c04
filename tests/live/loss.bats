#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Nothing is lost in silence: events + lost = counted.

load helpers

setup() {
	needs_observer
}

# adds_up [lost]: printed and lost are what was counted; with "lost", some were.
adds_up() {
	python3 - "$OUT/events.out" "${1:-}" <<-'END'
		import json, sys
		with open(sys.argv[1], encoding="utf-8") as lines:
		    records = [json.loads(line) for line in lines]
		end = records[-1]
		assert end["type"] == "end", end
		printed = sum(r["type"] == "teardown" for r in records)
		counted = sum(end["counts"].values())
		print(f"printed {printed}, lost {end['lost']}, counted {counted}")
		assert printed == end["events"]
		assert printed + end["lost"] == counted > 1000
		assert sum(end["lost_counts"].values()) == end["lost"]
		assert end["lost"] or sys.argv[2] != "lost"
		assert end["audit"]["unexplained"] == 0, end["audit"]
	END
}

@test "loss: the reader is stopped for 3 s under churn" {
	start --buffer 256K
	kill -STOP "$watcher"
	local end=$((SECONDS + 3))
	while ((SECONDS < end)); do
		teardowns -n 1000 >/dev/null
	done
	kill -CONT "$watcher"
	teardowns -n 500 >/dev/null
	stop
	adds_up lost
	grep -q 'a larger --buffer helps' "$OUT/events.err"
}

@test "loss: a buffer of 64 KiB under churn" {
	start --buffer 64K
	teardowns -n 5000 -j 8 >/dev/null
	stop
	adds_up
}

@test "loss: the default buffer loses nothing of 5,000 teardowns to a file" {
	start
	teardowns -n 5000 >/dev/null
	stop
	adds_up
	tail -n 1 "$OUT/events.out" | grep -q '"lost":0,'
}

@test "loss: a pipe that nobody reads: the kernel counts on, INT ends the run" {
	python3 - "$OUT/blocked.err" <<-'END'
		import os, re, signal, subprocess, sys, time
		reader, writer = os.pipe()
		with open(sys.argv[1], "w") as err:
		    watch = subprocess.Popen(["rstwatch", "-j"], stdout=writer,
		                             stderr=err)
		os.close(writer)
		try:
		    assert os.read(reader, 100)  # it observes
		    subprocess.check_call(["teardowns", "-n", "3000"],
		                          stdout=subprocess.DEVNULL)
		    watch.send_signal(signal.SIGINT)
		    assert watch.wait(10) == 1
		finally:
		    watch.kill()
		text = open(sys.argv[1]).read()
		assert "rstwatch: writing the output failed: nobody reads it" in text
		assert int(re.search(r"^(\d+) events:", text, re.M)[1]) > 3000, text
	END
}

@test "loss: a pipe that is read slowly gets everything, also after INT" {
	python3 - "$OUT/events.out" <<-'END'
		import signal, subprocess, sys, time
		watch = subprocess.Popen(["rstwatch", "-j"], bufsize=0,
		                         stdout=subprocess.PIPE,
		                         stderr=subprocess.DEVNULL)
		try:
		    text = watch.stdout.read(100)
		    subprocess.check_call(["teardowns", "-n", "1500"],
		                          stdout=subprocess.DEVNULL)
		    watch.send_signal(signal.SIGINT)
		    while some := watch.stdout.read(32768):
		        text += some
		        time.sleep(0.02)
		    assert watch.wait(10) == 0
		finally:
		    watch.kill()
		with open(sys.argv[1], "wb") as file:
		    file.write(text)
	END
	adds_up
}

@test "loss: a full disk under --write: exit 1, a line that says so, all counted" {
	needs mount
	mkdir "$OUT/small"
	mount -t tmpfs -o size=64k tmpfs "$OUT/small" || skip "no tmpfs here"
	rstwatch --write "$OUT/small/recording" --print -j >"$OUT/events.out" \
		2>"$OUT/events.err" 3>&- &
	watcher=$!
	until_true test -s "$OUT/events.out"
	teardowns -n 5000 >/dev/null
	run wait "$watcher"
	watcher=
	umount "$OUT/small"
	grep -q '^rstwatch: writing .*No space left' "$OUT/events.err"
	[[ $status -eq 1 ]]
}

@test "loss: connections that were forgotten too soon are counted" {
	start --remember 1K
	teardowns -n 3000 >/dev/null
	stop
	adds_up
	[[ $(tail -n 1 "$OUT/events.out") =~ '"forgotten":'([0-9]+) ]]
	[[ ${BASH_REMATCH[1]} -gt 1000 ]]
	grep -q 'a larger --remember helps' "$OUT/events.err"
	start
	teardowns -n 3000 >/dev/null
	stop
	[[ $(tail -n 1 "$OUT/events.out") =~ '"forgotten":'([0-9]+) ]]
	[[ ${BASH_REMATCH[1]} -eq 0 ]]
}

# ends PORT: what a RST for late data at this port says of the close
ends() {
	grep '"cause":"data-after-close"' "$OUT/events.out" |
		grep "\"local\":{[^}]*\"port\":$1}" |
		grep -o '"since_close_ms":[^,]*'
}

@test "loss: an end is remembered until as many others have come as there is room for" {
	needs taskset
	start --remember 1K
	# on one CPU, or the end may lie in what the other has begun to fill
	taskset -c 0 python3 - >"$OUT/ports" <<-'END'
		import socket
		listener = socket.create_server(("127.0.0.1", 0))
		print(listener.getsockname()[1])
		def connect():
		    client = socket.create_connection(listener.getsockname())
		    return client, listener.accept()[0]
		def send_late(others):
		    """One end closes, others do, then its peer sends yet."""
		    client, server = connect()
		    print(client.getsockname()[1])
		    client.close()
		    for _ in range(others):
		        for end in connect():
		            end.close()
		    server.send(b"late")
		    server.close()
		send_late(700)
		send_late(1100)
	END
	stop
	adds_up
	{ read -r listener && read -r kept && read -r gone; } <"$OUT/ports"
	others=$(grep '"type":"teardown"' "$OUT/events.out" |
		grep -vc "\"port\":$listener}") || true
	[[ $others -lt 100 ]] ||
		skip "$others other connections ended on this host meanwhile"
	[[ $(ends "$kept") =~ '"since_close_ms":'[0-9] ]]
	[[ $(ends "$gone") == '"since_close_ms":null' ]]
}

# counted KEY: that number of the last record.
counted() {
	[[ $(tail -n 1 "$OUT/events.out") =~ "\"$1\":"([0-9]+) ]]
	echo "${BASH_REMATCH[1]}"
}

@test "loss: dead connections pushed out before their close are counted" {
	(ulimit -n 18100) 2>/dev/null || skip "so many files are not allowed"
	start
	crowd dead 18000 # there are 16384 places
	stop
	adds_up
	[[ $(counted unclaimed) -gt 1600 ]]
	grep -q 'dead connections were forgotten before' "$OUT/events.err"
}

@test "loss: more closes at once than wait in one set of places are counted" {
	(ulimit -n 6100) 2>/dev/null || skip "so many files are not allowed"
	start
	grep -q '"backend":"fentry"' "$OUT/events.out" ||
		skip "without fentry they are told at once"
	crowd lingering 3000 # in 4096 sets, of which each has room for three
	stop
	[[ $(counted displaced) -gt 0 ]]
	grep -q 'calls were not followed to their end' "$OUT/events.err"
}

@test "loss: ordinary work pushes nothing out that is of use" {
	start
	teardowns -n 5000 -j 8 >/dev/null
	stop
	adds_up
	[[ $(counted displaced) -eq 0 && $(counted unclaimed) -eq 0 ]]
}
