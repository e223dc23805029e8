"""What concerns several nodes: tasks for another node (jobs), and certificates that several nodes share (multi-server).

All tests share one running cluster and leave its nodes running.
"""
import base64
import re

import pytest

from books import postgres_tables
from cluster import ANSWERED, IMP1, IMP2, NODES, PRESENCE, PUB, SUB1, SUB2, SUB3, clock, wait_for
from forge import Authority
from harness import fingerprint, load, load_csr, openssl, presented, run, s_client
from wire import Client, served


@pytest.fixture(scope="module")
def all_nodes(shared_cluster):
    return shared_cluster


def regeneration(purpose):
    return "POST", f"/certificates/own/{purpose}/regenerate", {}


def answers_to(cluster, job):
    """The numbers of the changes that answer a job."""
    rows = cluster.pg.rows("SELECT number, body FROM change WHERE body LIKE '%job.done%'")
    return [row["number"] for row in rows if f'"id":"{job}"' in row["body"]]


def state_of(cluster, job, node=None):
    return (node or cluster.pub).see(f"/jobs/{job}")


# -- jobs


def test_a_task_for_another_node_is_done_there_with_progress_and_its_key_stays_there(all_nodes):
    cluster = all_nodes
    before = cluster.pub.see("/certificates/own/tomcat", [("node", SUB1)])
    result = cluster.pub.cli("set", "cert", "regen", "tomcat", "--node", SUB1, "--yes", "--why", "the key is old")
    assert "Successfully regenerated certificate for tomcat." in result.out
    states = re.findall(r"Job (\S+) on cucm-sub1: (\w+)", result.err)
    assert states[0][1] in ("waiting", "running", "done") and states[-1][1] == "done", result.err
    job = state_of(cluster, states[0][0])
    assert (job["node"], job["task"], job["state"], job["why"]) == (SUB1, "cert-regen", "done", "the key is old"), job
    assert answers_to(cluster, job["id"]) == [job["answer"]] and job["number"] < job["answer"]
    asked = cluster.pub.json("show", "change", str(job["number"]))
    answered = cluster[SUB1].json("show", "change", str(job["answer"]))
    assert (asked["node"], answered["node"]) == (PUB, SUB1) and asked["who"] == answered["who"]

    after = cluster.pub.see("/certificates/own/tomcat", [("node", SUB1)])
    assert after["fingerprint"] != before["fingerprint"] and served(cluster[SUB1], "rsa") == after["fingerprint"]
    state = cluster.audit(PUB, SUB1)
    key = f"{state['identity'][SUB1, 'tomcat'][2]}.key"
    assert [node.name for node in cluster.running if key in node.key_files()] == [SUB1]
    # What the other node did is shown everywhere, and so is what came of it; it is taken back there.
    def seen(node):
        return {(e["node"], e["effect"], e["state"]) for e in node.json("show", "change", str(job["answer"]))["effects"] if e["node"] == SUB1}

    wait_for(lambda: seen(cluster[SUB1]) and seen(cluster.pub) == seen(cluster[SUB1]), lambda: (seen(cluster.pub), seen(cluster[SUB1])))
    assert SUB1 in cluster.pub.cli("show", "change", str(job["answer"])).out.split("Effects:")[1]
    undo = cluster.pub.cli("utils", "undo", str(job["answer"]), "--node", SUB1, "--yes", "--force")
    assert undo.status == 0
    cluster.settle()
    assert served(cluster[SUB1], "rsa") == before["fingerprint"]


def test_jobs_are_planned_refused_and_listed_where_they_are_asked_for(all_nodes):
    cluster = all_nodes
    head = cluster.settle()
    plan = cluster.pub.json("set", "cert", "regen", "cup", "--node", IMP1, "--dry-run")
    assert IMP1 in plan["summary"] and "identity-replaced" not in plan["steps"]
    cluster.pub.refused("set", "cert", "regen", "cup", "--node", SUB1, "--yes", code="purpose-not-here")
    cluster.pub.refused("set", "cert", "regen", "cup", "--node", "cucm-sub9", "--yes", code="no-node")
    cluster.pub.refused("set", "cert", "regen", "cup", "--node", IMP1, code="confirmation-needed")
    p12 = openssl("pkcs12", "-export", "-nokeys", "-passout", "pass:secret", input=Authority("Boxed").pem).raw
    answer = cluster.pub.ask("POST", "/certificates/trust/CAPF-trust", p12, [*ANSWERED, ("node", SUB1)])
    assert answer.json["code"] in ("password-needed", "wrong-password"), answer
    with_password = cluster.pub.api("POST", "/certificates/trust/CAPF-trust", data=p12, query=[*ANSWERED, ("node", SUB1)], headers=["UCPKI-Password: secret"])
    with_password.expect(422, "password-for-job")
    cluster.pub.refused("show", "job", "00000000-0000-4000-8000-000000000000", code="no-job")
    assert cluster.settle() == head
    job = cluster[IMP2].ask_for(IMP1, *regeneration("cup-ECDSA"))
    cluster.settle()
    for node in (cluster.pub, cluster[IMP1], cluster[SUB3]):
        listed = {row["id"]: row for row in node.json("show", "job", "list", "--node", IMP1, "--all")["items"]}
        assert listed[job]["state"] == "done" and listed[job]["answer"], node.name
        assert job not in {row["id"] for row in node.json("show", "job", "list", "--node", SUB1, "--all")["items"]}


