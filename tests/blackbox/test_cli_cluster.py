"""Commands for a cluster against a daemon with canned answers: nodes, jobs, the store, OAuth keys, diagnosis, and --node. Requirements section 6, O1, E1."""
import json
import signal
import subprocess

import pytest
from cli_tool import PROGRAM, Terminal, environment, run
from fake_daemon import PEM, FakeDaemon, change, job, node, plan, problem, row

pytestmark = pytest.mark.quick
REGEN = ("set", "cert", "regen", "tomcat", "--node", "cucm-sub1")
PATH = "/certificates/own/tomcat/regenerate"
JOB = "4c7e1b52-0000-4000-8000-000000000001"
URL = "postgresql://ucpki:hunter2@db1.example.com:5432,db2.example.com:5432/cluster"


@pytest.fixture(name="daemon")
def daemon_fixture():
    with FakeDaemon() as daemon:
        yield daemon


def out(daemon, *words, **options):
    done = run(*words, socket=daemon.socket, **options)
    assert (done.status, done.err) == (0, ""), done
    return done.out


# -- nodes


def nodes():
    return [node(), node("cucm-sub1", this=False, state="behind", number=7, behind=3, roles=["subscriber", "tftp"], findings=[
        {"code": "clock-off", "weight": "warn", "message": "its clock is 40 s off", "hint": "Set it."}]),
        node("imp1", this=False, state="joining", reason="it may join until 2026-07-02T10:00:00Z", expires="2026-07-02T10:00:00Z", version=None, number=None, behind=None, last_contact=None,
             https=None, fingerprint=None)]


def test_the_list_of_nodes_shows_how_far_each_has_come_and_what_is_wrong(daemon):
    daemon.on("GET", "/nodes", (200, {"items": nodes(), "next": None}))
    lines = out(daemon, "show", "node", "list").splitlines()
    assert lines[0].split() == ["NODE", "THIS", "STATE", "VERSION", "CHANGE", "BEHIND", "LAST", "CONTACT", "ROLES"]
    assert lines[1].split() == ["cucm-pub", "yes", "up", node()["version"], "10", "0", "2026-07-01T10:00:00Z", "publisher,", "tftp"]
    assert lines[2].split()[:6] == ["cucm-sub1", "no", "behind", node()["version"], "7", "3"]
    assert lines[3].split() == ["imp1", "no", "joining", "-", "-", "-", "-", "publisher,", "tftp"]
    assert lines[4:] == ["cucm-sub1:", "  warn    its clock is 40 s off", "          Set it.", "imp1: it may join until 2026-07-02T10:00:00Z"]
    long = out(daemon, "show", "node", "list", "--long").splitlines()
    assert len({line.index(word) for line, word in ((long[0], "HTTPS"), (long[1], "cucm-pub.example.com:8443"))}) == 1 and "ab" * 32 in long[1]
    assert json.loads(out(daemon, "show", "node", "list", "--json"))["items"] == nodes()


def test_a_node_is_shown_by_its_name_and_an_unknown_one_is_1(daemon):
    daemon.on("GET", "/nodes/cucm-sub1", (200, nodes()[1]))
    shown = out(daemon, "show", "node", "cucm-sub1")
    for text in ("Node cucm-sub1", "subscriber, tftp", "behind", "2026-07-01T10:00:00Z", "its clock is 40 s off"):
        assert text in shown
    daemon.on("GET", "/nodes/sub9", problem(404, "no-node", "there is no node 'sub9'"))
    done = run("show", "node", "sub9", "--json", socket=daemon.socket)
    assert done.status == 1 and done.json["code"] == "no-node"


SECRET = "ucpki-join-1.AAAA_bbbb-CCCC"


