"""Commands that change something: plan, confirmation, answer. Requirements section 6."""
import json

import pytest
from cli_tool import Terminal, run
from fake_daemon import PEM, FakeDaemon, change, plan, problem

pytestmark = pytest.mark.quick
REGEN = ("set", "cert", "regen", "tomcat")
PATH = "/certificates/own/tomcat/regenerate"


@pytest.fixture(name="daemon")
def daemon_fixture():
    with FakeDaemon() as daemon:
        yield daemon


def confirm_first(worst):
    """Answers as the daemon does: the plan until it is agreed to, dangers only by force."""
    def reply(request):
        agreed = request.one("yes") == "1" and (worst != "danger" or request.one("force") == "1")
        if not agreed:
            return problem(409, "confirmation-needed", "the plan must be agreed to", plan=plan(worst))
        if request.one("seen") not in (None, "aa" * 32):
            return problem(409, "plan-changed", "the plan is another one", plan=plan(worst))
        return 201, change()
    return reply


DONE = """Successfully regenerated certificate for tomcat.
Change 8: Replace the tomcat certificate of cucm-pub
What follows:
  reload     reload Cisco Tomcat
"""
UNDO = "Take it back with: ucpki utils undo 8\n"


def test_without_warnings_it_is_done_at_once(daemon):
    daemon.on("POST", PATH, (201, change()))
    done = run(*REGEN, "--key", "rsa-3072", "--hash=sha384", "--years", "3", "--why", "off & on", socket=daemon.socket)
    assert (done.status, done.out, done.err) == (0, DONE + UNDO, "")
    request = daemon.requests[0]
    assert json.loads(request.body) == {"key": "rsa-3072", "hash": "sha384", "years": 3}
    assert request.headers["Content-Type"] == "application/json"
    assert request.one("why") == "off & on" and len(request.one("request")) == 36
    assert [request.one(name) for name in ("yes", "force", "seen", "dry_run")] == [None] * 4


def test_a_warning_without_a_terminal_stops_with_the_plan_and_how_to_go_on(daemon):
    daemon.on("POST", PATH, confirm_first("warn"))
    done = run(*REGEN, socket=daemon.socket)
    assert done.status == 1
    for text in ("Plan: Replace the tomcat certificate of cucm-pub", "1. A new key and certificate for tomcat", "warn    a CA-signed certificate is overwritten",
                 "Keep a copy of it.", "reload Cisco Tomcat"):
        assert text in done.out
    assert done.err == "Nothing was changed. To go on, repeat the command with --yes.\n"
    assert len(daemon.requests) == 1


def test_yes_goes_on_without_asking(daemon):
    daemon.on("POST", PATH, confirm_first("warn"))
    done = run(*REGEN, "--yes", socket=daemon.socket)
    assert (done.status, done.out) == (0, DONE + UNDO)
    assert daemon.requests[0].one("yes") == "1" and daemon.requests[0].one("force") is None and len(daemon.requests) == 1


def test_a_danger_needs_force_besides(daemon):
    daemon.on("POST", PATH, confirm_first("danger"))
    done = run(*REGEN, "--yes", socket=daemon.socket)
    assert done.status == 1 and "danger  a CA-signed" in done.out and "--force" in done.err
    done = run(*REGEN, "--force", socket=daemon.socket)
    assert done.status == 1 and "--yes and --force" in done.err
    done = run(*REGEN, "--yes", "--force", socket=daemon.socket)
    assert done.status == 0 and daemon.requests[-1].one("force") == "1"


def test_a_person_is_shown_the_plan_and_asked(daemon):
    daemon.on("POST", PATH, confirm_first("warn"))
    with Terminal(*REGEN, socket=daemon.socket) as term:
        shown = term.expect(r"Proceed \(yes/no\)\? ")
        assert "A new key and certificate for tomcat" in shown and "\x1b[33mwarn" in shown
        term.send("maybe\n")
        term.expect(r"Proceed \(yes/no\)\? ")
        term.send("yes\n")
        term.expect("Successfully regenerated certificate for tomcat.")
        assert term.close() == 0
    first, second = daemon.requests
    assert (second.one("seen"), second.one("yes"), second.one("force")) == ("aa" * 32, "1", None)
    assert first.one("request") == second.one("request")


