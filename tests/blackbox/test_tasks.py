"""The tasks on a node without uploads of identities: regenerate, CSR, trust certificates, delete, undo, purge, find, downloads; each as plan, change, effect,
by the command line and by the API (issue: "Tasks"; requirements section 4: V1 V2 D1 U1 X1 G1 C1 C2, section 6)."""
import ipaddress
import json
import os
import re

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import NameOID

from conftest import Makers
from harness import DOMAIN, FQDN, NAME, CA, blocks, der, fingerprint, key_id, key_kind, load, load_csr, openssl, p7, quote, resigned, tlv

# ---- plans: the dry run of each task, on one node, by both ways


class Prepared:
    """A node with something to work on for every task: a pending CSR, a trust certificate, a change to undo, a replaced key."""

    def __init__(self, node, root_ca, sub_ca):
        self.node, self.sub_ca = node, sub_ca
        node.csr("ipsec")
        node.cli("set", "cert", "import", "trust", "tomcat", input=root_ca.pem)
        self.trust_name = root_ca.name
        self.old_key = node.own("TVS")["key"]["id"]
        node.cli("set", "cert", "regen", "TVS", "--yes")
        self.undo = str(node.head)


@pytest.fixture(scope="module")
def prepared(template, root_ca, sub_ca):
    makers = Makers(template)
    yield Prepared(makers.copy(), root_ca, sub_ca)
    makers.end()


# name: (words of ucpki, (method, path, JSON body or None, query), file)
TASKS = {
    "regenerate": (["set", "cert", "regen", "tomcat", "--key", "rsa-3072", "--years", "2"],
                   ("POST", "/certificates/own/tomcat/regenerate", {"key": "rsa-3072", "years": 2}, []), None),
    "generate a CSR": (["set", "csr", "gen", "CallManager", "--distribution", "multi-server", "--san", "a.example.com", "--san", "192.0.2.7", "--cn", "cm.example.com",
                        "--hash", "sha384", "--country", "DE", "--organization", "Example", "--ou", "Voice", "--locality", "Bonn", "--state", "NRW"],
                       ("POST", "/csrs/CallManager",
                        {"distribution": "multi-server", "subject_alt_names": ["a.example.com", "192.0.2.7"], "common_name": "cm.example.com", "hash": "sha384", "country": "DE",
                         "organization": "Example", "organizational_unit": "Voice", "locality": "Bonn", "state": "NRW"}, []), None),
    "replace a CSR": (["set", "csr", "gen", "ipsec"], ("POST", "/csrs/ipsec", {}, []), None),
    "delete a CSR": (["set", "csr", "delete", "ipsec"], ("DELETE", "/csrs/ipsec", None, []), None),
    "upload to a store": (["set", "cert", "import", "trust", "callmanager", "--description", "from the CA"],
                          ("POST", "/certificates/trust/CallManager-trust", None, [("description", "from the CA")]), "chain"),
    "upload an identity": (["set", "cert", "import", "own", "ipsec"], ("POST", "/certificates/own/ipsec", None, []), "ipsec"),
    "delete a trust certificate": (["set", "cert", "delete", "tomcat-trust", "TRUST"], ("DELETE", "/certificates/trust/tomcat-trust/TRUST", None, []), None),
    "undo": (["utils", "undo", "UNDO"], ("POST", "/changes/UNDO/undo", None, []), None),
    "purge a key": (["utils", "key", "purge", "KEY"], ("DELETE", "/keys/KEY", None, []), None),
}


def task_of(prepared, name):
    words, (method, path, body, query), file = TASKS[name]
    replace = {"TRUST": prepared.trust_name, "UNDO": prepared.undo, "KEY": prepared.old_key}
    words = [replace.get(word, word) for word in words]
    for key, value in replace.items():
        path = path.replace(key, value.replace(" ", "%20"))
    data = None
    if file == "chain":
        data = "".join(prepared.sub_ca.chain()).encode()
    elif file is not None:
        csr = prepared.node.cli("file", "get", "csr", file).out
        data = (prepared.sub_ca.sign(csr) + "".join(prepared.sub_ca.chain())).encode()
    return words, method, path, body, query, data


@pytest.mark.parametrize("name", TASKS)
def test_a_dry_run_changes_nothing_and_is_the_same_both_ways(prepared, name):
    """Issue, section 6, design "plan, change, effect": --dry-run and dry_run=1 give one plan, and the state is what it was."""
    node = prepared.node
    words, method, path, body, query, data = task_of(prepared, name)
    before = node.state()
    by_cli = node.json(*words, "--dry-run", input=data)
    answer = node.api(method, path, json_body=body, data=data, query=[*query, ("dry_run", "1")]).expect(200)
    assert by_cli == answer.json
    plan = answer.json
    assert plan["dry_run"] is True and plan["number"] is None and plan["base"] == before["head"]
    assert plan["steps"] and all(step["type"] and step["text"] for step in plan["steps"])
    assert plan["summary"] and re.fullmatch("[0-9a-f]{64}", plan["plan"])
    weights = ["note", "warn", "danger", "refused"]
    worst = max([weights.index(finding["weight"]) for finding in plan["findings"]], default=0)
    assert plan["worst"] == weights[worst] and plan["worst"] != "refused"
    # Text for people says the same, and that nothing happened.
    text = node.cli(*words, "--dry-run", input=data).out
    assert all(step["text"] in text for step in plan["steps"]) and all(finding["message"] in text for finding in plan["findings"])
    assert "nothing was changed" in text
    assert node.state() == before


@pytest.mark.parametrize("name", [name for name in TASKS if name not in ("generate a CSR", "upload to a store", "upload an identity")])
def test_a_task_with_warnings_wants_an_answer(prepared, name):
    """Section 6: warn needs --yes, danger needs --force too; without them exit status 1, 409, the plan, and nothing changes."""
    node = prepared.node
    words, method, path, body, query, data = task_of(prepared, name)
    before = node.state()
    problem = node.refused(*words, code="confirmation-needed", input=data)
    answer = node.api(method, path, json_body=body, data=data, query=query).expect(409, "confirmation-needed")
    assert problem["plan"]["plan"] == answer.json["plan"]["plan"]
    text = node.cli(*words, check=False, input=data)
    answer = "--force" if problem["plan"]["worst"] == "danger" else "--yes"
    assert text.status == 1 and "Nothing was changed" in text.err and answer in text.err, f"{text}"
    if problem["plan"]["worst"] == "danger":
        assert node.refused(*words, "--yes", code="confirmation-needed", input=data)["plan"]["worst"] == "danger"
        assert node.refused(*words, "--force", code="confirmation-needed", input=data)["plan"]["worst"] == "danger"
        node.api(method, path, json_body=body, data=data, query=[*query, ("yes", "1")]).expect(409, "confirmation-needed")
        node.api(method, path, json_body=body, data=data, query=[*query, ("force", "1")]).expect(409, "confirmation-needed")
    assert node.state() == before


