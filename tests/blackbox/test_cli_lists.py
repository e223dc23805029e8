"""The commands of trust lists, phones and settings: what they ask the daemon, what they print, and when they ask a person. L1, L2."""
import json
import re

import pytest
from cli_tool import Terminal, run
from fake_daemon import FakeDaemon, change, plan, problem
from harness import ROOT

pytestmark = pytest.mark.quick
SAMPLES = ROOT / "tests" / "data" / "phone"
BYTES = "application/octet-stream"
VERSION = {"version": "ab12" * 16, "number": 12, "at": "2026-11-25T10:00:00Z", "size": 4711, "records": 4,
           "signer": {"subject": "CN=ITLRECOVERY_cucm-pub", "fingerprint": "cd" * 32, "purpose": "ITLRecovery"}, "current": True}
OLD = {**VERSION, "version": "0f" * 32, "number": None, "at": "2026-10-01T10:00:00Z", "signer": {"subject": "CN=cucm-pub", "fingerprint": None, "purpose": None}, "current": False}


def state(kind="CTL", **other):
    made = {"list": kind, "node": "cluster" if kind == "CTL" else "cucm-pub", "this": True, "published": VERSION, "due": False, "diff": None,
            "signer": {"purpose": "ITLRecovery", "fingerprint": "cd" * 32}, "accepted": {"path": "list", "text": "phones accept it"}, "findings": [],
            "phones": {"known": 7, "current": 4, "older": 2, "never": 1}}
    return {**made, **other}


def record(role, subject, **other):
    return {"number": 1, "dns": "cucm-pub", "subject": subject, "role": {"code": 4, "name": role}, **other}


@pytest.fixture(name="daemon")
def daemon_fixture():
    with FakeDaemon() as daemon:
        daemon.on("GET", "/lists", (200, {"mode": "mixed", "lists": [state()]}))
        yield daemon


# -- showing


def test_a_list_is_shown_in_the_layout_that_administrators_know(daemon):
    daemon.on("GET", "/lists/CTL/content", (200, (SAMPLES / "peer-ctl.tlv").read_bytes(), BYTES))
    done = run("show", "ctl", socket=daemon.socket)
    assert done.status == 0 and done.err == "", done
    assert "CTL Record #:1" in done.out and "System Administrator Security Token" in done.out and "verified successfully" in done.out
    assert daemon.requests[0].query == {}
    assert "utils ctl update" not in done.out
    assert len(daemon.requests) == 2 and daemon.requests[1].path == "/api/v1/lists"


def test_what_a_list_does_not_say_yet_is_shown_below_it(daemon):
    of_tvs = {"certificate": {"subject": "CN=TVS", "fingerprint": "98" * 32}, "old": ["TVS"], "new": ["TVS", "CAPF"]}
    diff = {"added": [record("CAPF", "CN=CAPF-1", certificate={"subject": "CN=CAPF-1", "fingerprint": "fe" * 32})], "removed": [record("CCM+TFTP", "", dns="cucm-sub1", certificate=None)],
            "roles": [of_tvs], "header": [{"field": "digest", "old": "SHA-1", "new": "SHA-512"}, {"field": "signer_version", "old": None, "new": "1.1"}],
            "signer": {"old": {"subject": "CN=old"}, "new": {"subject": "CN=new"}}, "same": False}
    finding = {"weight": "danger", "code": "list-stranded", "message": "phones refuse it", "hint": "Do not."}
    daemon.on("GET", "/lists", (200, {"mode": "mixed", "lists": [state("ITL"), state(due=True, diff=diff, findings=[finding], accepted={"path": "refused", "text": "phones refuse it"})]}))
    daemon.on("GET", "/lists/CTL/content", (200, (SAMPLES / "peer-ctl.tlv").read_bytes(), BYTES))
    done = run("show", "ctl", socket=daemon.socket)
    shown = done.out.split("What it should say has changed; it is published anew by: utils ctl update CTLFile\n")[1]
    assert shown.splitlines() == ["  add      CAPF       CN=CAPF-1 (fefefefe) of cucm-pub", "  remove   CCM+TFTP   without a certificate of cucm-sub1",
                                  "  role     CN=TVS (98989898): TVS, CAPF instead of TVS", "  signer   CN=new instead of CN=old", "  digest   SHA-512 instead of SHA-1",
                                  "  signer_version 1.1 instead of none", "  When it is published, phones refuse it.", "  danger  phones refuse it", "          Do not."]


