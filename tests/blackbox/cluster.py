"""A cluster for the black-box tests: PostgreSQL servers by scripts/postgres, and nodes that share one.

A Cluster has one database server at a time, on a port of its own, and may get a standby on a second one: the nodes' connection string names both from the beginning. Each node is a
process with a data directory of its own. Nothing is taken for granted about who is running: tests start what they need.
"""
import hashlib
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from glob import glob
from pathlib import Path

from harness import CALL_SECONDS, LIFE_SECONDS, NAME, ROOT, START_SECONDS, Node, copy_tree, environment, openssl, run
from wire import Client

SCRIPT = ROOT / "scripts" / "postgres"
DATABASE = "ucpki"
ANSWERED = [("yes", "1"), ("force", "1")]
OWNER = "owner"  # of the database: no superuser, but it may make accounts
SETTLE_SECONDS = 120  # far more than it ever takes

PUB, SUB1, SUB2, SUB3, IMP1, IMP2 = NODES = (NAME, "cucm-sub1", "cucm-sub2", "cucm-sub3", "imp1", "imp2")
ROLES = {SUB1: "subscriber", SUB2: "subscriber,tftp", SUB3: "subscriber", IMP1: "im-and-presence", IMP2: "im-and-presence"}
VOICE, PRESENCE = (PUB, SUB1, SUB2, SUB3), (IMP1, IMP2)


def wait_for(condition, what, seconds=SETTLE_SECONDS):
    """Waits until condition() gives something true, and returns that. what: a text, or a function that says how things stand."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"after {seconds} s still not: {what() if callable(what) else what}"
        time.sleep(0.03)


def free_port():
    """A port that nobody has and that the system does not give out by itself, so that a server which is down finds it free again."""
    while True:
        port = random.randint(15000, 32000)
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
                return port
            except OSError:
                pass


def clock(shift):
    """The environment of a process whose clock is off: clock("+365d")."""
    library = glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
    assert library, "libfaketime is not installed (scripts/install-deps names what is needed)"
    # libfaketime keeps a semaphore there, also for the account of the database servers; a bare chroot may give it to root alone.
    shared = Path("/dev/shm")
    if os.geteuid() == 0 and shared.stat().st_mode & 0o1777 != 0o1777:
        shared.chmod(0o1777)
    checks = ":".join(filter(None, [environment().get("ASAN_OPTIONS"), "verify_asan_link_order=0"]))
    return {"LD_PRELOAD": library[0], "FAKETIME": shift, "FAKETIME_DONT_FAKE_MONOTONIC": "1", "ASAN_OPTIONS": checks}


# -- the database server

# Ends the server when the tests end, however they end: then its standard input closes. $1 the script, $2 the server's directory, $3 seconds.
GUARD = """timeout "$3" cat >/dev/null
pid=$(head -n 1 "$2/data/postmaster.pid" 2>/dev/null) || exit 0
kill -CONT "$pid" $(cat "/proc/$pid/task/$pid/children") 2>/dev/null
"$1" stop "$2" immediate >/dev/null 2>&1 || :
"""


class Postgres:
    """A server in a directory of its own, which the account of the servers must be able to reach: it lies directly in the system's directory for temporary files."""

    def __init__(self, port, source=None):
        self.folder = Path(tempfile.mkdtemp(prefix="ucpki-pg-"))
        self.port = port
        self.guard = None
        if source is not None:
            self.folder.rmdir()
            run("cp", "-a", source, self.folder)

    def start(self, env=None):
        run(SCRIPT, "start", self.folder, self.port, env=environment(**(env or {})))
        self.watch()
        return self

    def watch(self):
        words = ["sh", "-c", GUARD, "guard", str(SCRIPT), str(self.folder), str(LIFE_SECONDS)]
        self.guard = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)

    @property
    def running(self):
        return self.guard is not None

    @property
    def pid(self):
        return int((self.folder / "data" / "postmaster.pid").read_text().split()[0])

    def stop(self, how="fast"):
        """how: "fast" is orderly, "immediate" as if the machine had gone."""
        if self.running:
            run(SCRIPT, "stop", self.folder, how)
            self.end()
        return self

    def end(self):
        if self.guard is not None:
            self.guard.stdin.close()
            self.guard.wait(CALL_SECONDS)
            self.guard = None

    def remove(self):
        self.end()
        shutil.rmtree(self.folder, ignore_errors=True)

    def restart(self, env=None):
        return self.stop().start(env)

    def standby(self, port):
        """A streaming copy of it, running."""
        copy = Postgres(port)
        run(SCRIPT, "standby", self.folder, copy.folder, port)
        copy.watch()
        return copy

    def promote(self):
        run(SCRIPT, "promote", self.folder)
        return self

    def processes(self):
        parent = self.pid
        return [parent, *map(int, Path(f"/proc/{parent}/task/{parent}/children").read_text().split())]

    def signal(self, number):
        for pid in self.processes():
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    @contextmanager
    def paused(self):
        """The server and all its processes stand still: connections are neither refused nor answered."""
        self.signal(signal.SIGSTOP)
        try:
            yield self
        finally:
            self.signal(signal.SIGCONT)

    def url(self, user="postgres", password=None, database=DATABASE, host="127.0.0.1"):
        return f"postgresql://{user}:{password or user}@{host}:{self.port}/{database}"

    def psql(self, sql, database=DATABASE, check=True):
        """Runs SQL as the superuser; returns its output."""
        result = run("psql", "-XAtq", "-v", "ON_ERROR_STOP=1", self.url(database=database), "-f", "-", input=sql, check=check)
        return result.out.strip() if check else result

    def number(self, sql, database=DATABASE):
        return int(self.psql(sql, database))

    def rows(self, sql, database=DATABASE):
        """The rows of a query as dicts; bytes are texts that begin with \\x."""
        return json.loads(self.psql(f"SELECT coalesce(json_agg(t), '[]') FROM ({sql}) t", database))

    @contextmanager
    def held(self, sql, database=DATABASE):
        """Somebody has done this in a transaction, and does not end it."""
        words = ["psql", "-XAtq", self.url(database=database)]
        with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as psql:
            psql.stdin.write(f"BEGIN;\n{sql};\nSELECT 'done';\n")
            psql.stdin.flush()
            assert psql.stdout.readline() == "done\n"
            try:
                yield
            finally:
                psql.stdin.close()

    def database(self, name=DATABASE):
        """An empty database with its owner, as an administrator would make it; returns the owner's connection string."""
        if not self.number(f"SELECT count(*) FROM pg_roles WHERE rolname = '{OWNER}'", "postgres"):
            self.psql(f"CREATE ROLE {OWNER} LOGIN CREATEROLE PASSWORD '{OWNER}'", "postgres")
        self.psql(f"CREATE DATABASE {name} OWNER {OWNER}", "postgres")
        return self.url(OWNER, database=name)

    def configure(self, text, hosts=""):
        """Adds to its configuration and to the list of hosts that may connect, for the next start."""
        for name, more in (("postgresql.conf", text), ("pg_hba.conf", hosts)):
            with open(self.folder / "data" / name, "a") as f:
                f.write(more)


