"""`utils cert check` without a daemon; `utils cert trust` and `utils cert probe` against openssl's server on loopback (requirements T1, T3; cases B, C, D, E; issue "offline")."""
import json
import os
import re
import signal
import socket
import subprocess
import threading
from contextlib import contextmanager

import pytest
from cryptography import x509

from conftest import Makers
from harness import (CALL_SECONDS, PROGRAM, _die_with_parent, der, environment, fingerprint, key_id, load, load_csr, make_key, openssl, p7, p12, resigned, run, to_pem, validity,
                     validity_of)


def check(*words, status=0, input=None):
    """`ucpki utils cert check WORDS --json`, with no daemon anywhere; returns the report."""
    result = run(PROGRAM, "utils", "cert", "check", *words, "--json", input=input, check=False, env=environment(UCPKI_SOCKET="/nonexistent/socket"))
    assert result.status == status, f"{result}"
    return result.json


def check_text(*words, status=0, input=None):
    result = run(PROGRAM, "utils", "cert", "check", *words, input=input, check=False, env=environment(UCPKI_SOCKET="/nonexistent/socket"))
    assert result.status == status, f"{result}"
    return result


def codes(findings, *weights):
    return sorted(f["code"] for f in findings if not weights or f["weight"] in weights)


def labels(report, indices):
    return [report["objects"][i]["label"] for i in indices]


def finding(report, code):
    """The one finding of this code, of the whole or of an object."""
    every = [*report["findings"], *(f for o in report["objects"] for f in o["findings"])]
    found = [f for f in every if f["code"] == code]
    assert len(found) == 1, every
    return found[0]


@pytest.fixture
def files(tmp_path):
    """files(name=content, ...): writes them and returns their paths in order."""
    def write(**contents):
        paths = []
        for name, content in contents.items():
            path = tmp_path / name.replace("_", ".")
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
            paths.append(path)
        return paths

    return write


@pytest.fixture
def leaf(sub_ca):
    return sub_ca.leaf("peer.example.com")


# ---- what belongs together


@pytest.mark.quick
def test_a_sound_chain_in_three_files(files, root_ca, sub_ca, leaf):
    """Issue: offline, decodes, says which certificates belong to each other and in which order; a sound chain is exit status 0."""
    paths = files(root_pem=root_ca.pem, leaf_der=der(leaf[0]), sub_p7b=p7([sub_ca.pem], "DER"))
    report = check(*paths)
    assert [o["kind"] for o in report["objects"]] == ["certificate"] * 3
    assert [o["file"] for o in report["objects"]] == [str(path) for path in paths]
    chain, = report["chains"]
    assert labels(report, chain["certificates"]) == ["peer.example.com", "Example Issuing CA", "Example Root CA"]
    assert chain["complete"] is True and chain["valid"] is True and chain["missing_issuer"] is None
    assert report["worst"] == "note"
    for o, pem in zip(report["objects"], (root_ca.pem, leaf[0], sub_ca.pem)):
        assert o["fingerprint_sha256"] == fingerprint(pem) and o["certificate"]["pem"] == pem and o["key_id"] == key_id(load(pem).public_key())
    text = check_text(*paths).out
    assert "peer.example.com" in text and "Chain 1" in text
    assert openssl("x509", "-noout", "-text", input=leaf[0]).out in check_text(*paths, "--text").out


def test_a_bundle_out_of_order_is_told_in_one_sentence(files, root_ca, sub_ca, leaf):
    """C3: which certificate is out of place, the order found and the right one; a note, since an import orders by itself."""
    path, = files(bundle_pem=root_ca.pem + leaf[0] + sub_ca.pem)
    report = check(path)
    found = finding(report, "chain-order")
    assert found["weight"] == "note" and str(path) in found["message"]
    assert "certificate 1 ('Example Root CA')" in found["message"]
    assert "Example Root CA, peer.example.com, Example Issuing CA" in found["message"] and "peer.example.com, Example Issuing CA, Example Root CA" in found["message"]
    assert codes(check(*files(ordered_pem=leaf[0] + sub_ca.pem + root_ca.pem))["findings"]) == []


def test_unrelated_chains_are_told_apart(files, make_ca):
    """C6, C23: several chains in one file, with a missing issuer named by subject and key identifier."""
    one, other = make_ca("One Root"), make_ca("Other Root")
    other_sub = make_ca("Other Sub", issuer=other)
    path, = files(mixed_pem=one.leaf("a.example")[0] + other_sub.leaf("b.example")[0] + one.pem + other_sub.pem)
    report = check(path)
    chains = {tuple(labels(report, c["certificates"])): c for c in report["chains"]}
    assert set(chains) == {("a.example", "One Root"), ("b.example", "Other Sub")}
    assert chains[("a.example", "One Root")]["complete"] is True
    missing = chains[("b.example", "Other Sub")]["missing_issuer"]
    identifier = load(other.pem).extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest.hex()
    assert missing == {"subject": "CN=Other Root", "key_id": identifier}
    found = finding(report, "issuer-missing")
    assert found["weight"] == "warn" and "CN=Other Root" in found["message"] and identifier in found["message"]


