"""The API under /api/v1 as a client meets it: the OpenAPI document against the routes, problems (RFC 9457), sign-in, JSON bodies, pages and conditions, previews."""
import base64
import json
import os
import re
import shutil
import socket
import subprocess
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote as percent

import pytest

from books import audit
from conftest import Makers
from forge import Authority, dns_names
from harness import CALL_SECONDS, FQDN, NAME, blocks, der, fingerprint, parse_http
from wire import Client

# Common names that are awkward in a query, a file name, SQL, JSON, or a full-text index.
ODD = ["O'Brien", 'say "cheese"', "100% sure", "under_score", "star*", "back\\slash", "semi;colon -- drop", "a AND b OR NOT c", "NEAR(x y)", "name:value", "(brackets)", "curly{}",
       "plus+and&amp;=", "tab\there", "Ünïcödé ÄÖÜ", "Ελληνικά", "ПРИВЕТ мир", "日本語の名前", "emoji 🔑", "  blanks  inside  ", "ſharp ß", "x", "per%cent%20", "^caret$", "-dash", ".dot", "#hash",
       "a/b/c", "../../etc/passwd", "new\nline", "<script>alert(1)</script>"]


def trust_rows(client, *where, **query):
    return client.rows("trust", [*[("where", one) for one in where], *query.items()])


class Place:
    """A node with a pending CSR, a bundle of odd names in Phone-trust, and a root in tomcat-trust; the tests that share it change nothing."""

    def __init__(self, node):
        self.node, self.client = node, Client(node)
        self.root = Authority("Api Root")
        node.csr("tomcat-ECDSA")
        self.client("POST", "/certificates/trust/tomcat-trust", {"yes": 1}, self.root.pem).expect(201)
        bundle = "".join(Authority(cn).pem for cn in ODD)
        self.client("POST", "/certificates/trust/Phone-trust", {"yes": 1, "description": "odd % names_"}, bundle).expect(201)
        self.key = self.client.get("/certificates/own/tomcat")["key"]["id"]
        self.doc = node.api("GET", "/openapi.json", auth=None).expect(200).json
        self.itl = self.client.get("/lists/ITL")["version"]["version"]
        self.asset = re.search(r'src="/assets/([^"]+)"', node.api("GET", "//", auth=None).body.decode())[1]


@pytest.fixture(scope="module")
def place(template):
    makers = Makers(template)
    place = Place(makers.copy())
    before = audit(place.node)
    yield place
    after = audit(place.node)
    place.client.close()
    makers.end()
    assert after == before, "requests that were to change nothing have changed something"


# -- the OpenAPI document


METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
SAMPLES = {"purpose": "tomcat-ECDSA", "store": "tomcat-trust", "name": "Api_Root.pem", "number": "1", "which": "signing", "list": "ITL", "device": "SEP001122334455"}


def operations(doc):
    for path, item in doc["paths"].items():
        for method, operation in item.items():
            yield method, path, operation


def filled(place, path):
    """The path with something that exists for each of its parameters."""
    values = {**SAMPLES, "id": place.key}
    if path.startswith("/api/v1/accounts/"):
        values["name"] = "admin"
    if path.startswith("/api/v1/nodes/"):
        values["name"] = NAME
    if path.startswith("/api/v1/settings/"):
        values["name"] = "file-signature"
    if path.startswith("/assets/"):
        values["name"] = place.asset
    return "/" + re.sub(r"\{(\w+)\}", lambda m: percent(values[m[1]]), path)


# A value of each documented parameter that is right.
VALUES = {
    "usage": "own", "where": "name contains a", "match": "any", "sort": "-expires", "limit": "5", "cursor": None, "format": "der", "object": "own/tomcat", "dry_run": "1", "yes": "0",
    "force": "0", "seen": None, "why": "because", "request": None, "description": "text", "scope": "cluster", "peer": None, "name": "host.example.com", "node": NAME, "state": "done", "fix": "0",
    "search": "tomcat", "who": "admin", "task": "install", "from": "2026-01-01", "to": "2099-12-31T00:00:00Z", "distribution": "multi-server", "key": "ec-p256",
    "version": None, "list": "CTL", "stale": "1",
}

# What needs a cluster, or another one, or a session, is refused by a single node on its socket before there is a plan: the status and code.
ALONE = {
    ("get", "/api/v1/jobs/{id}"): (404, "no-job"), ("post", "/api/v1/nodes"): (422, "not-shared"), ("delete", "/api/v1/nodes/{name}"): (422, "publisher-stays"),
    ("post", "/api/v1/cluster/join"): (422, "not-shared"), ("post", "/api/v1/cluster/resync"): (422, "not-shared"), ("post", "/api/v1/cluster/move"): (400, "bad-store-url"),
    ("get", "/api/v1/phones/{device}"): (404, "no-phone"),
    ("get", "/api/v1/session"): (401, "no-session"), ("delete", "/api/v1/session"): (401, "no-session"),
}
OPEN = {"/", "/assets/{name}", "/api/v1/openapi.json", "/api/v1/cluster/join", "/api/v1/oauth/token", "/api/v1/oauth/jwks"}
SESSION = [{"session": []}]
SECURITY = {("post", "/api/v1/session"): [], ("get", "/api/v1/session"): SESSION, ("delete", "/api/v1/session"): SESSION}
CONSOLE = ("/", "/assets/{name}")


def value_of(place, path, name):
    if name == "version" or (name == "cursor" and path.endswith("/versions")):
        return place.itl
    if name == "cursor" and path.endswith("/phones"):
        return "SEP"
    if name == "cursor":
        kind = "/changes" if path.endswith(("/changes", "/jobs")) else "/certificates"
        return place.client.get(kind, {"limit": 1})["next"]
    if name == "peer":
        return f"127.0.0.1:{place.node.port}"
    if name == "request":
        return str(uuid.uuid4())
    if name == "seen":
        return "0" * 64  # compared only when a task is carried out
    return VALUES[name]


def body_of(place, method, path):
    if method != "post":
        return None
    bodies = {
        "/api/v1/accounts/{name}/password": {"password": "a long enough one"}, "/api/v1/nodes": {"node": "sub1"}, "/api/v1/nodes/{name}/rename": {"domain": "other.example"},
        "/api/v1/followups/done": {"ids": ["cluster/backup/backup"]}, "/api/v1/cluster/move": {"url": "mysql://db.example.com/x"},
        "/api/v1/authz/compare": {"peers": [f"127.0.0.1:{place.node.port}"], "account": "admin", "password": "not the right one"},
        "/api/v1/session": {"account": "admin", "password": place.node.password},
        "/api/v1/lists/mode": {"mode": "mixed-mode"}, "/api/v1/settings/{name}": {"value": "sha512"},
        "/api/v1/oauth/token": "grant_type=refresh_token&refresh_token=x", "/api/v1/oauth/introspect": "token=x",
    }
    if path in bodies:
        return bodies[path]
    return place.root.pem if "certificates/trust" in path or "trust-check" in path or path.endswith("/inspect") else {} if "own/{purpose}" not in path or "regenerate" in path else place.root.pem


