#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Whose socket it was, and who acted: what is easily charged to a bystander.

load helpers

setup() {
	needs_observer
	must_see_all
	needs ss ip python3
}

# trap_is CASE: that situation, actor and owner as they were; see traps.py.
trap_is() {
	run "$TESTS/tools/traps.py" "$1" "$OUT/events.out"
	echo "$output"
	[[ $status -ne 2 ]] || skip "${output#skipped: }"
	[[ $status -eq 0 ]]
}

@test "a reset over loopback: the receiver's end is not the sender's" {
	trap_is loopback
}

@test "FINs over loopback: each end is closed by its own process" {
	trap_is fins
}

@test "ss -K: ss acts, the socket is another's" {
	trap_is destroyed
}

@test "resets processed where a bystander runs" {
	trap_is flood
}

@test "a keepalive timeout that interrupts a bystander" {
	trap_is timer
}

@test "data after close, from the minisock: who closed it, and when" {
	trap_is late-data
}

@test "the pid of who closed is another's by then" {
	trap_is pid-reused
}

@test "the pid of who had it at the start is another's by then" {
	trap_is pid-reused-older
}

@test "a child that executed another program" {
	trap_is executed
}

@test "a forked socket: the last to close, the one to hold" {
	trap_is forked
}

@test "a dup'ed socket" {
	trap_is dupped
}

@test "a socket passed over SCM_RIGHTS" {
	trap_is handed-over
}

@test "a socket on its way over SCM_RIGHTS: nobody's, named by its close" {
	trap_is in-flight
}

@test "a socket that a worker of the kernel closes: not the worker's" {
	trap_is worker
}

@test "threads: pid is the process, tid the thread" {
	trap_is threads
}

@test "a connection older than rstwatch, among many files" {
	trap_is older
}

@test "a connection older than rstwatch, closed by its owner" {
	trap_is older-closed
}

@test "a connection older than rstwatch, and data after its close" {
	trap_is older-late
}

@test "a container of its own network, cgroup and process numbers" {
	trap_is container
}

# The tracepoints do not promise it of every late segment, so the cases do not insist.
@test "a segment after a reset: who closed and when, the peer's FIN or not" {
	local mode
	for mode in "" -r; do
		start $mode
		rstdemo run handshake-late >"$OUT/demo"
		stop
		[[ $(grep -cE '"cause":"handshake".*"since_close_ms":[0-9]+,.*"owner":\{.*"comm":"rstdemo"' \
			"$OUT/events.out") -eq 2 ]]
	done
}