@pytest.mark.parametrize("answer", ["no\n", "\x04", "n\n"])
def test_a_person_can_say_no(daemon, answer):
    daemon.on("POST", PATH, confirm_first("warn"))
    with Terminal(*REGEN, socket=daemon.socket) as term:
        term.expect(r"Proceed \(yes/no\)\? ")
        term.send(answer)
        assert term.close() == 1 and "Nothing was changed." in term.all
    assert len(daemon.requests) == 1


def test_a_person_is_not_asked_about_a_danger_without_force(daemon):
    daemon.on("POST", PATH, confirm_first("danger"))
    with Terminal(*REGEN, socket=daemon.socket) as term:
        assert term.close() == 1
        assert "Proceed" not in term.all and "repeat the command with --force" in term.all and "\x1b[31mdanger" in term.all
    with Terminal(*REGEN, "--force", socket=daemon.socket) as term:
        term.expect("Proceed")
        term.send("yes\n")
        assert term.close() == 0
    assert daemon.requests[-1].one("force") == "1"


def test_no_color_means_no_colour(daemon):
    daemon.on("POST", PATH, confirm_first("danger"))
    with Terminal(*REGEN, socket=daemon.socket, NO_COLOR="1") as term:
        assert term.close() == 1 and "\x1b" not in term.all and "danger" in term.all


def test_a_plan_that_changed_is_shown_again(daemon):
    other = plan("warn", plan="bb" * 32, summary="Replace another one")
    daemon.steps("POST", PATH, problem(409, "confirmation-needed", "agree", plan=plan("warn")), problem(409, "plan-changed", "it changed", plan=other),
                 (201, change()))
    with Terminal(*REGEN, socket=daemon.socket) as term:
        term.expect("Proceed")
        term.send("yes\n")
        assert "Replace another one" in term.expect("Proceed")
        term.send("yes\n")
        assert term.close() == 0
    assert [r.one("seen") for r in daemon.requests] == [None, "aa" * 32, "bb" * 32]


def test_dry_run_only_shows_the_plan(daemon):
    daemon.on("POST", PATH, (200, plan("danger")))
    done = run(*REGEN, "--dry-run", socket=daemon.socket)
    assert done.status == 0 and done.out.startswith("Plan: ") and done.out.endswith("nothing was changed.\n")
    assert daemon.requests[0].one("dry_run") == "1"
    done = run(*REGEN, "--dry-run", "--json", socket=daemon.socket)
    assert done.json == plan("danger")


def test_json_never_asks(daemon):
    daemon.on("POST", PATH, confirm_first("warn"))
    with Terminal(*REGEN, "--json", socket=daemon.socket) as term:
        assert term.close() == 1 and "Proceed" not in term.all
    done = run(*REGEN, "--json", socket=daemon.socket)
    doc = done.json
    assert done.status == 1 and doc["code"] == "confirmation-needed" and doc["plan"]["worst"] == "warn"
    assert len(done.err.splitlines()) == 1
    done = run(*REGEN, "--json", "--yes", socket=daemon.socket)
    assert done.status == 0 and done.json["number"] == 8


def test_a_refusal_says_all_that_stands_in_the_way(daemon):
    findings = [{"weight": "refused", "code": "key-mismatch", "message": "it is for another key", "hint": None},
                {"weight": "warn", "code": "wildcard", "message": "it has a wildcard name", "hint": None}]
    daemon.on("POST", PATH, problem(422, "key-mismatch", "it is for another key", hint="Make a new request.", plan=plan("refused", findings=findings)))
    done = run(*REGEN, "--yes", "--force", socket=daemon.socket)
    assert (done.status, done.out) == (1, "")
    assert done.err.startswith("ucpki: it is for another key\n  Make a new request.\n") and "it has a wildcard name" in done.err
    assert done.err.count("it is for another key") == 1


