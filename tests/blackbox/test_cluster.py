"""From one node to a cluster: the store is moved to PostgreSQL, losing nothing, whatever breaks meanwhile."""
import random
import sqlite3
import subprocess
import threading
from contextlib import closing
from http.client import HTTPException

import pytest

from books import audit, same
from cluster import OWNER, PUB, move, wait_for
from forge import Authority
from harness import environment
from wire import Client, served


@pytest.fixture
def alone(clusters, template):
    """A cluster-to-be: a database server with an empty database, and an installed single node."""
    cluster = clusters.new()
    cluster.password = template.password
    cluster.server().start().database()
    cluster.member(PUB, template.data)
    return cluster


def change(node, name):
    return node.trusts("Phone-trust", Authority(name).pem)["number"]


def refused(node, url, code, *more):
    """The move must fail with this code and without telling the password; returns the problem."""
    result = move(node, url, check=False, words=more)
    assert result.status == 1 and result.json["code"] == code, f"{result}"
    assert "hunter2" not in result.out + result.err, f"{result}"
    return result.json


def test_moving_the_store_to_postgresql_loses_nothing(alone):
    cluster, node = alone, alone.up(PUB)
    root = Authority("Move Root")
    node.do("POST", "/certificates/own/tomcat", root.leaf(node.csr("tomcat")) + root.pem)
    node.csr("CallManager-ECDSA")
    undone = change(node, "Undone before")
    node.do("POST", f"/changes/{undone}/undo")
    kept = change(node, "Kept before")
    node.trusts("CAPF-trust", Authority("Local before").pem)
    node.do("POST", "/certificates/own/TVS/regenerate", {})
    before, seen = audit(node), node.state()
    assert node.cluster | {"reason": None} == {"store": "sqlite", "where": None, "reachable": True, "reason": None, "head": before["head"], "number": before["head"], "behind": 0,
                                               "state": "single", "epoch": 1}

    plan = move(node, cluster.url, words=["--dry-run"]).json
    assert plan == {"dry_run": True, "changes": before["head"]} and audit(node) == before and node.cluster["store"] == "sqlite"
    done = move(node, cluster.url)
    assert done.json == {"dry_run": False, "changes": before["head"]}
    cluster.settle()
    after = node.cluster
    assert (after["store"], after["state"], after["number"], after["epoch"]) == ("postgresql", "following", before["head"], 1)
    assert after["where"] == f"127.0.0.1:{cluster.ports[0]},127.0.0.1:{cluster.ports[1]}/ucpki"
    assert cluster.audit() == before and node.state() == seen
    assert served(node, "rsa") == before["identity"][PUB, "tomcat"][0]
    # The connection string lies sealed, readable by the owner only.
    path = node.data / "cluster.json"
    assert path.stat().st_mode & 0o777 == 0o600 and OWNER not in path.read_text() and str(cluster.ports[0]) not in path.read_text()

    # Everything goes on: changes, undo of what was done before, the pending request, a second move.
    change(node, "After the move")
    node.do("POST", f"/changes/{kept}/undo")
    node.do("POST", "/certificates/own/CallManager-ECDSA", root.leaf(node.cli("file", "get", "csr", "CallManager-ECDSA").out) + root.pem)
    refused(node, cluster.url, "in-cluster")
    refused(node, cluster.url, "in-cluster", "--dry-run")
    state = cluster.audit()
    node.restart()
    assert cluster.audit() == state and node.status["change_log"] == "whole"


