"""Sessions of the console: signing in and out, the cookie and the token beside it, what ends a session, and who may not use one."""
import base64
import os
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from glob import glob

import pytest

from cluster import PUB, SUB1
from forge import Authority
from harness import FQDN, NAME, environment
from wire import Client

COOKIE = "__Host-ucpki"
MINUTE = 60
PASSWORD = "another, longer password"


class Browser(Client):
    """Keeps the cookie as a browser does, and the second token as the console does."""

    def __init__(self, node):
        super().__init__(node, tls=True)
        self.token = self.csrf = self.answer = None
        self.console = {"UCPKI-Console": "1"}

    def __call__(self, method, path, query=(), body=None, headers=None, csrf=True):
        """csrf: True sends the session's own, None none, a text that one."""
        headers = {**self.console, **(headers or {})}
        if self.token is not None and "Cookie" not in headers:
            headers["Cookie"] = f"{COOKIE}={self.token}"
        if csrf is True:
            csrf = self.csrf
        if csrf is not None and method not in ("GET", "HEAD"):
            headers["UCPKI-CSRF"] = csrf
        return super().__call__(method, path, query, body, headers)

    def sign_in(self, password=None, **more):
        self.answer = self("POST", "/session", (), {"account": "admin", "password": password or self.node.password}, **more).expect(201)
        self.token = re.match(rf"{COOKIE}=([\w-]+);", self.answer.headers["set-cookie"])[1]
        self.csrf = self.answer.json["csrf"]
        return self

    def ended(self, word=""):
        """The session is over, and it is said why."""
        problem = self("GET", "/status").expect(401, "session-ended").json
        assert word in problem["detail"] and problem["hint"], problem
        self("POST", "/csrs/TVS", {"dry_run": 1}, {}).expect(401, "session-ended")
        self("GET", "/session").expect(401, "session-ended")


@pytest.fixture
def browsers():
    """browsers(node): a browser that has not signed in."""
    made = []

    def make(node):
        made.append(Browser(node))
        return made[-1]

    yield make
    for browser in made:
        browser.close()


# -- signing in


@pytest.mark.quick
def test_signing_in_gives_a_cookie_that_only_this_host_gets_over_TLS_and_no_script_reads(shared_node, browsers):
    browser = browsers(shared_node).sign_in()
    assert re.fullmatch(rf"{COOKIE}=[A-Za-z0-9_-]{{43}}; Path=/; Secure; HttpOnly; SameSite=Strict", browser.answer.headers["set-cookie"])
    assert browser.answer.headers["cache-control"] == "no-store"
    told = browser.answer.json
    assert set(told) == {"account", "csrf", "node", "fqdn", "idle_seconds", "ends_at"}
    assert (told["account"], told["node"], told["fqdn"], told["idle_seconds"]) == ("admin", NAME, FQDN, 1800)
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", told["csrf"]) and told["csrf"] != browser.token
    assert browser.token.encode() not in browser.answer.body
    left = datetime.fromisoformat(told["ends_at"].replace("Z", "+00:00")) - datetime.now(timezone.utc)
    assert timedelta(hours=11) < left <= timedelta(hours=12, seconds=1)
    again = browser("GET", "/session").expect(200)
    assert {**again.json, "ends_at": ""} == {**told, "ends_at": ""} and "set-cookie" not in again.headers


def test_a_wrong_password_or_account_gives_no_cookie_and_says_the_same(new_node, browsers):
    node = new_node.copy()
    browser = browsers(node)
    details = set()
    for account, password in (("admin", "wrong"), ("admin", ""), ("nobody", node.password), ("Admin", node.password), ("", ""), ("admin", node.password + "x")):
        answer = browser("POST", "/session", (), {"account": account, "password": password}).expect(401, "wrong-password")
        assert "set-cookie" not in answer.headers
        details.add(answer.json["detail"])
    assert len(details) == 1


