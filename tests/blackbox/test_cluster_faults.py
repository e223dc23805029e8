"""What breaks in a cluster: the database, the publisher, the network, disks, and what lies in the store itself.

The rule of them all: clients of TLS and of trust questions notice nothing, whoever wants a change is told why it cannot be, nothing is lost, and nothing is guessed.
"""
import base64
import json
import os
import re
import shutil
import threading
import time
from contextlib import contextmanager

from books import postgres_tables
from cluster import ANSWERED, IMP1, OWNER, PUB, SUB1, SUB2, SUB3, Member, append, log_lines, move, wait_for
from forge import Authority
from harness import copy_tree, der, run
from wire import Client, served

REFUSED = ("POST", "/certificates/trust/tomcat-trust")


def assert_serves(node, peer, tomcat):
    """TLS, trust questions and reads."""
    assert served(node, "rsa") == tomcat, node.name
    assert node.finds_trusted("tomcat-trust", peer), node.name
    assert node.json("show", "cert", "list", "own")["items"] and node.see("/nodes")["items"] and node.see("/changes")["items"], node.name
    node.api("GET", "/status").expect(200)  # signing in, too


def assert_read_only(node, *words):
    """It says why in its status, to whoever wants a change, and on the command line."""
    wait_for(lambda: node.status["read_only"], lambda: node.status)
    reason = node.status["read_only_reason"]
    problem = node.refuses(503, "read-only", *REFUSED, Authority("Cannot be").pem)
    shown = node.cli("show", "cluster").out
    for word in words:
        assert word in reason + problem["detail"], (word, reason, problem)
    assert "Read-only:" in shown and "yes" in shown.split("Read-only:")[1].splitlines()[0], shown
    result = node.cli("set", "cert", "regen", "tomcat-ECDSA", "--yes", check=False)
    assert result.status == 1 and "read-only" in result.err, f"{result}"
    return reason


def assert_says_how_old(cluster, node):
    """What a node knows of the others while the store does not answer it is told with its age, and of none that it is up."""
    rows = wait_for(lambda: (lambda r: r if r[PUB if node.name != PUB else SUB1]["state"] == "unknown" else None)(cluster.states(node)), lambda: cluster.states(node))
    for name, row in rows.items():
        assert row["behind"] is None, row
        if name != node.name:
            assert row["state"] == "unknown" and re.match("as of 2.*, when the store last answered|nothing is known of it: the store last answered this node at 2", row["reason"]), row
            assert (row["last_contact"] is not None) == (row["number"] is not None) == row["reason"].startswith("as of"), row
    own = rows[node.name]
    assert own["state"] in ("unreachable", "halted") and "store" in own["reason"], own
    text = node.cli("show", "node", "list").out
    assert "the store last answered this node" in text and " up " not in text, text
    return rows


def until_writable(*nodes):
    for node in nodes:
        wait_for(lambda n=node: not n.status["read_only"], lambda n=node: n.status)


# -- without the database


