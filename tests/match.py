#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Match what rstwatch reported against what rstdemo did.

Every connection end that a case created must have exactly the events the case
expects, in order, with the fields it names; no more and no fewer. Ends are
found by their two addresses, which no two cases share.

	match.py [--quiet] EVENTS DEMO

EVENTS is NDJSON of rstwatch -j, DEMO of rstdemo run --json. Prints a table of
expected and observed causes and `N of M cases right`; exits 1 unless all are.

What a flavour cannot see it says itself, in "degraded" of its start record: an
expected event (or field) whose name stands there may be missing, and is shown
as "not visible". It may never be wrong.
"""
import argparse
import json
import sys


def read(path):
    """NDJSON as a list; a line that is no JSON object is an error."""
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def name(event):
    """How an event is written in the table."""
    word = "-" if event["verdict"] == "none" else event["verdict"]
    way = {"sent": ">", "received": "<"}.get(event.get("direction"), "")
    return f"{word}{way} {event['cause']}"


def differs(want, got, blind, path=""):
    """The first difference as text, None when GOT has all that WANT names."""
    if isinstance(want, dict) and set(want) <= {"min", "max"} and want:
        low, high = want.get("min", float("-inf")), want.get("max", float("inf"))
        if isinstance(got, (int, float)) and low <= got <= high:
            return None
    elif isinstance(want, dict):
        if not isinstance(got, dict):
            return f"{path}: want {want}, got {got}"
        for key, value in want.items():
            text = differs(value, got.get(key), blind, f"{path}.{key}".lstrip("."))
            if text:
                return text
        return None
    elif want == got and isinstance(want, bool) == isinstance(got, bool):
        return None
    if got is None and path.split(".")[0] in blind:
        return None
    return f"{path}: want {want}, got {got}"


def end_key(record):
    """An end of a connection: both its addresses."""
    return tuple((record[side]["address"], record[side]["port"])
                 for side in ("local", "remote"))


def match_end(end, events, blind):
    """Compare one end's events with its expectations.

    Returns (differences, cells): what is wrong as a list of texts, and the
    observed column.
    """
    got, wrong, cells = list(events), [], []
    for want in end["expect"]:
        if got and got[0]["cause"] == want["cause"]:
            text = differs(want, got[0], blind)
            if text:
                wrong.append(f"{name(want)}: {text}")
            cells.append(name(got.pop(0)))
        elif want["cause"] in blind:
            cells.append(f"{want['cause']} not visible")
        elif got:
            wrong.append(f"want {name(want)}, got {name(got[0])}")
            cells.append(name(got.pop(0)))
        else:
            wrong.append(f"want {name(want)}, got nothing")
            cells.append("nothing")
    for extra in got:
        wrong.append(f"not expected: {name(extra)}")
        cells.append(name(extra))
    return wrong, cells


def match(records, cases):
    """Yield (case, differences, expected text, observed text) for each case."""
    start = next(r for r in records if r["type"] == "start")
    blind = set(" ".join(start["degraded"]).replace(",", " ")
                .replace(":", " ").replace(";", " ").split())
    by_end = {}
    for record in records:
        if record["type"] == "teardown":
            by_end.setdefault(end_key(record), []).append(record)
    for events in by_end.values():
        events.sort(key=lambda e: e["ktime_ns"])
    for case in cases:
        wrong, want, seen = [], [], []
        for end in case["ends"]:
            texts, cells = match_end(end, by_end.pop(end_key(end), []), blind)
            wrong += [f"{end['role']}: {t}" for t in texts]
            want.append(", ".join(map(name, end["expect"])) or "nothing")
            seen.append(", ".join(cells) or "nothing")
        yield case, wrong, "; ".join(want), "; ".join(seen)


def main():
    """Command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quiet", action="store_true", help="only what is wrong")
    parser.add_argument("events")
    parser.add_argument("demo")
    args = parser.parse_args()
    records, cases = read(args.events), read(args.demo)
    start = next(r for r in records if r["type"] == "start")
    right = run = failed = skipped = 0
    rows = []
    for case, wrong, want, seen in match(records, cases):
        if case["result"] == "skipped":
            skipped += 1
            rows.append((case["case"], "skipped", case["reason"], []))
            continue
        run += 1
        if case["result"] != "ok":
            failed += 1
            wrong = [f"rstdemo: {case['reason']}"] + wrong
        right += not wrong
        rows.append((case["case"], want, seen, wrong))
    width = max(len(r[0]) for r in rows)
    wide = min(60, max(len(r[1]) for r in rows))
    if not args.quiet:
        print(f"{'CASE':{width}}  {'EXPECTED':{wide}}  OBSERVED")
    for case, want, seen, wrong in rows:
        if not args.quiet:
            print(f"{case:{width}}  {want:{wide}}  {'= ' if not wrong and want != 'skipped' else '' if want == 'skipped' else 'X '}{seen}")
        for text in wrong:
            print(f"{'':{width}}  WRONG {case}: {text}")
    print(f"{start['backend']} on {start['kernel']}: {right} of {run} cases "
          f"right, {skipped} skipped")
    return 0 if right == run and run else 1


if __name__ == "__main__":
    sys.exit(main())
