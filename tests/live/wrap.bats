#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# rstwatch -- COMMAND: its status, its events and nobody else's, --fail-on.

# shellcheck disable=SC2016 # commands in quotes are expanded by inner shells
# shellcheck disable=SC2154 # run and start set variables

bats_require_minimum_version 1.5.0
load helpers

setup() {
	needs_observer
}

# wrap [OPTION...] -- COMMAND...: $status; JSON in $OUT/events.out.
wrap() {
	status=0
	output=$(rstwatch -j -o "$OUT/events.out" "$@" 2>&1 3>&-) || status=$?
	mapfile -t lines <<<"$output"
	echo "exit $status: $output"
}

# noise: a process that is none of the command's resets connections.
noise() {
	while :; do
		churn -n 20 reuse >/dev/null
		named noise >/dev/null
	done
}

@test "wrap: the status of the command is passed on" {
	wrap -- true
	[[ $status -eq 0 ]]
	wrap -- sh -c 'exit 3'
	[[ $status -eq 3 ]]
	wrap -- sh -c 'kill -9 $$'
	[[ $status -eq 137 ]]
	wrap -- "$OUT/no-such-command"
	[[ $status -eq 127 && $output == *no-such-command* ]]
	touch "$OUT/no-program"
	wrap -- "$OUT/no-program"
	[[ $status -eq 126 && $output == *no-program* ]]
}

@test "wrap: the command has stdin, stdout and its arguments to itself" {
	run --separate-stderr bash -c \
		'echo in | rstwatch -- sh -c "cat; echo \"\$1\"" _ "a b"'
	[[ $status -eq 0 && $output == $'in\na b' ]]
	# the table is on stderr
	[[ $stderr == *CAUSE* ]]
}

@test "wrap: its first connection is seen, and only its own events" {
	noise 3>&- &
	local noise=$!
	for _ in 1 2 3; do
		wrap -- named mine
		[[ $status -eq 0 ]]
		port=${lines[0]}
		[[ $(field cause | sort) == $'linger-zero\nreset-by-peer' ]]
		[[ $(field owner.comm | sort -u) == mine ]]
		grep -q "\"port\":$port" "$OUT/events.out"
		# counted are those too, and nothing else
		tail -n 1 "$OUT/events.out" | grep -q \
			'"counts":{"linger-zero":1,"reset-by-peer":1}'
	done
	kill "$noise"
	wait "$noise" || true
}

@test "wrap: descendants, also those that were given up by their parent" {
	wrap -- bash -c 'named child; (named grandchild); exec named self'
	[[ $(field owner.comm | sort -u) == $'child\ngrandchild\nself' ]]
	# the subshell ends at once: init, or a reaper, is the parent then
	wrap -- bash -c '(setsid bash -c "sleep 0.3; named daemon" &); sleep 1'
	[[ $(field owner.comm | sort -u) == daemon ]]
}

@test "wrap: what the kernel does to a short-lived process is its own" {
	wrap --fail-on refused -- bash -c 'exec 3<>/dev/tcp/127.0.0.1/1'
	[[ $status -eq 1 && $output == *"seen: 1 refused"* ]]
	[[ $(field owner.comm) == bash ]]
}

@test "wrap: what comes after a process of the command has ended" {
	wrap -- python3 -c '
import os, socket, time
server = socket.create_server(("127.0.0.1", 0))
client = socket.create_connection(server.getsockname())
pid = os.fork()
conn = server.accept()[0] if not pid else None
if not pid:                     # closes, by ending, what the parent talks to
    os._exit(0)
server.close()
os.waitpid(pid, 0)
time.sleep(0.2)
client.send(b"late")
time.sleep(0.2)'
	field cause | grep -qx data-after-close
}

@test "wrap: --fail-on, both ways" {
	wrap --fail-on rst -- named mine
	[[ $status -eq 1 && $output == *"seen: 2 rst"* ]]
	wrap --fail-on linger-zero,unread-data -- named mine
	[[ $status -eq 1 && $output == *"seen: 1 linger-zero"* ]]
	wrap --fail-on unread-data -- named mine
	[[ $status -eq 0 && $output != *fail-on* ]]
	# the status of a command that fails tells more
	wrap --fail-on rst -- bash -c 'named mine; exit 5'
	[[ $status -eq 5 && $output == *"seen: 2 rst"* ]]
}