def test_without_the_database_every_node_serves_on_says_that_it_is_read_only_and_catches_up_afterwards(cluster):
    pub, sub, imp = nodes = cluster.up(PUB, SUB1, IMP1)
    root = Authority("Before the failure")
    peer = root.peer()
    pub.trusts("tomcat-trust", root.pem)
    state = cluster.audit()
    keys = {node.name: node.key_files() for node in nodes}
    pub.until(lambda _: {row["state"] for name, row in cluster.states(pub).items() if name in (PUB, SUB1, IMP1)} == {"up"}, "all are up")
    cluster.pg.stop("immediate")
    for node in nodes:
        reason = assert_read_only(node)
        assert "127.0.0.1" in reason or "server" in reason, reason
        assert_serves(node, peer, state["identity"][node.name, "tomcat"][0])
        at = node.cluster
        assert not at["reachable"] and at["state"] == "unreachable" and at["number"] == state["head"] and at["behind"] is None, at
        assert node.key_files() == keys[node.name], "a task that cannot be made no key"
        rows = assert_says_how_old(cluster, node)
        assert node is not pub or rows[SUB1]["reason"].startswith("as of"), rows[SUB1]
    # Started without it, from its mirror alone.
    imp.restart()
    sub.kill()
    sub.start()
    for node in (sub, imp):
        assert_read_only(node)
        assert_serves(node, peer, state["identity"][node.name, "tomcat"][0])
        assert node.status["change_log"] == "whole"
        rows = cluster.states(node)
        assert rows[PUB]["state"] == "unknown" and "not been reached since this node started" in rows[PUB]["reason"], rows[PUB]
        assert rows[PUB]["last_contact"] is None and rows[node.name]["last_contact"] is None
    # It is back, and goes away and comes back some more; somebody makes changes as soon as it can be.
    for i in range(2):
        cluster.pg.start()
        until_writable(*nodes)
        imp.trusts("tomcat-trust", Authority(f"Back {i}").pem)
        cluster.settle()
        assert all(f"Back_{i}.pem" in node.seen_in("tomcat-trust") for node in nodes)
        cluster.pg.stop("immediate" if i else "fast")
        for node in nodes:
            wait_for(lambda n=node: n.status["read_only"], lambda n=node: n.status)
    cluster.pg.start()
    until_writable(*nodes)
    after = cluster.audit()
    assert after["head"] == state["head"] + 2
    for node in nodes:
        assert log_lines(node, "this node is read-only: .") and log_lines(node, "follows the store"), node.err


def test_a_database_that_stands_still_holds_up_no_reader_and_is_noticed(cluster):
    """A connection that is neither refused nor answered: the server's machine hangs, or the network drops what is sent."""
    pub, sub = cluster.up(PUB, SUB1)
    root = Authority("Before the pause")
    pub.trusts("tomcat-trust", root.pem)
    state = cluster.audit()
    with cluster.pg.paused():
        answers = []
        waiting = [threading.Thread(target=lambda n=node: answers.append(n.ask(*REFUSED, Authority("Waits").pem, ANSWERED))) for node in (pub, sub)]
        for thread in waiting:
            thread.start()
        for node in (pub, sub):
            for _ in range(2):
                assert_serves(node, root.peer(), state["identity"][node.name, "tomcat"][0])
        for node in (pub, sub):
            assert_says_how_old(cluster, node)
            assert_read_only(node)
        for thread in waiting:
            thread.join()
        assert [answer.status for answer in answers] == [503, 503], [str(answer) for answer in answers]
    until_writable(pub, sub)
    pub.trusts("tomcat-trust", Authority("After the pause").pem)
    cluster.audit()


def test_a_database_that_answers_no_question_is_not_taken_for_another_instance(cluster):
    """Somebody holds a lock on a table: connecting goes, questions wait. The server finds out that an earlier connection has ended, and its claim with it."""
    pub, sub = cluster.up(PUB, SUB1)
    cluster.settle()
    said = {pub.name: set(), sub.name: set()}
    with cluster.pg.held("LOCK TABLE head IN ACCESS EXCLUSIVE MODE"):
        for node in (pub, sub):
            wait_for(lambda n=node: n.status["read_only"], lambda n=node: n.status)
        end = time.monotonic() + 10  # some attempts to connect anew
        while time.monotonic() < end:
            for node in (pub, sub):
                said[node.name].add(node.cluster["reason"])
            time.sleep(0.2)
        for node in (pub, sub):
            assert node.status["read_only"], node.status
    assert not [reason for reasons in said.values() for reason in reasons if reason and "another running instance" in reason], said
    until_writable(pub, sub)
    sub.trusts("tomcat-trust", Authority("After the lock").pem)
    cluster.audit()


