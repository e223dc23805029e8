"""G1: what has to be done by hand after a change stays visible until somebody says that it is done, on every node; and finding changes in the log.
"""
import os
import re
import sqlite3
import uuid
from contextlib import closing
from http.client import HTTPException

import pytest

from books import audit
from cluster import IMP1, IMP2, NODES, PUB, SUB1, SUB2, SUB3, wait_for
from forge import Authority
from harness import CALL_SECONDS, NAME
from wire import Client

ME = f"uid {os.geteuid()}"
BACKUP = "cluster/backup/backup"
OF_CALLMANAGER = {BACKUP, f"{NAME}/reload/callmanager", f"{NAME}/reload/capf", f"{NAME}/reload/cti"}
OF_TOMCAT = {BACKUP, f"{NAME}/reload/tomcat-https", f"{NAME}/reload/tftp"}
AGREED = [("yes", 1), ("force", 1)]


@pytest.fixture
def client(node):
    """Of a node on which nothing has to be done."""
    node.json("set", "followup", "done", "all")
    with Client(node) as client:
        yield client


def open_ids(client, **query):
    return [one["id"] for one in client.get("/followups", query)["items"]]


def regenerate(client, purpose, *query):
    return client("POST", f"/certificates/own/{purpose}/regenerate", [*AGREED, *query], {}).expect(201).json


def tick(client, *ids, query=()):
    return client("POST", "/followups/done", query, {"ids": list(ids)})


def marks(client, number):
    """(kind, target): True while it is open, False when it is done, None when nobody has to do it."""
    return {(one["kind"], one["target"]): one.get("open") for one in client.get(f"/changes/{number}")["followups"]}


# -- on one node


@pytest.mark.quick
def test_G1_what_follows_a_change_is_listed_until_somebody_says_that_it_is_done(node, client):
    assert open_ids(client) == []
    change = regenerate(client, "CallManager")
    rows = {one["id"]: one for one in client.get("/followups")["items"]}
    assert set(rows) == OF_CALLMANAGER
    at = client.get(f"/changes/{change['number']}")["at"]
    for one in rows.values():
        assert set(one) == {"id", "node", "kind", "target", "text", "since", "number", "changes"}
        assert one["id"].split("/")[:2] == [one["node"], one["kind"]] and one["text"].endswith(".")
        assert (one["since"], one["number"], one["changes"]) == (at, change["number"], 1)
    assert rows[BACKUP]["node"] == "cluster" and rows[f"{NAME}/reload/cti"]["target"] == "CTI"
    # The answer itself names them, so that they can be ticked off where it is shown.
    told = {one["id"]: one for one in change["followups"] if one.get("open")}
    assert set(told) == OF_CALLMANAGER and all(one["text"] == rows[name]["text"] for name, one in told.items())
    assert [one["kind"] for one in change["followups"] if "open" not in one] == ["lists"]

    done = tick(client, BACKUP, f"{NAME}/Reload/CTI".upper(), BACKUP).expect(201).json
    assert done["task"] == "followup-done" and done["number"] == change["number"] + 1 and done["worst"] == "note" and done["followups"] == []
    assert done["summary"] == f"Done: backup, reload CTI on {NAME}"
    assert [step["type"] for step in done["steps"]] == ["followup.done"] * 2
    assert set(open_ids(client)) == OF_CALLMANAGER - {BACKUP, f"{NAME}/reload/cti"}
    assert marks(client, change["number"]) == {("reload", "CallManager"): True, ("reload", "CAPF"): True, ("reload", "CTI"): False, ("lists", "ITL"): None,
                                               ("backup", "backup"): False}
    assert client.get("/changes", {"object": f"followup/{NAME}/reload/CTI"})["items"][0]["number"] == done["number"]
    audit(node)


def test_a_later_change_renews_what_is_open_and_begins_anew_what_was_done(client):
    first = regenerate(client, "tomcat-ECDSA")["number"]
    tick(client, f"{NAME}/reload/tftp").expect(201)
    second = regenerate(client, "tomcat-ECDSA")["number"]
    rows = {one["id"]: one for one in client.get("/followups")["items"]}
    since = {number: client.get(f"/changes/{number}")["at"] for number in (first, second)}
    assert {name: (row["since"], row["number"], row["changes"]) for name, row in rows.items()} == {
        BACKUP: (since[first], second, 2), f"{NAME}/reload/tomcat-https": (since[first], second, 2), f"{NAME}/reload/tftp": (since[second], second, 1)}
    assert marks(client, first) == {("reload", "Tomcat (HTTPS)"): True, ("reload", "TFTP"): False, ("backup", "backup"): True}
    assert set(marks(client, second).values()) == {True}


