"""Nodes come and go: joining by a one-time secret, leaving, being replaced and renamed."""
import base64
import json
import random
import re
import ssl
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from cluster import ANSWERED, IMP1, NODES, OWNER, PUB, ROLES, SUB1, SUB2, SUB3, clock, log_lines, wait_for
from forge import Authority
from harness import copy_tree, der, fingerprint, make_key, openssl
from wire import served

def refused(node, *words):
    """The node must end with 1 and say these words, and no word of any secret."""
    said = node.fail_to_start()
    assert all(word in said for word in words), said
    secret = (node.folder / "join-secret").read_text().strip()
    assert (not secret or secret not in said) and "postgresql://" not in said, said
    return said


# -- how it goes


def test_a_node_of_each_role_joins_with_what_its_role_needs_and_show_node_list_tells(cluster):
    pub, sub = cluster.up(PUB, SUB1)
    told = pub.cli("set", "node", "add", "cuic1", "--roles", "reporting", "--domain", "reports.example.com", "--yes")
    assert "ucpkid --join 127.0.0.1:" in told.out and "ucpki-join-1." in told.out
    secret = next(word for word in told.out.split() if word.startswith("ucpki-join-1."))
    raw = raw_secret(secret)
    assert len(raw) == 8 + 20 + 32 and raw[28:].hex() == fingerprint((pub.data / "keys" / "node.pem").read_text())
    cluster.settle()
    row = cluster.states(sub)["cuic1"]
    assert (row["state"], row["roles"], row["fqdn"], row["fingerprint"]) == ("joining", ["reporting"], "cuic1.reports.example.com", None) and row["expires"]

    # Without --node-name it takes the name that the secret was made for.
    node = cluster.joiner("cuic1", secret)
    node.arguments = node.arguments[:4]
    cluster.nodes["cuic1"] = node.start()
    state = cluster.audit()
    assert {purpose for name, purpose in state["identity"] if name == "cuic1"} == {"tomcat", "tomcat-ECDSA", "intelligenceCenter-srvr"}
    assert not state["join"], "the secret of a node that is at work is of no use to anybody"
    pub.until(lambda _: cluster.states()["cuic1"]["state"] == "up", "the new node's state")
    rows = cluster.states()
    assert set(rows) == {*NODES, "cuic1"} and rows[PUB]["this"] and not rows["cuic1"]["this"]
    assert (rows["cuic1"]["domain"], rows["cuic1"]["behind"], rows["cuic1"]["number"]) == ("reports.example.com", 0, state["head"])
    assert rows["cuic1"]["fingerprint"] == state["node"]["cuic1"][4] and rows["cuic1"]["version"] == pub.status["version"] and rows["cuic1"]["last_contact"]
    assert rows["cuic1"]["https"] == f"127.0.0.1:{node.port}"
    for name in (SUB2, IMP1):  # they are off
        pub.until(lambda _, n=name: cluster.states()[n]["state"] == "unreachable", f"{name} is known to be off")
        assert cluster.states()[name]["number"] is not None
    text = pub.cli("show", "node", "list").out
    assert all(word in text for word in (*NODES, "cuic1", "reporting", "unreachable", "LAST CONTACT"))
    one = pub.cli("show", "node", "cuic1").out
    assert "cuic1.reports.example.com" in one and state["node"]["cuic1"][4] in one
    pub.refused("show", "node", "cucm-sub9", code="no-node")

    # It was installed before the others knew of it: it trusts what the cluster trusts, has the OAuth keys, and the administrator signs in there with his password.
    assert state["identity"][SUB3, "tomcat"][0] in node.seen_in("tomcat-trust").values()
    assert node.json("show", "key", "authz", "signing")["checksum"] == pub.json("show", "key", "authz", "signing")["checksum"]
    node.api("GET", "/status").expect(200)

    # The same command again, and with the file gone: it has joined.
    (node.folder / "join-secret").unlink()
    node.restart()
    cluster.settle()
    check_database_rights(cluster)