def test_adding_a_node_prints_the_secret_and_the_command_that_uses_it(daemon):
    daemon.on("POST", "/nodes", (201, change(secret=SECRET)))
    daemon.on("GET", "/nodes", (200, {"items": nodes(), "next": None}))
    lines = out(daemon, "set", "node", "add", "cucm-sub2", "--domain", "sub.example.com", "--roles", "subscriber,tftp", "--hours", "48", "--replace").splitlines()
    assert lines[0] == "Successfully made a join secret for cucm-sub2."
    assert "  " + SECRET in lines and "  ucpkid --join cucm-pub.example.com:8443 --join-secret-file FILE" in lines
    assert json.loads(daemon.requests[0].body) == {"node": "cucm-sub2", "domain": "sub.example.com", "roles": "subscriber,tftp", "hours": 48, "replace": True}
    assert json.loads(out(daemon, "set", "node", "add", "cucm-sub2", "--json"))["secret"] == SECRET
    assert json.loads(daemon.requests[-1].body) == {"node": "cucm-sub2"}


def test_a_secret_that_was_lost_with_its_answer_is_said_to_be_lost(daemon):
    daemon.steps("POST", "/nodes", "hang up", (201, change()))
    done = run("set", "node", "add", "cucm-sub2", socket=daemon.socket)
    assert done.status == 0 and "is lost: repeat 'set node add cucm-sub2'" in done.err and "ucpkid" not in done.out


def test_a_secret_is_made_only_when_its_plan_is_agreed_to(daemon):
    daemon.on("POST", "/nodes", (200, plan()))
    shown = out(daemon, "set", "node", "add", "cucm-sub2", "--dry-run")
    assert "nothing was changed" in shown and "secret" not in shown
    daemon.on("POST", "/nodes", problem(422, "not-publisher", "this can only be done on the publisher, cucm-pub", hint="Do it there."))
    done = run("set", "node", "add", "cucm-sub2", socket=daemon.socket)
    assert (done.status, done.err) == (1, "ucpki: this can only be done on the publisher, cucm-pub\n  Do it there.\n")


def test_nodes_are_removed_and_renamed(daemon):
    daemon.on("DELETE", "/nodes/cucm-sub1", (201, change()))
    shown = out(daemon, "set", "node", "remove", "cucm-sub1")
    assert shown.startswith("Successfully removed the node cucm-sub1.\n") and "undo" not in shown
    daemon.on("POST", "/nodes/cucm-sub1/rename", (201, change()))
    assert out(daemon, "set", "node", "rename", "cucm-sub1", "--new-name", "sub-one", "--domain=").startswith("Successfully renamed the node cucm-sub1.\n")
    assert json.loads(daemon.requests[-1].body) == {"name": "sub-one", "domain": ""}
    done = run("set", "node", "rename", "cucm-sub1", socket=daemon.socket)
    assert done.status == 2 and "--new-name NAME or --domain DOMAIN is missing" in done.err
    done = run("set", "node", "add", "x", "--hours", "soon", socket=daemon.socket)
    assert done.status == 2 and "--hours is a number of hours, not 'soon'" in done.err


# -- another node does it


def asked(**other):
    """The answer to a task for another node."""
    return 202, change(number=20, summary="On cucm-sub1: Replace the tomcat certificate", job=JOB, **other)


def answered(daemon, *jobs, **other):
    daemon.on("POST", PATH, asked())
    daemon.steps("GET", f"/jobs/{JOB}", *[(200, one) for one in jobs])
    daemon.on("GET", "/changes/21", (200, change(number=21, undoable=True, node="cucm-sub1", effects=[
        {"node": "cucm-sub1", "effect": "tls", "state": "done", "detail": "", "at": None}], **other)))


def test_a_job_is_waited_for_and_its_change_shown(daemon):
    answered(daemon, job(), job(), job(state="running"), job(state="done", detail="Replace it", answer=21))
    done = run(*REGEN, "--why", "yearly", socket=daemon.socket)
    assert done.status == 0, done
    assert done.err == f"Job {JOB} on cucm-sub1: waiting\nJob {JOB} on cucm-sub1: running\nJob {JOB} on cucm-sub1: done: Replace it\n"
    assert done.out.splitlines() == [
        "Successfully regenerated certificate for tomcat.", "Change 21 on cucm-sub1: Replace the tomcat certificate of cucm-pub", "  done     tls on cucm-sub1", "What follows:",
        "  reload     reload Cisco Tomcat", "Take it back with: ucpki utils undo 21 --node cucm-sub1"]
    assert daemon.requests[0].one("node") == "cucm-sub1" and daemon.requests[0].one("why") == "yearly"