@pytest.mark.parametrize("body, status, code", [
    ({}, 400, "argument-missing"),
    ({"account": "admin"}, 400, "argument-missing"),
    ({"password": "x"}, 400, "argument-missing"),
    ({"account": ["admin"], "password": "x"}, 400, "argument-missing"),
    ({"account": "admin", "password": None}, 400, "argument-missing"),
    ({"account": "admin", "password": "x", "remember": True}, 400, "unknown-argument"),
    ({"account": "admin", "password": "x" * 17000}, 413, "too-large"),
    ("account=admin&password=x", 400, "bad-json"),
    ('{"account":"admin","account":"admin","password":"x"}', 400, "bad-json"),
    ('{"account":"admin\\u0000","password":"x"}', 400, "bad-json"),
])
def test_a_sign_in_that_is_not_well_formed_is_refused(shared_node, browsers, body, status, code):
    answer = browsers(shared_node)("POST", "/session", (), body).expect(status, code)
    assert "set-cookie" not in answer.headers


def test_ten_wrong_passwords_brake_the_console_and_basic_together_and_sessions_go_on(new_node, browsers):
    node = new_node.copy()
    browser = browsers(node).sign_in()
    other = browsers(node)
    for i in range(10):
        if i % 2:
            node.api("GET", "/status", auth=("admin", "guess")).expect(401, "wrong-password")
        else:
            other("POST", "/session", (), {"account": "admin", "password": "guess"}).expect(401, "wrong-password")
    answer = other("POST", "/session", (), {"account": "admin", "password": node.password}).expect(401, "too-many-failures")
    assert "set-cookie" not in answer.headers and "127.0.0.1" in answer.json["detail"]
    node.api("GET", "/status").expect(401, "too-many-failures")
    browser("GET", "/status").expect(200)


@pytest.mark.quick
def test_the_server_chooses_the_token_whatever_cookie_comes(shared_node, browsers):
    """A cookie that somebody has planted must not become a session that he knows."""
    browser = browsers(shared_node)
    planted = "A" * 43
    browser.sign_in(headers={"Cookie": f"{COOKIE}={planted}"})
    assert browser.token != planted
    thief = browsers(shared_node)
    thief.token = planted
    thief.ended()
    assert browser("GET", "/status").status == 200


@pytest.mark.quick
def test_signing_in_anew_ends_the_session_before_and_failing_to_does_not(shared_node, browsers):
    browser, before = browsers(shared_node).sign_in(), browsers(shared_node)
    before.token, before.csrf = browser.token, browser.csrf
    browser("POST", "/session", (), {"account": "admin", "password": "wrong"}).expect(401, "wrong-password")
    before("GET", "/status").expect(200)
    browser.sign_in()
    assert browser.token != before.token and browser.csrf != before.csrf
    before.ended()
    browser("GET", "/status").expect(200)


# -- what a session may do


@pytest.mark.quick
def test_a_session_asks_with_its_cookie_alone_and_changes_with_its_token_besides(node, browsers):
    browser = browsers(node).sign_in()
    other = browsers(node).sign_in()
    for method in ("GET", "HEAD"):
        for path in ("/status", "/certificates", "/session"):
            browser(method, path, csrf=None).expect(200)
    root, head = Authority("Session Root"), node.head
    for csrf in (None, "", "x", browser.token, other.csrf, browser.csrf + "A", browser.csrf[:-1], browser.csrf.swapcase()):
        problem = browser("POST", "/certificates/trust/tomcat-trust", {"yes": 1}, root.pem, csrf=csrf).expect(403, "csrf").json
        assert "UCPKI-CSRF" in problem["detail"] and "UCPKI-CSRF" in problem["hint"]
        browser("POST", "/certificates/trust/tomcat-trust", {"dry_run": 1}, root.pem, csrf=csrf).expect(403, "csrf")
        browser("DELETE", "/csrs/tomcat", csrf=csrf).expect(403, "csrf")
        browser("DELETE", "/session", csrf=csrf).expect(403, "csrf")
    assert node.head == head
    number = browser("POST", "/certificates/trust/tomcat-trust", {"yes": 1, "why": "in the console"}, root.pem).expect(201).json["number"]
    change = browser.get(f"/changes/{number}")
    assert (change["who"], change["why"]) == ("admin", "in the console")
    browser("DELETE", "/certificates/trust/tomcat-trust/Session_Root.pem", {"yes": 1}).expect(201)


