#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Whose a connection is: cgroup, container, unit, namespaces; filters for them.
# Needs no container engine: cgroups and namespaces are made by hand.

bats_require_minimum_version 1.5.0
load helpers

ID=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef

setup() {
	needs_observer
	name=rw$BASHPID
	top=
}

# needs_cgroup: a cgroup of this test's own is $top, or the test is skipped.
needs_cgroup() {
	local mount
	mount=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
	[[ -n $mount ]] || skip "no cgroup2 is mounted"
	mkdir "$mount/$name" 2>/dev/null || skip "cannot make a cgroup"
	top=$mount/$name
}

# needs_netns NAME...: network namespaces with loopback up.
needs_netns() {
	local ns
	needs ip
	for ns; do
		ip netns add "$ns" 2>/dev/null || skip "cannot make a netns"
		ip -n "$ns" link set lo up
	done
}

teardown() {
	[[ -z $watcher ]] || kill -CONT "$watcher" || true
	[[ -z $watcher ]] || kill "$watcher" || true
	ip netns list 2>/dev/null | awk -v n="$name" 'index($1, n) == 1 {
		print $1 }' | xargs -r -n 1 ip netns del
	[[ -z $top ]] || find "$top" -depth -type d -exec rmdir {} +
} 2>/dev/null

# within CGROUP COMMAND...: runs it there.
within() {
	# shellcheck disable=SC2016 # expanded by the inner shell
	sh -c 'echo $$ >"$1/cgroup.procs"; shift; exec "$@"' _ "$@"
}

@test "cgroup, container and unit of a socket" {
	needs_cgroup
	local inner=$top/docker-$ID.scope
	mkdir "$inner"
	start
	within "$inner" dying kill >"$OUT/dying"
	stop
	"$TESTS/dying.py" "$OUT/events.out" "$OUT/dying" \
		"cgroup.id=$(stat -c %i "$inner")" \
		"cgroup.path=/$name/docker-$ID.scope" \
		"container_id=$ID" "unit=docker-$ID.scope"
	keeps_contract "$OUT/events.out"
}

@test "the root cgroup is a slash" {
	start
	dying exit >"$OUT/dying"
	stop
	grep -q '^0::/$' /proc/self/cgroup || skip "this test runs in a cgroup"
	"$TESTS/dying.py" "$OUT/events.out" "$OUT/dying" cgroup.path=/ \
		container_id=None unit=None
}

@test "a cgroup that is gone keeps its number" {
	needs_cgroup
	mkdir "$top/gone"
	local id
	id=$(stat -c %i "$top/gone")
	start
	kill -STOP "$watcher"
	within "$top/gone" dying kill >"$OUT/dying"
	rmdir "$top/gone"
	kill -CONT "$watcher"
	stop
	"$TESTS/dying.py" "$OUT/events.out" "$OUT/dying" \
		"cgroup.id=$id" cgroup.path=None container_id=None
}

@test "--cgroup: it and what is below it, in both ways to write it" {
	needs_cgroup
	mkdir "$top/a" "$top/a/b" "$top/ab"
	for path in "/$name/a" "$top/a" "$name/a/"; do
		start --cgroup "$path"
		within "$top" dying kill >"$OUT/above"
		within "$top/a" dying kill >"$OUT/in"
		within "$top/a/b" dying kill >"$OUT/below"
		within "$top/ab" dying kill >"$OUT/beside"
		stop
		"$TESTS/dying.py" "$OUT/events.out" "$OUT/in"
		"$TESTS/dying.py" "$OUT/events.out" "$OUT/below"
		field cgroup.path | sort -u >"$OUT/paths"
		diff "$OUT/paths" <(printf '%s\n' "/$name/a" "/$name/a/b")
	done
}

@test "the cgroup of a segment that comes after the end, and --cgroup for it" {
	needs_cgroup
	local inner=$top/docker-$ID.scope id
	mkdir "$inner" "$top/beside"
	id=$(stat -c %i "$inner")
	start --cgroup "$inner" --write "$OUT/events.rec"
	within "$top/beside" rstdemo run data-after-close >/dev/null
	within "$inner" rstdemo run data-after-close >/dev/null
	stop
	[[ $(field cause | sort -u | tr '\n' ' ') == \
		"close data-after-close reset-by-peer " ]]
	[[ $(field cause | grep -c data-after-close) -eq 1 ]]
	[[ $(field cgroup.id | sort -u) == "$id" ]]
	[[ $(field container_id | sort -u) == "$ID" ]]
	rstwatch -j --read "$OUT/events.rec" | cmp - "$OUT/events.out"
}