def test_a_job_that_ends_badly_exits_1_with_its_reason(daemon):
    for state in ("failed", "expired"):
        answered(daemon, job(), job(state=state, detail="the key is not there"))
        done = run(*REGEN, socket=daemon.socket)
        assert (done.status, done.out) == (1, "") and done.err.endswith(f"{state}: the key is not there\n")


def test_with_json_the_job_is_printed_at_its_end(daemon):
    for state, status in (("done", 0), ("failed", 1)):
        ended = job(state=state, detail="so", answer=21)
        answered(daemon, job(), ended)
        done = run(*REGEN, "--json", socket=daemon.socket)
        assert done.status == status and done.json == ended


def test_no_wait_returns_at_once_and_says_where_to_look(daemon):
    answered(daemon)
    done = run(*REGEN, "--no-wait", socket=daemon.socket)
    assert (done.status, done.out) == (0, f"Change 20: On cucm-sub1: Replace the tomcat certificate\nHow it goes: ucpki show job {JOB}\n")
    assert run(*REGEN, "--no-wait", "--json", socket=daemon.socket).json["job"] == JOB
    assert {request.path for request in daemon.requests} == {"/api/v1" + PATH}


def test_a_job_that_had_nothing_to_do_says_so(daemon):
    answered(daemon, job(state="done", detail="there was nothing to change", answer=21), task="job-answer")
    assert run(*REGEN, socket=daemon.socket).out == "There was nothing to do.\n"


def test_a_daemon_that_is_away_for_a_moment_does_not_end_the_waiting(daemon):
    daemon.on("POST", PATH, asked())
    daemon.steps("GET", f"/jobs/{JOB}", (200, job()), "hang up", "hang up", (200, job(state="done", answer=21)))
    daemon.on("GET", "/changes/21", (200, change(number=21)))
    done = run(*REGEN, socket=daemon.socket)
    assert done.status == 0 and len(done.err.splitlines()) == 2


def test_ctrl_c_ends_the_waiting_and_not_the_job(daemon):
    daemon.on("POST", PATH, asked())
    daemon.on("GET", f"/jobs/{JOB}", (200, job()))
    with Terminal(socket=daemon.socket) as term:
        term.expect("admin:")
        term.send(" ".join(REGEN) + "\n")
        term.expect("waiting")
        term.send("\x03")
        term.expect(f"The job goes on: show job {JOB}")
        term.expect("admin:")
        term.send("exit\n")
        assert term.close() == 0


def test_a_job_is_agreed_to_as_any_change(daemon):
    daemon.on("POST", PATH, lambda r: asked() if r.one("yes") else problem(409, "confirmation-needed", "agree", plan=plan("warn")))
    daemon.steps("GET", f"/jobs/{JOB}", (200, job(state="done", answer=21)))
    daemon.on("GET", "/changes/21", (200, change(number=21)))
    with Terminal(*REGEN, socket=daemon.socket) as term:
        term.expect("Proceed")
        term.send("yes\n")
        assert term.close() == 0
    assert [r.one("node") for r in daemon.requests if r.method == "POST"] == ["cucm-sub1"] * 2