@pytest.mark.parametrize("way", ["ucpki", "curl"])
def test_each_task_becomes_a_change(new_node, root_ca, sub_ca, way):
    """Issue: every task is carried out through the command line and the API alike, with a number, an entry in the log with who and why, and its plan's steps."""
    prepared = Prepared(new_node.copy(), root_ca, sub_ca)
    node = prepared.node
    order = ["undo", "upload an identity", "generate a CSR", "regenerate", "upload to a store", "delete a trust certificate", "purge a key", "replace a CSR", "delete a CSR"]
    assert sorted(order) == sorted(TASKS)
    for name in order:
        if name == "purge a key":  # undo has brought the old key back: replace it again
            node.cli("set", "cert", "regen", "TVS", "--yes")
        words, method, path, body, query, data = task_of(prepared, name)
        head = node.head
        plan = node.json(*words, "--dry-run", input=data)
        if way == "ucpki":
            change = node.json(*words, "--yes", "--force", "--why", f"test of {name}", input=data)
        else:
            more = [("yes", "1"), ("force", "1"), ("why", f"test of {name}"), ("seen", plan["plan"])]
            change = node.api(method, path, json_body=body, data=data, query=[*query, *more]).expect(201).json
        assert change["number"] == head + 1 == node.head, name
        assert change["summary"] == plan["summary"] and change["dry_run"] is False
        shown = node.json("show", "change", str(change["number"]))
        assert shown["who"] == (f"uid {os.geteuid()}" if way == "ucpki" else "admin") and shown["why"] == f"test of {name}" and shown["node"] == NAME
        assert [step["type"] for step in shown["steps"]] == [step["type"] for step in plan["steps"]]
        assert [(one["kind"], one["target"], one["text"]) for one in shown["followups"]] == [(one["kind"], one["target"], one["text"]) for one in plan["followups"]]
        assert shown["previous_hash"] == node.json("show", "change", str(head))["hash"]


def test_a_plan_that_was_seen_and_has_changed_is_shown_again(node, root_ca):
    """Design "two administrators": with the hash of an outdated plan nothing happens and the new plan is shown (409 plan-changed)."""
    path = "/csrs/TVS"
    seen = node.api("POST", path, json_body={}, query=[("dry_run", "1")]).expect(200).json["plan"]
    node.csr("TVS")
    head = node.head
    problem = node.api("POST", path, json_body={}, query=[("yes", "1"), ("seen", seen)]).expect(409, "plan-changed").json
    assert problem["plan"]["plan"] != seen and [f["code"] for f in problem["plan"]["findings"]] == ["replaces-csr"]
    assert node.head == head
    node.api("POST", path, json_body={}, query=[("yes", "1"), ("seen", problem["plan"]["plan"])]).expect(201)


def test_a_repeated_request_id_is_carried_out_once(node):
    """Design: every change has a request id; repeating it gives the first result and changes nothing more."""
    query = [("yes", "1"), ("request", "11111111-2222-4333-8444-555555555555")]
    first = node.api("POST", "/certificates/own/TVS/regenerate", json_body={}, query=query).expect(201).json
    fp = fingerprint(node.pem("TVS"))
    again = node.api("POST", "/certificates/own/TVS/regenerate", json_body={}, query=query)
    assert again.status in (200, 201) and again.json["number"] == first["number"]
    assert fingerprint(node.pem("TVS")) == fp and node.head == first["number"]


# ---- G1: regenerate


def test_regenerating_replaces_certificate_key_and_copies(node):
    """G1: a new key and certificate of the same kind and length; the copies in trust stores are replaced; what follows is listed; it is undone by one command."""
    for purpose, services, kinds in (("CallManager", {"CallManager", "CAPF", "CTI"}, {"reload", "lists", "backup"}),
                                     ("CAPF", {"CallManager", "CAPF"}, {"reload", "lists", "backup"}),
                                     ("tomcat-ECDSA", {"Tomcat (HTTPS)", "TFTP"}, {"reload", "backup"})):
        old = node.pem(purpose)
        old_copies = {(row["unit"], row["name"]) for row in node.trust(f"fingerprint is {fingerprint(old)}")}
        assert old_copies
        change = node.json("set", "cert", "regen", purpose, "--yes")
        new = node.pem(purpose)
        issuer = purpose == "CAPF"  # phones have certificates of the old one
        lists = ["list-loses", "list-gains"] * {"CallManager": 2, "CAPF": 1}.get(purpose, 0)  # as SAST and as TFTP
        assert sorted(f["code"] for f in change["findings"]) == sorted(["overwrites-certificate"] + ["old-issuer-stays"] * issuer + lists)
        assert {f["target"] for f in change["followups"] if f["kind"] == "reload"} == services
        assert {f["kind"] for f in change["followups"]} == kinds
        assert key_kind(load(new).public_key()) == key_kind(load(old).public_key())
        assert key_id(load(new).public_key()) != key_id(load(old).public_key()) and load(new).serial_number != load(old).serial_number
        assert {(row["unit"], row["name"]) for row in node.trust(f"fingerprint is {fingerprint(old)}")} == (old_copies if issuer else set())
        assert {row["unit"] for row in node.trust(f"fingerprint is {fingerprint(new)}")} == {unit for unit, _ in old_copies}
        shown = node.own(purpose)
        assert shown["fingerprint"] == fingerprint(new) and shown["key"] == {"id": key_id(load(new).public_key()), "present": True, "type": shown["key_type"]}
        if purpose != "CAPF":
            # No suffix: the old copy's name is free again.
            assert {name for _, name in old_copies} == {row["name"] for row in node.trust(f"fingerprint is {fingerprint(new)}")}


@pytest.mark.parametrize("purpose, key, kind, digest", [
    ("tomcat-ECDSA", "ec-p521", "ec-p521", hashes.SHA512),
    ("tomcat-ECDSA", "ec-p256", "ec-p256", hashes.SHA256),
    ("TVS", "rsa-3072", "rsa-3072", hashes.SHA256),
])
def test_the_kind_of_key_can_be_chosen_and_is_kept(node, purpose, key, kind, digest):
    """G1: RSA 2048, 3072, 4096 or EC P-256, 384, 521; the next regeneration keeps the length."""
    for words in (["--key", key], []):
        node.cli("set", "cert", "regen", purpose, "--yes", *words)
        cert = load(node.pem(purpose))
        assert key_kind(cert.public_key()) == kind and isinstance(cert.signature_hash_algorithm, digest)


def test_hash_and_years_can_be_chosen(node):
    """G1, C1: the hash of the signature and the validity."""
    node.cli("set", "cert", "regen", "TVS", "--yes", "--hash", "sha512", "--years", "1")
    cert = load(node.pem("TVS"))
    assert isinstance(cert.signature_hash_algorithm, hashes.SHA512)
    assert 365 <= (cert.not_valid_after - cert.not_valid_before).days <= 366


@pytest.mark.quick
@pytest.mark.parametrize("words, code, shown", [
    (["tomcat", "--key", "ec-p256"], "key-family", "EC P-256"),
    (["tomcat-ECDSA", "--key", "rsa-2048"], "key-family", "RSA 2048"),
    (["tomcat", "--key", "rsa-1024"], "bad-key-kind", "rsa-1024"),
    (["tomcat", "--key", "ed25519"], "bad-key-kind", "ed25519"),
    (["tomcat", "--hash", "md5"], "bad-hash", "md5"),
    (["tomcat-ECDSA", "--hash", "sha256"], "hash-too-weak", "sha256"),
    (["tomcat", "--years", "101"], "bad-years", "100"),
    (["tomcet"], "no-purpose", "tomcet"),
    (["cup"], "purpose-not-here", "cup"),
])
def test_what_cannot_be_regenerated_is_refused(shared_node, words, code, shown):
    """G1, C39: wrong family, unknown kinds, weak hashes, purposes that are not of this node; the value is in the message."""
    head = shared_node.head
    problem = shared_node.refused("set", "cert", "regen", *words, "--yes", "--force", code=code)
    assert shown in problem["detail"] + problem.get("hint", "")
    assert shared_node.head == head


