# SPDX-License-Identifier: GPL-2.0
"""The part on this machine: rates as paired ratios, memory, time to start."""

import glob
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import tempfile
import time

STATS = "/proc/sys/kernel/bpf_stats_enabled"
LONGEST_START = 15.0  # seconds until a tool must be attached
CHURN = ("-j", "-n", "250", "-b", "80", "-w", "8")


class Tool:
    """One watcher: started, asked, stopped. Its output goes to a file."""

    def __init__(self, command, work):
        self.out = f"{work}/stdout"
        self.err = f"{work}/stderr"
        with open(self.out, "w", encoding="utf-8") as out, \
                open(self.err, "w", encoding="utf-8") as err:
            self.process = subprocess.Popen(command, stdout=out, stderr=err)
        self.wait_attached()

    def wait_attached(self):
        """Attached: it holds programs, and no more of them come."""
        end = time.monotonic() + LONGEST_START
        seen = set()
        while time.monotonic() < end and self.process.poll() is None:
            time.sleep(0.5)
            now = programs_of(self.process.pid)
            if now and now == seen:
                return
            seen = now
        raise RuntimeError(self.complaint())

    def complaint(self):
        self.stop()
        with open(self.err, encoding="utf-8", errors="replace") as err:
            return (err.readline().strip() or "it does not attach")[:100]

    def memory_kb(self):
        """Peak resident memory, and what of it maps the ring buffer."""
        pid = self.process.pid
        with open(f"/proc/{pid}/status", encoding="ascii") as status:
            peak = int(re.search(r"VmHWM:\s*(\d+)", status.read()).group(1))
        ring, mapped = 0, False
        with open(f"/proc/{pid}/smaps", encoding="ascii") as smaps:
            for line in smaps:
                if re.match(r"[0-9a-f]+-[0-9a-f]+ ", line):
                    mapped = "bpf" in line
                elif mapped and line.startswith("Rss:"):
                    ring += int(line.split()[1])
        return peak, ring

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def lost(self):
        n = 0
        for name in (self.out, self.err):
            with open(name, encoding="utf-8", errors="replace") as text:
                for line in text:
                    if "lost " in line:
                        n += sum(map(int, re.findall(r"\blost (\d+)", line)))
        return n


def programs_of(pid):
    """The ids of the BPF programs a process holds."""
    ids = set()
    for path in glob.glob(f"/proc/{pid}/fdinfo/*"):
        try:
            with open(path, encoding="ascii") as info:
                found = re.search(r"^prog_id:\s*(\d+)", info.read(), re.M)
        except OSError:
            continue  # closed in the meantime
        if found:
            ids.add(int(found.group(1)))
    return ids


def churn(build, *options):
    ran = subprocess.run([f"{build}/bench/churn", *CHURN, *options],
                         check=True, text=True, stdout=subprocess.PIPE)
    return json.loads(ran.stdout)


def tools(build):
    """Name and command of everything there is to compare; None: the floor."""
    watch = f"{build}/rstwatch"
    found = [
        ("rstwatch -r", [watch, "-r"]),
        ("floor of -r", None),
        ("rstwatch, table", [watch]),
        ("rstwatch, NDJSON", [watch, "--json"]),
    ]
    return found + [(files[0], files[1:]) for files in peers()]


def floor(build):
    """The hooks of -r, with programs that do nothing."""
    start, _ = start_record([f"{build}/rstwatch", "--json", "-r"])
    return [f"{build}/bench/floor", start["backend"], *start["probes"]]


def start_record(command):
    """What rstwatch says when every probe is attached, and after how long."""
    began = time.monotonic()
    with subprocess.Popen(command, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL) as tool:
        record = json.loads(tool.stdout.readline())
        seconds = time.monotonic() - began
        tool.send_signal(signal.SIGINT)
        tool.stdout.read()
    return record, seconds


def peers():
    """What people use instead, where it is installed: name, program, script."""
    here = os.path.dirname(os.path.realpath(__file__))
    wanted = (("tcplife",), ("tcpstates",), ("bpftrace", f"{here}/close.bt"))
    return [(name, find_program(name), *script) for name, *script in wanted
            if find_program(name)]


def find_program(name):
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    return shutil.which(name, path=path)


def watched(build, command, mode, work):
    """One run that this tool watches."""
    tool = Tool(command, work)
    try:
        got = churn(build, "-m", mode, "-p", str(tool.process.pid))
        peak, ring = tool.memory_kb()
    finally:
        tool.stop()
    return {"rate": got["per_second"], "quickest": got["min_ns"],
            "cpu": got["reader_ns"] / got["connections"],
            "peak_kb": peak, "ring_kb": ring, "lost": tool.lost()}


def summarise(name, mode, rounds, bare_runs):
    def median(key):
        return statistics.median(r[key] for r in rounds)

    undisturbed = lower_quarter(b["quickest"] for b in bare_runs)
    ratios = sorted(r["ratio"] for r in rounds)
    return {"name": name, "mode": mode, "rounds": len(rounds),
            "ratio": median("ratio"), "ratio_error": error_of_median(ratios),
            "ratio_low": ratios[0], "ratio_high": ratios[-1],
            "bare": median("bare"),
            "quickest": undisturbed / lower_quarter(r["quickest"]
                                                    for r in rounds),
            "rate": median("rate"), "reader_ns": median("cpu"),
            "peak_kb": max(r["peak_kb"] for r in rounds),
            "ring_kb": max(r["ring_kb"] for r in rounds),
            "lost": sum(r["lost"] for r in rounds)}


