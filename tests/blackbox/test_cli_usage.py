"""The command line itself: wrong usage, help, completion, and what its documents say about it."""
import json
import re

import harness
import pytest
from cli_tool import PROGRAM, environment, run

pytestmark = pytest.mark.quick


@pytest.mark.parametrize("words, message, hint", [
    (["shwo", "cert"], "there is no command 'shwo'", "Did you mean 'show'?"),
    (["show", "crt", "list"], "'crt' is not known after 'show'", "Did you mean 'show cert'?"),
    (["show", "c"], "'c' can mean cert, csr, change, cluster", "Write more of it."),
    (["show", "cert"], "'show cert' is not complete: after it comes one of list, own,", "More: ucpki help show cert"),
    (["set", "cert", "regen"], "'set cert regen' needs PURPOSE", "More: ucpki help set cert regen"),
    (["set", "cert", "regen", ""], "PURPOSE is empty", "More: ucpki help set cert regen"),
    (["set", "cert", "regen", "tomcat", "now"], "'now' is one word too many after 'set cert regen tomcat'", "More:"),
    (["show", "status", "--ye"], "there is no option --ye", "Did you mean --yes?"),
    (["show", "status", "--yes"], "'show status' has no option --yes", "More: ucpki help show status"),
    (["show", "status", "-v"], "there is no option -v", "two dashes"),
    (["set", "cert", "regen", "tomcat", "--why", "--yes"], "--why needs a value", "write --why=--yes"),
    (["set", "cert", "regen", "tomcat", "--yes=1"], "--yes takes no value", "More:"),
    (["file", "get", "cert", "tomcat", "--format", "jks"], "--format is one of pem|der|chain|p7b, not 'jks'", "More:"),
    (["set", "cert", "regen", "tomcat", "--key", "a", "--key", "b"], "--key is there twice", "More:"),
    (["set", "cert", "regen", "tomcat", "--years", "many"], "--years is a number of years, not 'many'", "More:"),
    (["utils", "cert", "trust", "a.pem"], "--store STORE is missing", "show cert stores"),
    (["utils", "api", "FETCH", "/status"], "a request is GET, POST", "More:"),
    (["utils", "cert", "check", "x", "--at", "tomorrow"], "'tomorrow' is not a date or time", "More:"),
])
def test_wrong_usage_exits_2_and_says_what_and_what_to_do(words, message, hint):
    done = run(*words)
    assert done.status == 2, done
    assert done.out == ""
    assert done.err.startswith("ucpki: ")
    assert message in done.err
    assert hint in done.err


def test_wrong_usage_with_json_is_a_problem_document():
    done = run("--json", "show", "cret")
    assert done.status == 2
    doc = done.json
    assert doc["code"] == "no-such-command" and doc["status"] == 400 and "cret" in doc["detail"] and "show cert" in doc["hint"]
    assert len(done.err.splitlines()) == 1
    assert run("--bogus", "--json").json["code"] == "no-such-option"


def test_help_lists_the_commands_and_explains_one():
    everything = run("help").out
    for words in ("show cert list own|trust", "set cert import own PURPOSE [FILE]", "utils undo NUMBER", "utils cert check FILE..."):
        assert words in everything
    assert "complete" not in everything
    assert run("--help").out == everything == run("-h").out == run("?").out
    one = run("set", "csr", "gen", "?").out
    assert one == run("help", "set", "csr", "gen").out == run("set", "csr", "gen", "tomcat", "--help").out
    assert one.startswith("Usage: set csr gen PURPOSE [options]\n") and "--parent-domain DOMAIN" in one
    below = run("show", "csr", "?").out
    assert "show csr own PURPOSE" in below and "show cert" not in below


def test_version():
    version = run("version").out
    assert re.fullmatch(r"ucpki \d+\.\d+\.\d+\n", version)
    assert run("--version").out == version
    assert run("version", "--json").json["version"] == version.split()[1]


@pytest.mark.parametrize("line, found", [
    ([""], ["exit", "file", "help", "quit", "set", "show", "utils", "version"]),
    (["sh"], ["show"]),
    (["show", "c"], ["cert", "change", "cluster", "csr", "ctl"]),
    (["utils", "ctl", "update", "ctl"], ["CTLFile"]),
    (["set", "setting", "file"], ["file-signature"]),
    (["show", "phone", "list", "--list", ""], ["ctl", "itl"]),
    (["set", "cert", "regen", "TOM"], ["tomcat", "tomcat-ECDSA"]),
    (["set", "cert", "import", "trust", "tomcat"], ["tomcat-trust"]),
    (["set", "cert", "regen", "tomcat", "--d"], ["--dry-run"]),
    (["set", "cert", "regen", "tomcat", "--key", "ec-p3"], ["ec-p384"]),
    (["file", "get", "cert", "--format", "p"], ["p7b", "pem"]),
    (["nonsense", ""], []),
])
def test_completion(line, found):
    assert run("complete", "--", *line).out.split() == found


def complete_in_bash(*words):
    script = harness.ROOT / "packaging" / "ucpki.bash-completion"
    quoted = " ".join(f"'{w}'" for w in words)
    line = f"source '{script}'; COMP_WORDS=(ucpki {quoted}); COMP_CWORD={len(words)}; _ucpki; printf '%s\\n' \"${{COMPREPLY[@]}}\""
    return harness.run("bash", "--norc", "-c", line, env=environment("/nonexistent", PATH=f"{PROGRAM.parent}:/usr/bin:/bin"))


def test_bash_completion_asks_the_program():
    done = complete_in_bash("show", "cert", "li")
    assert (done.out, done.err) == ("list\n", "")
    assert complete_in_bash("set", "cert", "regen", "tomcat", "--ye").out == "--years\n--yes\n"


def test_the_manual_page_has_every_command_and_option():
    page = (harness.ROOT / "docs" / "man" / "ucpki.1").read_text()
    lines = [line for line in run("help").out.splitlines() if line.startswith("  ") and not line.startswith("  --")]
    assert len(lines) > 20
    for line in lines:
        words = re.split(r"\s{2,}", line.strip())[0]
        fixed = re.match(r"[a-z ]+", words)[0].rstrip()
        assert re.search(rf"^\.It Ic {fixed}\b", page, re.MULTILINE), words
        for option in re.findall(r"^  --([a-z-]+)", run("help", *fixed.split()).out, re.MULTILINE):
            assert re.search(rf"(Fl|,) -{option}\b", page), option
