"""CA-signed identities and the authorities behind them: the whole way for each purpose, the structure of chains, several authorities of one name, their succession
(requirements T4 U2 U3 C3; cases C38 C42 C55 C75-C87 C126 C127; issue "Real components"). Roots and intermediates are run by the openssl program; results are
checked by openssl verify, certtool and python3-cryptography."""
import random

import pytest
from cryptography import x509

from harness import (DOMAIN, FQDN, NAME, codes, der, finding, fingerprint, key_id, key_kind, load, load_csr, make_key, openssl, plan_of, presented, run, s_client, trusted,
                     upload)

STORE = {"tomcat": "tomcat-trust", "tomcat-ECDSA": "tomcat-trust", "CallManager": "CallManager-trust", "CallManager-ECDSA": "CallManager-trust", "TVS": "TVS-trust",
         "ipsec": "ipsec-trust", "CAPF": "CallManager-trust"}
RSA = ["-sigalgs", "rsa_pss_rsae_sha256:rsa_pkcs1_sha256"]
EC = ["-sigalgs", "ECDSA+SHA384:ECDSA+SHA256:ECDSA+SHA512"]


def check_by_programs(leaf, chain, tmp_path):
    """openssl verify and certtool accept the chain."""
    for name, pems in (("leaf", [leaf]), ("sub", chain[:-1]), ("root", chain[-1:]), ("all", [leaf, *chain])):
        (tmp_path / f"{name}.pem").write_text("".join(pems))
    words = ["-untrusted", tmp_path / "sub.pem"] if chain[:-1] else []
    openssl("verify", "-x509_strict", "-CAfile", tmp_path / "root.pem", *words, tmp_path / "leaf.pem")
    run("certtool", "--verify", "--load-ca-certificate", tmp_path / "root.pem", "--infile", tmp_path / "all.pem")


# ---- the whole way, for each purpose


@pytest.mark.parametrize("purpose", ["tomcat", "tomcat-ECDSA", "CallManager", "TVS", "ipsec", "CAPF"])
def test_from_request_to_certificate_root_first(node, root_ca, sub_ca, tmp_path, purpose):
    """T4, U1, U2, C3 of the requirements: root, then intermediate, then leaf; before that the upload is refused and names what is missing where."""
    csr = node.csr(purpose)
    pem = sub_ca.sign(csr, extensions={"basicConstraints": "critical,CA:TRUE,pathlen:0"} if purpose == "CAPF" else {})
    # Its signer may only issue leaves (pathlen 0), so CAPF comes from the root.
    chain = sub_ca.chain()
    if purpose == "CAPF":
        pem, chain = root_ca.sign(csr), [root_ca.pem]
    store = STORE[purpose]
    before = node.state()
    problem = node.refused("set", "cert", "import", "own", purpose, "--yes", "--force", code="issuer-missing", input=pem)
    issuer = load(chain[0])
    identifier = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest.hex()
    assert store in problem["detail"] and identifier in problem["detail"] and issuer.subject.rfc4514_string() in problem["detail"]
    assert node.state() == before
    for authority in reversed(chain):
        trusted(node, store, authority)
    if purpose != "CAPF":
        assert fingerprint(node.pem(purpose)) == dict((unit, fp) for unit, fp, _ in before["own"])[purpose]
    change = upload(node, purpose, pem)
    # Nothing to be warned of; CAPF is limited to serverAuth as its request asks.
    warnings = [f["code"] for f in change["findings"] if f["weight"] != "note"]
    assert warnings == (["capf-server-only"] if purpose == "CAPF" else [])
    shown = node.own(purpose)
    assert shown["fingerprint"] == fingerprint(pem) and shown["type"] == "ca-signed"
    assert shown["key"]["id"] == key_id(load_csr(csr).public_key()) and shown["key"]["present"] is True
    assert [link["fingerprint"] for link in shown["chain"]] == [fingerprint(p) for p in (pem, *chain)] and shown["chain_complete"] is True
    assert all(link["in_store"] == store for link in shown["chain"][1:])
    assert shown["pending_csr"] is False
    node.refused("file", "get", "csr", purpose, code="no-csr")
    assert node.cli("file", "get", "cert", purpose, "--format", "chain").out == "".join([pem, *chain])
    check_by_programs(pem, chain, tmp_path)
    assert "Certificate Signed by" in node.cli("show", "cert", "list", "own", "--where", f"unit is {purpose}").out