def test_a_page_of_another_site_can_neither_use_a_session_nor_begin_one(node, browsers):
    browser = browsers(node).sign_in()
    for foreign in ({"Origin": "https://evil.example.com"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}):
        browser("POST", "/csrs/TVS", {"yes": 1}, {}, headers=foreign).expect(403, "forbidden")
        browser("DELETE", "/session", headers=foreign).expect(403, "forbidden")
        answer = browser("POST", "/session", (), {"account": "admin", "password": node.password}, headers=foreign).expect(403, "forbidden")
        assert "set-cookie" not in answer.headers
    assert node.head == 1
    own = {"Origin": f"https://127.0.0.1:{node.port}", "Sec-Fetch-Site": "same-origin"}
    browser("POST", "/csrs/TVS", {"yes": 1}, {}, headers=own).expect(201)


@pytest.mark.quick
def test_the_authorization_header_counts_and_not_the_cookie_beside_it(shared_node, browsers):
    node = shared_node
    browser = browsers(node).sign_in()
    basic = {"Authorization": "Basic " + base64.b64encode(f"admin:{node.password}".encode()).decode()}
    wrong = {"Authorization": "Basic " + base64.b64encode(b"admin:wrong").decode()}
    browser.console = {}
    browser("GET", "/status", headers=wrong).expect(401, "wrong-password")
    browser("GET", "/status", headers={"Authorization": "Bearer x"}).expect(401, "token-invalid")
    browser("GET", "/status", headers={"Authorization": "Digest x"}).expect(401, "sign-in-needed")
    browser("POST", "/csrs/TVS", {"dry_run": 1}, {}, headers=basic, csrf=None).expect(200)
    browser("GET", "/session", headers=basic).expect(401, "no-session")
    browser("DELETE", "/session", headers=basic).expect(401, "no-session")
    browser.token = "nonsense"
    browser("GET", "/status", headers=basic).expect(200)


@pytest.mark.quick
def test_in_the_console_the_session_counts_and_not_a_password_that_the_browser_remembers(shared_node, browsers):
    node = shared_node
    browser = browsers(node).sign_in()
    basic = {"Authorization": "Basic " + base64.b64encode(f"admin:{node.password}".encode()).decode()}
    browser("POST", "/csrs/TVS", {"dry_run": 1}, {}, headers=basic, csrf=None).expect(403, "csrf")
    browser("GET", "/session", headers=basic).expect(200)
    browser("DELETE", "/session", headers=basic).expect(204)
    browser("GET", "/status", headers=basic).expect(401, "session-ended")


def test_on_the_unix_socket_cookies_do_not_count(node, browsers):
    browser = browsers(node).sign_in()
    with Client(node) as client:
        client.headers = {"Cookie": f"{COOKIE}={browser.token}"}
        client("GET", "/session").expect(401, "no-session")
        client("DELETE", "/session").expect(401, "no-session")
        number = client("POST", "/csrs/TVS", {"yes": 1}, {}).expect(201).json["number"]
        assert client.get(f"/changes/{number}")["who"] == f"uid {os.geteuid()}"
        client.headers = {"Cookie": f"{COOKIE}=nonsense"}
        client.get("/status")
    browser("GET", "/status").expect(200)


@pytest.mark.quick
@pytest.mark.parametrize("cookie, code", [
    ("", "sign-in-needed"),
    ("other={token}", "sign-in-needed"),
    ("x__Host-ucpki={token}", "sign-in-needed"),
    ("__Host-ucpki", "sign-in-needed"),
    ("__host-ucpki={token}", "sign-in-needed"),
    ("__Host-ucpki=", "session-ended"),
    ("__Host-ucpki=x", "session-ended"),
    ("__Host-ucpki={token}x", "session-ended"),
    ("__Host-ucpki=\"{token}\"", "session-ended"),
    ("__Host-ucpki=" + "A" * 10000, "session-ended"),
    ("__Host-ucpki={token}", None),
    ("a=b; __Host-ucpki={token}; c=d", None),
    (" ;; __Host-ucpki={token} ;", None),
])
def test_the_cookie_is_found_among_others_and_taken_exactly(shared_node, browsers, cookie, code):
    browser = browsers(shared_node).sign_in()
    answer = browser("GET", "/status", headers={"Cookie": cookie.replace("{token}", browser.token)})
    answer.expect(401, code) if code else answer.expect(200)