def test_without_the_publisher_the_others_change_trust_and_certificates(cluster):
    pub, sub, imp = cluster.up(PUB, SUB1, IMP1)
    cluster.settle()
    pub.kill()
    root = Authority("While the publisher is gone")
    sub.trusts("tomcat-trust", root.pem)
    imp.do("POST", "/certificates/own/tomcat-ECDSA/regenerate", {})
    sub.do("POST", "/certificates/own/CallManager-ECDSA/regenerate", {})
    for_pub = sub.ask_for(PUB, "POST", "/certificates/own/TVS/regenerate", {})
    by_itself = imp.ask("POST", f"/nodes/{SUB3}/rename", {"domain": "voice.example.com"}, ANSWERED).expect(202).json["job"]
    cluster.settle()
    assert imp.finds_trusted("tomcat-trust", root.peer()) and not sub.status["read_only"]
    imp.untrusts("tomcat-trust", "While_the_publisher_is_gone.pem")
    cluster.settle()
    assert not sub.finds_trusted("tomcat-trust", root.peer())
    pub.start()
    cluster.settle()
    assert {pub.see(f"/jobs/{job}")["state"] for job in (for_pub, by_itself)} == {"done"}
    assert cluster.states()[SUB3]["fqdn"] == f"{SUB3}.voice.example.com"
    assert not pub.finds_trusted("tomcat-trust", root.peer())
    cluster.audit()


# -- failover


class Writers:
    """Threads that import certificates, one a node, until they are told to stop; made: the names of those that were acknowledged."""

    def __init__(self, *nodes):
        self.made, self.unsure, self.wrong, self.ending = [], [], [], threading.Event()
        self.threads = [threading.Thread(target=self.work, args=(node,)) for node in nodes]
        for thread in self.threads:
            thread.start()

    def work(self, node):
        i = 0
        with Client(node) as client:
            while not self.ending.is_set():
                name = f"{node.name} {i}"
                answer = client(*REFUSED, [("yes", "1"), ("request", f"{node.name}-{i}")], Authority(name).pem)
                if answer.status == 201:
                    self.made.append(name)
                elif answer.status == 503:
                    self.unsure.append(answer.json["code"])
                elif answer.status != 200:
                    self.wrong.append(str(answer))
                i += 1

    def count(self):
        return len(self.made)

    def stop(self):
        self.ending.set()
        for thread in self.threads:
            thread.join()
        assert not self.wrong, self.wrong


def test_a_failover_is_followed_and_what_was_acknowledged_is_there(cluster):
    """A synchronous standby, promoted in mid-run: the connection string names both."""
    standby = cluster.standby()
    cluster.pg.psql("ALTER SYSTEM SET synchronous_standby_names = '*'", "postgres")
    cluster.pg.psql("SELECT pg_reload_conf()", "postgres")
    pub, sub, imp = nodes = cluster.up(PUB, SUB1, IMP1)
    root = Authority("Before the failover")
    peer = root.peer()
    pub.trusts("tomcat-trust", root.pem)
    cluster.settle()
    tomcat = {node.name: served(node, "rsa") for node in nodes}
    writers = Writers(pub, imp)
    wait_for(lambda: writers.count() > 6, "changes are made")
    cluster.pg.stop("immediate")
    for node in nodes:
        assert_serves(node, peer, tomcat[node.name])
    standby.promote()
    cluster.pg = standby
    seen = writers.count()
    wait_for(lambda: writers.count() > seen + 6 or writers.wrong, "changes go on")
    writers.stop()
    until_writable(*nodes)
    state = cluster.audit()
    there = {name for _, name, _ in state["trust"]}
    lost = [name for name in writers.made if f"{name.replace(' ', '_')}.pem" not in there]
    assert not lost, f"{lost} were acknowledged and are not there"
    assert set(writers.unsure) <= {"read-only", "outcome-unknown"}
    assert all(node.cluster["epoch"] == 1 for node in nodes)


