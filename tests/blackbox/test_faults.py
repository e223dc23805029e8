"""Whatever happens, nothing is lost: kills at each named point and at random moments, full and read-only disks, damaged keys, several administrators at once.

After each blow the node is audited (books.py): the log's hash chain is whole, the tables are what the log says, every identity has its private key; and both kinds of
key are served.
"""
import os
import random
import re
import shutil
import sqlite3
import subprocess
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPException

import pytest

from books import audit, same, sanitized
from conftest import Makers
from forge import Authority
from harness import ROOT, fingerprint, run
from wire import Client, served

ANSWERED = [("yes", 1), ("force", 1)]
WAIT_SECONDS = 60


def wait_until(what, condition, seconds=WAIT_SECONDS):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"{what}: not within {seconds} s"
        time.sleep(0.02)


def check_whole(node):
    """The audit, and what the node serves; returns the state."""
    state = audit(node)
    name = next(iter(state["node"]))
    for purpose, kind in (("tomcat", "rsa"), ("tomcat-ECDSA", "ec")):
        assert served(node, kind) == state["identity"][name, purpose][0], f"HTTPS does not present the {purpose} certificate in force"
    return state


# -- a node on which every task can be done


class Rich:
    """A stopped node, whose data is copied, and a request for each kind of task on it: name -> (method, path, body)."""

    def __init__(self, makers, node):
        self.makers, self.data, self.password = makers, node.data, node.password
        root = Authority("Fault Root")
        victim = Authority("Fault Victim")
        client = Client(node)
        answer = root.leaf(node.csr("tomcat")) + root.pem
        client("POST", "/certificates/own/tomcat", ANSWERED, answer).expect(201)
        client("POST", "/certificates/trust/tomcat-trust", ANSWERED, victim.pem).expect(201)
        client("POST", "/certificates/own/TVS/regenerate", ANSWERED, {}).expect(201)
        old = [identity for identity in self.replaced_keys(client)][-1]
        undone = client("POST", "/certificates/trust/Phone-trust", ANSWERED, Authority("Fault Undone").pem).expect(201).json["number"]
        pending = node.csr("tomcat")
        node.csr("ipsec")
        bundle = "".join(Authority(f"Fault {i}").pem for i in range(3))
        self.tasks = {
            "regenerate": ("POST", "/certificates/own/tomcat/regenerate", {}),
            "regenerate EC": ("POST", "/certificates/own/tomcat-ECDSA/regenerate", {}),
            "generate a CSR": ("POST", "/csrs/tomcat-ECDSA", {}),
            "delete a CSR": ("DELETE", "/csrs/ipsec", None),
            "upload own": ("POST", "/certificates/own/tomcat", root.leaf(pending)),
            "upload trust": ("POST", "/certificates/trust/CallManager-trust", bundle),
            "delete trust": ("DELETE", "/certificates/trust/tomcat-trust/Fault_Victim.pem", None),
            "undo": ("POST", f"/changes/{undone}/undo", None),
            "purge a key": ("DELETE", f"/keys/{old}", None),
        }
        self.purged = old
        self.state = check_whole(node)
        client.close()
        node.stop()

    @staticmethod
    def replaced_keys(client):
        """Keys that were in force and are no longer, oldest first: what the log keeps in "before"."""
        node = client.node
        state = audit(node)
        used = {identity[2] for identity in state["identity"].values()} | {request[1] for request in state["csr"].values()}
        for name in node.key_files():
            key = name.removesuffix(".key")
            if name.endswith(".key") and key != "node" and key not in used:
                yield key

    def copy(self, *arguments, start=True):
        node = self.makers.copy(*arguments, start=False)
        shutil.rmtree(node.data)
        shutil.copytree(self.data, node.data)
        return node.start() if start else node

    def call(self, client, task, request=None):
        method, path, body = self.tasks[task]
        query = [*ANSWERED, *([("request", request)] if request else [])]
        return client(method, path, query, body)


@pytest.fixture(scope="module")
def rich(template):
    makers = Makers(template)
    yield Rich(makers, makers.copy())
    makers.end()


TASKS = ["regenerate", "regenerate EC", "generate a CSR", "delete a CSR", "upload own", "upload trust", "delete trust", "undo", "purge a key"]
MAKE_KEYS = {"regenerate", "regenerate EC", "generate a CSR"}

# Named points, in the order in which a task passes them, and whether the change has happened there.
POINTS = {"key-saved": False, "prepared": False, "store-steps-applied": False, "store-before-commit": False, "store-after-commit": True, "committed": True, "effects-half": True}