def check_database_rights(cluster):
    """Each node has an account of its own, which can add to the log and not take from it."""
    pg = cluster.pg
    roles = [row["rolname"] for row in pg.rows("SELECT rolname FROM pg_roles WHERE rolname LIKE 'ucpki%' AND rolcanlogin")]
    accounts = cluster.accounts()
    assert sorted(accounts) == sorted([*ROLES, "cuic1"]) and sorted(roles) == sorted(accounts.values()), (roles, accounts)
    connected = {row["usename"] for row in pg.rows("SELECT DISTINCT usename FROM pg_stat_activity WHERE datname = 'ucpki' AND usename <> 'postgres'")}
    assert connected == {OWNER, accounts[SUB1], accounts["cuic1"]}
    for role in roles:
        attributes = pg.rows(f"SELECT rolsuper, rolcreaterole, rolcreatedb, rolreplication FROM pg_roles WHERE rolname = '{role}'")[0]
        assert not any(attributes.values()), (role, attributes)
        may = {table: {right for right in ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE") if pg.psql(f"SELECT has_table_privilege('{role}', '{table}', '{right}')") == "t"}
               for table in ("change", "head", "schema_version")}
        assert may == {"change": {"SELECT", "INSERT"}, "head": {"SELECT", "UPDATE"}, "schema_version": {"SELECT"}}, (role, may)
        body = pg.psql(f"SELECT has_column_privilege('{role}', 'change', 'body', 'UPDATE') OR has_schema_privilege('{role}', 'public', 'CREATE')")
        assert body == "f", role
    # Tried, not only looked up: with a role's rights the log cannot be rewritten.
    for sql in ("DELETE FROM change", "UPDATE change SET body = ''", "TRUNCATE change", "DELETE FROM head", "DROP TABLE change"):
        result = pg.psql(f'BEGIN; SET LOCAL ROLE "{accounts[SUB1]}"; {sql}', check=False)
        assert result.status != 0 and ("permission denied" in result.err or "must be owner" in result.err), sql


def test_several_nodes_join_at_once(cluster):
    pub = cluster.up(PUB)
    names = ["cucm-sub5", "cucm-sub6", "imp5"]
    nodes = [cluster.add(name, "im-and-presence" if name == "imp5" else "subscriber", start=False) for name in names]
    for node in nodes:
        node.launch()
    for node in nodes:
        node.until_ready()
    state = cluster.audit()
    assert {(name, "tomcat") for name in names} <= set(state["identity"])
    assert {name for name, row in cluster.states(pub).items() if row["state"] == "joining"} == set()


def test_machines_that_take_the_place_of_nodes_have_every_key_whoever_joins_at_the_same_moment(cluster):
    """What one of them is given is sealed before the other one's certificate is known: then it is sealed again."""
    pub = cluster.up(PUB)
    for i in range(3):
        guests = {SUB1: cluster.joiner(SUB1, cluster.secret(SUB1, "--replace")), SUB2: cluster.joiner(SUB2, cluster.secret(SUB2, "--replace")),
                  f"imp{i + 5}": cluster.joiner(f"imp{i + 5}", cluster.secret(f"imp{i + 5}", "--roles", "im-and-presence"))}
        cluster.down(SUB1, SUB2)
        for node in guests.values():
            node.launch()
        for name, node in guests.items():
            cluster.nodes[name] = node.until_ready()
        cluster.audit(PUB, *guests)
        keys = [node.json("show", "key", "authz", which)["checksum"] for node in (pub, *guests.values()) for which in ("signing", "encryption")]
        assert len(set(keys)) == 2, keys
        assert not [(node.name, finding) for node in guests.values() for finding in node.see(f"/nodes/{node.name}")["findings"]]
        cluster.down(f"imp{i + 5}")


def test_a_node_without_an_OAuth_key_is_told_of_and_gets_it_back(cluster):
    """C98: what a node lacks it says itself, and everybody hears it; what is sealed to it is taken anew as soon as it looks."""
    pub, sub = cluster.up(PUB, SUB1)
    state = cluster.audit()
    key = next(key for key, (purpose, *_) in state["sealed"].items() if purpose == "authz")
    path = sub.data / "keys" / f"{key}.key"
    path.rename(sub.folder / "lost")
    for node in (sub, pub):
        node.until(lambda _, n=node: n.finding_codes(SUB1) == ["key-missing"], "the finding")
        assert "OAuth signing key" in node.see(f"/nodes/{SUB1}")["findings"][0]["message"]
    assert "OAuth signing key" in pub.cli("show", "node", SUB1).out
    answer = pub.cli("utils", "diagnose", "node", SUB1, "--json", check=False).json
    assert not answer["ok"] and [s["state"] for s in answer["items"][0]["steps"] if s["step"] == "keys"] == ["found"], answer
    sub.restart()
    for node in (sub, pub):
        node.until(lambda _, n=node: n.finding_codes(SUB1) == [], "the end of the finding")
    sub.until(lambda _: sub.ask("GET", "/authz/signing").status == 200, "the key in use")
    assert sub.json("show", "key", "authz", "signing")["checksum"] == key


# -- roles


def test_a_node_of_a_cluster_has_the_roles_that_the_cluster_gives_it_whatever_its_configuration_says(cluster):
    """There is one publisher, and it cannot make itself another one."""
    pub, sub = cluster.up(PUB, SUB1)
    head = cluster.settle()
    before = cluster.states()
    for roles in ("publisher,subscriber", "subscriber,tftp,reporting"):
        sub.restart(*sub.arguments, "--roles", roles)
        cluster.settle()
        at = sub.status
        assert (at["roles"], at["roles_ignored"]) == (["subscriber"], roles.split(",")), at
        assert "Not used" in sub.cli("show", "status").out
        assert log_lines(sub, f"gives this node the roles {roles}, which are not used")
        sub.refused("set", "cert", "regen", "CAPF", "--yes", code="purpose-not-here")
        sub.refused("set", "node", "add", "cucm-sub9", "--yes", code="not-publisher")
        pub.until(lambda _: "roles-ignored" in pub.finding_codes(SUB1), "the finding")
        sub.arguments = sub.arguments[:-2]
    sub.restart(*(sub.arguments or ["--roles", "subscriber"]))
    cluster.settle()
    assert sub.status["roles_ignored"] is None and cluster.head == head
    pub.until(lambda _: pub.finding_codes(SUB1) == [], "the end of the finding")
    assert cluster.states()[SUB1]["roles"] == before[SUB1]["roles"]
    # A new node is what its join secret says, too.
    new = cluster.joiner("cucm-sub5", cluster.secret("cucm-sub5"))
    new.arguments += ["--roles", "publisher"]
    cluster.nodes["cucm-sub5"] = new.start()
    state = cluster.audit()
    assert new.status["roles"] == ["subscriber"] and new.status["roles_ignored"] == ["publisher"]
    assert ("cucm-sub5", "CAPF") not in state["identity"] and ("cucm-sub5", "tomcat") in state["identity"]


# -- who is refused


def raw_secret(text):
    """Its 8 bytes of id, 20 of secret, 32 of the publisher's fingerprint."""
    body = text.removeprefix("ucpki-join-1.")
    return base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))


