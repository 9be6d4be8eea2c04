#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Print the stack of the reset that was sent from a port, a frame a line.

    stack.py EVENTS PORT kernel|user

EVENTS: NDJSON of rstwatch. "null" where there is no such stack.
"""
import json
import sys

path, port, side = sys.argv[1:]
for line in open(path, encoding="utf-8"):
    event = json.loads(line)
    if event["type"] == "teardown" and event["direction"] == "sent" and \
            event["local"]["port"] == int(port):
        frames = event["stack"] and event["stack"][side]
        print("null" if frames is None else "\n".join(frames))