@pytest.mark.parametrize("words, method, path", [
    (["show", "cert", "list", "own"], "GET", "/certificates"),
    (["show", "cert", "own", "tomcat"], "GET", "/certificates/own/tomcat"),
    (["show", "cert", "trust", "CAPF-trust/a.pem"], "GET", "/certificates/trust/CAPF-trust/a.pem"),
    (["show", "cert", "chain", "tomcat"], "GET", "/certificates/own/tomcat/chain"),
    (["show", "csr", "list", "own"], "GET", "/csrs"),
    (["show", "csr", "own", "tomcat"], "GET", "/csrs/tomcat"),
    (["show", "job", "list"], "GET", "/jobs"),
    (["file", "get", "cert", "tomcat"], "GET", "/certificates/own/tomcat/content"),
    (["file", "get", "csr", "tomcat"], "GET", "/csrs/tomcat/content"),
    (["set", "csr", "gen", "tomcat"], "POST", "/csrs/tomcat"),
    (["set", "csr", "delete", "tomcat"], "DELETE", "/csrs/tomcat"),
    (["set", "cert", "import", "own", "tomcat"], "POST", "/certificates/own/tomcat"),
    (["set", "cert", "import", "trust", "CAPF"], "POST", "/certificates/trust/CAPF"),
    (["set", "cert", "delete", "CAPF", "a.pem"], "DELETE", "/certificates/trust/CAPF/a.pem"),
    (["utils", "undo", "7"], "POST", "/changes/7/undo"),
    (["utils", "key", "purge", "0123"], "DELETE", "/keys/0123"),
])
def test_the_node_reaches_the_daemon(daemon, words, method, path):
    run(*words, "--node", "cucm-sub1", stdin=PEM, socket=daemon.socket)
    request = daemon.requests[0]
    assert (request.method, request.path, request.one("node")) == (method, "/api/v1" + path, "cucm-sub1")


def test_a_read_only_node_says_why_and_exits_1(daemon):
    daemon.on("POST", PATH, problem(503, "read-only", "this node is read-only: the store does not answer", hint="Reading goes on."))
    done = run("set", "cert", "regen", "tomcat", socket=daemon.socket)
    assert (done.status, done.err) == (1, "ucpki: this node is read-only: the store does not answer\n  Reading goes on.\n")
    daemon.on("GET", "/status", (200, {"node": "cucm-pub", "read_only": True, "read_only_reason": "the store does not answer", "ports": {}, "self_check": None}))
    shown = out(daemon, "show", "status")
    assert "Read-only:      yes\n" in shown and "Because:        the store does not answer\n" in shown


# -- the lists of all nodes


def test_the_node_stands_in_the_list_where_there_are_several(daemon):
    rows = [row(node="cucm-pub", scope="cucm-pub"), row(node="cucm-sub1", scope="cucm-sub1", distribution="multi-server")]
    daemon.on("GET", "/certificates", (200, {"items": rows, "next": None}))
    assert [line.split(":")[0] for line in out(daemon, "show", "cert", "list", "own").splitlines()] == ["tomcat/tomcat.pem on cucm-pub", "tomcat/tomcat.pem on cucm-sub1"]
    lines = out(daemon, "show", "cert", "list", "own", "--long").splitlines()
    assert [line.split()[-1] for line in lines] == ["NODE", "cucm-pub", "cucm-sub1"]
    daemon.on("GET", "/certificates", (200, {"items": rows[:1], "next": None}))
    assert "cucm-pub" not in out(daemon, "show", "cert", "list", "own")
    assert "NODE" not in out(daemon, "show", "cert", "list", "own", "--long")


def test_a_trusted_certificate_that_counts_on_one_node_alone_says_on_which(daemon):
    there, elsewhere, everywhere = (row(usage="trust", unit=unit, name="a.pem", node=None, scope=scope, distribution=scope)
                                    for unit, scope in (("CAPF-trust", "cucm-pub"), ("CAPF-trust", "cucm-sub1"), ("tomcat-trust", "cluster")))
    daemon.on("GET", "/certificates", (200, {"items": [there, elsewhere, everywhere], "next": None}))
    assert [line.split(":")[0] for line in out(daemon, "show", "cert", "list", "trust").splitlines()] == ["CAPF-trust/a.pem on cucm-pub", "CAPF-trust/a.pem on cucm-sub1", "tomcat-trust/a.pem"]
    lines = out(daemon, "show", "cert", "list", "trust", "--long").splitlines()
    at = lines[0].index("DISTRIBUTION")
    assert [line[at:].split()[0] for line in lines] == ["DISTRIBUTION", "cucm-pub", "cucm-sub1", "cluster"]


