#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Whose socket was it? Situations in which a bystander is easily named.

    traps.py CASE EVENTS

Runs rstwatch (its records go to the file EVENTS) beside processes that do what
they are told, and compares actor and owner of every record with what really
happened: the ends of each connection, no more and no fewer.
"""

import contextlib
import ctypes
import errno
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time

LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000
SYS_IO_URING_SETUP = 425  # the same everywhere, as all numbers from 424
SYS_IO_URING_REGISTER = 427
SYS_CLONE3 = 435
IORING_REGISTER_FILES = 2
PORT = random.randint(10000, 30000)
HELPERS = []


def until(what, ask, seconds=20):
    """Wait for ask() to be true, and return it."""
    end = time.monotonic() + seconds
    while True:
        answer = ask()
        if answer:
            return answer
        if time.monotonic() > end:
            sys.exit(f"waited in vain: {what}")
        time.sleep(0.02)


def libc(name, *args):
    if getattr(LIBC, name)(*args) < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


# What a helper is told runs here, with these names at hand.

def set_name(name):
    with open("/proc/self/comm", "w", encoding="utf-8") as comm:
        comm.write(name)


def linger_zero(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                    b"\1\0\0\0\0\0\0\0")


def serve(control, name):
    """The life of a helper: run what comes, answer with its value."""
    place = dict(globals(), kept={})
    set_name(name)
    while True:
        text, fds, _, _ = socket.recv_fds(control, 65536, 1)
        if not text:
            os._exit(0)
        place["fds"] = fds
        try:
            if text.startswith(b"!fork "):
                child = os.fork()
                if not child:
                    control.close()
                    control = socket.socket(fileno=fds[0])
                    set_name(text[6:].decode())
                    continue
                os.close(fds[0])
                answer = child
            elif text.startswith(b"="):
                answer = eval(text[1:], place)  # pylint: disable=eval-used
            else:
                answer = None
                exec(text, place)  # pylint: disable=exec-used
            reply = {"answer": answer}
        except Exception as err:  # pylint: disable=broad-except
            reply = {"error": repr(err)}
        out = place.pop("give", None)
        text = json.dumps(reply).encode()
        if out is None:
            control.send(text)
        else:
            socket.send_fds(control, [text], [out])


class Helper:
    """A process of some name that does what it is told."""

    def __init__(self, name, parent=None):
        self.name = name
        self.parent = parent
        self.fds = []
        mine, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.control = mine
        if parent:
            self.pid = parent.tell(f"!fork {name}", [other.fileno()])
        else:
            self.pid = os.fork()
            if not self.pid:
                mine.close()
                for helper in HELPERS:
                    helper.control.close()
                try:
                    serve(other, name)
                finally:
                    os._exit(1)
        other.close()
        HELPERS.append(self)
        self.tell("pass")

    def fork(self, name):
        return Helper(name, self)

    def tell(self, text, fds=()):
        """Run text, or evaluate it if it begins with =; its value."""
        socket.send_fds(self.control, [text.encode()], list(fds))
        answer, self.fds, _, _ = socket.recv_fds(self.control, 65536, 1)
        if not answer:
            sys.exit(f"{self.name} died of: {text}")
        answer = json.loads(answer)
        if "error" in answer:
            sys.exit(f"{self.name}: {text}: {answer['error']}")
        return answer["answer"]

    def end(self):
        """The process ends, and its number is free."""
        self.control.close()
        HELPERS.remove(self)
        if not self.parent:
            os.waitpid(self.pid, 0)
            return
        until(f"{self.name} ends", lambda: ended(self.pid))

    def signal(self, number):
        os.kill(self.pid, number)


def ended(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


def take_pid(pid, name):
    """A process of that name and number. clone3() takes the number in
    set_tid."""
    number = (ctypes.c_int32 * 1)(pid)
    # flags pidfd child_tid parent_tid exit_signal stack stack_size tls
    # set_tid set_tid_size
    args = (ctypes.c_uint64 * 10)(0, 0, 0, 0, signal.SIGCHLD, 0, 0, 0,
                                  ctypes.addressof(number), 1)
    child = LIBC.syscall(SYS_CLONE3, args, ctypes.sizeof(args))
    if child < 0:
        sys.exit(f"clone3: {os.strerror(ctypes.get_errno())}")
    if not child:
        set_name(name)
        signal.pause()
        os._exit(0)
    assert child == pid
    until(name, lambda: comm_of(pid) == name)
    return child


def comm_of(pid):
    with open(f"/proc/{pid}/comm", encoding="utf-8") as comm:
        return comm.read().strip()


def end_child(pid):
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


class Pair:
    """Two helpers and the connection between them."""

    def __init__(self, client, server, address="127.0.0.1"):
        self.client, self.server = client, server
        if not server.tell("='listener' in kept"):
            server.tell(
                "kept['listener'] = socket.create_server("
                f"('{address}', {PORT}), reuse_port=True)")
        client.tell("kept['s'] = s = socket.create_connection("
                    f"('{address}', {PORT}), 10)\ns.settimeout(None)")
        server.tell("kept['s'] = s = kept['listener'].accept()[0]\n"
                    "s.settimeout(None)")
        self.port = client.tell("=s.getsockname()[1]")

    def ends(self):
        """Local and remote port of the client's end, and the server's."""
        return (self.port, PORT), (PORT, self.port)


class Watch:
    """rstwatch, and what its records have to say."""

    def __init__(self, path):
        self.path = path
        self.expected = []
        self.log = open(path + ".err", "wb")
        self.out = open(path, "wb")
        self.process = None

    def start(self):
        self.process = subprocess.Popen(
            ["rstwatch", "-j", "-P", str(PORT)], stdout=self.out,
            stderr=self.log)
        until("rstwatch observes", self.records)
        return self

    def records(self, kind=None):
        with open(self.path, "rb") as file:
            text = file.read()
        lines = text[:text.rfind(b"\n") + 1].splitlines()
        records = [json.loads(line) for line in lines]
        return [r for r in records if not kind or r["type"] == kind]

    def find(self, end, cause):
        return [r for r in self.records("teardown")
                if (r["local"]["port"], r["remote"]["port"]) == end and
                r["cause"] == cause]

    def expect(self, end, cause, actor, owner, source, **other):
        """Wait for the event at that end, which has to say just this.

        actor, owner: a Helper, None, or {"pid":, "comm":}. other: more keys.
        """
        until(f"{cause} at {end}", lambda: self.find(end, cause))
        found = self.find(end, cause)
        assert len(found) == 1, found
        record = found[0]
        self.expected.append(record)
        want = {"actor": describe(actor), "owner": describe(owner),
                "predates": False}
        if actor:
            want["actor"].setdefault("exiting", False)
            want["actor"].setdefault("signal", None)
        if isinstance(actor, Helper):
            want["actor"].setdefault("tid", actor.pid)
        if owner:
            want["owner"]["source"] = source
            want["owner"].setdefault("uid", 0)
        want.update(other)
        for key, value in want.items():
            have = record[key]
            if isinstance(value, dict) and have:
                have = {name: have[name] for name in value}
            if have != value:
                sys.exit(f"{cause} at {end}: {key} is {have}, not {value}\n"
                         f"{json.dumps(record)}")
        return record

    def named_later(self, record, owner):
        """The close of a dead socket names the owner."""
        def ask():
            return [r["owner"] for r in self.records("owner")
                    if r["cookie"] == record["cookie"]]

        name = until("a record of the owner", ask)[0]
        have = name["pid"], name["comm"], name["source"]
        assert have == (owner.pid, owner.name, "close"), have

    def stop(self):
        """The end: nothing but what was expected was seen."""
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait() == 0
        self.process = None
        more = [r for r in self.records("teardown") if r not in self.expected]
        assert not more, f"not expected: {json.dumps(more, indent=1)}"


def describe(who):
    if isinstance(who, Helper):
        return {"pid": who.pid, "comm": who.name}
    return dict(who) if who else None


RESET = "linger_zero(s); s.close(); del kept['s']"
CLOSE = "s.close(); del kept['s']"


def loopback(watch):
    """The sender's softirq runs the receiver's hooks."""
    watch.start()
    pair = Pair(Helper("sender"), Helper("receiver"))
    mine, other = pair.ends()
    pair.client.tell(RESET)
    watch.expect(mine, "linger-zero", pair.client, pair.client, "close")
    watch.expect(other, "reset-by-peer", None, pair.server, "scan")
    pair.server.tell(CLOSE)

    pair = Pair(pair.client, pair.server)  # the other way round
    mine, other = pair.ends()
    pair.client.tell("s.send(b'nobody reads this')")
    pair.server.tell(CLOSE)
    watch.expect(other, "unread-data", pair.server, pair.server, "close")
    watch.expect(mine, "reset-by-peer", None, pair.client, "scan")


def fins(watch):
    """Both ends close; loopback runs one in the other's context."""
    watch.start()
    pair = Pair(Helper("first"), Helper("second"))
    mine, other = pair.ends()
    pair.client.tell(CLOSE)
    watch.expect(mine, "close", pair.client, pair.client, "close",
                 order="first")
    pair.server.tell(CLOSE)
    watch.expect(other, "close", pair.server, pair.server, "close",
                 order="second")