def test_what_was_done_is_open_again_when_that_is_undone_and_the_change_can_be_undone_too(node, client):
    change = regenerate(client, "tomcat-ECDSA")["number"]
    before = client.get("/followups")
    done = tick(client, *OF_TOMCAT).expect(201).json["number"]
    assert open_ids(client) == []
    assert client.get(f"/changes/{change}")["undoable"] is True, "saying that it is done has not touched what was changed"
    plan = client("POST", f"/changes/{done}/undo", {"dry_run": 1}).expect(200).json
    assert [step["type"] for step in plan["steps"]] == ["followup.open"] * 3 and plan["followups"] == []
    undone = client("POST", f"/changes/{done}/undo", AGREED).expect(201).json["number"]
    assert client.get("/followups") == before
    client("POST", f"/changes/{undone}/undo", AGREED).expect(201)
    assert open_ids(client) == []
    # Undoing the change asks for the same again.
    client("POST", f"/changes/{change}/undo", AGREED).expect(201)
    assert set(open_ids(client)) == OF_TOMCAT
    # What is open by another change does not come back a second time; the hint says what to do.
    seen = client.get(f"/changes/{done}")
    assert seen["undoable"] is False and "undo" not in open_ids(client)
    last = tick(client, BACKUP).expect(201).json["number"]
    regenerate(client, "tomcat-ECDSA")
    problem = client("POST", f"/changes/{last}/undo", AGREED).expect(422, "asked-again").json
    assert "again" in problem["detail"] and "Mark it as done" in problem["hint"]
    assert client.get(f"/changes/{last}")["undo_refused"] == problem["detail"]
    audit(node)


def test_two_administrators_see_what_the_other_has_done(client):
    regenerate(client, "tomcat-ECDSA")
    plan = tick(client, BACKUP, f"{NAME}/reload/tftp", query=[("dry_run", 1)]).expect(200).json
    head = client.get("/status")["head"]
    # One changes something that needs the same while the other reads the plan.
    client("POST", "/certificates/trust/tomcat-trust", (), Authority("Meanwhile").pem).expect(201)
    problem = tick(client, BACKUP, f"{NAME}/reload/tftp", query=[("seen", plan["plan"])]).expect(409, "plan-changed").json
    assert str(head + 1) in problem["plan"]["steps"][0]["text"] and problem["plan"]["steps"][1] == plan["steps"][1]
    assert BACKUP in open_ids(client)
    tick(client, BACKUP, query=[("seen", tick(client, BACKUP, query=[("dry_run", 1)]).json["plan"])]).expect(201)
    # Both say that it is done: the second is told that it was.
    problem = tick(client, BACKUP).expect(404, "no-followup").json
    assert BACKUP in problem["detail"] and problem["field"] == "ids" and f"{NAME}/reload/tftp" in problem["hint"]


def test_a_request_that_is_repeated_is_done_once(node, client):
    regenerate(client, "tomcat-ECDSA")
    request = str(uuid.uuid4())
    first = tick(client, BACKUP, query=[("request", request), ("why", "taken to tape")]).expect(201).json["number"]
    assert tick(client, BACKUP, query=[("request", request)]).expect(201).json["number"] == first == node.head
    assert client.get(f"/changes/{first}")["why"] == "taken to tape"


@pytest.mark.parametrize("body, code, field", [
    ({}, "argument-missing", "ids"), ({"ids": []}, "argument-missing", "ids"), ({"ids": BACKUP}, "bad-argument", "ids"), ({"ids": [BACKUP, 1]}, "bad-argument", "ids"),
    ({"ids": None}, "bad-argument", "ids"), ({"ids": [BACKUP], "all": True}, "unknown-argument", "all"), ([BACKUP], "bad-json", None), ("{", "bad-json", None),
])
def test_what_is_no_list_of_ids_is_refused(shared_node, body, code, field):
    with Client(shared_node) as client:
        head = client.get("/status")["head"]
        problem = client("POST", "/followups/done", (), body).expect(400, code).json
        assert problem.get("field") == field
        assert client.get("/status")["head"] == head


