#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# What is explained: --explain, docs/causes.md and rstdemo say the same.

bats_require_minimum_version 1.5.0
load helpers

# names: of all causes, one a line.
names() {
	rstwatch --explain | sed -n 's/^\([a-z][a-z0-9-]*\) .*/\1/p' |
		grep -v '^rstwatch$'
}

@test "--explain needs no root and knows every cause" {
	[[ $(names | wc -l) -eq $(grep -c '^CAUSE(' "$TOP/bpf/causes.def") ]]
	nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups)
	[[ $EUID -eq 0 ]] || nobody=()
	install -m 755 "$BUILD/rstwatch" "$BATS_RUN_TMPDIR/rstwatch"
	chmod 755 "$BATS_RUN_TMPDIR"
	run "${nobody[@]}" "$BATS_RUN_TMPDIR/rstwatch" --explain linger-zero
	[[ $status -eq 0 && ${lines[0]} == 'linger-zero: '* ]]
}

@test "--explain of something else: one line, 64" {
	run rstwatch --explain frogs
	one_line 64 'frogs'
	run rstwatch --explain=
	one_line 64 'unknown cause'
}

@test "docs/causes.md is made from the table of causes" {
	make -s -C "$TOP" B="$BUILD" "$BUILD/causes_doc"
	"$BUILD/causes_doc" | diff - "$TOP/docs/causes.md"
}

@test "--explain and docs/causes.md say the same" {
	local cause
	for cause in $(names); do
		rstwatch --explain "$cause" >"$OUT/$cause"
	done
	python3 - "$TOP/docs/causes.md" "$OUT" <<-'END'
		import os, re, sys

		def words(text):
		    """A text without what only sets it."""
		    text = re.sub(r"\[`([^`]*)`\]\(#[^)]*\)", r"\1", text)
		    return text.replace("`", "").split()

		page = open(sys.argv[1], encoding="utf-8").read()
		parts = re.split(r"^## ([a-z][a-z0-9-]*)$", page, flags=re.M)
		pairs = dict(zip(parts[1::2], parts[2::2]))
		assert len(pairs) > 30, len(pairs)
		for name, text in pairs.items():
		    told = open(os.path.join(sys.argv[2], name)).read()
		    titles = re.findall(r"\*\*(.*)\.\*\*", text)[2:]
		    assert titles, name
		    for title in titles:
		        want = re.search(rf"\*\*{title}\.\*\*(.*?)(\n\n|\Z)", text, re.S)
		        got = re.search(rf"\n{title}\n(.*?)(\n\n|\Z)", told, re.S)
		        assert got, (name, title)
		        same = words(want[1].replace("build/rstdemo", "rstdemo"))
		        assert same == words(got[1]), (name, title)
	END
}

@test "the case named for a cause is one of rstdemo, which expects that cause" {
	local cause demo demos
	rstdemo list -v >"$OUT/list"
	for cause in $(names); do
		demos=$(rstwatch --explain "$cause" |
			sed -n 's/^  rstdemo run //p')
		for demo in $demos; do
			echo "$cause: $demo"
			# from the line of the case to the next not indented
			sed -n "/^$demo /,/^[^ ]/p" "$OUT/list" |
				grep '^  causes ' |
				grep -qE "(^|[^a-z-])$cause([^a-z-]|\$)"
		done
	done
}

@test "-v: what happened in plain words, under the line" {
	needs_observer
	start_as table -v -r
	rstdemo run unread-data >/dev/null
	stop
	grep -A1 'RST sent unread-data 1234 bytes$' "$OUT/table.out" |
		grep -qE '^        rstdemo \(pid [0-9]+\) closed with 1234 bytes unread; .* Read to the end'
}

# on_terminal COLUMNS OPTION...: runs it on a terminal of that width while some
# cases of rstdemo play, and prints what came.
on_terminal() {
	python3 - "$@" <<-'END'
		import fcntl, os, pty, signal, struct, subprocess, sys, termios
		pid, screen = pty.fork()
		if pid == 0:
		    size = struct.pack("HHHH", 50, int(sys.argv[1]), 0, 0)
		    fcntl.ioctl(0, termios.TIOCSWINSZ, size)
		    os.dup2(os.open("/dev/null", os.O_WRONLY), 2)
		    os.execvp("rstwatch", ["rstwatch"] + sys.argv[2:])
		text = b""
		while b"CAUSE" not in text:
		    text += os.read(screen, 65536)
		subprocess.run(["rstdemo", "run", "-6", "unread-data", "data-after-close",
		                "socket-destroyed"], stdout=subprocess.DEVNULL)
		while text.count(b"data-after-close") < 1:
		    text += os.read(screen, 65536)
		os.kill(pid, signal.SIGINT)
		try:
		    while chunk := os.read(screen, 65536):
		        text += chunk
		except OSError:
		    pass  # its end, on Linux
		sys.stdout.write(text.decode().replace("\r\n", "\n"))
	END
}

@test "on a terminal no line is too long, whatever it shows" {
	needs_observer
	local options columns
	for columns in 80 120 200; do
		for options in -r '-T -v' '-t -w'; do
			# shellcheck disable=SC2086 # a list of options
			on_terminal $columns $options >"$OUT/screen"
			sed -i 's/\x1b\[[0-9;]*m//g' "$OUT/screen"
			grep -q 'unread-data 1234 bytes' "$OUT/screen"
			run ! grep -E "^.{$((columns + 1))}" "$OUT/screen"
		done
	done
}

@test "colour on a terminal, unless NO_COLOR or a dumb terminal says no" {
	needs_observer
	[[ $(TERM=xterm on_terminal 80 -r) == *$'\e[1m'* ]]
	[[ $(TERM=xterm NO_COLOR=1 on_terminal 80 -r) != *$'\e'* ]]
	[[ $(TERM=dumb on_terminal 80 -r) != *$'\e'* ]]
}