# closes SERVER_WAITS ADDRESS [PORT]: a client closes, the server, another process,
# so many seconds later. Prints the pid of each.
closes() {
	python3 - "$@" <<-'END'
		import os, socket, sys, time
		port = int((sys.argv[3:] or [0])[0])
		server = socket.create_server((sys.argv[2], port))
		child = os.fork()
		if not child:
		    ours = server.accept()[0]
		    ours.recv(1)
		    time.sleep(float(sys.argv[1]))
		    ours.close()
		    os._exit(0)
		client = socket.create_connection(server.getsockname())
		client.close()
		os.wait()
		print(os.getpid(), child)
	END
}

# peers: owner, owner of the other end, and order of every event.
peers() {
	paste -d ' ' <(field owner.pid) <(field peer_owner.pid) <(field order)
}

@test "both ends of an ordinary close name each other" {
	local client server
	start --write "$OUT/events.rec"
	closes 0 127.0.0.1 >"$OUT/pids"
	stop
	read -r client server <"$OUT/pids"
	[[ $(peers) == "$client $server first"$'\n'"$server $client second" ]]
	[[ $(field peer_owner.comm | sort -u) == python3 ]]
	rstwatch -j --read "$OUT/events.rec" | cmp - "$OUT/events.out"
}

@test "an end that closes late knows the other, which could not wait" {
	local client server
	start
	closes 0.5 127.0.0.1 >"$OUT/pids"
	stop
	read -r client server <"$OUT/pids"
	[[ $(peers) == "$client None first"$'\n'"$server $client second" ]]
}

@test "who had the other end is not known where a filter hides it" {
	local client server
	start -D 7779
	closes 0 127.0.0.1 7779 >"$OUT/pids"
	stop
	read -r client server <"$OUT/pids"
	[[ $(peers) == "$client None first" ]]
}

@test "both ends in two network namespaces; doubles are told apart or not at all" {
	needs_netns "$name-a" "$name-b"
	local client server
	ip -n "$name-a" link add veth0 type veth peer name veth0 \
		netns "$name-b" 2>/dev/null || skip "no veth here"
	ip -n "$name-a" address add 10.77.0.1/24 dev veth0
	ip -n "$name-b" address add 10.77.0.2/24 dev veth0
	ip -n "$name-a" link set veth0 up
	ip -n "$name-b" link set veth0 up
	start
	python3 - "$name-a" "$name-b" >"$OUT/pids" <<-'END'
		import ctypes, os, socket, sys
		libc = ctypes.CDLL(None)
		def enter(name):
		    with open("/run/netns/" + name) as ns:
		        assert libc.setns(ns.fileno(), 0x40000000) == 0
		enter(sys.argv[1])
		server = socket.create_server(("10.77.0.1", 7777))
		child = os.fork()
		if not child:
		    for _ in range(3):
		        ours = server.accept()[0]
		        ours.recv(1)
		        ours.close()
		    os._exit(0)
		enter(sys.argv[2])
		for _ in range(3):
		    client = socket.create_connection(("10.77.0.1", 7777))
		    client.close()
		os.wait()
		print(os.getpid(), child)
	END
	stop
	read -r client server <"$OUT/pids"
	# the first end of all may be shown before the host is known to have two
	[[ $(peers | grep -c "^$client $server first") -ge 2 ]]
	[[ $(peers | grep -c "^$server $client second") -ge 2 ]]
	[[ $(peers | wc -l) -eq 6 ]]
}

@test "-N: by name, path and number" {
	needs_netns "$name-a" "$name-b"
	local number what
	number=$(stat -L -c %i "/run/netns/$name-a")
	for what in "$name-a" "/run/netns/$name-a" "$number"; do
		start -N "$what"
		ip netns exec "$name-a" dying kill >"$OUT/dying"
		ip netns exec "$name-b" dying kill >"$OUT/other"
		dying kill >>"$OUT/other"
		stop
		"$TESTS/dying.py" "$OUT/events.out" "$OUT/dying" \
			"netns=$number" "netns_name=$name-a"
		[[ $(field netns | sort -u) == "$number" ]]
	done
}

# second_is_named: all that died in the second is told, with its name.
second_is_named() {
	"$TESTS/dying.py" "$OUT/events.out" "$OUT/second" \
		"netns_name=$name-b" >"$OUT/said"
}

@test "the name of a network namespace whose number is used again" {
	needs_netns "$name-a"
	start
	ip netns exec "$name-a" dying kill >"$OUT/first"
	until_true grep -q "\"netns_name\":\"$name-a\"" "$OUT/events.out"
	for ((i = 0; i < 5; i++)); do
		ip netns del "$name-a"
		needs_netns "$name-b"
		ip netns exec "$name-b" dying kill >>"$OUT/second"
		# a name that is gone before it is looked up is unknown
		until_true second_is_named
		ip netns del "$name-b"
		needs_netns "$name-a"
	done
	stop
	"$TESTS/dying.py" "$OUT/events.out" "$OUT/first" "netns_name=$name-a"
	second_is_named
}