# Those of joining, following and moving: test_cluster.py and test_cluster_join.py go through them.
CLUSTER_POINTS = {"join-answered", "join-saved", "mirror-steps-applied", "mirror-committed", "move-copied", "move-switched"}
# Those of publishing lists: test_lists_faults.py.
LIST_POINTS = {"itl-recorded"}


def test_every_named_crash_point_of_the_source_is_in_the_table():
    found = set()
    for path in (ROOT / "src").rglob("*.c"):
        for call in re.findall(r"uc_crash_point\(([^;{]*)\);", path.read_text()):
            found |= set(re.findall(r'"([^"]+)"', call))
    assert found == set(POINTS) | CLUSTER_POINTS | LIST_POINTS
    assert all(f'"{point}"' in (ROOT / "tests" / "blackbox" / "test_lists_faults.py").read_text() for point in LIST_POINTS)
    cluster = "".join((ROOT / "tests" / "blackbox" / name).read_text() for name in ("test_cluster.py", "test_cluster_join.py"))
    assert [point for point in sorted(CLUSTER_POINTS) if f'"{point}"' not in cluster] == []


def crash(node, call):
    """Carries out call, in which the node must kill itself."""
    with pytest.raises((OSError, HTTPException)):
        call()
    assert node.process.wait(WAIT_SECONDS) != 0
    node.kill()
    node.env = {}


@pytest.mark.parametrize("task, point", [(task, point) for task in TASKS for point in POINTS if point != "key-saved" or task in MAKE_KEYS])
def test_killed_at_a_named_point_of_a_task_the_state_is_before_or_after(rich, task, point):
    node, before = rich.copy(start=False), rich.state
    node.env = {"UCPKI_CRASH_AT": point}
    node.start()
    request = str(uuid.uuid4())
    with Client(node) as client:
        crash(node, lambda: rich.call(client, task, request))

    node.start()
    after = check_whole(node)
    assert after["head"] == before["head"] + (1 if POINTS[point] else 0)
    if not POINTS[point]:
        assert same(before, after)
    with Client(node) as client:
        # The caller, who got no answer, asks again under the same id: the task is done once.
        assert rich.call(client, task, request).expect(201).json["number"] == before["head"] + 1
        done = audit(node)
        assert done["head"] == before["head"] + 1 and not same(before, done)
        if task == "purge a key":
            wait_until("the purged key is destroyed", lambda: f"{rich.purged}.key" not in node.key_files())
            client("POST", f"/changes/{done['head']}/undo", ANSWERED).expect(422, "not-undoable")
        else:
            client("POST", f"/changes/{done['head']}/undo", ANSWERED).expect(201)
            assert same(before, check_whole(node))
    node.kill()


# -- random moments


class Busy:
    """Threads that do random tasks until the node is gone."""

    def __init__(self, node, seed, count=2):
        self.node, self.done, self.refused = node, 0, []
        self.threads = [threading.Thread(target=self.work, args=(random.Random(seed * 100 + i),)) for i in range(count)]
        for thread in self.threads:
            thread.start()

    def task(self, rng, client):
        choice = rng.randrange(8)
        if choice < 2:
            return client("POST", "/certificates/own/tomcat-ECDSA/regenerate", ANSWERED, {})
        if choice == 2:
            return client("POST", "/csrs/CallManager-ECDSA", ANSWERED, {})
        if choice == 3:
            return client("DELETE", "/csrs/CallManager-ECDSA", ANSWERED)
        if choice == 4:
            names = [row["name"] for row in client.rows("trust", {"where": "unit is Phone-trust"})]
            return client("DELETE", f"/certificates/trust/Phone-trust/{rng.choice(names or ['none'])}", ANSWERED)
        if choice == 5:
            return client("POST", f"/changes/{client.get('/status')['head']}/undo", ANSWERED)
        bundle = "".join(Authority(f"Random {rng.randrange(10**9)}").pem for _ in range(rng.randrange(1, 6)))
        return client("POST", "/certificates/trust/Phone-trust", ANSWERED, bundle)

    def work(self, rng):
        with Client(self.node) as client:
            while True:
                try:
                    answer = self.task(rng, client)
                except (OSError, HTTPException):
                    return
                if answer.status == 201:
                    self.done += 1
                elif answer.status not in (404, 409, 422):
                    self.refused.append(str(answer))
                    return

    def join(self):
        for thread in self.threads:
            thread.join(WAIT_SECONDS)
        assert not self.refused, self.refused


