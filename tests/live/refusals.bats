#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Bad input and missing permission: one line, the right exit code.

load helpers

# usage PATTERN ARG...: is refused as usage, with one line that names it.
usage() {
	local pattern=$1
	shift
	run rstwatch "$@"
	one_line 64 "$pattern"
}

@test "unknown options" {
	usage "no-such" --no-such
	usage "'-Z'" -Z
	usage "surplus" surplus
}

@test "options of later issues are no silent no-ops" {
	local option
	for option in --audit --ttl --check --explain --write=x --read=x \
		--net=10.0.0.0/8 --cgroup=/ --stack --limit=3 --btf=x; do
		# one that has come in the meantime is no usage error any more
		rstwatch --help | grep -q -- "${option%%=*}" && continue
		run rstwatch "$option"
		one_line 64 "${option%%=*}"
	done
}

@test "bad ports" {
	for option in -P -L -D; do
		usage "port" $option 0
		usage "port" $option 65536
		usage "port" $option abc
		usage "port" $option 80,
		usage "port" $option -- -1
		usage "port" $option ''
	done
}

@test "places that do not exist" {
	usage "no such network namespace" -N no-such
	usage "no such network namespace" -N 4000000000
	usage "no such network namespace" -N /proc/self/ns/no-such
	usage "is no network namespace" -N /proc/self/ns/pid
	usage "is no network namespace" -N /etc/passwd
	usage "needs a name" -N ''
	grep -q cgroup2 /proc/mounts || skip "no cgroup2 is mounted"
	usage "no such cgroup" --cgroup /no-such
	usage "no such cgroup" --cgroup ../..
	usage "needs a name" --cgroup ''
	usage "no such cgroup" --cgroup /cgroup.procs
}

@test "bad names and networks" {
	usage "1 to 15" -n ''
	usage "1 to 15" -n sixteen-bytes-xx
	usage "block" --net 10.0.0.0/33
	usage "block" --net ::/129
	usage "block" --net nowhere
}

@test "bad pids, counts and durations" {
	usage "pid" -p 0
	usage "pid" -p abc
	usage "count" -c 0
	usage "count" -c x
	usage "duration" -d 0
	usage "duration" -d -1
	usage "duration" -d 1x
}

@test "unknown cause, backend, colour" {
	usage "frogs" --cause frogs
	usage "frogs" --cause linger-zero,frogs
	usage "ebpf" --backend ebpf
	usage "maybe" --color maybe
}

@test "a command that is none, --fail-on of what there is not" {
	usage "command" --
	usage "command" -j --
	usage "surplus" -j surplus -- true
	usage "frogs" --fail-on frogs -- true
	usage "''" --fail-on rst, -- true
	usage "fail-on" --cause close --fail-on linger-zero -- true
	usage "pid" -p 1 -- true
	usage "user" --user
}

@test "options that exclude each other, or lack their argument" {
	usage "-4 and -6" -4 -6
	usage "-T and -t" -T -t
	usage "argument" -P
}

@test "what is wrong is repeated without its control characters" {
	run rstwatch $'--\e[31mno\nsuch'
	one_line 64 "no"
	[[ $output != *$'\e'* ]]
	run rstwatch --cause $'\xff\e[2J'
	one_line 64 "cause"
	[[ $output != *$'\e'* ]]
}

@test "--help and --version need no root" {
	needs setpriv
	install -m 755 "$BUILD/rstwatch" "$BATS_RUN_TMPDIR/rstwatch"
	chmod 755 "$BATS_RUN_TMPDIR"
	nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups)
	[[ $EUID -eq 0 ]] || nobody=()
	run "${nobody[@]}" "$BATS_RUN_TMPDIR/rstwatch" --help
	[[ $status -eq 0 && $output == *--backend* ]]
	run "${nobody[@]}" "$BATS_RUN_TMPDIR/rstwatch" --version
	[[ $status -eq 0 && $output == rstwatch\ * ]]
}

@test "not root: one line, 77" {
	needs setpriv
	[[ $EUID -eq 0 ]] || skip "not root"
	install -m 755 "$BUILD/rstwatch" "$BATS_RUN_TMPDIR/rstwatch"
	chmod 755 "$BATS_RUN_TMPDIR"
	run setpriv --reuid 65534 --regid 65534 --clear-groups \
		"$BATS_RUN_TMPDIR/rstwatch" -d 1
	one_line 77 'root|CAP_'
}