@pytest.mark.parametrize("wrong", ["", "backup", "cluster/backup", "cluster/backup/backup/", "cluster/backup/*", "../backup", "cluster%2Fbackup%2Fbackup", "名前", "x" * 5000])
def test_an_id_that_is_none_is_404_and_says_what_there_is(shared_node, wrong):
    with Client(shared_node) as client:
        problem = tick(client, BACKUP, wrong).expect(404, "no-followup").json
        assert problem["hint"] == f"There are {BACKUP}." and problem["field"] == "ids"
        assert open_ids(client) == [BACKUP]


def test_a_list_of_ids_has_an_end(shared_node):
    with Client(shared_node) as client:
        problem = tick(client, *[BACKUP] * 1001, query=[("dry_run", 1)]).expect(413, "too-many-ids").json
        assert problem["field"] == "ids" and "1001" in problem["detail"] and "1000" in problem["detail"]
        tick(client, *[BACKUP] * 1000, query=[("dry_run", 1)]).expect(200)


def test_a_task_that_is_about_the_cluster_takes_no_node(shared_node):
    with Client(shared_node) as client:
        tick(client, BACKUP, query=[("node", NAME)]).expect(400, "unknown-parameter")
        assert open_ids(client, node=NAME.upper()) == [BACKUP]
        assert client("GET", "/followups", {"node": "nobody"}).expect(404, "no-node").json["field"] == "node"


def test_they_outlive_a_restart_and_a_crash(node, client):
    regenerate(client, "CallManager")
    tick(client, f"{NAME}/reload/capf").expect(201)
    before = client.get("/followups")
    client.close()
    node.restart()
    assert client.get("/followups") == before
    client.close()
    node.kill().start()
    assert client.get("/followups") == before
    client.close()
    # A node that dies while it says so has either done it or not.
    for point in ("store-steps-applied", "store-before-commit", "store-after-commit"):
        node.stop().env["UCPKI_CRASH_AT"] = point
        node.start()
        request, one = str(uuid.uuid4()), open_ids(client)[0]
        with pytest.raises((OSError, HTTPException)):
            tick(client, one, query=[("request", request)])
        node.process.wait(CALL_SECONDS)
        node.kill().env = {}
        node.start()
        assert (one in open_ids(client)) == (point != "store-after-commit")
        tick(client, one, query=[("request", request)]).expect(201)
        assert one not in open_ids(client)
        client.close()
    audit(node)


BEFORE_LISTS = "DROP TABLE setting; DROP TABLE list_version"
AS_VERSION_2 = f"{BEFORE_LISTS}; DROP TABLE followup; DROP TABLE change_words; UPDATE schema_version SET version = 2"
AS_VERSION_3 = f"{BEFORE_LISTS}; ALTER TABLE change_words DROP COLUMN why; UPDATE schema_version SET version = 3"


def make_older(path, sql):
    """Makes a store what it was before follow-ups were kept, or before lists told why."""
    with closing(sqlite3.connect(path)) as db:
        db.executescript(f"{sql}; PRAGMA wal_checkpoint(TRUNCATE);")


def test_a_store_of_an_older_version_gets_them_from_its_log(new_node):
    node = new_node.copy()
    for purpose in ("tomcat-ECDSA", "CallManager", "tomcat-ECDSA"):
        node.cli("set", "cert", "regen", purpose, "--yes", "--why", f"{purpose} is old")
    before, listed, found = audit(node), node.json("show", "followup", "list"), node.json("show", "change", "list", "--search", "callmanager")
    assert {one["id"] for one in listed["items"]} == OF_TOMCAT | OF_CALLMANAGER and len(found["items"]) > 0
    assert found["items"][0]["why"] == "CallManager is old"
    for sql in (AS_VERSION_2, AS_VERSION_3):
        node.stop()
        make_older(node.data / "store.db", sql)
        node.start()
        assert audit(node) == before and node.json("show", "followup", "list") == listed and node.json("show", "change", "list", "--search", "callmanager") == found


# -- the command line


