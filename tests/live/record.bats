#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Recordings: what a live run prints, printed again by somebody else.

load helpers

rec=$BATS_TEST_TMPDIR/events.rec
sample=$TESTS/data/v1-demo

# replay_as_nobody FILE OPTION...: without any permission, and without a kernel
# that offers anything.
replay_as_nobody() {
	install -m 755 "$BUILD/rstwatch" "$BATS_RUN_TMPDIR/rstwatch"
	chmod 755 "$BATS_RUN_TMPDIR"
	setpriv --reuid 65534 --regid 65534 --clear-groups --no-new-privs \
		"$BATS_RUN_TMPDIR/rstwatch" --read - "${@:2}" <"$1"
}

# teardowns FILE: how many there are in NDJSON.
teardowns() {
	grep -c '"type":"teardown"' "$1" || true
}

# record [OPTION...]: starts a recording that prints nothing.
record() {
	rstwatch --write "$rec" "$@" >"$OUT/events.out" 2>"$OUT/events.err" \
		3>&- &
	watcher=$!
	until_true test -s "$rec"
}

@test "a replay is the live NDJSON, byte for byte, without root" {
	needs_observer
	needs setpriv
	start --write "$rec"
	rstdemo run close unread-data linger-zero data-after-close \
		no-listener >/dev/null
	churn -n 200 reuse >/dev/null
	stop
	keeps_contract "$OUT/events.out"
	[[ $(teardowns "$OUT/events.out") -ge 400 ]]
	replay_as_nobody "$rec" -j >"$OUT/replay.out" 2>"$OUT/replay.err"
	cmp "$OUT/events.out" "$OUT/replay.out"
	cmp "$OUT/events.err" "$OUT/replay.err"
	[[ $(stat -c %s "$rec") -lt $(($(stat -c %s "$OUT/events.out") / 5)) ]]
}

@test "a replay as a table is the live table" {
	needs_observer
	start_as table --write "$rec" --print -w -v -t
	rstdemo run unread-data linger-zero no-listener >/dev/null
	stop
	[[ $(grep -c unread-data "$OUT/table.out") -ge 1 ]]
	rstwatch --read "$rec" -w -v -t >"$OUT/replay.out" 2>"$OUT/replay.err"
	cmp "$OUT/table.out" "$OUT/replay.out"
	diff <(sed -n '/ events: /,$p' "$OUT/table.err") \
		<(sed -n '/ events: /,$p' "$OUT/replay.err")
}

@test "--write alone prints nothing but the summary" {
	needs_observer
	record
	churn -n 20 reuse >/dev/null
	stop
	[[ ! -s $OUT/events.out ]]
	grep -q 'linger-zero' "$OUT/events.err"
	rstwatch --read "$rec" >"$OUT/replay.out" 2>/dev/null
	grep -q 'linger-zero' "$OUT/replay.out"
	[[ $(wc -l <"$OUT/replay.out") -ge 40 ]]
}

@test "a replay goes through the same filters as a live run" {
	needs_observer
	# other processes may be reset between the two starts
	local filters=(-r -4 -n churn "--cause=linger-zero,unread-data,disconnect")
	start_as all -j --write "$rec"
	local all=$watcher
	start_as live -j "${filters[@]}"
	churn -n 100 reuse >/dev/null
	stop
	watcher=$all
	stop
	rstwatch -j --read "$rec" "${filters[@]}" >"$OUT/replay.out" 2>/dev/null
	# two observers look at slightly different times, with -r perhaps by
	# other hooks, and what a filter keeps from one tells it nothing of the
	# other end
	local times='s/"time":"[^"]*"//; s/"ktime_ns":[0-9]*//; s/"idle_ms":{[^}]*}//'
	times+='; s/"peer_owner":{[^}]*}/"peer_owner":null/; s/"path":[^]]*]//'
	diff <(grep '"teardown"' "$OUT/live.out" | sed "$times") \
		<(grep '"teardown"' "$OUT/replay.out" | sed "$times")
	[[ $(teardowns "$OUT/replay.out") -ge 20 ]]
	[[ $(teardowns "$OUT/replay.out") -lt $(teardowns "$OUT/all.out") ]]
	# counts are of what is shown
	diff <(grep -o '"counts":.*' "$OUT/live.out") \
		<(grep -o '"counts":.*' "$OUT/replay.out")
}

