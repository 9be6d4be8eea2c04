#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Audit what rstwatch reported against two independent witnesses.

    audit.py DIR EVENTS

DIR holds, of one run: netns, the inode number of the network namespace it took
place in (optional: then nobody else may use TCP on the machine); snmp0 and snmp1, netstat0 and netstat1 (/proc/net, before
and after), wire.ndjson (rstwire) and *.demo (rstdemo, churn). Every RST that
the kernel counted (OutRsts), every RST on the wire and every event "rst sent"
of EVENTS must be the same ones, for each pair of addresses. Where data and
close() raced, the RST's own acknowledgement number says how many bytes the
kernel had received, and the event must say the same.

A flavour may leave out what it names in "degraded". Prints one line that sums
it up, before it what is wrong; exits 1 when something is.
"""
import collections
import glob
import os
import sys

import match

# The one case that sends a RST from a raw socket, past the kernel's TCP.
RAW = {"reset-in-handshake"}


def counters(path):
    """/proc/net/snmp or netstat as a dictionary."""
    found = {}
    with open(path, encoding="utf-8") as lines:
        for names in lines:
            values = next(lines).split()
            for key, value in zip(names.split()[1:], values[1:]):
                found[f"{values[0][:-1]}.{key}"] = int(value)
    return found


def delta(directory, file, key):
    """By how much a counter rose during the run."""
    before, after = (counters(os.path.join(directory, f"{file}{i}"))
                     for i in (0, 1))
    return after.get(key, 0) - before.get(key, 0)


class Run:
    """Everything that is known of one run."""

    def __init__(self, directory, events):
        self.directory = directory
        self.records = match.read(events)
        self.blind = match.blind_words(self.records)
        self.events = match.teardowns(self.records)
        netns = os.path.join(directory, "netns")
        if os.path.exists(netns):
            with open(netns, encoding="utf-8") as file:
                own = int(file.read())
            self.events = [e for e in self.events if e["netns"] == own]
        self.wire = match.read(os.path.join(directory, "wire.ndjson"))
        self.cases = [case for path in
                      sorted(glob.glob(os.path.join(directory, "*.demo")))
                      for case in match.read(path)]
        self.wrong = []
        # What the flavour itself says did not run; kprobes before 6.7 are not
        # counted by the kernel, only declared.
        self.missed = (self.records[-1].get("missed") or 0) + \
            (2 if "missed" in self.blind else 0)

    def say(self, text):
        """Note what is wrong."""
        self.wrong.append(text)

    def raw_ends(self):
        """Ends whose RST came from a raw socket."""
        return {match.end_key(end) for case in self.cases
                if case["case"] in RAW for end in case["ends"]}

    def expected_causes(self):
        """For each end the causes its case expects."""
        found = collections.defaultdict(set)
        for case in self.cases:
            for end in case["ends"]:
                for one in end.get("either", [end.get("expect")]):
                    found[match.end_key(end)] |= {e["cause"] for e in one}
                found[match.end_key(end)] |= {"no-socket", "handshake"}
        return found


def wire_segments(run):
    """RSTs on the wire by end, those of raw sockets left out."""
    last = run.wire[-1] if run.wire else {}
    if last.get("type") != "end":
        run.say("rstwire did not end well")
    if last.get("drops", 0):
        run.say(f"rstwire lost {last['drops']} segments: no witness")
    raw = run.raw_ends()
    found = collections.defaultdict(list)
    for segment in run.wire:
        if segment["type"] == "rst" and match.end_key(segment) not in raw:
            found[match.end_key(segment)].append(segment)
    return found


def audit_resets(run, wire):
    """Events, counter and wire, one for one. Returns the line about it."""
    told = collections.Counter(
        match.end_key(e) for e in run.events
        if (e["verdict"], e["direction"]) == ("rst", "sent"))
    on_wire = {end: len(segments) for end, segments in wire.items()}
    out = delta(run.directory, "snmp", "Tcp.OutRsts")
    expected = run.expected_causes()
    missed = run.missed
    invisible = 0
    for end in set(told) | set(on_wire):
        missing = on_wire.get(end, 0) - told.get(end, 0)
        if not missing:
            continue
        # Only answers, and only those the flavour says it cannot see
        answers = sum(s["flags"] == "R" or s["seq"] == 0
                      for s in wire.get(end, []))
        if 0 < missing <= answers and expected[end] & run.blind:
            invisible += missing
            continue
        if 0 < missing <= missed:
            missed -= missing
            continue
        run.say(f"{end}: {on_wire.get(end, 0)} RSTs on the wire, "
                f"{told.get(end, 0)} events")
    n_wire, n_told = sum(on_wire.values()), sum(told.values())
    if n_wire != out:
        run.say(f"OutRsts rose by {out}, on the wire were {n_wire}")
    unseen = f" + {invisible} not visible" if invisible else ""
    return f"OutRsts {out}, wire {n_wire}, events {n_told}{unseen}"


def audit_races(run, wire):
    """Unread bytes against the RST's acknowledgement number."""
    unread = {match.end_key(e): e for e in run.events
              if e["cause"] == "unread-data"}
    data = close = 0
    missed = run.missed
    for case in run.cases:
        for end in case["ends"]:
            if "rcv_start" not in end:
                continue
            key = match.end_key(end)
            aborts = [s for s in wire.get(key, []) if s["flags"] != "R"]
            event = unread.get(key)
            if len(aborts) == 1 and not event and missed:
                missed -= 1
                data += 1
                continue
            if len(aborts) != (event is not None):
                run.say(f"{key}: {len(aborts)} aborts on the wire, "
                        f"{'no' if not event else 'one'} unread-data event")
            if not event or not aborts:
                close += 1
                continue
            data += 1
            received = (aborts[0]["ack"] - end["rcv_start"]) % 2**32
            if event["unread_bytes"] != received:
                run.say(f"{key}: unread_bytes {event['unread_bytes']}, the "
                        f"kernel had received {received}")
    return f"races {data} data first, {close} close first"


def audit_unread(run):
    """The kernel counts its closes with unread data."""
    told = sum(e["cause"] == "unread-data" for e in run.events)
    counted = delta(run.directory, "netstat", "TcpExt.TCPAbortOnClose")
    if not counted - run.missed <= told <= counted:
        run.say(f"TCPAbortOnClose rose by {counted}, unread-data events "
                f"are {told}")
    return f"TCPAbortOnClose {counted}"


def main():
    """Command line."""
    if len(sys.argv) != 3:
        sys.exit("usage: audit.py DIR EVENTS")
    run = Run(sys.argv[1], sys.argv[2])
    wire = wire_segments(run)
    lines = [audit_resets(run, wire), audit_unread(run), audit_races(run, wire)]
    for text in run.wrong[:10]:
        print(f"WRONG audit: {text}")
    if len(run.wrong) > 10:
        print(f"WRONG audit: and {len(run.wrong) - 10} more")
    print("; ".join(lines))
    return 1 if run.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