def test_the_key_of_another_node_is_not_called_missing(daemon):
    daemon.on("GET", "/certificates/own/tomcat", (200, row(node="cucm-sub1", certificate={"pem": PEM}, chain=[], key={"id": "0123", "present": None, "type": "RSA 2048"},
                                                          also_in=[{"unit": "CAPF-trust", "name": "x.pem", "distribution": "cucm-sub1"}])))
    shown = out(daemon, "show", "cert", "own", "tomcat", "--node", "cucm-sub1")
    assert "RSA 2048, on its node, id 0123" in shown and "MISSING" not in shown and "CAPF-trust/x.pem on cucm-sub1" in shown


def test_one_name_on_several_nodes_is_one_name(daemon):
    entry = row(unit="CAPF-trust", name="a.pem")
    daemon.on("GET", "/certificates", (200, {"items": [entry, entry], "next": None}))
    daemon.on("GET", "/certificates/trust/CAPF-trust/a.pem", (200, row(unit="CAPF-trust", name="a.pem", certificate={"pem": PEM})))
    assert "CAPF-trust/a.pem" in out(daemon, "show", "cert", "trust", "a")


# -- jobs and the store


def test_jobs_are_listed_by_pages_and_shown(daemon):
    daemon.on("GET", "/jobs", lambda r: (200, {"items": [job(id=f"job-{r.one('cursor') or 9}")], "next": None if r.one("cursor") else "8"}))
    lines = out(daemon, "show", "job", "list", "--state", "waiting", "--node", "cucm-sub1", "--all").splitlines()
    assert [line.split()[0] for line in lines if line.startswith("job")] == ["job-9", "job-8"]
    assert daemon.requests[0].one("state") == "waiting" and daemon.requests[0].one("node") == "cucm-sub1"
    daemon.on("GET", f"/jobs/{JOB}", (200, job(state="failed", detail="no key", answer=21, arguments={"purpose": "tomcat", "years": 3})))
    shown = out(daemon, "show", "job", JOB)
    for text in (f"Job {JOB}: Replace the tomcat certificate", "failed", "no key", "cucm-sub1", "With purpose    tomcat", "With years      3"):
        assert text in shown


def cluster(**other):
    made = {"store": "postgresql", "where": "db1.example.com:5432/cluster", "reachable": False, "reason": "connection refused", "head": 12, "number": 10, "behind": 2, "state": "unreachable", "epoch": 1}
    return {**made, **other}


def test_the_cluster_is_shown_with_why_it_is_read_only(daemon):
    daemon.on("GET", "/cluster", (200, cluster()))
    daemon.on("GET", "/status", (200, {"read_only": True, "read_only_reason": "the store does not answer"}))
    shown = out(daemon, "show", "cluster")
    for text in ("A cluster", "db1.example.com:5432/cluster", "unreachable", "connection refused", "Behind:         2", "Read-only:      yes", "the store does not answer"):
        assert text in shown
    whole = json.loads(out(daemon, "show", "cluster", "--json"))
    assert whole["read_only"] is True and whole["state"] == "unreachable"
    daemon.on("GET", "/cluster", (200, cluster(store="sqlite", where=None, state="single")))
    assert out(daemon, "show", "cluster").startswith("A single node")


@pytest.mark.parametrize("how", ["word", "file", "stdin", "dash"])
def test_the_connection_string_may_come_from_where_nobody_sees_it(daemon, tmp_path, how):
    file = tmp_path / "url"
    file.write_text(URL + "\nanother line\n")
    words = {"word": [URL], "file": ["--url-file", file], "stdin": ["--url-file", "-"], "dash": ["-"]}[how]
    daemon.on("POST", "/cluster/move", lambda r: (200, {"dry_run": r.one("dry_run") == "1", "changes": 12}))
    stdin = URL.encode() + b"\n" if how in ("stdin", "dash") else b""
    shown = out(daemon, "utils", "cluster", "move-to-postgres", *words, stdin=stdin)
    assert shown == "Successfully moved 12 changes: the store is PostgreSQL now.\nNodes can join: ucpki set node add NODE\n"
    assert json.loads(daemon.requests[0].body) == {"url": URL} and daemon.requests[0].query == {}
    assert "12 changes would be moved" in out(daemon, "utils", "cluster", "move-to-postgres", *words, "--dry-run", stdin=stdin)