def test_3072_bits_are_a_danger_where_phone_files_are_signed(node):
    """Section 2: CallManager and ITLRecovery sign phone files, for which no code of 3072-bit keys is known: danger; 4096 a warning; elsewhere nothing."""
    for purpose in ("CallManager", "ITLRecovery"):
        plan = node.json("set", "cert", "regen", purpose, "--key", "rsa-3072", "--dry-run")
        [finding] = [f for f in plan["findings"] if f["weight"] == "danger"]
        assert finding["code"] == "phone-signature-3072" and "3072" in finding["message"] and purpose in finding["message"]
        plan = node.json("set", "cert", "regen", purpose, "--key", "rsa-4096", "--dry-run")
        assert plan["worst"] == "warn" and "phone-key-length" in [f["code"] for f in plan["findings"]]
    assert node.json("set", "cert", "regen", "TVS", "--key", "rsa-3072", "--dry-run")["worst"] == "warn"
    node.refused("set", "cert", "regen", "CallManager", "--key", "rsa-3072", "--yes", code="confirmation-needed")
    change = node.json("set", "cert", "regen", "CallManager", "--key", "rsa-3072", "--yes", "--force")
    assert change["worst"] == "danger"
    assert key_kind(load(node.pem("CallManager")).public_key()) == "rsa-3072"
    assert node.json("set", "csr", "gen", "CallManager", "--key", "rsa-3072", "--dry-run")["worst"] == "danger"


def test_regenerating_authz_says_that_tokens_stop(node):
    """O1: the plan of a new signing key says that every token of the old one stops working."""
    plan = node.json("set", "cert", "regen", "authz", "--dry-run")
    assert "tokens-stop" in [f["code"] for f in plan["findings"]] and plan["worst"] == "warn"


# ---- C1, C2: requests


def names_of(csr):
    san = csr.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return [str(name.value) for name in san]


@pytest.mark.quick
def test_a_request_asks_for_what_its_purpose_needs(shared_node):
    """Section 2, C1, C45: KU, EKU and basic constraints of the table, a proof of possession; read by python3-cryptography and openssl."""
    node = shared_node
    expected = {item["name"]: item for item in node.json("show", "cert", "purposes")["items"]}
    words = {"digitalSignature": "digital_signature", "keyEncipherment": "key_encipherment", "dataEncipherment": "data_encipherment", "keyCertSign": "key_cert_sign"}
    ekus = {"serverAuth": "1.3.6.1.5.5.7.3.1", "clientAuth": "1.3.6.1.5.5.7.3.2", "ipsecEndSystem": "1.3.6.1.5.5.7.3.5"}
    for purpose in ("tomcat", "tomcat-ECDSA", "CallManager", "CallManager-ECDSA", "TVS", "ipsec", "CAPF"):
        pem = node.csr(purpose)
        csr = load_csr(pem)
        assert csr.is_signature_valid
        assert "self-signature verify OK" in openssl("req", "-verify", "-noout", input=pem).err
        item = expected[purpose]
        usage = csr.extensions.get_extension_for_class(x509.KeyUsage).value
        assert {word for word, attribute in words.items() if getattr(usage, attribute)} == set(item["key_usage"])
        asked = {oid.dotted_string for oid in csr.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value}
        assert asked == {ekus[word] for word in item["extended_key_usage"]}
        basic = csr.extensions.get_extension_for_class(x509.BasicConstraints).value
        assert (basic.ca, basic.path_length) == ((True, 0) if purpose == "CAPF" else (False, None))
        assert key_kind(csr.public_key()) == item["default_key"]
        common_name = csr.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
        if purpose == "CAPF":
            assert re.fullmatch("CAPF-[0-9a-f]{8}", common_name)
        else:
            assert common_name == (f"{NAME}-EC.{DOMAIN}" if purpose.endswith("-ECDSA") else FQDN)
            assert names_of(csr) == [FQDN]
        shown = node.json("show", "csr", "own", purpose)
        assert shown["key_id"] == key_id(csr.public_key()) and shown["request"]["pem"] == pem
        assert shown["name"] == f"{purpose}.csr" and shown["common_name"] == common_name
    listed = node.json("show", "csr", "list", "own")["items"]
    assert len(listed) == 7


def test_every_option_of_a_request_is_in_it(node):
    """C1: distribution, common name, SANs (C46: once each; C50: IDN as A-labels; C51: wildcards), parent domain, key, hash, subject fields."""
    pem = node.csr("tomcat", "--cn", "console.example.com", "--san", "a.example.com", "--san", "A.example.com", "--san", FQDN, "--san", "192.0.2.1", "--san", "2001:db8::1",
                   "--san", "bücher.example", "--san", "*.bücher.example", "--san", "xn--bcher-kva.example", "--parent-domain", "parent.example", "--key", "rsa-4096", "--hash", "sha512",
                   "--country", "DE", "--state", "Nordrhein-Westfalen", "--locality", "Köln", "--organization", "Muster & Söhne, GmbH", "--ou", "Voice/UC")
    csr = load_csr(pem)
    attributes = {attribute.oid: attribute.value for attribute in csr.subject}
    assert attributes == {NameOID.COUNTRY_NAME: "DE", NameOID.STATE_OR_PROVINCE_NAME: "Nordrhein-Westfalen", NameOID.LOCALITY_NAME: "Köln",
                          NameOID.ORGANIZATION_NAME: "Muster & Söhne, GmbH", NameOID.ORGANIZATIONAL_UNIT_NAME: "Voice/UC", NameOID.COMMON_NAME: "console.example.com"}
    san = csr.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert san.get_values_for_type(x509.IPAddress) == [ipaddress.ip_address("192.0.2.1"), ipaddress.ip_address("2001:db8::1")]
    dns = san.get_values_for_type(x509.DNSName)
    assert sorted(dns) == sorted([FQDN, "parent.example", "a.example.com", "xn--bcher-kva.example", "*.xn--bcher-kva.example"])
    assert key_kind(csr.public_key()) == "rsa-4096" and isinstance(csr.signature_hash_algorithm, hashes.SHA512)


def test_a_multi_server_request(node):
    """Section 2, C1: one certificate for all nodes: HOST-ms.DOMAIN, the domain among the names; only for purposes that may be shared."""
    csr = load_csr(node.csr("tomcat", "--distribution", "multi-server"))
    assert csr.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == f"{NAME}-ms.{DOMAIN}"
    assert sorted(names_of(csr)) == sorted([FQDN, DOMAIN])
    assert node.json("show", "csr", "own", "tomcat")["distribution"] == "multi-server"
    csr = load_csr(node.csr("tomcat-ECDSA", "--distribution", "multi-server"))
    assert csr.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == f"{NAME}-EC-ms.{DOMAIN}"
    csr = load_csr(node.csr("CallManager", "--distribution", "multi-server", "--parent-domain", ""))
    assert names_of(csr) == [FQDN]
    problem = node.refused("set", "csr", "gen", "ipsec", "--distribution", "multi-server", "--yes", code="not-multi-server")
    assert "ipsec" in problem["detail"]


def test_a_new_request_replaces_the_pending_one(node):
    """C1, C29: it has a key of its own, warns about the pending one, and leaves the running certificate alone."""
    before = fingerprint(node.pem("tomcat"))
    first = load_csr(node.csr("tomcat"))
    problem = node.refused("set", "csr", "gen", "tomcat", code="confirmation-needed")
    [finding] = problem["plan"]["findings"]
    assert finding["code"] == "replaces-csr" and node.json("show", "csr", "own", "tomcat")["created_at"] in finding["message"]
    second = load_csr(node.csr("tomcat"))
    keys = {key_id(first.public_key()), key_id(second.public_key()), node.own("tomcat")["key"]["id"]}
    assert len(keys) == 3
    assert len(node.json("show", "csr", "list", "own")["items"]) == 1
    assert fingerprint(node.pem("tomcat")) == before
    assert node.own("tomcat")["pending_csr"] is True