def test_an_earlier_version_of_another_node_is_asked_for_as_such(daemon):
    daemon.on("GET", "/lists/ITL/content", (200, (SAMPLES / "peer-itl.tlv").read_bytes(), BYTES))
    done = run("show", "itl", "ab12ab12", "--node", "cucm-sub1", socket=daemon.socket)
    assert done.status == 0 and "ITL Record #:1" in done.out
    assert [request.query for request in daemon.requests] == [{"version": ["ab12ab12"], "node": ["cucm-sub1"]}], "an old one is compared with nothing"


def test_a_list_that_is_not_there_is_an_error_with_its_hint(daemon):
    daemon.on("GET", "/lists/CTL/content", problem(404, "no-list", "there is no CTL file", hint="Make one."))
    done = run("show", "ctl", socket=daemon.socket)
    assert (done.status, done.out) == (1, "") and "there is no CTL file" in done.err and "Make one." in done.err


def test_what_is_no_list_is_refused_by_name(daemon):
    daemon.on("GET", "/lists/CTL/content", (200, b"\x01\x00\x02\x01\x02\x02\xff\xff", BYTES))
    done = run("show", "ctl", socket=daemon.socket)
    assert (done.status, done.out) == (1, "") and done.err.startswith("ucpki: "), done


def test_with_json_the_answer_of_the_API_is_printed(daemon):
    daemon.on("GET", "/lists/CTL", (200, {"list": "CTL", "records": []}))
    assert run("show", "ctl", "--json", socket=daemon.socket).json == {"list": "CTL", "records": []}
    assert [request.path for request in daemon.requests] == ["/api/v1/lists/CTL"]


def test_all_lists_are_shown_in_one_table(daemon):
    finding = {"weight": "warn", "code": "list-signer", "message": "CallManager signs", "hint": ""}
    other = state("ITL", node="cucm-sub1", this=False, published=None, phones=None, due=True, findings=[finding])
    daemon.on("GET", "/lists", (200, {"mode": "non-secure", "lists": [state(), other]}))
    lines = run("show", "list", "status", socket=daemon.socket).out.splitlines()
    assert lines[0] == "The cluster is in non-secure mode."
    assert lines[2].split() == ["CTL", "cluster", "ab12ab12ab12ab12", "2026-11-25T10:00:00Z", "4", "ITLRecovery", "no", "4", "2", "1"]
    assert lines[3].split() == ["ITL", "cucm-sub1", "-", "-", "-", "-", "yes", "-", "-", "-"]
    assert lines[4:] == ["ITL of cucm-sub1:", "  warn    CallManager signs"]


def test_versions_come_in_pages_and_name_their_signer(daemon):
    daemon.on("GET", "/lists/itl/versions", (200, {"items": [VERSION, OLD], "next": "0f0f"}))
    done = run("show", "list", "versions", "ITL", "--limit", "2", socket=daemon.socket)
    lines = done.out.splitlines()
    assert lines[1].split() == ["ab12ab12ab12ab12", "2026-11-25T10:00:00Z", "12", "4711", "4", "ITLRecovery", "yes"]
    assert lines[2].split() == ["0f0f0f0f0f0f0f0f", "2026-10-01T10:00:00Z", "-", "4711", "4", "CN=cucm-pub", "-"]
    assert daemon.requests[0].query == {"limit": ["2"]} and "--cursor 0f0f" in done.err


def test_a_list_is_downloaded_byte_for_byte(daemon, tmp_path):
    sample = (SAMPLES / "peer-itl.tlv").read_bytes()
    daemon.on("GET", "/lists/itl/content", (200, sample, BYTES))
    assert run("file", "get", "tftp", "itl", "0f0f0f0f", socket=daemon.socket).raw == sample
    assert daemon.requests[0].query == {"version": ["0f0f0f0f"]}
    path = tmp_path / "ITLFile.tlv"
    assert run("file", "get", "tftp", "ITL", "--out", str(path), socket=daemon.socket).out == f"Wrote {path} ({len(sample)} bytes).\n"
    assert path.read_bytes() == sample


# -- changing

