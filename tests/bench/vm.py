# SPDX-License-Identifier: GPL-2.0
"""The part in the VM: instructions per connection, as the guest counts them."""

import json
import os
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.realpath(__file__))
VM = os.path.join(HERE, "..", "vm")
FLAVOURS = ("fentry", "kprobe", "tracepoint")
# QEMU counts a "rep movsb" or "rep stosb" once a byte, where a processor retires
# one instruction. One without fast strings has the kernel move words instead.
CPU = "max,-erms,-fsrm"


# Options of churn -m: what is measured, and so many batches of each thread.
LOADS = {"fin": 20, "linger-zero": 20, "unread": 20, "fin -6": 20,
         "fin -t 8": 3}


class Unavailable(Exception):
    """It cannot be measured here; the text says why."""


def arm(name, mode, *command, batches=None, warmup=2):
    """One measurement: a name, a load and what watches it."""
    return {"name": name, "mode": mode, "batches": batches or LOADS[mode],
            "warmup": warmup, "command": " ".join(command)}


def bare(mode, which, batches=None):
    return arm(f"bare-{which}", mode, batches=batches)


def hold(connections):
    """No measurement: so many connections stay open from there on."""
    return arm(f"hold {connections}", "-", "hold", str(connections), batches=1)


def flavour_arms(flavour):
    """All that is asked of one flavour of rstwatch."""
    watch = ("rstwatch", "--backend", flavour)
    probed = [] if flavour == "fentry" else [
        arm(f"{flavour}, untyped: -r", "fin", *watch, "--btf",
            "/sys/kernel/btf/vmlinux", "-r")]
    return [
        arm(f"{flavour}: -r", "fin", *watch, "-r"),
        arm(f"{flavour}: floor of -r", "fin", "floor", flavour, "-r"),
        arm(f"{flavour}: table", "fin", *watch),
        arm(f"{flavour}: NDJSON", "fin", *watch, "--json"),
        arm(f"{flavour}: recording", "fin", *watch, "--write", "/tmp/record"),
        arm(f"{flavour}: floor of everything", "fin", "floor", flavour),
        arm(f"{flavour}: -r", "linger-zero", *watch, "-r"),
        arm(f"{flavour}: -r NDJSON", "linger-zero", *watch, "-r", "--json"),
        arm(f"{flavour}: floor of -r", "linger-zero", "floor", flavour, "-r"),
        arm(f"{flavour}: -r", "unread", *watch, "-r"),
        arm(f"{flavour}: -r", "fin -6", *watch, "-r"),
        arm(f"{flavour}: NDJSON", "fin -6", *watch, "--json"),
        arm(f"{flavour}: -r", "fin -t 8", *watch, "-r"),
        arm(f"{flavour}: NDJSON", "fin -t 8", *watch, "--json"),
    ] + probed


def all_arms(flavours, peers):
    arms = [bare(mode, "before") for mode in LOADS]
    for flavour in flavours:
        arms += flavour_arms(flavour)
    for name, _, *script in peers:
        arms.append(arm(name, "fin", name, *(f"/{os.path.basename(path)}"
                                             for path in script)))
    return arms + [bare(mode, "after") for mode in LOADS]


def fetch_kernel(label):
    """The directory of a kernel of the matrix."""
    got = subprocess.run([os.path.join(VM, "kernels"), "fetch", label],
                         stdout=subprocess.PIPE, text=True, check=False)
    if got.returncode:
        raise Unavailable(f"kernel {label} cannot be fetched")
    return got.stdout.strip()


def check_complete(arms, results):
    if len(results) != len(arms):
        raise Unavailable(f"the VM measured {len(results)} of {len(arms)}")