def test_downloads_of_a_request(node):
    """C2, D1: `file get csr` as PEM and DER, by ucpki and curl, byte for byte what openssl converts."""
    pem = node.csr("TVS")
    assert blocks(pem) == [pem] and pem.startswith("-----BEGIN CERTIFICATE REQUEST-----\n")
    assert openssl("req", input=pem).out == pem
    as_der = node.cli("file", "get", "csr", "TVS", "--format", "der").raw
    assert as_der == openssl("req", "-outform", "DER", input=pem).raw
    assert node.api("GET", "/csrs/TVS/content").expect(200).body == pem.encode()
    answer = node.api("GET", "/csrs/TVS/content", query=[("format", "der")]).expect(200)
    assert answer.body == as_der and answer.headers["content-type"] == "application/pkcs10"
    assert 'filename="TVS.der"' in answer.headers["content-disposition"]
    assert node.cli("show", "csr", "own", "TVS").out == pem
    assert "Certificate Request:" in node.cli("show", "csr", "own", "TVS", "--text").out
    problem = node.api("GET", "/csrs/TVS/content", query=[("format", "p7b")]).expect(400, "bad-format").json
    assert "'p7b'" in problem["detail"]
    node.refused("file", "get", "csr", "tomcat", code="no-csr")


@pytest.mark.quick
@pytest.mark.parametrize("words, code, shown", [
    (["tomcat", "--san", "bad name"], "bad-name", "bad name"),
    (["tomcat", "--san", "-x.example"], "bad-name", "-x.example"),
    (["tomcat", "--san", "a..b"], "bad-name", "a..b"),
    (["tomcat", "--san", "IP:300.1.1.1"], "bad-name", "300.1.1.1"),
    (["tomcat", "--san", "xn--a.example"], "bad-name", "xn--a.example"),
    (["tomcat", "--parent-domain", "exam ple"], "bad-name", "exam ple"),
    (["tomcat", "--key", "ec-p384"], "key-family", "EC P-384"),
    (["ITLRecovery"], "not-requestable", "ITLRecovery"),
    (["authz"], "not-requestable", "authz"),
    (["nothing"], "no-purpose", "nothing"),
])
def test_what_cannot_be_requested_is_refused(shared_node, words, code, shown):
    """C50: each label is validated; C39; purposes that no CA signs. The value at fault is in the message."""
    state = shared_node.key_files()
    problem = shared_node.refused("set", "csr", "gen", *words, "--yes", code=code)
    assert shown in problem["detail"]
    assert shared_node.key_files() == state


def test_a_subject_that_no_certificate_can_hold_is_refused(shared_node):
    """C1: found before a key is made: a country that has not two letters, a common name of more than 64 characters."""
    state = shared_node.key_files()
    for words, shown in ((["--country", "DEU"], "DEU"), (["--cn", "x" * 65], "x" * 65)):
        result = shared_node.cli("set", "csr", "gen", "tomcat", *words, "--yes", "--json", check=False)
        assert result.status == 1 and shown in result.json["detail"], f"{result}"
    assert shared_node.key_files() == state


def test_deleting_a_request(node):
    """C1: deleting warns that an answer no longer fits; undo brings the request and its key back."""
    pem = node.csr("tomcat")
    assert node.json("set", "csr", "delete", "tomcat", "--dry-run")["worst"] == "warn"
    change = node.json("set", "csr", "delete", "tomcat", "--yes")
    node.refused("file", "get", "csr", "tomcat", code="no-csr")
    node.refused("set", "csr", "delete", "tomcat", "--yes", code="no-csr")
    node.cli("utils", "undo", str(change["number"]), "--yes")
    assert node.cli("file", "get", "csr", "tomcat").out == pem


# ---- undo, purge


def test_undo_brings_back_certificate_key_and_copies_and_is_undone_itself(node):
    """Section 4 (X1: ucpki can), design: undo is a change with the inverse steps; undo of the undo brings the newer state back."""
    def look():
        rows = [(row["unit"], row["name"], row["fingerprint"], row["description"]) for row in node.trust()]
        return fingerprint(node.pem("CallManager")), node.own("CallManager")["key"], sorted(rows)

    first = look()
    change = node.json("set", "cert", "regen", "CallManager", "--yes")["number"]
    second = look()
    assert second[0] != first[0]
    undo = node.json("utils", "undo", str(change), "--yes")
    assert look() == first
    assert node.json("show", "change", str(undo["number"]))["undoes"] == change
    shown = node.json("show", "change", str(change))
    assert shown["undone_by"] == undo["number"] and shown["undoable"] is False and shown["undo_refused"]
    problem = node.refused("utils", "undo", str(change), "--yes", code="undone-already")
    assert str(undo["number"]) in problem["detail"]
    node.cli("utils", "undo", str(undo["number"]), "--yes")
    assert look() == second
    # Now the first change counts again, and can be taken back again.
    listed = {item["number"]: item for item in node.json("show", "change", "list")["items"]}
    assert listed[change]["undone_by"] is None and listed[change]["undoable"] is True
    assert listed[undo["number"]]["undone_by"] == undo["number"] + 1 and listed[undo["number"]]["undoable"] is False
    node.cli("utils", "undo", str(change), "--yes")
    assert look() == first


def test_undo_is_refused_after_a_later_change_of_the_same(node):
    """Section 4: the refusal names the later change; once that is undone, the earlier one can be."""
    first = node.json("set", "cert", "regen", "TVS", "--yes")["number"]
    before = fingerprint(node.pem("TVS"))
    other = node.json("set", "cert", "regen", "ipsec", "--yes")["number"]
    later = node.json("set", "cert", "regen", "TVS", "--yes")["number"]
    problem = node.refused("utils", "undo", str(first), "--yes", "--force", code="changed-since")
    assert f"change {later} " in problem["detail"] and str(other) not in problem["detail"]
    assert node.json("show", "change", str(first))["undoable"] is False
    node.cli("utils", "undo", str(later), "--yes")
    assert fingerprint(node.pem("TVS")) == before
    node.cli("utils", "undo", str(first), "--yes")


def test_the_installation_cannot_be_undone(shared_node):
    """A node cannot be left without its certificates: exact code, and nothing changes."""
    head = shared_node.head
    problem = shared_node.refused("utils", "undo", "1", "--yes", "--force", code="not-undoable")
    shown = shared_node.json("show", "change", "1")
    assert shown["undoable"] is False
    assert shown["undo_refused"] == problem["detail"] == "change 1 installed this node, which would be left without its certificates and its administrator"
    assert shared_node.head == head


@pytest.mark.parametrize("number, code, status", [("0", "bad-number", 400), ("999", "no-change", 404), ("x", "bad-number", 400), ("99999999999999999999", "bad-number", 400)])
def test_numbers_of_changes_that_do_not_exist(shared_node, number, code, status):
    """C65: every number is range-checked; exact codes; the value is in the message."""
    assert number in shared_node.refused("utils", "undo", number, "--yes", code=code)["detail"]
    assert number in shared_node.refused("show", "change", number, code=code)["detail"]
    shared_node.api("GET", f"/changes/{number}").expect(status, code)
    shared_node.api("POST", f"/changes/{number}/undo").expect(status, code)


def test_purging_a_replaced_key(node):
    """Design "keys": a compromised key can be destroyed at once; then undo says that it is gone. Keys in use are refused."""
    key = node.own("TVS")["key"]["id"]
    assert key[:8] in node.refused("utils", "key", "purge", key, "--yes", "--force", code="key-in-use")["detail"]
    csr = load_csr(node.csr("ipsec"))
    assert "pending CSR" in node.refused("utils", "key", "purge", key_id(csr.public_key()), "--yes", "--force", code="key-in-use")["detail"]
    change = node.json("set", "cert", "regen", "TVS", "--yes")["number"]
    files = node.key_files()
    assert any(key in name for name in files)
    node.refused("utils", "key", "purge", key, "--yes", code="confirmation-needed")
    assert node.key_files() == files
    purged = node.json("utils", "key", "purge", key, "--yes", "--force")
    assert purged["worst"] == "danger"
    assert not any(key in name for name in node.key_files())
    assert len(node.key_files()) == len(files) - 1
    effects = node.json("show", "change", str(purged["number"]))["effects"]
    assert [(e["effect"], e["state"]) for e in effects] == [("key-purge", "done")]
    problem = node.refused("utils", "undo", str(change), "--yes", "--force", code="key-gone")
    assert key[:8] in problem["detail"] and "TVS" in problem["detail"]
    node.refused("utils", "undo", str(purged["number"]), "--yes", "--force", code="not-undoable")
    assert key in node.refused("utils", "key", "purge", key, "--yes", "--force", code="no-key")["detail"]