# -- nodes


class Member(Node):
    """A node of a cluster."""

    def __init__(self, name, folder, **more):
        super().__init__(folder, **more)
        self.name = name

    def ask(self, method, path, body=None, query=()):
        """A request over its socket, without a process: Answer. The path is under /api/v1."""
        with Client(self) as client:
            return client(method, path, query, body)

    def do(self, method, path, body=None, *query):
        """A task, with everything answered that can be; it must be done. Returns the change."""
        answer = self.ask(method, path, body, [*ANSWERED, *query])
        assert answer.status in (200, 201), f"{answer}"
        return answer.json

    def ask_for(self, node, method, path, body=None, *query):
        """The same for another node: returns the id of the job."""
        return self.ask(method, path, body, [*ANSWERED, ("node", node), *query]).expect(202).json["job"]

    def refuses(self, status, code, method, path, body=None, *query):
        return self.ask(method, path, body, [*ANSWERED, *query]).expect(status, code).json

    def trusts(self, store, pem, *query):
        """Imports into a trust store; returns the change."""
        return self.do("POST", f"/certificates/trust/{store}", pem, *query)

    def untrusts(self, store, name, *query):
        return self.do("DELETE", f"/certificates/trust/{store}/{name}", None, *query)

    def seen_in(self, store, who=None):
        """{name: fingerprint} of what a node, itself by default, has in a trust store."""
        with Client(self) as client:
            rows = client.rows("trust", {"node": who or self.name, "where": f"unit is {store}"})
        return {row["name"]: row["fingerprint"] for row in rows}

    def finds_trusted(self, store, pem):
        """Its answer when a peer presents this certificate."""
        return self.ask("POST", f"/trust-check/{store}", pem).expect(200).json["trusted"]

    def see(self, path, query=()):
        return self.ask("GET", path, query=query).expect(200).json

    @property
    def cluster(self):
        return self.see("/cluster")

    @property
    def status(self):
        return self.see("/status")

    def until(self, condition, what="this", seconds=SETTLE_SECONDS):
        """Waits until condition(the answer to /cluster) is true."""
        return wait_for(lambda: condition(self.cluster), lambda: f"{what} on {self.name}: {self.cluster}", seconds)

    def fail_to_start(self):
        """It must end by itself, without serving; returns what it said."""
        status = self.launch().wait(START_SECONDS)
        assert status == 1, f"ucpkid ended with {status}\n{self.out}{self.err}"
        return self.err

    def crash_at(self, point):
        """Starts it; it must kill itself at this point, by SIGKILL, which `timeout` passes on."""
        self.env["UCPKI_CRASH_AT"] = point
        try:
            status = self.launch().process.wait(START_SECONDS)
        finally:
            del self.env["UCPKI_CRASH_AT"]
        assert status in (-signal.SIGKILL, 128 + signal.SIGKILL), f"{point}: ucpkid ended with {status}\n{self.err}"
        return self

    def finding_codes(self, name=None):
        """The codes of what this node knows to be wrong with a node, itself by default."""
        return [f["code"] for f in self.see(f"/nodes/{name or self.name}")["findings"]]

    def master_password(self):
        return (self.data / "master.key").read_bytes().hex()