@pytest.mark.quick
def test_the_command_line_lists_them_and_ticks_them_off(node, client):
    assert node.cli("show", "followup", "list").out == "" and node.json("show", "followup", "list") == {"items": [], "next": None}
    assert node.cli("set", "followup", "done", "all").out == "There was nothing to do.\n"
    assert node.json("set", "followup", "done", "all")["number"] is None
    made = node.cli("set", "cert", "regen", "tomcat-ECDSA", "--yes")
    assert f"  reload     Reload or restart Tomcat (HTTPS).  [{NAME}/reload/tomcat-https]\n" in made.out
    assert "When one of them is done: ucpki set followup done ID\n" in made.out
    number = re.search(r"^Change (\d+):", made.out, re.M)[1]
    lines = node.cli("show", "followup", "list", "--node", NAME).out.splitlines()
    assert lines[0].split() == ["ID", "SINCE", "CHANGE", "WHAT"] and len(lines) == 4
    assert re.fullmatch(rf"{NAME}/reload/tomcat-https +20\d\d-\S+Z +{number} +Reload or restart Tomcat \(HTTPS\)\.", lines[3])
    # What is printed can be typed as it is.
    done = node.cli("set", "followup", "done", lines[3].split()[0], "--why", "reloaded at night")
    assert done.out.splitlines()[0] == "Successfully marked as done." and f"Done: reload Tomcat (HTTPS) on {NAME}" in done.out and "utils undo" in done.out
    shown = node.cli("show", "change", number).out
    assert "Reload or restart Tomcat (HTTPS).  [done]\n" in shown and f"Reload or restart TFTP.  [{NAME}/reload/tftp]\n" in shown
    plan = node.cli("set", "followup", "done", "ALL", "--dry-run").out
    assert "This was a dry run" in plan and len(open_ids(client)) == 2
    assert node.json("set", "followup", "done", "all")["summary"] == f"Done: backup, reload TFTP on {NAME}"
    assert open_ids(client) == []
    problem = node.refused("set", "followup", "done", "all", BACKUP, code="no-followup")
    assert "'all'" in problem["detail"] and problem["hint"] == "Nothing has to be done."
    node.refused("set", "followup", "done", code="argument-missing", status=2)
    node.refused("show", "followup", "list", "--node", "nosuch", code="no-node")


def test_completion_knows_the_words(shared_node):
    assert shared_node.cli("complete", "--", "set", "followup", "done", "").out.split() == ["all"]
    assert shared_node.cli("complete", "--", "show", "foll").out.split() == ["followup"]
    options = shared_node.cli("complete", "--", "show", "change", "list", "--").out.split()
    assert {"--search", "--who", "--task", "--node", "--from", "--to", "--object"} <= set(options)


# -- finding changes


@pytest.fixture(scope="module")
def log(template):
    """A node with some history: {what: number}."""
    from conftest import Makers
    makers = Makers(template)
    node = makers.copy()
    numbers = {"install": 1}
    with Client(node) as client:
        for name in ("Zentrale Müller CA", "100% sure_CA"):
            numbers[name] = client("POST", "/certificates/trust/tomcat-trust", {"yes": 1, "why": f"for {name}"}, Authority(name).pem).expect(201).json["number"]
        numbers["regen"] = regenerate(client, "ipsec", ("why", "Yearly renewal"))["number"]
        numbers["undo"] = client("POST", f"/changes/{numbers['regen']}/undo", AGREED).expect(201).json["number"]
    numbers["password"] = node.api("POST", "/accounts/admin/password", json_body={"password": "another long one", "current": node.password}).expect(201).json["number"]
    yield node, numbers
    makers.end()


def found(node, *words):
    return [row["number"] for row in node.json("show", "change", "list", *words)["items"]]


def test_changes_are_found_by_what_they_are_about(log):
    node, n = log
    every = sorted(n.values(), reverse=True)
    assert found(node) == every
    for text, expected in {
        "IPSEC CERT": ["undo", "regen"], "yearly": ["regen"], "müller": ["Zentrale Müller CA"], "MÜLLER": ["Zentrale Müller CA"], "sure_ca.pem": ["100% sure_CA"], "100%": ["100% sure_CA"],
        "account-pass": ["password"], "admin": ["password", "install"], f"own/{NAME}/ipsec": ["undo", "regen", "install"], "cert-regen": ["regen"], "no such thing": [], "%": ["100% sure_CA"],
        "trust/tomcat-trust/zentrale": ["Zentrale Müller CA"],
    }.items():
        assert found(node, "--search", text) == [n[name] for name in expected], text
    assert found(node, "--who", "admin") == [n["password"]] and found(node, "--who", ME) == [number for number in every if number not in (1, n["password"])]
    assert found(node, "--who", "Admin") == [] and found(node, "--task", "undo") == [n["undo"]] and found(node, "--task", "und") == []
    assert found(node, "--node", NAME.upper()) == every
    assert found(node, "--search", "ipsec", "--task", "undo", "--who", ME, "--node", NAME) == [n["undo"]] and found(node, "--search", "ipsec", "--task", "import-trust") == []
    assert found(node, "--object", "own/ipsec", "--search", "yearly") == [n["regen"]] and found(node, "--object", "own/ipsec", "--task", "install") == [1]
    row = node.json("show", "change", "list", "--task", "cert-regen")["items"][0]
    assert set(row) == {"number", "at", "node", "who", "why", "task", "summary", "undone_by", "undoable"} and row["undone_by"] == n["undo"] and row["node"] == NAME


