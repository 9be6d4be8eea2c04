#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Check that every record of rstwatch -j keeps the contract (schema 1).

    contract.py SCHEMA EVENTS...

SCHEMA is what rstwatch --json-schema printed. Every line of EVENTS must be
valid UTF-8 and JSON and what the schema says of its type; start comes first and
end last, once each, or there is one check record. The schema itself must be one, closed (no key that it does
not name) and without optional keys. Exits 1 with one line a fault.
"""
import json
import re
import sys

import jsonschema

FAULTS_SHOWN = 20
CONTROL = re.compile(rb"[\x00-\x1f\x7f]")


def objects(schema, path="$"):
    """Yields every schema of an object with its path."""
    if isinstance(schema, dict):
        if "object" in schema.get("type", ()):
            yield path, schema
        for key, value in schema.items():
            yield from objects(value, f"{path}.{key}")
    elif isinstance(schema, list):
        for number, value in enumerate(schema):
            yield from objects(value, f"{path}[{number}]")


def schema_faults(schema):
    """Yields what is wrong with the schema itself."""
    for path, part in objects(schema):
        if "properties" not in part:
            continue
        if part.get("additionalProperties") is not False:
            yield f"schema: {path} is open"
        odd = set(part["properties"]) ^ set(part.get("required", ()))
        if odd:
            yield f"schema: {path}: optional: {', '.join(sorted(odd))}"


def inlined(part, schema):
    """PART with what its references stand for: following them again and again
    is most of what a validator does otherwise."""
    if isinstance(part, list):
        return [inlined(value, schema) for value in part]
    if not isinstance(part, dict):
        return part
    part = dict(part)
    target = schema
    for step in part.pop("$ref", "#").split("/")[1:]:
        target = target[step]
    if target is not schema:
        part = {**target, **part}
    return {key: inlined(value, schema) for key, value in part.items()}


class Contract:
    """A validator for each type of record."""

    def __init__(self, schema):
        jsonschema.Draft202012Validator.check_schema(schema)
        self.types = {}
        for choice in schema["oneOf"]:
            name = choice["$ref"].rpartition("/")[2]
            self.types[name] = jsonschema.Draft202012Validator(
                inlined(choice, schema),
                format_checker=jsonschema.FormatChecker(["ipv4", "ipv6"]))

    def faults(self, record):
        """Yields what is wrong with a record."""
        kind = record.get("type") if isinstance(record, dict) else None
        if kind not in self.types:
            yield f"type {kind!r}"
            return
        for error in self.types[kind].iter_errors(record):
            where = ".".join(map(str, error.absolute_path)) or kind
            yield f"{where}: {error.message[:200]}"


def sums(record):
    """Yields what does not add up in a summary."""
    events = record["sums"]["events"] + record["lost"]
    if sum(record["counts"].values()) != events:
        yield f"counts: are not {events}"
    rows = sum(row["events"] for row in record["rows"])
    if rows + record["others"]["events"] != events:
        yield f"rows and others: are not {events}"


def check(lines, contract):
    """Yields one text for each fault of a run."""
    types = []
    for number, line in enumerate(lines, 1):
        try:
            record = json.loads(line.decode("utf-8"))
        except ValueError as error:
            yield f"line {number}: {error}"
            continue
        if CONTROL.search(line.rstrip(b"\n")):
            yield f"line {number}: a control character"
        types.append(record.get("type") if isinstance(record, dict) else None)
        for text in contract.faults(record):
            yield f"line {number}: {text}"
        if types[-1] == "summary":
            for text in sums(record):
                yield f"line {number}: {text}"
    if types == ["check"]:
        return  # what --check -j prints, alone
    if types[:1] != ["start"] or types[-1:] != ["end"] or \
            types.count("start") != 1 or types.count("end") != 1:
        yield f"{types[:1]} first, {types[-1:]} last"


def main():
    """Command line."""
    if len(sys.argv) < 3:
        sys.exit("usage: contract.py SCHEMA EVENTS...")
    with open(sys.argv[1], encoding="utf-8") as text:
        schema = json.load(text)
    found = list(schema_faults(schema))
    contract = Contract(schema)
    for path in sys.argv[2:]:
        with open(path, "rb") as events:
            found += check(events, contract)
    for text in found[:FAULTS_SHOWN]:
        print(text)
    if len(found) > FAULTS_SHOWN:
        print(f"and {len(found) - FAULTS_SHOWN} more")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