def test_nothing_to_do_is_said_and_is_no_failure(daemon):
    note = [{"weight": "note", "code": "same", "message": "the store has this certificate already", "hint": None}]
    daemon.on("POST", "/certificates/trust/tomcat", (200, change(number=None, findings=note)))
    done = run("set", "cert", "import", "trust", "tomcat", stdin=PEM, socket=daemon.socket)
    assert done.status == 0 and done.out == "There was nothing to do.\n  note    the store has this certificate already\n"


def test_a_broken_connection_is_repeated_under_the_same_id(daemon):
    daemon.steps("POST", PATH, "hang up", "hang up", (201, change()))
    done = run(*REGEN, socket=daemon.socket)
    assert (done.status, done.out) == (0, DONE + UNDO)
    assert len({request.one("request") for request in daemon.requests}) == 1 and len(daemon.requests) == 3


def test_a_connection_that_stays_broken_says_that_the_outcome_is_unknown(daemon):
    daemon.on("POST", PATH, "hang up")
    done = run(*REGEN, socket=daemon.socket)
    assert done.status == 3 and "show change list" in done.err


def test_csr_gen_sends_what_it_is_told(daemon):
    daemon.on("POST", "/csrs/tomcat-ECDSA", (201, change(summary="Make a request")))
    done = run("set", "csr", "gen", "tomcat-ECDSA", "--distribution", "Multi-Server", "--cn", "uc.example.com", "--san", "a.example.com", "--san=b.example.com",
               "--parent-domain=", "--key", "ec-p521", "--hash", "sha512", "--country", "SE", "--state", "Skåne", "--locality", "Lund", "--organization",
               "Räksmörgås AB", "--ou", "Voice", socket=daemon.socket)
    assert done.status == 0 and done.out.splitlines()[0] == "Successfully Generated CSR for tomcat-ECDSA"
    assert json.loads(daemon.requests[0].body) == {
        "distribution": "multi-server", "common_name": "uc.example.com", "subject_alt_names": ["a.example.com", "b.example.com"], "parent_domain": "",
        "key": "ec-p521", "hash": "sha512", "country": "SE", "state": "Skåne", "locality": "Lund", "organization": "Räksmörgås AB",
        "organizational_unit": "Voice"}
    daemon.on("POST", "/csrs/tomcat", (201, change()))
    assert run("set", "csr", "gen", "tomcat", socket=daemon.socket).status == 0
    assert json.loads(daemon.requests[1].body) == {}


@pytest.mark.parametrize("words, method, path, sentence", [
    (["set", "csr", "delete", "tomcat"], "DELETE", "/csrs/tomcat", "Successfully deleted the CSR for tomcat."),
    (["set", "cert", "delete", "tomcat", "a/b.pem"], "DELETE", "/certificates/trust/tomcat/a%2Fb.pem", "Successfully deleted certificate a/b.pem from tomcat."),
    (["utils", "undo", "7"], "POST", "/changes/7/undo", "Successfully took back change 7."),
])
def test_other_changes(daemon, words, method, path, sentence):
    daemon.on(method, path, (201, change()))
    done = run(*words, socket=daemon.socket)
    assert done.status == 0 and done.out.startswith(sentence + "\n") and done.out.endswith(UNDO)


def test_a_purged_key_cannot_be_taken_back(daemon):
    daemon.on("DELETE", "/keys/0123", (201, change()))
    done = run("utils", "key", "purge", "0123", socket=daemon.socket)
    assert done.status == 0 and "undo" not in done.out