def test_a_job_waits_for_its_node_and_fails_when_its_plan_has_changed_meanwhile(all_nodes):
    cluster, off = all_nodes, all_nodes[SUB1]
    off.stop()
    pem = Authority("Asked for twice").pem
    csr = cluster.pub.ask_for(SUB1, "POST", "/csrs/CallManager-ECDSA", {})
    first, second = [cluster.pub.ask_for(SUB1, "POST", "/certificates/trust/CAPF-trust", pem) for _ in range(2)]
    assert {state_of(cluster, job)["state"] for job in (csr, first, second)} == {"waiting"}
    waiting = cluster[IMP1].json("show", "job", "list", "--state", "waiting")["items"]
    assert {csr, first, second} <= {row["id"] for row in waiting}
    cluster[SUB2].cli("set", "cert", "regen", "TVS", "--node", SUB1, "--yes", "--no-wait")
    off.start()
    cluster.settle()
    assert state_of(cluster, csr)["state"] == state_of(cluster, first)["state"] == "done"
    failed = state_of(cluster, second)
    assert failed["state"] == "failed" and "has changed" in failed["detail"], failed
    assert list(off.seen_in("CAPF-trust")).count("Asked_for_twice.pem") == 1
    assert load_csr(off.cli("file", "get", "csr", "CallManager-ECDSA").out).is_signature_valid
    off.do("DELETE", "/csrs/CallManager-ECDSA")
    cluster.audit(PUB, SUB1)


def test_more_jobs_than_are_taken_at_once_are_all_done_in_their_order(all_nodes):
    cluster, off = all_nodes, all_nodes[SUB2]
    off.stop()
    with Client(cluster.pub) as client:
        ask = [*ANSWERED, ("node", SUB2)]
        jobs = [client("POST", "/certificates/trust/CAPF-trust", ask, Authority(f"Many {i}").pem).expect(202).json["job"] for i in range(105)]
    off.start()
    cluster.settle()
    done = [state_of(cluster, job) for job in jobs]
    assert {job["state"] for job in done} == {"done"}, done
    answers = [job["answer"] for job in done]
    assert answers == sorted(answers), answers
    cluster.audit(PUB, SUB2)


# Where a node can be killed while it follows the change that asks it and then carries out the job.
POINTS = ("mirror-steps-applied", "mirror-committed", "key-saved", "prepared", "store-steps-applied", "store-before-commit", "store-after-commit", "committed", "effects-half")


def test_a_node_that_is_killed_at_any_moment_of_a_job_carries_it_out_exactly_once(all_nodes):
    cluster, node = all_nodes, all_nodes[SUB2]
    node.stop()
    for point in POINTS:
        job = cluster.pub.ask_for(SUB2, *regeneration("tomcat-ECDSA"))
        node.crash_at(point)
        node.start()
        cluster.settle()
        done = state_of(cluster, job)
        assert done["state"] == "done" and answers_to(cluster, job) == [done["answer"]], (point, done)
        assert served(node, "ec") == cluster.pub.see("/certificates/own/tomcat-ECDSA", [("node", SUB2)])["fingerprint"], point
        node.stop()
    node.start()
    made = cluster.pg.number("SELECT count(*) FROM change WHERE task = 'cert-regen' AND body LIKE '%job.done%' AND body LIKE '%\"node\":\"cucm-sub2\"%tomcat-ECDSA%'")
    assert made == len(POINTS)
    cluster.audit(PUB, SUB2)


# -- what a node says of its own HTTPS


def told(node, key="RSA"):
    """What /status says of the listener: (as it should, fingerprint)."""
    check = next(one for one in node.status["self_check"] if one["key_type"] == key)
    return check["matches"], check["fingerprint"]


