"""utils cert check: files made by the openssl program, without a daemon. Requirements T3, T4; cases C1, C5, C10, C13, C26, C34, C35, C47, C67."""
import datetime
import json

import pytest
from cli_tool import Terminal, run
from harness import openssl

pytestmark = pytest.mark.quick
CONFIG = """[req]
distinguished_name = dn
prompt = no
[dn]
CN = unused
[ca]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[leaf]
basicConstraints = CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = DNS:uc.example.com
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
"""


def check(*words, **more):
    return run("utils", "cert", "check", *words, **more)


@pytest.fixture(scope="module", name="files")
def files_fixture(tmp_path_factory):
    """root, sub and leaf, each with its key, and the request of the leaf."""
    d = tmp_path_factory.mktemp("check")
    (d / "config").write_text(CONFIG)

    def make(name, subject, section, issuer=None):
        openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", d / f"{name}.key")
        openssl("req", "-new", "-key", d / f"{name}.key", "-subj", subject, "-config", d / "config", "-out", d / f"{name}.csr")
        sign = ["-signkey", d / f"{name}.key"] if issuer is None else ["-CA", d / f"{issuer}.pem", "-CAkey", d / f"{issuer}.key"]
        openssl("x509", "-req", "-in", d / f"{name}.csr", *sign, "-days", "300", "-extfile", d / "config", "-extensions", section, "-set_serial", "0x1234567890abcdef",
                "-out", d / f"{name}.pem")
    make("root", "/CN=Check Root", "ca")
    make("sub", "/CN=Check Sub", "ca", "root")
    make("leaf", "/CN=uc.example.com", "leaf", "sub")
    return d


def test_a_bundle_is_sorted_into_its_chain_with_key_and_request(files, tmp_path):
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(b"\xef\xbb\xbf" + b"Bag Attributes\n" + b"".join((files / f"{n}.pem").read_bytes() for n in ("root", "leaf", "sub")).replace(b"\n", b"\r\n"))
    done = check(bundle, files / "leaf.key", files / "leaf.csr")
    assert done.status == 0, done
    chain = done.out[done.out.index("Chain 1, leaf first (complete and valid):"):].splitlines()[1:4]
    assert chain == ["  2. uc.example.com", "  3. Check Sub", "  1. Check Root"]
    for pair in ("Key 4 belongs to certificate 2.", "Request 5 belongs to certificate 2.", "Key 4 belongs to request 5."):
        assert pair in done.out
    report = check("--json", bundle, files / "leaf.key", files / "leaf.csr").json
    assert [o["kind"] for o in report["objects"]] == ["certificate"] * 3 + ["key", "request"]
    assert [chain["certificates"] for chain in report["chains"]] == [[1, 2, 0]]
    alone = check(files / "leaf.pem").out
    assert "Chain 1, leaf first (INCOMPLETE):" in alone and "Missing: CN=Check Sub" in alone


def test_a_key_that_fits_nothing_has_no_pair(files):
    report = check("--json", files / "leaf.pem", files / "root.key").json
    assert report["pairs"] == []


def test_text_shows_the_decoded_certificate(files):
    done = check("--text", files / "leaf.pem")
    assert done.status == 0
    assert "Issuer: CN = Check Sub" in done.out and "DNS:uc.example.com" in done.out and (files / "leaf.pem").read_text() in done.out
    assert "Subject: CN = uc.example.com" in check("--text", files / "leaf.csr").out


def test_another_time_can_be_asked_about(files):
    later = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=301)).strftime("%Y-%m-%d")
    done = check("--at", later, "--json", files / "leaf.pem")
    codes = [f["code"] for f in done.json["objects"][0]["findings"]]
    assert "expired" in codes and done.json["objects"][0]["certificate"]["state"] == "expired"
    assert "expired" not in [f["code"] for f in check("--json", files / "leaf.pem").json["objects"][0]["findings"]]