def changed(text, at):
    raw = bytearray(raw_secret(text))
    raw[at] ^= 1
    return "ucpki-join-1." + base64.urlsafe_b64encode(bytes(raw)).decode().rstrip("=")


def test_who_must_not_join_is_refused_and_told_why(cluster, new_node):
    pub, sub = cluster.up(PUB, SUB1)
    cluster.settle()
    secret = cluster.secret("cucm-sub5")
    head = cluster.head

    # On the publisher: a second publisher, a node that is there, one that cannot be, on another node.
    for words, code in (((SUB1,), "node-exists"), (("pub2", "--roles", "publisher"), "publisher-exists"), (("pub2", "--roles", "publisher,tftp"), "publisher-exists"),
                        ((PUB, "--replace"), "publisher-stays"), (("cucm-sub9", "--replace"), "no-node"), (("cluster",), "bad-node-name"), (("a.b",), "bad-node-name"),
                        (("x", "--roles", "gateway"), "bad-role")):
        pub.refused("set", "node", "add", *words, "--yes", code=code)
    sub.refused("set", "node", "add", "cucm-sub9", "--yes", code="not-publisher")
    alone = new_node.copy()
    alone.refused("set", "node", "add", "cucm-sub9", "--yes", code="not-shared")

    # A secret that is wrong: of nobody, truncated, changed in each of its parts.
    other = cluster.secret("cucm-sub6")
    unknown = "not one that this publisher gave out"
    for text, words in ((secret[:-1], "join secret"), (secret[:20], "join secret"), ("", "join secret"), (changed(secret, 0), unknown), (changed(secret, 8), unknown)):
        refused(cluster.joiner("cucm-sub5", text), words)
    node = cluster.joiner("cucm-sub7", other)
    refused(node, "was made for the node cucm-sub6")

    # The wrong place: a subscriber, a single node, nobody at all, something that is no ucpkid.
    refused(cluster.joiner("cucm-sub5", secret, publisher=sub.port), "is not the publisher of this cluster", f"{PUB}.example.com")
    refused(cluster.joiner("cucm-sub5", secret, publisher=alone.port), "whose store no other node can share")
    refused(cluster.joiner("cucm-sub5", secret, publisher=1), "cannot be asked")
    refused(cluster.joiner("cucm-sub5", secret, publisher=cluster.ports[0]), "127.0.0.1")
    # A node that is installed already.
    taken = cluster.joiner("cucm-sub5", secret)
    copy_tree(alone.data, taken.data)
    said = taken.fail_to_start()
    assert "installed already" in said or "belongs to" in said, said

    # None of this has changed anything but for the other secret that was made.
    assert cluster.settle() == head + 1

    # A publisher with another certificate than the secret says: the node would not believe it, and the publisher, who is told so, changes nothing. The secret is good for another machine (C99).
    refused(cluster.joiner("cucm-sub6", changed(other, 28)), "names another publisher")
    stray = cluster.joiner("cucm-sub6", other)
    stray.arguments += ["--domain", "elsewhere.example"]
    refused(stray, "of the domain 'example.com', not of 'elsewhere.example'")
    assert cluster.head == head + 1 and cluster.states()["cucm-sub6"]["state"] == "joining"
    good = cluster.joiner("cucm-sub6", other)
    good.arguments[-1] = "cucm-sub6.example.com"  # the name with its domain
    cluster.nodes["cucm-sub6"] = good.start()

    # The right one goes, once. Used by another machine it is refused, while its node is being installed and afterwards.
    good = cluster.joiner("cucm-sub5", secret)
    good.crash_at("join-saved")
    cluster.settle()
    refused(cluster.joiner("cucm-sub5", secret), "has joined as cucm-sub5 with this secret already")
    cluster.nodes["cucm-sub5"] = good.start()
    cluster.settle()
    refused(cluster.joiner("cucm-sub5", secret), "has joined as cucm-sub5 with this secret already")
    assert cluster.states()["cucm-sub5"]["fingerprint"] == fingerprint((good.data / "keys" / "node.pem").read_text())
    cluster.audit()