def test_many_sessions_work_at_once(node, browsers):
    def work(_):
        browser = browsers(node).sign_in()
        statuses = [browser("GET", "/session").status for _ in range(10)]
        assert browser("GET", "/session").json["csrf"] == browser.csrf
        return statuses + [browser("DELETE", "/session").status, browser("GET", "/status").status]

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, range(8))) == [[200] * 10 + [204, 401]] * 8


# -- how it ends


@pytest.mark.quick
def test_signing_out_ends_this_session_and_takes_the_cookie_back(shared_node, browsers):
    browser, other = browsers(shared_node).sign_in(), browsers(shared_node).sign_in()
    answer = browser("DELETE", "/session").expect(204)
    assert answer.body == b""
    assert answer.headers["set-cookie"] == f"{COOKIE}=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Strict"
    browser.ended()
    browser("DELETE", "/session").expect(401, "session-ended")
    other("GET", "/status").expect(200)
    browser.token = None
    browser("GET", "/session").expect(401, "no-session")
    browser("GET", "/status").expect(401, "sign-in-needed")


def test_a_new_password_ends_every_session_of_the_account_that_of_who_set_it_included(node, browsers):
    one, two = browsers(node).sign_in(), browsers(node).sign_in()
    one("POST", "/accounts/admin/password", {"dry_run": 1}, {"password": PASSWORD, "current": node.password}).expect(200)
    two("GET", "/status").expect(200)
    one("POST", "/accounts/admin/password", {"yes": 1}, {"password": PASSWORD, "current": node.password}).expect(201)
    one.ended("password")
    two.ended("password")
    browsers(node)("POST", "/session", (), {"account": "admin", "password": node.password}).expect(401, "wrong-password")
    three = browsers(node).sign_in(PASSWORD)
    # Also the same one again: whoever sets a password wants all others out.
    three("POST", "/accounts/admin/password", {"yes": 1}, {"password": PASSWORD, "current": PASSWORD}).expect(201)
    three.ended("password")


def test_a_session_alone_does_not_take_an_account_over(node, browsers):
    """Who finds a browser that is signed in must tell the present password to set another one, and cannot try them all."""
    browser = browsers(node).sign_in()
    set_to = lambda client, **body: client("POST", "/accounts/admin/password", {"yes": 1}, {"password": PASSWORD, **body})
    assert set_to(browser).expect(400, "argument-missing").json["field"] == "current"
    assert browser("POST", "/accounts/ADMIN/password", {"dry_run": 1}, {"password": PASSWORD}).expect(400, "argument-missing").json["field"] == "current"
    problem = set_to(browser, current="not the right one").expect(422, "wrong-password").json
    assert problem["field"] == "current" and "not the right one" not in str(problem)
    # A dry run does not look at it: the console makes one while somebody is typing.
    browser("POST", "/accounts/admin/password", {"dry_run": 1}, {"password": PASSWORD, "current": "not"}).expect(200)
    # The same holds for whoever sends the password with each request.
    body = {"password": PASSWORD}
    assert node.api("POST", "/accounts/admin/password", json_body=body, query=[("yes", "1")]).expect(400, "argument-missing").json["field"] == "current"
    for _ in range(9):
        set_to(browser, current="not the right one").expect(422, "wrong-password")
    problem = set_to(browser, current=node.password).expect(422, "too-many-failures").json
    assert problem["field"] == "current"
    browser("GET", "/status").expect(200)  # is still signed in
    # On the Unix socket the kernel says who asks: that is how one gets in again who has lost the password.
    with Client(node) as client:
        assert set_to(client).expect(201).json["task"] == "account-password"
    browser.ended("password")


def test_a_new_password_set_on_another_node_ends_it_too(cluster, browsers):
    publisher, subscriber = cluster.up(PUB, SUB1)
    cluster.settle()
    browser = browsers(subscriber).sign_in(cluster.password)
    other = browsers(publisher)
    other.token, other.csrf = browser.token, browser.csrf
    other.ended("not known")  # a session is one node's
    publisher.do("POST", "/accounts/admin/password", {"password": PASSWORD})
    cluster.settle()
    browser.ended("password")
    browser.sign_in(PASSWORD)("GET", "/status").expect(200)


def test_the_end_of_the_daemon_ends_the_session(node, browsers):
    browser = browsers(node).sign_in()
    browser.close()
    node.restart()
    browser.ended("not known")
    browser.sign_in()("GET", "/status").expect(200)


