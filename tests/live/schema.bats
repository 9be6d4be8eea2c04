#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# --json-schema, and that the check against it finds what is wrong. Every record
# of every other live test is checked in teardown(), helpers.bash.

load helpers

@test "--json-schema needs no root, and is JSON" {
	nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups)
	[[ $EUID -eq 0 ]] || nobody=()
	install -m 755 "$BUILD/rstwatch" "$BATS_RUN_TMPDIR/rstwatch"
	chmod 755 "$BATS_RUN_TMPDIR"
	"${nobody[@]}" "$BATS_RUN_TMPDIR/rstwatch" --json-schema |
		python3 -m json.tool >/dev/null
}

@test "each fault in a record is found" {
	needs_observer
	start
	rstdemo run all --json >"$OUT/demo"
	stop
	rstwatch --json-schema >"$OUT/schema"
	python3 - "$OUT/events.out" "$OUT" <<-'END'
		import copy, json, sys
		lines = [json.loads(line) for line in open(sys.argv[1])]
		event = next(r for r in lines if r.get("cause") == "data-after-close"
		             and r["owner"])
		start, end = lines[0], lines[-1]

		def change(record, path, value):
		    record = copy.deepcopy(record)
		    *steps, last = path.split(".")
		    part = record
		    for step in steps:
		        part = part[step]
		    if value is KeyError:
		        del part[last]
		    else:
		        part[last] = value
		    return record

		bad = [change(event, path, value) for path, value in (
		    ("new", 1), ("cause", KeyError), ("cause", "frogs"),
		    ("cause", None), ("verdict", "RST"), ("direction", True),
		    ("time", "2026-01-02T03:04:05Z"), ("ktime_ns", "1"),
		    ("ktime_ns", -1), ("local.port", 65536), ("local.port", None),
		    ("local.address", "::1"), ("remote.address", "localhost"),
		    ("remote.more", 1), ("state", "NEW_SYN_RECV"), ("order", "first"),
		    ("unread_bytes", 1.5), ("idle_ms.rx", KeyError),
		    ("provoked_by.flags", "AP"), ("owner.source", "guess"),
		    ("owner.pid", True), ("netns", "x"), ("path", None),
		    ("path", ["tcp_frob"]), ("confidence", "certain"),
		    ("predates", None), ("type", "tear"))]
		for number, record in enumerate(bad):
		    with open(f"{sys.argv[2]}/bad{number}", "w") as out:
		        for r in (start, record, end):
		            out.write(json.dumps(r) + "\n")
		for name, records in (("bad-order", (end, start)),
		                      ("bad-end", (start, event)),
		                      ("bad-two", (start, start, end)),
		                      ("bad-count", (start, change(
		                          end, "counts.frogs", 1)))):
		    with open(f"{sys.argv[2]}/{name}", "w") as out:
		        for r in records:
		            out.write(json.dumps(r) + "\n")
		with open(f"{sys.argv[2]}/bad-json", "w") as out:
		    out.write(json.dumps(start) + "\n{\n" + json.dumps(end) + "\n")
		with open(f"{sys.argv[2]}/good", "w") as out:
		    for r in (start, event, end):
		        out.write(json.dumps(r) + "\n")
	END
	"$TESTS/contract.py" "$OUT/schema" "$OUT/good"
	for file in "$OUT"/bad*; do
		echo "$file"
		run "$TESTS/contract.py" "$OUT/schema" "$file"
		echo "$output"
		[[ $status -eq 1 && -n $output && $output != *Traceback* ]]
	done
}

@test "a schema that is open, or has a key that may be missing, is refused" {
	rstwatch --json-schema >"$OUT/schema"
	: >"$OUT/events"
	sed 's/"additionalProperties": false/"additionalProperties": true/' \
		"$OUT/schema" >"$OUT/open"
	run "$TESTS/contract.py" "$OUT/open" "$OUT/events"
	[[ $output == *'is open'* ]]
	sed 's/"netns_name", "cookie"/"netns_name"/' "$OUT/schema" >"$OUT/optional"
	run "$TESTS/contract.py" "$OUT/optional" "$OUT/events"
	[[ $output == *'optional: cookie'* ]]
}

@test "docs/keys.md names every key" {
	rstwatch --json-schema >"$OUT/schema"
	python3 - "$OUT/schema" "$TOP/docs/keys.md" <<-'END'
		import json, re, sys
		schema = json.load(open(sys.argv[1]))
		page = open(sys.argv[2], encoding="utf-8").read()
		named = set(re.findall(r"`([a-z_0-9]+)[`.]", page))
		keys = {key for choice in schema["oneOf"]
		        for key in schema["$defs"][choice["$ref"][8:]]["properties"]}
		assert not keys - named, sorted(keys - named)
	END
}

@test "--community-id: the name that others give to a connection" {
	needs_observer
	start --community-id
	rstdemo run close >/dev/null
	rstdemo run -6 close >/dev/null
	stop
	python3 - "$OUT/events.out" <<-'END'
		import base64, hashlib, json, socket, sys
		seen = 0
		for line in open(sys.argv[1]):
		    r = json.loads(line)
		    if r["type"] != "teardown":
		        continue
		    family = socket.AF_INET6 if r["family"] == "ipv6" else socket.AF_INET
		    ends = sorted((socket.inet_pton(family, r[e]["address"]),
		                   r[e]["port"].to_bytes(2, "big"))
		                  for e in ("local", "remote"))
		    text = bytes(2) + ends[0][0] + ends[1][0] + b"\x06\0" + \
		        ends[0][1] + ends[1][1]
		    want = "1:" + base64.b64encode(hashlib.sha1(text).digest()).decode()
		    assert r["community_id"] == want, r
		    seen += 1
		assert seen >= 4, seen
	END
}