def destroyed(watch):
    """ss -K acts on a socket that is not its own."""
    watch.start()
    pair = Pair(Helper("victim"), Helper("other-end"))
    mine, other = pair.ends()
    killer = subprocess.Popen(
        ["ss", "-tKH", "state", "established",
         f"sport = :{pair.port} and dport = :{PORT}"],
        stdout=subprocess.DEVNULL)
    assert killer.wait() == 0
    watch.expect(mine, "socket-destroyed", {"pid": killer.pid, "comm": "ss"},
                 pair.client, "scan")
    watch.expect(other, "reset-by-peer", None, pair.server, "scan")


@contextlib.contextmanager
def busy(cpus):
    """Bystanders who keep these processors busy, and do nothing else."""
    pids = []
    for cpu in cpus:
        pid = os.fork()
        if not pid:
            os.sched_setaffinity(0, [cpu])
            set_name("bystander")
            while True:
                pass
        pids.append(pid)
    try:
        yield
    finally:
        for pid in pids:
            end_child(pid)


def own_network(helper):
    """Into a network of its own, whose loopback is up."""
    helper.tell(f"libc('unshare', {CLONE_NEWNET})\n"
                "subprocess.run(['ip', 'link', 'set', 'lo', 'up'], "
                "check=True)")


def flood(watch):
    """Segments are processed on a processor where a bystander runs."""
    cpus = sorted(os.sched_getaffinity(0))
    if len(cpus) < 2:
        skip("one processor only")
    client = Helper("resetting")
    own_network(client)
    # receive packet steering, in this network only: another processor
    mask = f"{1 << cpus[1]:x}"
    client.tell(
        "libc('unshare', 0x20000)\n"  # CLONE_NEWNS
        "subprocess.run('mount --make-rprivate / && "
        "mount -t sysfs none /sys', shell=True, check=True)")
    steered = client.tell(
        f"""=subprocess.run("echo {mask} > """
        """/sys/class/net/lo/queues/rx-0/rps_cpus", shell=True).returncode""")
    if steered:
        skip("no receive packet steering")
    server = client.fork("resetted")
    client.tell(f"os.sched_setaffinity(0, [{cpus[0]}])")
    server.tell(f"os.sched_setaffinity(0, [{cpus[0]}])")
    watch.start()
    unknown = 0
    with busy([cpus[1]]):
        for _ in range(20):
            pair = Pair(client, server)
            mine, other = pair.ends()
            client.tell(RESET)
            watch.expect(mine, "linger-zero", client, client, "close")
            try:
                watch.expect(other, "reset-by-peer", None, server, "scan")
            except SystemExit:
                # on a loaded host an owner may be unknown, but never wrong
                record = watch.find(other, "reset-by-peer")
                unknown += 1
                if unknown > 2 or (record and record[0]["owner"]):
                    raise
            server.tell(CLOSE)