def test_killed_at_random_moments_of_any_task_the_node_comes_back_whole(rich):
    node = rich.copy()
    rounds, done = 25, 0
    for seed in range(rounds):
        rng = random.Random(seed)
        before = audit(node)
        busy = Busy(node, seed)
        time.sleep(rng.uniform(0.0, 0.6))  # the moment is what is random here; nothing is concluded from its length
        node.kill()
        busy.join()
        node.start()
        after = check_whole(node)
        assert after["head"] >= before["head"] + busy.done, f"seed {seed}: a change that was answered is lost"
        # At most one change per thread can have been made without being answered.
        assert after["head"] <= before["head"] + busy.done + len(busy.threads), f"seed {seed}"
        done += busy.done
    assert done > rounds, "the kills came before any task: this test has tested nothing"
    with Client(node) as client:
        client("POST", "/certificates/own/tomcat-ECDSA/regenerate", ANSWERED, {}).expect(201)
    check_whole(node)


# -- installation

PURPOSES = {"tomcat", "tomcat-ECDSA", "CallManager", "CallManager-ECDSA", "CAPF", "TVS", "ipsec", "ITLRecovery", "authz"}


def check_installed(node, outputs):
    """Everything is there, and somebody knows the password: the last one that was printed is right."""
    state = check_whole(node)
    assert {purpose for _, purpose in state["identity"]} == PURPOSES and set(state["account"]) == {"admin"}
    printed = re.findall(r"password (\S+)", "".join(outputs))
    assert printed, "the password of the first administrator was never shown"
    node.api("GET", "/status", auth=("admin", printed[-1])).expect(200)


@pytest.mark.parametrize("point", [*POINTS, "random"])
def test_an_installation_that_was_killed_is_finished_by_the_next_start(new_node, point):
    node = new_node("--node-name", "cucm-pub", "--domain", "example.com", start=False)
    outputs = []
    if point != "random":
        node.env = {"UCPKI_CRASH_AT": point}
        node.launch()
        assert node.wait() != 0
        outputs.append(node.out)
        node.kill().env = {}
    rng = random.Random(7)
    for _ in range(8 if point == "random" else 0):
        node.launch()
        time.sleep(rng.uniform(0.0, 1.0))  # as above
        node.kill()
        outputs.append(node.out)
    node.start()
    outputs.append(node.out)
    check_installed(node, outputs)
    head = audit(node)["head"]
    node.restart()
    assert "password" not in node.out
    assert audit(node)["head"] == head


# -- disks


class Disk:
    """A file system of a few megabytes below a node's data directory."""

    def __init__(self, node, source, size="6m"):
        self.path = node.data
        shutil.rmtree(self.path)
        self.path.mkdir(mode=0o700)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "tmpfs", self.path], capture_output=True, text=True, check=False)
        self.mounts = 0 if done.returncode else 1
        if done.returncode:
            pytest.skip(f"a file system cannot be mounted here: {done.stderr.strip()}")
        for path in source.iterdir():
            if path.is_dir():
                shutil.copytree(path, self.path / path.name)
            else:
                shutil.copy2(path, self.path / path.name)

    @property
    def filler(self):
        return self.path / "filler"

    def fill(self):
        with open(self.filler, "ab", buffering=0) as out:
            for chunk in (1 << 20, 4096, 1):
                try:
                    while True:
                        out.write(bytes(chunk))
                except OSError:
                    pass

    def free(self):
        self.filler.unlink()

    def remount(self, mode):
        run("mount", "-o", f"remount,{mode}", self.path)

    def cover(self):
        """The same directory, read-only, for whatever is opened by its name from now on."""
        run("mount", "--bind", self.path, self.path)
        self.mounts += 1
        run("mount", "-o", "remount,bind,ro", self.path)

    def uncover(self):
        run("umount", "-l", self.path)  # connections that were opened under it keep it
        self.mounts -= 1

    def end(self):
        while self.mounts:
            run("umount", "-l", self.path)
            self.mounts -= 1


@pytest.fixture
def disk(rich):
    if os.geteuid() != 0:
        pytest.skip("needs root, to mount a small file system")
    made = []

    def make(start=True):
        node = rich.copy(start=False)
        made.append((node, Disk(node, rich.data)))
        if start:
            node.start()
        return made[-1]

    yield make
    for node, small in made:
        node.kill()
        small.end()