def test_capf_root_must_be_in_callmanager_trust(node, make_ca):
    """C3 of the requirements: the root of a CA-signed CAPF certificate goes to CallManager-trust; elsewhere it does not count; a chain in the file puts it there, and in
    CAPF-trust."""
    root = make_ca("CAPF Root")
    pem = root.sign(node.csr("CAPF"))
    trusted(node, "CAPF", root.pem)
    trusted(node, "tomcat", root.pem)
    assert "CallManager-trust" in node.refused("set", "cert", "import", "own", "CAPF", "--yes", code="issuer-missing", input=pem)["detail"]
    upload(node, "CAPF", pem + root.pem)
    assert {"CallManager-trust", "CAPF-trust"} <= {row["unit"] for row in node.trust(f"fingerprint is {fingerprint(root.pem)}")}
    cert = load(node.pem("CAPF"))
    basic = cert.extensions.get_extension_for_class(x509.BasicConstraints).value
    assert basic.ca and basic.path_length == 0


def test_capf_with_and_without_its_extensions(node, make_ca):
    """Section 2: a CAPF certificate limited to serverAuth is warned of, one without EKU or with clientAuth is not; without keyCertSign it is refused; CA:TRUE is right there."""
    root = make_ca("CAPF Root")
    csr = node.csr("CAPF")
    assert "capf-server-only" in codes(plan_of(node, "CAPF", root.sign(csr) + root.pem))
    for ekus in ([], ["serverAuth", "clientAuth"]):
        assert "capf-server-only" not in codes(plan_of(node, "CAPF", root.sign(csr, ekus=ekus) + root.pem)), ekus
    plan = plan_of(node, "CAPF", root.sign(csr, ku=["digitalSignature", "keyEncipherment"]) + root.pem)
    assert "keyCertSign" in [f for f in plan["findings"] if f["code"] == "usage-missing" and f["weight"] == "refused"][0]["message"]
    assert "ca-as-leaf" not in codes(plan)


def test_a_certificate_for_all_nodes(node, sub_ca):
    """Section 2, C1: a multi-server certificate with every node's name; the list shows its distribution."""
    csr = node.csr("tomcat", "--distribution", "multi-server", "--san", "sub1.example.com", "--san", "sub2.example.com")
    upload(node, "tomcat", sub_ca.sign(csr) + "".join(sub_ca.chain()))
    row, = node.json("show", "cert", "list", "own", "--where", "unit is tomcat")["items"]
    assert row["distribution"] == "multi-server" and row["common_name"] == f"{NAME}-ms.{DOMAIN}"
    names = load(node.pem("tomcat")).extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(x509.DNSName)
    assert sorted(names) == sorted([FQDN, DOMAIN, "sub1.example.com", "sub2.example.com"])


@pytest.mark.parametrize("key, signer", [("ec-p256", "rsa"), ("ec-p521", "ec:P-521"), ("ec-p384", "ec")])
def test_keys_of_every_curve_go_the_whole_way(node, make_ca, key, signer):
    """C39, C1: P-256, P-384 and P-521 for tomcat-ECDSA, signed by RSA and EC authorities; the handshake presents leaf and intermediate, and verifies."""
    root = make_ca("Curve Root", key=signer)
    sub = make_ca("Curve Sub", issuer=root, key=signer)
    csr = node.csr("tomcat-ECDSA", "--key", key)
    pem = sub.sign(csr, md="sha384")
    upload(node, "tomcat-ECDSA", pem + sub.pem + root.pem)
    assert key_kind(load(node.pem("tomcat-ECDSA")).public_key()) == key
    result = s_client(node.port, "-CAfile", root.path, "-verify_return_error", "-sigalgs", "ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:rsa_pss_rsae_sha256:rsa_pkcs1_sha256:RSA+SHA384",
                      "-cipher", "ECDHE-ECDSA-AES256-GCM-SHA384", "-tls1_2", "-curves", "P-256:P-384:P-521")
    assert [fingerprint(p) for p in presented(result)] == [fingerprint(pem), fingerprint(sub.pem)]


