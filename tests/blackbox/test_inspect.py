"""What is in a file, and what it can be used for, before anything is done with it (U3, V2, T4; issue "The console")."""
import itertools
import json

import pytest

from books import audit
from conftest import Makers
from forge import Authority
from harness import FQDN, NAME, blocks, codes, der, fingerprint, key_id, load, load_csr, openssl, p7, p12, trusted, upload
from wire import Client

CERTIFICATE = {"fingerprint", "subject", "issuer", "common_name", "not_after", "is_ca", "self_signed", "key_type", "state", "report", "known_in"}


def inspect(client, data, password=None, status=200, code=None):
    headers = {"UCPKI-Password": password} if password else {}
    return client("POST", "/inspect", (), data, headers).expect(status, code).json


def uses(answer):
    return ["/".join([p["usage"], *([p["purpose"], p["node"], p["distribution"]] if p["usage"] == "own" else [p["store"]])]) for p in answer["proposals"]]


def finding(answer, code):
    one, = [f for f in answer["findings"] if f["code"] == code]
    return one


class Place:
    """A node with a pending CSR of tomcat and the CA's answer to it; what only looks changes nothing, so that many tests share it."""

    def __init__(self, node, root_ca, sub_ca):
        self.node, self.client = node, Client(node)
        self.csr = node.csr("tomcat")
        self.leaf = sub_ca.sign(self.csr)
        self.chain = [self.leaf, sub_ca.pem, root_ca.pem]


@pytest.fixture(scope="module")
def place(template, root_ca, sub_ca):
    makers = Makers(template)
    place = Place(makers.copy(), root_ca, sub_ca)
    before = audit(place.node)
    yield place
    after = audit(place.node)
    place.client.close()
    makers.end()
    assert after == before, "looking at files has changed something"


# -- any file


def forms(chain):
    whole = "".join(chain)
    yield from ("".join(order) for order in itertools.permutations(chain))
    yield p7(chain)
    yield p7(chain, "DER")
    yield b"".join(der(pem) for pem in chain)
    yield "some text before\n" + whole.replace("\n", "\r\n")
    yield whole + whole


@pytest.mark.quick
def test_whatever_the_form_and_order_the_leaf_comes_first_and_is_proposed_for_its_request_U3(place):
    """C1, C21, C22: the leaf is found by its key; PEM, DER and PKCS#7 in any order are one and the same."""
    expected = [fingerprint(pem) for pem in place.chain]
    for data in forms(place.chain):
        answer = inspect(place.client, data)
        assert [one["fingerprint"] for one in answer["certificates"]] == expected, data
        assert answer["total"] == 3 and answer["requests"] == []
        assert uses(answer)[0] == f"own/tomcat/{NAME}/node"
        best = answer["proposals"][0]
        assert best["fingerprint"] == expected[0] and "answers the pending CSR of tomcat" in best["reason"]


@pytest.mark.quick
def test_each_certificate_is_decoded_and_told_by_what_it_is(place):
    answer = inspect(place.client, "".join(place.chain))
    for pem, one in zip(place.chain, answer["certificates"]):
        cert = load(pem)
        assert set(one) == CERTIFICATE
        assert one["report"]["pem"].strip() == pem.strip() and one["report"]["fingerprint_sha256"] == one["fingerprint"]
        assert one["not_after"] == cert.not_valid_after.strftime("%Y-%m-%dT%H:%M:%SZ") and one["state"] == "valid" and one["known_in"] == []
        assert one["report"]["key_id"] == key_id(cert.public_key())
    assert [one["is_ca"] for one in answer["certificates"]] == [False, True, True]
    assert [one["self_signed"] for one in answer["certificates"]] == [False, False, True]
    assert [one["common_name"] for one in answer["certificates"]] == [FQDN, "Example Issuing CA", "Example Root CA"]


def test_a_PKCS12_is_opened_with_its_password_and_its_key_is_dropped(place, sub_ca):
    pem, key = sub_ca.leaf("peer.example.net")
    data = p12(pem, key, sub_ca.chain())
    answer = inspect(place.client, data, "secret")
    assert [one["fingerprint"] for one in answer["certificates"]] == [fingerprint(text) for text in [pem, *sub_ca.chain()]]
    assert "key-dropped" in codes(answer)
    assert inspect(place.client, data, "wrong", 400, "wrong-password")["field"] == "password"
    assert inspect(place.client, data, None, 400, "password-needed")["field"] == "password"


