"""The interactive shell on a terminal, and commands from standard input."""
import stat

import pytest
from cli_tool import Terminal, run
from fake_daemon import PEM, FakeDaemon, change, plan, problem, row

pytestmark = pytest.mark.quick
UP = "\x1b[A"


@pytest.fixture(name="daemon")
def daemon_fixture():
    with FakeDaemon() as daemon:
        daemon.on("GET", "/certificates", (200, {"items": [row()], "next": None}))
        yield daemon


def test_commands_run_at_the_prompt_and_are_remembered(daemon, tmp_path):
    with Terminal(socket=daemon.socket, home=tmp_path) as term:
        term.expect("admin:")
        term.send("show cert list own --where 'issuer contains \"A Bö証\"'\n")
        term.expect("tomcat/tomcat.pem: Self-signed")
        term.expect("admin:")
        term.send("quit\n")
        assert term.close() == 0
    assert daemon.requests[0].one("where") == 'issuer contains "A Bö証"'
    history = tmp_path / ".ucpki_history"
    assert stat.S_IMODE(history.stat().st_mode) == 0o600
    with Terminal(socket=daemon.socket, home=tmp_path) as term:
        term.expect("admin:")
        term.send(UP + UP + "\n")
        term.expect("tomcat/tomcat.pem: Self-signed")
        term.expect("admin:")
        term.send("\x04")
        assert term.close() == 0
    assert len(daemon.requests) == 2


def test_a_failure_leaves_the_shell_running(daemon, tmp_path):
    with Terminal(socket=daemon.socket, home=tmp_path) as term:
        term.expect("admin:")
        term.send("show crt\n")
        assert "error: 'crt' is not known after 'show'" in term.expect("More: help show")
        term.expect("admin:")
        term.send("show 'cert\n")
        term.expect("is left open")
        term.expect("admin:")
        term.send("show status\n")
        term.expect("nothing answers GET /api/v1/status")
        term.expect("admin:")
        term.send("exit\n")
        assert term.close() == 0


def test_tab_completes_and_lists(daemon, tmp_path):
    (tmp_path / "only one.pem").write_text("x")
    with Terminal(socket=daemon.socket, home=tmp_path) as term:
        term.expect("admin:")
        term.send("sh\tcer\tli\tow\t\n")
        term.expect("tomcat/tomcat.pem: Self-signed")
        term.expect("admin:")
        term.send("show c\t")
        listed = term.expect("csr\n")
        assert "cert\n" in listed and "change\n" in listed
        term.expect("admin:show c")
        term.send(f"\x15utils cert check {tmp_path}/on\t\n")
        term.expect("only one.pem")
        term.expect("admin:")
        term.send("exit\n")
        assert term.close() == 0
    assert daemon.requests[0].one("usage") == "own"


def test_question_mark_tells_what_can_follow(daemon, tmp_path):
    with Terminal(socket=daemon.socket, home=tmp_path) as term:
        term.expect("admin:")
        term.send("show csr ?")
        shown = term.expect("admin:show csr ")
        assert "show csr list own" in shown and "show csr own PURPOSE" in shown and "show cert" not in shown
        term.send("\x15show cert list own --where 'issuer contains ?'\n")
        term.expect("tomcat/tomcat.pem")
        term.expect("admin:")
        term.send("exit\n")
        assert term.close() == 0
    assert daemon.requests[0].one("where") == "issuer contains ?"


def test_ctrl_c_gives_the_line_up(daemon, tmp_path):
    with Terminal(socket=daemon.socket, home=tmp_path) as term:
        term.expect("admin:")
        term.send("set cert regen tomcat\x03")
        term.expect(r"\^C")
        term.expect("admin:")
        term.send("show cert list own\n")
        term.expect("tomcat/tomcat.pem")
        term.expect("admin:")
        term.send("\x04")
        assert term.close() == 0
    assert [r.method for r in daemon.requests] == ["GET"]


def test_questions_and_pastes_work_in_the_shell(daemon, tmp_path):
    daemon.on("POST", "/certificates/own/tomcat", lambda request: (201, change()) if request.one("yes") else
              problem(409, "confirmation-needed", "agree", plan=plan("warn")))
    with Terminal(socket=daemon.socket, home=tmp_path) as term:
        term.expect("admin:")
        term.send("set cert import own tomcat\n")
        term.expect(r"Ctrl-D\.\n")
        term.send(PEM + "\x04")
        shown = term.expect(r"Proceed \(yes/no\)\? ")
        assert "\x1b[33m" not in shown
        term.send("\x03")
        term.expect("Nothing was changed.")
        term.expect("admin:")
        term.send("set cert import own tomcat\n")
        term.expect(r"Ctrl-D\.\n")
        term.send("half\n\x03")
        term.expect("broken off")
        term.expect("admin:")
        term.send("set cert import own tomcat\n")
        term.expect(r"Ctrl-D\.\n")
        term.send(PEM + "\x04")
        term.expect("Proceed")
        term.send("yes\n")
        term.expect("Take it back with: utils undo 8")
        term.expect("admin:")
        term.send("exit\n")
        assert term.close() == 0
    assert [r.one("yes") for r in daemon.requests] == [None, None, "1"]


def test_options_of_the_start_hold_for_the_session(daemon, tmp_path):
    with Terminal("--json", socket=daemon.socket, home=tmp_path) as term:
        term.expect("admin:")
        term.send("show cert list own\n")
        term.expect('"items": ')
        term.send("exit\n")
        assert term.close() == 0


def test_commands_come_from_standard_input(daemon, tmp_path):
    done = run(socket=daemon.socket, stdin="# a comment\n\nshow cert list own\nshow cert list own # again\nexit\nshow nonsense\n", home=tmp_path)
    assert (done.status, done.err) == (0, "")
    assert done.out.count("tomcat/tomcat.pem: ") == 2 and "admin:" not in done.out
    assert not (tmp_path / ".ucpki_history").exists()


def test_the_first_failure_ends_a_script_with_its_status(daemon):
    done = run(socket=daemon.socket, stdin="show cert list own\nshow status\nset cert delete tomcat x\n")
    assert done.status == 1 and done.err.endswith("stopped at line 2\n")
    assert [r.path for r in daemon.requests] == ["/api/v1/certificates", "/api/v1/status"]
    assert run(socket=daemon.socket, stdin="show crt\n").status == 2
    assert run(socket=daemon.folder + "/none", stdin="show status\n").status == 3
    assert run(socket=daemon.socket, stdin="").status == 0


def test_an_upload_in_a_script_takes_the_rest_of_the_input(daemon):
    daemon.on("POST", "/certificates/own/tomcat", (201, change()))
    assert run(socket=daemon.socket, stdin="set cert import own tomcat\n" + PEM).status == 0
    assert daemon.requests[0].body == PEM.encode()
