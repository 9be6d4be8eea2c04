#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# What is made from the tables, what is installed, what the shells complete.

load helpers

# tops: make, quietly and with this test's build.
tops() {
	PATH=$PLAIN_PATH make --no-print-directory -s -C "$TOP" B="$BUILD" "$@"
}

# options: the long options of the program itself.
options() {
	rstwatch --help | grep -oE '^ .* --[a-z0-9-]+' | grep -oE -- '--[a-z0-9-]+'
}

# holds FILE: every option stands in it as a word.
holds() {
	local option all
	all=$(options)
	[[ $(wc -l <<<"$all") -gt 15 ]]
	for option in $all; do
		grep -qE -- "(^|[^a-z-])$option([^a-z-]|\$)" "$1" || {
			echo "$option is not in $1"
			return 1
		}
	done
}

# offers LINE...: what bash completes to, for a command line that ends there.
offers() {
	bash -c 'source "$1"; shift
		words=$(printf "%s " "$@")
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE=${words% }
		_rstwatch rstwatch "${!#}" "${COMP_WORDS[COMP_CWORD - 1]}"
		printf "%s\n" "${COMPREPLY[@]}"' _ "$BUILD/completion/bash" "$@"
}

@test "pages made from the tables are as committed" {
	"$BUILD/causes_doc" | diff -u "$TOP/docs/causes.md" -
	"$BUILD/reference" man "$TOP/man/rstwatch.8" |
		diff -u "$TOP/man/rstwatch.8" -
}

@test "a page without its marks, or an unknown shell, is refused" {
	grep -v 'END options' "$TOP/man/rstwatch.8" >"$OUT/page"
	run "$BUILD/reference" man "$OUT/page"
	[[ $status -eq 1 && $output == *missing* ]]
	run "$BUILD/reference" csh
	[[ $status -eq 1 ]]
}

@test "the man page shows every option and every cause" {
	needs man
	MANWIDTH=80 man -l "$TOP/man/rstwatch.8" >"$OUT/page" 2>"$OUT/err"
	cat "$OUT/err"
	[[ ! -s $OUT/err ]]
	holds "$OUT/page"
	local cause causes
	causes=$(sed -n 's/^CAUSE([A-Z0-9_]*, "\([^"]*\)".*/\1/p' \
		"$TOP/bpf/causes.def")
	[[ $(wc -l <<<"$causes") -gt 25 ]]
	for cause in $causes; do
		grep -qE "^ +$cause( |\$)" "$OUT/page" || {
			echo "$cause is missing"
			return 1
		}
	done
	for section in NAME SYNOPSIS DESCRIPTION OPTIONS EXAMPLES FIELDS CAUSES \
		OVERHEAD CAVEATS 'EXIT STATUS' 'SEE ALSO'; do
		grep -qx "$section" "$OUT/page"
	done
}

@test "bash completes options, choices, lists and files" {
	offers rstwatch -- >"$OUT/bash"
	holds "$OUT/bash"
	[[ $(offers rstwatch --backend = fe) == fentry ]]
	[[ $(offers rstwatch --backend =) == *kprobe* ]]
	[[ $(offers rstwatch --backend kp) == kprobe ]]
	[[ $(offers rstwatch --cause = linger-z) == linger-zero ]]
	[[ $(offers rstwatch --cause close,unread) == close,unread-data ]]
	[[ $(offers rstwatch -p $$) == *$$* ]]
	[[ -z $(offers rstwatch -c '') ]]
}

@test "zsh completes every option" {
	needs zsh
	zsh -fc '_arguments() { print -rl -- "$@" }; source $1' _ \
		"$BUILD/completion/zsh" >"$OUT/zsh"
	holds "$OUT/zsh"
	grep -q -- '--backend=.*(auto fentry kprobe tracepoint)' "$OUT/zsh"
	grep -q -- '--cause=.*_sequence compadd -- .*linger-zero' "$OUT/zsh"
}

@test "fish completes every option" {
	needs fish
	# shellcheck disable=SC2016
	complete=('source $argv[1]; complete -C $argv[2]' "$BUILD/completion/fish")
	HOME=$OUT fish -c "${complete[@]}" 'rstwatch --' >"$OUT/fish"
	holds "$OUT/fish"
	HOME=$OUT fish -c "${complete[@]}" 'rstwatch --backend=f' |
		grep -q fentry
	HOME=$OUT fish -c "${complete[@]}" 'rstwatch --cause close,unread' |
		grep -q close,unread-data
}

@test "install puts everything in its place, uninstall leaves nothing" {
	local at=$OUT/root/opt/rw
	tops install DESTDIR="$OUT/root" PREFIX=/opt/rw
	(cd "$at" && find . -type f -printf '%m %P\n' | sort -k 2) >"$OUT/list"
	diff -u - "$OUT/list" <<-END
		755 bin/rstdemo
		755 sbin/rstwatch
		644 share/bash-completion/completions/rstwatch
		644 share/fish/vendor_completions.d/rstwatch.fish
		644 share/man/man1/rstdemo.1
		644 share/man/man8/rstwatch.8
		644 share/zsh/site-functions/_rstwatch
	END
	[[ $(cd / && "$at/sbin/rstwatch" --version) == rstwatch\ * ]]
	[[ $(cd / && "$at/bin/rstdemo" list | wc -l) -gt 10 ]]
	tops uninstall DESTDIR="$OUT/root" PREFIX=/opt/rw
	[[ -z $(find "$OUT/root" -type f) ]]
}

@test "make STATIC=1: one file, which observes where there is nothing else" {
	local static=$BUILD/static jail=$OUT/jail
	tops STATIC=1 B="$static" "$static/rstwatch" >"$OUT/log" 2>&1 || {
		cat "$OUT/log"
		grep -q 'no static archive' "$OUT/log"
		skip "$(grep -o 'STATIC=1: .*' "$OUT/log")"
	}
	readelf -ldW "$static/rstwatch" >"$OUT/elf"
	run grep -E 'INTERP|NEEDED' "$OUT/elf"
	[[ -s $OUT/elf && $status -eq 1 ]]
	needs_observer
	mkdir -p "$jail/proc" "$jail/sys"
	cp "$static/rstwatch" "$jail"
	# shellcheck disable=SC2016 # expanded inside
	run unshare -m bash -c 'mount --rbind /proc "$0/proc" &&
		mount --rbind /sys "$0/sys" && chroot "$0" /rstwatch --dry-run -j' \
		"$jail"
	echo "$output"
	[[ $status -eq 0 && $output == *'"type":"start"'*'"type":"end"'* ]]
}