def timer(watch):
    """The keepalive timer interrupts whoever runs."""
    client = Helper("waiting")
    own_network(client)
    server = client.fork("silent")
    watch.start()
    pair = Pair(client, server)
    client.tell(
        "s.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 1)\n"
        "s.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 1)\n"
        "s.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 1)\n"
        "s.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)\n"
        "subprocess.run(['ip', 'link', 'set', 'lo', 'down'], check=True)")
    mine, other = pair.ends()
    with busy(os.sched_getaffinity(0)):
        watch.expect(mine, "keepalive-timeout", None, client, "scan")
    # the peer, who has heard nothing of it, is answered for who has closed
    client.tell(CLOSE + "\nsubprocess.run(['ip', 'link', 'set', 'lo', 'up'], "
                "check=True)")
    server.tell("s.send(b'are you there?')")
    watch.expect(mine, "no-socket", None, client, "close")
    watch.expect(other, "reset-by-peer", None, server, "scan")
    server.tell(CLOSE)


def late_data(watch, after=None):
    """A FIN_WAIT2 minisock knows no owner; who closed it is remembered."""
    watch.start()
    pair = Pair(Helper("left"), Helper("late"))
    mine, other = pair.ends()
    begin = time.monotonic()
    pair.client.tell(CLOSE)
    closed = time.monotonic()
    watch.expect(mine, "close", pair.client, pair.client, "close")
    pair.client.end()
    taken = after and take_pid(pair.client.pid, after)
    time.sleep(0.05)  # so that the time can be told from none
    sends = time.monotonic()
    pair.server.tell("s.send(b'too late')")
    sent = time.monotonic()
    record = watch.expect(mine, "data-after-close", None, pair.client,
                          "close", state="FIN_WAIT2")
    least, most = (sends - closed) * 1000, (sent - begin) * 1000
    assert least - 1 <= record["since_close_ms"] <= most, \
        (least, record["since_close_ms"], most)
    watch.expect(other, "reset-by-peer", None, pair.server, "scan")
    if taken:
        end_child(taken)