@pytest.mark.parametrize("content, code", [
    (b"", "empty-file"),
    (b"<!DOCTYPE html><html><body>Log in</body></html>", "html-page"),
    (b"hello\n", "no-certificate-found"),
    (b"-----BEGIN CERTIFICATE-----\nMIIB\n", "truncated"),
])
def test_what_is_no_certificate_is_refused_by_name(tmp_path, content, code):
    file = tmp_path / "f"
    file.write_bytes(content)
    done = check("--json", file)
    assert done.status == 1 and done.json["worst"] == "refused" and done.json["findings"][0]["code"] == code
    text = check(file)
    assert text.status == 1 and "refused" in text.out and str(file) in text.out


def test_times_that_break_the_rule_are_quoted(files, tmp_path):
    der = openssl("x509", "-in", files / "leaf.pem", "-outform", "DER").raw
    at = der.index(b"\x17\x0d") + 2
    at = der.index(b"\x17\x0d", at) + 2
    (tmp_path / "bad.der").write_bytes(der[:at] + b"3101010000+01" + der[at + 13:])
    done = check("--json", tmp_path / "bad.der")
    finding = [f for f in done.json["objects"][0]["findings"] if f["code"] == "bad-time"]
    assert finding and "3101010000+01" in finding[0]["message"]
    assert done.status == 1


def test_standard_input_is_read(files):
    done = check("-", stdin=(files / "leaf.pem").read_bytes())
    assert done.status == 0 and done.out.startswith("1. standard input line 1: certificate uc.example.com")


@pytest.fixture(name="encrypted")
def encrypted_fixture(files, tmp_path):
    openssl("pkcs8", "-topk8", "-in", files / "leaf.key", "-out", tmp_path / "enc.key", "-passout", "pass:s3cret")
    return tmp_path / "enc.key"


def test_a_password_comes_from_a_file_and_its_lack_is_named(files, encrypted, tmp_path):
    done = check("--json", files / "leaf.pem", encrypted)
    assert done.status == 1 and "password-needed" in [f["code"] for f in done.json["findings"]]
    secret = tmp_path / "secret"
    secret.write_text("s3cret\n")
    done = check("--json", files / "leaf.pem", encrypted, "--password-file", secret)
    assert done.status == 0 and done.json["pairs"] == [{"certificate": 0, "key": 1}]
    secret.write_text("wrong\n")
    done = check("--json", files / "leaf.pem", encrypted, "--password-file", secret)
    assert done.status == 1 and "wrong-password" in [f["code"] for f in done.json["findings"]]


def test_a_password_is_asked_for_on_a_terminal(files, encrypted):
    with Terminal("utils", "cert", "check", files / "leaf.pem", encrypted) as term:
        term.expect("Password: ")
        term.send("wrong\n")
        term.expect("Password: ")
        term.send("s3cret\n")
        term.expect("Key 2 belongs to certificate 1.")
        assert term.close() == 0 and "s3cret" not in term.all


def test_no_byte_of_a_key_is_printed(files):
    text = check(files / "leaf.key", "--json").out + check(files / "leaf.key").out + check(files / "leaf.key", "--text").out
    body = "".join((files / "leaf.key").read_text().splitlines()[1:-1])
    assert body[:20] not in text and body[40:60] not in text and json.loads(check(files / "leaf.key", "--json").out)["objects"][0]["kind"] == "key"


def test_files_that_cannot_be_read_are_errors(tmp_path):
    done = check("--json", tmp_path / "none.pem")
    assert done.status == 1 and done.json["code"] == "no-such-file"
    (tmp_path / "big").write_bytes(b"x" * (20 * 1024 * 1024))
    done = check("--json", tmp_path / "big")
    assert done.status == 1 and done.json["code"] == "too-large"


def test_control_characters_of_a_name_are_not_printed(files, tmp_path):
    openssl("req", "-new", "-x509", "-key", files / "leaf.key", "-subj", "/CN=evil\x1b]0;x\x07", "-config", files / "config", "-days", "3", "-out", tmp_path / "e.pem")
    for words in ([], ["--text"], ["--json"]):
        done = check(tmp_path / "e.pem", *words)
        assert "evil" in done.out
        assert not [c for c in done.out if (ord(c) < 32 and c != "\n") or 0x7f <= ord(c) < 0xa0]