def test_what_a_node_says_of_its_own_HTTPS_is_about_the_certificate_in_force(all_nodes):
    """U4: of the new certificate, in the answer to the task and right after it, while the node follows changes at the same time."""
    cluster = all_nodes
    for i in range(12):
        node = cluster[(SUB1, SUB3, PUB)[i % 3]]
        other = cluster[IMP1 if i % 2 else SUB2]
        other.ask_for(node.name, "POST", "/certificates/trust/CAPF-trust", Authority(f"In between {i}").pem)
        change = node.do(*regeneration("tomcat"))
        new = node.see("/certificates/own/tomcat")["fingerprint"]
        assert told(node) == (True, new), (i, node.name)
        effects = {one["effect"]: one for one in change["effects"]}
        assert effects["https-rsa"]["state"] == "done" and new[:16] in effects["https-rsa"]["detail"], (i, effects)
        assert served(node, "rsa") == new
    cluster.settle()


def test_after_a_multi_server_upload_no_node_says_that_an_earlier_certificate_is_as_it_should_be(all_nodes):
    cluster = all_nodes
    root = Authority("Looked-at Root")
    for i in range(4):
        leaf = root.leaf(cluster[SUB3].csr("tomcat", "--distribution", "multi-server"))
        new = fingerprint(leaf)
        cluster.settle()
        change = cluster[IMP1].do("POST", "/certificates/own/tomcat", leaf + root.pem)
        effects = {one["effect"]: one for one in change["effects"]}
        assert effects["https-rsa"]["state"] == "done" and new[:16] in effects["https-rsa"]["detail"], (i, effects)
        cluster.settle()
        for name, (good, seen) in {name: told(cluster[name]) for name in NODES}.items():
            assert not good or seen == new, (i, name)
        for name in NODES:
            wait_for(lambda n=name: told(cluster[n]) == (True, new), lambda n=name: f"{n}: {told(cluster[n])}, not {new}")
    for name in NODES:
        cluster[name].do(*regeneration("tomcat"))


# -- multi-server certificates


def secrets_of(node, key):
    """Bytes that only the private key has: an RSA key's first factor, or the scalar of an EC key, as they stand in any encoding of it."""
    path = node.data / "keys" / f"{key}.key"
    text = openssl("pkey", "-in", path, "-passin", f"pass:{node.master_password()}", "-noout", "-text").out
    block = re.search(r"(?:prime1|priv):\s*((?:\s*[0-9a-f]{2}:?)+)", text)[1]
    return bytes.fromhex(re.sub(r"[^0-9a-f]", "", block)).lstrip(b"\0")