def test_effects_that_wait_or_failed_are_shown(daemon):
    effects = [{"node": "sub1", "effect": "files", "state": "pending", "detail": "", "at": None},
               {"node": "pub", "effect": "tls", "state": "failed", "detail": "port busy", "at": None}]
    daemon.on("POST", PATH, (201, change(effects=effects)))
    out = run(*REGEN, socket=daemon.socket).out
    assert "pending  files on sub1" in out and "failed   tls on pub: port busy" in out


def test_a_daemon_that_ends_in_the_middle_of_an_upload_is_no_crash(daemon):
    daemon.on("POST", "/certificates/own/tomcat", "hang up")
    daemon.reads_bodies = False
    done = run("set", "cert", "import", "own", "tomcat", stdin=b"x" * (4 * 1024 * 1024), socket=daemon.socket)
    assert done.status == 3 and "did not answer" in done.err


# Uploads


def test_an_upload_comes_from_a_file_or_standard_input_as_it_is(daemon, tmp_path):
    bytes_ = bytes(range(256)) * 40
    file = tmp_path / "x.p7b"
    file.write_bytes(bytes_)
    daemon.on("POST", "/certificates/own/tomcat", (201, change()))
    daemon.on("POST", "/certificates/trust/tomcat", (201, change()))
    done = run("set", "cert", "import", "own", "tomcat", str(file), socket=daemon.socket)
    assert done.status == 0 and done.out.startswith("Successfully imported certificate for tomcat.\n")
    for words in ([], ["-"]):
        done = run("set", "cert", "import", "trust", "tomcat", *words, "--description", "a & b", "--scope", "NODE", stdin=bytes_, socket=daemon.socket)
        assert done.status == 0 and done.err == ""
        assert daemon.requests[-1].query["description"] == ["a & b"] and daemon.requests[-1].query["scope"] == ["node"]
    assert [r.body for r in daemon.requests] == [bytes_] * 3
    assert daemon.requests[0].headers["Content-Type"] == "application/octet-stream" and "UCPKI-Password" not in daemon.requests[0].headers


def test_an_upload_can_be_pasted(daemon):
    daemon.on("POST", "/certificates/own/tomcat", confirm_first("warn"))
    with Terminal("set", "cert", "import", "own", "tomcat", socket=daemon.socket) as term:
        term.expect(r"Paste the certificate and end with Ctrl-D\.\n")
        term.send(PEM + "\x04")
        term.expect("Proceed")
        term.send("yes\n")
        assert term.close() == 0
    assert daemon.requests[1].body == PEM.encode()


@pytest.mark.parametrize("make, code", [
    (lambda p: None, "no-such-file"),
    (lambda p: p.mkdir(), "is-directory"),
    (lambda p: p.write_bytes(b"x" * (4 * 1024 * 1024 + 1)), "too-large"),
])
def test_a_file_that_cannot_be_read_never_reaches_the_daemon(daemon, tmp_path, make, code):
    make(tmp_path / "f")
    done = run("set", "cert", "import", "own", "tomcat", str(tmp_path / "f"), "--json", socket=daemon.socket)
    assert done.status == 1 and done.json["code"] == code and daemon.requests == []


def needs_password(request):
    given = request.headers.get("UCPKI-Password")
    if given is None:
        return problem(400, "password-needed", "the file is encrypted")
    return (201, change()) if given == "s3cret word" else problem(400, "wrong-password", "the password is wrong")


def test_a_password_comes_from_a_file(daemon, tmp_path):
    daemon.on("POST", "/certificates/own/tomcat", needs_password)
    secret = tmp_path / "secret"
    secret.write_text("s3cret word\nsecond line\n")
    assert run("set", "cert", "import", "own", "tomcat", "--password-file", str(secret), stdin=b"p12", socket=daemon.socket).status == 0
    secret.write_text("other")
    done = run("set", "cert", "import", "own", "tomcat", "--password-file", str(secret), stdin=b"p12", socket=daemon.socket)
    assert done.status == 1 and "the password is wrong" in done.err
    done = run("set", "cert", "import", "own", "tomcat", stdin=b"p12", socket=daemon.socket)
    assert done.status == 1 and "--password-file" in done.err
    secret.write_text(" other")  # the header would lose the blank
    done = run("set", "cert", "import", "own", "tomcat", "--password-file", secret, stdin=b"p12", socket=daemon.socket)
    assert done.status == 1 and "begins or ends with a blank" in done.err
    secret.write_bytes(b"a\x01b")
    done = run("set", "cert", "import", "own", "tomcat", "--password-file", str(secret), stdin=b"p12", socket=daemon.socket)
    assert done.status == 1 and "control character" in done.err


