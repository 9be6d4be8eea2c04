#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Look at the audit in the last record of a run of rstwatch -j.

    audited.py EVENTS MINIMUM [BLIND]

Every counter must differ by nothing, in every network namespace. A difference
is let pass only where the run said at its start that it cannot see that
("degraded"), or, with BLIND, where the explanation contains that word. Hooks
that did not run ("missed": the kernel skips a program on a CPU where a task was
preempted within it) may explain two in a hundred, and no more. The kernel must
have counted MINIMUM resets, else there was nothing to compare. Prints one line
that sums it up, before it what is wrong; exits 1 when something is.
"""
import sys

import match


def differences(known):
    """Each counter of each netns that differs."""
    for netns in known:
        for name, line in netns["counters"].items():
            if line["difference"] != 0:
                yield netns, name, line


def judge(records, minimum, blind):
    """Returns what is wrong and the line that sums it up."""
    start, end = records[0], records[-1]
    audit = end.get("audit")
    if end["type"] != "end" or not audit:
        return ["the last record holds no audit"], "no audit"
    # of one that has gone nobody can say any more what it counted
    known = [netns for netns in audit["netns"] if not netns["unknown"]]
    gone = len(audit["netns"]) - len(known)
    wrong, passed = [], []
    for netns, name, line in differences(known):
        why = line["explained"] or "unexplained"
        if "(see missed)" in why and \
                abs(line["difference"]) <= 2 + line["kernel"] // 50:
            passed.append(f"{name} {line['difference']} missed")
        elif why in start["degraded"] or (blind and blind in why):
            passed.append(f"{name} {line['difference']} not visible")
        else:
            wrong.append(f"{name} of {netns['netns']}: {line['kernel']} in the "
                         f"kernel, {line['seen']} seen: {why}")
    if audit["unexplained"]:
        wrong.append(f"unexplained: {audit['unexplained']}")
    total = {name: sum(netns["counters"][name]["kernel"] for netns in known)
             for name in (known[0]["counters"] if known else {})}
    resets = total.get("OutRsts", 0)
    if resets < minimum:
        wrong.append(f"only {resets} resets, expected {minimum} at least")
    if gone:
        passed.append(f"{gone} network namespaces gone")
    counts = ", ".join(f"{name} {count}" for name, count in total.items() if count)
    return wrong, f"{counts}: " + (", ".join(passed) or "difference 0")


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