def test_changes_are_found_by_when_they_were_made(log):
    node, n = log
    every = sorted(n.values(), reverse=True)
    at = {row["number"]: row["at"] for row in node.json("show", "change", "list")["items"]}
    for number in every:
        later = [other for other in every if at[other] >= at[number]]
        assert found(node, "--from", at[number]) == later
        assert found(node, "--to", at[number]) == [other for other in every if at[other] <= at[number]]
    first, last = at[1][:10], at[every[0]][:10]
    assert found(node, "--from", first, "--to", last) == every, "a date is the whole day"
    assert found(node, "--from", "2099-01-01") == [] and found(node, "--to", "2000-01-01") == []
    assert found(node, "--to", f"{first}T00:00:00Z") == [] and found(node, "--from", f"{last}T23:59:59Z", "--task", "install") == []


def test_a_search_is_paged_as_every_list(log):
    node, n = log
    with Client(node) as client:
        rows, cursor = [], None
        while True:
            page = client.get("/changes", {"who": ME, "limit": 1, **({"cursor": cursor} if cursor else {})})
            rows += [row["number"] for row in page["items"]]
            cursor = page["next"]
            if cursor is None:
                break
            assert "notice" not in page
        assert rows == [number for number in sorted(n.values(), reverse=True) if number not in (1, n["password"])]


@pytest.mark.parametrize("name, value, code", [
    ("from", "yesterday", "bad-time"), ("to", "2026-13-01", "bad-time"), ("from", "2026-02-30", "bad-time"), ("to", "", "bad-time"), ("node", "nobody", "no-node"), ("search", "x" * 1001, "too-long"),
])
def test_what_cannot_be_looked_for_is_refused(log, name, value, code):
    node, _ = log
    with Client(node) as client:
        problem = client("GET", "/changes", {name: value}).expect(404 if code == "no-node" else 400, code).json
        assert problem["field"] == name
        client("GET", "/changes", {"search": "x" * 1000}).expect(200)


def test_jobs_of_a_node_that_there_is_not_are_404(shared_node):
    assert shared_node.refused("show", "job", "list", "--node", "nosuch", code="no-node")["field"] == "node"
    assert shared_node.json("show", "job", "list", "--node", NAME.upper())["items"] == []


# -- in a cluster


def ids(who, **query):
    return {one["id"] for one in who.see("/followups", query)["items"]}


def test_what_is_done_on_one_node_is_done_on_all(cluster):
    pub, sub = cluster.up(PUB, SUB1)
    cluster.settle()
    pub.cli("set", "followup", "done", "all")
    # A job has to be done by hand after the node that did it, not after the one that asked.
    job = pub.json("set", "cert", "regen", "tomcat-ECDSA", "--node", SUB1, "--yes")
    cluster.settle()
    of_sub = {BACKUP, f"{SUB1}/reload/tomcat-https", f"{SUB1}/reload/tftp"}
    assert ids(pub) == ids(sub) == of_sub
    told = {one["id"] for one in pub.see(f"/changes/{job['answer']}")["followups"] if one.get("open")}
    assert told == of_sub
    assert all("open" not in one and "id" not in one for one in pub.see(f"/changes/{job['number']}")["followups"])
    pub.do("POST", "/certificates/own/tomcat-ECDSA/regenerate", {})
    cluster.settle()
    assert ids(sub, node=SUB1) == of_sub and ids(sub, node=PUB) == ids(pub, node=PUB) == {BACKUP, f"{PUB}/reload/tomcat-https", f"{PUB}/reload/tftp"}
    # Each ticks off what the other has asked for, and takes back what the other has ticked off.
    sub.do("POST", "/followups/done", {"ids": [f"{PUB}/reload/tftp", BACKUP]})
    change = pub.do("POST", "/followups/done", {"ids": [f"{SUB1}/reload/tftp"]})
    cluster.settle()
    assert ids(pub) == ids(sub) == {f"{SUB1}/reload/tomcat-https", f"{PUB}/reload/tomcat-https"}
    sub.do("POST", f"/changes/{change['number']}/undo")
    cluster.settle()
    assert ids(pub) == ids(sub) == {f"{SUB1}/reload/tomcat-https", f"{SUB1}/reload/tftp", f"{PUB}/reload/tomcat-https"}
    assert [row["number"] for row in sub.see("/changes", [("node", SUB1), ("task", "followup-done")])["items"]] == [change["number"] - 1]
    cluster.audit()