def test_a_failover_that_lost_changes_halts_the_nodes_that_had_them_until_an_administrator_decides(cluster):
    standby = cluster.standby()
    pub, sub, late = cluster.up(PUB, SUB1, SUB2)
    root = Authority("In both databases")
    peer = root.peer()
    pub.trusts("tomcat-trust", root.pem)
    both = cluster.settle()
    wait_for(lambda: standby.number("SELECT number FROM head") == both, "the standby has it")
    late.stop()
    standby.stop()
    for i in range(3):
        sub.trusts("tomcat-trust", Authority(f"Lost {i}").pem)
    regenerated = sub.do("POST", "/certificates/own/tomcat-ECDSA/regenerate", {})
    lost = cluster.settle()
    assert lost == both + 4 and regenerated["number"] == lost
    new_ec, rsa = served(sub, "ec"), served(sub, "rsa")
    cluster.pg.stop("immediate")
    standby.start().promote()
    cluster.pg = standby

    def halted(*nodes):
        for node in nodes:
            node.until(lambda at: at["state"] == "halted" and at["reachable"] and at["number"] == lost, "halting")
            assert_read_only(node, f"change {both}", f"change {lost}")
            assert_serves(node, peer, served(node, "rsa"))
            assert "mirror-ahead" in node.finding_codes(), node.see(f"/nodes/{node.name}")

    halted(pub, sub)
    assert (served(sub, "ec"), served(sub, "rsa")) == (new_ec, rsa)
    sub.restart()
    halted(pub, sub)
    # A node that does not have them goes on, and tells of the others.
    late.start()
    late.until(lambda at: at["state"] == "following" and at["number"] == both, "following")
    late.until(lambda _: "mirror-ahead" in late.finding_codes(SUB1), "the finding")
    assert cluster.states(late)[SUB1]["state"] == "halted", cluster.states(late)[SUB1]
    # One of those whose number is passed by others meanwhile has a fork: it halts as well.
    for i in range(5):
        late.trusts("tomcat-trust", Authority(f"Goes on {i}").pem)
    sub.until(lambda _: "mirror-forked" in sub.finding_codes(), "the finding")
    at = sub.cluster
    assert (at["state"], at["head"], at["number"]) == ("halted", both + 5, lost), at
    assert "Lost_1.pem" in sub.seen_in("tomcat-trust") and "Goes_on_1.pem" not in sub.seen_in("tomcat-trust")

    result = late.cli("utils", "cluster", "resync", check=False)
    assert result.status == 1 and "utils cluster resync --force" in result.err and late.refused("utils", "cluster", "resync", code="confirmation-needed")
    assert pub.cluster["state"] == "halted" and "utils cluster resync --force" in str(log_lines(pub, "mirror-ahead|has lost"))
    result = late.json("utils", "cluster", "resync", "--force")
    assert result["epoch"] == 2
    until_writable(pub, sub, late)
    cluster.settle()
    for node in (pub, sub, late):
        assert node.cluster["epoch"] == 2 and "Lost_1.pem" not in node.seen_in("tomcat-trust") and "Goes_on_1.pem" in node.seen_in("tomcat-trust"), node.name
        assert not {"mirror-ahead", "mirror-forked"} & set(node.finding_codes()), node.name
    state = cluster.audit()
    assert served(sub, "ec") == state["identity"][SUB1, "tomcat-ECDSA"][0] != new_ec
    sub.trusts("tomcat-trust", Authority("After the decision").pem)
    cluster.audit()
    # Once is enough, when all have said that they are well again.
    pub.until(lambda _: all(row["state"] == "up" for name, row in cluster.states().items() if name in (PUB, SUB1, SUB2)), "all are up")
    pub.refused("utils", "cluster", "resync", "--force", code="resync-not-needed")
    assert pub.cluster["epoch"] == 2