def test_a_join_secret_is_withdrawn_by_a_new_one_and_expires(cluster):
    pub = cluster.up(PUB)
    first = cluster.secret("cucm-sub5")
    plan = pub.json("set", "node", "add", "cucm-sub5", "--dry-run")
    assert "replaces-join" in [f["code"] for f in plan["findings"]]
    second = cluster.secret("cucm-sub5", "--hours", "1")
    refused(cluster.joiner("cucm-sub5", first), "not one that this publisher gave out")
    # Two hours on, by the clocks of all three.
    cluster.down()
    cluster.pg.restart(clock("+2h"))
    pub.env = clock("+2h")
    cluster.up(PUB)
    late = cluster.joiner("cucm-sub5", second)
    late.env = clock("+2h")
    refused(late, "was good until")
    assert "expired" in cluster.states()["cucm-sub5"]["reason"]
    third = cluster.secret("cucm-sub5")
    (late.folder / "join-secret").write_text(third)
    cluster.nodes["cucm-sub5"] = late.start()
    cluster.audit()


@pytest.mark.parametrize("shift", ["+365d", "-365d"])
def test_a_node_whose_clock_is_off_by_a_year_is_refused_and_one_that_goes_wrong_is_read_only(cluster, shift):
    pub, sub = cluster.up(PUB, SUB1)
    secret = cluster.secret("cucm-sub5")
    node = cluster.joiner("cucm-sub5", secret)
    node.env = clock(shift)
    said = refused(node, "seconds apart")
    years = {int(year) for year in re.findall(r"\b(20\d\d)-\d\d-\d\dT", said)}
    assert max(years) - min(years) == 1, said  # both times are told
    node.env = {}
    cluster.nodes["cucm-sub5"] = node.start()

    sub.stop()
    sub.env = clock(shift)
    sub.start()
    wait_for(lambda: "clock" in (sub.status["read_only_reason"] or ""), lambda: sub.status)
    problem = sub.refuses(503, "read-only", "POST", "/certificates/trust/tomcat-trust", Authority("Out of time").pem)
    assert "clock" in problem["detail"]
    # It goes on following and serving, and everybody is told.
    pub.trusts("tomcat-trust", Authority("In time").pem)
    sub.until(lambda at: at["number"] == cluster.head, "following")
    assert "In_time.pem" in sub.seen_in("tomcat-trust") and served(sub, "rsa")
    pub.until(lambda _: "clock-off" in pub.finding_codes(SUB1), "the finding clock-off")
    sub.stop()
    sub.env = {}
    sub.start()
    wait_for(lambda: not sub.status["read_only"], lambda: sub.status)
    pub.until(lambda _: "clock-off" not in pub.finding_codes(SUB1), "the end of the finding")
    sub.trusts("tomcat-trust", Authority("In time again").pem)
    cluster.audit()