def test_signatures_of_other_schemes(node, make_ca):
    """C38: certificates signed with RSASSA-PSS or Ed25519 by their CA are taken (the CA's scheme is not the service's key), and TLS presents them."""
    root = make_ca("PSS Root", key="rsa")
    pem = root.sign(node.csr("tomcat"), options=["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:32"])
    assert "rsassaPss" in openssl("x509", "-noout", "-text", input=pem).out
    upload(node, "tomcat", pem + root.pem)
    assert node.own("tomcat")["chain_complete"] is True
    root = make_ca("Edwards Root", key="ed25519", md=None)
    pem = root.sign(node.csr("tomcat-ECDSA"), md=None)
    upload(node, "tomcat-ECDSA", pem + root.pem)
    assert node.own("tomcat-ECDSA")["chain_complete"] is True
    assert fingerprint(presented(s_client(node.port, "-tls1_2", "-cipher", "ECDHE-ECDSA-AES256-GCM-SHA384"))[0]) == fingerprint(pem)


def test_what_real_authorities_add_is_no_obstacle(node, make_ca):
    """Extensions of Windows and public CAs (template, CRL and AIA addresses, policies) in leaf and issuers cause no finding but notes."""
    extras = {
        "1.3.6.1.4.1.311.20.2": "DER:1e:0e:00:57:00:65:00:62:00:53:00:65:00:72:00:76",
        "1.3.6.1.4.1.311.21.7": "DER:30:2e:06:26:2b:06:01:04:01:82:37:15:08:87:d8:9c:2b:81:b1:f1:2f:81:75:8d:8b:38:86:b6:ad:40:83:e4:ba:0d:81:2c:82:91:e5:46:86:9d:fb:45:02:01:64:02:01:05",
        "crlDistributionPoints": "URI:http://ca.example.com/ca.crl",
        "authorityInfoAccess": "caIssuers;URI:http://ca.example.com/ca.crt",
        "certificatePolicies": "1.3.6.1.4.1.99999.1",
    }
    root = make_ca("Windows Root", key="rsa", extensions={"1.3.6.1.4.1.311.21.1": "DER:02:01:00"})
    sub = make_ca("Windows Sub", issuer=root, key="rsa", extensions={**extras, "1.3.6.1.4.1.311.21.1": "DER:02:01:00"})
    plan = plan_of(node, "tomcat", sub.sign(node.csr("tomcat"), extensions=extras) + sub.pem + root.pem)
    assert plan["worst"] == "note", plan["findings"]


# ---- the structure of chains


def test_a_long_chain_is_found_in_any_order_and_presented_in_the_right_one(node, make_ca):
    """C5, C126: five intermediates in disorder; the handshake has leaf and intermediates in order, without the root."""
    authorities = [make_ca("Deep Root")]
    for i in range(5):
        authorities.append(make_ca(f"Deep-Sub-{i}", issuer=authorities[-1]))
    pem = authorities[-1].sign(node.csr("tomcat"))
    everything = [pem, *(a.pem for a in authorities)]
    random.Random(3).shuffle(everything)
    upload(node, "tomcat", "".join(everything))
    wanted = [fingerprint(p) for p in (pem, *(a.pem for a in reversed(authorities)))]
    assert [link["fingerprint"] for link in node.own("tomcat")["chain"]] == wanted
    assert [fingerprint(p) for p in presented(s_client(node.port, *RSA))] == wanted[:-1]


def test_a_chain_partly_in_the_store_and_partly_in_the_file(node, make_ca):
    """T4, U3: root in the store, one intermediate in the store, the other in the file; the plan adds only what is missing."""
    root = make_ca("Split Root")
    upper = make_ca("Split-Upper", issuer=root)
    lower = make_ca("Split-Lower", issuer=upper)
    trusted(node, "tomcat", upper.pem)
    trusted(node, "tomcat", root.pem)
    pem = lower.sign(node.csr("tomcat"))
    plan = plan_of(node, "tomcat", pem + lower.pem)
    added = [step["text"] for step in plan["steps"] if step["type"] == "trust.add"]
    assert len(added) == 1 and "Split-Lower" in added[0]
    upload(node, "tomcat", pem + lower.pem)
    assert node.own("tomcat")["chain_complete"] is True


def test_a_missing_intermediate_is_named_though_the_root_is_there(node, make_ca):
    """T4, issue: the missing issuer by subject and key identifier, not the root that is there."""
    root = make_ca("Gap Root")
    sub = make_ca("Gap Sub", issuer=root)
    trusted(node, "tomcat", root.pem)
    pem = sub.sign(node.csr("tomcat"))
    problem = node.refused("set", "cert", "import", "own", "tomcat", "--yes", "--force", code="issuer-missing", input=pem + root.pem)
    identifier = load(sub.pem).extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest.hex()
    assert "CN=Gap Sub" in problem["detail"] and identifier in problem["detail"] and "tomcat-trust" in problem["detail"]
    assert "tomcat-trust" in problem["hint"]


