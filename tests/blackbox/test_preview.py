"""What a plan shows side by side, before and after, and the defaults of a CSR (C1, G1; issue "The console")."""
import re

import pytest
from cryptography import x509

from books import audit
from cluster import NODES, PUB, SUB1, VOICE, wait_for
from forge import Authority
from harness import FQDN, NAME, fingerprint, key_id, key_kind, load, load_csr, trusted
from wire import Client

CERTIFICATE = {"common_name", "subject", "issuer", "fingerprint", "serial", "type", "key_type", "key_id", "not_before", "not_after", "subject_alt_names", "distribution"}
REQUEST = {"common_name", "subject", "subject_alt_names", "key_type", "key_id", "hash", "key_usage", "extended_key_usage", "distribution"}
UNKNOWN = {"fingerprint", "serial", "key_id"}  # of what is not made yet


def rfc3339(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def matches(shown, pem, kind, distribution):
    """Holds a preview against the certificate itself, decoded independently."""
    cert = load(pem)
    assert set(shown) == CERTIFICATE
    assert shown["fingerprint"] == fingerprint(pem) and shown["key_id"] == key_id(cert.public_key())
    assert int(shown["serial"], 16) == cert.serial_number
    assert shown["common_name"] == cert.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value
    assert shown["key_type"].lower().replace(" ", "-").replace("ec-p-", "ec-p") == key_kind(cert.public_key())
    assert (shown["not_before"], shown["not_after"]) == (rfc3339(cert.not_valid_before), rfc3339(cert.not_valid_after))
    assert (shown["type"], shown["distribution"]) == (kind, distribution)
    try:
        sans = cert.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        sans = ()
    words = {x509.DNSName: "DNS", x509.UniformResourceIdentifier: "URI"}
    assert shown["subject_alt_names"] == [f"{words[type(one)]}:{one.value}" for one in sans]


def steps_of(client, number):
    return client.get(f"/changes/{number}")["steps"]


@pytest.mark.quick
def test_what_is_known_of_a_certificate_that_is_not_made_yet_is_what_it_then_has_G1(node):
    client = Client(node)
    old = node.pem("tomcat-ECDSA")
    path = "/certificates/own/tomcat-ECDSA/regenerate"
    plan = client("POST", path, {"dry_run": 1}, {"key": "ec-p256", "years": 2}).expect(200).json
    assert all(set(step) == {"type", "text", "before", "after"} for step in plan["steps"])
    shown = plan["steps"][0]
    matches(shown["before"], old, "self-signed", NAME)
    assert all(shown["after"][member] is None for member in UNKNOWN)
    change = client("POST", path, {"yes": 1, "seen": plan["plan"]}, {"key": "ec-p256", "years": 2}).expect(201).json
    new = node.pem("tomcat-ECDSA")
    for steps in (change["steps"], steps_of(client, change["number"])):
        matches(steps[0]["before"], old, "self-signed", NAME)
        matches(steps[0]["after"], new, "self-signed", NAME)
        assert [(step["type"], step["before"] is None, step["after"] is None) for step in steps[1:]] == [("trust.remove", False, True), ("trust.add", True, False)]
        matches(steps[1]["before"], old, "self-signed", "cluster")
        matches(steps[2]["after"], new, "self-signed", "cluster")
    assert change["plan"] == plan["plan"], "what is shown is no part of what is agreed to"
    made = change["steps"][0]["after"]
    for member in CERTIFICATE - UNKNOWN - {"not_before", "not_after"}:
        assert shown["after"][member] == made[member], member
    assert shown["after"]["not_after"][:4] == made["not_after"][:4] and shown["after"]["key_type"] == "EC P-256"
    client.close()


@pytest.mark.quick
def test_a_request_shows_what_it_will_ask_for_C1(node):
    client = Client(node)
    body = {"key": "rsa-3072", "hash": "sha384", "subject_alt_names": ["alias.example.com", "192.0.2.7"], "organization": "Example", "country": "DE"}
    plan = client("POST", "/csrs/tomcat", {"dry_run": 1}, body).expect(200).json
    shown, = plan["steps"]
    assert shown["before"] is None and set(shown["after"]) == REQUEST and shown["after"]["key_id"] is None
    change = client("POST", "/csrs/tomcat", {"yes": 1}, body).expect(201).json
    csr = load_csr(node.cli("file", "get", "csr", "tomcat").out)
    asked = change["steps"][0]["after"]
    assert asked["key_id"] == key_id(csr.public_key()) and asked["hash"] == csr.signature_hash_algorithm.name == "sha384"
    assert asked["subject_alt_names"] == [f"DNS:{FQDN}", "DNS:alias.example.com", "IP:192.0.2.7"] and asked["key_type"] == "RSA 3072"
    assert asked["key_usage"] == ["digitalSignature", "keyEncipherment", "dataEncipherment"] and asked["extended_key_usage"] == ["serverAuth", "clientAuth"]
    assert asked["subject"] == ",".join(f"{a.rfc4514_attribute_name}={a.value}" for a in csr.subject) and asked["distribution"] == "node"
    assert {k: v for k, v in shown["after"].items() if k != "key_id"} == {k: v for k, v in asked.items() if k != "key_id"}
    # A second one replaces it, and shows what goes.
    again, = client("POST", "/csrs/tomcat", {"dry_run": 1}, {}).expect(200).json["steps"]
    assert again["before"] == asked
    gone, = client("DELETE", "/csrs/tomcat", {"dry_run": 1}).expect(200).json["steps"]
    assert gone["before"] == asked and gone["after"] is None
    client.close()


def test_an_upload_and_its_undo_show_what_comes_and_what_goes_U2(node, sub_ca, root_ca):
    client = Client(node)
    old = node.pem("tomcat")
    leaf = sub_ca.sign(node.csr("tomcat"))
    data = leaf + "".join(sub_ca.chain())
    plan = client("POST", "/certificates/own/tomcat", {"dry_run": 1}, data).expect(200).json
    change = client("POST", "/certificates/own/tomcat", {"yes": 1}, data).expect(201).json
    assert plan["steps"] == change["steps"], "all of it is known before"
    root, sub, identity, request, copy = change["steps"]
    matches(root["after"], root_ca.pem, "self-signed", "cluster")
    matches(sub["after"], sub_ca.pem, "ca-signed", "cluster")
    matches(identity["before"], old, "self-signed", NAME)
    matches(identity["after"], leaf, "ca-signed", NAME)
    assert request["before"]["key_id"] == identity["after"]["key_id"] and request["after"] is None
    matches(copy["before"], old, "self-signed", "cluster")
    assert change["undoable"] is True and change["undo_refused"] is None
    undo = client("POST", f"/changes/{change['number']}/undo", {"dry_run": 1}).expect(200).json["steps"]
    assert [(step["before"], step["after"]) for step in undo] == [(step["after"], step["before"]) for step in reversed(change["steps"])]
    client.close()


def test_a_deletion_shows_what_goes_and_steps_about_no_certificate_show_nothing(node):
    client = Client(node)
    authority = Authority("Doomed")
    trusted(node, "tomcat-trust", authority.pem)
    step, = client("DELETE", "/certificates/trust/tomcat-trust/Doomed.pem", {"dry_run": 1}).expect(200).json["steps"]
    matches(step["before"], authority.pem, "self-signed", "cluster")
    assert step["after"] is None
    change = client("POST", "/accounts/admin/password", {"yes": 1}, {"password": "another long one"}).expect(201).json
    assert [(one["before"], one["after"]) for one in change["steps"]] == [(None, None)]
    client.close()


def test_changes_of_any_age_show_what_they_did(node):
    """The very first one too, made before there were previews."""
    client = Client(node)
    steps = {step.get("purpose"): step for step in steps_of(client, 1) if step["type"] == "identity.set"}
    for purpose in ("tomcat", "TVS", "authz"):
        matches(steps[purpose]["after"], node.pem(purpose), "self-signed", NAME)
        assert steps[purpose]["before"] is None
    for step in steps_of(client, 1):
        assert {"type", "text", "before", "after"} <= set(step)
    key = steps["tomcat"]["key"]
    number = node.json("set", "cert", "regen", "tomcat", "--yes")["number"]
    assert f"replaces {key}" in node.cli("show", "change", number).out
    client.close()


def test_of_a_large_plan_the_first_200_steps_are_decoded(node):
    client = Client(node)
    root = Authority("Many")
    bundle = "".join(root.peer(f"host-{i}.example.net") for i in range(203))
    plan = client("POST", "/certificates/trust/Phone-trust", {"dry_run": 1}, bundle).expect(200).json
    assert [step["after"] is not None for step in plan["steps"]] == [True] * 200 + [False] * 3
    assert plan["steps"][0]["after"]["type"] == "ca-signed"
    client.close()


# -- what a request would have


def sent(defaults):
    """The arguments that say what the defaults say anyway."""
    return {"distribution": defaults["distribution"], "key": defaults["key"], "hash": defaults["hash"], "parent_domain": defaults["parent_domain"],
            **({"common_name": defaults["common_name"]} if defaults["common_name"] else {})}


@pytest.mark.quick
def test_the_defaults_are_those_of_a_request_without_arguments_C1(shared_node):
    before = audit(shared_node)
    client = Client(shared_node)
    for purpose in [row for row in client.get("/purposes")["items"] if "publisher" in row["roles"]]:
        path = f"/csrs/{purpose['name']}"
        if not purpose["requestable"]:
            assert client("GET", path + "/defaults").expect(422, "not-requestable").json["field"] == "purpose"
            continue
        defaults = client.get(path + "/defaults")
        assert set(defaults) == {"purpose", "distribution", "distributions", "common_name", "subject_alt_names", "parent_domain", "key", "keys", "hash", "hashes"}
        assert defaults["purpose"] == purpose["name"] and defaults["distribution"] == "node"
        assert defaults["keys"] == purpose["key_types"] and defaults["key"] == purpose["default_key"] and defaults["distributions"] == purpose["distribution"]
        assert defaults["hash"] in defaults["hashes"]
        plain, = client("POST", path, {"dry_run": 1}, {}).expect(200).json["steps"]
        assert plain["after"]["subject_alt_names"] == defaults["subject_alt_names"] and plain["after"]["common_name"] == defaults["common_name"]
        assert plain["after"]["hash"] == defaults["hash"]
        same, = client("POST", path, {"dry_run": 1}, sent(defaults)).expect(200).json["steps"]
        assert same["after"] == plain["after"], "to say them changes nothing"
        for key in defaults["keys"]:
            of_key = client.get(path + "/defaults", {"key": key})
            assert of_key["key"] == key and of_key["hash"] in of_key["hashes"]
            for digest in of_key["hashes"]:
                client("POST", path, {"dry_run": 1}, {"key": key, "hash": digest}).expect(200)
    for query, code, field in (({"distribution": "some"}, "bad-distribution", "distribution"), ({"key": "rsa-512"}, "bad-key-kind", "key"), ({"node": "nobody"}, "no-node", "node")):
        answer = client("GET", "/csrs/tomcat/defaults", query)
        assert answer.status >= 400 and (answer.json["code"], answer.json["field"]) == (code, field), answer
    assert client("GET", "/csrs/TVS/defaults", {"distribution": "multi-server"}).expect(422, "not-multi-server").json["field"] == "distribution"
    client.close()
    assert audit(shared_node) == before


# Each argument that can be wrong, a value of it, and what must be named.
WRONG = [
    ("common_name", "x" * 65, "common_name"), ("country", "Germany", "country"), ("state", "x" * 129, "state"), ("locality", "x" * 129, "locality"), ("organization", "x" * 65, "organization"),
    ("organizational_unit", "x" * 65, "organizational_unit"), ("parent_domain", "bad..domain", "parent_domain"), ("subject_alt_names", ["good.example.com", "bad..name"], "subject_alt_names"),
    ("subject_alt_names", ["-x.example.com"], "subject_alt_names"), ("subject_alt_names", ["IP:300.1.1.1"], "subject_alt_names"), ("subject_alt_names", "one.example.com", "subject_alt_names"),
    ("subject_alt_names", ["good.example.com", 7], "subject_alt_names"), ("key", "rsa-1024", "key"), ("key", "ec-p384", "key"), ("hash", "md5", "hash"), ("distribution", "all", "distribution"),
]


@pytest.mark.quick
@pytest.mark.parametrize("argument, value, field", WRONG, ids=range(len(WRONG)))
def test_an_error_is_at_the_argument_at_fault_and_names_its_value(shared_node, argument, value, field):
    with Client(shared_node) as client:
        problem = client("POST", "/csrs/tomcat", {"dry_run": 1}, {argument: value}).json
    assert problem["field"] == field and problem["status"] in (400, 422), problem
    wrong = [one for one in value if isinstance(one, str) and not one.startswith("good")] if isinstance(value, list) else [value]
    said = re.sub("[ -]", "", problem["detail"]).lower()
    for text in wrong:
        assert re.sub("[ -]", "", text.removeprefix("IP:")).lower() in said or "not a list" in problem["detail"], problem


# -- in a cluster


def test_in_a_cluster_requests_of_all_and_of_other_nodes_are_previewed(cluster):
    cluster.up(*VOICE[:2])
    cluster.settle()
    client = Client(cluster.pub)
    names = [f"DNS:{name}.example.com" for name in sorted(NODES)]
    multi = client.get("/csrs/tomcat/defaults", {"distribution": "multi-server"})
    assert sorted(multi["subject_alt_names"]) == sorted([*names, "DNS:example.com"]) and multi["parent_domain"] == "example.com"
    assert multi["common_name"] == f"{PUB}-ms.example.com" and multi["distribution"] == "multi-server"
    voice = client.get("/csrs/CallManager/defaults", {"distribution": "multi-server"})
    assert sorted(voice["subject_alt_names"]) == sorted([*[f"DNS:{name}.example.com" for name in VOICE], "DNS:example.com"])
    other = client.get("/csrs/TVS/defaults", {"node": SUB1})
    assert other["common_name"] == f"{SUB1}.example.com" and other["subject_alt_names"] == [f"DNS:{SUB1}.example.com"]
    client("GET", "/csrs/cup/defaults", {"node": SUB1}).expect(422, "purpose-not-here")
    plan = client("POST", "/csrs/tomcat", {"dry_run": 1}, {"distribution": "multi-server"}).expect(200).json
    assert plan["steps"][0]["after"]["subject_alt_names"] == multi["subject_alt_names"] and plan["steps"][0]["after"]["distribution"] == "multi-server"
    # A job's plan, made here as the other node would make it.
    plan = client("POST", "/certificates/own/TVS/regenerate", {"dry_run": 1, "node": SUB1}, {}).expect(200).json
    matches(plan["steps"][0]["before"], cluster[SUB1].pem("TVS"), "self-signed", SUB1)
    assert plan["steps"][0]["after"]["common_name"] == f"{SUB1}.example.com" and plan["steps"][0]["after"]["distribution"] == SUB1
    asked = client("POST", "/certificates/own/TVS/regenerate", {"yes": 1, "node": SUB1}, {}).expect(202).json
    assert [(step["type"], step["before"], step["after"]) for step in asked["steps"]] == [("job.add", None, None)] and asked["undoable"] is False
    cluster.settle()
    answer = client.get(f"/changes/{client.get('/jobs/' + asked['job'])['answer']}")
    matches(answer["steps"][0]["after"], cluster[SUB1].pem("TVS"), "self-signed", SUB1)
    # Both nodes count the same.
    counts = [Client(node).get("/overview")["certificates"] for node in (cluster.pub, cluster[SUB1])]
    assert counts[0] == counts[1] and counts[0]["own"] > 2 * 9
    client.close()


def test_a_renamed_node_is_advised_by_what_it_has(cluster):
    """The multi-server certificate stays with it; what it is told to do can be done as it stands; nobody is told to end every token."""
    pub, sub = cluster.up(PUB, SUB1)
    cluster.settle()
    root = Authority("Rename Root")
    csr = pub.csr("tomcat", "--distribution", "multi-server")
    pub.do("POST", "/certificates/own/tomcat", root.leaf(csr) + root.pem)
    cluster.settle()
    plan = pub.json("set", "node", "rename", SUB1, "--domain", "other.example", "--dry-run")
    assert any("set csr gen tomcat --distribution multi-server" in one["text"] for one in plan["followups"])
    pub.cli("set", "node", "rename", SUB1, "--domain", "other.example", "--yes", "--force")
    wait_for(lambda: sub.is_ready() and sub.status["domain"] == "other.example", lambda: sub.err)
    cluster.settle()
    finding, = [f for f in pub.see(f"/nodes/{SUB1}")["findings"] if f["code"] == "not-in-multi-server"]
    assert "has it nevertheless" in finding["message"] and "of its own" not in finding["message"]
    pub.cli("set", "csr", "gen", "tomcat", "--distribution", "multi-server", "--yes")  # as it was advised
    plan = pub.json("set", "node", "rename", PUB, "--new-name", "cucm-first", "--dry-run")
    advised = {one["target"] for one in plan["followups"] if one["kind"] == "certificate"}
    assert "CallManager" in advised and not {"authz", "ITLRecovery"} & advised, plan
    plan = pub.json("set", "node", "remove", SUB1, "--dry-run")
    texts = [one["text"] for one in plan["followups"]]
    assert any("--distribution multi-server" in text for text in texts)
    goes, = [f for f in plan["findings"] if f["code"] == "node-goes"]
    assert "when it is removed" in goes["hint"] and "first" not in goes["hint"]
    # An undo that cannot be taken back in turn is not offered as if it could.
    added = pub.ask("POST", "/nodes", {"node": "guest"}, [("yes", 1)]).expect(201).json
    assert added["undoable"] is True
    undone = pub.ask("POST", f"/changes/{added['number']}/undo", None, [("yes", 1)]).expect(201).json
    assert undone["undoable"] is False and undone["undo_refused"]
    assert [f["hint"] for f in undone["findings"] if f["code"] == "undo"] == ["This cannot be undone in turn."]
    problem = pub.refused("set", "node", "add", "guest", "--hours", "0", "--yes", code="bad-hours")
    assert "from 1 to 720, not 0" in problem["detail"] and problem["field"] == "hours"
