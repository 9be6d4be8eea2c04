#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# --check, --dry-run, --debug and the notice at the start.

load helpers

# of FILE EXPRESSION: what that is, of the only record in FILE.
of() {
	python3 -c 'import json, sys
r = json.loads(open(sys.argv[1], encoding="utf-8").readline())
print(eval(sys.argv[2]))' "$@"
}

@test "--check fits on a screen, and says what a run does" {
	needs_observer
	rstwatch --check >"$OUT/check" 2>"$OUT/err"
	cat "$OUT/check"
	[[ ! -s $OUT/err && $(wc -l <"$OUT/check") -le 40 ]]
	[[ $(awk '{ print length }' "$OUT/check" | sort -n | tail -n 1) -le 80 ]]
	local fact
	for fact in BTF kprobes fentry 'typed tracepoints' 'raw tracepoints' \
		lockdown capabilities 'cgroup v2' kallsyms; do
		grep -qE "^  $fact +(yes|no|\?)" "$OUT/check"
	done
	rstwatch -j -d 0.1 >"$OUT/run" 2>/dev/null
	grep -q "^Flavour: $(of "$OUT/run" 'r["backend"]')," "$OUT/check"
	grep -q "^  capabilities *yes" "$OUT/check"
	grep -q "$(uname -r)" "$OUT/check"
}

@test "--check -j: one record, of what a run attaches and loses" {
	needs_observer
	for flavour in fentry kprobe tracepoint; do
		local code=0
		rstwatch --check -j --backend $flavour >"$OUT/check" || code=$?
		[[ $(wc -l <"$OUT/check") -eq 1 ]]
		keeps_contract "$OUT/check"
		[[ $(of "$OUT/check" 'r["exit"]') -eq $code ]]
		if [[ $code -ne 0 ]]; then
			[[ $code -eq 69 ]]
			[[ $(of "$OUT/check" 'r["error"]') == *$flavour* ]]
			continue
		fi
		rstwatch -j -d 0.1 --backend $flavour >"$OUT/run"
		diff <(of "$OUT/run" 'r["probes"]') <(of "$OUT/check" 'r["probes"]')
		diff <(of "$OUT/run" 'r["degraded"]') \
			<(of "$OUT/check" '[l["hook"] + ": " + l["lost"]
				for l in r["lost"]]')
	done
}

@test "--check -r: fewer probes" {
	needs_observer
	rstwatch --check -j >"$OUT/all"
	rstwatch --check -j -r >"$OUT/rst"
	[[ $(of "$OUT/all" 'len(r["probes"])') -ge \
		$(of "$OUT/rst" 'len(r["probes"])') ]]
}

@test "--check into a full device is a failure" {
	needs_observer
	run bash -c 'rstwatch --check >/dev/full'
	one_line 1 'No space'
}

@test "--dry-run loads, attaches, prints the probes, leaves" {
	needs_observer
	run rstwatch --dry-run
	echo "$output"
	[[ $status -eq 0 && $output == flavour\ * ]]
	rstwatch --dry-run -j >"$OUT/dry"
	rstwatch -j -d 0.1 >"$OUT/run"
	keeps_contract "$OUT/dry"
	[[ $(wc -l <"$OUT/dry") -eq 2 ]]
	diff <(of "$OUT/run" 'r["probes"]') <(of "$OUT/dry" 'r["probes"]')
	local probe
	for probe in $(of "$OUT/dry" '"\n".join(r["probes"])'); do
		[[ $output == *"  $probe"* ]]
	done
}

@test "--debug shows libbpf's log, nothing else does" {
	needs_observer
	rstwatch --debug --dry-run >/dev/null 2>"$OUT/err"
	grep -q '^libbpf: ' "$OUT/err"
	RSTWATCH_LIBBPF_LOG=1 rstwatch --dry-run >/dev/null 2>"$OUT/err"
	[[ ! -s $OUT/err ]]
}

@test "the notice at the start is one line, or none" {
	needs_observer
	rstwatch -d 0.1 >/dev/null 2>"$OUT/err"
	cat "$OUT/err"
	[[ $(grep -c '^rstwatch: ' "$OUT/err") -le 1 ]]
	rstwatch --check -j >"$OUT/check"
	local cause
	for cause in $(of "$OUT/check" '"\n".join(c for l in r["lost"]
		for c in l["causes"])'); do
		grep -q "^rstwatch: .* flavour; not seen here: .*$cause" "$OUT/err"
	done
	run bash -c 'rstwatch -j -d 0.1 2>&1 >/dev/null | grep "not seen"'
	[[ -z $output ]]
}
