#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Look at the audit in the last record of a run of rstwatch -j.

    audited.py EVENTS MINIMUM [BLIND]

Every counter must differ by nothing, in every network namespace. A difference
is let pass only where the run said at its start that it cannot see that
("degraded"), or, for want of a processor's better manners, with BLIND: an
explanation that contains that word. And the kernel must have counted MINIMUM
resets, else there was nothing to compare. Prints one line that sums it up,
before it what is wrong; exits 1 when something is.
"""
import sys

import match


def differences(audit):
    """Each counter of each netns that differs, or of which nothing is known."""
    for netns in audit["netns"]:
        for name, line in netns["counters"].items():
            if line["difference"] != 0:
                yield netns, name, line


def judge(records, minimum, blind):
    """Returns what is wrong and the line that sums it up."""
    start, end = records[0], records[-1]
    audit = end.get("audit")
    if end["type"] != "end" or not audit:
        return ["the last record holds no audit"], "no audit"
    wrong, passed = [], []
    for netns, name, line in differences(audit):
        told = f"{name} of {netns['netns']}: {line['kernel']} in the kernel, " \
            f"{line['seen']} seen: {line['explained'] or netns['unknown']}"
        why = line["explained"] or netns["unknown"] or ""
        if why in start["degraded"] or netns["unknown"] or \
                (blind and blind in why):
            passed.append(f"{name} {line['difference']} not visible")
        else:
            wrong.append(told)
    if audit["unexplained"]:
        wrong.append(f"unexplained: {audit['unexplained']}")
    resets = sum(netns["counters"]["OutRsts"]["kernel"] or 0
                 for netns in audit["netns"])
    if resets < minimum:
        wrong.append(f"only {resets} resets, expected {minimum} at least")
    total = ", ".join(
        f"{name} {sum(n['counters'][name]['kernel'] or 0 for n in audit['netns'])}"
        for name in audit["netns"][0]["counters"]) if audit["netns"] else ""
    return wrong, f"{total}: " + (", ".join(passed) or "difference 0")


def main():
    """Command line."""
    if len(sys.argv) not in (3, 4):
        sys.exit("usage: audited.py EVENTS MINIMUM [BLIND]")
    wrong, line = judge(match.read(sys.argv[1]), int(sys.argv[2]),
                        sys.argv[3] if len(sys.argv) == 4 else None)
    for text in wrong[:10]:
        print(f"WRONG audit: {text}")
    print(line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