@test "a backend this kernel has, or one line and 69" {
	[[ $EUID -eq 0 ]] || skip "not root"
	for backend in fentry kprobe tracepoint; do
		run rstwatch -j -d 0.1 --backend $backend
		echo "$backend: exit $status: $output"
		[[ $status -eq 0 ]] || one_line 69 "$backend|BTF|kprobe"
	done
}

@test "no BTF: one line, 69" {
	needs unshare
	[[ $EUID -eq 0 ]] || skip "not root"
	[[ -d /sys/kernel/btf ]] || skip "this kernel has none anyway"
	mkdir "$OUT/empty"
	unshare -m mount --bind "$OUT/empty" /sys/kernel/btf ||
		skip "no mount namespace of its own"
	run unshare -m bash -c "mount --bind '$OUT/empty' /sys/kernel/btf
		PATH='$PATH' rstwatch -d 1"
	one_line 69 'BTF'
}

@test "no BTF: --check says so, --btf takes it from a file" {
	needs unshare
	needs_observer
	mkdir "$OUT/empty"
	cp /sys/kernel/btf/vmlinux "$OUT/btf"
	unshare -m mount --bind "$OUT/empty" /sys/kernel/btf ||
		skip "no mount namespace of its own"
	hidden() {
		unshare -m bash -c "mount --bind '$OUT/empty' /sys/kernel/btf
			\"\$@\"" _ "$@"
	}
	run hidden rstwatch --check
	echo "$output"
	[[ $status -eq 69 && $output == *'BTF  '*'no  '*CONFIG_DEBUG_INFO_BTF* ]]
	hidden rstwatch --check -j >"$OUT/check" || [[ $? -eq 69 ]]
	keeps_contract "$OUT/check"
	grep -q '"backend":null.*"error":"this kernel offers no BTF.*"exit":69}' \
		"$OUT/check"
	run hidden rstwatch --backend tracepoint --btf "$OUT/btf" --dry-run
	echo "$output"
	[[ $status -eq 0 && $output == *inet_sock_set_state* ]]
}

@test "--btf: no file, no BTF, not a kernel's" {
	usage "btf.*such" --btf=/no/such/file
	run rstwatch --btf=/nonexistent/$'\e[2J'
	one_line 64 'btf'
	[[ $output != *$'\e'* ]]
	[[ $EUID -eq 0 ]] || skip "not root"
	head -c 4096 /dev/urandom >"$OUT/garbage"
	: >"$OUT/empty"
	usage "no BTF of a kernel" -d 1 --btf="$OUT/garbage"
	usage "no BTF of a kernel" -d 1 --btf="$OUT/empty"
	usage "no BTF of a kernel" -d 1 --btf="$OUT"
	usage "no BTF of a kernel" -d 1 --btf="$BUILD/rstwatch"
	# BTF it is, but not of a kernel
	usage "no BTF of a kernel" -d 1 --btf="$BUILD/tracepoint.bpf.o"
	local other
	for other in "${RSTWATCH_CACHE:-/var/cache/rstwatch}"/kernels/5.*/btf; do
		[[ -e $other ]] || continue
		usage "another kernel" -d 1 --btf="$other"
	done
	usage "no BTF of a kernel" --check --btf="$OUT/garbage"
}

@test "not root: --check tells what it can, 77" {
	needs setpriv
	[[ $EUID -eq 0 ]] || skip "not root"
	install -m 755 "$BUILD/rstwatch" "$BATS_RUN_TMPDIR/rstwatch"
	chmod 755 "$BATS_RUN_TMPDIR"
	nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups)
	run "${nobody[@]}" "$BATS_RUN_TMPDIR/rstwatch" --check
	echo "$output"
	[[ $status -eq 77 && $output =~ capabilities\ +no && $output == *BTF* ]]
	"${nobody[@]}" "$BATS_RUN_TMPDIR/rstwatch" --check -j >"$OUT/check" ||
		[[ $? -eq 77 ]]
	keeps_contract "$OUT/check"
	grep -q '"exit":77' "$OUT/check"
	run "${nobody[@]}" "$BATS_RUN_TMPDIR/rstwatch" --dry-run
	one_line 77 'root|CAP_'
}

@test "rstdemo: bad input" {
	run rstdemo
	one_line 64 'command'
	run rstdemo run no-such-case
	one_line 64 'no-such-case'
	run rstdemo run linger-zero --connect localhost:99999
	one_line 64 'connect'
}