def test_on_a_full_disk_each_task_says_so_and_the_old_state_serves_on_C143(rich, disk):
    node, small = disk()
    before = check_whole(node)
    small.fill()
    with Client(node) as client:
        for task in TASKS:
            answer = rich.call(client, task)
            answer.expect(507, "disk-full")
            assert "No space left" in answer.json["detail"] or "full" in answer.json["detail"]
            assert "Free space" in answer.json["hint"]
            assert len(client.get("/certificates", {"usage": "own"})["items"]) == len(PURPOSES)
            assert audit(node) == before
        for kind in ("rsa", "ec"):
            served(node, kind)
        assert node.cli("set", "cert", "regen", "TVS", "--yes", check=False).status == 1
        assert audit(node) == before
        small.free()
        for task in TASKS:
            rich.call(client, task).expect(201)
    assert check_whole(node)["head"] == before["head"] + len(TASKS)
    node.restart()
    check_whole(node)


def test_a_start_on_a_full_disk_serves_or_says_why_not_and_harms_nothing_C143(disk):
    node, small = disk()
    before = audit(node)
    node.stop()
    small.fill()
    node.launch()
    wait_until("it serves or ends", lambda: node.is_ready() or not node.running)
    if node.running:
        for kind in ("rsa", "ec"):
            served(node, kind)
        node.stop()
    else:
        assert node.wait() == 1 and re.search("No space left on device|disk is full", node.err) and "Free space" in node.err
    small.free()
    node.start()
    assert same(before, check_whole(node))


def test_an_installation_on_a_full_disk_says_so_and_succeeds_once_there_is_space_C143(rich, new_node, disk):
    node = new_node(start=False)
    node.data.mkdir()
    empty = node.folder / "empty"
    empty.mkdir()
    small = Disk(node, empty, size="64k")
    try:
        node.launch()
        assert node.wait() == 1
        assert "No space left on device" in node.err or "disk is full" in node.err, node.err
        small.remount("size=6m")
        node.start()
        state = check_whole(node)
        assert {purpose for _, purpose in state["identity"]} == PURPOSES
        node.stop()
    finally:
        node.kill()
        small.end()


def test_with_a_read_only_data_directory_a_start_says_so_and_changes_nothing(disk):
    node, small = disk()
    before = audit(node)
    node.stop()
    small.remount("ro")
    node.launch()
    assert node.wait() == 1
    assert "read-only" in node.err.lower() and "remount" in node.err.lower(), node.err
    small.remount("rw")
    node.start()
    assert same(before, check_whole(node))


def test_when_the_data_directory_becomes_read_only_tasks_say_so_and_reading_and_TLS_go_on(rich, disk):
    node, small = disk()
    before = check_whole(node)
    small.cover()
    with Client(node) as client:
        for task in MAKE_KEYS:
            answer = rich.call(client, task).expect(500, "read-only")
            assert "Read-only file system" in answer.json["detail"] and "remount" in answer.json["hint"]
        # More readers than the node has connections open: some must be opened anew.
        with ThreadPoolExecutor(12) as pool:
            rows = list(pool.map(lambda _: len(Client(node).get("/certificates", {"usage": "own"})["items"]), range(24)))
        assert rows == [len(PURPOSES)] * 24
        for kind in ("rsa", "ec"):
            served(node, kind)
        small.uncover()
        assert same(before, check_whole(node))
        for task in MAKE_KEYS:
            rich.call(client, task).expect(201)
    check_whole(node)


# -- damaged files


def key_file(node, purpose):
    state = audit(node)
    return node.data / "keys" / f"{state['identity']['cucm-pub', purpose][2]}.key"


@pytest.mark.parametrize("damage", [b"", b"rubbish", None], ids=["empty", "rubbish", "missing"])
@pytest.mark.parametrize("purpose, kind, other", [("tomcat", "rsa", "ec"), ("tomcat-ECDSA", "ec", "rsa")])
def test_a_damaged_key_silences_only_its_own_identity_and_regenerating_heals_it(rich, purpose, kind, other, damage):
    node = rich.copy()
    path = key_file(node, purpose)
    node.stop()
    if damage is None:
        path.unlink()
    else:
        path.write_bytes(damage)
    node.start()
    assert purpose in node.err and path.name[:16] in node.err, node.err
    right = served(node, other)
    with pytest.raises(OSError):
        served(node, kind)
    with Client(node) as client:
        assert client.get(f"/certificates/own/{purpose}")["key"]["present"] is False or damage is not None
        # Another change does not bring the good one down either.
        client("POST", "/certificates/trust/tomcat-trust", ANSWERED, Authority("Unrelated").pem).expect(201)
        assert served(node, other) == right
        client("POST", f"/certificates/own/{purpose}/regenerate", ANSWERED, {}).expect(201)
    check_whole(node)