CHANGES = [
    (["utils", "ctl", "set-cluster", "mixed-mode"], "/lists/mode", {"mode": "mixed-mode"}, "Cluster set to Mixed Mode"),
    (["utils", "ctl", "set-cluster", "non-secure-mode"], "/lists/mode", {"mode": "non-secure-mode"}, "Cluster set to Non Secure Mode"),
    (["utils", "ctl", "update", "CTLFile"], "/lists/CTL/update", None, "CTL file Updated"),
    (["utils", "ctl", "update", "ctlfile"], "/lists/CTL/update", None, "CTL file Updated"),
    (["utils", "ctl", "reset", "localkey"], "/lists/CTL/reset", None, "The CTL file is signed by the CallManager key now."),
    (["utils", "itl", "reset", "localkey"], "/lists/ITL/reset", None, "The ITL files are signed by the CallManager key now."),
    (["utils", "itl", "update", "ITLFile"], "/lists/ITL/update", None, "The ITL files are signed by ITLRecovery again."),
    (["set", "setting", "file-signature", "sha512"], "/settings/file-signature", {"value": "sha512"}, "Successfully set file-signature to sha512."),
]


@pytest.mark.parametrize("words, path, body, said", CHANGES)
def test_each_change_is_one_request_and_says_what_it_did(daemon, words, path, body, said):
    daemon.on("POST", path, (201, change()))
    done = run(*words, "--why", "the project", socket=daemon.socket)
    assert (done.status, done.err) == (0, "") and done.out.splitlines()[0] == said, done
    request, = daemon.requests
    assert (json.loads(request.body) if body else request.body) == (body or b"")
    assert request.one("why") == "the project" and request.one("dry_run") is None


@pytest.mark.parametrize("words, path", [(words, path) for words, path, _, _ in CHANGES if words[0] == "utils"])
def test_a_person_is_asked_before_a_list_is_changed_even_when_nothing_is_to_be_warned_of(daemon, words, path):
    daemon.on("POST", path, lambda request: (200, plan()) if request.one("dry_run") else (201, change()))
    with Terminal(*words, socket=daemon.socket) as term:
        shown = term.expect(r"Do you want to continue \(yes/no\)\? ")
        assert "Plan: Replace" in shown and "1. A new key" in shown
        term.send("y\n")
        term.expect("Change 8")
        assert term.close() == 0
    first, second = daemon.requests
    assert (first.one("dry_run"), first.one("yes")) == ("1", None)
    assert (second.one("dry_run"), second.one("yes"), second.one("seen")) == (None, "1", "aa" * 32)


def test_no_means_that_nothing_is_sent_but_the_question_for_the_plan(daemon):
    daemon.on("POST", "/lists/CTL/update", lambda request: (200, plan()) if request.one("dry_run") else (201, change()))
    with Terminal("utils", "ctl", "update", "CTLFile", socket=daemon.socket) as term:
        term.expect("continue")
        term.send("n\n")
        assert term.close() == 1 and "Nothing was changed." in term.all
    assert [request.one("dry_run") for request in daemon.requests] == ["1"]


def test_a_person_who_said_yes_beforehand_is_not_asked(daemon):
    daemon.on("POST", "/lists/CTL/update", (201, change()))
    with Terminal("utils", "ctl", "update", "CTLFile", "--yes", socket=daemon.socket) as term:
        assert term.close() == 0 and "continue" not in term.all
    assert [request.one("yes") for request in daemon.requests] == ["1"]


def test_a_danger_is_not_asked_about_without_force(daemon):
    daemon.on("POST", "/lists/CTL/reset", lambda request: (200, plan("danger")) if request.one("dry_run") else (201, change()))
    with Terminal("utils", "ctl", "reset", "localkey", socket=daemon.socket) as term:
        assert term.close() == 1 and "repeat the command with --force" in term.all
    with Terminal("utils", "ctl", "reset", "localkey", "--force", socket=daemon.socket) as term:
        term.expect("continue")
        term.send("yes\n")
        assert term.close() == 0
    assert daemon.requests[-1].one("force") == "1"