def test_the_connection_string_is_asked_for_and_not_shown(daemon):
    daemon.on("POST", "/cluster/move", (200, {"dry_run": False, "changes": 12}))
    with Terminal("utils", "cluster", "move-to-postgres", socket=daemon.socket) as term:
        term.expect("Connection string .*: ")
        term.send(URL + "\n")
        assert term.close() == 0 and "hunter2" not in term.all
    assert json.loads(daemon.requests[0].body) == {"url": URL}
    done = run("utils", "cluster", "move-to-postgres", socket=daemon.socket)
    assert done.status == 2 and "--url-file" in done.err
    done = run("utils", "cluster", "move-to-postgres", URL, "--url-file", "x", socket=daemon.socket)
    assert done.status == 2 and "hunter2" not in done.err
    assert "others can see a command line" in run("help", "utils", "cluster", "move-to-postgres").out


def test_resync_needs_force(daemon):
    daemon.on("POST", "/cluster/resync", lambda r: (200, {"epoch": 2}) if r.one("force") == "1" else problem(409, "confirmation-needed", "changes are given up", hint="Repeat with force."))
    done = run("utils", "cluster", "resync", socket=daemon.socket)
    assert (done.status, done.err) == (1, "ucpki: changes are given up\n  Repeat with force.\n")
    assert "epoch 2" in out(daemon, "utils", "cluster", "resync", "--force")


# -- OAuth keys


def test_a_checksum_is_one_line(daemon):
    daemon.on("GET", "/authz", (200, {"signing": {"checksum": "aa" * 32, "fingerprint": "bb" * 32, "not_after": "2031-07-01T10:00:00Z"}, "encryption": {"checksum": "cc" * 32}}))
    assert out(daemon, "show", "key", "authz", "signing") == "aa" * 32 + "\n"
    assert out(daemon, "show", "key", "authz", "enc") == "cc" * 32 + "\n"
    assert json.loads(out(daemon, "show", "key", "authz", "encryption", "--json")) == {"checksum": "cc" * 32}
    daemon.on("GET", "/authz", (200, {"signing": None, "encryption": None}))
    done = run("show", "key", "authz", "signing", socket=daemon.socket)
    assert done.status == 1 and "no signing key" in done.err and done.out == ""


@pytest.mark.parametrize("which", ["signing", "encryption"])
def test_a_key_is_replaced_only_after_yes_and_for_good(daemon, which):
    daemon.on("POST", f"/authz/{which}/regenerate", lambda r: (201, change()) if r.one("yes") else problem(409, "confirmation-needed", "agree", plan=plan("warn")))
    done = run("set", "key", "regen", "authz", which, socket=daemon.socket)
    assert done.status == 1 and "repeat the command with --yes" in done.err
    shown = out(daemon, "set", "key", "regen", "authz", which, "--yes")
    assert shown.startswith(f"Successfully regenerated the authz {which} key.\n") and "undo" not in shown
    with Terminal("set", "key", "regen", "authz", which, socket=daemon.socket) as term:
        term.expect("Proceed")
        term.send("yes\n")
        assert term.close() == 0