def test_a_move_that_cannot_be_says_why_and_changes_nothing(alone, new_node):
    cluster, node = alone, alone.up(PUB)
    port = cluster.ports[0]
    before, seen = audit(node), node.state()
    refused(node, f"postgresql://{OWNER}:hunter2@127.0.0.1:{port}/ucpki", "store-access")
    refused(node, f"postgresql://nobody:hunter2@127.0.0.1:{port}/ucpki", "store-access")
    refused(node, f"postgresql://{OWNER}:hunter2@127.0.0.1:{cluster.ports[1]}/ucpki", "store-unreachable")
    refused(node, f"postgresql://{OWNER}:hunter2@no-such-host.invalid/ucpki", "store-unreachable")
    refused(node, f"postgresql://{OWNER}:{OWNER}@127.0.0.1:{port}/elsewhere", "store-missing")
    for url in ("sqlite:/tmp/hunter2", "hunter2", "postgresql://%zz:hunter2@127.0.0.1/x", "postgresql://a:hunter2@[::1/x"):
        refused(node, url, "bad-store-url")
    # An account that may read only, and a database that holds another cluster's log.
    pg = cluster.pg
    pg.psql("CREATE ROLE reader LOGIN PASSWORD 'hunter2'", "postgres")
    refused(node, f"postgresql://reader:hunter2@127.0.0.1:{port}/ucpki", "store-access")
    other = new_node.copy()
    change(Other(other), "Of another cluster")
    move(other, pg.database("others"))
    other.stop()
    refused(node, pg.url(OWNER, database="others"), "store-not-empty")
    refused(node, pg.url(OWNER, database="others"), "store-not-empty", "--dry-run")
    assert pg.number("SELECT number FROM head", "others") == audit(other)["head"]
    pg.psql("CREATE DATABASE latin TEMPLATE template0 ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' OWNER owner", "postgres")
    refused(node, pg.url(OWNER, database="latin"), "store-encoding")
    assert audit(node) == before and node.state() == seen and not (node.data / "cluster.json").exists()
    # And then it works.
    move(node, cluster.url)
    assert cluster.audit() == before


def test_a_database_that_a_cluster_cannot_use_is_refused_before_anything_is_put_there(alone):
    """Without CREATEROLE every join would fail later. What is told to do about it helps, and a dry run leaves the database as it is."""
    cluster, node = alone, alone.up(PUB)
    pg = cluster.pg

    def tables(database):
        return pg.psql("SELECT string_agg(relname, ',') FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace", database)

    pg.psql("CREATE ROLE weak LOGIN PASSWORD 'hunter2'", "postgres")
    pg.psql("CREATE DATABASE weak OWNER weak", "postgres")
    url = f"postgresql://weak:hunter2@127.0.0.1:{cluster.ports[0]}/weak"
    for words in ((), ("--dry-run",)):
        problem = refused(node, url, "store-access", *words)
        assert "CREATEROLE" in problem["detail"] and "ALTER ROLE weak CREATEROLE;" in problem["hint"], problem
    assert tables("weak") == "" and node.cluster["store"] == "sqlite"
    pg.psql(problem["hint"].split(": ", 1)[1], "postgres")
    assert move(node, url, words=["--dry-run"]).json["dry_run"] and tables("weak") == ""

    pg.psql("CREATE TABLE theirs (n INT)", "weak")
    for words in ((), ("--dry-run",)):
        problem = refused(node, url, "store-not-empty", *words)
        assert "theirs" in problem["detail"] and "CREATE DATABASE" in problem["hint"], problem
    assert tables("weak") == "theirs"
    pg.psql("DROP TABLE theirs", "weak")
    move(node, url)
    cluster.nodes["cucm-sub1"] = cluster.joiner("cucm-sub1", node.json("set", "node", "add", "cucm-sub1", "--yes")["secret"]).start()
    node.until(lambda _: cluster.states()["cucm-sub1"]["state"] == "up", "the new node's state")


class Other:
    """A node of the other tests, with the short way to a task."""

    def __init__(self, node):
        self.node = node

    def trusts(self, store, pem):
        return self.node.json("set", "cert", "import", "trust", store, "--yes", input=pem)


def broken_off(node, url):
    """A move in which the node is killed, now or soon."""
    path = node.folder / "url"
    path.write_text(url)
    words = [str(node.program), "utils", "cluster", "move-to-postgres", "--url-file", str(path)]
    quiet = subprocess.DEVNULL
    return subprocess.Popen(words, stdin=quiet, stdout=quiet, stderr=quiet, env=environment(UCPKI_SOCKET=node.socket))


def works(cluster, node, name):
    """After whatever happened the node has one store, the whole of it, and can be changed."""
    node.start()
    if node.cluster["store"] == "sqlite":
        state = audit(node)
        assert change(node, name) == state["head"] + 1
        return audit(node)
    cluster.settle()
    change(node, name)
    return cluster.audit()


