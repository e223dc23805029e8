"""Random tasks on random nodes, while nodes and the database are killed and come back: then all mirrors equal the store, every identity has its key, and what was acknowledged is there.

UCPKI_RANDOM_SEED repeats a run (as far as threads can be repeated), UCPKI_RANDOM_SECONDS makes it longer.
"""
import os
import random
import threading
import time
from http.client import HTTPException

from cluster import IMP1, NODES, PUB, SUB1, SUB2, wait_for
from forge import Authority
from wire import Client, served

SECONDS = float(os.environ.get("UCPKI_RANDOM_SECONDS") or 60)
SEED = int(os.environ.get("UCPKI_RANDOM_SEED") or random.SystemRandom().randrange(10**6))
PLAYERS = (PUB, SUB1, SUB2, IMP1)
STORES = ("tomcat-trust", "CallManager-trust", "Phone-trust", "CAPF-trust", "ipsec-trust")
# What a task may be answered with when others do theirs at the same time: what it was about has gone, has changed, or is refused by a plan.
FINE = {200, 201, 202, 404, 409, 422, 503}


class Worker(threading.Thread):
    """Does random tasks on random nodes until it is told to stop; remembers what was acknowledged."""

    def __init__(self, cluster, seed, ending):
        super().__init__()
        self.cluster, self.rng, self.ending, self.seed = cluster, random.Random(seed), ending, seed
        self.added, self.gone, self.unsure, self.wrong, self.counts = {}, set(), set(), [], {}
        self.serial = 0

    def run(self):
        while not self.ending.is_set():
            node = self.cluster.nodes[self.rng.choice(PLAYERS)]
            try:
                with Client(node) as client:
                    self.task(client)
            except (OSError, HTTPException):
                time.sleep(0.05)  # it is down at the moment: not a synchronisation, only no spinning

    def request(self):
        self.serial += 1
        return f"random-{self.seed}-{self.serial}"

    def ask(self, client, method, path, body=None, *query):
        answer = client(method, path, [("yes", "1"), ("force", "1"), ("request", self.request()), *query], body)
        self.counts[answer.status] = self.counts.get(answer.status, 0) + 1
        if answer.status not in FINE:
            self.wrong.append(f"{method} {path}: {answer}")
        return answer

    def task(self, client):
        kind = self.rng.randrange(10)
        if kind < 4:
            self.add(client)
        elif kind < 6:
            self.delete(client)
        elif kind == 6:
            self.ask(client, "POST", f"/certificates/own/{self.rng.choice(('tomcat-ECDSA', 'CallManager-ECDSA'))}/regenerate", {})
        elif kind == 7:
            self.ask(client, "POST", "/certificates/own/tomcat-ECDSA/regenerate", {}, ("node", self.rng.choice(PLAYERS)))
        elif kind == 8:
            self.ask(client, *self.rng.choice((("POST", "/csrs/tomcat-ECDSA", {}), ("POST", "/csrs/tomcat-ECDSA", {"distribution": "multi-server"}), ("DELETE", "/csrs/tomcat-ECDSA"))))
        else:
            self.ask(client, "POST", f"/changes/{self.rng.randrange(max(1, client.get('/status')['head'] - 8), client.get('/status')['head'] + 1)}/undo")

    def add(self, client):
        name, store = f"W{self.seed} {self.serial}", self.rng.choice(STORES)
        file = f"W{self.seed}_{self.serial}.pem"
        self.unsure.add((store, file))
        answer = self.ask(client, "POST", f"/certificates/trust/{store}", Authority(name).pem)
        if answer.status == 201:
            self.unsure.discard((store, file))
            self.added[store, file] = answer.json["number"]

    def delete(self, client):
        """One of its own: nobody else deletes it, though an undo may take it away or bring it back."""
        if not self.added:
            return
        place = self.rng.choice(sorted(self.added))
        answer = self.ask(client, "DELETE", f"/certificates/trust/{place[0]}/{place[1]}")
        if answer.status == 201:
            self.gone.add(place)
            del self.added[place]
        elif answer.status == 503:  # whether it was done may not be known
            self.unsure.add(place)
            del self.added[place]