# -- a man in the middle


class Middle:
    """An HTTPS server with a certificate of its own that passes requests on to a publisher and answers with what twist(answer) makes of its answer."""

    def __init__(self, node, folder, twist=lambda answer: answer):
        middle = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                middle.seen.append(json.loads(body))
                answer = node.api("POST", "//api/v1/cluster/join", data=body, headers=["Content-Type: application/json"], auth=None)
                text = json.dumps(twist(answer.json)).encode() if answer.status == 200 else answer.body
                self.send_response(answer.status)
                self.send_header("Content-Type", answer.headers["content-type"])
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass

        self.seen = []
        key = make_key(folder / "middle.key")
        openssl("req", "-x509", "-new", "-key", key, "-subj", "/CN=middle", "-days", "30", "-out", folder / "middle.pem")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "middle.pem", key)
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def flipped(text, at=-20):
    raw = bytearray(base64.b64decode(text))
    raw[at] ^= 1
    return base64.b64encode(bytes(raw)).decode()


def test_a_man_in_the_middle_learns_nothing_and_changes_nothing(cluster, tmp_path):
    """No trust on first use: both certificates are authenticated by the join secret, whatever TLS presents."""
    pub, sub = cluster.up(PUB, SUB1)
    foreign = base64.b64encode(der((sub.data / "keys" / "node.pem").read_text())).decode()
    secret = cluster.secret("cucm-sub5")
    node = cluster.joiner("cucm-sub5", secret)
    for twist in (lambda a: {**a, "certificate": foreign}, lambda a: {**a, "sealed": flipped(a["sealed"])}, lambda a: {**a, "signature": flipped(a["signature"], -3)},
                  lambda a: {**a, "sealed": a["sealed"][:400]}, lambda a: {}, lambda a: []):
        with Middle(pub, tmp_path, twist) as middle:
            node.arguments[1] = f"127.0.0.1:{middle.port}"
            said = node.fail_to_start()
            assert "publisher" in said and middle.seen, said
            assert not (node.data / "cluster.json").exists()
    # Who passes everything on as it is gets neither the secret nor anything else in the clear, and the node joins.
    with Middle(pub, tmp_path) as middle:
        node.arguments[1] = f"127.0.0.1:{middle.port}"
        cluster.nodes["cucm-sub5"] = node.start()
    raw = raw_secret(secret)
    for request in middle.seen:
        text = json.dumps(request)
        assert base64.b64encode(raw[8:28]).decode()[:24] not in text and raw[8:28].hex() not in text and secret not in text
        assert set(request) >= {"id", "node", "certificate", "guid", "time", "mac"}
    cluster.audit()
    # What he has seen, said again with a certificate of his own, is refused.
    replay = {**middle.seen[0], "certificate": foreign}
    answer = pub.api("POST", "//api/v1/cluster/join", data=json.dumps(replay), headers=["Content-Type: application/json"], auth=None)
    assert answer.status in (401, 403, 409, 422) and answer.json["code"] == "join-secret-used", answer


# -- crashes

# In the order in which a node that joins passes them. At "key-saved" and after it is installing itself.
POINTS = ("join-answered", "join-saved", "mirror-steps-applied", "mirror-committed", "key-saved", "prepared", "store-steps-applied", "store-before-commit", "store-after-commit")