def test_two_authorities_of_one_name(node, make_ca):
    """C86: the wrong one in the store does not stand in for the right one; with both there the right one is taken, with key identifiers and without."""
    for extensions in ({}, {"subjectKeyIdentifier": None, "authorityKeyIdentifier": None}):
        right, wrong = (make_ca("Twin Root", extensions=extensions) for _ in range(2))
        trusted(node, "tomcat", wrong.pem)
        pem = right.sign(node.csr("tomcat"), extensions={"authorityKeyIdentifier": None} if extensions else {})
        problem = node.refused("set", "cert", "import", "own", "tomcat", "--yes", "--force", code="issuer-missing", input=pem)
        assert "CN=Twin Root" in problem["detail"]
        trusted(node, "tomcat", right.pem)
        upload(node, "tomcat", pem)
        assert [link["fingerprint"] for link in node.own("tomcat")["chain"]] == [fingerprint(pem), fingerprint(right.pem)]


def test_names_of_other_string_types_still_chain(node, make_ca, tmp_path):
    """C78: a leaf whose issuer name is written as PrintableString while the CA's subject is UTF8String chains all the same (RFC 5280 section 7.1)."""
    root = make_ca("Mixed  Case CA")
    request = node.csr("tomcat")
    # The same authority under a name of other string type, case and blanks signs.
    twin = tmp_path / "twin"
    twin.mkdir()
    config = twin / "c.cnf"
    config.write_text("[req]\ndistinguished_name = dn\nprompt = no\nstring_mask = default\nx509_extensions = e\n[dn]\nCN = mixed case ca\n"
                      "[e]\nbasicConstraints = critical,CA:TRUE\nkeyUsage = critical,keyCertSign\nsubjectKeyIdentifier = hash\n")
    name = openssl("req", "-x509", "-new", "-key", root.key, "-config", config).out
    assert b"\x13\x0dmixed case ca" in der(name)  # 0x13: PrintableString; openssl ca writes UTF8String
    assert b"\x0c\x0eMixed  Case CA" in der(root.pem)
    root.path.write_text(name)
    try:
        leaf = root.sign(request)
    finally:
        root.path.write_text(root.pem)
    assert load(leaf).issuer != load(root.pem).subject
    upload(node, "tomcat", leaf + root.pem)
    assert node.own("tomcat")["chain_complete"] is True


def test_an_expired_cross_signed_root_does_not_break_the_path(node, make_ca, tmp_path):
    """C82, C7: an expired root of the same name and key, and an expired cross-certificate, in the bundle: the good path is taken; C81: the one that lasts longest."""
    old = make_ca("Rolling Root", start="20100101000000Z", end="20110101000000Z")
    new = old.reissued(tmp_path / "new", days=3000)
    sub = make_ca("Rolling Sub", issuer=new, days=1000)
    sub_later = sub.reissued(tmp_path / "later", issuer=new, days=2000)
    pem = sub.sign(node.csr("tomcat"), days=1500)
    upload(node, "tomcat", "".join([old.pem, sub.pem, pem, sub_later.pem, new.pem]))
    assert [link["fingerprint"] for link in node.own("tomcat")["chain"]] == [fingerprint(p) for p in (pem, sub_later.pem, new.pem)]


def test_an_issuer_that_ends_before_the_leaf_is_warned_of(node, make_ca):
    """C81: the plan names both dates."""
    root = make_ca("Long Root")
    sub = make_ca("Short Sub", issuer=root, days=100)
    pem = sub.sign(node.csr("tomcat"), days=400)
    plan = plan_of(node, "tomcat", pem + sub.pem + root.pem)
    message = finding(plan, "issuer-expires-first")["message"]
    for authority in (load(sub.pem), load(pem)):
        assert authority.not_valid_after.strftime("%Y-%m-%d") in message