def test_a_node_that_is_killed_while_moving_works_with_either_store_and_a_repeated_move_ends_well(alone):
    cluster, node = alone, alone.up(PUB)
    for i in range(3):
        change(node, f"Before {i}")
    state = audit(node)
    for point in ("mirror-steps-applied", "move-copied", "move-switched"):
        node.stop()
        node.env = {"UCPKI_CRASH_AT": point}
        node.start()
        client = broken_off(node, cluster.url)
        node.process.wait(60)
        node.kill()
        client.wait(60)
        node.env = {}
        now = works(cluster, node, f"After {point}")
        assert now["head"] == state["head"] + 1 and all(value in now["trust"].items() for value in state["trust"].items()), point
        assert node.cluster["store"] == ("postgresql" if point == "move-switched" else "sqlite"), point
        state = now
    refused(node, cluster.url, "in-cluster")
    assert same(state, cluster.audit())


def test_a_node_that_is_killed_at_random_moments_of_moving_keeps_everything(alone, template):
    cluster = alone
    rng = random.Random(7)
    for i in range(5):
        cluster.pg.psql("DROP DATABASE ucpki WITH (FORCE)", "postgres")
        cluster.pg.database()
        node = cluster.member(PUB, template.data).start()
        for k in range(4):
            change(node, f"Before {k}")
        before = audit(node)
        for attempt in range(2):
            client = broken_off(node, cluster.url)
            try:
                client.wait(rng.uniform(0.005, 0.25))
            except subprocess.TimeoutExpired:
                pass
            node.kill()
            client.wait(60)
            node.start()
            if node.cluster["store"] == "postgresql":
                break
            assert audit(node) == before, f"round {i}, attempt {attempt}"
        if node.cluster["store"] == "sqlite":
            move(node, cluster.url)
        state = cluster.audit()
        assert state == before, f"round {i}"
        change(node, "After")
        node.stop()


def test_changes_that_are_made_while_the_store_moves_are_in_it(alone):
    """The lock on the log holds them back, so that each is made before or after, and none is lost."""
    cluster, node = alone, alone.up(PUB)
    with closing(sqlite3.connect(node.data / "store.db")) as db:
        assert db.execute("SELECT count(*) FROM change").fetchone()[0] == 1
    numbers, failed, stop = [], [], threading.Event()

    def work(which):
        with Client(node) as client:
            i = 0
            while not stop.is_set() or i < 3:
                try:
                    answer = client("POST", "/certificates/trust/Phone-trust", [("yes", "1")], Authority(f"Worker {which} {i}").pem)
                except (OSError, HTTPException) as e:
                    failed.append(repr(e))
                    return
                (numbers if answer.status == 201 else failed).append(answer.json.get("number", str(answer)))
                i += 1

    threads = [threading.Thread(target=work, args=(i,)) for i in range(3)]
    for thread in threads:
        thread.start()
    wait_for(lambda: len(numbers) > 5 or failed, "changes are made")
    moved = move(node, cluster.url).json["changes"]
    at_move = len(numbers)
    wait_for(lambda: len(numbers) > at_move + 5 or failed, "changes go on")
    stop.set()
    for thread in threads:
        thread.join()
    assert not failed, failed
    state = cluster.audit()
    assert len(set(numbers)) == len(numbers) == state["head"] - 1 and 1 < moved < state["head"]


def test_a_connection_string_may_have_several_hosts_options_and_a_password_of_any_bytes(alone):
    cluster = alone
    cluster.pg.psql("CREATE ROLE odd LOGIN CREATEROLE PASSWORD 'p@ss/w:rd %?'; CREATE DATABASE \"odd\" OWNER odd", "postgres")
    node = cluster.up(PUB)
    result = move(node, f"postgres://odd:p%40ss%2Fw%3Ard%20%25%3F@127.0.0.1:{cluster.ports[1]},127.0.0.1:{cluster.ports[0]}/odd?connect_timeout=4&sslmode=prefer")
    assert result.json["changes"] == 1
    shown = node.cli("show", "cluster").out
    assert "p@ss" not in shown and "p%40ss" not in shown and f"127.0.0.1:{cluster.ports[0]}" in shown
    secret = node.json("set", "node", "add", "cucm-sub1", "--yes")["secret"]
    joiner = cluster.joiner("cucm-sub1", secret)
    cluster.nodes["cucm-sub1"] = joiner.start()
    guid = node.see("/nodes/cucm-sub1")["guid"]
    assert cluster.pg.number(f"SELECT count(*) FROM pg_stat_activity WHERE usename = 'ucpki_odd_{guid}' AND datname = 'odd'", "postgres") > 0
    joiner.until(lambda at: at["state"] == "following" and at["number"] == node.cluster["number"], "following")