def test_a_joiner_that_is_killed_at_any_moment_joins_by_the_same_command(cluster):
    """C99: a join that was broken off leaves nothing that blocks the next try."""
    pub = cluster.up(PUB)
    node = cluster.joiner("cucm-sub5", cluster.secret("cucm-sub5", "--roles", "subscriber,tftp"))
    for point in POINTS:
        node.crash_at(point)
    cluster.nodes["cucm-sub5"] = node.start()
    cluster.audit()
    cluster.down("cucm-sub5")
    # And at random moments, each time another node.
    rng = random.Random(0)
    for i in range(2):
        name = f"imp{i + 5}"
        node = cluster.joiner(name, cluster.secret(name, "--roles", "im-and-presence"))
        for _ in range(4):
            node.launch()
            try:
                node.process.wait(rng.uniform(0.02, 0.9))
            except subprocess.TimeoutExpired:
                pass
            assert node.running, node.err
            node.kill()
        cluster.nodes[name] = node.start()
    state = cluster.audit()
    assert {(name, "tomcat") for name in ("cucm-sub5", "imp5", "imp6")} <= set(state["identity"]) and not state["join"]
    wait_for(lambda: cluster.states(pub)["imp5"]["state"] == "up", lambda: cluster.states(pub)["imp5"])  # it says how far it is each second


def test_a_join_that_was_broken_off_with_an_answer_that_is_not_the_last_one_is_asked_again(cluster):
    """C99: the publisher answered twice, and what the node kept is the way to the store of the first answer."""
    cluster.up(PUB)
    node = cluster.joiner("cucm-sub5", cluster.secret("cucm-sub5"))
    node.crash_at("join-saved")
    guid = json.loads((node.data / "node.json").read_text())["guid"]
    cluster.pg.psql(f"ALTER ROLE \"ucpki_ucpki_{guid}\" PASSWORD 'of the second answer'", "postgres")
    cluster.nodes["cucm-sub5"] = node.start()
    state = cluster.audit()
    assert ("cucm-sub5", "tomcat") in state["identity"]


# -- leaving


def test_a_node_that_leaves_is_shut_out_at_once_and_its_replacement_starts_afresh(cluster):
    pub, gone, other = cluster.up(PUB, SUB1, IMP1)
    cluster.settle()
    gone.trusts("CAPF-trust", Authority("Only at the old machine").pem)
    old_key, old_tomcat, account = cluster.states()[SUB1]["fingerprint"], served(gone, "rsa"), cluster.accounts()[SUB1]
    assert cluster.pg.number(f"SELECT count(*) FROM pg_stat_activity WHERE usename = '{account}'") > 0
    pub.refused("set", "node", "remove", "cucm-sub9", "--yes", "--force", code="no-node")
    assert pub.ask("DELETE", f"/nodes/{PUB}", query=ANSWERED).status == 422
    plan = other.json("set", "node", "remove", SUB1, "--dry-run")
    assert plan["worst"] == "danger", plan
    other.cli("set", "node", "remove", SUB1, "--yes", "--force")  # a job for the publisher

    # Its way to the store is gone; it says so, stays read-only and goes on with what it knows.
    wait_for(lambda: gone.status["read_only"], lambda: gone.status)
    gone.refuses(503, "read-only", "POST", "/certificates/trust/tomcat-trust", Authority("From the outside").pem)
    assert served(gone, "rsa") == old_tomcat
    assert cluster.pg.number(f"SELECT count(*) FROM pg_stat_activity WHERE usename = '{account}'") == 0
    assert cluster.pg.number(f"SELECT count(*) FROM pg_roles WHERE rolname = '{account}'") == 0
    gone.stop()
    gone.start()
    assert gone.status["read_only"] and served(gone, "rsa") == old_tomcat
    gone.stop()
    del cluster.nodes[SUB1]
    state = cluster.audit()
    assert SUB1 not in state["node"] and not [at for at in state["identity"] if at[0] == SUB1]
    assert old_tomcat not in other.seen_in("tomcat-trust").values() and "Only_at_the_old_machine.pem" not in pub.seen_in("CAPF-trust", PUB)
    assert SUB1 not in cluster.states()

    # A node of that name can join anew.
    back = cluster.add(SUB1, "subscriber")
    state = cluster.audit()
    assert state["node"][SUB1][4] != old_key and served(back, "rsa") != old_tomcat

    # Replacing it without its having left: the old machine is out when the new one has joined.
    plan = pub.json("set", "node", "add", SUB1, "--replace", "--dry-run")
    assert "node-replaced" in [f["code"] for f in plan["findings"]]
    secret = cluster.secret(SUB1, "--replace")
    former = cluster.nodes[SUB1]
    stopped_copy = served(former, "rsa")
    former.stop()
    new = cluster.joiner(SUB1, secret)
    cluster.nodes[SUB1] = new.start()
    state = cluster.audit()
    assert state["node"][SUB1][4] == fingerprint((new.data / "keys" / "node.pem").read_text()) and served(new, "rsa") != stopped_copy
    former.start()
    wait_for(lambda: former.status["read_only"], lambda: former.status)
    former.refuses(503, "read-only", "POST", "/certificates/trust/tomcat-trust", Authority("From the past").pem)
    former.stop()
    cluster.audit()