def test_path_length_and_name_constraints_are_obeyed(node, make_ca):
    """C77, C79: full path validation, with exact codes."""
    csr = node.csr("tomcat")
    root = make_ca("Narrow Root", extensions={"basicConstraints": "critical,CA:TRUE,pathlen:0"})
    sub = make_ca("Too Deep", issuer=root)
    node.refused("set", "cert", "import", "own", "tomcat", "--yes", "--force", code="path-length", input=sub.sign(csr) + sub.pem + root.pem)
    root = make_ca("Constrained Root", extensions={"nameConstraints": "critical,permitted;DNS:other.example"})
    problem = node.refused("set", "cert", "import", "own", "tomcat", "--yes", "--force", code="name-constraint", input=root.sign(csr) + root.pem)
    assert "RFC 5280" in problem["detail"] or "name" in problem["detail"]
    root = make_ca("Right Root", extensions={"nameConstraints": f"critical,permitted;DNS:{DOMAIN}"})
    upload(node, "tomcat", root.sign(csr) + root.pem)


def test_a_ca_as_leaf_is_refused_and_a_leaf_as_ca_as_well(node, make_ca):
    """Issue: a CA certificate uploaded as leaf, and the reverse (C77: a leaf cannot issue)."""
    root = make_ca("Root X")
    csr = node.csr("tomcat")
    problem = node.refused("set", "cert", "import", "own", "tomcat", "--yes", "--force", code="ca-as-leaf", input=root.sign(csr, ca=True) + root.pem)
    assert "CA:TRUE" in problem["detail"]
    # An issuer that is no CA.
    fake = make_ca("Fake Sub", issuer=root, extensions={"basicConstraints": "critical,CA:FALSE", "keyUsage": "critical,digitalSignature"})
    result = node.cli("set", "cert", "import", "own", "tomcat", "--yes", "--force", "--json", input=fake.sign(csr) + fake.pem + root.pem, check=False)
    assert result.status == 1 and result.json["code"] in ("not-ca", "leaf-as-ca", "usage") and "Fake Sub" in result.json["detail"], f"{result}"
    without = make_ca("Fake Sub", issuer=root, extensions={"basicConstraints": None, "keyUsage": "critical,keyCertSign"})
    result = node.cli("set", "cert", "import", "own", "tomcat", "--yes", "--force", "--json", input=without.sign(csr) + without.pem + root.pem, check=False)
    assert result.status == 1 and result.json["code"] in ("not-ca", "leaf-as-ca") and "Fake Sub" in result.json["detail"], f"{result}"


def test_times_of_leaf_and_issuer(node, make_ca):
    """C66, C69: expired and not yet valid are refused with now, notBefore, notAfter and whose clock it is; D: 2038, 2050 and 9999 are dates like others (C59, C61)."""
    csr = node.csr("tomcat")
    root = make_ca("Time Root", start="20000101000000Z", end="99991231235959Z")
    for start, end, code in (("20100101000000Z", "20110101000000Z", "expired"), ("20900101000000Z", "20910101000000Z", "not-yet-valid")):
        problem = node.refused("set", "cert", "import", "own", "tomcat", "--yes", "--force", code=code, input=root.sign(csr, start=start, end=end) + root.pem)
        for shown in (f"{start[:4]}-{start[4:6]}-{start[6:8]}T00:00:00Z", f"{end[:4]}-{end[4:6]}-{end[6:8]}T00:00:00Z", "this node's clock"):
            assert shown in problem["detail"]
    expired = make_ca("Expired Root", start="20100101000000Z", end="20110101000000Z")
    problem = node.refused("set", "cert", "import", "own", "tomcat", "--yes", "--force", code="expired", input=expired.sign(csr) + expired.pem)
    assert "Expired Root" in problem["detail"]
    for end in ("20390101000000Z", "20500101000000Z", "20990101000000Z", "99991231235959Z"):
        plan = plan_of(node, "tomcat", root.sign(csr, end=end) + root.pem)
        assert plan["worst"] == "note", end
    upload(node, "tomcat", root.sign(csr, end="99991231235959Z") + root.pem)
    shown = node.own("tomcat")
    assert shown["not_after"] == "9999-12-31T23:59:59Z" and shown["expires"] == "never" and shown["state"] == "valid"