def harmless(operation):
    """A query that keeps an operation from changing anything."""
    return [("dry_run", 1)] if any(p["name"] == "dry_run" for p in operation["parameters"]) else []


def needed(place, path):
    return [("peer", value_of(place, path, "peer"))] if path.endswith("/probe") else []


def send(place, method, path, query):
    form = path.startswith("/api/v1/oauth/") and method == "post"
    return place.client(method.upper(), filled(place, path), query, body_of(place, method, path), {"Content-Type": "application/x-www-form-urlencoded"} if form else {})


def ask(place, method, path, operation, query=()):
    return send(place, method, path, [*harmless(operation), *needed(place, path), *query])


@pytest.mark.quick
def test_the_document_is_well_formed(place):
    doc = place.doc
    assert doc["openapi"].startswith("3.1") and doc["info"]["title"] == "ucpki" and doc["info"]["version"]
    ids = [operation["operationId"] for _, _, operation in operations(doc)]
    assert len(ids) == len(set(ids)) and len(ids) > 25
    schemas = doc["components"]["schemas"]
    assert set(schemas["Problem"]["required"]) == {"type", "title", "status", "detail", "code"}
    for method, path, operation in operations(doc):
        assert method in METHODS and operation["summary"], path
        assert operation["responses"]["default"]["content"]["application/problem+json"]["schema"]["$ref"] == "#/components/schemas/Problem"
        in_path = {p["name"] for p in operation["parameters"] if p["in"] == "path"}
        assert in_path == set(re.findall(r"\{(\w+)\}", path)), path
        assert all(p["required"] for p in operation["parameters"] if p["in"] == "path")
        every = [] if path in OPEN else [{"basic": []}, {"bearer": []}, *SESSION]
        assert operation["security"] == SECURITY.get((method, path), every), path
        assert "requestBody" not in operation or method == "post", path


@pytest.mark.quick
def test_each_documented_operation_answers_as_documented(place):
    for method, path, operation in operations(place.doc):
        answer = ask(place, method, path, operation)
        if (method, path) in ALONE:
            answer.expect(*ALONE[method, path])
            continue
        documented = {int(status) for status in operation["responses"] if status != "default"}
        # Planning to purge a key in use, or to undo the installation, or to upload what is no answer to the CSR, is refused with the plan.
        assert answer.status in documented | {422}, f"{method} {path}: {answer}"
        if answer.status == 422:
            assert answer.json["plan"]["dry_run"] is True, f"{method} {path}: {answer}"
        else:
            types = operation["responses"][str(answer.status)]["content"]
            assert answer.headers["content-type"].split(";")[0] in types, f"{method} {path}: {answer}"
        assert answer.headers["cache-control"] == "no-store" or path in CONSOLE


def test_each_documented_parameter_is_taken(place):
    taken = 0
    for method, path, operation in operations(place.doc):
        for parameter in operation["parameters"]:
            name = parameter["name"]
            if parameter["in"] != "query" or name in [k for k, _ in [*harmless(operation), *needed(place, path)]]:
                continue
            if path.endswith("/trust-check/{store}") and name == "name":
                continue  # is of use with a peer only: below
            answer = ask(place, method, path, operation, [(name, value_of(place, path, name))])
            code = (answer.json or {}).get("code")
            assert answer.status in (200, 422) or (answer.status, code) == ALONE.get((method, path)), f"{method} {path}?{name}: {answer}"
            assert code not in ("unknown-parameter", "repeated-parameter"), f"{method} {path}?{name}: {answer}"
            taken += 1
    assert taken > 50
    place.client("POST", "/trust-check/tomcat-trust", {"peer": f"127.0.0.1:{place.node.port}", "name": FQDN}).expect(200)


def test_what_is_not_documented_is_refused(place):
    for method, path, operation in operations(place.doc):
        if path == "/":
            ask(place, method, path, operation, [("nonsense", "1")]).expect(200)  # the console reads it
            continue
        answer = ask(place, method, path, operation, [("nonsense", "1")]).expect(400, "unknown-parameter")
        assert answer.json["field"] == "nonsense"
        names = {p["name"]: p for p in operation["parameters"] if p["in"] == "query"}
        for name in set(VALUES) - set(names):
            if name in ("peer", "cursor"):
                continue
            ask(place, method, path, operation, [(name, "1")]).expect(400, "unknown-parameter")
        for name, parameter in names.items():
            pair = (name, value_of(place, path, name))
            repeated = send(place, method, path, [pair, pair])
            if parameter["schema"]["type"] == "array":
                repeated.expect(200)
            else:
                repeated.expect(400, "repeated-parameter")


@pytest.mark.parametrize("kind, wrong, code", [("boolean", ["", "maybe", "2", "on", "1 "], "bad-flag"), ("integer", ["", "-1", "1.5", "0x10", "99999999999999999999", "five"], "bad-number")])
def test_flags_and_numbers_are_read_strictly(place, kind, wrong, code):
    asked = 0
    for method, path, operation in operations(place.doc):
        for parameter in operation["parameters"]:
            if parameter["in"] == "query" and parameter["schema"]["type"] == kind:
                for value in wrong:
                    answer = send(place, method, path, [(parameter["name"], value)]).expect(400, code)
                    assert answer.json["field"] == parameter["name"]
                    asked += 1
    assert asked > 10


