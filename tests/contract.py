#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Check that every record of rstwatch -j keeps the contract (schema 1).

    contract.py CAUSES_DEF EVENTS

Valid UTF-8 and JSON, one object a line, no key missing or unknown, values of
the right kind, null only where it may be. Exits 1 with one line a fault.
"""
import ipaddress
import json
import re
import sys

OPTIONAL = type(None)
INT, TEXT = (int,), (str,)
END = {"address": TEXT, "port": INT}
FIELDS = {
    "start": {
        "type": TEXT, "schema": INT, "version": TEXT, "time": TEXT,
        "kernel": TEXT, "backend": TEXT, "probes": (list,), "degraded": (list,),
    },
    "teardown": {
        "type": TEXT, "time": TEXT, "ktime_ns": INT, "verdict": TEXT,
        "direction": TEXT, "cause": TEXT, "kernel_reason": (str, OPTIONAL),
        "family": TEXT, "local": END, "remote": END,
        "state": (str, OPTIONAL), "order": (str, OPTIONAL),
        "unread_bytes": (int, OPTIONAL), "unsent_bytes": (int, OPTIONAL),
        "unacked_bytes": (int, OPTIONAL), "linger_s": (int, float, OPTIONAL),
        "linger_waited_ms": (int, OPTIONAL),
        "idle_ms": {"rx": (int, OPTIONAL), "tx": (int, OPTIONAL)},
        "retransmits": (int, OPTIONAL), "since_close_ms": (int, OPTIONAL),
        "provoked_by": [{"flags": TEXT, "payload_bytes": INT}],
        "actor": [{"pid": INT, "tid": INT, "comm": TEXT, "exiting": (bool,),
                   "signal": (str, OPTIONAL)}],
        "owner": [{"pid": INT, "comm": TEXT, "uid": INT, "source": TEXT}],
        "cgroup": [{"id": INT, "path": (str, OPTIONAL)}],
        "container_id": (str, OPTIONAL), "netns": (int, OPTIONAL),
        "cookie": (int, OPTIONAL), "path": (list,), "confidence": TEXT,
        "predates": (bool,), "stack": (dict, OPTIONAL),
    },
    "owner": {
        "type": TEXT, "cookie": INT,
        "owner": {"pid": INT, "comm": TEXT, "uid": INT, "source": TEXT},
    },
    # Fields that a later issue adds may follow these.
    "end": {
        "type": TEXT, "time": TEXT, "events": INT, "lost": INT,
        "counts": (dict,), "audit": (dict, OPTIONAL),
    },
    # --check prints this one alone.
    "check": {
        "type": TEXT, "schema": INT, "version": TEXT, "time": TEXT,
        "kernel": TEXT, "machine": TEXT, "offers": {
            key: {"ok": (bool, OPTIONAL), "detail": (str, OPTIONAL)}
            for key in ("btf", "fentry", "kprobes", "typed_tracepoints",
                        "raw_tracepoints", "lockdown", "capabilities",
                        "cgroup_v2", "kallsyms")},
        "flavours": (list,), "backend": (str, OPTIONAL), "probes": (list,),
        "lost": (list,), "error": (str, OPTIONAL), "exit": INT,
    },
}
LISTS = {
    "flavours": {"name": TEXT, "works": (bool,), "why_not": (str, OPTIONAL),
                 "needs": TEXT},
    "lost": {"hook": TEXT, "lost": TEXT, "causes": (list,),
             "evidence": (str, OPTIONAL), "back": (str, OPTIONAL)},
}
OPEN = {"end"}
WORDS = {
    "verdict": {"fin", "rst", "none"},
    "direction": {"sent", "received", "none"},
    "family": {"ipv4", "ipv6"},
    "order": {"first", "second", "simultaneous", None},
    "confidence": {"observed", "inferred"},
    "backend": {"fentry", "kprobe", "tracepoint", None},
    "state": {"ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT1", "FIN_WAIT2",
              "TIME_WAIT", "CLOSE", "CLOSE_WAIT", "LAST_ACK", "LISTEN",
              "CLOSING", None},
    "source": {"close", "connect", "accept", "scan", None},
}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z")


def faults(want, got, path, extra=False):
    """Yields what is wrong with one value."""
    if isinstance(want, list):  # an object or null
        if got is None:
            return
        want = want[0]
    if isinstance(want, dict):
        if not isinstance(got, dict):
            yield f"{path}: no object: {got!r}"
            return
        for key in want.keys() - got.keys():
            yield f"{path}.{key}: missing"
        for key in got.keys() - want.keys():
            if not extra:
                yield f"{path}.{key}: not in the contract"
        for key in want.keys() & got.keys():
            yield from faults(want[key], got[key], f"{path}.{key}")
    elif isinstance(got, bool) and bool not in want or \
            not isinstance(got, want):
        yield f"{path}: {got!r}"


def words(record, causes):
    """Yields values that are none of the words the contract has."""
    for key, value in record.items():
        if key in WORDS and value not in WORDS[key]:
            yield f"{key}: {value!r}"
        if key == "time" and not TIME.fullmatch(value):
            yield f"time: {value!r}"
    if record.get("cause", causes[0]) not in causes:
        yield f"cause: {record['cause']!r}"
    for key, want in LISTS.items():
        for item in record[key] if record["type"] == "check" else []:
            yield from faults(want, item, key)
    for item in record.get("lost", []) if record["type"] == "check" else []:
        for key in set(item["causes"]) - set(causes):
            yield f"lost: {key!r}"
    for key in record.get("counts", {}):
        if key not in causes:
            yield f"counts: {key!r}"
    for key in ("local", "remote"):
        if key in record:
            address = ipaddress.ip_address(record[key]["address"])
            if f"ipv{address.version}" != record["family"]:
                yield f"{key}: {address} is not {record['family']}"


def check(lines, causes):
    """Yields one text for each fault."""
    types = []
    for number, line in enumerate(lines, 1):
        try:
            record = json.loads(line.decode("utf-8"))
        except ValueError as error:
            yield f"line {number}: {error}"
            continue
        if any(byte < 0x20 or byte == 0x7f for byte in line.rstrip(b"\n")):
            yield f"line {number}: a control character"
        kind = record.get("type")
        types.append(kind)
        if kind not in FIELDS:
            yield f"line {number}: type {kind!r}"
            continue
        wrong = list(faults(FIELDS[kind], record, kind, kind in OPEN))
        for text in wrong or words(record, causes):
            yield f"line {number}: {text}"
    if types == ["check"]:
        return
    if types[:1] != ["start"] or types[-1:] != ["end"] or \
            types.count("start") != 1 or types.count("end") != 1:
        yield f"{types[:1]} first, {types[-1:]} last"


def main():
    """Command line."""
    if len(sys.argv) != 3:
        sys.exit("usage: contract.py CAUSES_DEF EVENTS")
    with open(sys.argv[1], encoding="utf-8") as table:
        causes = re.findall(r'^CAUSE\(\w+, "([a-z0-9-]+)"', table.read(), re.M)
    with open(sys.argv[2], "rb") as events:
        found = list(check(events.readlines(), causes))
    for text in found[:20]:
        print(text)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