def test_certificate_request_and_key_that_belong_together(files, sub_ca):
    """Issue: which CSR or key a certificate matches; every private key format (C34), also with passphrase (C35)."""
    csr, key = sub_ca.request("pair.example.com", key="rsa")
    pem = sub_ca.sign(csr)
    text = key.read_text()
    password, = files(password_txt="secret")
    forms = {
        "PKCS#8": text,
        "PKCS#1": openssl("rsa", "-traditional", input=text).out,
        "encrypted PKCS#8": openssl("pkcs8", "-topk8", "-passout", "pass:secret", input=text).out,
        "traditional encrypted": openssl("rsa", "-traditional", "-aes256", "-passout", "pass:secret", input=text).out,
        "PKCS#8 DER": openssl("pkey", "-outform", "DER", input=text).raw,
        "PKCS#1 DER": openssl("rsa", "-traditional", "-outform", "DER", input=text).raw,
        "Bag Attributes": "Bag Attributes\n    friendlyName: x\nKey Attributes: <No Attributes>\n" + text,  # C9
    }
    for name, form in forms.items():
        paths = files(c_pem=pem, r_csr=csr, k_key=form)
        words = ["--password-file", password] if "ncrypted" in name else []
        report = check(*paths, *words)
        assert [o["kind"] for o in report["objects"]] == ["certificate", "request", "key"], name
        assert report["pairs"] == [{"certificate": 0, "request": 1}, {"certificate": 0, "key": 2}, {"request": 1, "key": 2}], name
        assert {o["key_id"] for o in report["objects"]} == {key_id(load(pem).public_key())}
        shown = str(report)
        assert "PRIVATE KEY" not in shown and text.splitlines()[3] not in shown
        if words:
            assert finding(check(*paths, status=1), "password-needed")["weight"] == "refused"
            wrong, = files(wrong_txt="geheim")
            assert finding(check(*paths, "--password-file", wrong, status=1), "wrong-password")["weight"] == "refused"
    ec_csr, ec_key = sub_ca.request("ec.example.com")
    sec1 = openssl("ec", input=ec_key.read_text()).out
    assert "BEGIN EC PRIVATE KEY" in sec1
    report = check(*files(k_key=sec1, c_pem=sub_ca.sign(ec_csr)))
    assert report["pairs"] == [{"certificate": 1, "key": 0}]


def test_a_key_that_does_not_belong_is_told_with_both_ids(files, sub_ca, leaf):
    """C26, C30: both key identifiers are shown; a warning, since nothing is changed here."""
    csr, key = sub_ca.request("x.example.com")
    report = check(*files(c_pem=leaf[0], k_key=key.read_text()))
    found = finding(report, "key-unmatched")
    assert found["weight"] == "warn" and key_id(load(leaf[0]).public_key()) in found["message"] and key_id(load_csr(csr).public_key()) in found["message"]
    report = check(*files(c_pem=leaf[0], r_csr=csr))
    assert finding(report, "request-unmatched")["weight"] == "note" and report["pairs"] == []


def test_a_pkcs12_holds_a_pair_and_a_chain(files, sub_ca, root_ca, leaf):
    """C9, C37: PKCS#12 with its password; the pair and the chain in it are found."""
    path, password = files(store_p12=p12(*leaf, sub_ca.chain()), password_txt="secret")
    report = check(path, "--password-file", password)
    assert sorted(o["kind"] for o in report["objects"]) == ["certificate"] * 3 + ["key"]
    assert labels(report, report["chains"][0]["certificates"]) == ["peer.example.com", "Example Issuing CA", "Example Root CA"]
    assert len(report["pairs"]) == 1
    assert finding(check(path, status=1), "password-needed")


def test_the_same_certificate_twice_is_one(files, leaf, sub_ca, root_ca):
    """C7, C25: repetitions are noted and in no second chain."""
    report = check(*files(a_pem=leaf[0] + sub_ca.pem, b_pem=root_ca.pem + sub_ca.pem + leaf[0]))
    assert len(report["chains"]) == 1 and len(report["chains"][0]["certificates"]) == 3
    assert [codes(o["findings"]) for o in report["objects"]] == [[], [], [], ["repeated"], ["repeated"]]


def test_revocation_lists_are_read(files, sub_ca, root_ca, tmp_path):
    """Whatever CAs send along: a CRL is told with its issuer and times."""
    config = tmp_path / "crl.cnf"
    (tmp_path / "index.txt").touch()
    config.write_text(f"[ca]\ndefault_ca = d\n[d]\ndatabase = {tmp_path}/index.txt\ndefault_md = sha256\ndefault_crl_days = 30\n")
    crl = openssl("ca", "-gencrl", "-config", config, "-keyfile", sub_ca.key, "-cert", sub_ca.path).out
    report = check(*files(list_crl=crl, sub_pem=sub_ca.pem))
    listed = report["objects"][0]
    assert listed["kind"] == "crl" and listed["crl"]["issuer"] == "CN=Example Issuing CA" and listed["crl"]["revoked"] == 0
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", listed["crl"]["next_update"])