def run_arms(kernel, arms, build, programs, timeout=1200, mem=1024,
             cpu=CPU):
    """Boot once, measure each arm. Return: one dict an arm, in order."""
    programs = [os.path.join(build, name) for name in
                ("rstwatch", "bench/churn", "bench/floor")] + list(programs)
    with tempfile.TemporaryDirectory() as work:
        with open(f"{work}/arms", "w", encoding="ascii") as out:
            for i, a in enumerate(arms):
                print(i, a["mode"].replace(" ", ","), a["batches"], a["warmup"], a["command"],
                      file=out)
        command = [os.path.join(VM, "run"), "--kernel", kernel,
                   "--out", f"{work}/out", "--icount",
                   "--timeout", str(timeout), "--mem", str(mem), "--cpu", cpu,
                   "--file", f"{work}/arms", "--file", f"{HERE}/guest"]
        for program in programs:
            command += ["--file", program]
        results = read_results(command + ["--", "sh", "/bin/guest"], arms)
    check_complete([a for a in arms if a["mode"] != "-"], results)
    return results


def run_boots(boots, *what, **options):
    """run_arms() so often. Return: of each figure the median, of lost the most."""
    runs = [run_arms(*what, **options) for _ in range(boots)]
    return [median_of(results) for results in zip(*runs)]


def median_of(results):
    """One result from those of the same arm in several boots."""
    for r in results:
        if "error" in r:
            return r
    merged = dict(results[0])
    for key, value in merged.items():
        if isinstance(value, (int, float)):
            merged[key] = statistics.median(r[key] for r in results)
    if "lost" in merged:
        merged["lost"] = max(r["lost"] for r in results)
    return merged


def read_results(command, arms):
    results = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as vm:
        for line in vm.stdout:
            try:
                got = json.loads(line)
            except ValueError:
                sys.stderr.write(line)
                continue
            results.append(flatten(arms[int(got["name"])], got))
            print(f"  {len(results)}/{len(arms)} {results[-1]['name']}",
                  file=sys.stderr)
    if vm.returncode:
        raise Unavailable(f"the VM ended with {vm.returncode}")
    return results


def flatten(wanted, got):
    """What the guest said of one arm, under the arm's own name."""
    result = {"name": wanted["name"], "mode": wanted["mode"]}
    if "error" in got:
        result["error"] = got["error"]
        return result
    churn = got["churn"]
    n = churn["connections"]
    result.update(connections=n,
                  everything=churn["everything_ns"],
                  minimum=churn["min_ns"], median=churn["median_ns"],
                  reader=churn["reader_ns"] / n)
    for key in ("lines", "bytes", "lost", "hwm_kb"):
        if key in got:
            result[key] = got[key]
    return result


def compare(results):
    """Add to each result what it costs over the bare runs of its load."""
    for mode in {r["mode"] for r in results}:
        same = [r for r in results if r["mode"] == mode and "error" not in r]
        bares = [r for r in same if r["name"].startswith("bare")]
        for key in ("everything", "median"):
            base = sum(r[key] for r in bares) / len(bares)
            for r in same:
                r[f"{key}_over"] = r[key] - base
                r[f"{key}_percent"] = 100 * (r[key] / base - 1)
    return results


def table(results):
    """The results as text, a load at a time."""
    out = []
    for mode in dict.fromkeys(r["mode"] for r in results):
        out.append(f"\n{mode}: instructions per connection\n")
        out.append(f"{'':32}{'all':>8}{'over bare':>11}{'':>9}"
                   f"{'median':>9}{'reader':>8}{'lost':>6}")
        out += [row(r) for r in results if r["mode"] == mode]
        out += floors([r for r in results if r["mode"] == mode])
    return "\n".join(out)


def floors(results):
    """How many times the same hooks with empty programs -r costs."""
    over = {r["name"]: r["everything_over"] for r in results
            if "error" not in r}
    pairs = [(f, over[f"{f}: -r"], over[f"{f}: floor of -r"])
             for f in FLAVOURS
             if f"{f}: -r" in over and f"{f}: floor of -r" in over]
    return ["-r, in floors: " + ", ".join(
        f"{f} {cost / floor:.1f}" for f, cost, floor in pairs)] if pairs else []


def row(r):
    if "error" in r:
        return f"{r['name']:32}does not run: {r['error']}"
    lost = r.get("lost", "")
    return (f"{r['name']:32}{r['everything']:8.0f}{r['everything_over']:+11.0f}"
            f"{r['everything_percent']:+8.1f}%{r['median_percent']:+8.1f}%"
            f"{r['reader']:8.0f}{lost:>6}")