# ---- U1: trust certificates


def imported(node, store, pem, *words):
    return node.json("set", "cert", "import", "trust", store, *words, input=pem)


@pytest.mark.quick
@pytest.mark.parametrize("typed", ["tomcat", "tomcat-trust", "TOMCAT-Trust", "Tomcat"])
def test_a_store_is_named_in_any_case_with_or_without_trust(shared_node, root_ca, typed):
    """Issue: a store is named with or without `-trust`, case ignored."""
    plan = shared_node.json("set", "cert", "import", "trust", typed, "--dry-run", input=root_ca.pem)
    assert plan["summary"] == "Upload Example_Root_CA.pem to tomcat-trust"


def test_an_unknown_store_is_named_with_the_known_ones(shared_node, root_ca):
    """The message has the value, the hint the stores."""
    problem = shared_node.refused("set", "cert", "import", "trust", "tomcatt", code="no-store", input=root_ca.pem)
    assert "'tomcatt'" in problem["detail"] and "tomcat-trust" in problem["hint"]


def test_a_trust_certificate_is_kept_under_its_common_name_with_its_description(node, root_ca, sub_ca):
    """U1, U2: the name of the .pem made at the upload; a description; a chain in one file; the same again is no change."""
    change = imported(node, "ipsec", "".join(sub_ca.chain()), "--description", "Ämter & Co")
    assert [step["text"] for step in change["steps"]][0].find(root_ca.cert.subject.rfc4514_string()[3:]) >= 0, "root first (T4)"
    assert [step["type"] for step in change["steps"]] == ["trust.add", "trust.add"]
    rows = {row["name"]: row for row in node.trust("unit is ipsec-trust")}
    for authority in (root_ca, sub_ca):
        row = rows[authority.name]
        assert row["fingerprint"] == fingerprint(authority.pem) and row["description"] == "Ämter & Co" and row["distribution"] == NAME
    head = node.head
    again = node.json("set", "cert", "import", "trust", "ipsec", input=sub_ca.pem)
    assert again["number"] is None and again["steps"] == [] and [f["code"] for f in again["findings"]] == ["already-there"]
    assert node.head == head
    assert "nothing to do" in node.cli("set", "cert", "import", "trust", "ipsec", input=sub_ca.pem).out
    answer = node.api("POST", "/certificates/trust/ipsec-trust", data=sub_ca.pem.encode()).expect(200)
    assert answer.json["number"] is None
    assert "one to which" not in node.err
    too_long = node.refused("set", "cert", "import", "trust", "tomcat", "--description", "d" * 401, code="description-long", input=root_ca.pem)
    assert "401" in too_long["detail"] and "400" in too_long["detail"]


def test_scopes_of_stores(node, root_ca):
    """Section 3: cluster stores count everywhere, others on their node unless told; an import into CAPF-trust always stays on its node."""
    assert imported(node, "tomcat", root_ca.pem)["number"]
    assert imported(node, "TVS", root_ca.pem, "--scope", "cluster")["number"]
    assert imported(node, "CAPF", root_ca.pem)["number"]
    scopes = {row["unit"]: row["distribution"] for row in node.trust(f"fingerprint is {fingerprint(root_ca.pem)}")}
    assert scopes == {"tomcat-trust": "cluster", "TVS-trust": "cluster", "CAPF-trust": NAME}
    assert "CAPF-trust" in node.refused("set", "cert", "import", "trust", "CAPF", "--scope", "cluster", code="import-stays", input=root_ca.pem)["detail"]


def test_same_name_another_certificate(node, make_ca):
    """Section 6, C86, C87, C94: same common name, other subject or key: the second gets `_` and eight digits of its fingerprint; nothing is replaced."""
    one = make_ca([("O", "One"), ("CN", "Same-Name")])
    two = make_ca([("O", "Two"), ("CN", "Same-Name")])
    three = make_ca([("O", "One"), ("CN", "Same-Name")])  # the subject of the first, with a new key
    assert [f["code"] for f in imported(node, "tomcat", one.pem)["findings"]] == []
    assert [f["code"] for f in imported(node, "tomcat", two.pem)["findings"]] == []
    plan = imported(node, "tomcat", three.pem)
    assert [f["code"] for f in plan["findings"]] == ["same-subject-new-key"]
    rows = {row["name"]: row["fingerprint"] for row in node.trust("common-name is Same-Name")}
    prints = [fingerprint(ca.pem) for ca in (one, two, three)]
    assert rows == {"Same-Name.pem": prints[0], f"Same-Name_{prints[1][:8]}.pem": prints[1], f"Same-Name_{prints[2][:8]}.pem": prints[2]}
    # Deleting one leaves the others (C87).
    node.cli("set", "cert", "delete", "tomcat", f"Same-Name_{prints[1][:8]}.pem", "--yes")
    assert {row["fingerprint"] for row in node.trust("common-name is Same-Name")} == {prints[0], prints[2]}
    node.cli("set", "cert", "delete", "tomcat", "Same-Name.pem", "--yes")
    assert {row["fingerprint"] for row in node.trust("common-name is Same-Name")} == {prints[2]}
    # The freed name is not taken over by anybody; a new certificate of that name may have it.
    imported(node, "tomcat", one.pem)
    assert {row["name"] for row in node.trust("common-name is Same-Name")} == {"Same-Name.pem", f"Same-Name_{prints[2][:8]}.pem"}


def test_both_certificates_of_one_subject_vouch_for_their_own(node, make_ca, tmp_path):
    """C86: with two CAs of one subject in the store, a peer of either is trusted, told apart by key identifier, and without it by signature."""
    for extensions in ({}, {"subjectKeyIdentifier": None, "authorityKeyIdentifier": None}):
        authorities = [make_ca("Twin CA", extensions=extensions) for _ in range(2)]
        imported(node, "tomcat", "".join(ca.pem for ca in authorities))
        for ca in authorities:
            pem, _ = ca.leaf(extensions={"authorityKeyIdentifier": None} if extensions else {})
            path = tmp_path / "leaf.pem"
            path.write_text(pem)
            result = node.json("utils", "cert", "trust", "--store", "tomcat", path)
            assert result["trusted"] is True and result["chain"][-1]["fingerprint"] == fingerprint(ca.pem)


def test_a_renewed_root_and_a_cross_signed_intermediate_are_kept_beside_the_old(node, make_ca, tmp_path):
    """Issue: a renewed root (same subject and key) and a cross-signed intermediate: both kept, the plan says what they are; C82: an expired one does no harm."""
    old_root = make_ca("Renewed Root", days=30)
    other_root = make_ca("Other Root")
    sub = make_ca("Cross Sub", issuer=old_root)
    imported(node, "tomcat", old_root.pem + sub.pem)
    renewed = old_root.reissued(tmp_path / "renewed", days=3650)
    finding, = imported(node, "tomcat", renewed.pem)["findings"]
    assert finding["code"] == "renewed" and "both are kept" in finding["message"] and fingerprint(renewed.pem)[:8] in finding["message"]
    cross = sub.reissued(tmp_path / "cross", issuer=other_root)
    finding, = imported(node, "tomcat", cross.pem)["findings"]
    assert finding["code"] == "cross-signed" and "both are kept" in finding["message"]
    held = {row["fingerprint"] for row in node.trust("unit is tomcat-trust")}
    assert {fingerprint(pem) for pem in (old_root.pem, sub.pem, renewed.pem, cross.pem)} <= held
    # A leaf of the intermediate is trusted; also when only the cross-signing root remains.
    path = tmp_path / "leaf.pem"
    path.write_text(sub.leaf()[0])
    assert node.json("utils", "cert", "trust", "--store", "tomcat", path)["trusted"] is True
    imported(node, "tomcat", other_root.pem)
    for pem in (old_root.pem, renewed.pem):
        name, = [row["name"] for row in node.trust(f"fingerprint is {fingerprint(pem)}")]
        node.cli("set", "cert", "delete", "tomcat", name, "--yes", "--force")
    result = node.json("utils", "cert", "trust", "--store", "tomcat", path)
    assert result["trusted"] is True and result["chain"][-1]["fingerprint"] == fingerprint(other_root.pem)