@test "--fail-on without a command, and counted although not shown" {
	start --fail-on linger-zero
	named gate >"$OUT/port"
	status=0
	stop || status=$?
	[[ $status -eq 1 ]]
	rm "$OUT/events.out"
	start --fail-on accept-overflow
	stop
	# a ring of one page, read too late: what is lost counts
	rm "$OUT/events.out"
	start --buffer 4K --fail-on linger-zero
	kill -STOP "$watcher"
	for _ in {1..30}; do named lost >/dev/null; done
	kill -CONT "$watcher"
	status=0
	stop || status=$?
	[[ $status -eq 1 ]]
	tail -n 1 "$OUT/events.out" | grep -q '"linger-zero":3[0-9]'
}

@test "wrap: INT of the terminal is the command's to take" {
	set -m # and not ignored, as in the background of a script
	env --default-signal=INT rstwatch -j -o "$OUT/events.out" -- bash -c \
		'trap "named trapped; exit 7" INT
		echo ready; while :; do sleep 0.1; done' \
		>"$OUT/ready" 3>&- 2>"$OUT/err" &
	local pid=$!
	set +m
	until_true grep -q ready "$OUT/ready"
	kill -INT -- -"$pid"
	status=0
	wait "$pid" || status=$?
	echo "exit $status"
	[[ $status -eq 7 ]]
	[[ $(field owner.comm | sort -u) == trapped ]]
}

@test "wrap: TERM is passed on" {
	rstwatch -j -o "$OUT/events.out" -- bash -c \
		'trap "exit 9" TERM; echo ready; while :; do sleep 0.1; done' \
		>"$OUT/ready" 3>&- 2>"$OUT/err" &
	local pid=$!
	until_true grep -q ready "$OUT/ready"
	kill -TERM "$pid"
	status=0
	wait "$pid" || status=$?
	[[ $status -eq 9 ]]
}

@test "wrap: -d and -c end the watching, not the command" {
	wrap -d 0.1 -- sh -c 'sleep 0.6; echo done'
	[[ $status -eq 0 && $output == *done* ]]
	wrap -c 1 -- sh -c 'named one; named two; exit 4'
	[[ $status -eq 4 && $(field cause | wc -l) -eq 1 ]]
}

@test "wrap: --user is who called sudo" {
	export SUDO_UID=65534 SUDO_GID=65534 SUDO_USER=nobody
	wrap --user -- id -u
	[[ $status -eq 0 && ${lines[0]} == 65534 ]]
	wrap --user -- id -G
	[[ ${lines[0]} == "$(id -G nobody)" ]]
	wrap --user -- sh -c 'echo $USER:$(id -un):$HOME'
	[[ ${lines[0]} == nobody:nobody:$(getent passwd nobody | cut -d: -f6) ]]
	# no way back
	wrap --user -- grep CapEff /proc/self/status
	[[ ${lines[0]} =~ CapEff:.0+$ ]]
	unset SUDO_UID
	run rstwatch --user -- true
	one_line 64 'SUDO_UID'
	export SUDO_UID=0x1
	run rstwatch --user -- true
	one_line 64 'SUDO_UID'
}

@test "wrap: the command does not begin where nothing can be observed" {
	needs setpriv
	install -m 755 "$BUILD/rstwatch" "$BATS_RUN_TMPDIR/rstwatch"
	chmod 755 "$BATS_RUN_TMPDIR"
	run setpriv --reuid 65534 --regid 65534 --clear-groups \
		"$BATS_RUN_TMPDIR/rstwatch" -- echo begun
	one_line 77 'root|CAP_'
	run rstwatch --backend frogs -- echo begun
	one_line 64 'frogs'
}

@test "-o: a file instead of stdout; one that cannot be written" {
	run rstwatch -j -d 0.1 -o "$OUT/events.out"
	[[ $status -eq 0 ]]
	run rstwatch -d 0.1 -o "$OUT/no/such/place"
	one_line 1 "no/such/place"
	run rstwatch -o "$OUT/no/such/place" -- echo begun
	one_line 1 "no/such/place"
}

@test "wrap: descriptors stay at home" {
	wrap -- sh -c 'ls -l /proc/self/fd'
	[[ $output != *bpf* && $output != *events.out* && $output != *btf* ]]
}