VOICE = (PUB, SUB1, SUB2, SUB3)


class Followed:
    """Two nodes of six on which nothing has to be done."""

    def __init__(self, cluster):
        self.cluster = cluster
        self.pub, self.sub = cluster.up(PUB, SUB1)
        self.clear()

    def clear(self):
        self.cluster.settle()
        self.pub.cli("set", "followup", "done", "all")

    def asks(self, change, *reloads):
        """(nodes, service)..: that is what has to be done now, on both nodes and by what the change itself says; then it is done."""
        self.cluster.settle()
        wanted = {f"{name}/reload/{service}" for nodes, service in reloads for name in nodes}
        assert ids(self.pub) == ids(self.sub) == wanted | {BACKUP}
        told = self.pub.see(f"/changes/{change['number']}")
        assert {one["id"] for one in told["followups"] if one.get("open")} == wanted | {BACKUP}
        for one in told["followups"]:
            if one["kind"] == "reload":
                of = f" on {one['node']}" if "node" in one else ""
                assert one["text"] == f"Reload or restart {one['target']}{of}." and one.get("node") != told["node"]
        self.clear()

    def undone(self, by, change, *reloads):
        self.asks(by.do("POST", f"/changes/{change['number']}/undo"), *reloads)


@pytest.fixture
def followed(cluster):
    yield Followed(cluster)
    cluster.audit()


def test_an_import_for_the_cluster_asks_every_node_that_uses_the_store(followed):
    pub, sub = followed.pub, followed.sub
    change = sub.trusts("tomcat-trust", Authority("For all").pem)
    followed.asks(change, (NODES, "tomcat-https"))
    followed.undone(pub, change, (NODES, "tomcat-https"))
    change = pub.trusts("ipsec-trust", Authority("For all who have it").pem, ("scope", "cluster"))
    followed.asks(change, (NODES, "drs-local-agent"), (NODES, "drs-master-agent"))
    change = pub.trusts("CallManager-trust", Authority("For voice").pem)
    followed.asks(change, (VOICE, "callmanager"))
    followed.asks(sub.untrusts("CallManager-trust", "For_voice.pem"), (VOICE, "callmanager"))
    change = sub.trusts("tomcat-trust", Authority("For one").pem, ("scope", "node"))
    followed.asks(change, ([SUB1], "tomcat-https"))
    followed.undone(pub, change, ([SUB1], "tomcat-https"))


def test_a_delete_asks_the_nodes_that_had_it(followed):
    pub, sub = followed.pub, followed.sub
    maker = Authority("Maker of phones").pem
    sub.trusts("CAPF-trust", maker)
    followed.clear()
    gone = pub.untrusts("CAPF-trust", "Maker_of_phones.pem")
    followed.asks(gone, ([SUB1], "capf"))
    followed.undone(pub, gone, ([SUB1], "capf"))
    pub.trusts("CAPF-trust", maker)
    followed.clear()
    followed.asks(sub.untrusts("CAPF-trust", "Maker_of_phones.pem"), ([PUB, SUB1], "capf"))