@pytest.mark.parametrize("reply, text", [
    (problem(422, "ctl-none", "the cluster has no CTL file", plan=plan("refused")), "the cluster has no CTL file"),
    ((200, {**plan(), "dry_run": False, "number": None, "steps": [], "findings": [{"weight": "note", "code": "ctl-current", "message": "it says what it should", "hint": ""}]}),
     "There was nothing to do."),
])
def test_what_is_refused_or_changes_nothing_is_not_asked_about(daemon, reply, text):
    preview = {**plan("refused"), "steps": []}
    daemon.on("POST", "/lists/CTL/update", lambda request: (200, preview) if request.one("dry_run") else reply)
    with Terminal("utils", "ctl", "update", "CTLFile", socket=daemon.socket) as term:
        term.close()
        assert text in term.all and "continue" not in term.all


def test_a_dry_run_asks_nobody(daemon):
    daemon.on("POST", "/lists/mode", (200, plan("warn")))
    with Terminal("utils", "ctl", "set-cluster", "mixed-mode", "--dry-run", socket=daemon.socket) as term:
        assert term.close() == 0 and "nothing was changed" in term.all and "continue" not in term.all


# -- phones and settings

PHONE = {"device": "SEP001122334455", "address": "192.0.2.7", "via": "tftp", "first_seen": "2026-11-01T08:00:00Z", "last_seen": "2026-11-25T10:00:00Z",
         "itl": {"version": "ab" * 32, "at": "2026-11-25T10:00:00Z", "current": True}, "ctl": {"version": "0f" * 32, "at": "2026-11-02T10:00:00Z", "current": False},
         "config": {"file": "SEP001122334455.cnf.xml.sgn", "at": "2026-11-25T10:00:01Z"}, "missed": None}


def test_phones_are_listed_with_how_far_they_have_come(daemon):
    new = {**PHONE, "device": "SEP0022", "itl": None, "ctl": None, "config": None, "missed": {"file": "SK1.xml.sgn", "at": "2026-11-25T10:00:02Z"}}
    daemon.on("GET", "/phones", (200, {"items": [PHONE, new], "next": None}))
    lines = run("show", "phone", "list", "--list", "CTL", "--stale", socket=daemon.socket).out.splitlines()
    assert daemon.requests[0].query == {"list": ["ctl"], "stale": ["1"], "limit": ["1000"]}
    assert lines[1].split() == ["SEP001122334455", "192.0.2.7", "tftp", "2026-11-25T10:00:00Z", "present", "older,", "fetched", "2026-11-02T10:00:00Z",
                                "SEP001122334455.cnf.xml.sgn", "-"]
    assert lines[2].split() == ["SEP0022", "192.0.2.7", "tftp", "2026-11-25T10:00:00Z", "-", "-", "-", "SK1.xml.sgn"]


def test_a_phone_is_shown_with_every_list_that_it_has_fetched(daemon):
    daemon.on("GET", "/phones/SEP001122334455", (200, {**PHONE, "lists": [{"list": "ITL", "version": "ab" * 32, "first": "2026-11-25T10:00:00Z", "last": "2026-11-25T10:00:00Z"}]}))
    out = run("show", "phone", "own", "SEP001122334455", socket=daemon.socket).out
    assert "Phone SEP001122334455\n" in out and "SEP001122334455.cnf.xml.sgn, 2026-11-25T10:00:01Z" in out and "ab" * 32 in out
    assert "older, fetched 2026-11-02T10:00:00Z" in out and "Not there" not in out
    values = [re.match(r"  \S.*?: +", line).end() for line in out.splitlines() if re.match(r"  \S.*?: ", line)]
    assert len(values) == 7 and len(set(values)) == 1, out


def test_settings_are_shown_with_their_values_and_who_changes_them(daemon):
    items = [{"name": "file-signature", "value": "sha512", "default": "sha1", "about": "The hash.", "by": None,
              "values": [{"value": "sha1", "text": "Every phone."}, {"value": "sha512", "text": "Not all."}]},
             {"name": "cluster-mode", "value": "mixed", "default": "mixed", "about": "The mode.", "by": "utils ctl set-cluster", "values": []}]
    daemon.on("GET", "/settings", (200, {"items": items, "next": None}))
    assert run("show", "setting", socket=daemon.socket).out.splitlines() == [
        "file-signature = sha512  (changed)", "  The hash.", "    sha1             Every phone.", "    sha512           Not all.",
        "cluster-mode = mixed", "  The mode.", "  It is changed by: utils ctl set-cluster"]