def test_a_node_whose_join_was_told_a_head_that_was_lost_since_follows_the_log_that_goes_on_without_it(cluster):
    """An administrator has said so; and what the node had made by then it makes again."""
    pub = cluster.up(PUB)
    node = cluster.joiner("cucm-sub5", cluster.secret("cucm-sub5"))
    node.crash_at("join-answered")
    joined = cluster.settle()
    backup = run("pg_dump", "--create", cluster.pg.url()).out
    pub.trusts("tomcat-trust", Authority("Told and lost").pem)
    cluster.nodes["cucm-sub5"] = node.start()
    cluster.settle()
    told = json.loads((node.data / "cluster.json").read_text())["head"]["number"]
    assert told == joined + 1
    cluster.down()
    cluster.pg.psql("DROP DATABASE ucpki WITH (FORCE)", "postgres")
    cluster.pg.psql(backup, "postgres")
    cluster.up(PUB)
    pub.until(lambda at: at["state"] == "halted", "halting")
    pub.json("utils", "cluster", "resync", "--force")
    until_writable(pub)
    for i in range(3):
        pub.trusts("tomcat-trust", Authority(f"Goes on {i}").pem)
    node.start()
    wait_for(lambda: cluster.pg.number("SELECT count(*) FROM identity WHERE node = 'cucm-sub5' AND purpose = 'tomcat'"), lambda: node.err)
    state = cluster.audit()
    assert served(node, "rsa") == state["identity"]["cucm-sub5", "tomcat"][0]
    node.restart()
    assert cluster.audit() == state and node.status["change_log"] == "whole"


def test_a_healthy_cluster_is_not_resynced(cluster):
    """Also not when a node is off, or is halted for another reason: that would only hide what is wrong."""
    pub, sub = cluster.up(PUB, SUB1)
    cluster.settle()
    for node in (pub, sub):
        problem = node.refused("utils", "cluster", "resync", "--force", code="resync-not-needed")
        assert "show node list" in problem["hint"], problem
        assert node.ask("POST", "/cluster/resync", query=[("force", "1")]).status == 422
    sub.stop()
    pub.refused("utils", "cluster", "resync", "--force", code="resync-not-needed")
    pub.trusts("tomcat-trust", Authority("The real one").pem)
    cluster.pg.psql(f"UPDATE change SET body = replace(body, 'The_real_one', 'The_evil_one') WHERE number = {cluster.head}")
    sub.start()
    sub.until(lambda at: at["state"] == "halted", "halting")
    pub.until(lambda _: "log-broken" in pub.finding_codes(SUB1), "the finding")
    for node in (pub, sub):
        node.refused("utils", "cluster", "resync", "--force", code="resync-not-needed")
    assert cluster.pg.number("SELECT epoch FROM head") == 1


# -- disks


def test_a_node_that_is_restored_from_an_old_disk_notices_catches_up_and_does_not_fork(cluster):
    pub, sub = cluster.up(PUB, SUB1)
    cluster.settle()
    sub.stop()
    old = sub.folder / "old"
    copy_tree(sub.data, old)
    sub.start()
    sub.trusts("tomcat-trust", Authority("After the copy").pem)
    change = sub.do("POST", "/certificates/own/tomcat-ECDSA/regenerate", {})
    head = cluster.settle()
    pub.until(lambda _: cluster.states()[SUB1]["number"] == head, "confirmation")
    sub.stop()
    shutil.rmtree(sub.data)
    copy_tree(old, sub.data)
    sub.start()
    cluster.settle()
    assert {"restored", "key-missing"} <= set(sub.finding_codes()), sub.see(f"/nodes/{SUB1}")
    pub.until(lambda _: "restored" in pub.finding_codes(SUB1), "the finding")
    assert log_lines(sub, "restored from an older copy") and log_lines(sub, f"has caught up .* at change {head}")
    # C98: the object is there and its key is not; what it does next follows from the log as it is.
    assert "tomcat-ECDSA" in str([f for f in sub.see(f"/nodes/{SUB1}")["findings"] if f["code"] == "key-missing"])
    assert served(sub, "rsa") and "After_the_copy.pem" in sub.seen_in("tomcat-trust")
    again = sub.do("POST", "/certificates/own/tomcat-ECDSA/regenerate", {})
    assert again["number"] == change["number"] + 1
    cluster.audit()
    assert served(sub, "ec") == sub.see("/certificates/own/tomcat-ECDSA")["fingerprint"]
    sub.until(lambda _: "key-missing" not in sub.finding_codes(), "the end of the finding")