def bare(build, mode):
    """One run with a reader that has nothing to do: it waits as the others do."""
    with subprocess.Popen(["sleep", "infinity"]) as idle:
        try:
            got = churn(build, "-m", mode, "-p", str(idle.pid))
            return {"rate": got["per_second"], "quickest": got["min_ns"]}
        finally:
            idle.kill()


def lower_quarter(times):
    """The limit of the lower quarter."""
    times = sorted(times)
    return times[len(times) // 4]


def error_of_median(ratios):
    """Standard error: 1.25 sigma / sqrt(n); sigma of the middle half is a
    1.35th of its width, whatever lies outside of it. None of less than four."""
    if len(ratios) < 4:
        return None
    lower, _, upper = statistics.quantiles(ratios, n=4)
    return 1.25 * (upper - lower) / 1.35 / len(ratios) ** 0.5


def rates(build, rounds, only=None, modes=("fin", "linger-zero"), say=print):
    """Every tool in every round, each between two bare runs."""
    results = []
    chosen = [(name, command or floor(build)) for name, command in tools(build)
              if not only or name in only]
    with tempfile.TemporaryDirectory(dir="/dev/shm") as work:
        for mode in modes:
            seen = {name: [] for name, _ in chosen}
            errors = {}
            bare_runs = []
            for i in range(rounds):
                say(f"  {mode}: round {i + 1} of {rounds}")
                bare_runs.append(bare(build, mode))
                for name, command in chosen:
                    if name in errors:
                        continue
                    try:
                        got = watched(build, command, mode, work)
                    except RuntimeError as why:
                        errors[name] = str(why)
                        continue
                    bare_runs.append(bare(build, mode))
                    got["bare"] = statistics.mean(b["rate"]
                                                  for b in bare_runs[-2:])
                    got["ratio"] = got["rate"] / got["bare"]
                    seen[name].append(got)
            for name, got in seen.items():
                if name in errors:
                    results.append({"name": name, "mode": mode,
                                    "error": errors[name]})
                else:
                    results.append(summarise(name, mode, got, bare_runs))
    return results


def start_up(build, rounds):
    """Seconds from the start to the start record: every probe attached."""
    taken = []
    for _ in range(rounds):
        record, seconds = start_record([f"{build}/rstwatch", "--json"])
        taken.append(seconds)
    return {"backend": record["backend"], "median_s": statistics.median(taken),
            "max_s": max(taken)}


def program_costs(build, mode):
    """Nanoseconds a call of each of rstwatch's programs, by the kernel."""
    with open(STATS, encoding="ascii") as stats:
        old = stats.read()
    with tempfile.TemporaryDirectory(dir="/dev/shm") as work:
        try:
            set_stats("1")
            tool = Tool([f"{build}/rstwatch", "--json"], work)
            try:
                n = churn(build, "-m", mode)["connections"] * 1.1
                return calls_of(tool.process.pid, n)
            finally:
                tool.stop()
        finally:
            set_stats(old)


def set_stats(value):
    with open(STATS, "w", encoding="ascii") as stats:
        stats.write(value)


def calls_of(pid, connections):
    held = programs_of(pid)
    shown = subprocess.run(["bpftool", "-j", "prog"], check=True, text=True,
                           stdout=subprocess.PIPE)
    return [{"program": p["name"], "calls": p["run_cnt"],
             "calls_per_connection": p["run_cnt"] / connections,
             "ns_per_call": p["run_time_ns"] / p["run_cnt"]}
            for p in json.loads(shown.stdout)
            if p.get("run_cnt") and p["id"] in held]


def table(got):
    """The results as text."""
    out = []
    for mode in dict.fromkeys(r["mode"] for r in got["rates"]):
        out.append(f"\n{mode}: connections a second, against the bare runs "
                   f"before and after\n\n{'':20}{'rate':>8}{'ratio':>8}"
                   f"{'error':>8}{'lowest':>8}"
                   f"{'highest':>8}{'quickest':>10}{'reader':>9}{'peak':>8}"
                   f"{'ring':>7}{'lost':>7}")
        out += [row(r) for r in got["rates"] if r["mode"] == mode]
    start = got["start"]
    out.append(f"\nstart to the last probe attached ({start['backend']}): "
               f"median {start['median_s']:.2f} s, "
               f"slowest {start['max_s']:.2f} s")
    for mode, programs in got["programs"].items():
        out.append(f"\n{mode}: rstwatch's programs, by "
                   f"kernel.bpf_stats_enabled")
        out += [f"  {p['program']:24}{p['calls_per_connection']:6.1f} calls a "
                f"connection {p['ns_per_call']:8.0f} ns each"
                for p in programs]
    return "\n".join(out)


def row(r):
    if "error" in r:
        return f"{r['name']:20}does not run: {r['error']}"
    error = r["ratio_error"]
    return (f"{r['name']:20}{r['rate']:8.0f}{r['ratio']:8.3f}"
            f"{'-' if error is None else f'{error:.3f}':>8}"
            f"{r['ratio_low']:8.3f}{r['ratio_high']:8.3f}"
            f"{r['quickest']:10.3f}"
            f"{r['reader_ns']:7.0f}ns{r['peak_kb'] / 1024:7.1f}M"
            f"{r['ring_kb'] / 1024:6.1f}M{r['lost']:7}")


def measure(build, rounds, only, say):
    return {"rates": rates(build, rounds, only, say=say),
            "start": start_up(build, 2 * rounds),
            "programs": {mode: program_costs(build, mode)
                         for mode in ("fin", "linger-zero")}}