@test "filters on the committed sample" {
	local n
	n=$(rstwatch -j --read "$sample.rec" --cause unread-data 2>/dev/null |
		tee "$OUT/one" | teardowns /dev/stdin)
	[[ $n -eq $(grep -c '"cause":"unread-data"' "$sample.json") && $n -gt 0 ]]
	keeps_contract "$OUT/one"
	n=$(rstwatch -j --read "$sample.rec" -6 2>/dev/null |
		teardowns /dev/stdin)
	[[ $n -eq $(grep -c '"family":"ipv6"' "$sample.json") && $n -gt 0 ]]
	n=$(rstwatch -j --read "$sample.rec" -c 3 2>/dev/null |
		teardowns /dev/stdin)
	[[ $n -eq 3 ]]
	rstwatch -j --read "$sample.rec" -p 1 2>/dev/null >"$OUT/none"
	[[ $(teardowns "$OUT/none") -eq 0 ]]
	keeps_contract "$OUT/none"
}

@test "the committed sample of version 1 reads as it always did" {
	rstwatch -j --read "$sample.rec" 2>/dev/null | cmp - "$sample.json"
	rstwatch --read "$sample.rec" 2>/dev/null | grep -q 'unread-data'
}

@test "a part of a recording is a recording" {
	rstwatch --read "$sample.rec" -r --write "$OUT/resets" 2>/dev/null
	rstwatch -j --read "$sample.rec" -r >"$OUT/one" 2>/dev/null
	rstwatch -j --read "$OUT/resets" >"$OUT/two" 2>/dev/null
	cmp "$OUT/one" "$OUT/two"
	rstwatch --read "$sample.rec" --write - 2>/dev/null |
		rstwatch --read - -j 2>/dev/null | cmp - "$sample.json"
}

@test "a recording through a pipe is played while it is made" {
	needs_observer
	mkfifo "$OUT/pipe"
	rstwatch -j --read - <"$OUT/pipe" >"$OUT/replay.out" 2>/dev/null 3>&- &
	local reader=$!
	rstwatch --write - >"$OUT/pipe" 2>/dev/null 3>&- &
	watcher=$!
	until_true test -s "$OUT/replay.out"
	churn -n 20 reuse >/dev/null
	until_true grep -q linger-zero "$OUT/replay.out"
	stop
	wait "$reader"
	keeps_contract "$OUT/replay.out"
}

@test "--rotate: each file stands on its own, and all are the run" {
	needs_observer
	start --write "$rec" --rotate 16K
	churn -n 400 reuse >/dev/null
	stop
	[[ -s $rec.3 ]]
	local file sum=0 files=0
	for file in "$rec" "$rec".*; do
		rstwatch -j --read "$file" >"$OUT/one" 2>/dev/null
		keeps_contract "$OUT/one"
		[[ $(stat -c %s "$file") -lt 17000 ]]
		((sum += $(teardowns "$OUT/one"), files += 1))
	done
	[[ $sum -eq $(teardowns "$OUT/events.out") ]]
	# oldest first, they are the live run
	for ((files--; files; files--)); do
		rstwatch -j --read "$rec.$files" 2>/dev/null
	done | grep '"teardown"' >"$OUT/old"
	head -n "$(wc -l <"$OUT/old")" <(grep '"teardown"' "$OUT/events.out") |
		cmp - "$OUT/old"
}

@test "--rotate SIZE,N keeps N older files" {
	needs_observer
	record --rotate 16K,2
	churn -n 600 reuse >/dev/null
	stop
	[[ -s $rec && -s $rec.1 && -s $rec.2 && ! -e $rec.3 ]]
	rstwatch --read "$rec.2" >/dev/null 2>&1
}