def test_the_publisher_restored_from_an_old_disk_does_not_fork_either(cluster):
    """Its disk is even from the time before it gave a join secret."""
    pub, sub = cluster.up(PUB, SUB1)
    cluster.settle()
    pub.stop()
    old = pub.folder / "old"
    copy_tree(pub.data, old)
    pub.start()
    secret = cluster.secret("cucm-sub5")
    sub.trusts("tomcat-trust", Authority("After the copy").pem)
    head = cluster.settle()
    sub.until(lambda _: cluster.states(sub)[PUB]["number"] == head, "confirmation")
    pub.stop()
    shutil.rmtree(pub.data)
    copy_tree(old, pub.data)
    pub.start()
    cluster.settle()
    assert "restored" in pub.finding_codes()
    cluster.nodes["cucm-sub5"] = cluster.joiner("cucm-sub5", secret).start()
    assert cluster.audit()["head"] > head


def test_two_copies_of_one_node_do_not_run_at_once(cluster):
    pub, sub = cluster.up(PUB, SUB1)
    cluster.settle()
    copy = Member(SUB1, cluster.new_folder(), password=cluster.password)
    copy_tree(sub.data, copy.data)
    (copy.data / "ports.json").unlink(missing_ok=True)
    try:
        copy.start()
        assert_read_only(copy, "another running instance")
        assert not sub.status["read_only"]
        sub.trusts("tomcat-trust", Authority("By the first one").pem)
        # The other one takes over when the first is gone.
        sub.stop()
        until_writable(copy)
        copy.until(lambda at: at["number"] == cluster.head, "following")
        copy.trusts("tomcat-trust", Authority("By the second one").pem)
        sub.start()
        assert_read_only(sub, "another running instance")
    finally:
        copy.end()
    until_writable(sub)
    cluster.audit()


# -- what lies in the store


def test_a_change_that_is_altered_in_the_database_is_named_and_no_node_follows_it(cluster):
    """By whoever owns the database: the body alone, with a hash that fits it, or a whole step of it."""
    pub, ahead, behind = cluster.up(PUB, SUB1, SUB2)
    cluster.settle()
    behind.stop()
    root, bad = Authority("The real one"), Authority("The forged one")
    pub.trusts("tomcat-trust", root.pem)
    victim = cluster.settle()
    pub.trusts("tomcat-trust", Authority("After it").pem)
    cluster.settle()
    original = cluster.pg.rows(f"SELECT body, hash, encode(signature, 'hex') AS signature FROM change WHERE number = {victim}")[0]
    tables = postgres_tables(cluster.pg)

    def alter(body, fit):
        quoted = body.replace("'", "''")
        hashed = f", hash = encode(sha256(convert_to('{quoted}', 'UTF8')), 'hex')" if fit else ""
        cluster.pg.psql(f"UPDATE change SET body = '{quoted}'{hashed} WHERE number = {victim}")

    def restore():
        quoted = original["body"].replace("'", "''")
        cluster.pg.psql(f"UPDATE change SET body = '{quoted}', hash = '{original['hash']}', signature = '\\x{original['signature']}' WHERE number = {victim}")

    body = original["body"]
    certificate = next(step["certificate"] for step in json.loads(body)["steps"])
    forged = base64.b64encode(der(bad.pem)).decode()
    for altered, fit in ((body.replace("The_real_one", "The_evil_one"), False), (body.replace("The_real_one", "The_evil_one"), True), (body.replace(certificate, forged), True)):
        assert altered != body
        alter(altered, fit)
        behind.start()
        behind.until(lambda at: at["state"] == "halted", "halting")
        at = behind.cluster
        assert at["number"] == victim - 1 and f"change {victim}" in at["reason"], at
        assert_read_only(behind, f"change {victim}")
        assert "log-broken" in behind.finding_codes() and served(behind, "rsa")
        pub.until(lambda _: "log-broken" in pub.finding_codes(SUB2), "the finding elsewhere")
        for name in ("The_real_one.pem", "The_evil_one.pem", "The_forged_one.pem", "After_it.pem"):
            assert name not in behind.seen_in("tomcat-trust"), name
        # Those that had followed it have the right one, and can go on.
        assert "The_real_one.pem" in ahead.seen_in("tomcat-trust") and not bad.pem in str(ahead.seen_in("tomcat-trust"))
        behind.stop()
        restore()
    assert sorted(map(repr, postgres_tables(cluster.pg)["change"])) == sorted(map(repr, tables["change"]))
    behind.start()
    cluster.settle()
    assert "log-broken" not in behind.finding_codes()
    cluster.audit()

    # The last change exchanged under the eyes of all: none of them follows.
    last = cluster.settle()
    row = cluster.pg.rows(f"SELECT body FROM change WHERE number = {last}")[0]
    quoted = row["body"].replace("After_it", "Not_it").replace("'", "''")
    cluster.pg.psql(f"UPDATE change SET body = '{quoted}', hash = encode(sha256(convert_to('{quoted}', 'UTF8')), 'hex') WHERE number = {last}; "
                    f"UPDATE head SET hash = (SELECT hash FROM change WHERE number = {last}); NOTIFY ucpki")
    for node in (pub, ahead, behind):
        node.until(lambda at: at["state"] == "halted", "halting")
        assert_read_only(node, f"change {last}")
        assert "mirror-forked" in node.finding_codes() and "After_it.pem" in node.seen_in("tomcat-trust")