def pid_reused(watch):
    """Another process has the number of the one that closed."""
    late_data(watch, "after")


def pid_reused_older(watch):
    """The number that was noted at the start is another process's now."""
    pair = Pair(Helper("before"), Helper("peer"))
    mine, other = pair.ends()
    watch.start()
    heir = pair.client.fork("heir")
    pair.client.end()
    taken = take_pid(pair.client.pid, "after")
    pair.server.tell(RESET)
    watch.expect(other, "linger-zero", pair.server, pair.server, "close",
                 predates=True)
    watch.expect(mine, "reset-by-peer", None, heir, "scan", predates=True)
    end_child(taken)


def executed(watch):
    """Forked, executed: the socket is the new program's."""
    watch.start()
    peer = Helper("peer")
    for killed in False, True:
        pair = Pair(Helper("starter"), peer)
        mine, other = pair.ends()
        pair.client.tell("s.set_inheritable(True)")
        child = pair.client.fork("forked")
        child.control.send(b"os.execvp('sleep', ['sleep', '60'])")
        until("sleep runs", lambda: comm_of(child.pid) == "sleep")
        pair.client.tell(CLOSE)
        child.name = "sleep"
        if not killed:
            peer.tell(RESET)
            watch.expect(other, "linger-zero", peer, peer, "close")
            watch.expect(mine, "reset-by-peer", None, child, "scan")
            child.signal(signal.SIGKILL)
        else:
            child.signal(signal.SIGKILL)
            actor = dict(describe(child), exiting=True, signal="SIGKILL")
            watch.expect(mine, "close", actor, child, "close", order="first")
            peer.tell(CLOSE)
            watch.expect(other, "close", peer, peer, "close", order="second")


