#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Compare what a process left behind when it died with what rstwatch saw.

    dying.py EVENTS DYING [NAME=VALUE...]

EVENTS: NDJSON of rstwatch; DYING: lines of tests/tools/dying.c. Every
connection must be one line of the dying process, with its unread bytes and the
signal. NAME=VALUE: a field each of these events must have, such as
container_id=...; the value is compared as text. Exits 1 with one line a fault.
"""
import json
import signal
import sys


def expected(dead, port, unread):
    """The fields one connection's event has to have."""
    return {
        "local.port": port, "unread_bytes": unread,
        "cause": "unread-data" if unread else "close",
        "verdict": "rst" if unread else "fin", "direction": "sent",
        "actor.ns_pid": dead["pid"], "actor.exiting": True,
        "actor.signal": signal.Signals(dead["signal"]).name
        if dead["signal"] else None,
        "actor.oom": dead["how"] == "oom", "owner.ns_pid": dead["pid"],
    }


def field(event, name):
    """The value of a.b in an event."""
    for key in name.split("."):
        event = event[key] if event is not None else None
    return event


def faults(dead, events, extra):
    """Yields what is wrong with the events of one dead process."""
    mine = [e for e in events if field(e, "actor.ns_pid") == dead["pid"] and
            str(e["local"]["port"]) in dead["unread"] and
            (e["actor"]["pid"] == dead["pid"]) != dead["inside"]]
    if len(mine) != len(dead["unread"]):
        yield f"{len(mine)} events, not {len(dead['unread'])}"
    for port, unread in dead["unread"].items():
        found = [e for e in mine if e["local"]["port"] == int(port)]
        if len(found) != 1:
            yield f"port {port}: {len(found)} events"
            continue
        for name, want in expected(dead, int(port), unread).items():
            if field(found[0], name) != want:
                yield f"port {port}: {name} is {field(found[0], name)!r}, " \
                      f"not {want!r}"
        for name, want in extra.items():
            if str(field(found[0], name)) != want:
                yield f"port {port}: {name} is {field(found[0], name)!r}, " \
                      f"not {want!r}"


def main():
    """Command line."""
    extra = dict(word.split("=", 1) for word in sys.argv[3:])
    with open(sys.argv[1], encoding="utf-8") as file:
        events = [e for e in map(json.loads, file) if e["type"] == "teardown"]
    bad = 0
    with open(sys.argv[2], encoding="utf-8") as file:
        for dead in map(json.loads, file):
            for text in faults(dead, events, extra):
                print(f"WRONG {dead['how']}: {text}")
                bad = 1
    return bad


if __name__ == "__main__":
    sys.exit(main())
