#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# --stack: who called, in the kernel and in the process.

load helpers

setup() {
	needs_observer
}

# stack PORT SIDE: that stack of the reset sent from the port, a frame a line;
# "null" where there is none.
stack() {
	"$TESTS/stack.py" "$OUT/events.out" "$@"
}

# close_it HOW [SECS]: a reset from close_it_here(); its port in $port.
close_it() {
	"${program:-closer}" "$@" >"$OUT/port" || true
	port=$(<"$OUT/port")
}

@test "kernel and user stack of a close with unread data" {
	start -r --stack
	close_it raw 1
	stop
	keeps_contract "$OUT/events.out"
	stack "$port" kernel | tee "$OUT/kernel"
	head -n 1 "$OUT/kernel" | grep -qE '^tcp_send_active_reset\+0x'
	grep -qE '^(__)?tcp_close\+0x' "$OUT/kernel"
	[[ $(grep -cE '^(bpf_|__bpf|__traceiter)' "$OUT/kernel") -eq 0 ]]
	stack "$port" user | tee "$OUT/user"
	head -n 1 "$OUT/user" | grep -qE '^raw_close\+0x[0-9a-f]+ \(/.*/closer\) \[[0-9a-f]{40}\]$'
	grep -qE '(^|inlined by\) )close_it_here\+0x' "$OUT/user"
	grep -qE '^main\+0x' "$OUT/user"
}

@test "one of the two stacks, or none" {
	start -r --stack=kernel
	close_it raw 1
	stop
	keeps_contract "$OUT/events.out"
	stack "$port" kernel | grep -q '^tcp_send_active_reset'
	[[ $(stack "$port" user) == null ]]
	rm "$OUT"/events.*
	start -r --stack=user
	close_it raw 1
	stop
	keeps_contract "$OUT/events.out"
	[[ $(stack "$port" kernel) == null ]]
	stack "$port" user | grep -q close_it_here
	rm "$OUT"/events.*
	start -r
	close_it raw
	stop
	grep -q "\"port\":$port" "$OUT/events.out"
	[[ $(grep -c '"stack":{' "$OUT/events.out") -eq 0 ]]
}

@test "a process that ends has no user stack any more, and a kernel stack" {
	local how
	start -r --stack
	for how in exit kill; do
		close_it $how
		echo "$port" >"$OUT/$how"
	done
	stop
	keeps_contract "$OUT/events.out"
	for how in exit kill; do
		stack "$(<"$OUT/$how")" kernel | grep -q '^do_exit+0x'
		[[ $(stack "$(<"$OUT/$how")" user) == null ]]
	done
}

@test "a process that is gone is known by build id at least" {
	local i each
	start -r --stack=user
	for ((i = 0; i < 20; i++)); do
		close_it raw
	done
	stop
	for each in $(field local.port); do
		stack "$each" user
	done | tee "$OUT/user"
	[[ $(grep -cE '^(raw_close\+0x.* \(.*/closer\) )?\[[0-9a-f]{40}\]' "$OUT/user") -ge 20 ]]
}

@test "what the kernel does by itself has no user stack" {
	start -r --stack
	rstdemo run no-listener >/dev/null
	close_it raw
	stop
	python3 - "$OUT/events.out" <<-'END'
		import json, sys
		seen = 0
		for line in open(sys.argv[1], encoding="utf-8"):
		    record = json.loads(line)
		    if record["type"] == "teardown" and not record["actor"]:
		        assert record["stack"]["kernel"], record
		        assert record["stack"]["user"] is None, record
		        seen += 1
		assert seen
	END
}

@test "without symbols: the build id and the place in the file" {
	needs strip
	strip -o "$OUT/closer" "$(command -v closer)"
	program=$OUT/closer
	start -r --stack=user
	close_it raw 1
	stop
	stack "$port" user | tee "$OUT/user"
	head -n 1 "$OUT/user" | grep -qE '^\[[0-9a-f]{40}\]\+0x[0-9a-f]+ \(/.*/closer\)$'
}

@test "symbols from a separate debug file" {
	needs objcopy
	local original
	original=$(command -v closer)
	mkdir "$OUT/.debug"
	objcopy --only-keep-debug "$original" "$OUT/.debug/closer.debug"
	(cd "$OUT/.debug" && objcopy --strip-all \
		--add-gnu-debuglink=closer.debug "$original" "$OUT/closer")
	program=$OUT/closer
	start -r --stack=user
	close_it raw 1
	stop
	stack "$port" user | tee "$OUT/user"
	grep -q "close_it_here+0x" "$OUT/user" || skip "built without libdw"
	grep -q '(inlined by)' "$OUT/user"
}

@test "a program that was deleted, and one in another mount namespace" {
	needs unshare
	local original
	original=$(command -v closer)
	start -r --stack=user
	cp "$original" "$OUT/closer"
	"$OUT/closer" raw 1 >"$OUT/deleted" &
	until_true test -s "$OUT/deleted"
	rm "$OUT/closer"
	unshare -m sh -c "mount -t tmpfs none $OUT && cp $original $OUT/hidden &&
		$OUT/hidden raw 1" >"$OUT/namespace"
	wait $!
	stop
	stack "$(<"$OUT/deleted")" user | grep -q close_it_here
	stack "$(<"$OUT/namespace")" user | grep -q close_it_here
}

@test "the table: frames under the event" {
	start_as table -r --stack
	close_it raw 1
	stop
	grep -q '^        kernel tcp_send_active_reset+0x' "$OUT/table.out"
	grep -qE '^        user   raw_close\+0x[0-9a-f]+ \(closer\)$' "$OUT/table.out"
	grep -qE '^               main\+0x[0-9a-f]+ \(closer\)$' "$OUT/table.out"
}

@test "a ring too small for stacks: events come without, and are counted" {
	start_as table -r --stack --buffer 4K
	churn -n 200 reuse >/dev/null
	stop
	grep -qE 'without stack [1-9]' "$OUT/table.err"
}