def test_a_node_gets_another_name_and_domain_with_a_plan_of_what_must_follow(cluster):
    pub, node, other = cluster.up(PUB, SUB2, IMP1)
    cluster.settle()
    node.trusts("CAPF-trust", Authority("Stays with its node").pem)
    before, tomcat = cluster.audit(), served(node, "rsa")
    pub.refused("set", "node", "rename", SUB2, "--new-name", SUB3, "--yes", "--force", code="node-exists")
    plan = other.json("set", "node", "rename", SUB2, "--new-name", "cucm-new", "--domain", "new.example.com", "--dry-run")
    text = json.dumps(plan)
    assert "tomcat" in text and "CallManager" in text, plan
    other.cli("set", "node", "rename", SUB2, "--new-name", "cucm-new", "--domain", "new.example.com", "--yes", "--force")
    cluster.nodes["cucm-new"] = cluster.nodes.pop(SUB2)
    node.name = "cucm-new"
    # It starts again by itself, as the same process.
    wait_for(lambda: name_of(node) == "cucm-new", lambda: node.err)
    cluster.settle()
    assert node.status["fqdn"] == "cucm-new.new.example.com" and log_lines(node, "new name")
    state = cluster.audit()
    assert "cucm-new" in state["node"] and SUB2 not in state["node"] and state["node"]["cucm-new"][3:] == before["node"][SUB2][3:]
    assert served(node, "rsa") == tomcat, "its certificates are its own until they are made anew"
    assert "Stays_with_its_node.pem" in node.seen_in("CAPF-trust") and "Stays_with_its_node.pem" not in pub.seen_in("CAPF-trust")
    # It is asked under its new name, and what it signs now is believed.
    pub.cli("set", "cert", "regen", "tomcat", "--node", "cucm-new", "--yes")
    cluster.settle()
    assert "DNS:cucm-new.new.example.com" in openssl("x509", "-noout", "-ext", "subjectAltName", input=node.pem("tomcat")).out
    pub.refused("set", "cert", "regen", "tomcat", "--node", SUB2, "--yes", code="no-node")
    assert served(node, "rsa") == cluster.audit()["identity"]["cucm-new", "tomcat"][0]
    # Off during the next one, it finds out when it starts; with the name of its command line, or without.
    node.stop()
    pub.cli("set", "node", "rename", "cucm-new", "--new-name", "cucm-last", "--yes", "--force")
    cluster.nodes["cucm-last"] = cluster.nodes.pop("cucm-new")
    node.name = "cucm-last"
    node.launch()
    wait_for(lambda: name_of(node) == "cucm-last", lambda: node.err)
    cluster.audit()
    # Killed between following it and writing it down: it is known by its certificate.
    node.stop()
    pub.cli("set", "node", "rename", "cucm-last", "--new-name", "cucm-killed", "--yes", "--force")
    cluster.nodes["cucm-killed"] = cluster.nodes.pop("cucm-last")
    node.name = "cucm-killed"
    node.crash_at("mirror-committed")
    node.start()
    assert node.status["node"] == "cucm-killed"
    wait_for(lambda: not node.status["read_only"], lambda: node.status)
    pub.cli("set", "cert", "regen", "tomcat-ECDSA", "--node", "cucm-killed", "--yes")
    cluster.audit()


def name_of(node):
    """Its name, or None while it starts again."""
    try:
        return node.status["node"]
    except OSError:
        return None
