"""Uploads of CA-signed identity certificates: forms of files, keys, names, and what an upload changes (requirements U2 U3 T4; cases A: C1-C25, B: C26-C49; issue "Uploads").
The structure of chains is in test_ca.py, bad input in test_badinput.py."""
import itertools
import random

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from conftest import Makers
from harness import (FQDN, NAME, blocks, codes, der, finding, fingerprint, key_id, load, load_csr, openssl, p7, p12, plan_of, presented, s_client, to_pem, trusted, upload)

# ---- one file with everything, in every form


class Pending:
    """A node with a pending CSR of tomcat and the CA's answer; plans of uploads change nothing, so that many tests share it."""

    def __init__(self, node, root_ca, sub_ca):
        self.node = node
        self.csr = node.csr("tomcat")
        self.leaf = sub_ca.sign(self.csr)
        self.sub, self.root = sub_ca.pem, root_ca.pem
        self.chain = [self.leaf, self.sub, self.root]
        self.expected = plan_of(node, "tomcat", "".join(self.chain))

    def plan(self, data, *words):
        return plan_of(self.node, "tomcat", data, *words)

    def same(self, data, *words, notes=()):
        """The upload must have the plan that leaf, intermediate and root in PEM have, but for these notes."""
        plan = self.plan(data, *words)
        assert [step["text"] for step in plan["steps"]] == [step["text"] for step in self.expected["steps"]], plan
        assert plan["worst"] == "note", plan["findings"]
        assert sorted(codes(plan)) == sorted([*codes(self.expected), *notes]), plan["findings"]
        return plan


@pytest.fixture(scope="module")
def pending(template, root_ca, sub_ca):
    makers = Makers(template)
    yield Pending(makers.copy(), root_ca, sub_ca)
    makers.end()


@pytest.mark.quick
def test_the_plan_of_a_whole_chain_says_what_goes_where(pending, root_ca, sub_ca):
    """U3, C2: which is the leaf, what goes to which store, root first; shown before anything is done."""
    texts = [step["text"] for step in pending.expected["steps"]]
    types = [step["type"] for step in pending.expected["steps"]]
    assert types == ["trust.add", "trust.add", "identity.set", "csr.remove", "trust.remove"]
    assert root_ca.name in texts[0] and "tomcat-trust" in texts[0] and fingerprint(root_ca.pem)[:8] in texts[0]
    assert sub_ca.name in texts[1] and "tomcat-trust" in texts[1]
    assert fingerprint(pending.leaf)[:8] in texts[2] and "tomcat" in texts[2] and "Example Issuing CA" in texts[2]
    assert [f["weight"] for f in pending.expected["findings"]] == [], pending.expected["findings"]
    assert {f["target"] for f in pending.expected["followups"] if f["kind"] == "reload"} == {"Tomcat (HTTPS)", "TFTP"}


@pytest.mark.quick
@pytest.mark.parametrize("order", itertools.permutations(range(3)))
def test_a_bundle_may_be_in_any_order(pending, order):
    """C1, C2, C3, C5: the leaf is found by its key; every order of the three gives one and the same plan."""
    pending.same("".join(pending.chain[i] for i in order))


def crlf(text):
    return text.replace("\n", "\r\n")


def with_text(pem):
    return openssl("x509", "-text", input=pem).out


def trusted_certificate(pem):
    return openssl("x509", "-trustout", "-addtrust", "serverAuth", "-setalias", "Alias", input=pem).out


def bag(pem):
    return "Bag Attributes\n    localKeyID: 01 02 03 04 \n    friendlyName: x\nsubject=CN = a\n\nissuer=CN = b\n\n" + pem


def bare(pem):
    return "".join(pem.splitlines(keepends=True)[1:-1])