# ---- faults


def test_validity_at_any_time(files, root_ca, sub_ca, leaf):
    """C66, C67, C69: --at moves the clock; expired and not yet valid are warnings here, with all four times; instants are compared, to the second."""
    paths = files(chain_pem=leaf[0] + sub_ca.pem + root_ca.pem)
    cert = load(leaf[0])
    end = cert.not_valid_after.strftime("%Y-%m-%dT%H:%M:%SZ")
    start = cert.not_valid_before.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert "expired" not in codes(check(*paths, "--at", end)["objects"][0]["findings"])
    report = check(*paths, "--at", end[:-3] + f"{int(end[-3:-1]) + 1:02d}Z" if end[-3:-1] != "59" else "2030-01-01")
    late, = [f for f in report["objects"][0]["findings"] if f["code"] == "expired"]
    assert report["chains"][0]["complete"] is True and report["chains"][0]["valid"] is False
    assert late["weight"] == "warn" and start in late["message"] and end in late["message"] and "this computer's clock" in late["message"]
    report = check(*paths, "--at", "2001-01-01")
    early, = [f for f in report["objects"][0]["findings"] if f["code"] == "not-yet-valid"]
    assert early["weight"] == "warn" and "2001-01-01T00:00:00Z" in early["message"] and start in early["message"]
    result = check_text(*paths, "--at", "yesterday", status=2)
    assert "yesterday" in result.err


BAD_TIMES = {  # T3, C62, C63: each value is quoted
    "no seconds": ("utc", "2601010000Z"),
    "fraction": ("generalized", "20260101000000.5Z"),
    "offset": ("utc", "260101000000+0100"),
    "offset, generalized": ("generalized", "20260101000000+0100"),
    "no Z": ("utc", "260101000000"),
    "30 February": ("utc", "260230000000Z"),
    "second 60": ("utc", "260101000060Z"),
    "month 13": ("utc", "261301000000Z"),
    "text": ("utc", "forever"),
    "empty": ("utc", ""),
}


@pytest.mark.parametrize("form", BAD_TIMES)
@pytest.mark.parametrize("place", ["notBefore", "notAfter"])
def test_times_that_break_the_rules_are_quoted(files, make_ca, form, place):
    """T3: fraction, offset, no seconds, impossible dates, in either time: refused, with the offending value; C70: whatever the time zone."""
    ca = make_ca("Time CA")
    pem, key = ca.leaf("t.example.com")
    good = ("utc", "270101000000Z")
    times = (BAD_TIMES[form], good) if place == "notBefore" else (("utc", "200101000000Z"), BAD_TIMES[form])
    bad = resigned(pem, ca.key, (validity_of(pem), validity(*times)))
    for zone in ("UTC", "America/New_York"):
        result = run(PROGRAM, "utils", "cert", "check", "--json", "-", input=bad, check=False, env=environment(TZ=zone))
        assert result.status == 1, f"{result}"
        found = finding(result.json, "bad-time")
        assert found["weight"] == "refused" and place in found["message"] and f"\"{BAD_TIMES[form][1]}\"" in found["message"].replace("'", "\""), found["message"]


def test_generalized_time_before_2050_is_a_warning(files, make_ca):
    """Issue: GeneralizedTime before 2050 is only a warning, which quotes it."""
    ca = make_ca("Time CA")
    pem, _ = ca.leaf("t.example.com")
    odd = resigned(pem, ca.key, (validity_of(pem), validity(("generalized", "20200101000000Z"), ("generalized", "20490101000000Z"))))
    report = check(*files(odd_pem=odd + ca.pem))
    warnings = [f for f in report["objects"][0]["findings"] if f["code"] == "time-type"]
    assert {f["weight"] for f in warnings} == {"warn"} and any("20490101000000Z" in f["message"] for f in warnings)
    assert report["chains"][0]["valid"] is True


@pytest.mark.parametrize("end, shown", [("20380119031408Z", "2038-01-19T03:14:08Z"), ("20491231235959Z", "2049-12-31T23:59:59Z"), ("20500101000000Z", "2050-01-01T00:00:00Z"),
                                        ("21000301000000Z", "2100-03-01T00:00:00Z"), ("99991231235959Z", "9999-12-31T23:59:59Z")])