def test_a_store_that_is_damaged_is_refused_by_name(rich):
    node = rich.copy(start=False)
    path = node.data / "store.db"
    data = bytearray(path.read_bytes())
    data[:4096] = bytes(4096)
    path.write_bytes(data)
    node.launch()
    assert node.wait() == 1
    assert "store.db" in node.err and "backup" in node.err, node.err


def test_a_log_that_was_tampered_with_is_noticed_at_start(rich):
    """One letter of one old change: the hash chain must not be taken for whole."""
    node = rich.copy(start=False)
    with closing(sqlite3.connect(node.data / "store.db")) as db, db:
        assert db.execute("UPDATE change SET body = replace(body, '\"who\":\"installation\"', '\"who\":\"someone else\"') WHERE number = 1").rowcount == 1
    node.start()
    wait_until("the log is checked", lambda: re.search(r"change log is not whole at change 1\b", node.err))
    assert "not whole at change 1" in node.json("show", "status")["change_log"]
    served(node, "rsa")


def test_a_whole_log_is_reported_as_whole(rich):
    """The hash chain is checked once after each start, and the result is told."""
    node = rich.copy()
    wait_until("the log is checked", lambda: node.json("show", "status")["change_log"] is not None)
    assert node.json("show", "status")["change_log"] == "whole"


# -- several administrators at once


def together(*calls):
    """Calls that begin at the same moment; returns their results in order."""
    barrier = threading.Barrier(len(calls))

    def go(call):
        barrier.wait(WAIT_SECONDS)
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result() for future in [pool.submit(go, call) for call in calls]]


def fresh_call(node, *arguments):
    def call():
        with Client(node) as client:
            return client(*arguments)
    return call


# What two administrators agree to, and what the one who is later may be told.
CONFLICTS = {
    "generate a CSR": {(409, "plan-changed")},
    "delete a CSR": {(404, "no-csr"), (409, "plan-changed")},
    "upload own": {(422, "no-pending-csr"), (409, "plan-changed")},
    "upload trust": {(409, "plan-changed")},
    "delete trust": {(404, "no-certificate"), (409, "plan-changed")},
    "undo": {(422, "undone-already"), (409, "plan-changed")},
}


@pytest.mark.parametrize("task", CONFLICTS)
def test_of_two_administrators_who_agreed_to_the_same_plan_one_wins(rich, task):
    node = rich.copy()
    before = audit(node)
    method, path, body = rich.tasks[task]
    with Client(node) as client:
        plan = client(method, path, [("dry_run", 1)], body).expect(200).json["plan"]
    call = fresh_call(node, method, path, [*ANSWERED, ("seen", plan)], body)
    answers = together(call, call)
    won = [answer for answer in answers if answer.status == 201]
    lost = [answer for answer in answers if answer.status != 201]
    assert len(won) == 1 and len(lost) == 1, [str(answer) for answer in answers]
    assert (lost[0].status, lost[0].json["code"]) in CONFLICTS[task], str(lost[0])
    if lost[0].status == 409:
        assert lost[0].json["plan"]["plan"] != plan
    assert check_whole(node)["head"] == before["head"] + 1


def test_the_same_request_id_at_the_same_time_is_carried_out_once(rich):
    node = rich.copy()
    head = audit(node)["head"]
    request = str(uuid.uuid4())
    method, path, body = rich.tasks["regenerate EC"]
    answers = together(*[fresh_call(node, method, path, [*ANSWERED, ("request", request)], body)] * 4)
    assert check_whole(node)["head"] == head + 1
    for answer in answers:
        assert (answer.status == 201 and answer.json["number"] == head + 1) or (answer.status, answer.json["code"]) == (409, "request-repeated"), str(answer)


def test_different_purposes_are_regenerated_at_once(rich):
    node = rich.copy()
    before = audit(node)
    purposes = sorted(PURPOSES)
    answers = together(*[fresh_call(node, "POST", f"/certificates/own/{purpose}/regenerate", ANSWERED, {}) for purpose in purposes])
    assert [answer.status for answer in answers] == [201] * len(purposes), [str(answer) for answer in answers]
    assert sorted(answer.json["number"] for answer in answers) == list(range(before["head"] + 1, before["head"] + 1 + len(purposes)))
    after = check_whole(node)
    for place, identity in before["identity"].items():
        assert after["identity"][place][2] != identity[2], f"{place} has its old key"