@pytest.mark.parametrize("key, md", [("rsa:1024", "sha256"), ("rsa:4096", "sha384"), ("ec:P-521", "sha512"), ("rsa", "sha1")])
def test_other_signers(node, make_ca, key, md):
    """Issue: weak issuers are refused or warned of, with the size or the hash; EC CAs sign RSA keys and the reverse."""
    root = make_ca("Signer", key=key, md="sha256")
    pem = root.sign(node.csr("tomcat"), md=md)
    result = node.cli("set", "cert", "import", "own", "tomcat", "--yes", "--json", input=pem + root.pem, check=False)
    if md == "sha1":
        assert result.json["code"] == "weak-signature" and "SHA-1" in result.json["detail"] and result.status == 1
    elif key == "rsa:1024":
        # A root's key is the trust store's business: a warning, which --yes answers.
        assert result.status == 0 and "1024" in [f for f in result.json["findings"] if f["code"] == "key-too-small"][0]["message"]
    else:
        assert result.status == 0, f"{result}"
        assert node.own("tomcat")["chain_complete"] is True


def test_a_version_1_root_ends_a_chain_and_is_never_within_one(node, make_ca, tmp_path):
    """C75: accepted as an anchor with a warning; as an intermediate below a real root it is refused."""
    helper = make_ca("helper")
    key = make_key(tmp_path / "v1.key")
    request = openssl("req", "-new", "-key", key, "-subj", "/CN=V1 Root", "-config", "/dev/null").out
    v1 = tmp_path / "v1.pem"
    v1.write_text(openssl("x509", "-req", "-signkey", key, "-days", "1000", input=request).out)
    csr = node.csr("tomcat")
    extensions = tmp_path / "leaf.ext"
    extensions.write_text(f"subjectAltName = DNS:{FQDN}\nkeyUsage = critical,digitalSignature,keyEncipherment,dataEncipherment\nextendedKeyUsage = serverAuth,clientAuth\n"
                          "authorityKeyIdentifier = none\n")
    pem = openssl("x509", "-req", "-CA", v1, "-CAkey", key, "-days", "300", "-set_serial", "77", "-extfile", extensions, input=csr).out
    plan = plan_of(node, "tomcat", pem + v1.read_text())
    assert plan["worst"] == "warn" and "version-1" in codes(plan)
    below = openssl("x509", "-req", "-CA", helper.path, "-CAkey", helper.key, "-days", "300", "-set_serial", "78", input=request).out
    result = node.cli("set", "cert", "import", "own", "tomcat", "--yes", "--force", "--json", input=pem + below + helper.pem, check=False)
    assert result.status == 1 and "V1 Root" in result.json["detail"], f"{result}"
    upload(node, "tomcat", pem + v1.read_text())
    assert node.own("tomcat")["chain_complete"] is True


def test_a_certificate_with_1000_names(node, sub_ca):
    """C55: taken with a note or warning that counts them; the handshake carries it; the list and the details stay readable."""
    csr = node.csr("tomcat")
    names = [f"DNS:{FQDN}", *(f"DNS:host-{i:04d}.{DOMAIN}" for i in range(999))]
    pem = sub_ca.sign(csr, sans=names)
    plan = plan_of(node, "tomcat", pem + "".join(sub_ca.chain()))
    assert "1000" in finding(plan, "san-many")["message"] and plan["worst"] == "warn"
    difference = finding(plan, "san-mismatch")["message"]
    assert f"host-0000.{DOMAIN}" in difference
    upload(node, "tomcat", pem + "".join(sub_ca.chain()))
    assert fingerprint(presented(s_client(node.port, *RSA))[0]) == fingerprint(pem)
    assert len(node.own("tomcat")["certificate"]["subject_alt_names"]) == 1000


# ---- authorities succeed each other


def test_the_succession_of_an_authority_in_two_steps(new_node, make_ca, tmp_path):
    """C85: both roots trusted, then the switch, then the old one goes: TLS is served at each moment, and only the deletion of the root in use is a danger."""
    node = new_node.copy()
    old, new = make_ca("Old-Root"), make_ca("New-Root")
    first = old.sign(node.csr("tomcat"))
    upload(node, "tomcat", first + old.pem)
    trusted(node, "tomcat", new.pem)
    assert {old.name, new.name} <= set(node.names("tomcat-trust"))
    assert "chain-breaks" in codes(node.json("set", "cert", "delete", "tomcat", old.name, "--dry-run"))
    assert "chain-breaks" not in codes(node.json("set", "cert", "delete", "tomcat", new.name, "--dry-run"))
    second = new.sign(node.csr("tomcat"))
    switch = upload(node, "tomcat", second)["number"]
    assert fingerprint(presented(s_client(node.port, *RSA, "-CAfile", new.path, "-verify_return_error"))[0]) == fingerprint(second)
    assert "chain-breaks" not in codes(node.json("set", "cert", "delete", "tomcat", old.name, "--dry-run"))
    removal = node.json("set", "cert", "delete", "tomcat", old.name, "--yes")["number"]
    assert old.name not in node.names("tomcat-trust")
    # And all the way back.
    node.cli("utils", "undo", str(removal), "--yes")
    node.cli("utils", "undo", str(switch), "--yes")
    assert fingerprint(presented(s_client(node.port, *RSA, "-CAfile", old.path, "-verify_return_error"))[0]) == fingerprint(first)