def forked(watch):
    """The one who closes last closes the connection."""
    watch.start()
    pair = Pair(Helper("parent"), Helper("peer"))
    mine, other = pair.ends()
    child = pair.client.fork("child")
    pair.client.tell(RESET)  # no more than one reference
    child.tell("s.close()")
    watch.expect(mine, "linger-zero", child, child, "close")
    watch.expect(other, "reset-by-peer", None, pair.server, "scan")
    pair.server.tell(CLOSE)

    pair = Pair(pair.client, pair.server)  # the parent has gone on without it
    mine, other = pair.ends()
    child = pair.client.fork("holder")
    pair.client.tell(CLOSE)
    pair.server.tell(RESET)
    watch.expect(other, "linger-zero", pair.server, pair.server, "close")
    watch.expect(mine, "reset-by-peer", None, child, "scan")


def dupped(watch):
    """A second descriptor of the same socket."""
    watch.start()
    pair = Pair(Helper("dup"), Helper("peer"))
    mine, other = pair.ends()
    pair.client.tell("copy = os.dup(s.fileno()); s.close(); del s, kept['s']")
    pair.client.tell("os.close(copy)")
    watch.expect(mine, "close", pair.client, pair.client, "close")
    pair.server.tell(CLOSE)
    watch.expect(other, "close", pair.server, pair.server, "close")

    pair = Pair(pair.client, pair.server)
    mine, other = pair.ends()
    pair.client.tell("copy = os.dup(s.fileno()); s.close(); del s, kept['s']")
    pair.server.tell(RESET)
    watch.expect(other, "linger-zero", pair.server, pair.server, "close")
    watch.expect(mine, "reset-by-peer", None, pair.client, "scan")


def handed_over(watch):
    """Passed over SCM_RIGHTS: whoever has it now."""
    watch.start()
    giver, taker = Helper("giver"), Helper("taker")
    peer = Helper("peer")
    pair = Pair(giver, peer)
    mine, other = pair.ends()
    giver.tell("give = s.fileno()")
    passed = giver.fds[0]
    giver.tell(CLOSE)
    taker.tell("kept['s'] = s = socket.socket(fileno=fds[0])", [passed])
    os.close(passed)
    peer.tell(RESET)
    watch.expect(other, "linger-zero", peer, peer, "close")
    watch.expect(mine, "reset-by-peer", None, taker, "scan")
    taker.tell(CLOSE)

    pair = Pair(giver, peer)  # and the taker ends it
    mine, other = pair.ends()
    giver.tell("give = s.fileno()")
    passed = giver.fds[0]
    giver.tell(CLOSE)
    taker.tell("kept['s'] = s = socket.socket(fileno=fds[0])", [passed])
    os.close(passed)
    taker.tell(RESET)
    watch.expect(mine, "linger-zero", taker, taker, "close")
    watch.expect(other, "reset-by-peer", None, peer, "scan")


def in_flight(watch):
    """On its way over SCM_RIGHTS nobody has it; its close tells whose."""
    watch.start()
    giver, taker = Helper("giver"), None
    giver.tell("a, b = socket.socketpair(socket.AF_UNIX, "
               "socket.SOCK_SEQPACKET)")
    taker = giver.fork("taker")
    peer = Helper("peer")
    pair = Pair(giver, peer)
    mine, other = pair.ends()
    giver.tell("socket.send_fds(a, [b'x'], [s.fileno()]); " + CLOSE)
    peer.tell(RESET)
    watch.expect(other, "linger-zero", peer, peer, "close")
    record = watch.expect(mine, "reset-by-peer", None, None, None)
    taker.tell("s = socket.socket(fileno=socket.recv_fds(b, 9, 1)[1][0])")
    taker.tell("s.close()")
    watch.named_later(record, taker)