@test "the pid in a pid namespace" {
	needs unshare
	start
	unshare -pf --mount-proc sh -c 'dying kill; exit $?' >"$OUT/dying" ||
		skip "cannot make a pid namespace"
	stop
	grep -q '"inside":true' "$OUT/dying"
	"$TESTS/dying.py" "$OUT/events.out" "$OUT/dying"
}

# The name of a process: exact, of the actor or of the owner.
@test "-n" {
	start -n "$name"
	named "$name" >"$OUT/port"
	named "${name}x" >"$OUT/port2"
	named "x$name" >"$OUT/port3"
	stop
	[[ $(field actor.comm | grep -v None | sort -u) == "$name" ]]
	grep -q "\"port\":$(<"$OUT/port")}" "$OUT/events.out"
	run ! grep -E "\"port\":($(<"$OUT/port2")|$(<"$OUT/port3"))}" \
		"$OUT/events.out"
}

@test "-n: the owner, where the kernel acted" {
	start -r -n "$name"
	python3 - "$name" <<-'END'
		import os, socket, struct, sys, time
		open("/proc/self/comm", "w").write(sys.argv[1])
		server = socket.create_server(("127.0.0.1", 0))
		ours = socket.create_connection(server.getsockname())
		if os.fork() == 0:
		    ours.close()
		    theirs = server.accept()[0]
		    open("/proc/self/comm", "w").write("else")
		    theirs.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
		                      struct.pack("ii", 1, 0))
		    theirs.close()
		    os._exit(0)
		os.wait()
		time.sleep(0.3)
	END
	stop
	[[ $(field cause) == reset-by-peer ]]
	[[ $(field actor) == None && $(field owner.comm) == "$name" ]]
}

@test "--net: either address" {
	local net
	for net in 127.0.0.2 127.0.0.2/31 ::ffff:127.0.0.2; do
		start --net "$net"
		exchange 127.0.0.1 127.0.0.2
		exchange 127.0.0.2 127.0.0.1
		exchange 127.0.0.1 127.0.0.4
		exchange ::1 ::1
		stop
		[[ $(field cause | wc -l) -eq 4 ]]
		run ! grep -E '"address":"(127.0.0.4|::1)"' "$OUT/events.out"
	done
	start --net ::/64
	exchange 127.0.0.1 127.0.0.2
	exchange ::1 ::1
	stop
	[[ $(field family | sort -u) == ipv6 ]]
	[[ $(field family | wc -l) -eq 2 ]]
}

# exchange CLIENT SERVER: one connection between two addresses, closed by both.
exchange() {
	python3 - "$@" <<-'END'
		import socket, sys
		family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
		server = socket.create_server((sys.argv[2], 0), family=family)
		client = socket.create_connection(
		    server.getsockname()[:2], source_address=(sys.argv[1], 0))
		peer = server.accept()[0]
		client.close()
		peer.recv(1)
		peer.close()
	END
}

@test "the table: container, unit and namespace" {
	needs_cgroup
	needs_netns "$name-a"
	mkdir "$top/docker-$ID.scope"
	start_as table -w -v
	within "$top/docker-$ID.scope" ip netns exec "$name-a" dying kill \
		>"$OUT/dying"
	stop
	grep -q "^ .* ${ID:0:12} .* unread-data .*SIGKILL" "$OUT/table.out"
	grep -q "^ .* $name-a .* unread-data .*SIGKILL" "$OUT/table.out"
	grep -q "netns [0-9]* ($name-a), cgroup /$name/docker-$ID.scope, container $ID, unit docker-$ID.scope" \
		"$OUT/table.out"
}

@test "-r by tracepoints: sock_release, where the root cgroup is in sight" {
	local watch=(rstwatch --backend tracepoint -r) all option
	needs_cgroup
	[[ $(stat -c %i "${top%/*}") -eq 1 ]] || skip "its root is not mounted"
	printf '%s\n' 6.12 "$(uname -r)" | sort -CV || skip "before 6.12"
	all=$(probes "${watch[@]}")
	[[ $all == *sock_release* && $all != *inet_sock_set_state* && $all != *tcp_destroy_sock* ]]
	# what needs more than it tells
	for option in --audit --stack; do
		all=$(probes "${watch[@]}" $option)
		[[ $all == *inet_sock_set_state* && $all != *sock_release* ]]
	done
	# as in a container: it would miss the sockets of other cgroups
	# shellcheck disable=SC2016 # expanded by the inner shell
	all=$(probes within "$top" unshare -C -m sh -c \
		'umount "$0" && mount -t cgroup2 none "$0" && exec "$@"' "${top%/*}" \
		"${watch[@]}")
	[[ $all == *inet_sock_set_state* && $all != *sock_release* ]]
}