def test_a_hundred_requests_at_once_of_all_kinds_leave_a_consistent_node(rich):
    node = rich.copy()
    before = audit(node)
    rng = random.Random(100)
    calls = []
    for i in range(100):
        calls.append([
            ("GET", "/certificates", {"usage": "trust", "sort": "name"}),
            ("GET", "/certificates", {"usage": "trust", "where": "issuer contains fault"}),
            ("GET", "/certificates/own/tomcat"),
            ("GET", "/changes"),
            ("GET", "/status"),
            ("POST", "/certificates/trust/Phone-trust", ANSWERED, Authority(f"Parallel {i}").pem),
            ("POST", "/certificates/own/tomcat-ECDSA/regenerate", ANSWERED, {}),
            ("POST", "/csrs/CallManager-ECDSA", ANSWERED, {}),
            ("DELETE", "/certificates/trust/tomcat-trust/Fault_Victim.pem", ANSWERED),
            ("POST", f"/changes/{before['head']}/undo", ANSWERED),
        ][rng.randrange(10)])
    answers = together(*[fresh_call(node, *arguments) for arguments in calls])
    bad = [str(answer) for answer, (method, *_) in zip(answers, calls) if answer.status not in ((200,) if method == "GET" else (201, 404, 409, 422))]
    assert not bad, bad
    made = sum(answer.status == 201 for answer in answers)
    assert check_whole(node)["head"] == before["head"] + made


# -- nothing is dropped while certificates change


class Visitor(threading.Thread):
    """Makes requests until it is told to stop, each on a new connection or all on one; notes what failed."""

    def __init__(self, node, keep, **how):
        super().__init__()
        self.keep, self.stopping, self.count, self.failed = keep, threading.Event(), 0, []
        self.client = Client(node, **how)

    def run(self):
        while not self.stopping.is_set():
            try:
                answer = self.client("GET", "/purposes")
                assert answer.status == 200, str(answer)
            except (OSError, HTTPException, AssertionError) as e:
                self.failed.append(repr(e))
                return
            self.count += 1
            if not self.keep:
                self.client.close()

    def end(self):
        self.stopping.set()
        self.join(WAIT_SECONDS)
        self.client.close()


def rss(node):
    return int(re.search(r"VmRSS:\s+(\d+) kB", open(f"/proc/{node.pid}/status").read())[1])


def test_200_regenerations_under_load_drop_no_request_and_keep_memory_flat_C121_C122(rich):
    node = rich.copy()
    before = audit(node)
    account = ("admin", rich.password)
    visitors = [Visitor(node, keep, tls=True, kind=kind, auth=account) for keep in (True, False) for kind in ("rsa", "ec")]
    visitors.append(Visitor(node, False))
    for visitor in visitors:
        visitor.start()
    sizes = []
    try:
        with Client(node) as client:
            for i in range(200):
                answer = client("POST", "/certificates/own/tomcat-ECDSA/regenerate", ANSWERED, {}).expect(201)
                effects = {effect["effect"]: effect["state"] for effect in answer.json["effects"]}
                assert effects == {"https-rsa": "done", "https-ec": "done"}, answer.json["effects"]
                if i % 50 == 49:
                    sizes.append(rss(node))
    finally:
        for visitor in visitors:
            visitor.end()
    assert not [visitor.failed for visitor in visitors if visitor.failed]
    assert all(visitor.count > 5 for visitor in visitors), [visitor.count for visitor in visitors]
    assert check_whole(node)["head"] == before["head"] + 200
    if not sanitized(node):  # whose quarantine and shadow grow
        assert sizes[-1] - sizes[0] < 20_000, f"resident kB after each 50: {sizes}"


def test_a_connection_from_before_a_change_is_served_on_and_a_new_one_sees_the_new_certificate_U4(rich):
    node = rich.copy()
    with Client(node, tls=True, kind="ec", auth=("admin", rich.password)) as old:
        old.get("/status")
        socket_before = old.connection.sock
        old("POST", "/certificates/own/tomcat-ECDSA/regenerate", ANSWERED, {}).expect(201)
        assert served(node, "ec") == fingerprint(node.pem("tomcat-ECDSA"))
        old.get("/status")
        assert old.connection.sock is socket_before