def test_late_years_are_years_like_others(files, make_ca, end, shown):
    """C58, C59, C61: 64-bit arithmetic; 9999 has no well-defined expiry and never alerts."""
    ca = make_ca("Late CA", end="99991231235959Z")
    report = check(*files(late_pem=ca.leaf("l.example.com", end=end)[0] + ca.pem))
    cert = report["objects"][0]["certificate"]
    assert cert["not_after"] == shown and cert["state"] == "valid"
    assert (cert["expires"] == "never") is (end[:4] == "9999")
    assert report["chains"][0]["valid"] is True and report["worst"] == "note"


FAULTS = {
    # name: (arguments of the leaf, code, weight, a word of the message)
    "wildcard": ({"sans": ["DNS:*.example.com"]}, "wildcard", "warn", "*.example.com"),  # C54
    "1000 names": ({"sans": [f"DNS:n{i}.example.com" for i in range(1001)]}, "san-many", "warn", "1001"),  # C55
    "150 names": ({"sans": [f"DNS:n{i}.example.com" for i in range(150)]}, "san-many", "note", "150"),
    "name with a blank": ({"sans": ["DNS:bad name.example"]}, "san-bad-name", "warn", "bad name.example"),
    "empty subject": ({"subject": [], "sans": ["DNS:x.example.com"]}, "no-subject", "warn", "critical"),  # C57
    "unknown critical": ({"extensions": {"1.2.3.4.5": "critical,ASN1:UTF8String:x"}}, "unknown-critical", "warn", "1.2.3.4.5"),
    "keyCertSign without CA": ({"ku": ["keyCertSign"], "extensions": {"basicConstraints": "CA:FALSE"}}, "ca-key-usage", "warn", "keyCertSign"),
    "path length without CA": ({"extensions": {"basicConstraints": "CA:FALSE,pathlen:1"}}, "pathlen-without-ca", "warn", "1"),
    "SHA-1": ({"md": "sha1"}, "weak-signature", "warn", "SHA-1"),
    "MD5": ({"md": "md5"}, "weak-signature", "warn", "MD5"),
    "1024 bits": ({"key": "rsa:1024"}, "key-too-small", "warn", "1024"),
    "P-192": ({"key": "ec:P-192"}, "key-too-small", "warn", "192"),
    "Ed25519": ({"key": "ed25519"}, "key-unsupported", "note", "Ed25519"),  # C39
    "RSASSA-PSS": ({"key": "rsa-pss"}, "key-unsupported", "note", "PSS"),  # C38
    "without key identifier of the issuer": ({"extensions": {"authorityKeyIdentifier": None}}, "aki-missing", "note", "authorityKeyIdentifier"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_is_found(files, make_ca, name):
    """T3, RFC 5280, cases B to E: exact code, weight, and the value in the message; a hint says what to do."""
    arguments, code, weight, shown = FAULTS[name]
    arguments = dict(arguments)
    subject = arguments.pop("subject", "peer.example.com")
    ca = make_ca("Fault CA", key="rsa")
    if name == "empty subject":
        request, _ = ca.request("x")
        pem = resigned_empty(ca, request)
    else:
        pem, _ = ca.leaf(subject, **arguments)
    report = check(*files(fault_pem=pem + ca.pem), status=1 if weight == "refused" or name in ("unknown critical",) else 0)
    found, = [f for f in report["objects"][0]["findings"] if f["code"] == code]
    assert found["weight"] == weight and shown in found["message"] and found["hint"], found


def resigned_empty(ca, request):
    """A leaf without a subject; openssl ca refuses to make one, openssl x509 does not."""
    extensions = ca.folder / "empty.ext"
    extensions.write_text("subjectAltName = DNS:x.example.com\nauthorityKeyIdentifier = keyid\nsubjectKeyIdentifier = hash\n")
    empty = openssl("req", "-new", "-key", make_key(ca.folder / "empty.key"), "-subj", "/", "-config", "/dev/null").out
    return openssl("x509", "-req", "-CA", ca.path, "-CAkey", ca.key, "-days", "100", "-set_serial", "7", "-extfile", extensions, input=empty).out


@pytest.mark.parametrize("serial, code, shown", [("0", "serial-zero", "zero"), ("-5", "serial-negative", "-05"), ("0x" + "7f" * 21, "serial-long", "21")])
def test_serials_that_break_the_rules(files, make_ca, serial, code, shown):
    """C71: zero, negative (signed hexadecimal) and over-long serials are shown and warned of."""
    ca = make_ca("Serial CA")
    request, _ = ca.request("s.example.com")
    pem = openssl("x509", "-req", "-CA", ca.path, "-CAkey", ca.key, "-days", "100", "-set_serial", serial, input=request).out
    found = finding(check(*files(serial_pem=pem)), code)
    assert found["weight"] == "warn" and shown in found["message"].replace(":", "")


def test_a_version_1_root_is_an_anchor_and_never_an_intermediate(files, make_ca, tmp_path):
    """C75: trusted on purpose it ends a path, with a warning; below another root it is refused."""
    key = make_key(tmp_path / "v1.key")
    request = openssl("req", "-new", "-key", key, "-subj", "/CN=V1 Root", "-config", "/dev/null").out
    v1 = openssl("x509", "-req", "-signkey", key, "-days", "100", input=request).out
    assert load(v1).version is x509.Version.v1
    authority = make_ca("unused")
    (tmp_path / "v1.pem").write_text(v1)
    leaf_request, _ = authority.request("under.example.com")
    (tmp_path / "e.ext").write_text("subjectAltName = DNS:under.example.com\nkeyUsage = digitalSignature\n")
    leaf = openssl("x509", "-req", "-CA", tmp_path / "v1.pem", "-CAkey", key, "-days", "90", "-set_serial", "9", "-extfile", tmp_path / "e.ext", input=leaf_request).out
    report = check(*files(v1_pem=leaf + v1))
    assert report["chains"][0]["valid"] is True and "version-1" in codes(report["objects"][1]["findings"], "warn")
    # The same as an intermediate: signed by a real root, without extensions.
    root = make_ca("Real Root")
    under = openssl("x509", "-req", "-CA", root.path, "-CAkey", root.key, "-days", "100", "-set_serial", "8", input=request).out
    report = check(*files(v1sub_pem=leaf + under + root.pem), status=1)
    assert report["chains"][0]["valid"] is False
    assert any("V1 Root" in f["message"] for f in report["findings"] if f["weight"] == "refused"), report["findings"]


def test_a_rollover_certificate_is_not_self_signed(files, make_ca, tmp_path):
    """C83: same subject and issuer, the new key signed by the old one: self-issued, but its chain goes on to the old root."""
    old = make_ca("Rollover CA")
    new = make_ca("Rollover CA", issuer=old)
    report = check(*files(roll_pem=new.pem + old.pem))
    cert = report["objects"][0]["certificate"]
    assert cert["subject"] == cert["issuer"] and cert["self_signed"] is False
    chain, = report["chains"]
    assert chain["certificates"] == [0, 1] and chain["valid"] is True


def test_names_of_every_kind_are_shown(files, make_ca):
    """C53: kinds of names that mean nothing here (registeredID, otherName, directoryName) are carried and shown."""
    ca = make_ca("Names CA")
    pem, _ = ca.leaf("n.example.com", sans=["DNS:n.example.com", "IP:192.0.2.1", "IP:2001:db8::1", "email:a@example.com", "URI:sip:n@example.com", "RID:1.2.3.4"])
    report = check(*files(names_pem=pem))
    assert report["objects"][0]["certificate"]["subject_alt_names"] == ["DNS:n.example.com", "IP:192.0.2.1", "IP:2001:db8::1", "email:a@example.com", "URI:sip:n@example.com",
                                                                        "RID:1.2.3.4"]


def test_a_broken_signature_in_a_chain(files, make_ca):
    """C77: a leaf that its issuer did not sign is refused with the exact code, though all names fit."""
    ca, other = make_ca("Sign CA"), make_ca("Sign CA")
    pem, _ = ca.leaf("s.example.com", extensions={"authorityKeyIdentifier": None})
    broken = resigned(pem, other.key)
    report = check(*files(broken_pem=broken + ca.pem))
    # Its issuer is another key of that name, which is not here.
    assert [c["complete"] for c in report["chains"] if 0 in c["certificates"]] == [False]
    assert finding(report, "issuer-missing")["weight"] == "warn"


def test_a_request_with_a_wrong_signature(files, make_ca):
    """C45: the proof of possession is checked."""
    ca = make_ca("unused")
    request, _ = ca.request("p.example.com")
    data = bytearray(der(request))
    data[-3] ^= 0x55
    report = check(*files(bad_csr=to_pem(bytes(data), "CERTIFICATE REQUEST")), status=1)
    assert report["worst"] == "refused" and codes(report["objects"][0]["findings"], "refused"), report


@pytest.mark.parametrize("content, code, shown", [
    (b"", "empty-file", "0 bytes"),
    (b"<!DOCTYPE html><html><body>Please log in</body></html>", "html-page", "HTML"),
    (b"just some text\n", "no-certificate-found", "15 bytes of text"),
    (bytes(range(1, 200)), "no-certificate-found", "199 bytes"),
    (b"PK\x03\x04" + b"\0" * 60, "no-certificate-found", "ZIP"),
    (b"-----BEGIN CERTIFICATE-----\nMIIB", "truncated", "line 1"),
    (b"-----BEGIN CERTIFICATE-----\nMI*B\n-----END CERTIFICATE-----\n", "bad-base64", "line 2"),
    (b"-----BEGIN PGP PUBLIC KEY BLOCK-----\nmQ==\n-----END PGP PUBLIC KEY BLOCK-----\n", "no-certificate-found", "PGP"),
    (b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ x@y\n", "no-certificate-found", "SSH"),
])
def test_what_is_no_certificate_is_named(files, content, code, shown):
    """C11, C47, C90, issue "Bad input": what the file looks like instead, where it is broken, and what to do."""
    path, = files(thing_bin=content)
    report = check(path, status=1)
    found, = [f for f in report["findings"] if f["code"] == code]
    assert found["weight"] == "refused" and str(path) in found["message"] and shown in found["message"] and found["hint"], found


def test_one_bad_file_does_not_hide_the_others(files, leaf, sub_ca, root_ca):
    """The good files are reported along with the bad one; the exit status says that something is refused."""
    paths = files(good_pem=leaf[0] + sub_ca.pem + root_ca.pem, bad_pem="nothing here")
    report = check(*paths, status=1)
    assert len(report["objects"]) == 3 and report["chains"][0]["valid"] is True and codes(report["findings"]) == ["no-certificate-found"]
    missing = check_text(paths[0], paths[0].parent / "none.pem", status=1)
    assert "none.pem" in missing.err
    folder = check_text(paths[0].parent, status=1)
    assert str(paths[0].parent) in folder.err


def test_a_damaged_block_among_good_ones_is_told_with_its_line(files, leaf, sub_ca):
    """C11, C14: line number and reason; the good blocks are read."""
    text = leaf[0] + sub_ca.pem.replace("\n", "\n!!!!", 2)
    report = check(*files(half_pem=text))
    assert [o["label"] for o in report["objects"]] == ["peer.example.com"]
    found = finding(report, "damaged-block")
    line = leaf[0].count("\n") + 1
    assert found["weight"] == "warn" and re.search(rf"line {line}\b|line {line + 1}\b", found["message"]), found["message"]


def test_standard_input_and_many_files(files, leaf, sub_ca, root_ca):
    """FILE... takes several; "-" is standard input."""
    report = check("-", *files(sub_pem=sub_ca.pem, root_pem=root_ca.pem), input=leaf[0])
    assert report["objects"][0]["file"] == "standard input" and report["chains"][0]["valid"] is True
    assert check_text(status=2).err
    assert "FILE" in check_text(status=2).err


# ---- peers


@contextmanager
def server(*options):
    """openssl's TLS server on a free port of loopback; gives the port."""
    process = subprocess.Popen(["timeout", "-k", "5", "300", "setpriv", "--pdeathsig", "KILL", "openssl", "s_server", "-accept", "127.0.0.1:0", *map(str, options)],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True, preexec_fn=_die_with_parent)
    watchdog = threading.Timer(CALL_SECONDS, lambda: os.killpg(process.pid, signal.SIGKILL))
    watchdog.start()
    try:
        for line in process.stdout:
            match = re.match(rb"ACCEPT .*:(\d+)", line)
            if match:
                break
        else:
            raise AssertionError("openssl s_server did not start")
        drain = threading.Thread(target=process.stdout.read, daemon=True)
        drain.start()
        yield int(match[1])
    finally:
        watchdog.cancel()
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait(60)


@pytest.fixture(scope="module")
def peer_node(template):
    makers = Makers(template)
    yield makers.copy()
    makers.end()


def test_a_peer_is_trusted_when_its_root_is_in_the_store(node, root_ca, sub_ca, files, tmp_path):
    """T1: would this peer be trusted by this store, and if not, exactly which certificate has to be uploaded to which store; then it is; exit status 0 and 1."""
    pem, key = sub_ca.leaf("peer.example.com")
    leaf_path, chain_path = files(leaf_pem=pem, chain_pem=sub_ca.pem)
    identifier = load(root_ca.pem).extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest.hex()
    with server("-cert", leaf_path, "-key", key, "-cert_chain", chain_path) as port:
        peer = f"127.0.0.1:{port}"
        result = node.cli("utils", "cert", "trust", "--store", "tomcat", peer, "--json", check=False)
        assert result.status == 1, f"{result}"
        answer = result.json
        assert answer["trusted"] is False and answer["store"] == "tomcat-trust"
        assert answer["missing"] == {"subject": "CN=Example Root CA", "key_id": identifier, "store": "tomcat-trust"}
        assert [link["fingerprint"] for link in answer["chain"]] == [fingerprint(pem), fingerprint(sub_ca.pem)]
        text = node.cli("utils", "cert", "trust", "--store", "tomcat", peer, check=False)
        assert text.status == 1 and "NOT trusted by tomcat-trust" in text.out and "CN=Example Root CA" in text.out and identifier in text.out
        node.cli("set", "cert", "import", "trust", "CallManager", input=root_ca.pem)
        assert node.cli("utils", "cert", "trust", "--store", "tomcat", peer, check=False).status == 1, "another store does not count"
        node.cli("set", "cert", "import", "trust", "tomcat", input=root_ca.pem)
        answer = node.json("utils", "cert", "trust", "--store", "tomcat", peer)
        assert answer["trusted"] is True and answer["missing"] is None and answer["chain"][-1]["in_store"] == "tomcat-trust"
        assert node.api("POST", "/trust-check/tomcat-trust", query=[("peer", peer)]).expect(200).json == answer
    # The same question about a file, in any order of its certificates.
    for content in (pem + sub_ca.pem, sub_ca.pem + pem, root_ca.pem + sub_ca.pem + pem):
        path, = files(bundle_pem=content)
        assert node.json("utils", "cert", "trust", "--store", "tomcat", path)["trusted"] is True
    # Without its intermediate the leaf cannot be connected to the root.
    alone = node.cli("utils", "cert", "trust", "--store", "tomcat", leaf_path, "--json", check=False)
    assert alone.status == 1 and alone.json["missing"]["subject"] == "CN=Example Issuing CA"
    node.cli("set", "cert", "import", "trust", "tomcat", input=sub_ca.pem)
    assert node.json("utils", "cert", "trust", "--store", "tomcat", leaf_path)["trusted"] is True


def test_a_self_signed_peer_must_be_in_the_store_itself(node, make_ca, files):
    """T1: a root that a peer sends along vouches for nothing; the very certificate in the store does, also for a peer that a CA signed (pinning, C89)."""
    root = make_ca("Peer Root")
    pem, key = root.leaf("pinned.example.com")
    path, anchor = files(leaf_pem=pem, root_pem=root.pem)
    with server("-cert", path, "-key", key, "-cert_chain", anchor) as port:
        peer = f"127.0.0.1:{port}"
        result = node.cli("utils", "cert", "trust", "--store", "tomcat", peer, "--json", check=False)
        assert result.status == 1 and result.json["missing"]["subject"] == "CN=Peer Root"
        node.cli("set", "cert", "import", "trust", "tomcat", "--yes", input=pem)
        assert node.json("utils", "cert", "trust", "--store", "tomcat", peer)["trusted"] is True
    other, _ = root.leaf("pinned.example.com")  # the same subject and issuer, another key
    path, = files(other_pem=other)
    assert node.cli("utils", "cert", "trust", "--store", "tomcat", path, "--json", check=False).status == 1


def test_an_expired_root_and_a_wrong_one_of_the_same_name_are_told(node, make_ca, files):
    """T1, C86: with only another key of the issuer's name in the store the answer names the key identifier that is wanted."""
    right, wrong = make_ca("Same CA"), make_ca("Same CA")
    path, = files(leaf_pem=right.leaf("p.example.com")[0])
    node.cli("set", "cert", "import", "trust", "tomcat", "--yes", input=wrong.pem)
    result = node.cli("utils", "cert", "trust", "--store", "tomcat", path, "--json", check=False)
    identifier = load(right.pem).extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest.hex()
    assert result.status == 1 and result.json["missing"]["key_id"] == identifier
    expired = make_ca("Old CA", start="20100101000000Z", end="20110101000000Z")
    node.cli("set", "cert", "import", "trust", "tomcat", "--yes", input=expired.pem)
    path, = files(leaf_pem=expired.leaf("q.example.com")[0])
    result = node.cli("utils", "cert", "trust", "--store", "tomcat", path, "--json", check=False)
    assert result.status == 1 and result.json["code"] == "expired" and "Old CA" in result.json["reason"]


def test_what_a_peer_presents(peer_node, sub_ca, root_ca, files):
    """U4 for any host: certificates as sent, protocol, cipher, key; by ucpki and curl."""
    pem, key = sub_ca.leaf("probe.example.com", key="rsa")
    path, chain = files(leaf_pem=pem, chain_pem=sub_ca.pem + root_ca.pem)
    for version, shown in (("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")):
        with server("-cert", path, "-key", key, "-cert_chain", chain, version) as port:
            peer = f"127.0.0.1:{port}"
            answer = peer_node.json("utils", "cert", "probe", peer)
            assert answer["protocol_version"] == shown and answer["peer"] == peer and answer["key_type"] == "RSA 2048" and answer["cipher"]
            assert answer["fingerprint"] == fingerprint(pem)
            assert [c["fingerprint_sha256"] for c in answer["certificates"]] == [fingerprint(p) for p in (pem, sub_ca.pem, root_ca.pem)]
            assert peer_node.api("GET", "/probe", query=[("peer", peer)]).expect(200).json["fingerprint"] == fingerprint(pem)
            text = peer_node.cli("utils", "cert", "probe", peer).out
            assert shown in text and "CN=probe.example.com" in text


def test_the_name_that_is_asked_for(peer_node, sub_ca, files):
    """--name is the server name of the handshake: the server's second certificate answers, for probe and for trust."""
    one, key_one = sub_ca.leaf("one.example.com")
    two, key_two = sub_ca.leaf("two.example.com")
    first, second = files(one_pem=one, two_pem=two)
    with server("-cert", first, "-key", key_one, "-cert2", second, "-key2", key_two, "-servername", "two.example.com") as port:
        peer = f"127.0.0.1:{port}"
        assert peer_node.json("utils", "cert", "probe", peer)["fingerprint"] == fingerprint(one)
        assert peer_node.json("utils", "cert", "probe", peer, "--name", "two.example.com")["fingerprint"] == fingerprint(two)
        for query, pem in (([], one), ([("name", "two.example.com")], two)):
            answer = peer_node.api("POST", "/trust-check/tomcat-trust", query=[("peer", peer), *query]).expect(200)
            assert answer.json["chain"][0]["fingerprint"] == fingerprint(pem)


def test_a_server_that_wants_a_client_certificate_shows_its_own(peer_node, sub_ca, files):
    """U4: mutual TLS does not keep the server's certificate from being seen."""
    pem, key = sub_ca.leaf("mtls.example.com")
    path, ca = files(leaf_pem=pem, ca_pem=sub_ca.pem)
    for version in ("-tls1_2", "-tls1_3"):
        with server("-cert", path, "-key", key, "-Verify", "1", "-verify_return_error", "-CAfile", ca, version) as port:
            assert peer_node.json("utils", "cert", "probe", f"127.0.0.1:{port}")["fingerprint"] == fingerprint(pem)


def test_a_peer_that_presents_faulty_times_is_refused_with_the_value(node, make_ca, files):
    """T3: whether a peer presents it or someone loads it in a trust store: refused with an error that quotes the value."""
    ca = make_ca("Time CA")
    node.cli("set", "cert", "import", "trust", "tomcat", input=ca.pem)
    pem, key = ca.leaf("t.example.com")
    bad = resigned(pem, ca.key, (validity_of(pem), validity(("utc", "200101000000Z"), ("utc", "4001010000+0100"))))
    path, = files(bad_pem=bad)
    with server("-cert", path, "-key", key) as port:
        result = node.cli("utils", "cert", "trust", "--store", "tomcat", f"127.0.0.1:{port}", "--json", check=False)
        assert result.status == 1 and result.json["trusted"] is False, f"{result}"
        assert "4001010000+0100" in str(result.json["findings"]) + result.json["reason"]
    problem = node.refused("set", "cert", "import", "trust", "tomcat", "--yes", "--force", code="bad-time", input=bad)
    assert "4001010000+0100" in problem["detail"]


@pytest.mark.parametrize("words, code, shown", [
    (["probe", "example"], "bad-peer", "example"),
    (["probe", "host:0"], "bad-peer", "host:0"),
    (["probe", "host:65536"], "bad-peer", "host:65536"),
    (["probe", "2001:db8::1:443"], "bad-peer", "2001:db8::1:443"),
    (["probe", "no-such-host.invalid:443"], "peer-unknown", "no-such-host.invalid"),
    (["trust", "--store", "nothing", "127.0.0.1:1"], "no-store", "nothing"),
])
def test_peers_that_cannot_be_asked(peer_node, words, code, shown):
    """U4: exact codes with the value."""
    problem = peer_node.refused("utils", "cert", *words, code=code)
    assert shown in problem["detail"]


def test_peers_that_refuse_or_speak_no_tls(peer_node):
    """U4: a closed port and a port that speaks something else are told apart."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        answerer = threading.Thread(target=answer_plainly, args=(listener,), daemon=True)
        answerer.start()
        problem = peer_node.refused("utils", "cert", "probe", f"127.0.0.1:{port}", code="peer-no-tls")
        assert str(port) in problem["detail"]
        answerer.join(60)
    problem = peer_node.refused("utils", "cert", "probe", f"127.0.0.1:{port}", code="peer-refused")
    assert str(port) in problem["detail"]


def answer_plainly(listener):
    listener.settimeout(60)
    connection, _ = listener.accept()
    with connection:
        connection.recv(4096)
        connection.sendall(b"220 mail.example.com ESMTP\r\n")


def test_trust_needs_a_store(peer_node):
    """Section 6: wrong usage is exit status 2 and names the option."""
    result = peer_node.cli("utils", "cert", "trust", "127.0.0.1:1", check=False)
    assert result.status == 2 and "--store" in result.err


def test_the_probe_of_a_silent_peer_does_not_hold_up_others(peer_node):
    """A peer that accepts and says nothing ends in a timeout of its own; meanwhile the node answers."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        asked = subprocess.Popen([PROGRAM, "utils", "cert", "probe", f"127.0.0.1:{silent.getsockname()[1]}", "--json"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                 stderr=subprocess.DEVNULL, env=environment(UCPKI_SOCKET=peer_node.socket), preexec_fn=_die_with_parent)
        try:
            silent.settimeout(60)
            connection, _ = silent.accept()
            assert peer_node.json("show", "status")["node"] == "cucm-pub"
            assert asked.poll() is None, "the probe has ended already"
            out, _ = asked.communicate(timeout=CALL_SECONDS)
            connection.close()
        finally:
            asked.kill()
            asked.wait()
    assert asked.returncode == 1 and json.loads(out)["code"] == "peer-timeout"