def base64_forms(secret):
    """What stands in any base64 text that holds these bytes: it depends on where they begin in it."""
    return [base64.b64encode(secret[skip:skip + (len(secret) - skip) // 3 * 3]) for skip in range(3)]


def everything_stored(cluster):
    """The database as a dump and as the server's files, and the mirrors."""
    yield "dump", run("pg_dump", cluster.pg.url()).raw
    for path in (cluster.pg.folder / "data").rglob("*"):
        if path.is_file():
            yield path.name, path.read_bytes()
    for node in cluster.nodes.values():
        for path in node.data.glob("store.db*"):
            yield f"{node.name}/{path.name}", path.read_bytes()
        for path in node.data.glob("*.json"):
            yield f"{node.name}/{path.name}", path.read_bytes()


class Multi:
    def __init__(self, cluster):
        self.cluster = cluster
        self.root = Authority("Multi-server Root")
        self.csr = cluster[SUB3].csr("tomcat", "--distribution", "multi-server")
        self.leaf = self.root.leaf(self.csr)
        self.before = {name: served(cluster[name], "rsa") for name in NODES}


@pytest.fixture(scope="module")
def multi(all_nodes):
    all_nodes.settle()
    return Multi(all_nodes)


def names_in(csr):
    return {name.value for name in next(e for e in csr.extensions if e.oid.dotted_string == "2.5.29.17").value}


def test_one_multi_server_request_names_every_node_and_is_everybodys(multi):
    cluster = multi.cluster
    request = load_csr(multi.csr)
    assert names_in(request) == {f"{name}.example.com" for name in NODES} | {"example.com"}
    assert request.subject.rfc4514_string() == "CN=cucm-sub3-ms.example.com"
    cluster.settle()
    for node in cluster.running:
        rows = node.json("show", "csr", "list", "own")["items"]
        assert [row["distribution"] for row in rows if row["purpose"] == "tomcat"] == ["multi-server"], node.name
        assert node.cli("file", "get", "csr", "tomcat").out == multi.csr
    # A purpose that a part of the nodes has: these only.
    cups = load_csr(cluster[IMP1].csr("cup-xmpp", "--distribution", "multi-server"))
    assert names_in(cups) == {f"{name}.example.com" for name in PRESENCE} | {"example.com"}
    cluster.settle()
    cluster[IMP2].do("DELETE", "/csrs/cup-xmpp")


def test_purposes_that_must_not_be_shared_are_refused(multi):
    pub, imp = multi.cluster.pub, multi.cluster[IMP1]
    for node, purposes in ((pub, ("ipsec", "TVS", "CAPF")), (imp, ("ipsec", "cup", "cup-ECDSA"))):
        for purpose in purposes:
            node.refused("set", "csr", "gen", purpose, "--distribution", "multi-server", "--yes", code="not-multi-server")
    for purpose in ("authz", "ITLRecovery"):
        assert pub.ask("POST", f"/csrs/{purpose}", {"distribution": "multi-server"}, ANSWERED).status == 422, purpose


def test_an_upload_on_one_node_is_what_every_node_presents_at_once(multi):
    cluster = multi.cluster
    off = cluster[IMP2]
    off.stop()
    cluster[IMP1].do("POST", "/certificates/own/tomcat", multi.leaf + multi.root.pem)
    cluster.settle()
    off.start()
    cluster.settle()
    expected = fingerprint(multi.leaf)
    for name in NODES:
        seen = presented(s_client(cluster[name].port, "-sigalgs", "rsa_pss_rsae_sha256:rsa_pkcs1_sha256"))
        assert fingerprint(seen[0]) == expected, name
        assert f"DNS:{name}.example.com" in openssl("x509", "-noout", "-ext", "subjectAltName", input=seen[0]).out
    state = cluster.audit()
    keys = {state["identity"][name, "tomcat"][2] for name in NODES}
    assert len(keys) == 1 and all(f"{key}.key" in node.key_files() for key in keys for node in cluster.running)
    purpose, kind, nodes, _ = state["sealed"][keys.pop()]
    assert (purpose, kind, nodes) == ("tomcat", "private", ",".join(sorted(NODES)))
    # The other key of HTTPS is still each node's own.
    assert len({served(cluster[name], "ec") for name in NODES}) == len(NODES)


def test_private_keys_are_nowhere_in_the_clear(multi):
    cluster = multi.cluster
    state = cluster.audit(PUB)
    keys = {"shared": (PUB, state["identity"][PUB, "tomcat"][2]), "authz": (PUB, next(k for k, v in state["sealed"].items() if v[0] == "authz")),
            "own": (SUB1, state["identity"][SUB1, "CallManager"][2]), "own EC": (IMP1, state["identity"][IMP1, "tomcat-ECDSA"][2]), "node": (PUB, "node")}
    secrets = {label: secrets_of(cluster[node], key) for label, (node, key) in keys.items()}
    assert all(len(secret) >= 31 for secret in secrets.values())
    looked = 0
    for where, data in everything_stored(cluster):
        looked += 1
        lowered = data.lower() if where == "dump" else b""
        for label, secret in secrets.items():
            assert secret not in data and secret.hex().encode() not in lowered, f"the private key '{label}' is in {where}"
            assert not any(form in data for form in base64_forms(secret)), f"the private key '{label}' is in {where}"
        assert b"PRIVATE KEY" not in data, where
    assert looked > 20


def test_the_same_search_finds_what_is_there(multi, tmp_path):
    """What the test above looks for it would find, in a file with that key in the clear."""
    node = multi.cluster.pub
    key = multi.cluster.audit(PUB)["identity"][PUB, "tomcat"][2]
    path = node.data / "keys" / f"{key}.key"
    for form in ("DER", "PEM"):
        openssl("pkey", "-in", path, "-passin", f"pass:{node.master_password()}", "-outform", form, "-out", tmp_path / form)
    secret = secrets_of(node, key)
    assert secret in (tmp_path / "DER").read_bytes()
    body = b"".join(line for line in (tmp_path / "PEM").read_bytes().splitlines() if not line.startswith(b"---"))
    assert any(form in body for form in base64_forms(secret))


def test_a_shared_certificate_is_left_by_one_node_alone_and_taken_back_by_all(multi):
    cluster = multi.cluster
    change = cluster[SUB1].do(*regeneration("tomcat"))
    cluster.settle()
    assert {name for name in NODES if served(cluster[name], "rsa") != fingerprint(multi.leaf)} == {SUB1}
    cluster[SUB1].do("POST", f"/changes/{change['number']}/undo")
    cluster.settle()
    assert {served(cluster[name], "rsa") for name in NODES} == {fingerprint(multi.leaf)}
    cluster.audit()


def test_a_node_that_joins_later_is_told_of_with_a_certificate_of_its_own_and_the_next_request_names_it(multi):
    cluster = multi.cluster
    plan = cluster.pub.json("set", "node", "add", "cucm-sub4", "--dry-run")
    assert "not-in-multi-server" in [f["code"] for f in plan["findings"]]
    late = cluster.add("cucm-sub4", "subscriber")
    cluster.settle()
    for node in (cluster.pub, late, cluster[IMP1]):
        findings = node.see("/nodes/cucm-sub4")["findings"]
        assert [(f["code"], f["weight"]) for f in findings] == [("not-in-multi-server", "warn")] and "tomcat" in findings[0]["message"], node.name
        assert node.finding_codes(SUB1) == []
    assert "cucm-sub4.example.com" in load(late.pem("tomcat")).subject.rfc4514_string() and served(late, "rsa") != fingerprint(multi.leaf)
    state = cluster.audit()
    shared = state["identity"][PUB, "tomcat"][2]
    assert f"{shared}.key" not in late.key_files() and "cucm-sub4" not in state["sealed"][shared][2]

    again = cluster.pub.csr("tomcat", "--distribution", "multi-server")
    assert "cucm-sub4.example.com" in names_in(load_csr(again))
    renewed = multi.root.leaf(again)
    cluster.settle()
    late.do("POST", "/certificates/own/tomcat", renewed)
    cluster.settle()
    assert {served(node, "rsa") for node in cluster.running} == {fingerprint(renewed)}
    assert late.finding_codes() == []
    # A node that leaves is no longer among those that the key is sealed to, and keeps nothing that is in force.
    late.stop()
    cluster[SUB2].cli("set", "node", "remove", "cucm-sub4", "--yes", "--force")
    del cluster.nodes["cucm-sub4"]
    state = cluster.audit()
    assert not [key for key, (_, _, nodes, _) in state["sealed"].items() if "cucm-sub4" in nodes.split(",")]
    assert not [at for at in state["identity"] if at[0] == "cucm-sub4"]


def test_the_store_of_a_multi_server_key_is_purged_with_it(multi):
    """A replaced shared key that is destroyed leaves no sealed copy behind, anywhere."""
    cluster = multi.cluster
    tables = postgres_tables(cluster.pg)
    in_force = {row["key_id"] for row in tables["identity"]}
    old = [row for row in tables["sealed_key"] if row["purpose"] == "tomcat" and row["key_id"] not in in_force]
    assert old, "the first shared key is still sealed: it can be gone back to"
    blob = next(row["data"] for row in tables["secret"] if row["hash"] == old[0]["secret"])
    cluster.pub.do("DELETE", f"/keys/{old[0]['key_id']}")
    cluster.settle()
    for node in cluster.running:
        node.until(lambda _, n=node: f"{old[0]['key_id']}.key" not in n.key_files(), "the purge of a key")
    after = postgres_tables(cluster.pg)
    assert blob not in [row["data"] for row in after["secret"]] and old[0]["key_id"] in {row["key_id"] for row in after["purged_key"]}
    cluster.audit()


# -- deadlines (last: its changes are made in the future)


def test_a_job_whose_deadline_has_passed_while_its_node_was_off_is_not_carried_out(all_nodes):
    """The clocks of database and nodes are two hours on when the node comes back."""
    cluster = all_nodes
    cluster.down()
    cluster.up(PUB)
    job = cluster.pub.ask_for(SUB1, *regeneration("tomcat-ECDSA"))
    before = cluster.pub.see("/certificates/own/tomcat-ECDSA", [("node", SUB1)])["fingerprint"]
    cluster.down()
    cluster.pg.restart(clock("+2h"))
    for name in (PUB, SUB1):
        cluster[name].env = clock("+2h")
    try:
        cluster.up(PUB)
        assert state_of(cluster, job)["state"] == "expired"
        cluster.up(SUB1)
        cluster.settle()
        late = state_of(cluster, job)
        assert late["state"] == "failed" and "deadline" in late["detail"], late
        assert cluster.pub.see("/certificates/own/tomcat-ECDSA", [("node", SUB1)])["fingerprint"] == before == served(cluster[SUB1], "ec")
        cluster.down()
    finally:
        for name in (PUB, SUB1):
            cluster[name].env = {}
    cluster.pg.restart()
    cluster.up()
    assert state_of(cluster, job)["state"] == "failed"
    cluster.audit(PUB, SUB1)