UNSAFE = {
    "slashes": ("../../etc/passwd", "..", None),
    "leading dot": (".hidden", None, None),
    "UTF-8": ("Zertifizierungsstelle Köln ✓", None, None),
    "control": ("bell\x07 and\ttab", None, None),
    "quotes": ("a\"b'c;d|e&f$g`h*i?j", None, None),
    "blank": ("   ", None, None),
    "64": ("x" * 64, None, None),
}


@pytest.mark.parametrize("kind", UNSAFE)
def test_a_name_is_a_safe_file_name_whatever_the_subject_holds(node, make_ca, kind):
    """Issue, section 6: every byte that is unsafe in a file name is `_`; the certificate is found, shown, downloaded, deleted by that name."""
    common_name = UNSAFE[kind][0]
    authority = make_ca([("O", "Example"), ("CN", common_name)])
    imported(node, "tomcat", authority.pem)
    row, = node.trust(f"fingerprint is {fingerprint(authority.pem)}")
    check_safe(node, row, authority.pem)


def check_safe(node, row, pem):
    name = row["name"]
    assert name.endswith(".pem") and len(name.encode()) <= 255
    assert not re.search(r"[/\\\x00-\x1f\x7f\"'`$*?|&;<>]", name) and not name.startswith((".", "-")) and ".." not in name.split("/"), name
    assert node.json("show", "cert", "trust", name, "--store", "tomcat")["fingerprint"] == fingerprint(pem)
    assert node.cli("file", "get", "cert", name, "--store", "tomcat").out == pem
    header = node.api("GET", f"/certificates/trust/tomcat-trust/{quote(name)}/content").expect(200).headers["content-disposition"]
    assert re.fullmatch(r'attachment; filename="[^"/\\]+\.pem"', header), header
    node.cli("set", "cert", "delete", "tomcat", name, "--yes")
    assert node.trust(f"fingerprint is {fingerprint(pem)}") == []


def test_names_without_a_common_name_and_with_very_long_ones(node, make_ca, tmp_path):
    """Section 6: without a CN the subject's hash; 300 characters, an empty CN: still safe, still found."""
    without = make_ca([("O", "Only an organization")])
    imported(node, "tomcat", without.pem)
    row, = node.trust(f"fingerprint is {fingerprint(without.pem)}")
    path = tmp_path / "c.pem"
    path.write_text(without.pem)
    assert row["name"] == openssl("x509", "-noout", "-subject_hash", "-in", path).out.strip() + ".pem"
    check_safe(node, row, without.pem)
    # openssl makes no CN of 300 characters or of none: exchange the name in a finished certificate, and sign it again.
    for common_name in ("y" * 300, "", "ö" * 150 + "/" * 150):
        pem = with_common_name(make_ca("placeholder"), common_name)
        imported(node, "tomcat", pem)
        row, = node.trust(f"fingerprint is {fingerprint(pem)}")
        check_safe(node, row, pem)


def with_common_name(authority, common_name):
    """A self-signed certificate as the authority's, but with this common name, whatever its length."""
    old, new = (tlv(0x30, tlv(0x31, tlv(0x30, bytes.fromhex("0603550403") + tlv(0x0c, text.encode())))) for text in ("placeholder", common_name))
    return resigned(authority.pem, authority.key, (old, new))


# ---- X1: delete


def test_deleting_says_what_is_lost_and_is_undone(node, root_ca, sub_ca):
    """X1: who loses trust, which certificates it issued; undo brings back name, description and scope."""
    imported(node, "tomcat", "".join(sub_ca.chain()), "--description", "kept for undo")
    before = node.trust()
    plan = node.json("set", "cert", "delete", "tomcat-trust", root_ca.name, "--dry-run")
    assert sorted(f["code"] for f in plan["findings"]) == ["issuer-of", "trust-lost"]
    issued, = [f for f in plan["findings"] if f["code"] == "issuer-of"]
    assert fingerprint(sub_ca.pem)[:8] in issued["message"]
    change = node.json("set", "cert", "delete", "tomcat-trust", root_ca.name, "--yes")
    assert root_ca.name not in node.names("tomcat-trust") and sub_ca.name in node.names("tomcat-trust")
    node.cli("utils", "undo", str(change["number"]), "--yes")
    assert node.trust() == before


def test_deleting_from_a_store_that_phones_depend_on_says_so(node, root_ca):
    """X1: which phones lose trust."""
    imported(node, "Phone-VPN", root_ca.pem)
    plan = node.json("set", "cert", "delete", "Phone-VPN", root_ca.name, "--dry-run")
    assert "phones-lose-trust" in [f["code"] for f in plan["findings"]]


def test_a_copy_of_an_identity_may_be_deleted_the_identity_not(node):
    """X1: only trust certificates; copies of identities in trust stores may be deleted, after a warning."""
    for store in ("tomcat", "tomcat-trust"):
        for name in ("tomcat.pem", "tomcat"):
            words = ["set", "cert", "delete", store, name, "--yes", "--force"]
            if store == "tomcat":
                assert "tomcat/tomcat.pem" in node.refused(*words, code="identity-certificate")["detail"]
            else:
                assert name in node.refused(*words, code="no-certificate")["detail"]
    plan = node.json("set", "cert", "delete", "tomcat", f"{FQDN}.pem", "--dry-run")
    assert "copy-of-identity" in [f["code"] for f in plan["findings"]] and plan["worst"] == "warn"
    node.cli("set", "cert", "delete", "tomcat", f"{FQDN}.pem", "--yes")
    assert node.api("GET", "/status").status == 200, "HTTPS goes on with the identity"
    problem = node.refused("set", "cert", "delete", "tomcat", f"{FQDN}.pem", "--yes", code="no-certificate")
    assert f"{FQDN}.pem" in problem["detail"]


def test_a_name_that_is_not_there_is_refused_with_those_like_it(node, root_ca):
    """C125: every refused action says why; near names are in the hint."""
    imported(node, "tomcat", root_ca.pem)
    problem = node.refused("set", "cert", "delete", "tomcat", "Example_Rot_CA.pem", "--yes", code="no-certificate")
    assert "'Example_Rot_CA.pem'" in problem["detail"] and root_ca.name in problem["hint"]
    node.api("GET", "/certificates/trust/tomcat-trust/nothing").expect(404, "no-certificate")


# ---- V1: find


@pytest.fixture(scope="module")
def library(template, tmp_path_factory):
    """A node with 12 trust certificates of known properties, for finding."""
    makers = Makers(template)
    node = makers.copy()
    folder = tmp_path_factory.mktemp("library")
    pems = []
    for i in range(12):
        authority = CA(folder / str(i), [("O", "Alpha" if i % 2 else "Beta"), ("CN", f"Find-{i:02d}")], days=(i + 1) * 100)
        pems.append(authority.pem)
    node.cli("set", "cert", "import", "trust", "userlicensing", "--description", "odd", input="".join(pems[1::2]))
    node.cli("set", "cert", "import", "trust", "userlicensing", input="".join(pems[0::2]))
    yield node
    makers.end()