class Cluster:
    """nodes: by name, in the order in which they came. pg: the server; other: a second one (a standby), or None."""

    def __init__(self, folder, ports, password=None):
        self.new_folder = folder  # makes a directory for a node
        self.ports = ports
        self.password = password
        self.nodes = {}
        self.servers = []
        self.pg = self.other = None

    # -- making it

    def server(self, source=None):
        self.pg = Postgres(self.ports[0], source)
        self.servers.append(self.pg)
        return self.pg

    def standby(self):
        self.other = self.pg.standby(self.ports[1])
        self.servers.append(self.other)
        return self.other

    @property
    def url(self):
        """What the publisher is told: a database that may come up at either of two places."""
        return f"postgresql://{OWNER}:{OWNER}@127.0.0.1:{self.ports[0]},127.0.0.1:{self.ports[1]}/{DATABASE}"

    def member(self, name, source=None, arguments=()):
        """A node that is not running, with a copy of a data directory or without one."""
        node = Member(name, self.new_folder(), password=self.password, arguments=arguments)
        if source is not None:
            copy_tree(source, node.data)
        self.nodes[name] = node
        return node

    def found(self, source):
        """Makes the cluster of an installed single node, whose data directory is copied."""
        self.server().start().database()
        pub = self.member(PUB, source).start()
        move(pub, self.url)
        return pub

    def secret(self, name, *words):
        """A join secret from the publisher."""
        return self.pub.json("set", "node", "add", name, "--yes", *words)["secret"]

    def joiner(self, name, secret, publisher=None, folder=None):
        """A node with what it needs to join, not running. publisher: the port to ask at, the publisher's unless told otherwise."""
        node = Member(name, folder or self.new_folder(), password=self.password)
        path = node.folder / "join-secret"
        path.write_text(secret + "\n")
        path.chmod(0o600)
        port = publisher or self.pub.port
        node.arguments = ["--join", f"127.0.0.1:{port}", "--join-secret-file", str(path), "--node-name", name]
        return node

    def add(self, name, roles="subscriber", *words, start=True):
        """A node that joins by the book."""
        node = self.joiner(name, self.secret(name, "--roles", roles, *words))
        self.nodes[name] = node
        return node.start() if start else node

    def copy_of(self, other):
        """Everything of a stopped cluster."""
        self.server(other.pg.folder)
        self.password = other.password
        for name, node in other.nodes.items():
            self.member(name, node.data)
        return self

    # -- running it

    @property
    def pub(self):
        return self.nodes[PUB]

    def __getitem__(self, name):
        return self.nodes[name]

    @property
    def running(self):
        return [node for node in self.nodes.values() if node.running]

    def up(self, *names):
        """Starts the database and these nodes (none: all), side by side; returns them."""
        if not self.pg.running:
            self.pg.start()
        nodes = [self.nodes[name] for name in names or self.nodes]
        for node in nodes:
            node.launch()
        for node in nodes:
            node.until_ready()
        return nodes[0] if len(nodes) == 1 else nodes

    def down(self, *names):
        """Ends these nodes (none: all), side by side."""
        nodes = [self.nodes[name] for name in names] if names else self.running
        ending = [node for node in nodes if node.running]
        for node in ending:
            os.kill(node.pid, signal.SIGTERM)
        for node in ending:
            status = node.wait()
            assert status == 0, f"{node.name} ended with {status}\n{node.err}"

    def end(self):
        """Ends everything; returns what was wrong."""
        problems = []
        try:
            self.down()
        except (AssertionError, IndexError, ProcessLookupError) as e:
            problems.append(str(e))
        for node in self.nodes.values():
            try:
                node.end()
            except AssertionError as e:
                problems.append(str(e))
        for server in self.servers:
            server.remove()
        return problems

    # -- looking at it

    @property
    def head(self):
        return self.pg.number("SELECT number FROM head")

    def accounts(self):
        """The database accounts of the nodes, {name: account}: they are named after the GUIDs, which outlive a rename."""
        rows = self.pg.rows("SELECT name, guid FROM node")
        return {row["name"]: f"ucpki_{DATABASE}_{row['guid']}" for row in rows if row["name"] != PUB}

    def waiting(self):
        """The nodes that a job waits for."""
        return {row["node"] for row in self.pg.rows("SELECT DISTINCT node FROM job WHERE state = 'waiting'")}

    def behind(self, nodes):
        """What is still to be waited for, as text; "" when all of these nodes have come to the head and have nothing to do."""
        head, jobs = self.head, self.waiting()
        for node in nodes:
            at = node.cluster
            if at["state"] != "following" or at["number"] != head:
                return f"{node.name} is not at change {head}: {at}"
            if node.name in jobs:
                return f"{node.name} has a job to do"
        return "" if self.head == head else "the log goes on"

    def settle(self, *names, seconds=SETTLE_SECONDS):
        """Waits until every running node (or these) has followed the store to its end and has carried out its jobs; returns the head."""
        nodes = [self.nodes[name] for name in names] or self.running
        wait_for(lambda: not self.behind(nodes), lambda: self.behind(nodes), seconds)
        return self.head

    def audit(self, *names):
        """Settles, then checks the store, the mirror and keys of every running node (or these), as books.py does; returns the state."""
        from books import audit_cluster
        self.settle(*names)
        return audit_cluster(self, [self.nodes[name] for name in names] or self.running)

    def states(self, node=None):
        """What a node (the publisher) says of all: {name: row}."""
        return {row["name"]: row for row in (node or self.pub).see("/nodes")["items"]}