def test_a_twin_of_a_deleted_issuer_keeps_the_chain(node, make_ca, tmp_path):
    """X1, C82: of two certificates of one authority (renewed) one may go without danger, the chain is complete through the other."""
    root = make_ca("Renewed-Root", days=1000)
    renewed = root.reissued(tmp_path / "renewed", days=3000)
    pem = root.sign(node.csr("TVS"))
    upload(node, "TVS", pem + root.pem)
    trusted(node, "TVS", renewed.pem)
    plan = node.json("set", "cert", "delete", "TVS", root.name, "--dry-run")
    assert "twin-stays" in codes(plan) and "chain-breaks" not in codes(plan)
    node.cli("set", "cert", "delete", "TVS", root.name, "--yes")
    assert node.own("TVS")["chain_complete"] is True


def test_a_rollover_certificate_connects_the_new_key_with_the_old_root(node, make_ca):
    """C83: same subject, new key, signed by the old key: it is an intermediate, not a root; with the old root in the store the new generation is trusted."""
    old = make_ca("Roll CA")
    new = make_ca("Roll CA", issuer=old)
    trusted(node, "tomcat", old.pem)
    pem = new.sign(node.csr("tomcat"))
    node.refused("set", "cert", "import", "own", "tomcat", "--yes", code="issuer-missing", input=pem)
    upload(node, "tomcat", pem + new.pem)
    assert [link["fingerprint"] for link in node.own("tomcat")["chain"]] == [fingerprint(p) for p in (pem, new.pem, old.pem)]
    assert [fingerprint(p) for p in presented(s_client(node.port, *RSA))] == [fingerprint(pem), fingerprint(new.pem)]


def test_one_authority_for_several_purposes(node, sub_ca, root_ca):
    """U2, X1: each purpose's store gets the chain; deleting it from one store breaks only the purposes that this store vouches for."""
    chain = "".join(sub_ca.chain())
    for purpose in ("tomcat", "tomcat-ECDSA", "TVS"):
        upload(node, purpose, sub_ca.sign(node.csr(purpose)) + chain)
    assert {row["unit"] for row in node.trust(f"fingerprint is {fingerprint(root_ca.pem)}")} == {"tomcat-trust", "TVS-trust"}
    dangers = [f["message"] for f in node.json("set", "cert", "delete", "tomcat", root_ca.name, "--dry-run")["findings"] if f["code"] == "chain-breaks"]
    assert len(dangers) == 2 and not any("TVS" in message for message in dangers)
    shown = node.json("show", "cert", "trust", f"tomcat-trust/{root_ca.name}")
    assert {(other["unit"], other["name"]) for other in shown["also_in"]} == {("TVS-trust", root_ca.name)}
    node.cli("set", "cert", "delete", "TVS", root_ca.name, "--yes", "--force")
    assert node.json("show", "cert", "trust", f"TVS-trust/{sub_ca.name}")["chain_complete"] is False
    assert node.own("tomcat")["chain_complete"] is True


def test_the_next_certificate_of_the_same_authority(node, sub_ca, root_ca):
    """U2: renewal: new key, new certificate, the chain in the store already; the former one and its key come back by undo."""
    first = sub_ca.sign(node.csr("ipsec"))
    upload(node, "ipsec", first + "".join(sub_ca.chain()))
    csr = node.csr("ipsec")
    second = sub_ca.sign(csr)
    change = upload(node, "ipsec", second)
    assert [step["type"] for step in change["steps"]] == ["identity.set", "csr.remove"]
    assert node.own("ipsec")["key"]["id"] == key_id(load_csr(csr).public_key())
    node.cli("utils", "undo", str(change["number"]), "--yes")
    assert node.own("ipsec")["fingerprint"] == fingerprint(first) and node.own("ipsec")["key"]["id"] == key_id(load(first).public_key())