def test_neither_token_is_on_the_disk(node, browsers):
    browser = browsers(node).sign_in()
    browser("POST", "/csrs/TVS", {"yes": 1}, {}).expect(201)
    files = [path for path in node.folder.rglob("*") if path.is_file()]
    assert len(files) > 5
    for path in files:
        content = path.read_bytes()
        assert browser.token.encode() not in content and browser.csrf.encode() not in content, path


def test_the_seventeenth_session_of_an_account_takes_the_place_of_the_longest_idle(new_node, browsers):
    node = new_node.copy()
    all_of_them = [browsers(node).sign_in() for _ in range(16)]
    for i in (0, *range(2, 16)):
        all_of_them[i]("GET", "/status").expect(200)
    browsers(node).sign_in()("GET", "/status").expect(200)
    states = [browser("GET", "/status").status for browser in all_of_them]
    # Uses within the same second count as equally long ago.
    assert states.count(401) == 1 and states.count(200) == 15


@pytest.fixture
def slow_clock(new_node, tmp_path):
    """A node whose clocks, the monotonic one too, can be put forward: move(seconds)."""
    library = glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
    assert library, "libfaketime is not installed (scripts/install-deps names what is needed)"
    shift = tmp_path / "shift"
    shift.write_text("+0s\n")
    node = new_node.copy(start=False)
    checks = ":".join(filter(None, [environment().get("ASAN_OPTIONS"), "verify_asan_link_order=0"]))
    node.env = {"LD_PRELOAD": library[0], "FAKETIME_TIMESTAMP_FILE": shift, "FAKETIME_NO_CACHE": "1", "ASAN_OPTIONS": checks}
    node.start()
    gone = 0

    def move(seconds):
        nonlocal gone
        gone += seconds
        beside = shift.with_suffix(".new")
        beside.write_text(f"+{gone}s\n")
        beside.replace(shift)

    return node, move


def test_half_an_hour_without_a_request_ends_a_session_and_polling_is_no_request(slow_clock, browsers):
    node, move = slow_clock
    working, polling = browsers(node).sign_in(), browsers(node).sign_in()
    for _ in range(2):
        move(20 * MINUTE)
        for browser in (working, polling):
            browser.close()  # the server has taken the connection for idle
        working("GET", "/status").expect(200)
        answer = polling("GET", "/status", headers={"UCPKI-Console": "background"})
    answer.expect(401, "session-ended")
    assert "half an hour" in answer.json["detail"]
    polling("GET", "/status").expect(401, "session-ended")
    for _ in range(33):
        move(20 * MINUTE)
        working.close()
        working("GET", "/status").expect(200)
    move(20 * MINUTE)
    working.close()
    answer = working("GET", "/status").expect(401, "session-ended")
    assert "12 hours" in answer.json["detail"]


# -- the browser's own dialog


@pytest.mark.quick
@pytest.mark.parametrize("value", ["1", "background", "", "anything"])
def test_the_console_is_not_challenged_and_others_are(shared_node, browsers, value):
    browser = browsers(shared_node)
    calls = [("GET", "/status", None), ("GET", "/session", None), ("POST", "/session", {"account": "admin", "password": "wrong"}), ("POST", "/oauth/token", "grant_type=client_credentials")]
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for token in (None, "ended"):
        browser.token = token
        for method, path, body in calls:
            more = form if path.startswith("/oauth") else {}
            if path == "/session" and method == "POST" and value != "1":
                continue  # ten wrong passwords would be one too many
            answer = browser(method, path, (), body, headers={"UCPKI-Console": value, **more})
            assert answer.status == 401 and "www-authenticate" not in answer.headers, str(answer)
    client = Client(shared_node, tls=True)
    for headers in ({}, {"Cookie": f"{COOKIE}=ended"}):
        for method, path, body in calls[:2]:
            answer = client(method, path, (), body, headers)
            assert answer.status == 401 and answer.headers["www-authenticate"] == 'Basic realm="ucpki", charset="UTF-8"'
    client.close()


@pytest.mark.quick
def test_a_401_names_every_way_to_sign_in(shared_node):
    hint = shared_node.api("GET", "/status", auth=None).expect(401, "sign-in-needed").json["hint"]
    assert all(word in hint for word in ("Basic", "Bearer", "console"))