def move(node, url, check=True, words=()):
    """Moves a single node to PostgreSQL; the connection string goes through a file."""
    path = node.folder / "url"
    path.write_text(url + "\n")
    path.chmod(0o600)
    result = node.cli("utils", "cluster", "move-to-postgres", "--url-file", path, "--json", *words, check=check)
    path.unlink()
    return result


def unsealed(node, blob):
    """What was sealed to this node, opened with its key by openssl; None when it was not sealed to it."""
    keys = node.data / "keys"
    options = ["-inkey", keys / "node.key", "-passin", f"pass:{node.master_password()}", "-recip", keys / "node.pem"]
    result = openssl("cms", "-decrypt", "-inform", "DER", "-binary", *options, input=blob, check=False)
    return result.raw if result.status == 0 else None


def signed(node, text):
    """What this node would have signed, had it made this change."""
    return openssl("dgst", "-sha256", "-sign", node.data / "keys" / "node.key", "-passin", f"pass:{node.master_password()}", input=text.encode()).raw


def append(cluster, node, steps, version=1):
    """Adds a change that no program of this version makes, signed by a node; returns how to take it away again."""
    head = cluster.pg.rows("SELECT number, hash FROM head")[0]
    number, request = head["number"] + 1, f"newer-{random.getrandbits(64):x}"
    change = {"v": version, "number": number, "previous": head["hash"], "at": "2026-11-25T10:00:00Z", "node": node.name, "who": "admin", "why": None, "task": "from-the-future",
              "request": request, "undoes": None, "summary": "From the future", "steps": steps, "findings": [], "followups": []}
    body = json.dumps(change, sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(body.encode()).hexdigest()
    columns = ", ".join(f"'{change[name]}'" for name in ("request", "at", "who", "task", "summary"))
    cluster.pg.psql(f"BEGIN; INSERT INTO change (number, request, at, who, task, summary, hash, signature, body) VALUES ({number}, {columns}, '{digest}', "
                    f"'\\x{signed(node, body).hex()}', '{body}'); UPDATE head SET number = {number}, hash = '{digest}'; COMMIT")

    def take_away():
        cluster.pg.psql(f"BEGIN; DELETE FROM change WHERE number = {number}; UPDATE head SET number = {head['number']}, hash = '{head['hash']}'; COMMIT")

    return take_away


def log_lines(node, words):
    """The lines of the node's log, of all its starts, with these words."""
    text = "".join(path.read_text(errors="replace") for path in sorted(node.folder.glob("err.*")))
    return [line for line in text.splitlines() if re.search(words, line)]