def worker(watch):
    """Closed by a worker of the kernel, which is nobody's process."""
    watch.start()
    pair = Pair(Helper("ringed"), Helper("peer"))
    mine, other = pair.ends()
    pair.client.tell(f"""
ring = LIBC.syscall({SYS_IO_URING_SETUP}, 4, ctypes.create_string_buffer(120))
fds = (ctypes.c_int * 1)(s.fileno())
if LIBC.syscall({SYS_IO_URING_REGISTER}, ring, {IORING_REGISTER_FILES}, fds, 1):
    ring = -1
""")
    ring = pair.client.tell("=ring")
    if ring < 0:
        skip("no io_uring")
    pair.server.tell("s.send(b'unread')")
    pair.client.tell(CLOSE)  # the ring still has the file
    pair.client.tell("os.close(ring)")
    watch.expect(mine, "unread-data", None, None, None)
    watch.expect(other, "reset-by-peer", None, pair.server, "scan")
    pair.server.tell(CLOSE)


def threads(watch):
    """pid is the process, tid the thread."""
    watch.start()
    pair = Pair(Helper("threaded"), Helper("peer"))
    mine, other = pair.ends()
    thread = pair.client.tell("""
import threading
def act():
    linger_zero(s)
    s.close()
t = threading.Thread(target=act)
t.start()
t.join()
tid = t.native_id
""")
    thread = pair.client.tell("=tid")
    assert thread != pair.client.pid
    actor = dict(describe(pair.client), tid=thread)
    watch.expect(mine, "linger-zero", actor, pair.client, "close")
    watch.expect(other, "reset-by-peer", None, pair.server, "scan")
    pair.server.tell(CLOSE)

    pair = Pair(pair.client, pair.server)
    mine, other = pair.ends()
    pair.client.tell("""
def read():
    try:
        s.recv(1)
    except OSError:
        pass
    go.wait()
go = threading.Event()
t = threading.Thread(target=read)
t.start()
""")
    pair.server.tell(RESET)
    watch.expect(other, "linger-zero", pair.server, pair.server, "close")
    watch.expect(mine, "reset-by-peer", None, pair.client, "scan")
    pair.client.tell("go.set(); t.join()")


def older(watch):
    """The connection is older than the tool, and its number is a high one."""
    client, server = Helper("veteran"), Helper("elder")
    client.tell("import fcntl, resource\n"
                "hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]\n"
                "resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))")
    high = min(3000, client.tell("=hard") - 1)
    pair = Pair(client, server)
    mine, other = pair.ends()
    client.tell(f"high = fcntl.fcntl(s.fileno(), fcntl.F_DUPFD, {high})\n"
                "s.close(); kept['s'] = s = socket.socket(fileno=high)")
    watch.start()
    server.tell(RESET)
    watch.expect(other, "linger-zero", server, server, "close", predates=True)
    watch.expect(mine, "reset-by-peer", None, client, "scan", predates=True)
    client.tell(CLOSE)

    pair = Pair(client, server)  # this one is not
    mine, other = pair.ends()
    client.tell(CLOSE)
    watch.expect(mine, "close", client, client, "close")
    server.tell(CLOSE)
    watch.expect(other, "close", server, server, "close")


def older_closed(watch):
    """Closed by its owner: predates is said, the source is the close."""
    pair = Pair(Helper("veteran"), Helper("elder"))
    mine, other = pair.ends()
    watch.start()
    pair.client.tell(CLOSE)
    watch.expect(mine, "close", pair.client, pair.client, "close",
                 predates=True)
    pair.server.tell(CLOSE)
    watch.expect(other, "close", pair.server, pair.server, "close",
                 predates=True)


def older_late(watch):
    """What comes after the end of such a connection predates, too."""
    pair = Pair(Helper("veteran"), Helper("elder"))
    mine, other = pair.ends()
    watch.start()
    pair.client.tell(CLOSE)
    watch.expect(mine, "close", pair.client, pair.client, "close",
                 predates=True)
    pair.server.tell("s.send(b'too late')")
    watch.expect(mine, "data-after-close", None, pair.client, "close",
                 predates=True)
    watch.expect(other, "reset-by-peer", None, pair.server, "scan",
                 predates=True)