BAD = {
    "nothing": b"", "rubbish": b"rubbish", "a web page": b"<!DOCTYPE html><html></html>", "half a block": b"-----BEGIN CERTIFICATE-----\nMIIB",
    "too large": bytes(4 * 1024 * 1024 + 1), "half a certificate": None, "a key": None,
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_read_is_refused_as_an_upload_refuses_it(place, name):
    """One mechanism: the same code, field, hint and status."""
    data = BAD[name]
    if name == "a key":
        data = openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256").raw
    if name == "half a certificate":
        data = der(place.chain[2])[:300]
    problems = [place.client("POST", path, query, data) for path, query in (("/inspect", ()), ("/certificates/trust/tomcat-trust", {"dry_run": 1}))]
    assert problems[0].status == problems[1].status and problems[0].status >= 400, problems[0]
    assert problems[0].json == problems[1].json and problems[0].json["field"] == "file" and problems[0].json["code"], problems[0]
    form = {"Content-Type": "multipart/form-data; boundary=x"}
    assert place.client("POST", "/inspect", (), b"--x--", form).expect(400, "multipart-upload").json["field"] == "file"


def test_a_damaged_block_among_good_ones_is_told(place):
    answer = inspect(place.client, place.chain[2] + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    assert len(answer["certificates"]) == 1 and finding(answer, "damaged-block")["weight"] == "warn"


# -- requests


def test_a_request_is_told_as_one_and_whose_it_is(place, make_ca):
    for data in (place.csr, der(place.csr)):
        answer = inspect(place.client, data)
        assert answer["certificates"] == [] and answer["proposals"] == [] and answer["total"] == 0
        request, = answer["requests"]
        assert set(request) == {"subject", "common_name", "key_type", "key_id", "subject_alt_names", "pending", "report"}
        assert request["pending"] == {"purpose": "tomcat", "node": NAME, "distribution": "node"}
        assert request["key_id"] == key_id(load_csr(place.csr).public_key()) and request["common_name"] == FQDN
        assert "the pending CSR of tomcat" in finding(answer, "own-request")["message"]
    foreign, _ = make_ca("Asker").request("somebody.example.org")
    answer = inspect(place.client, foreign + place.chain[2])
    assert answer["requests"][0]["pending"] is None and "own-request" not in codes(answer) and len(answer["certificates"]) == 1
    forged = bytearray(der(foreign))
    forged[-1] ^= 1
    assert finding(inspect(place.client, bytes(forged)), "bad-proof")["weight"] == "warn"


# -- what it can be used for


@pytest.mark.quick
def test_CA_certificates_go_first_where_a_pending_request_needs_them_T4(place, root_ca, sub_ca):
    answer = inspect(place.client, root_ca.pem + sub_ca.pem)
    assert uses(answer) == ["trust/tomcat-trust", "trust/CallManager-trust"]
    assert "pending CSR of tomcat" in answer["proposals"][0]["reason"] and "HTTPS" not in answer["proposals"][1]["reason"]


def test_what_a_store_has_is_said_and_not_proposed_again(node, root_ca, sub_ca):
    client = Client(node)
    trusted(node, "CallManager-trust", root_ca.pem)
    trusted(node, "ipsec-trust", root_ca.pem)
    answer = inspect(client, root_ca.pem)
    assert uses(answer) == ["trust/tomcat-trust"]
    known, = [one["known_in"] for one in answer["certificates"]]
    assert sorted(known, key=json.dumps) == [{"unit": "CallManager-trust", "scope": "cluster"}, {"unit": "ipsec-trust", "scope": NAME}]
    assert uses(inspect(client, root_ca.pem + sub_ca.pem)) == ["trust/tomcat-trust", "trust/CallManager-trust"]
    # Once it is the certificate in force, it is known as that, and there is nothing left to do with the file.
    upload(node, "tomcat", (leaf := sub_ca.sign(node.csr("tomcat"))) + "".join(sub_ca.chain()))
    trusted(node, "CallManager-trust", sub_ca.pem)
    answer = inspect(client, leaf + "".join(sub_ca.chain()))
    assert answer["proposals"] == [] and {"unit": "tomcat", "scope": NAME} in answer["certificates"][0]["known_in"]
    client.close()


def test_an_answer_that_does_not_fit_is_told_so_C27_C29_C30(new_node, sub_ca):
    node = new_node.copy()
    client = Client(node)
    old = node.csr("tomcat")
    node.csr("tomcat", "--yes")
    answer = inspect(client, sub_ca.sign(old))
    assert "a replaced CSR of tomcat" in finding(answer, "key-of")["message"] and not any(use.startswith("own/") for use in uses(answer))
    foreign = inspect(client, sub_ca.leaf(FQDN)[0])
    assert finding(foreign, "key-foreign")["weight"] == "warn" and FQDN in finding(foreign, "key-foreign")["message"]
    assert codes(inspect(client, sub_ca.leaf("ldap.example.net")[0])) == []
    client.close()


def test_an_answer_renewed_without_a_request_says_that_it_needs_one(node, sub_ca):
    client = Client(node)
    csr = node.csr("TVS")
    upload(node, "TVS", sub_ca.sign(csr) + "".join(sub_ca.chain()))
    answer = inspect(client, sub_ca.sign(csr, days=700))
    assert uses(answer)[-1] == f"own/TVS/{NAME}/node" and "generate a CSR" in answer["proposals"][-1]["reason"]
    client.close()


def test_phones_and_their_makers_go_where_phones_are_looked_for(place):
    maker = Authority("Cisco Manufacturing CA SHA2")
    assert uses(inspect(place.client, maker.pem)) == ["trust/CAPF-trust", "trust/CallManager-trust"]
    assert uses(inspect(place.client, maker.peer("CP-8845-SEP0011223344FF"))) == ["trust/CAPF-trust", "trust/Phone-trust"]
    assert uses(inspect(place.client, Authority("CAPF-0a1b2c3d").pem)) == ["trust/CallManager-trust", "trust/CAPF-trust"]


def test_a_proposal_is_what_the_upload_then_takes(node, sub_ca):
    """Each of them, carried out as it stands, does something."""
    client = Client(node)
    data = sub_ca.sign(node.csr("tomcat")) + "".join(sub_ca.chain())
    for proposal in inspect(client, data)["proposals"]:
        path = f"/certificates/own/{proposal['purpose']}" if proposal["usage"] == "own" else f"/certificates/trust/{proposal['store']}"
        change = client("POST", path, [("yes", 1), *([("node", proposal["node"])] if proposal["usage"] == "own" else [])], data).expect(201).json
        assert change["steps"], change
    client.close()


# -- much, and odd


def test_of_a_large_bundle_the_first_200_are_shown_and_all_are_looked_at(place):
    root = Authority("Many")
    many = [root.peer(f"host-{i}.example.net") for i in range(210)]
    answer = inspect(place.client, "".join([*many, place.leaf]))
    assert len(answer["certificates"]) == 200 and answer["total"] == 211 and "not-all-shown" in codes(answer)
    assert answer["certificates"][0]["fingerprint"] == fingerprint(place.leaf), "the answer to the request is shown, though it is the last"
    assert [one["fingerprint"] for one in answer["certificates"][1:]] == [fingerprint(pem) for pem in many[:199]]
    assert uses(answer)[0] == f"own/tomcat/{NAME}/node"


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", 'say "cheese"', "日本語の名前", "new\nline", "", "../../etc/passwd"])
def test_names_are_text_whatever_they_are(place, name):
    authority = Authority(name)
    one, = inspect(place.client, authority.pem)["certificates"]
    assert one["common_name"] == (name or None)


def test_looking_needs_a_sign_in_and_a_POST(place):
    place.node.api("POST", "/inspect", auth=None, data=place.chain[0].encode()).expect(401, "sign-in-needed")
    place.client("GET", "/inspect").expect(405, "method-not-allowed")
    assert len(blocks("".join(place.chain))) == 3