IN_STORE = "unit is userlicensing-trust"


@pytest.mark.parametrize("conditions, expected", [
    (["subject contains Alpha"], range(1, 12, 2)),
    (["subject contains alpha"], range(1, 12, 2)),
    (["issuer contains Beta"], range(0, 12, 2)),
    (["common-name is Find-07"], [7]),
    (["common-name begins Find-0"], range(10)),
    (["common-name begins with Find-1"], [10, 11]),
    (["common-name ends 5"], [5]),
    (["name ends with 05.pem"], [5]),
    (["name is exactly Find-03.pem"], [3]),
    (["description is odd"], range(1, 12, 2)),
    (["description is empty"], range(0, 12, 2)),
    (["description contains odd", "common-name begins Find-0"], range(1, 10, 2)),
    (["key-type contains P-256"], range(12)),
    (["type is self-signed"], range(12)),
    (["type is ca-signed"], []),
    ([f"distribution is {NAME}"], range(12)),
    (["usage is trust"], range(12)),
    (["usage is own"], []),
    (["subject contains nothing like this"], []),
    (["subject contains 100%"], []),
    (["subject contains _"], []),
    (["subject contains ' OR 1=1 --"], []),
])
def test_find_by_each_column(library, conditions, expected):
    """V1: find by any column (contains, begins with, is, ends with, is empty), conditions combined; nothing in a value has a meaning of its own."""
    rows = library.trust(IN_STORE, *conditions)
    assert sorted(row["common_name"] for row in rows) == [f"Find-{i:02d}" for i in expected]


def test_find_by_time_serial_and_fingerprint(library):
    """V1: dates by before and after; serial and fingerprint exactly."""
    rows = library.trust(IN_STORE)
    for row in rows[:3]:
        assert [r["name"] for r in library.trust(IN_STORE, f"serial is {row['serial']}")] == [row["name"]]
        assert [r["name"] for r in library.trust(IN_STORE, f"fingerprint begins {row['fingerprint'][:16]}")] == [row["name"]]
        day = row["not_after"][:10]
        before = {r["name"] for r in library.trust(IN_STORE, f"expires before {day}")}
        after = {r["name"] for r in library.trust(IN_STORE, f"expires after {day}T23:59:59Z")}
        assert before == {r["name"] for r in rows if r["not_after"] < day} and after == {r["name"] for r in rows if r["not_after"] > row["not_after"] and r["not_after"][:10] != day}
    assert len(library.trust(IN_STORE, "starts after 2000-01-01")) == 12
    assert library.trust(IN_STORE, "starts before 2000-01-01") == []


def test_any_condition_is_enough_with_any(library):
    """V1: conditions are combined by and, or by or."""
    words = ["show", "cert", "list", "trust", "--where", "common-name is Find-01", "--where", "common-name is Find-02"]
    assert library.json(*words)["items"] == []
    assert {row["common_name"] for row in library.json(*words, "--any")["items"]} == {"Find-01", "Find-02"}


def test_sorting_and_paging(library):
    """V1: each column sorts both ways; pages of any size give every row once, by ucpki and curl."""
    words = ["show", "cert", "list", "trust", "--where", IN_STORE]
    for column, field in (("common-name", "common_name"), ("expires", "not_after"), ("fingerprint", "fingerprint"), ("name", "name")):
        up = [row[field] for row in library.json(*words, "--sort", column)["items"]]
        down = [row[field] for row in library.json(*words, "--sort", f"-{column}")["items"]]
        assert up == sorted(up) and down == sorted(up, reverse=True) and len(up) == 12, column
    whole = [row["name"] for row in library.json(*words, "--sort", "description", "--all")["items"]]
    for size in (1, 5, 12, 13):
        found, cursor = [], None
        while True:
            page = library.json(*words, "--sort", "description", "--limit", str(size), *(["--cursor", cursor] if cursor else []))
            assert len(page["items"]) <= size
            found += [row["name"] for row in page["items"]]
            cursor = page["next"]
            if cursor is None:
                break
        assert found == whole, size
    page = library.api("GET", "/certificates", query=[("usage", "trust"), ("where", IN_STORE), ("limit", "5")]).expect(200).json
    rest = library.api("GET", "/certificates", query=[("usage", "trust"), ("where", IN_STORE), ("limit", "1000"), ("cursor", page["next"])]).expect(200).json
    assert len({row["name"] for row in page["items"] + rest["items"]}) == 12 and rest["next"] is None


@pytest.mark.parametrize("words, code, shown", [
    (["--where", "colour is red"], "bad-condition", "colour"),
    (["--where", "issuer resembles x"], "bad-condition", "resembles"),
    (["--where", "issuer"], "bad-condition", "issuer"),
    (["--where", "expires before tomorrow"], "bad-condition", "tomorrow"),
    (["--where", "expires before 2027-02-30"], "bad-condition", "2027-02-30"),
    (["--sort", "colour"], "bad-sort", "colour"),
    (["--cursor", "nonsense"], "bad-cursor", "nonsense"),
])
def test_what_cannot_be_found_by_is_refused(library, words, code, shown):
    """V1: the word at fault is in the message."""
    assert shown in library.refused("show", "cert", "list", "trust", *words, code=code)["detail"]


def test_a_row_says_what_the_certificate_is(library):
    """V1: every member of a row, for an own and a trust certificate, against openssl."""
    for row in (library.trust(IN_STORE)[0], library.json("show", "cert", "list", "own", "--where", "unit is tomcat")["items"][0]):
        pem = library.cli("file", "get", "cert", f"{row['unit']}/{row['name']}").out
        cert = load(pem)
        assert row["fingerprint"] == fingerprint(pem)
        assert int(row["serial"].replace(":", ""), 16) == cert.serial_number
        assert row["not_after"] == cert.not_valid_after.strftime("%Y-%m-%dT%H:%M:%SZ") and row["not_before"] == cert.not_valid_before.strftime("%Y-%m-%dT%H:%M:%SZ")
        assert row["subject"] == row["issuer"] and f"CN={row['common_name']}" in row["subject"]
        assert row["state"] == "valid" and re.fullmatch(r"in \d+ days", row["expires"])
        assert row["key_type"] in ("EC P-256", "RSA 2048") and row["type"] == "self-signed" and row["usage"] in ("own", "trust")


def test_lists_for_people(library):
    """V1: one line for each certificate, a table with --long; both name the file."""
    lines = library.cli("show", "cert", "list", "trust", "--where", IN_STORE).out.splitlines()
    assert len(lines) == 12 and lines[0].startswith("userlicensing-trust/Find-00.pem on cucm-pub: ")
    table = library.cli("show", "cert", "list", "trust", "--where", IN_STORE, "--long").out.splitlines()
    assert len(table) == 13 and table[0].split()[0] == "CERTIFICATE"
    assert "Self-signed certificate generated by system" in library.cli("show", "cert", "list", "own").out


# ---- V2, D1: details and downloads