def cgroup_root():
    with open("/proc/self/mounts", encoding="utf-8") as mounts:
        for line in mounts:
            words = line.split()
            if words[2] == "cgroup2":
                return words[1]
    return skip("no cgroup v2")


@contextlib.contextmanager
def container_of(name):
    """A network of that name, tied to this one, and a cgroup."""
    net = f"10.{random.randint(100, 250)}.{random.randint(0, 250)}"
    cgroup = os.path.join(cgroup_root(), name)
    os.mkdir(cgroup)
    try:
        subprocess.run(f"""set -e
            ip netns add {name}
            ip link add {name}a type veth peer name {name}b netns {name}
            ip addr add {net}.1/24 dev {name}a
            ip link set {name}a up
            ip -n {name} addr add {net}.2/24 dev {name}b
            ip -n {name} link set lo up
            ip -n {name} link set {name}b up""", shell=True, check=True)
        yield cgroup, net + ".2"
    finally:
        subprocess.run(f"ip link del {name}a; ip netns del {name}",
                       shell=True, check=False)
        for helper in list(HELPERS):
            helper.signal(signal.SIGKILL)
        until("the cgroup is empty", lambda: removed(cgroup))


def removed(directory):
    try:
        os.rmdir(directory)
    except OSError as err:
        return err.errno == errno.ENOENT
    return True


def container(watch):
    """Its own network, cgroup, process numbers and user, without an engine."""
    name = f"rw{os.getpid()}"
    with container_of(name) as (cgroup, address):
        outside = Helper("outside")
        netns = outside.tell("=os.stat('/proc/self/ns/net').st_ino")
        setup = Helper("setup")
        setup.tell(f"""
with open('{cgroup}/cgroup.procs', 'w') as procs:
    procs.write(str(os.getpid()))
with open('/run/netns/{name}') as net:
    libc('setns', net.fileno(), {CLONE_NEWNET})
libc('unshare', {CLONE_NEWPID})
""")
        inside = setup.fork("inside")
        assert inside.tell("=os.getpid()") == 1
        inside.tell("os.setuid(4321)")
        inner = inside.tell("=os.stat('/proc/self/ns/net').st_ino")
        watch.start()
        whose = dict(describe(inside), uid=4321)
        pair = Pair(outside, inside, address)
        mine, other = pair.ends()
        outside.tell(RESET)
        watch.expect(mine, "linger-zero", outside, outside, "close",
                     netns=netns)
        watch.expect(other, "reset-by-peer", None, whose, "scan", netns=inner)
        inside.tell(CLOSE)

        pair = Pair(outside, inside, address)
        mine, other = pair.ends()
        inside.tell(RESET)
        watch.expect(other, "linger-zero", inside, whose, "close", netns=inner)
        watch.expect(mine, "reset-by-peer", None, outside, "scan", netns=netns)
        watch.stop()


class Skipped(Exception):
    pass


def skip(why):
    raise Skipped(why)


CASES = {case.__name__.replace("_", "-"): case for case in (
    loopback, fins, destroyed, flood, timer, late_data, pid_reused,
    pid_reused_older, executed, forked, dupped, handed_over, in_flight,
    worker, threads, older, older_closed, older_late, container)}


def main():
    if len(sys.argv) != 3 or sys.argv[1] not in CASES:
        sys.exit(f"usage: traps.py {'|'.join(CASES)} EVENTS")
    watch = Watch(sys.argv[2])
    try:
        CASES[sys.argv[1]](watch)
        if watch.process:
            watch.stop()
    except Skipped as why:
        print(f"skipped: {why}")
        return 2
    finally:
        if watch.process:
            watch.process.kill()
        for helper in HELPERS:
            with contextlib.suppress(ProcessLookupError):
                helper.signal(signal.SIGKILL)
    return 0


sys.exit(main())