def test_other_clusters_are_compared(daemon, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("a long enough one\n")
    same = {"peer": "a.example.com:8443", "state": "equal", "signing": True, "encryption": True, "detail": "both keys are the same", "hint": ""}
    other = {"peer": "b.example.com:9443", "state": "differs", "signing": True, "encryption": False, "detail": "the encryption key is another one", "hint": "Bring it there."}
    away = {"peer": "[::1]:8443", "state": "failed", "signing": None, "encryption": None, "detail": "connection refused", "hint": "Start it."}
    words = ["utils", "authz", "compare", "a.example.com", "b.example.com:9443", "[::1]", "--password-file", secret, "--account", "jo"]
    daemon.on("POST", "/authz/compare", (200, {"items": [same, other, away], "equal": False}))
    done = run(*words, socket=daemon.socket)
    assert done.status == 1
    assert done.out.splitlines() == ["a.example.com:8443: equal: both keys are the same", "b.example.com:9443: DIFFERS: the encryption key is another one", "  Bring it there.",
                                     "[::1]:8443: FAILED: connection refused", "  Start it."]
    assert json.loads(daemon.requests[0].body) == {"peers": ["a.example.com:8443", "b.example.com:9443", "[::1]:8443"], "account": "jo", "password": "a long enough one"}
    daemon.on("POST", "/authz/compare", (200, {"items": [same], "equal": True}))
    assert run(*words, socket=daemon.socket).status == 0
    done = run("utils", "authz", "compare", "a.example.com", socket=daemon.socket)
    assert done.status == 1 and "--password-file" in done.err
    with Terminal("utils", "authz", "compare", "a.example.com", socket=daemon.socket) as term:
        term.expect("Password of admin in the other clusters: ")
        term.send("a long enough one\n")
        assert term.close() == 0 and "long" not in term.all


# -- diagnosis


def diagnosis(ok, *steps):
    return {"items": [{"node": "imp1", "ok": ok, "steps": [{"step": step, "state": state, "detail": "detail", "hint": "" if state == "ok" else "Do it."} for step, state in steps]}], "ok": ok}


def test_a_diagnosis_prints_its_steps_in_order_and_exits_1_while_something_is_wrong(daemon):
    daemon.on("POST", "/nodes/imp1/diagnose", lambda r: (200, diagnosis(True, ("known", "ok"), ("web", "repaired")) if r.one("fix") else diagnosis(False, ("known", "ok"), ("present", "found"))))
    done = run("utils", "diagnose", "node", "imp1", socket=daemon.socket)
    assert done.status == 1
    assert [line.split() for line in done.out.splitlines()] == [["imp1:", "something", "is", "WRONG"], ["1.", "known", "ok", "detail"], ["2.", "present", "found", "detail"], ["Do", "it."]]
    assert out(daemon, "utils", "diagnose", "node", "imp1", "--fix").splitlines()[2].split() == ["2.", "web", "repaired", "detail"]
    daemon.on("POST", "/diagnose", (200, {"items": [], "ok": True}))
    assert out(daemon, "utils", "diagnose", "node", "--all") == "There is no other node.\n"
    for words in ([], ["imp1", "--all"]):
        done = run("utils", "diagnose", "node", *words, socket=daemon.socket)
        assert done.status == 2 and "--all" in done.err


EVIL = "\x1b]0;owned\x07\x1b[31mred\x9b2J\r\nfake line\x7f"


@pytest.mark.parametrize("words, method, path, answer", [
    (["show", "node", "list"], "GET", "/nodes", {"items": [node(EVIL, reason=EVIL, findings=[{"code": EVIL, "weight": EVIL, "message": EVIL, "hint": EVIL}])], "next": None}),
    (["show", "job", "list"], "GET", "/jobs", {"items": [job(id=EVIL, summary=EVIL)], "next": None}),
    (["show", "job", "1"], "GET", "/jobs/1", job(detail=EVIL, arguments={EVIL: EVIL})),
    (["show", "key", "authz", "signing"], "GET", "/authz", {"signing": {"checksum": EVIL}}),
    (["utils", "diagnose", "node", "--all"], "POST", "/diagnose", {"items": [{"node": EVIL, "ok": True, "steps": [{"step": EVIL, "state": EVIL, "detail": EVIL, "hint": EVIL}]}], "ok": True}),
])
def test_control_characters_from_the_cluster_never_reach_the_terminal(daemon, words, method, path, answer):
    daemon.on(method, path, (200, answer))
    text = out(daemon, *words)
    assert "owned" in text and not [c for c in text if (ord(c) < 32 and c != "\n") or 0x7f <= ord(c) < 0xa0]


def test_a_signal_ends_the_waiting_outside_the_shell(daemon):
    daemon.on("POST", PATH, asked())
    daemon.on("GET", f"/jobs/{JOB}", (200, job()))
    # What runs in the background of a script has it ignored.
    heard = {"preexec_fn": lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)}
    with subprocess.Popen([str(PROGRAM), "--socket", daemon.socket, *REGEN], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment("/nonexistent"), **heard) as process:
        assert b"waiting" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert process.returncode == -signal.SIGINT
