"""What the tests of TFTP share: the server of a directory (tests/tools/tftp_server.c), clients of our own, and a relay that treats datagrams badly.

The clients are strict where the standards are (RFC 1350, 2347, 2348, 2349, 7440) and as bad as the standards allow otherwise: each duplicate is acknowledged again.
"""
import heapq
import itertools
import json
import random
import select
import selectors
import socket
import subprocess
import threading
import time

from harness import BUILD, LIFE_SECONDS, SANITIZER_WORDS, STOP_SECONDS, _die_with_parent, environment

SERVER = BUILD / "tests/tools/tftp_server"
PATIENCE = 60

RRQ, WRQ, DATA, ACK, ERROR, OACK = range(1, 7)


class Server:
    """The server of a directory, in a process of its own."""

    def __init__(self, folder, *arguments, address="127.0.0.1"):
        self.address = address
        command = ["timeout", "-k", "5", str(LIFE_SECONDS), SERVER, f"--address={address}", "--port=0", *arguments, folder]
        self.errors = (folder.parent / f"{folder.name}.err").open("w+b")
        self.process = subprocess.Popen([str(word) for word in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors,
                                        env=environment(), preexec_fn=_die_with_parent)
        line = self.process.stdout.readline()
        assert line, self.said()
        self.port = int(line)

    def said(self):
        self.errors.seek(0)
        return self.errors.read().decode(errors="replace")

    def stats(self):
        self.process.stdin.write(b"stats\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def wait_idle(self):
        """No transfer is under way and every file has been given back; returns the counters."""
        end = time.monotonic() + PATIENCE
        while True:
            stats = self.stats()
            if stats["active"] == 0 and stats["held"] == 0:
                assert stats["ends"] == [stats["sent"], stats["aborted"], stats["gone"]], stats
                return stats
            assert time.monotonic() < end, stats
            time.sleep(0.02)

    def stop(self):
        self.process.stdin.close()
        status = self.process.wait(STOP_SECONDS)
        said = self.said()
        self.process.stdout.close()
        self.errors.close()
        assert status == 0 and not SANITIZER_WORDS.search(said), f"{status}\n{said}"


def request(op, name, mode="octet", options=()):
    words = [name, mode, *itertools.chain.from_iterable(options)]
    return op.to_bytes(2, "big") + b"".join((word if isinstance(word, bytes) else str(word).encode()) + b"\0" for word in words)


def ack(block):
    return ACK.to_bytes(2, "big") + (block % 65536).to_bytes(2, "big")


def error(code, text=""):
    return ERROR.to_bytes(2, "big") + code.to_bytes(2, "big") + text.encode() + b"\0"


def read_error(packet):
    """(code, text) of an ERROR packet."""
    assert int.from_bytes(packet[:2], "big") == ERROR and packet[-1] == 0, packet
    return int.from_bytes(packet[2:4], "big"), packet[4:-1].decode()


def family(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def udp(address="127.0.0.1"):
    s = socket.socket(family(address), socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    s.bind((address, 0))
    return s


class Peer:
    """A socket that sends and reads single datagrams."""

    def __init__(self, server, address="127.0.0.1"):
        self.socket = udp(address)
        self.server = (server.address, server.port)
        self.last = None  # where the last datagram came from

    def ask(self, packet):
        self.socket.sendto(packet, self.server)

    def answer(self, packet):
        self.socket.sendto(packet, self.last)

    def read(self):
        assert select.select([self.socket], [], [], PATIENCE)[0], "no datagram came"
        packet, self.last = self.socket.recvfrom(70000)
        return packet

    def nothing_came(self):
        """The server has handled what was sent before: it answers something newer, and that is all there is."""
        last = self.last
        self.ask(b"\0\x63")
        packet = self.read()
        self.last = last
        return read_error(packet) == (4, "illegal TFTP operation")

    def close(self):
        self.socket.close()


class Transfer:
    """One file on its way to a client. run() drives many of them."""

    def __init__(self, where, name, mode="octet", options=(), own="127.0.0.1", wait=0.5, tries=40):
        self.socket = udp(own)
        self.socket.setblocking(False)
        self.where, self.tid = where, None
        self.wait, self.tries = wait, tries
        self.blksize, self.window = 512, 1
        self.data, self.block, self.in_window, self.gap = bytearray(), 0, 0, False
        self.answered = {}
        self.done = False
        self.error = None
        self.send(request(RRQ, name, mode, options))

    def send(self, packet):
        self.packet, self.deadline = packet, time.monotonic() + self.wait
        self.socket.sendto(packet, self.tid or self.where)

    def on_timer(self):
        self.tries -= 1
        if self.tries == 0:
            self.error = (None, "no answer")
            return
        self.send(self.packet)

    def on_readable(self):
        for _ in range(64):
            try:
                packet, sender = self.socket.recvfrom(70000)
            except BlockingIOError:
                return
            if self.tid is None:
                self.tid = sender
            if sender == self.tid:
                self.on_packet(int.from_bytes(packet[:2], "big"), packet[2:])
            elif packet[1] != ERROR:
                self.socket.sendto(error(5, "unknown transfer ID"), sender)  # RFC 1350 section 4

    def on_packet(self, op, rest):
        if op == ERROR:
            self.error = (int.from_bytes(rest[:2], "big"), rest[2:-1].decode())
        elif op == OACK:
            self.on_oack(rest)
        elif op == DATA:
            self.on_data(int.from_bytes(rest[:2], "big"), rest[2:])

    def on_oack(self, rest):
        if self.block == 0:
            words = rest.decode().split("\0")[:-1]
            self.answered = dict(zip(words[::2], words[1::2]))
            self.blksize = int(self.answered.get("blksize", 512))
            self.window = int(self.answered.get("windowsize", 1))
            self.send(ack(0))

    def on_data(self, number, content):
        ahead = (number - self.block) % 65536
        if ahead == 1 and not self.done:
            self.block += 1
            self.data += content
            self.in_window += 1
            self.gap = False
            self.done = len(content) < self.blksize
            if self.done or self.in_window == self.window:
                self.in_window = 0
                self.send(ack(self.block))
            else:
                self.deadline = time.monotonic() + self.wait
        elif ahead <= self.window and ahead > 0:
            if not self.gap:  # the rest of this window is of no use (RFC 7440 section 4)
                self.gap, self.in_window = True, 0
                self.send(ack(self.block))
        elif self.window == 1 or ahead == 0:
            self.send(ack(self.block))

    def close(self):
        self.socket.close()


def run(transfers, server=None):
    """Drives them to their ends; server: until it knows that they have ended, the last acknowledgement is repeated when the last block comes again."""
    with selectors.DefaultSelector() as selector:
        for t in transfers:
            selector.register(t.socket, selectors.EVENT_READ, t)
        waiting, end = set(transfers), time.monotonic() + 300
        while waiting or (server and server.stats()["active"] > 0):
            for key, _ in selector.select(0.02):
                key.data.on_readable()
            now = time.monotonic()
            for t in [t for t in waiting if now > t.deadline]:
                t.on_timer()
            waiting = {t for t in waiting if not t.done and t.error is None}
            assert now < end, f"{len(waiting)} transfers have not come to an end"
    for t in transfers:
        t.close()
    return transfers


def fetch(where, name, server=None, **more):
    """One file, which must arrive; where: a server or a relay; server: see run(); more: arguments of Transfer. Returns the transfer."""
    t = run([Transfer((where.address, where.port), name, **more)], server)[0]
    assert t.error is None, t.error
    return t


class Relay:
    """Stands between clients and a server, and loses, repeats and delays datagrams, each with its own probability; what is delayed is overtaken by others.

    A thread of its own. Each client is given a socket towards the server, and one towards it for each port that the server answers from.
    """

    def __init__(self, server, seed, loss=0.0, repeat=0.0, delay=0.0, longest=0.05):
        self.server = (server.address, server.port)
        self.address = "127.0.0.1"
        self.random = random.Random(seed)
        self.loss, self.repeat, self.delay, self.longest = loss, repeat, delay, longest
        self.front = udp()
        self.port = self.front.getsockname()[1]
        self.links = {}
        self.late = []
        self.count = itertools.count()
        self.stopping = False
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.front, selectors.EVENT_READ, self.on_request)
        self.thread = threading.Thread(target=self.work, daemon=True)
        self.thread.start()

    def work(self):
        while not self.stopping:
            wait = max(0.0, min(0.05, self.late[0][0] - time.monotonic())) if self.late else 0.05
            for key, _ in self.selector.select(wait):
                key.data(key.fileobj)
            while self.late and self.late[0][0] <= time.monotonic():
                _, _, s, packet, to = heapq.heappop(self.late)
                s.sendto(packet, to)

    def forward(self, s, packet, to):
        if self.random.random() < self.loss:
            return
        for _ in range(2 if self.random.random() < self.repeat else 1):
            if self.random.random() < self.delay:
                when = time.monotonic() + self.random.uniform(0, self.longest)
                heapq.heappush(self.late, (when, next(self.count), s, packet, to))
            else:
                s.sendto(packet, to)

    def on_request(self, front):
        packet, client = front.recvfrom(70000)
        if client not in self.links:
            self.links[client] = self.link(client)
        self.forward(self.links[client], packet, self.server)

    def link(self, client):
        """A socket towards the server for this client."""
        far, near = udp(), {}

        def on_far(_):
            packet, tid = far.recvfrom(70000)
            if tid not in near:
                near[tid] = udp()
                self.selector.register(near[tid], selectors.EVENT_READ, lambda s: self.forward(far, s.recvfrom(70000)[0], tid))
            self.forward(near[tid], packet, client)

        self.selector.register(far, selectors.EVENT_READ, on_far)
        return far

    def stop(self):
        self.stopping = True
        self.thread.join()
        for key in list(self.selector.get_map().values()):
            key.fileobj.close()
        self.selector.close()