FORMS = {
    "CRLF": lambda c: crlf("".join(c)),  # C13 C14 C15
    "lone CR": lambda c: "".join(c).replace("\n", "\r"),  # C13
    "mixed line ends": lambda c: crlf(c[0]) + c[1] + c[2].replace("\n", "\r"),  # C13 C14
    "UTF-8 BOM": lambda c: b"\xef\xbb\xbf" + "".join(c).encode(),  # C13 C18
    "UTF-16LE": lambda c: b"\xff\xfe" + crlf("".join(c)).encode("utf-16-le"),  # C17 C18
    "UTF-16BE": lambda c: b"\xfe\xff" + "".join(c).encode("utf-16-be"),  # C18
    "UTF-32LE": lambda c: b"\xff\xfe\0\0" + "".join(c).encode("utf-32-le"),  # C18
    "text of openssl x509 -text": lambda c: "".join(with_text(p) for p in c),  # C10
    "Bag Attributes": lambda c: "".join(bag(p) for p in c),  # C9
    "text around": lambda c: "Dear admin,\nhere it is:\n" + "\n\nthe next one:\n".join(c) + "\nBest regards\n-- \nYour CA\n",
    "trailing blanks": lambda c: "".join(c).replace("\n", "  \t\n"),  # C11
    "leading blanks": lambda c: "".join("    " + line for line in "".join(c).splitlines(keepends=True)),  # C11
    "blank lines": lambda c: "\n\n\n" + "\n\n".join(c).replace("\n", "\n\n") + "\n\n",  # C13
    "no line end at the end": lambda c: "".join(c).rstrip("\n"),
    "one long line": lambda c: "".join(to_pem(der(p)).replace("\n", "").replace("CERTIFICATE-----M", "CERTIFICATE-----\nM").replace("-----END", "\n-----END") + "\n" for p in c),
    "TRUSTED CERTIFICATE": lambda c: "".join(trusted_certificate(p) for p in c),  # C18
    "X509 CERTIFICATE": lambda c: "".join(c).replace(" CERTIFICATE-----", " X509 CERTIFICATE-----"),
    "PKCS#7 PEM": lambda c: p7(c),  # C21 C22
    "PKCS#7 PEM named CMS": lambda c: p7(c).replace(b"PKCS7", b"CMS"),  # C21
    "PKCS#7 DER (.p7b, .p7c)": lambda c: p7(c, "DER"),  # C18 C21
    "PKCS#7 in reverse": lambda c: p7(c[::-1], "DER"),
    "PKCS#7 as bare base64": lambda c: "".join(p7(c).decode().splitlines(keepends=True)[1:-1]),  # C18
    "PKCS#7 and PEM": lambda c: p7(c[1:]).decode() + c[0],
    "DER, one after the other": lambda c: b"".join(der(p) for p in c),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_bundle_is_taken(pending, form):
    """C9-C22: what is around the certificates, line ends, encodings and containers make no difference to the plan."""
    data = FORMS[form](pending.chain)
    plan = pending.plan(data)
    assert [step["text"] for step in plan["steps"]] == [step["text"] for step in pending.expected["steps"]], plan
    assert plan["worst"] == "note", plan["findings"]


@pytest.mark.parametrize("form", ["DER", "bare base64", "NEW armour"])
def test_every_form_of_a_single_certificate_is_taken(node, sub_ca, root_ca, form):
    """C18, C22: DER and bare base64 without armour; the chain is in the store already."""
    trusted(node, "tomcat", "".join(sub_ca.chain()))
    pem = sub_ca.sign(node.csr("tomcat"))
    data = {"DER": der(pem), "bare base64": bare(pem), "NEW armour": pem.replace("CERTIFICATE", "CERTIFICATE")}[form]
    upload(node, "tomcat", data)
    assert node.pem("tomcat") == pem


def test_pkcs12_with_a_chain_asks_for_its_password(pending, sub_ca, root_ca, tmp_path):
    """Issue: PKCS#12 (password asked for); its key is dropped, the admin told, and nothing of it stored; C35: a wrong password is not "unsupported"."""
    node = pending.node
    key = sub_ca.leaf("p12.example.com")[1]
    pem = sub_ca.sign(sub_ca.request("p12.example.com", key=key)[0], sans=["DNS:p12.example.com"])
    data = p12(pem, key, sub_ca.chain(), password="geheim ü")
    before = node.state()
    node.refused("set", "cert", "import", "trust", "tomcat", "--dry-run", code="password-needed", input=data)
    words = ["set", "cert", "import", "trust", "tomcat", "--dry-run"]
    password = tmp_path / "password"
    password.write_text("wrong\n")
    node.refused(*words, "--password-file", password, code="wrong-password", input=data)
    password.write_text("geheim ü\n")
    plan = node.json(*words, "--password-file", password, input=data)
    assert len(plan["steps"]) == 3 and "key-dropped" in codes(plan)
    change = node.api("POST", "/certificates/trust/tomcat-trust", data=data, headers=["UCPKI-Password: geheim ü"], query=[("dry_run", "1")]).expect(200).json
    assert change == plan
    # As identity: the certificate that fits the pending CSR, from a PKCS#12 that holds it with another certificate's key.
    bundle = p12(pem, key, [pending.leaf, pending.sub, pending.root], password="x")
    password.write_text("x")
    own = pending.plan(bundle, "--password-file", password)
    assert [step["type"] for step in own["steps"]] == [step["type"] for step in pending.expected["steps"]]
    assert {"ignored", "key-dropped"} <= set(codes(own)) and own["worst"] == "note"
    secret = load_pem_private_key(key.read_bytes(), None).private_numbers().private_value
    raw = secret.to_bytes(32, "big")
    node.cli("set", "cert", "import", "trust", "userlicensing", "--yes", "--password-file", password, input=bundle)
    for path in node.data.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert raw not in content and raw.hex().encode() not in content, path
    node.cli("utils", "undo", str(node.head), "--yes")
    after = node.state()
    assert {**after, "head": 0, "hash": 0} == {**before, "head": 0, "hash": 0}


def test_legacy_pkcs12_is_read_or_named(pending, sub_ca, tmp_path):
    """C37: a PKCS#12 of RC2 or RC4 encryption is read, or refused with the algorithm's name; never "wrong password"."""
    password = tmp_path / "password"
    password.write_text("secret")
    pem, key = sub_ca.leaf("old.example.com")
    for options in (["-legacy", "-certpbe", "PBE-SHA1-RC2-40", "-keypbe", "PBE-SHA1-3DES"], ["-legacy", "-certpbe", "PBE-SHA1-RC4-128", "-keypbe", "PBE-SHA1-RC4-128"],
                    ["-certpbe", "AES-256-CBC", "-keypbe", "AES-256-CBC", "-macalg", "sha512"]):
        data = p12(pem, key, options=options)
        result = pending.node.cli("set", "cert", "import", "trust", "tomcat", "--dry-run", "--json", "--password-file", password, input=data, check=False)
        if result.status == 0:
            assert len(result.json["steps"]) == 1
        else:
            assert "-legacy" in options
            assert result.json["code"] == "unsupported-algorithm" and ("RC2" in result.json["detail"].upper() or "RC4" in result.json["detail"].upper()), f"{result}"


# ---- what else is in the file


def test_what_no_path_needs_is_ignored_and_listed(pending, make_ca):
    """C6, C7, C5: unrelated roots, other intermediates, expired ones and repetitions do no harm; each that is ignored is named with fingerprint."""
    stranger, other = make_ca("Stranger Root"), make_ca("Other Sub", issuer=make_ca("Other Root"))
    expired = make_ca("Expired CA", start="20100101000000Z", end="20110101000000Z")
    extras = [stranger.pem, other.pem, expired.pem, pending.sub]
    data = pending.chain + extras
    random.Random(7).shuffle(data)
    plan = pending.same("".join(data), notes=["ignored", "ignored", "ignored", "repeated"])
    ignored = " ".join(f["message"] for f in plan["findings"] if f["code"] == "ignored")
    for authority in (stranger, other, expired):
        assert authority.subject in ignored and fingerprint(authority.pem)[:8] in ignored


def test_requests_and_keys_beside_the_certificates(pending, sub_ca):
    """Issue: a CSR in the file is ignored with a note; a private key makes the whole upload refused, and is never stored or logged."""
    pending.same("".join(pending.chain) + pending.csr, notes=["request-ignored"])
    key = sub_ca.leaf("k.example.com")[1].read_text()
    node = pending.node
    before = node.state()
    for form in (key, openssl("ec", input=key).out, openssl("pkcs8", "-topk8", "-passout", "pass:secret", input=key).out):
        problem = node.refused("set", "cert", "import", "own", "tomcat", "--yes", code="private-key-in-upload", input="".join(pending.chain) + form)
        body = form.splitlines()[2]
        assert body not in problem["detail"] and body not in node.err
    assert node.state() == before


def test_only_a_request_or_only_the_issuers(pending):
    """C47, T4: a CSR instead of a certificate is named as such; a file of CAs only has no leaf for the key: refused with both key ids (C26)."""
    node = pending.node
    problem = node.refused("set", "cert", "import", "own", "tomcat", "--yes", code="no-certificate-found", input=pending.csr)
    assert "certificate signing request" in problem["detail"]
    problem = node.refused("set", "cert", "import", "own", "tomcat", "--yes", code="key-mismatch", input=pending.sub + pending.root)
    csr_key = key_id(load_csr(pending.csr).public_key())
    assert csr_key[:8] in problem["detail"] and key_id(load(pending.sub).public_key())[:8] in problem["detail"]


# ---- keys


def test_a_certificate_for_another_key_is_refused_and_names_whose(node, root_ca, sub_ca):
    """C26, C27, C29, C30, C31: no pair is stored unmatched; the message names the CSR, older key or certificate that it does belong to."""
    chain = "".join(sub_ca.chain())
    first = node.csr("tomcat")
    old_answer = sub_ca.sign(first)
    ipsec = node.csr("ipsec")
    second = node.csr("tomcat")
    before = node.state()
    second_key = key_id(load_csr(second).public_key())
    # Another purpose's CSR (C27).
    problem = node.refused("set", "cert", "import", "own", "tomcat", "--yes", "--force", code="key-mismatch", input=sub_ca.sign(ipsec) + chain)
    assert "the pending CSR of ipsec" in problem["detail"] and second_key[:8] in problem["detail"]
    # The CSR that was replaced (C29).
    problem = node.refused("set", "cert", "import", "own", "tomcat", "--yes", "--force", code="key-mismatch", input=old_answer + chain)
    assert key_id(load_csr(first).public_key())[:8] in problem["detail"] and "tomcat" in problem["detail"] and "not one of this node's" not in problem["detail"]
    # A key that the CA made itself (C30).
    foreign = sub_ca.leaf(FQDN)[0]
    problem = node.refused("set", "cert", "import", "own", "tomcat", "--yes", "--force", code="key-mismatch", input=foreign + chain)
    assert key_id(load(foreign).public_key())[:8] in problem["detail"] and "not one of this node's" in problem["detail"]
    # The node's own self-signed certificate of another purpose.
    problem = node.refused("set", "cert", "import", "own", "tomcat", "--yes", "--force", code="key-mismatch", input=node.pem("TVS"))
    assert "TVS" in problem["detail"]
    assert node.state() == before
    assert [row["purpose"] for row in node.json("show", "csr", "list", "own")["items"]] == ["ipsec", "tomcat"]
    upload(node, "tomcat", sub_ca.sign(second) + chain)
    assert node.own("tomcat")["key"]["id"] == second_key


def test_without_a_pending_request_nothing_is_taken(node, sub_ca):
    """Issue: no CSR pending: refused, and the hint says what to do."""
    problem = node.refused("set", "cert", "import", "own", "TVS", "--yes", "--force", code="no-pending-csr", input=sub_ca.leaf(FQDN)[0] + "".join(sub_ca.chain()))
    assert "TVS" in problem["detail"] and "set csr gen" in problem["hint"]
    for purpose in ("ITLRecovery", "authz"):
        assert purpose in node.refused("set", "cert", "import", "own", purpose, "--yes", code="not-requestable", input=sub_ca.pem)["detail"]
    node.refused("set", "cert", "import", "own", "cup", "--yes", code="purpose-not-here", input=sub_ca.pem)


def test_the_same_certificate_again_is_nothing_to_do(node, sub_ca, root_ca):
    """C25: a chain file that was downloaded is recognised by fingerprint: nothing changes, and the answer says so."""
    upload(node, "tomcat", sub_ca.sign(node.csr("tomcat")) + "".join(sub_ca.chain()))
    before = node.state()
    for form in ("chain", "p7b", "der"):
        again = node.json("set", "cert", "import", "own", "tomcat", "--yes", input=node.cli("file", "get", "cert", "tomcat", "--format", form).raw)
        assert again["number"] is None and codes(again) == ["already-there"], form
    again = trusted(node, "tomcat", node.cli("file", "get", "cert", f"tomcat-trust/{sub_ca.name}", "--format", "chain").raw)
    assert again["number"] is None and codes(again) == ["already-there", "already-there"]
    assert node.state() == before


def test_a_new_certificate_for_the_same_request_needs_a_new_request(node, sub_ca):
    """T4: a CSR is answered once; a second certificate for its key has no pending CSR, and is told that it is the key of the certificate in force."""
    csr = node.csr("TVS")
    chain = "".join(sub_ca.chain())
    upload(node, "TVS", sub_ca.sign(csr) + chain)
    problem = node.refused("set", "cert", "import", "own", "TVS", "--yes", code="no-pending-csr", input=sub_ca.sign(csr) + chain)
    assert "TVS" in problem["detail"]


# ---- names


def test_other_names_than_requested_are_shown_both_ways(new_node, sub_ca):
    """C33: the difference name by name; a warning by default, refused with san-mismatch = refuse; a set, not a list (order and case do not count)."""
    node = new_node.copy()
    csr = node.csr("tomcat", "--san", "alias.example.com", "--san", "192.0.2.1")
    chain = "".join(sub_ca.chain())
    pem = sub_ca.sign(csr, sans=[f"DNS:{FQDN}", f"DNS:www.{FQDN}", "IP:192.0.2.2"])
    plan = plan_of(node, "tomcat", pem + chain)
    found = finding(plan, "san-mismatch")
    assert found["weight"] == "warn"
    lacks, adds = found["message"].split("adds")
    assert "DNS:alias.example.com" in lacks and "IP:192.0.2.1" in lacks and FQDN not in lacks.split("lacks")[1]
    assert f"DNS:www.{FQDN}" in adds and "IP:192.0.2.2" in adds
    node.refused("set", "cert", "import", "own", "tomcat", code="confirmation-needed", input=pem + chain)
    same = sub_ca.sign(csr, sans=["IP:192.0.2.1", "DNS:ALIAS.example.com", f"DNS:{FQDN}"])
    assert "san-mismatch" not in codes(plan_of(node, "tomcat", same + chain))
    none = sub_ca.sign(csr, sans=[])
    assert f"DNS:{FQDN}" in finding(plan_of(node, "tomcat", none + chain), "san-mismatch")["message"]
    node.restart("--san-mismatch", "refuse")
    problem = node.refused("set", "cert", "import", "own", "tomcat", "--yes", "--force", code="san-mismatch", input=pem + chain)
    assert "alias.example.com" in problem["detail"]
    node.restart("--san-mismatch", "warn")
    upload(node, "tomcat", pem + chain)


def test_a_subject_that_the_ca_replaced_is_taken(node, sub_ca):
    """C49: the CA may write another subject; the certificate is taken as it is."""
    pem = sub_ca.sign(node.csr("tomcat"), subject=[("C", "DE"), ("O", "Müller"), ("CN", "completely.different.example")])
    upload(node, "tomcat", pem + "".join(sub_ca.chain()))
    assert node.own("tomcat")["common_name"] == "completely.different.example"


# ---- usage and kinds


@pytest.mark.parametrize("purpose, change, weight, shown", [
    ("tomcat", {"ku": ["digitalSignature"]}, "warn", "keyEncipherment"),
    ("tomcat", {"ekus": ["serverAuth"]}, "warn", "clientAuth"),
    ("tomcat", {"ekus": ["clientAuth"]}, "refused", "serverAuth"),
    ("ipsec", {"ekus": ["serverAuth", "clientAuth"]}, "warn", "ipsecEndSystem"),
    ("tomcat", {"ekus": []}, "note", "extendedKeyUsage"),
    ("tomcat", {"ku": []}, "note", "keyUsage"),
])
def test_usage_that_the_purpose_needs(node, sub_ca, purpose, change, weight, shown):
    """Section 2: missing DE, KE or clientAuth is a warning, missing serverAuth is refused; without the extension nothing is restricted."""
    pem = sub_ca.sign(node.csr(purpose), **change)
    plan = plan_of(node, purpose, pem + "".join(sub_ca.chain()))
    matching = [f for f in plan["findings"] if f["code"] in ("usage-missing", "usage-absent") and shown in f["message"]]
    assert [f["weight"] for f in matching] == [weight], plan["findings"]
    if weight == "refused":
        assert shown in node.refused("set", "cert", "import", "own", purpose, "--yes", "--force", code="usage-missing", input=pem + "".join(sub_ca.chain()))["detail"]


# ---- downloads and the log


def test_downloads_of_a_chain(node, sub_ca, root_ca):
    """D1: chain and p7b of a CA-signed identity, byte for byte the files of the CA; also through the API."""
    pem = sub_ca.sign(node.csr("tomcat"))
    upload(node, "tomcat", pem + "".join(sub_ca.chain()))
    chain = node.cli("file", "get", "cert", "tomcat", "--format", "chain").raw
    assert chain == (pem + sub_ca.pem + root_ca.pem).encode()
    raw = node.cli("file", "get", "cert", "tomcat", "--format", "p7b").raw
    printed = openssl("pkcs7", "-print_certs", "-inform", "DER" if raw[:1] == b"0" else "PEM", input=raw).out
    assert {fingerprint(block) for block in blocks(printed)} == {fingerprint(p) for p in (pem, sub_ca.pem, root_ca.pem)}
    assert node.cli("file", "get", "cert", "tomcat", "--format", "der").raw == openssl("x509", "-outform", "DER", input=pem).raw
    shown = node.get("/certificates/own/tomcat/chain")
    assert shown["complete"] is True and [item["fingerprint"] for item in shown["items"]] == [fingerprint(p) for p in (pem, sub_ca.pem, root_ca.pem)]
    assert node.json("show", "cert", "chain", "tomcat")["items"] == shown["items"]
    text = node.cli("show", "cert", "chain", "tomcat").out
    assert text.startswith("Chain, complete:") and text.count("SHA-256") == 3


def test_a_deleted_issuer_breaks_the_chain_and_is_a_danger(node, sub_ca, root_ca):
    """X1, C127: deleting a certificate that an identity's chain goes through needs --force; then `show cert chain` names what is missing, and undo repairs it."""
    upload(node, "tomcat", sub_ca.sign(node.csr("tomcat")) + "".join(sub_ca.chain()))
    problem = node.refused("set", "cert", "delete", "tomcat", root_ca.name, "--yes", code="confirmation-needed")
    danger = [f for f in problem["plan"]["findings"] if f["code"] == "chain-breaks"]
    assert [f["weight"] for f in danger] == ["danger"] and "tomcat" in danger[0]["message"] and NAME in danger[0]["message"]
    change = node.json("set", "cert", "delete", "tomcat", root_ca.name, "--yes", "--force")
    assert root_ca.name not in node.names("tomcat-trust")
    shown = node.json("show", "cert", "trust", f"tomcat-trust/{sub_ca.name}")
    assert shown["chain_complete"] is False and "Example Root CA" in shown["missing"]["subject"]
    own = node.json("show", "cert", "chain", "tomcat")
    assert own["complete"] is False and "Example Root CA" in own["missing"]["subject"] and own["missing"]["store"] == "tomcat-trust"
    node.cli("utils", "undo", str(change["number"]), "--yes")
    assert node.json("show", "cert", "trust", f"tomcat-trust/{sub_ca.name}")["chain_complete"] is True


def test_undo_of_an_upload_brings_back_the_pending_request(node, sub_ca, root_ca):
    """Section 4: the former certificate, its copies and key, and the CSR; the same answer can then be uploaded again. TLS works with each."""
    def look():
        state = node.state()
        return {key: state[key] for key in ("own", "trust", "csrs")}

    csr = node.csr("tomcat")
    before = look()
    pem = sub_ca.sign(csr)
    change = upload(node, "tomcat", pem + "".join(sub_ca.chain()))["number"]
    after = look()
    rsa = ["-sigalgs", "RSA-PSS+SHA256:RSA+SHA256"]
    assert fingerprint(presented(s_client(node.port, *rsa))[0]) == fingerprint(pem)
    undo = node.json("utils", "undo", str(change), "--yes")["number"]
    assert look() == before
    assert fingerprint(presented(s_client(node.port, *rsa))[0]) == node.own("tomcat")["fingerprint"] != fingerprint(pem)
    upload(node, "tomcat", pem + "".join(sub_ca.chain()))
    assert look() == after
    assert f"{undo + 1}" == str(node.head)


def test_regenerating_over_a_ca_signed_certificate_warns(node, sub_ca):
    """G1: it overwrites a CA-signed certificate too: warn first; the copy of the new one goes to the store; undo brings the CA's back with its chain."""
    pem = sub_ca.sign(node.csr("TVS"))
    upload(node, "TVS", pem + "".join(sub_ca.chain()))
    assert node.trust(f"fingerprint is {fingerprint(pem)}") == []
    problem = node.refused("set", "cert", "regen", "TVS", code="confirmation-needed")
    assert codes(problem["plan"]) == ["overwrites-ca-signed", "list-loses", "list-gains"]
    change = node.json("set", "cert", "regen", "TVS", "--yes")["number"]
    assert node.own("TVS")["type"] == "self-signed"
    assert [row["unit"] for row in node.trust(f"fingerprint is {fingerprint(node.pem('TVS'))}")] == ["TVS-trust"]
    node.cli("utils", "undo", str(change), "--yes")
    assert node.cli("file", "get", "cert", "TVS", "--format", "chain").out == pem + "".join(sub_ca.chain())


def test_the_console_and_the_api_take_the_same_upload(new_node, sub_ca):
    """C13: the text box and the file upload share one path: curl with a body gives the change that ucpki gives."""
    one = new_node.copy()
    csr = one.csr("tomcat")
    data = crlf(sub_ca.sign(csr) + "".join(sub_ca.chain())).encode()
    plan = plan_of(one, "tomcat", data)
    answer = one.api("POST", "/certificates/own/tomcat", data=data, query=[("yes", "1"), ("seen", plan["plan"])]).expect(201)
    assert answer.json["summary"] == plan["summary"] and [s["text"] for s in answer.json["steps"]] == [s["text"] for s in plan["steps"]]
    assert [effect["state"] for effect in answer.json["effects"]] == ["done", "done"]


def test_a_file_argument_and_standard_input_are_the_same(node, sub_ca, tmp_path):
    """Design: where the original asks for a paste, a file argument or standard input works as well."""
    csr = node.csr("ipsec")
    path = tmp_path / "answer.txt"
    path.write_text(sub_ca.sign(csr) + "".join(sub_ca.chain()))
    words = ["set", "cert", "import", "own", "ipsec", "--dry-run"]
    assert node.json(*words, path) == node.json(*words, "-", input=path.read_text()) == node.json(*words, input=path.read_text())
    missing = node.cli("set", "cert", "import", "own", "ipsec", tmp_path / "none", check=False)
    assert missing.status == 1 and str(tmp_path / "none") in missing.err


def test_many_unrelated_chains_go_into_a_store_one_by_one(node, make_ca):
    """C23, C18: a trust bundle of several chains becomes individual certificates, each chain root first; all are listed."""
    authorities = []
    for i in range(3):
        root = make_ca(f"Bundle-Root-{i}")
        authorities += [make_ca(f"Bundle-Sub-{i}", issuer=root), root]
    change = node.json("set", "cert", "import", "trust", "CallManager", "--yes", input="".join(a.pem for a in authorities))
    texts = [step["text"] for step in change["steps"]]
    assert len(texts) == 6
    for i in range(3):
        root, sub = ([k for k, text in enumerate(texts) if f"Bundle-{kind}-{i}" in text] for kind in ("Root", "Sub"))
        assert len(root) == len(sub) == 1 and root[0] < sub[0]
    assert {a.name for a in authorities} <= set(node.names("CallManager-trust"))


def test_an_expired_certificate_in_a_store_is_taken_with_a_warning_that_dates_it(node, make_ca):
    """C90: not "contains no PEM" but when it expired; the list shows it as expired."""
    expired = make_ca("Expired-Anchor", start="20100101000000Z", end="20110101000000Z")
    problem = node.refused("set", "cert", "import", "trust", "tomcat", code="confirmation-needed", input=expired.pem)
    message = finding(problem["plan"], "expired")["message"]
    assert "2011-01-01T00:00:00Z" in message and "Expired-Anchor" in message
    trusted(node, "tomcat", expired.pem)
    row, = node.trust(f"fingerprint is {fingerprint(expired.pem)}")
    assert row["state"] == "expired" and row["expires"].startswith("expired ") and row["expires"].endswith(" ago")
