# SPDX-License-Identifier: GPL-2.0
# Shared by the live tests: they run rstwatch on this machine's own kernel.
# shellcheck shell=bash

TESTS=$(dirname "$BATS_TEST_DIRNAME")
TOP=$(dirname "$TESTS")
BUILD=${BUILD:-$TOP/build}
# What make gets to see: a directory of builds may have one that is called like a
# compiler. Kept over the further times that this file is read.
export PLAIN_PATH=${PLAIN_PATH:-$PATH}
PATH=$BUILD:$BUILD/tests:$PLAIN_PATH:/usr/sbin:/sbin
OUT=$BATS_TEST_TMPDIR
watcher=

# needs_observer: skips a test where this kernel lets nobody observe at all.
needs_observer() {
	[[ $EUID -eq 0 ]] || skip "not root"
	if [[ ! -e $BATS_RUN_TMPDIR/observer ]]; then
		rstwatch -j -d 0.1 >/dev/null 2>"$BATS_RUN_TMPDIR/why" &&
			: >"$BATS_RUN_TMPDIR/why"
		touch "$BATS_RUN_TMPDIR/observer"
	fi
	[[ ! -s $BATS_RUN_TMPDIR/why ]] ||
		skip "$(head -n 1 "$BATS_RUN_TMPDIR/why")"
}

# needs TOOL...: skips a test for want of a program.
needs() {
	local tool
	for tool; do
		command -v "$tool" >/dev/null || skip "$tool is not installed"
	done
}

# until_true COMMAND...: tries it for ten seconds.
until_true() {
	local i
	for ((i = 0; i < 200; i++)); do
		"$@" && return
		sleep 0.05
	done
	echo "waited in vain: $*" >&2
	return 1
}

# must_see_all: a test that holds only if every single event was seen is tried up
# to three times. Some hosts run a task in whose interrupts the kernel runs no BPF
# program and counts none as missed: a timer that fires just then is not seen.
# The VMs have no such task, there the first time counts.
must_see_all() {
	BATS_TEST_RETRIES=2
}

# start_as NAME [OPTION...]: rstwatch, until it observes. Its output goes to
# $OUT/NAME.out and .err.
start_as() {
	local name=$1
	shift
	: >"$OUT/$name.out" # that of an earlier one says nothing
	rstwatch "$@" >"$OUT/$name.out" 2>"$OUT/$name.err" 3>&- &
	watcher=$!
	until_true test -s "$OUT/$name.out"
}

# start [OPTION...]: the one most tests need, as JSON.
start() {
	start_as events -j "$@"
}

# probes COMMAND OPTION...: what rstwatch, run by that, is attached to.
probes() {
	"$@" -j -d 0.1 2>/dev/null |
		sed -n '1s/.*"probes":\[\([^]]*\)\].*/\1/p'
}

# stop [SIGNAL]: ends it, its exit code is the result; what it said goes with
# one that is not 0.
stop() {
	local pid=$watcher status=0
	watcher=
	sleep 0.2
	kill -"${1:-INT}" "$pid"
	wait "$pid" || status=$?
	[[ $status -eq 0 ]] || tail -n 40 "$OUT"/*.err
	return "$status"
}

# Whatever a test was about: its records keep the contract.
teardown() {
	local file
	[[ -n ${BATS_TEST_COMPLETED:-} || ${BATS_TEST_RETRIES:-0} -eq 0 ]] ||
		echo "# $BATS_TEST_DESCRIPTION: failed," \
			"try $BATS_TEST_TRY_NUMBER" >&3
	if [[ -n $watcher ]] && kill "$watcher" 2>/dev/null; then
		wait "$watcher" || true
	fi
	for file in "$OUT"/*.out; do
		[[ -e $file ]] || continue
		head -n 1 "$file" | grep -q '^{"type":"start"' || continue
		keeps_contract "$file"
	done
}

# field NAME: that field of every teardown record, one a line.
field() {
	python3 -c '
import json, sys
for line in open(sys.argv[1], encoding="utf-8"):
    record = json.loads(line)
    if record["type"] != "teardown":
        continue
    for key in sys.argv[2].split("."):
        record = record[key] if record is not None else None
    print(record)' "$OUT/events.out" "$1"
}

# keeps_contract FILE: every record of it is as the contract says.
keeps_contract() {
	rstwatch --json-schema >"$OUT/schema"
	"$TESTS/contract.py" "$OUT/schema" "$1"
}

# shellcheck disable=SC2154 # `run` sets status, output and lines
# one_line CODE PATTERN: the last `run` exited so, with one line that says so.
one_line() {
	echo "exit $status: $output"
	[[ $status -eq $1 && ${#lines[@]} -eq 1 && $output =~ $2 ]]
}