@test "a full disk loses no count: one line and the summary, exit 1" {
	needs_observer
	needs unshare
	mkdir "$OUT/disk"
	run unshare -m bash -c "mount -t tmpfs -o size=32k none '$OUT/disk' || exit 99
		timeout 60 rstwatch --write '$OUT/disk/rec' 2>'$OUT/err' & pid=\$!
		until [[ -s $OUT/disk/rec ]]; do sleep 0.05; done
		churn -n 1000 reuse >/dev/null
		wait \$pid; echo \$? >'$OUT/status'
		cp '$OUT/disk/rec' '$OUT/rec'"
	[[ $status -ne 99 ]] || skip "no mount namespace of its own"
	cat "$OUT/err"
	[[ $(<"$OUT/status") -eq 1 ]]
	[[ $(grep -c "No space left on device" "$OUT/err") -eq 1 ]]
	[[ $(grep -c "^rstwatch: writing" "$OUT/err") -eq 1 ]]
	# what was counted until then is all there
	awk '/events:/ { split($0, word, " "); events = word[1] }
		/^audit/ { exit }
		/^  / { sum += $2 } END { exit !(sum == events && sum > 100) }' \
		"$OUT/err"
	# and what was written can be read, up to where the disk was full
	run bash -c "rstwatch -j --read '$OUT/rec' 2>&1 >'$OUT/part'"
	one_line 1 'at byte [0-9]+'
	[[ $(teardowns "$OUT/part") -gt 50 ]]
}

@test "a truncated recording plays up to the cut, and says where" {
	head -c 3000 "$sample.rec" >"$OUT/cut"
	run bash -c "rstwatch -j --read '$OUT/cut' 2>&1 >'$OUT/part'"
	one_line 1 'cut off at byte [0-9]+'
	[[ $(wc -l <"$OUT/part") -gt 1 ]]
	head -n "$(wc -l <"$OUT/part")" "$sample.json" | cmp - "$OUT/part"
}

@test "a damaged recording plays up to the damage, and says where" {
	cp "$sample.rec" "$OUT/bad"
	printf '\xff' | dd of="$OUT/bad" bs=1 seek=3000 conv=notrunc status=none
	run bash -c "rstwatch -j --read '$OUT/bad' 2>&1 >'$OUT/part'"
	one_line 1 'damaged at byte [0-9]+'
	[[ $output =~ byte\ ([0-9]+) && ${BASH_REMATCH[1]} -le 3000 ]]
	head -n "$(wc -l <"$OUT/part")" "$sample.json" | cmp - "$OUT/part"
}

@test "bad input: one line" {
	run rstwatch --read "$OUT/missing"
	one_line 1 "cannot read '.*missing'"
	run rstwatch --read "$OUT"
	one_line 1 "cannot read"
	run rstwatch --read "$sample.json"
	one_line 1 "no recording"
	: >"$OUT/empty"
	run rstwatch --read "$OUT/empty"
	one_line 1 "no recording"
	cp "$sample.rec" "$OUT/newer"
	printf '\x02' | dd of="$OUT/newer" bs=1 seek=8 conv=notrunc status=none
	run rstwatch --read "$OUT/newer"
	one_line 1 "newer rstwatch"
	run rstwatch --read $'no\nsuch\e[2J'
	one_line 1 "cannot read"
	[[ $output != *$'\e'* ]]
	cp "$sample.rec" "$OUT/itself"
	run rstwatch --read "$OUT/itself" --write "$OUT/itself"
	one_line 64 "to be read"
	cmp "$sample.rec" "$OUT/itself"
	run rstwatch --read "$sample.rec" --write "$OUT/no/such"
	one_line 1 "cannot write"
	run bash -c "rstwatch --read '$sample.rec' --write /dev/full 2>&1 |
		grep ^rstwatch:.writing"
	[[ ${#lines[@]} -eq 1 && $output == *"No space left"* ]]
}

@test "bad input on the command line: one line, 64" {
	local args
	for args in "--write=" "--read=" "--rotate=1M" "--write=x --rotate=1" \
		"--write=x --rotate=1M,x" "--write=x --rotate=1M," \
		"--write=- --rotate=1M" "--write=- -j" "--write=- --print" \
		"--print" "--read=x --backend=fentry"; do
		# shellcheck disable=SC2086 # words
		run rstwatch $args
		one_line 64 '^rstwatch: '
	done
	[[ ! -e x ]]
}

@test "an unwritable recording: one line, 1" {
	needs_observer
	run rstwatch --write "$OUT/no/such/place" -d 1
	one_line 1 "cannot write '.*place': No such file"
}