class Chaos:
    """Kills and restarts."""

    def __init__(self, cluster, rng):
        self.cluster, self.rng, self.log = cluster, rng, []

    def strike(self):
        kind = self.rng.choice(("node", "node", "node", "crash", "database", "database", "stop"))
        name = self.rng.choice(PLAYERS)
        node = self.cluster.nodes[name]
        self.log.append(f"{kind} {name}")
        if kind == "node":
            node.kill()
            node.launch()
        elif kind == "stop":
            node.until_ready().stop()
            node.launch()
        elif kind == "crash":
            self.crash(node)
        else:
            self.cluster.pg.stop(self.rng.choice(("immediate", "immediate", "fast")))
            self.pause()
            self.cluster.pg.start()
        if kind in ("node", "stop"):
            self.pause()

    def crash(self, node):
        """It is to kill itself at a named point, if it gets there."""
        node.kill()
        node.env = {"UCPKI_CRASH_AT": self.rng.choice(("mirror-committed", "mirror-steps-applied", "store-before-commit", "store-after-commit", "committed", "effects-half", "key-saved"))}
        node.launch()
        self.pause()
        node.kill()
        node.env = {}
        node.launch()

    def pause(self):
        """How long it lasts is part of what is random; nothing waits for its end."""
        time.sleep(self.rng.uniform(0.05, 1.0))


def made_by(cluster):
    """Which changes added and took away which trust certificate, in order: {(store, name): [(number, verb)]}."""
    out = {}
    for row in cluster.pg.rows("SELECT number, body::json -> 'steps' AS steps FROM change ORDER BY number"):
        for step in row["steps"]:
            kind, verb = step["type"].split(".")
            if kind == "trust":
                out.setdefault((step["store"], step["name"]), []).append((row["number"], verb))
    return out


def test_random_tasks_while_nodes_and_the_database_are_killed(cluster):
    print(f"UCPKI_RANDOM_SEED={SEED}")
    rng, ending = random.Random(SEED), threading.Event()
    cluster.up(*PLAYERS)
    workers = [Worker(cluster, SEED + i, ending) for i in range(3)]
    chaos = Chaos(cluster, rng)
    for worker in workers:
        worker.start()
    end = time.monotonic() + SECONDS
    try:
        while time.monotonic() < end and not any(worker.wrong for worker in workers):
            chaos.strike()
    finally:
        ending.set()
        for worker in workers:
            worker.join()
    story = f"seed {SEED}: {chaos.log}"
    assert not [wrong for worker in workers for wrong in worker.wrong], (story, [worker.wrong for worker in workers])
    for name in PLAYERS:
        node = cluster[name]
        if not node.running:
            node.launch()
        node.until_ready()
    wait_for(lambda: not any(node.status["read_only"] for node in cluster.running), lambda: [node.status for node in cluster.running])
    state = cluster.audit()
    print(story, {name: worker.counts for name, worker in enumerate(workers)}, "head", state["head"])
    assert state["head"] > 20, "nothing was done"

    # What was acknowledged is in the log, once; and nothing that was deleted is there unless an undo brought it back (C97).
    history = made_by(cluster)
    for worker in workers:
        for place, number in worker.added.items():
            assert (number, "add") in history.get(place, []), f"{place} was acknowledged as change {number}\n{story}"
        for place in worker.gone:
            assert "remove" in [verb for _, verb in history[place]], f"{place}\n{story}"
    there = {(store, name) for store, name, _ in state["trust"]}
    for place, steps in history.items():
        assert (place in there) == (steps[-1][1] == "add"), f"{place}: {steps}\n{story}"
    for job, (node, task, now) in state["job"].items():
        assert now != "waiting" or node not in PLAYERS, f"job {job} ({task}) on {node}\n{story}"
    requests = cluster.pg.rows("SELECT request FROM change GROUP BY request HAVING count(*) > 1")
    assert not requests, requests
    # Each serves what is in force, is writable, and the other nodes, that were off all the time, come to the same.
    cluster.up(*(name for name in NODES if name not in PLAYERS))
    state = cluster.audit()
    for name in NODES:
        for purpose, kind in (("tomcat", "rsa"), ("tomcat-ECDSA", "ec")):
            assert served(cluster[name], kind) == state["identity"][name, purpose][0], f"{name} {purpose}\n{story}"
    cluster[IMP1].trusts("tomcat-trust", Authority("After all").pem)
    cluster.settle()