def test_details_of_a_certificate(library):
    """V2: every field, the PEM, the chain with each link's state, where else it is, which services use it; for people the decoded text as openssl prints it."""
    shown = library.own("tomcat")
    pem = library.pem("tomcat")
    report = shown["certificate"]
    cert = load(pem)
    assert report["pem"] == pem and report["fingerprint_sha256"] == fingerprint(pem)
    assert report["subject_alt_names"] == [f"DNS:{FQDN}"] and report["extended_key_usage"] == ["serverAuth", "clientAuth"]
    assert report["key_usage"] == ["digitalSignature", "keyEncipherment", "dataEncipherment"]
    assert report["key_id"] == key_id(cert.public_key()) == shown["key"]["id"]
    assert shown["used_by"] == ["Tomcat (HTTPS)", "TFTP"] and shown["chain_complete"] is True and shown["missing"] is None
    assert [(link["fingerprint"], link["state"], link["link"]) for link in shown["chain"]] == [(fingerprint(pem), "valid", "ok")]
    assert [(other["unit"], other["name"]) for other in shown["also_in"]] == [("tomcat-trust", f"{FQDN}.pem")]
    assert [change["number"] for change in shown["changes"]] == [1]
    row = library.json("show", "cert", "list", "own", "--where", "unit is tomcat")["items"][0]
    members = {"usage", "unit", "name", "common_name", "subject", "issuer", "serial", "fingerprint", "type", "key_type", "distribution", "not_before", "not_after", "expires", "state"}
    assert {key: shown[key] for key in members} == {key: row[key] for key in members}
    text = library.cli("show", "cert", "own", "tomcat").out
    assert openssl("x509", "-noout", "-text", input=pem).out in text and pem in text
    copy = library.json("show", "cert", "trust", f"tomcat-trust/{FQDN}.pem")
    assert copy["fingerprint"] == shown["fingerprint"] and copy["usage"] == "trust" and "key" not in copy
    # Named by file name alone when only one store has it, else the stores are listed.
    assert library.json("show", "cert", "trust", "Find-03.pem")["unit"] == "userlicensing-trust"
    problem = library.refused("show", "cert", "trust", f"{FQDN}.pem", code="ambiguous-name")
    assert "tomcat-trust" in problem["detail"] and "TVS-trust" in problem["detail"]


def test_downloads_are_what_openssl_makes_of_them(library):
    """D1: pem, der, chain, p7b; by ucpki, by curl, to a file; types and safe file names."""
    for name, path in (("tomcat", "/certificates/own/tomcat"), ("userlicensing-trust/Find-04.pem", "/certificates/trust/userlicensing-trust/Find-04")):
        pem = library.cli("file", "get", "cert", name).out
        assert openssl("x509", input=pem).out == pem
        base = "tomcat" if name == "tomcat" else "Find-04"
        wanted = {
            "pem": (pem.encode(), "application/x-pem-file", f"{base}.pem"),
            "der": (openssl("x509", "-outform", "DER", input=pem).raw, "application/pkix-cert", f"{base}.der"),
            "chain": (pem.encode(), "application/x-pem-file", f"{base}-chain.pem"),
            "p7b": (None, "application/x-pkcs7-certificates", f"{base}.p7b"),
        }
        for form, (content, kind, file) in wanted.items():
            by_cli = library.cli("file", "get", "cert", name, "--format", form).raw
            answer = library.api("GET", f"{path}/content", query=[("format", form)]).expect(200)
            assert answer.body == by_cli and answer.headers["content-type"] == kind
            assert answer.headers["content-disposition"] == f'attachment; filename="{file}"'
            if content is not None:
                assert by_cli == content, form
            else:
                back = openssl("pkcs7", "-print_certs", "-inform", "DER" if by_cli[:1] == b"0" else "PEM", input=by_cli).out
                assert [fingerprint(block) for block in blocks(back)] == [fingerprint(pem)]
    library.api("GET", "/certificates/own/tomcat/content", query=[("format", "jks")]).expect(400, "bad-format")
    assert "jks" in library.cli("file", "get", "cert", "tomcat", "--format", "jks", check=False).err


def test_a_download_goes_to_a_file(library, tmp_path):
    """D1: --out writes the file and says so."""
    path = tmp_path / "out.der"
    said = library.json("file", "get", "cert", "TVS", "--format", "der", "--out", path)
    assert path.read_bytes() == der(library.pem("TVS")) and said == {"file": str(path), "bytes": path.stat().st_size}
    result = library.cli("file", "get", "cert", "TVS", "--out", tmp_path / "none" / "x", check=False)
    assert result.status == 1 and str(tmp_path / "none") in result.err


def test_a_download_onto_its_own_source_keeps_it_whole(node, root_ca, tmp_path):
    """C146: the file that was uploaded may be the one that is written; it is replaced whole, never emptied first."""
    path = tmp_path / "ca.pem"
    path.write_text(root_ca.pem)
    node.cli("set", "cert", "import", "trust", "tomcat", path)
    node.cli("file", "get", "cert", f"tomcat-trust/{root_ca.name}", "--out", path)
    assert fingerprint(path.read_text()) == fingerprint(root_ca.pem)
    assert [one.name for one in tmp_path.iterdir()] == ["ca.pem"]


# ---- usage


@pytest.mark.quick
@pytest.mark.parametrize("words, shown", [
    (["shwo", "cert"], "shwo"),
    (["show", "cert", "lst"], "lst"),
    (["show", "cert"], "show cert"),
    (["set", "cert", "regen"], "PURPOSE"),
    (["show", "cert", "list", "own", "extra"], "extra"),
    (["show", "cert", "list", "own", "--wher", "x"], "--wher"),
    (["show", "status", "--dry-run"], "--dry-run"),
    (["set", "cert", "regen", "tomcat", "--key"], "--key"),
    (["set", "csr", "gen", "tomcat", "--distribution", "many"], "many"),
    (["set", "cert", "regen", "tomcat", "--yes=1"], "1"),
    (["utils", "undo"], "NUMBER"),
])
def test_wrong_usage_is_exit_status_2(shared_node, words, shown):
    """Section 6: exit status 2 for wrong usage, with the word at fault; also with --json."""
    head = shared_node.head
    result = shared_node.cli(*words, check=False)
    assert result.status == 2 and shown in result.err and result.out == "", f"{result}"
    problem = shared_node.cli(*words, "--json", check=False)
    assert problem.status == 2 and shown in json.dumps(problem.json), f"{problem}"
    assert shared_node.head == head


def test_words_can_be_shortened_and_case_does_not_matter(shared_node):
    """The grammar: unambiguous beginnings of words; purposes in any case."""
    assert shared_node.cli("sh", "cert", "li", "own").out == shared_node.cli("show", "cert", "list", "own").out
    assert shared_node.json("show", "cert", "own", "TOMCAT")["unit"] == "tomcat"
    assert shared_node.json("show", "cert", "own", "tomcat/tomcat.pem")["unit"] == "tomcat"


def test_the_log_of_one_certificate(node):
    """show change list --object: only the changes of that certificate; paging by cursor."""
    node.cli("set", "cert", "regen", "TVS", "--yes")
    node.csr("TVS")
    node.cli("set", "cert", "regen", "ipsec", "--yes")
    tasks = [item["task"] for item in node.json("show", "change", "list", "--object", "own/TVS")["items"]]
    assert tasks == ["cert-regen", "install"]
    first = node.json("show", "change", "list", "--limit", "2")
    second = node.json("show", "change", "list", "--limit", "2", "--cursor", first["next"])
    assert [item["number"] for item in first["items"] + second["items"]] == [4, 3, 2, 1] and second["next"] is None


def test_p7b_of_a_store_with_a_chain(node, sub_ca, root_ca):
    """D1: the chain of an intermediate in a store is it and its root, in this order, in every chain format."""
    imported(node, "tomcat", "".join(sub_ca.chain()))
    chain = node.cli("file", "get", "cert", f"tomcat-trust/{sub_ca.name}", "--format", "chain").out
    assert chain == sub_ca.pem + root_ca.pem
    raw = node.cli("file", "get", "cert", f"tomcat-trust/{sub_ca.name}", "--format", "p7b").raw
    back = openssl("pkcs7", "-print_certs", "-inform", "DER" if raw[:1] == b"0" else "PEM", input=raw).out
    assert {fingerprint(block) for block in blocks(back)} == {fingerprint(sub_ca.pem), fingerprint(root_ca.pem)}
    assert imported(node, "TVS", raw)["number"], "what was downloaded can be uploaded"
    assert node.json("set", "cert", "import", "trust", "TVS", input=p7(sub_ca.chain()))["number"] is None