def test_an_upload_for_several_nodes_asks_each_of_them_and_one_for_another_node_that_one(followed):
    pub, sub = followed.pub, followed.sub
    root = Authority("Of followed ones")
    leaf = root.leaf(pub.csr("tomcat-ECDSA", "--distribution", "multi-server"))
    followed.clear()
    change = sub.do("POST", "/certificates/own/tomcat-ECDSA", leaf + root.pem)
    followed.asks(change, (NODES, "tomcat-https"), (NODES, "tftp"))
    followed.undone(sub, change, (NODES, "tomcat-https"), (NODES, "tftp"))
    own = root.leaf(sub.csr("tomcat", "--distribution", "node"))
    sub.trusts("tomcat-trust", root.pem)
    followed.clear()
    job = pub.ask_for(SUB1, "POST", "/certificates/own/tomcat", own)
    answer = wait_for(lambda: pub.see(f"/jobs/{job}")["answer"], "the job is done")
    followed.asks(pub.see(f"/changes/{answer}"), ([SUB1], "tomcat-https"), ([SUB1], "tftp"))
    # Whoever takes it back: it is done on the node whose certificate changes.
    job = pub.ask_for(SUB1, "POST", f"/changes/{answer}/undo")
    answer = wait_for(lambda: pub.see(f"/jobs/{job}")["answer"], "the undo is done")
    followed.asks(pub.see(f"/changes/{answer}"), ([SUB1], "tomcat-https"), ([SUB1], "tftp"))


def test_an_OAuth_key_asks_each_node_for_its_own_service(followed):
    pub = followed.pub
    of_oauth = (VOICE, "callmanager"), ((IMP1, IMP2), "xcp-authentication-service")
    followed.asks(pub.do("POST", "/certificates/own/authz/regenerate", {}), *of_oauth)
    change = pub.json("set", "key", "regen", "authz", "encryption", "--yes", "--force")
    followed.asks(change, *of_oauth)


def test_a_node_without_its_store_shows_them_and_cannot_tick_them_off(cluster):
    pub, sub = cluster.up(PUB, SUB1)
    pub.do("POST", "/certificates/own/tomcat-ECDSA/regenerate", {})
    cluster.settle()
    before = ids(sub)
    cluster.pg.stop()
    sub.until(lambda state: not state["reachable"], "the store is gone")
    assert ids(sub) == before and BACKUP in before
    sub.refuses(503, "read-only", "POST", "/followups/done", {"ids": [BACKUP]})
    cluster.pg.start()
    wait_for(lambda: sub.ask("POST", "/followups/done", {"ids": [BACKUP]}).status == 201, "the store is back")
    cluster.settle()
    assert ids(pub) == ids(sub) == before - {BACKUP}
    cluster.audit()


def test_a_renamed_nodes_are_its_own_and_a_removed_nodes_are_nobodys(cluster):
    pub, sub = cluster.up(PUB, SUB1)
    cluster.settle()
    pub.cli("set", "followup", "done", "all")
    change = sub.do("POST", "/certificates/own/tomcat-ECDSA/regenerate", {})
    cluster.settle()
    pub.do("POST", f"/nodes/{SUB1}/rename", {"name": "branch"})
    assert {f"branch/reload/tomcat-https", f"branch/reload/tftp"} <= ids(pub) and not any(one.startswith(SUB1) for one in ids(pub))
    assert {one["id"] for one in pub.see(f"/changes/{change['number']}")["followups"] if one.get("open")} == {BACKUP, "branch/reload/tomcat-https", "branch/reload/tftp"}
    assert [row["number"] for row in pub.see("/changes", [("node", SUB1), ("task", "cert-regen")])["items"]] == [change["number"]], "changes are found by the name of then"
    pub.do("DELETE", "/nodes/branch")
    assert not any(one.startswith("branch/") for one in ids(pub))
    assert pub.see("/changes", [("node", "branch")])["items"] is not None
    cluster.down(SUB1)
    cluster.audit(PUB)


def test_stores_and_mirrors_of_an_older_version_get_the_same_from_the_log(cluster):
    pub, sub = cluster.up(PUB, SUB1)
    sub.do("POST", "/certificates/own/tomcat-ECDSA/regenerate", {})
    pub.do("POST", "/certificates/own/tomcat-ECDSA/regenerate", {})
    state = cluster.audit()
    cluster.down()
    cluster.pg.psql(AS_VERSION_2)
    make_older(sub.data / "store.db", AS_VERSION_2)
    cluster.up(PUB)  # brings the store up to date; its mirror was built by replaying
    cluster.up(SUB1)
    assert cluster.audit() == state
    # The node may write what is new.
    sub.do("POST", "/followups/done", {"ids": [f"{PUB}/reload/tftp"]})
    cluster.audit()