def test_a_method_that_is_not_documented_is_refused_and_the_others_are_named(place):
    for path in place.doc["paths"]:
        # What another pattern serves as well is documented there.
        items = [item for pattern, item in place.doc["paths"].items() if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", pattern), path)]
        allowed = {method.upper() for item in items for method in item} | ({"HEAD"} if any("get" in item for item in items) else set())
        for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"):
            if method in allowed:
                continue
            answer = place.client(method, filled(place, path))
            assert answer.status == 405, f"{method} {path}: {answer}"
            if method in ("GET", "HEAD", "POST", "DELETE"):
                assert set(answer.headers["allow"].split(", ")) == allowed, f"{method} {path}: {answer}"


@pytest.mark.parametrize("path", ["//nothing", "//api", "//api/", "//api/v1", "//api/v1/", "//api/v2/status", "//api/v1/Status", "//api/v1/status/", "//api/v1//status", "//api/v1/certificates/own",
                                  "//api/v1/certificates/own/", "//api/v1/certificates/trust/tomcat-trust/", "//api/v1/changes/1/redo", "//api/v1/../v1/status", "//api/v1/%2e%2e/v1/status",
                                  "//index.html", "//api/v1/certificates/trust/tomcat-trust/a%2Fb/c/d"])
def test_a_path_that_does_not_exist_is_404(place, path):
    place.node.api("GET", path, options=["--path-as-is"]).expect(404, "no-such-route")


# -- problems


def failing(place):
    """A call for each kind of failure."""
    big = bytes(4 * 1024 * 1024 + 1)
    return [
        (("GET", "/nothing"), 404, "no-such-route"),
        (("DELETE", "/status"), 405, "method-not-allowed"),
        (("GET", "/status", {"x": 1}), 400, "unknown-parameter"),
        (("GET", "/certificates/own/tomkat"), 404, "no-purpose"),
        (("GET", "/certificates/own/cup"), 404, "no-identity"),
        (("GET", "/certificates/trust/nowhere/a.pem"), 404, "no-store"),
        (("GET", "/certificates/trust/tomcat-trust/Api_Rot.pem"), 404, "no-certificate"),
        (("GET", "/certificates/own/tomcat/content", {"format": "jks"}), 400, "bad-format"),
        (("GET", "/certificates", {"usage": "both"}), 400, "bad-usage"),
        (("GET", "/certificates", {"match": "some"}), 400, "bad-match"),
        (("GET", "/certificates", {"sort": "colour"}), 400, "bad-sort"),
        (("GET", "/certificates", {"where": "colour is red"}), 400, "bad-condition"),
        (("GET", "/certificates", {"cursor": "bogus"}), 400, "bad-cursor"),
        (("GET", "/certificates", {"limit": 1001}), 400, "bad-number"),
        (("GET", "/csrs/tomcat"), 404, "no-csr"),
        (("GET", "/csrs/tomcat-ECDSA/content", {"format": "p7b"}), 400, "bad-format"),
        (("GET", "/changes/999999"), 404, "no-change"),
        (("GET", "/changes/one"), 400, "bad-number"),
        (("GET", "/changes", {"cursor": "x"}), 400, "bad-cursor"),
        (("POST", "/changes/999999/undo"), 404, "no-change"),
        (("POST", "/changes/1/undo", {"yes": 1}), 422, "not-undoable"),
        (("POST", "/certificates/own/tomcat/regenerate", (), {}), 409, "confirmation-needed"),
        (("POST", "/certificates/own/tomcat/regenerate", {"yes": 1, "seen": "0" * 64}, {}), 409, "plan-changed"),
        (("POST", "/certificates/own/tomcat/regenerate", {"yes": 1}, {"key": "ec-p384"}), 422, "key-family"),
        (("POST", "/certificates/own/tomcat/regenerate", {"yes": 1}, {"key": "rsa-1024"}), 400, "bad-key-kind"),
        (("POST", "/certificates/own/tomcat/regenerate", {"yes": 1}, {"years": 0}), 400, "bad-years"),
        (("POST", "/certificates/own/tomcat/regenerate", {"yes": 1}, {"hash": "md5"}), 400, "bad-hash"),
        (("POST", "/certificates/own/tomcat-ECDSA/regenerate", {"yes": 1}, {"hash": "sha256"}), 422, "hash-too-weak"),
        (("POST", "/certificates/own/cup/regenerate", {"yes": 1}, {}), 422, "purpose-not-here"),
        (("POST", "/certificates/own/CallManager/regenerate", {"yes": 1}, {"key": "rsa-3072"}), 409, "confirmation-needed"),
        (("POST", "/csrs/ITLRecovery", {"yes": 1}, {}), 422, "not-requestable"),
        (("POST", "/csrs/TVS", {"yes": 1}, {"distribution": "multi-server"}), 422, "not-multi-server"),
        (("POST", "/csrs/TVS", {"yes": 1}, {"distribution": "all"}), 400, "bad-distribution"),
        (("POST", "/csrs/TVS", {"yes": 1}, {"country": "Germany"}), 400, None),
        (("POST", "/csrs/TVS", {"yes": 1}, {"subject_alt_names": ["bad..name"]}), 400, None),
        (("POST", "/csrs/TVS", {"yes": 1}, {"subject_alt_names": "a.example.com"}), 400, "bad-argument"),
        (("POST", "/csrs/TVS", {"yes": 1}, {"common_name": 5}), 400, "bad-argument"),
        (("POST", "/csrs/TVS", {"yes": 1}, {"comon_name": "x"}), 400, "unknown-argument"),
        (("DELETE", "/csrs/TVS", {"yes": 1}), 404, "no-csr"),
        (("DELETE", "/certificates/trust/tomcat/tomcat.pem", {"yes": 1}), 422, "identity-certificate"),
        (("DELETE", "/certificates/trust/tomcat-trust/none.pem", {"yes": 1}), 404, "no-certificate"),
        (("DELETE", f"/keys/{place.key}", {"yes": 1, "force": 1}), 422, "key-in-use"),
        (("DELETE", "/keys/..%2Fmaster", {"yes": 1, "force": 1}), 404, "no-key"),
        (("POST", "/certificates/trust/tomcat-trust", {"scope": "world"}, place.root.pem), 400, "bad-scope"),
        (("POST", "/certificates/trust/tomcat-trust", {"description": "x" * 401}, place.root.pem), 413, "description-long"),
        (("POST", "/certificates/trust/tomcat-trust", (), b""), 400, "empty-file"),
        (("POST", "/certificates/trust/tomcat-trust", (), big), 413, "too-large"),
        (("POST", "/certificates/own/TVS", (), place.root.pem), 422, "no-pending-csr"),
        (("POST", "/accounts/admin/password", {"yes": 1}, {"password": "short"}), 400, "password-short"),
        (("POST", "/accounts/admin/password", {"yes": 1}, {}), 400, "argument-missing"),
        (("POST", "/accounts/nobody/password", {"yes": 1}, {"password": "long enough, surely"}), 404, "no-account"),
        (("GET", "/lists/XTL"), 404, "no-list"),
        (("GET", "/lists/CTL"), 404, "no-list"),
        (("GET", "/lists/CTL/content"), 404, "no-list"),
        (("GET", "/lists/ITL", {"version": "0" * 64}), 404, "no-list"),
        (("GET", "/lists/ITL/content", {"version": "../etc"}), 400, "bad-version"),
        (("GET", "/lists/ITL", {"node": "nowhere"}), 404, "no-node"),
        (("GET", "/lists/ITL/versions", {"cursor": "0" * 64}), 400, "bad-cursor"),
        (("POST", "/lists/XTL/update", {"yes": 1}), 404, "no-list"),
        (("POST", "/lists/CTL/update", {"yes": 1}), 422, "ctl-none"),
        (("POST", "/lists/CTL/reset", {"yes": 1}), 422, "ctl-none"),
        (("POST", "/lists/mode", (), {"mode": "mixed-mode"}), 409, "confirmation-needed"),
        (("POST", "/lists/mode", {"yes": 1}, {"mode": "secure"}), 400, "bad-mode"),
        (("POST", "/lists/mode", {"yes": 1}, {}), 400, "argument-missing"),
        (("POST", "/lists/mode", {"yes": 1}, {"cluster": "mixed-mode"}), 400, "unknown-argument"),
        (("GET", "/phones", {"list": "XTL"}), 404, "no-list"),
        (("GET", "/phones/SEP000000000000"), 404, "no-phone"),
        (("POST", "/settings/nothing", {"yes": 1}, {"value": "on"}), 404, "no-setting"),
        (("POST", "/settings/phone-fill", {"yes": 1}, {"value": "perhaps"}), 400, "bad-setting"),
        (("POST", "/settings/phone-fill", {"yes": 1}, {"value": True}), 400, None),
        (("POST", "/settings/cluster-mode", {"yes": 1}, {"value": "mixed"}), 422, "setting-by-command"),
        (("GET", "/probe"), 400, "argument-missing"),
        (("GET", "/probe", {"peer": "nonsense"}), 400, "bad-peer"),
        (("GET", "/probe", {"peer": "127.0.0.1:1"}), 502, "peer-refused"),
        (("GET", "/probe", {"peer": "host.invalid:443"}), 502, "peer-unknown"),
        (("POST", "/inspect", (), b"rubbish"), 400, "no-certificate-found"),
        (("POST", "/inspect", (), big), 413, "too-large"),
        (("GET", "/csrs/authz/defaults"), 422, "not-requestable"),
        (("GET", "/csrs/TVS/defaults", {"distribution": "multi-server"}), 422, "not-multi-server"),
        (("POST", "/trust-check/nowhere", (), place.root.pem), 404, "no-store"),
        (("POST", "/trust-check/tomcat-trust", (), b"rubbish"), 400, "no-certificate-found"),
    ]


def check_problem(answer, status):
    assert answer.status == status and answer.headers["content-type"] == "application/problem+json", str(answer)
    assert answer.headers["cache-control"] == "no-store", str(answer)
    problem = answer.json
    assert set(problem) <= {"type", "title", "status", "detail", "code", "field", "hint", "plan"}, str(answer)
    assert problem["status"] == status and problem["type"] == f"urn:ucpki:problem:{problem['code']}", str(answer)
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", problem["code"]), str(answer)
    assert problem["title"].lower().replace(" ", "-") == problem["code"], str(answer)
    assert problem["detail"] and "\n" not in problem["detail"], str(answer)
    for member in ("field", "hint"):
        assert member not in problem or (isinstance(problem[member], str) and problem[member]), str(answer)
    for word in ("/src/", ".c:", "(null)", "SQL", "sqlite"):
        assert word not in problem["detail"], str(answer)


@pytest.mark.quick
def test_every_failure_is_a_problem_document_with_its_code_RFC_9457(place):
    for arguments, status, code in failing(place):
        answer = place.client(*arguments)
        assert answer.status == status, f"{arguments[:3]}: {answer}"
        check_problem(answer, status)
        assert code is None or answer.json["code"] == code, f"{arguments[:3]}: {answer}"
        assert ("plan" in answer.json) == (code in ("confirmation-needed", "plan-changed", "not-undoable", "key-in-use", "no-pending-csr", "ctl-none", "setting-by-command")), f"{arguments[:3]}: {answer}"


@pytest.mark.quick
def test_a_name_that_is_nearly_right_is_answered_with_the_right_one(place):
    assert "Api_Root.pem" in place.client("GET", "/certificates/trust/tomcat-trust/Api_Rot").json["hint"]
    assert "Api_Root.pem" in place.client("DELETE", "/certificates/trust/tomcat/api_root", {"yes": 1, "dry_run": 1}).json.get("hint", "Api_Root.pem")


# -- signing in


def test_without_sign_in_everything_but_the_open_pages_is_401(place):
    for method, path, operation in operations(place.doc):
        answer = place.node.api(method.upper(), filled(place, path), auth=None, data=b"{}" if method == "post" else None)
        if operation["security"] == []:
            status = 400 if path.endswith(("/oauth/token", "/session")) else ALONE.get((method, path), (200,))[0]
            assert answer.status == status, f"{path}: {answer}"
            continue
        answer.expect(401, "no-session" if operation["security"] == SESSION else "sign-in-needed")
        assert answer.headers["www-authenticate"] == 'Basic realm="ucpki", charset="UTF-8"'
        check_problem(answer, 401)


BAD_HEADERS = ["Basic", "Basic ", "Basic !!!", "Basic " + base64.b64encode(b"admin").decode(), "Basic " + base64.b64encode(b"adm\0in:x").decode(), "Bearer", "Digest username=admin",
               "Basic" + "A" * 5000]


@pytest.mark.parametrize("header", BAD_HEADERS, ids=range(len(BAD_HEADERS)))
def test_a_malformed_sign_in_is_401(place, header):
    place.node.api("GET", "/status", auth=None, headers=[f"Authorization: {header}"]).expect(401, "sign-in-needed")


def test_a_wrong_password_or_account_is_401_and_says_the_same(new_node):
    node = new_node.copy()
    details = set()
    for auth in (("admin", "wrong"), ("admin", ""), ("nobody", node.password), ("", ""), ("Admin", node.password), ("admin", node.password + "x"), ("admin'--", "x")):
        details.add(node.api("GET", "/status", auth=auth).expect(401, "wrong-password").json["detail"])
    assert len(details) == 1
    node.api("GET", "/status").expect(200)


def test_after_ten_wrong_passwords_a_peer_is_braked_and_others_are_not(new_node):
    node = new_node.copy()
    node.api("GET", "/status").expect(200)  # is remembered as right, which must not matter
    for _ in range(10):
        node.api("GET", "/status", auth=("admin", "guess")).expect(401, "wrong-password")
    for auth in (True, ("admin", "guess")):
        answer = node.api("GET", "/status", auth=auth).expect(401, "too-many-failures")
        assert "127.0.0.1" in answer.json["detail"] and "minute" in answer.json["hint"]
    node.api("GET", "/status", options=["--interface", "127.0.0.2"]).expect(200)
    with Client(node) as client:
        client.get("/status")
    node.api("GET", "/openapi.json", auth=None).expect(200)


def test_an_administrator_on_the_unix_socket_needs_no_password_and_is_named_in_the_log(node):
    with Client(node) as client:
        number = client("POST", "/certificates/trust/tomcat-trust", {"why": "for the test"}, Authority("Who").pem).expect(201).json["number"]
        change = client.get(f"/changes/{number}")
        assert change["who"] == f"uid {os.geteuid()}" and change["why"] == "for the test"
    number = node.api("DELETE", "/certificates/trust/tomcat-trust/Who.pem", query=[("yes", 1)]).expect(201).json["number"]
    assert node.get(f"/changes/{number}")["who"] == "admin"


def test_another_user_of_the_machine_needs_a_password_on_the_unix_socket(node):
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("needs root, to become another user")
    node.folder.chmod(0o755)
    mode = node.socket.stat().st_mode & 0o777
    assert mode & 0o007 == 0, "others may not even connect"
    # What the group may do is tried with the socket's own group.
    words = ["setpriv", "--reuid", "65534", "--regid", str(node.socket.stat().st_gid), "--clear-groups", "curl", "-sS", "-D", "-", "--max-time", str(CALL_SECONDS), "--unix-socket",
             str(node.socket)]

    def ask(*more):
        return parse_http(subprocess.run([*words, *more, "http://localhost/api/v1/status"], capture_output=True, timeout=CALL_SECONDS, check=True).stdout)

    ask().expect(401, "sign-in-needed")
    ask("-u", f"admin:{node.password}").expect(200)
    ask("-u", "admin:wrong").expect(401, "wrong-password")


def test_a_new_password_counts_at_once_and_the_old_one_no_longer(node):
    old = node.password
    node.api("GET", "/status").expect(200)
    node.api("POST", "/accounts/admin/password", json_body={"password": "a new, much longer one", "current": node.password}, query=[("yes", 1)]).expect(201)
    node.api("GET", "/status", auth=("admin", "a new, much longer one")).expect(200)
    node.api("GET", "/status", auth=("admin", old)).expect(401, "wrong-password")
    written = b"".join(path.read_bytes() for path in node.folder.rglob("*") if path.is_file())
    assert b"a new, much longer one" not in written


# -- bodies


def post_json(place, raw):
    return place.client("POST", "/csrs/TVS", {"dry_run": 1}, raw, {"Content-Type": "application/json"})


BAD_JSON = {
    "nothing but blanks": b"   ", "not JSON": b"{common_name: 1}", "an array": b"[]", "a text": b'"x"', "null": b"null", "cut off": b'{"key": "rsa-2048"', "two objects": b"{}{}",
    "rubbish behind it": b"{} x", "a name twice": b'{"key": "rsa-2048", "key": "rsa-4096"}', "not UTF-8": b'{"common_name": "\xff\xfe"}', "a NUL": b'{"common_name": "a\\u0000b"}',
    "a raw NUL": b'{"common_name": "a\0b"}', "half a surrogate": b'{"common_name": "\\ud800"}', "a comment": b"{/* x */}", "a single quote": b"{'key': 'rsa-2048'}",
    "a number too large": b'{"years": 1e999}', "a trailing comma": b'{"key": "rsa-2048",}', "a form": b"key=rsa-2048", "a byte order mark": b"\xef\xbb\xbf{}",
}


@pytest.mark.parametrize("raw", BAD_JSON.values(), ids=[name.replace(" ", "-") for name in BAD_JSON])
def test_a_body_that_is_no_JSON_object_is_refused(place, raw):
    answer = post_json(place, raw).expect(400, "bad-json")
    assert "line 1" in answer.json["detail"], answer


def test_a_body_that_is_nested_too_deep_is_refused_whatever_its_size(place):
    for opening in (b'{"a":', b"["):
        for depth in (17, 1000, 1_000_000):
            start = b"{" if opening == b"[" else b""
            body = (b'{"a":' if start else b"") + opening * depth
            assert post_json(place, body).expect(400, "json-too-deep").json["detail"]
    # Brackets in a text do not count.
    assert post_json(place, json.dumps({"common_name": "[" * 50}).encode()).status == 200


def test_without_a_body_the_defaults_are_taken(place):
    plan = place.client("POST", "/csrs/TVS", {"dry_run": 1}).expect(200).json
    assert plan["steps"] == place.client("POST", "/csrs/TVS", {"dry_run": 1}, {}).expect(200).json["steps"]


def test_a_chunked_body_is_taken_and_one_that_is_too_large_is_cut_off(place):
    chunked = ["-H", "Transfer-Encoding: chunked"]
    place.node.api("POST", "/certificates/trust/tomcat-trust", data=place.root.pem.encode(), query=[("dry_run", 1)], options=chunked).expect(200)
    place.node.api("POST", "/certificates/trust/tomcat-trust", data=bytes(9 * 1024 * 1024), query=[("dry_run", 1)], options=chunked).expect(413, "body-too-large")
    assert place.node.running


def raw_request(node, data):
    """Sends bytes over the Unix socket; returns what comes back until the server closes or is silent for a moment."""
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(CALL_SECONDS)
        s.connect(str(node.socket))
        s.sendall(data)
        s.shutdown(socket.SHUT_WR)
        out = b""
        while chunk := s.recv(65536):
            out += chunk
        return out


@pytest.mark.parametrize("head", [
    b"GET /api/v1/status HTTP/1.1\r\n", b"GET /api/v1/status HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n", b"POST /api/v1/csrs/TVS HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n",
    b"POST /api/v1/csrs/TVS HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n", b"POST /api/v1/csrs/TVS HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n",
    b"GET /api/v1/%zz HTTP/1.1\r\nHost: x\r\n", b"GET /api/v1/%00 HTTP/1.1\r\nHost: x\r\n", b"GET /api/v1/certificates/own/%C0%AF HTTP/1.1\r\nHost: x\r\n",
    b"GET /api/v1/certificates?where=%ff HTTP/1.1\r\nHost: x\r\n", b"GET /api/v1/status?%00=1 HTTP/1.1\r\nHost: x\r\n", b"GET /api/v1/status HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 40000 + b"\r\n",
    b"NONSENSE\r\n"])
def test_a_malformed_request_is_400_and_nothing_else_happens(place, head):
    answer = raw_request(place.node, head + b"\r\n")
    assert answer.startswith(b"HTTP/1.1 400 ") or answer == b"", answer[:300]
    place.client.close()
    place.client.get("/status")


# -- pages, order, conditions


def fold(text):
    """Letters of Latin-1, Greek and Cyrillic in lower case, as the search does it."""
    return "".join(c.lower() if c.isascii() or 0xC0 <= ord(c) < 0x530 and len(c.lower()) == 1 else c for c in text)


COLUMNS = {
    "name": lambda r: fold(r["name"]), "common-name": lambda r: fold(r["common_name"]), "usage": lambda r: r["usage"], "unit": lambda r: fold(r["unit"]), "type": lambda r: r["type"],
    "key-type": lambda r: fold(r["key_type"]), "subject": lambda r: fold(r["subject"]), "issuer": lambda r: fold(r["issuer"]), "serial": lambda r: r["serial"],
    "fingerprint": lambda r: r["fingerprint"], "description": lambda r: fold(r["description"]), "expires": lambda r: r["not_after"], "starts": lambda r: r["not_before"],
}


def identity(row):
    return (row["usage"], row["unit"], row["name"], row["fingerprint"])


@pytest.mark.parametrize("usage", ["own", "trust"])
def test_pages_of_any_size_give_every_row_once(place, usage):
    whole = place.client.rows(usage)
    assert len(whole) == (9 if usage == "own" else 9 + 1 + len(ODD))
    assert {row["usage"] for row in whole} == {usage}
    for limit in (1, 2, 7, len(whole) - 1, len(whole), len(whole) + 1):
        rows = place.client.rows(usage, limit=limit)
        assert [identity(row) for row in rows] == [identity(row) for row in whole], limit
    assert len(set(map(identity, whole))) == len(whole)
    assert place.client.get("/certificates", {"usage": usage})["total"] == len(whole)
    both = place.client.get("/certificates", {"limit": 1000})
    assert both["next"] is None and both["total"] == len(both["items"]) == len(place.client.rows("own")) + len(place.client.rows("trust"))


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("sign", ["", "-"])
def test_each_column_sorts_both_ways_across_pages(place, column, sign):
    whole = {identity(row) for row in place.client.rows("trust")}
    rows = place.client.rows("trust", {"sort": sign + column}, limit=10)
    assert {identity(row) for row in rows} == whole and len(rows) == len(whole)
    keys = [COLUMNS[column](row).encode() for row in rows]
    assert keys == sorted(keys, reverse=bool(sign)), keys


def test_a_cursor_belongs_to_its_list(place):
    first = place.client.get("/certificates", {"usage": "trust", "limit": 3, "sort": "name"})
    for other in ({"sort": "-name"}, {"sort": "expires"}):
        place.client("GET", "/certificates", {"usage": "trust", "limit": 3, "cursor": first["next"], **other}).expect(400, "bad-cursor")
    for cursor in ("", "x", "A" * 2000, first["next"][:-2], first["next"] + "AA", "'; DROP TABLE entry; --"):
        place.client("GET", "/certificates", {"usage": "trust", "limit": 3, "sort": "name", "cursor": cursor}).expect(400, "bad-cursor")


def test_pages_go_on_while_the_list_changes(node):
    with Client(node) as client:
        client("POST", "/certificates/trust/Phone-trust", (), "".join(Authority(f"m{i:02}").pem for i in range(10, 30))).expect(201)
        query = {"usage": "trust", "where": "unit is Phone-trust", "sort": "name", "limit": 8}
        first = client.get("/certificates", query)
        client("POST", "/certificates/trust/Phone-trust", (), Authority("m10a").pem + Authority("m29a").pem).expect(201)
        client("DELETE", f"/certificates/trust/Phone-trust/{first['items'][-1]['name']}", {"yes": 1}).expect(201)
        rest, cursor = [], first["next"]
        while cursor:
            page = client.get("/certificates", {**query, "cursor": cursor})
            rest += page["items"]
            cursor = page["next"]
        names = [row["name"] for row in first["items"] + rest]
        assert names == sorted(set(names)) and {f"m{i}.pem" for i in range(10, 30)} | {"m29a.pem"} == set(names)


NEEDLES = [*ODD, "%", "_", "*", "'", '"', "\\", "ünï", "ΕΛΛ", "привет", "名前", "🔑", "obrien", "O'BRIEN", "and b or", "::", "()", "a", "ab", "zzz"]
OPERATORS = {
    "contains": lambda value, needle: needle in value, "begins with": str.startswith, "ends with": str.endswith, "is": str.__eq__,
}


@pytest.mark.parametrize("operator", OPERATORS)
def test_conditions_find_what_they_say_whatever_the_characters(place, operator):
    rows = place.client.rows("trust")
    found_some = 0
    for column in ("common-name", "name", "subject", "description"):
        for needle in NEEDLES:
            plain = needle.strip(" \t")
            if "\n" in needle or plain.startswith('"') and plain.endswith('"') and len(plain) > 1:
                continue
            expected = {identity(row) for row in rows if OPERATORS[operator](COLUMNS[column](row), fold(plain))}
            found = {identity(row) for row in trust_rows(place.client, f"{column} {operator} {needle}")}
            assert found == expected, f"{column} {operator} {needle!r}"
            found_some += bool(expected)
    assert found_some > 20


def test_conditions_are_combined_by_all_or_any(place):
    rows = place.client.rows("trust")
    first, second = "unit is tomcat-trust", "key-type contains P-256"
    one, two = ({identity(row) for row in trust_rows(place.client, where)} for where in (first, second))
    assert one == {identity(row) for row in rows if row["unit"] == "tomcat-trust"} and two == {identity(row) for row in rows if "P-256" in row["key_type"]}
    assert {identity(row) for row in trust_rows(place.client, first, second)} == one & two
    assert {identity(row) for row in trust_rows(place.client, first, second, match="any")} == one | two
    assert {identity(row) for row in trust_rows(place.client, "description is empty")} == {identity(row) for row in rows if row["description"] == ""}
    assert {identity(row) for row in trust_rows(place.client, "expires before 2035-01-01", "starts after 2020-01-01T00:00:00Z")} == \
        {identity(row) for row in rows if row["not_after"] < "2035-01-01"}


@pytest.mark.parametrize("where", ["", " ", "name", "name contains", "name like x", "colour is red", "expires contains 2026", "expires before yesterday", "expires before 2026-13-01", "name before 2026-01-01",
                                   "contains name x", "name contains " + "x" * 1001])
def test_a_condition_that_cannot_be_understood_is_refused(place, where):
    answer = place.client("GET", "/certificates", {"where": where}).expect(400, "bad-condition")
    assert answer.json["field"] == "where"


def test_more_than_ten_conditions_are_refused(place):
    where = [("where", f"name contains {i}") for i in range(11)]
    place.client("GET", "/certificates", where[:10]).expect(200)
    place.client("GET", "/certificates", where).expect(400, "bad-condition")


def test_a_certificate_is_found_under_its_encoded_name(place):
    for row in place.client.rows("trust", {"where": "unit is Phone-trust"}):
        assert re.fullmatch(r"[A-Za-z0-9._@-]+\.pem", row["name"]) and not row["name"].startswith("."), row["name"]
        for name in (row["name"], row["name"].removesuffix(".pem")):
            encoded = "".join(f"%{b:02X}" for b in name.encode())
            answer = place.client("GET", f"/certificates/trust/Phone-trust/{encoded}").expect(200)
            assert answer.json["fingerprint"] == row["fingerprint"]
        content = place.client("GET", f"/certificates/trust/phone/{percent(row['name'])}/content", {"format": "der"}).expect(200)
        assert fingerprint(content.body) == row["fingerprint"]
        assert re.fullmatch(r'attachment; filename="[A-Za-z0-9._@-]+"', content.headers["content-disposition"])


@pytest.mark.parametrize("name", ["..%2F..%2Fstore.db", "%2e%2e", "a%0d%0aSet-Cookie:x", "%C3%A9", "'", "%22", "*", "%25", "Api_Root.pem%20"])
def test_a_name_that_is_in_no_store_is_404_whatever_its_characters(place, name):
    answer = place.node.api("GET", f"/certificates/trust/tomcat-trust/{name}", options=["--path-as-is"]).expect(404, "no-certificate")
    assert "set-cookie" not in answer.headers
    check_problem(answer, 404)


# -- downloads and HEAD


def test_the_root_is_a_page(place):
    for auth in (True, None):
        answer = place.node.api("GET", "//", auth=auth).expect(200)
        assert answer.headers["content-type"] == "text/html; charset=utf-8" and b"/api/v1/openapi.json" in answer.body
        assert answer.body == place.node.api("GET", "//?where=name%20contains%20a&%%", auth=auth).expect(200).body


def test_HEAD_is_GET_without_the_body(place):
    for method, path, operation in operations(place.doc):
        if method != "get" or path.endswith("/probe"):
            continue
        got = place.client("GET", filled(place, path))
        head = place.client("HEAD", filled(place, path))
        assert head.status == got.status and head.body == b"", path
        for name in ("content-type", "cache-control", "content-disposition"):
            assert head.headers.get(name) == got.headers.get(name), (path, name)
        if path != "/api/v1/status":
            assert head.headers["content-length"] == str(len(got.body)), path


def test_downloads_in_each_format(place):
    chain = place.client.get("/certificates/own/tomcat")["chain"]
    answers = {form: place.client("GET", "/certificates/own/tomcat/content", {"format": form}).expect(200) for form in ("pem", "der", "chain", "p7b")}
    assert der(answers["pem"].body.decode()) == answers["der"].body
    assert len(blocks(answers["chain"].body.decode())) == len(chain)
    assert fingerprint(answers["der"].body) == chain[0]["fingerprint"]
    assert [answers[form].headers["content-type"] for form in ("pem", "der", "chain", "p7b")] == \
        ["application/x-pem-file", "application/pkix-cert", "application/x-pem-file", "application/x-pkcs7-certificates"]


# -- previews, agreement, repetition


def tasks(place_root):
    """Tasks on a fresh node in an order in which each can be done: (method, path, body)."""
    return [
        ("POST", "/csrs/tomcat", {"common_name": "preview.example.com", "subject_alt_names": ["a.example.com", "192.0.2.7"]}),
        ("POST", "/csrs/tomcat", {}),
        ("DELETE", "/csrs/tomcat", None),
        ("POST", "/certificates/own/tomcat-ECDSA/regenerate", {"key": "ec-p256", "years": 2}),
        ("POST", "/certificates/own/CAPF/regenerate", {}),
        ("POST", "/certificates/trust/CallManager", place_root.pem),
        ("DELETE", "/certificates/trust/CallManager/Api_Root", None),
        ("POST", "/changes/{head}/undo", None),
    ]


SHOWN = ("task", "summary", "plan", "steps", "worst")


def asked(plan):
    """The follow-ups, without what is known only once they have been asked for."""
    return [{name: one[name] for name in ("kind", "target", "text")} for one in plan["followups"]]


def told(answer, member):
    """What is shown of a plan, without what is known only when it is done: keys, serials, times (test_preview.py)."""
    return [(step["type"], step["text"]) for step in answer["steps"]] if member == "steps" else answer[member]


def test_what_a_preview_shows_is_what_is_done(node):
    root = Authority("Api Root")
    with Client(node) as client:
        for method, path, body in tasks(root):
            path = path.format(head=client.get("/status")["head"])
            before = audit(node)
            preview = client(method, path, {"dry_run": 1}, body).expect(200).json
            assert preview["dry_run"] is True and preview["number"] is None and preview["base"] == before["head"]
            assert client(method, path, {"dry_run": 1, "yes": 1, "force": 1}, body).expect(200).json["dry_run"] is True
            assert audit(node) == before, "a preview has changed something"
            done = client(method, path, {"yes": 1, "force": 1, "seen": preview["plan"]}, body).expect(201).json
            assert done["dry_run"] is False and done["number"] == before["head"] + 1
            for member in SHOWN:
                assert told(done, member) == told(preview, member), (path, member)
            assert asked(done) == asked(preview), path
            assert [(f["weight"], f["code"]) for f in done["findings"]] == [(f["weight"], f["code"]) for f in preview["findings"]], path
            change = client.get(f"/changes/{done['number']}")
            assert [step["text"] for step in change["steps"]] == [step["text"] for step in preview["steps"]]
            assert change["summary"] == preview["summary"] and asked(change) == asked(preview)


def test_a_plan_that_would_be_another_by_now_is_shown_again_and_not_done(node):
    with Client(node) as client:
        plan = client("POST", "/csrs/TVS", {"dry_run": 1}, {}).expect(200).json
        client("POST", "/csrs/TVS", (), {}).expect(201)
        head = client.get("/status")["head"]
        answer = client("POST", "/csrs/TVS", {"yes": 1, "seen": plan["plan"]}, {}).expect(409, "plan-changed")
        fresh = answer.json["plan"]
        assert fresh["plan"] != plan["plan"] and [f["code"] for f in fresh["findings"]] == ["replaces-csr"]
        assert client.get("/status")["head"] == head
        client("POST", "/csrs/TVS", {"yes": 1, "seen": fresh["plan"]}, {}).expect(201)
        # Something else that has happened meanwhile does not matter.
        plan = client("POST", "/csrs/TVS", {"dry_run": 1}, {}).expect(200).json
        client("POST", "/csrs/ipsec", (), {}).expect(201)
        client("POST", "/csrs/TVS", {"yes": 1, "seen": plan["plan"]}, {}).expect(201)


def test_warnings_need_yes_and_dangers_need_force_too(node):
    with Client(node) as client:
        root = Authority("Danger Root")
        leaf = root.leaf(node.csr("tomcat-ECDSA"))
        client("POST", "/certificates/own/tomcat-ECDSA", {"yes": 1}, leaf + root.pem).expect(201)
        path, head = "/certificates/trust/tomcat-trust/Danger_Root.pem", client.get("/status")["head"]
        for query in ((), {"force": 1}, {"yes": 1}):
            answer = client("DELETE", path, query).expect(409, "confirmation-needed")
            assert answer.json["plan"]["worst"] == "danger" and "chain-breaks" in [f["code"] for f in answer.json["plan"]["findings"]]
        assert client.get("/status")["head"] == head
        client("DELETE", path, {"yes": 1, "force": 1}).expect(201)
        for query in ((), {"force": 1}):
            client("POST", "/certificates/own/TVS/regenerate", query, {}).expect(409, "confirmation-needed")
        client("POST", "/certificates/own/TVS/regenerate", {"yes": 1}, {}).expect(201)


def test_a_request_that_is_repeated_under_its_id_is_done_once(node):
    request = str(uuid.uuid4())
    with Client(node) as client:
        first = client("POST", "/certificates/own/TVS/regenerate", {"yes": 1, "request": request}, {}).expect(201).json
        for _ in range(2):
            again = client("POST", "/certificates/own/TVS/regenerate", {"yes": 1, "request": request}, {}).expect(201).json
            assert (again["number"], again["summary"]) == (first["number"], first["summary"])
        # A preview under the same id is a preview.
        assert client("POST", "/certificates/own/TVS/regenerate", {"dry_run": 1, "request": request}, {}).expect(200).json["number"] is None
        assert client.get("/status")["head"] == first["number"]
        other = client("POST", "/certificates/own/TVS/regenerate", {"yes": 1, "request": str(uuid.uuid4())}, {}).expect(201).json
        assert other["number"] == first["number"] + 1
    node.restart()
    assert node.api("POST", "/certificates/own/TVS/regenerate", query=[("yes", 1), ("request", request)]).expect(201).json["number"] == first["number"]


def test_the_same_upload_again_changes_nothing_and_says_so(node):
    with Client(node) as client:
        root = Authority("Again Root")
        client("POST", "/certificates/trust/tomcat-trust", (), root.pem).expect(201)
        before = audit(node)
        answer = client("POST", "/certificates/trust/tomcat-trust", {"yes": 1}, root.pem).expect(200).json
        assert answer["number"] is None and answer["dry_run"] is False and [f["code"] for f in answer["findings"]] == ["already-there"]
        assert audit(node) == before


# -- the node of a question or a task


def test_a_node_is_asked_about_by_its_name_whatever_its_case(place):
    for name in (NAME, NAME.upper()):
        assert place.client.get("/certificates/own/tomcat", {"node": name}) == place.client.get("/certificates/own/tomcat")
        assert place.client.get("/certificates", {"usage": "own", "node": name})["items"] == place.client.get("/certificates", {"usage": "own"})["items"]
        assert place.client.get("/csrs", {"node": name})["items"] != []
        assert place.client("DELETE", "/csrs/tomcat-ECDSA", {"node": name, "dry_run": 1}).expect(200).json["summary"]
    assert {row["node"] for row in place.client.rows("own")} == {NAME} and all("node" not in row for row in place.client.rows("trust"))


def test_an_unknown_node_is_404(place):
    unknown = 0
    for method, path, operation in operations(place.doc):
        if any(p["name"] == "node" for p in operation["parameters"]):
            send(place, method, path, [*harmless(operation), ("node", "nobody")]).expect(404, "no-node")
            unknown += 1
    assert unknown >= 20
    place.client("GET", "/nodes/nobody").expect(404, "no-node")


def test_a_request_to_join_is_short(place):
    place.node.api("POST", "/cluster/join", auth=None, data=b'{"id":"' + b"0" * 65536 + b'"}').expect(413, "too-large")
    place.node.api("POST", "/cluster/join", auth=None, data=b'{"id":').expect(400, "bad-json")


# -- the log of changes


def test_changes_are_paged_newest_first_and_filtered_by_object(node):
    with Client(node) as client:
        for i in range(5):
            client("POST", "/certificates/trust/tomcat-trust", (), Authority(f"Log {i}").pem).expect(201)
        client("DELETE", "/certificates/trust/tomcat-trust/Log_3.pem", {"yes": 1}).expect(201)
        head = client.get("/status")["head"]
        numbers, cursor = [], None
        while True:
            page = client.get("/changes", {"limit": 2, **({"cursor": cursor} if cursor else {})})
            numbers += [change["number"] for change in page["items"]]
            cursor = page["next"]
            if cursor is None:
                break
        assert numbers == list(range(head, 0, -1))
        found = client.get("/changes", {"object": "trust/tomcat-trust/Log_3.pem"})["items"]
        assert [change["number"] for change in found] == [head, head - 2]
        assert client.get("/changes", {"object": "trust/tomcat-trust/none"})["items"] == []
        previous = "0" * 64
        for number in range(1, head + 1):
            change = client.get(f"/changes/{number}")
            assert change["previous_hash"] == previous and change["number"] == number
            previous = change["hash"]


# -- under load


def test_slow_and_broken_clients_do_not_hold_up_the_others(place):
    sockets = []
    try:
        for data in (b"", b"GET /api/v1/sta", b"POST /api/v1/certificates/trust/tomcat-trust HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nhalf"):
            for _ in range(20):
                s = socket.socket(socket.AF_UNIX)
                s.connect(str(place.node.socket))
                s.sendall(data)
                sockets.append(s)
        with ThreadPoolExecutor(8) as pool:
            statuses = list(pool.map(lambda _: Client(place.node)("GET", "/certificates", {"usage": "own"}).status, range(40)))
        assert statuses == [200] * 40
    finally:
        for s in sockets:
            s.close()


def test_many_threads_read_one_consistent_state(place):
    expected = [identity(row) for row in place.client.rows("trust")]
    seen, lock = [], threading.Lock()

    def read(_):
        with Client(place.node) as client:
            rows = [identity(row) for row in client.rows("trust", limit=5)]
        with lock:
            seen.append(rows == expected)

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(read, range(24)))
    assert seen == [True] * 24


def test_the_name_of_the_node_is_in_every_place_that_speaks_of_it(place):
    status = place.client.get("/status")
    assert (status["node"], status["fqdn"]) == (NAME, FQDN) and status["ports"] == place.node.ports
    assert {seen["key_type"]: seen["matches"] for seen in status["self_check"]} == {"RSA": True, "EC": True}


def test_dns_names_of_a_forged_certificate_are_reported_as_they_are(place):
    pem = place.root.peer(extensions=[dns_names("a.example.com", "*.b.example.com"), place.root.aki()])
    answer = place.client("POST", "/trust-check/tomcat-trust", (), pem).expect(200).json
    assert answer["trusted"] is True and answer["missing"] is None
    stranger = Authority("Stranger").peer()
    answer = place.client("POST", "/trust-check/tomcat-trust", (), stranger).expect(200).json
    assert answer["trusted"] is False and "Stranger" in answer["missing"]["subject"] and answer["missing"]["store"] == "tomcat-trust"