def test_a_store_of_a_newer_program_or_with_steps_of_one_is_said_so_and_served_read_only(cluster):
    pub, sub = cluster.up(PUB, SUB1)
    root = Authority("Before the update")
    pub.trusts("tomcat-trust", root.pem)
    state = cluster.audit()
    version = cluster.pg.number("SELECT version FROM schema_version")
    sub.stop()
    cluster.pg.psql(f"UPDATE schema_version SET version = {version + 1}")
    sub.start()
    assert_read_only(sub, f"schema version {version + 1}")
    assert_serves(sub, root.peer(), state["identity"][SUB1, "tomcat"][0])
    sub.stop()
    cluster.pg.psql(f"UPDATE schema_version SET version = {version - 1}")
    sub.start()
    assert_read_only(sub, f"schema version {version - 1}")
    cluster.pg.psql(f"UPDATE schema_version SET version = {version}")
    until_writable(sub)
    sub.trusts("tomcat-trust", Authority("After the update").pem)
    cluster.audit()


def test_a_step_of_a_newer_program_halts_who_does_not_know_it_and_he_serves_on(cluster):
    """A type of step, a version of a known one, and a version of the whole change. Properly signed, and what comes before it is followed."""
    pub, sub, late = cluster.up(PUB, SUB1, SUB2)
    root = Authority("Before the new step")
    pub.trusts("tomcat-trust", root.pem)
    state = cluster.audit()
    for steps, version, says in (([{"type": "phone.enrol", "v": 1, "phone": "SEP001122334455"}], 1, "type 'phone.enrol', version 1"),
                                 ([{"type": "trust.add", "v": 2}], 1, "type 'trust.add', version 2"),
                                 ([], 2, "is of version 2")):
        late.stop()
        pub.trusts("tomcat-trust", Authority(f"Before {says}").pem)
        good = cluster.settle(PUB, SUB1)
        take_away = append(cluster, pub, steps, version)
        late.start()
        for node in (pub, sub, late):
            node.until(lambda at: at["state"] == "halted", "halting")
            at = node.cluster
            assert at["number"] == good and says in at["reason"] and f"change {good + 1}" in at["reason"], at
            assert_read_only(node, says)
            assert_serves(node, root.peer(), state["identity"][node.name, "tomcat"][0])
            assert {"step-unknown"} == {"step-unknown", "log-broken", "mirror-ahead", "mirror-forked"} & set(node.finding_codes()), node.see(f"/nodes/{node.name}")
        pub.until(lambda _: "step-unknown" in pub.finding_codes(SUB2) and cluster.states()[SUB2]["state"] == "halted", "the finding elsewhere")
        take_away()
        until_writable(pub, sub, late)
    late.trusts("tomcat-trust", Authority("After the new steps").pem)
    cluster.audit()


# -- the network