def test_a_password_is_asked_for_and_not_shown(daemon, tmp_path):
    daemon.on("POST", "/certificates/own/tomcat", needs_password)
    file = tmp_path / "x.p12"
    file.write_bytes(b"p12")
    with Terminal("set", "cert", "import", "own", "tomcat", str(file), socket=daemon.socket) as term:
        term.expect("Password of the file: ")
        term.send("wr0ng\n")
        term.expect("Password of the file: ")
        term.send("s3cret word\n")
        assert term.close() == 0
        assert "wr0ng" not in term.all and "s3cret" not in term.all
    assert len(daemon.requests) == 3


def test_the_password_of_an_account_is_asked_for_twice_or_read_from_a_file(daemon, tmp_path):
    daemon.on("POST", "/accounts/admin/password", (201, change()))
    with Terminal("set", "account", "password", "admin", socket=daemon.socket) as term:
        for word in ("a long enough one\n", "another one\n"):
            term.expect(": ")
            term.send(word)
        assert term.close() == 1 and "the two passwords differ" in term.all
    assert daemon.requests == []
    with Terminal("set", "account", "password", "admin", socket=daemon.socket) as term:
        for word in ("a long enough one\n", "a long enough one\n"):
            term.expect(": ")
            term.send(word)
        assert term.close() == 0 and "long" not in term.all and "Successfully set the password of admin." in term.all
    assert json.loads(daemon.requests[0].body) == {"password": "a long enough one"}
    secret = tmp_path / "secret"
    secret.write_text("a \"quoted\" one\n")
    assert run("set", "account", "password", "admin", "--password-file", secret, socket=daemon.socket).status == 0
    assert json.loads(daemon.requests[1].body) == {"password": 'a "quoted" one'}
    done = run("set", "account", "password", "admin", socket=daemon.socket)
    assert done.status == 1 and "--password-file" in done.err


def test_all_follow_ups_are_marked_however_many_there_are(daemon):
    """The daemon takes a thousand in one change."""
    ids = [f"node-{i}/reload/tftp" for i in range(2001)]
    daemon.on("GET", "/followups", (200, {"items": [{"id": one} for one in ids], "next": None}))
    daemon.on("POST", "/followups/done", (201, change()))
    assert run("set", "followup", "done", "all", socket=daemon.socket).status == 0
    sent = [json.loads(request.body)["ids"] for request in daemon.requests if request.method == "POST"]
    assert [len(some) for some in sent] == [1000, 1000, 1] and [one for some in sent for one in some] == ids
    # The first that is refused is the last that is asked for.
    daemon.requests.clear()
    daemon.on("POST", "/followups/done", problem(503, "read-only", "this node is read-only"))
    assert run("set", "followup", "done", "all", socket=daemon.socket).status != 0
    assert len([request for request in daemon.requests if request.method == "POST"]) == 1


def test_ctrl_c_at_the_password_changes_nothing_and_restores_the_terminal(daemon, tmp_path):
    daemon.on("POST", "/certificates/own/tomcat", needs_password)
    file = tmp_path / "x.p12"
    file.write_bytes(b"p12")
    with Terminal("set", "cert", "import", "own", "tomcat", str(file), socket=daemon.socket) as term:
        term.expect("Password of the file: ")
        term.send("\x03")
        assert term.close() == 1 and "no password was given" in term.all