@contextmanager
def namespace(number):
    """A network namespace with a cable to ours: yields (words to run something in it, our address, switch(up))."""
    assert os.geteuid() == 0, "the tests of partitions make network namespaces, for which they must run as root"
    name, ours, theirs = f"ucpki{os.getpid()}", f"uc{os.getpid() % 100000}a", f"uc{os.getpid() % 100000}b"
    near, far = f"10.213.{number}.1", f"10.213.{number}.2"
    inside = ["nsenter", f"--net=/run/netns/{name}"]  # `ip netns exec` would mount things as well, which a chroot does not allow
    mounted = os.path.ismount("/run/netns")
    run("ip", "netns", "add", name)
    try:
        run("ip", "link", "add", ours, "type", "veth", "peer", "name", theirs, "netns", name)
        run("ip", "addr", "add", f"{near}/30", "dev", ours)
        run(*inside, "ip", "addr", "add", f"{far}/30", "dev", theirs)
        for words in ((), ours), (inside, "lo"), (inside, theirs):
            run(*words[0], "ip", "link", "set", words[1], "up")

        def switch(up):
            run(*inside, "ip", "link", "set", theirs, "up" if up else "down")

        yield inside, near, switch
    finally:
        run("ip", "netns", "del", name, check=False)
        run("ip", "link", "del", ours, check=False)
        if not mounted and os.path.ismount("/run/netns"):
            run("umount", "/run/netns", check=False)  # it was made for ours


class Remote(Member):
    """A node in a network namespace of its own. What is asked over HTTPS is asked there."""

    inside = ()

    def command(self):
        return [*self.inside, *super().command()]  # nsenter becomes the program


def test_a_node_that_the_network_cuts_off_serves_on_and_catches_up_and_neither_side_forks(clusters, template):
    cluster = clusters.new()
    cluster.password = template.password
    with namespace(7) as (inside, near, switch):
        cluster.server().start().stop()
        cluster.pg.configure("listen_addresses = '*'\n", "host all all 10.213.0.0/16 scram-sha-256\n")
        cluster.pg.start().database()
        pub = cluster.member(PUB, template.data)
        pub.command = lambda: [word.replace("https=127.0.0.1:0", "https=0.0.0.0:0") for word in Member.command(pub)]
        pub.start()
        move(pub, f"postgresql://{OWNER}:{OWNER}@{near}:{cluster.ports[0]}/ucpki")
        joiner = cluster.joiner(SUB1, cluster.secret(SUB1))
        node = Remote(SUB1, joiner.folder, password=cluster.password, arguments=joiner.arguments)
        node.inside = inside
        node.arguments[1] = f"{near}:{pub.port}"
        cluster.nodes[SUB1] = node.start()
        root = Authority("Before the partition")
        pub.trusts("tomcat-trust", root.pem)
        state = cluster.audit()

        for rounds in range(2):
            switch(False)
            pub.trusts("tomcat-trust", Authority(f"On one side {rounds}").pem)
            wait_for(lambda: node.status["read_only"], lambda: node.status)
            assert node.see("/certificates/own/tomcat")["fingerprint"] == state["identity"][SUB1, "tomcat"][0]
            assert node.finds_trusted("tomcat-trust", root.peer()) and f"On_one_side_{rounds}.pem" not in node.seen_in("tomcat-trust")
            node.refuses(503, "read-only", *REFUSED, Authority("On the other side").pem)
            assert not pub.status["read_only"]
            if rounds == 0:
                pub.until(lambda _: cluster.states()[SUB1]["state"] == "unreachable", "the silence")
            else:
                node.kill()
                node.start()
                assert node.status["read_only"] and node.see("/certificates/own/tomcat")["fingerprint"] == state["identity"][SUB1, "tomcat"][0]
            switch(True)
            until_writable(node)
            cluster.settle()
            assert f"On_one_side_{rounds}.pem" in node.seen_in("tomcat-trust")
            node.trusts("tomcat-trust", Authority(f"Together again {rounds}").pem)
        cluster.audit()
        cluster.down()
