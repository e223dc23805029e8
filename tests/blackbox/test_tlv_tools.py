"""utils tlv and utils file, without a daemon (requirements P1, P2, P5; issue "offline tools"): the samples of other tools are shown, verified, compared, made again byte for byte and taken apart; every signature
is verified by the openssl program, and what was encrypted is decrypted by python3-cryptography.
"""
import hashlib
import re
import stat
import struct

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from cli_tool import Terminal, run
from harness import ROOT, der, fingerprint, openssl
from tlv import CAPF, CCM, DIGESTS, SAST, TrustList, elements

pytestmark = pytest.mark.quick
SAMPLES = ROOT / "tests" / "data" / "phone"
LISTS = ("peer-itl.tlv", "peer-itl-v11-sha512.tlv", "peer-itl-min.tlv", "peer-ctl.tlv")
LIST_TIME, SIGN_TIME = "@1795562975", "@1795562999"
PEERS = ("--layout", "peers", "--time", LIST_TIME)
NOW = ("--at", "2026-11-25")
NAME = "SEP001122334455.cnf.xml"


def tlv(*words, **more):
    return run("utils", "tlv", *words, **more)


def tool(*words, **more):
    return run("utils", "file", *words, **more)


def done(result):
    assert result.status == 0, result
    return result


def refused(result, code, *says, status=1):
    """A failure with --json: the problem's code, and words of its sentence."""
    assert result.status == status and result.json["code"] == code, result
    for words in says:
        assert words in result.json["detail"] + " " + result.json.get("hint", ""), result
    return result


@pytest.fixture(scope="module", name="keys")
def keys_fixture(tmp_path_factory):
    """A folder with NAME.pem and NAME.key of each section of peer-certs.pem."""
    folder = tmp_path_factory.mktemp("keys")
    for section in (SAMPLES / "peer-certs.pem").read_text().split("\n## ")[1:]:
        name = section.split(" ", 1)[0]
        for ending, label in (("pem", "CERTIFICATE"), ("key", "(?:EC )?PRIVATE KEY")):
            block = re.search(rf"-----BEGIN {label}-----.*?-----END {label}-----\n", section, re.DOTALL)[0]
            (folder / f"{name}.{ending}").write_text(block)
    return folder


def self_signed(folder, name, *newkey):
    """NAME.pem and NAME.key of a new self-signed certificate."""
    openssl("req", "-x509", *newkey, "-nodes", "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.pem", "-subj", f"/CN={name}", "-days", "30")


class Signed:
    """A .sgn or .enc.sgn file taken apart."""

    def __init__(self, data):
        self.data = data
        self.version = (data[3], data[4])
        self.length, = struct.unpack_from(">H", data, 8)
        assert self.length % 4 == 0
        self.order = [tag for tag, _, _ in elements(data, 0, self.length, header=True)]
        self.header = {tag: (value, at) for tag, value, at in elements(data, 0, self.length, header=True)}
        self.content = data[self.length:]
        self.name = self.header[14][0].rstrip(b"\0").decode()
        self.time, = struct.unpack(">I", self.header[15][0])

    def verify(self, folder, certificate):
        """Has the openssl program verify the signature; True when it is right."""
        value, at = self.header[12]
        (folder / "signature").write_bytes(value)
        public = openssl("x509", "-in", certificate, "-pubkey", "-noout").raw
        (folder / "public").write_bytes(public)
        result = openssl("dgst", f"-{DIGESTS[self.header[8][0][0]]}", "-verify", folder / "public", "-signature", folder / "signature",
                         input=self.data[:at] + self.data[at + 3 + len(value):], check=False)
        return result.out == "Verified OK\n"

    def decrypt(self, key):
        """The configuration of an .enc.sgn, decrypted independently, when its digest is right."""
        info = {tag: value for tag, value, _ in elements(self.header[16][0], 0, len(self.header[16][0]))}
        iv = {tag: value for tag, value, _ in elements(info[17], 0, len(info[17]))}
        wrapped = {tag: value for tag, value, _ in elements(info[21], 0, len(info[21]))}
        private = serialization.load_pem_private_key(key.read_bytes(), None)
        secret = private.decrypt(wrapped[25], padding.PKCS1v15())
        plain = Cipher(algorithms.AES(secret), modes.CBC(iv[19])).decryptor().update(self.content)
        pad, = struct.unpack(">H", iv[20])
        assert 1 <= pad <= 16 and plain.endswith(b"\r" * pad) and struct.unpack(">H", wrapped[23]) == (8 * len(wrapped[25]),)
        assert hashlib.new(DIGESTS[self.header[26][0][0]], plain[:-pad]).digest() == self.header[27][0]
        return plain[:-pad]


# ---- making lists


SPECS = {
    "peer-itl.tlv": ("itl", "--signer-version", "1.0", "--sast", "sast,key", "--ccm-tftp", "ccm", "--capf", "capf", "--tvs", "tvs"),
    "peer-itl-v11-sha512.tlv": ("itl", "--signer-version", "1.1", "--digest", "sha512", "--sast", "sast,key", "--ccm", "ccm", "--tftp", "ccm", "--tftp", "tftp-ec", "--app-server", "app",
                                "--tvs", "tvs"),
    "peer-itl-min.tlv": ("itl", "--signer-version", "1.0", "--sast", "sast2,key"),
    "peer-ctl.tlv": ("ctl", "--signer-version", "1.0", "--sast", "sast,key", "--sast", "sast2", "--ccm-tftp", "ccm", "--capf", "capf", "--app-server", "app"),
}


def words_of(spec, keys):
    """Names of sections become their files: "sast,key" its certificate and key."""
    def file(word):
        name, _, key = word.partition(",")
        if not (keys / f"{name}.pem").exists() or word in ("ctl", "itl"):
            return word
        return f"{keys / name}.pem,{keys / name}.key" if key else f"{keys / name}.pem"
    before, *rest = spec
    return ["--type", before, *(word if word.startswith("--") else file(word) for word in rest)]


def build(keys, target, *spec):
    done(tlv("build", target, *words_of(spec, keys)))
    return TrustList(target.read_bytes())


@pytest.mark.parametrize("name", LISTS)
def test_the_lists_of_other_tools_are_made_again_byte_for_byte(keys, tmp_path, name):
    """P1, P2: the peers' layout; SHA-1 and SHA-512, RSA 1024 and 2048, an EC record."""
    made = build(keys, tmp_path / name, *SPECS[name], *PEERS)
    assert made.data == (SAMPLES / name).read_bytes()
    assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o644


@pytest.mark.parametrize("name", LISTS)
def test_signatures_of_samples_and_of_the_servers_layout_verify_with_openssl(keys, tmp_path, name):
    assert TrustList((SAMPLES / name).read_bytes()).verify(tmp_path)
    made = build(keys, tmp_path / name, *SPECS[name])
    assert made.verify(tmp_path)
    changed = bytearray(made.data)
    changed[-1] ^= 1
    assert not TrustList(bytes(changed)).verify(tmp_path)


def test_a_servers_list_has_names_and_addresses_in_the_order_that_was_typed(keys, tmp_path):
    """P1: the layout of a real server's CTL, with an empty record for a call manager without TLS."""
    made = build(keys, tmp_path / "CTLFile.tlv", "ctl", "--ccm", f"sub1@10.1.2.4={keys / 'ccm.pem'}", "--sast", f"pub@10.1.2.3={keys / 'sast.pem'},{keys / 'sast.key'}", "--ccm", "sub2@10.1.2.5=",
                 "--capf", f"pub={keys / 'capf.pem'}", "--time", LIST_TIME)
    assert [(record.role, record.dns) for record in made.records] == [(CCM, "sub1"), (SAST, "pub"), (CCM, "sub2"), (CAPF, "pub")]
    assert [record.fields[10] for record in made.records] == [bytes([10, 1, 2, 4]), bytes([10, 1, 2, 3]), bytes([10, 1, 2, 5]), bytes(4)]
    assert list(made.records[0].fields) == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] and list(made.records[2].fields) == [1, 2, 4, 10]
    assert made.records[0].fields[3] == b"CN=ucm1.example.test;OU=UC Lab;O=Example;C=NZ\0"
    assert list(made.header) == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 15] and made.file_name == "CTLFile.tlv" and made.digest == "sha1"
    assert made.header[15][0] == struct.pack(">I", int(LIST_TIME[1:]))
    assert made.verify(tmp_path) and made.signer().dns == "pub"


def test_the_first_sast_with_a_key_signs(keys, tmp_path):
    both = tmp_path / "both.pem"
    both.write_text((keys / "sast2.pem").read_text() + (keys / "sast2.key").read_text())
    made = build(keys, tmp_path / "a", "itl", "--sast", "sast", "--sast", str(both))
    assert made.signer().fingerprint == fingerprint((keys / "sast2.pem").read_text()) and made.verify(tmp_path)
    made = build(keys, tmp_path / "b", "itl", "--sast", "sast", "--key", str(keys / "sast.key"), "--sast", str(both))
    assert made.signer().fingerprint == fingerprint((keys / "sast.pem").read_text()) and made.verify(tmp_path)


def test_what_phones_cannot_use_is_not_made(keys, tmp_path):
    """Issue, bad input: 3072-bit and EC signers, three SAST records, a list of 64 KiB, each with the reason; no file is left."""
    target = tmp_path / "ITLFile.tlv"
    self_signed(tmp_path, "rsa3072", "-newkey", "rsa:3072")
    self_signed(tmp_path, "ec", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")
    self_signed(tmp_path, "odd", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:secp256k1")
    make = ("build", target, "--type", "itl", "--json")
    sast = ("--sast", f"{keys / 'sast.pem'},{keys / 'sast.key'}")
    refused(tlv(*make, "--sast", f"{tmp_path / 'rsa3072.pem'},{tmp_path / 'rsa3072.key'}"), "tlv-signer-key", "RSA 3072")
    refused(tlv(*make, "--sast", f"{tmp_path / 'ec.pem'},{tmp_path / 'ec.key'}"), "tlv-signer-key", "EC P-256")
    refused(tlv(*make, *sast, "--sast", keys / "sast2.pem", "--sast", keys / "ccm.pem"), "tlv-too-many-sast", "3 records")
    refused(tlv(*make, *sast, "--tvs", tmp_path / "odd.pem"), "tlv-key", "EC secp256k1")
    refused(tlv(*make, *sast, *[word for _ in range(60) for word in ("--app-server", keys / "app.pem")]), "tlv-large", "app1.example.test")
    assert not target.exists()


@pytest.mark.parametrize("words, code, says", [
    ((), "option-missing", "--type"),
    (("--type", "itl"), "option-missing", "--sast"),
    (("--type", "itl", "--sast", "sast.pem"), "option-missing", "--key"),
    (("--type", "itl", "--sast", "a@b=sast.pem"), "bad-option-value", "'b' is no IPv4 address"),
    (("--type", "itl", "--sast", "a@1.2.3.4="), "bad-option-value", "names no file"),
    (("--type", "itl", "--sast", "sast.pem", "--time", "soon"), "bad-time", "soon"),
    (("--type", "crl"), "bad-option-value", "ctl|itl"),
    (("--type", "itl", "--digest", "md5"), "bad-option-value", "sha1|sha512"),
])
def test_wrong_usage_of_build(keys, tmp_path, words, code, says):
    words = [re.sub(r"sast\.pem$", str(keys / "sast.pem"), word) for word in words]
    refused(tlv("build", tmp_path / "f", "--json", *words), code, says, status=2)


def test_keys_and_certificates_that_do_not_fit(keys, tmp_path):
    make = ("build", tmp_path / "f", "--type", "itl", "--json")
    refused(tlv(*make, "--sast", keys / "sast.pem", "--key", keys / "ccm.key"), "key-mismatch", "ccm.key", "ITLRECOVERY_ucm1")
    refused(tlv(*make, "--sast", keys / "sast.pem", "--key", keys / "ccm.pem"), "no-key", "ccm.pem")
    refused(tlv(*make, "--sast", keys / "sast.key"), "no-certificate", "sast.key")
    refused(tlv(*make, "--sast", SAMPLES / "peer-certs.pem"), "several-certificates", "9 certificates")
    refused(tlv(*make, "--sast", tmp_path / "none.pem"), "no-such-file", "none.pem")
    (tmp_path / "rubbish").write_bytes(b"rubbish")
    refused(tlv(*make, "--sast", tmp_path / "rubbish"), "no-certificate-found", f"{tmp_path / 'rubbish'}: ")


def test_keys_in_other_formats_and_behind_a_password(keys, tmp_path):
    """A key in DER; one with a password, from a file, asked for, wrong or missing. The password shows nowhere."""
    target = tmp_path / "ITLFile.tlv"
    openssl("pkcs8", "-topk8", "-nocrypt", "-in", keys / "sast.key", "-outform", "DER", "-out", tmp_path / "der.key")
    openssl("pkcs8", "-topk8", "-in", keys / "sast.key", "-out", tmp_path / "enc.key", "-passout", "pass:s3cret")
    make = ("build", target, *words_of(SPECS["peer-itl.tlv"], keys), *PEERS)
    make = [re.sub(",.*", "", str(word)) for word in make]
    wanted = (SAMPLES / "peer-itl.tlv").read_bytes()
    done(tlv(*make, "--key", tmp_path / "der.key"))
    assert target.read_bytes() == wanted
    target.unlink()
    refused(tlv(*make, "--key", tmp_path / "enc.key", "--json"), "password-needed", "enc.key")
    (tmp_path / "secret").write_text("wrong\n")
    refused(tlv(*make, "--key", tmp_path / "enc.key", "--json", "--password-file", tmp_path / "secret"), "wrong-password", "enc.key")
    assert not target.exists()
    (tmp_path / "secret").write_text("s3cret\n")
    done(tlv(*make, "--key", tmp_path / "enc.key", "--password-file", tmp_path / "secret"))
    assert target.read_bytes() == wanted
    target.unlink()
    with Terminal("utils", "tlv", *make, "--key", tmp_path / "enc.key") as term:
        term.expect(r"Password of \S+enc.key: ")
        term.send("wrong\n")
        term.expect(r"Password of \S+enc.key: ")
        term.send("s3cret\n")
        term.expect("Wrote ")
        assert term.close() == 0 and "s3cret" not in term.all
    assert target.read_bytes() == wanted


# ---- showing lists


def test_a_list_is_shown_as_administrators_know_it():
    """Checksums first, then header and records element by element, then the verdict (formats: checksums shown to administrators)."""
    sample = (SAMPLES / "peer-itl.tlv").read_bytes()
    shown = done(tlv("show", SAMPLES / "peer-itl.tlv", *NOW)).out
    for name in ("md5", "sha1", "sha256"):
        assert hashlib.new(name, sample).hexdigest() in shown
    for words in ("Length of ITL file: 6792", "HeaderLength:   432 (BYTES)", "ITL Record #:4", "This certificate signed the ITL file.", "The ITL file was verified successfully."):
        assert words in shown
    assert [re.search(r"FUNCTION +\d+ +(.*)", part)[1] for part in shown.split("ITL Record #:")[1:]] == ["System Administrator Security Token", "CCM+TFTP", "CAPF", "TVS"]
    assert "CTL Record #:5" in done(tlv("show", SAMPLES / "peer-ctl.tlv", *NOW)).out


@pytest.mark.parametrize("name", LISTS)
def test_a_list_in_json_is_what_an_independent_parser_reads(name):
    report = done(tlv("show", SAMPLES / name, "--json", *NOW)).json
    read = TrustList((SAMPLES / name).read_bytes())
    assert (report["file"], report["kind"], report["size"], report["sha256"]) == (str(SAMPLES / name), read.file_name[:3], len(read.data), read.version)
    assert report["signature"] == {"valid": True, "reason": None}
    assert [(r["role"]["code"], r["certificate"]["fingerprint"]) for r in report["records"]] == [(r.role, r.fingerprint) for r in read.records]
    assert [e["offset"] for e in report["header"]["elements"] if e["tag"] != 13] == [at for _, at in read.header.values()]


@pytest.mark.parametrize("name, certificate, version", [("peer.cnf.xml.sgn", "ccm", "1.0"), ("peer-sha512.cnf.xml.sgn", "ccm", "1.0"), ("peer-enc.cnf.xml.enc.sgn", "ccm", "2.0")])
def test_a_signed_file_shows_its_header(keys, tmp_path, name, certificate, version):
    """P5; and the signature of each sample is right by the openssl program."""
    read = Signed((SAMPLES / name).read_bytes())
    assert read.verify(tmp_path, keys / f"{certificate}.pem")
    report = done(tlv("show", SAMPLES / name, "--json")).json
    assert report["header"]["version"] == version and report["header"]["file_name"] == read.name and report["header"]["length"] == read.length
    assert report["content"] == {"offset": read.length, "size": len(read.content)} and report["kind"] == ("encrypted file" if "enc" in name else "signed file")
    assert "records" not in report and "signature" not in report
    text = done(tlv("show", SAMPLES / name)).out
    assert read.name in text and f"Content: {len(read.content)} bytes from offset {read.length}" in text
    assert ("CONTENTDIGEST" in text) == ("enc" in name)


def strange_list():
    """What no tool of ours writes and phones bear: a token's malformed name with an escape sequence, an empty record, an unknown role, an unknown element, no signature."""
    def el(tag, value):
        return struct.pack(">BH", tag, len(value)) + value

    def record(*parts):
        body = b"".join(el(tag, value) for tag, value in parts)
        return el(1, struct.pack(">H", len(body) + 5)) + body
    name = b'cn="SAST-ADN0054f509\x1b]0;x\x07      ";ou=IPCBU;o="Cisco Systems\0'
    signer = el(4, name) + el(5, b"\x83\x01") + el(6, name)
    info = el(8, b"\x01") + el(9, el(10, b"\0") + el(11, b"\x02"))
    rest = el(3, signer) + el(7, info) + el(14, b"CTLFile.tlv\0") + el(200, b"\x1b[2J") + el(15, struct.pack(">I", 1400000000))
    length = 10 + len(rest)
    rest += b"\r" * (-length % 4)
    head = el(1, b"\x01\x02") + el(2, struct.pack(">H", 10 + len(rest))) + rest
    return head + record((2, b"\0"), (4, b"\0\0"), (3, name)) + record((2, b"sub\0"), (4, b"\0\x02"), (10, bytes(4))) + record((2, b"x\0"), (4, b"\0\x63"))


def test_a_list_that_phones_bear_is_shown_and_no_control_character_of_it(tmp_path):
    path = tmp_path / "strange.tlv"
    path.write_bytes(strange_list())
    for words in ([], ["--json"]):
        result = done(tlv("show", path, *words))
        assert "SAST-ADN0054f509" in result.out and not [c for c in result.out if ord(c) < 32 and c not in "\n\t"]
    report = done(tlv("show", path, "--json")).json
    assert [r["role"] for r in report["records"]] == [{"code": 0, "name": "SAST"}, {"code": 2, "name": "CCM+TFTP"}, {"code": 99, "name": None}]
    assert report["signature"]["valid"] is False
    verified = tlv("verify", path)
    assert verified.status == 1 and "NOT verified: " in verified.out
    assert done(tlv("diff", path, path)).out == "They say the same.\n"


# ---- verifying


def verdict(*words, status=0):
    result = tlv("verify", *words, "--json", *NOW)
    assert result.status == status, result
    text = tlv("verify", *words, *NOW)
    assert text.status == status and ("Signature: valid" in text.out) == result.json["valid"]
    return result.json


@pytest.mark.parametrize("name", LISTS)
def test_every_sample_is_verified_and_no_changed_one(keys, tmp_path, name):
    """A list by the record of its signer; one changed bit anywhere in what is signed, or in the signature, breaks it."""
    data = (SAMPLES / name).read_bytes()
    read = TrustList(data)
    report = verdict(SAMPLES / name)
    assert report["valid"] and report["accepted"] is None and report["signer"]["fingerprint"] == read.signer().fingerprint
    (tmp_path / "der").write_bytes(der((keys / "ccm.pem").read_text()))
    wrong = verdict(SAMPLES / name, "--cert", tmp_path / "der", status=1)
    assert (wrong["valid"], wrong["code"]) == (False, "tlv-signature")
    for at in (read.header[12][1] + 100, read.header[15][1] + 4, len(data) - 40):
        changed = bytearray(data)
        changed[at] ^= 1
        (tmp_path / "changed.tlv").write_bytes(changed)
        assert verdict(tmp_path / "changed.tlv", status=1)["code"] == "tlv-signature"


def test_signed_files_need_a_certificate_from_elsewhere(keys):
    for name in ("peer.cnf.xml.sgn", "peer-sha512.cnf.xml.sgn", "peer-enc.cnf.xml.enc.sgn"):
        refused(tlv("verify", SAMPLES / name, "--json"), "option-missing", name, status=2)
        assert verdict(SAMPLES / name, "--cert", keys / "ccm.pem")["valid"]
        assert verdict(SAMPLES / name, "--cert", keys / "tvs.pem", status=1)["code"] == "tlv-signature"


@pytest.mark.parametrize("name, against, path", [
    ("peer-itl.tlv", ["peer-itl.tlv"], "list"),
    ("peer-itl.tlv", ["peer-ctl.tlv"], "list"),
    ("peer-ctl.tlv", ["peer-itl-v11-sha512.tlv"], "list"),
    ("peer-itl-min.tlv", ["peer-ctl.tlv"], "list"),
    ("peer-itl-min.tlv", ["peer-itl.tlv", "peer-ctl.tlv"], "list"),
    ("peer-itl-min.tlv", ["peer-itl.tlv"], "tvs"),
    ("peer-itl.tlv", ["peer-itl-min.tlv"], "refused"),
    ("peer-ctl.tlv", ["peer-itl-min.tlv"], "refused"),
    ("peer.cnf.xml.sgn", ["peer-itl.tlv"], "tftp"),
    ("peer-enc.cnf.xml.enc.sgn", ["peer-itl-min.tlv", "peer-ctl.tlv"], "tftp"),
    ("peer-sha512.cnf.xml.sgn", ["peer-itl-v11-sha512.tlv"], "tftp"),
    ("peer.cnf.xml.sgn", ["peer-itl-min.tlv"], "refused"),
])
def test_would_a_phone_that_holds_these_accept_it(name, against, path):
    """P1, P2, P5: in the order in which phones try: a SAST of the list that they hold, their TFTP server, TVS."""
    held = [word for each in against for word in ("--against", SAMPLES / each)]
    report = verdict(SAMPLES / name, *held, status=1 if path == "refused" else 0)
    assert report["accepted"]["path"] == path and sorted(report["against"]) == sorted(str(SAMPLES / each) for each in against)


def test_a_new_signer_strands_phones_unless_it_was_published_before(keys, tmp_path):
    """Signer and TVS changed at once: refused. With the new signer as second SAST first: accepted. A TFTP server may sign an ITL but no CTL."""
    self_signed(tmp_path, "new", "-newkey", "rsa:2048")
    new = f"{tmp_path / 'new.pem'},{tmp_path / 'new.key'}"
    build(keys, tmp_path / "old.tlv", "itl", "--sast", "sast,key", "--ccm-tftp", "ccm")
    build(keys, tmp_path / "step.tlv", "itl", "--sast", "sast,key", "--sast", str(tmp_path / "new.pem"), "--ccm-tftp", "ccm")
    build(keys, tmp_path / "last.tlv", "itl", "--sast", new, "--ccm-tftp", "ccm")

    def path(name, held, **more):
        return verdict(tmp_path / name, "--against", tmp_path / held, **more)["accepted"]["path"]
    assert path("last.tlv", "old.tlv", status=1) == "refused"
    assert path("step.tlv", "old.tlv") == "list" and path("last.tlv", "step.tlv") == "list"
    for kind, wanted, status in (("itl", "tftp", 0), ("ctl", "refused", 1)):
        build(keys, tmp_path / kind, kind, "--sast", "ccm,key")
        assert path(kind, "old.tlv", status=status) == wanted
    changed = bytearray((tmp_path / "step.tlv").read_bytes())
    changed[-1] ^= 1
    (tmp_path / "changed.tlv").write_bytes(changed)
    assert path("changed.tlv", "old.tlv", status=1) == "refused"


def test_a_file_by_an_unknown_signer_is_left_to_tvs(keys, tmp_path):
    done(tool("sign", SAMPLES / "peer.cnf.xml", "--cert", keys / "app.pem", "--key", keys / "app.key", "--out", tmp_path / "f.sgn"))
    report = verdict(tmp_path / "f.sgn", "--against", SAMPLES / "peer-itl.tlv", status=1)
    assert (report["code"], report["accepted"]["path"]) == ("signer-unknown", "refused")
    assert verdict(tmp_path / "f.sgn", "--cert", keys / "app.pem", "--against", SAMPLES / "peer-itl.tlv")["accepted"]["path"] == "tvs"
    assert verdict(tmp_path / "f.sgn", "--cert", keys / "app.pem", "--against", SAMPLES / "peer-itl-min.tlv", status=1)["accepted"]["path"] == "refused"


def test_what_a_phone_cannot_hold(tmp_path):
    refused(tlv("verify", SAMPLES / "peer-itl.tlv", "--json", "--against", SAMPLES / "peer.cnf.xml.sgn"), "no-held-list", "peer.cnf.xml.sgn", NAME)
    refused(tlv("verify", SAMPLES / "peer-itl.tlv", "--json", "--against", SAMPLES / "peer-itl.tlv", "--against", SAMPLES / "peer-itl-min.tlv"), "held-twice", "peer-itl-min.tlv")
    refused(tlv("verify", SAMPLES / "peer-itl.tlv", "--json", "--against", tmp_path / "none"), "no-such-file", "none")


# ---- comparing


def test_what_changed_from_one_list_to_another():
    """Records added, removed, in other roles; the signer; as diff(1): 0 the same, 1 different."""
    same = done(tlv("diff", SAMPLES / "peer-ctl.tlv", SAMPLES / "peer-ctl.tlv", "--json")).json
    assert same["same"] and not same["added"] and not same["removed"] and same["signer"] is None
    result = tlv("diff", SAMPLES / "peer-itl.tlv", SAMPLES / "peer-itl-v11-sha512.tlv", "--json")
    assert result.status == 1 and result.json["same"] is False
    assert [r["role"]["name"] for r in result.json["removed"]] == ["CAPF"]
    assert sorted(r["role"]["name"] for r in result.json["added"]) == ["APP-SERVER", "TFTP"]
    moved, = result.json["roles"]
    assert moved["certificate"]["common_name"] == "ucm1.example.test" and (sorted(moved["old"]), sorted(moved["new"])) == (["CCM+TFTP"], ["CCM", "TFTP"])
    text = tlv("diff", SAMPLES / "peer-itl.tlv", SAMPLES / "peer-itl-v11-sha512.tlv").out
    assert "- CAPF: CN=CAPF-0a1b2c3d" in text and "+ APP-SERVER: " in text and "CCM+TFTP -> CCM, TFTP" in text and "digest: SHA-1 -> SHA-512" in text
    other = tlv("diff", SAMPLES / "peer-itl.tlv", SAMPLES / "peer-itl-min.tlv")
    assert other.status == 1 and re.search("^Signer: .*ITLRECOVERY_ucm1.* -> .*SAST2", other.out)


def test_time_and_signature_make_no_difference_but_order_and_layout_do(keys, tmp_path):
    build(keys, tmp_path / "a", *SPECS["peer-itl.tlv"], *PEERS[:2], "--time", "2027-01-01")
    assert done(tlv("diff", SAMPLES / "peer-itl.tlv", tmp_path / "a")).out == "They say the same.\n"
    build(keys, tmp_path / "b", "itl", "--signer-version", "1.0", "--ccm-tftp", "ccm", "--sast", "sast,key", "--capf", "capf", "--tvs", "tvs", *PEERS)
    other = tlv("diff", SAMPLES / "peer-itl.tlv", tmp_path / "b")
    assert other.status == 1 and "written otherwise or in another order" in other.out


def test_trouble_of_a_comparison_is_no_difference(tmp_path):
    for pair in ((SAMPLES / "peer-itl.tlv", tmp_path / "none"), (SAMPLES / "peer.cnf.xml.sgn", SAMPLES / "peer-itl.tlv"), (SAMPLES / "peer-itl.tlv",)):
        assert tlv("diff", *pair).status == 2


# ---- signed and encrypted files


@pytest.mark.parametrize("name, digest", [("peer.cnf.xml.sgn", "sha1"), ("peer-sha512.cnf.xml.sgn", "sha512")])
def test_signed_files_of_other_tools_are_made_again_and_stripped(keys, tmp_path, name, digest):
    """P5."""
    words = ("sign", SAMPLES / "peer.cnf.xml", "--name", f"{NAME}.sgn", "--cert", keys / "ccm.pem", "--key", keys / "ccm.key", "--digest", digest, "--layout", "peers", "--time", SIGN_TIME)
    done(tool(*words, "--out", tmp_path / "f.sgn"))
    assert (tmp_path / "f.sgn").read_bytes() == (SAMPLES / name).read_bytes() == done(tool(*words)).raw
    assert done(tool("strip", SAMPLES / name)).raw == (SAMPLES / "peer.cnf.xml").read_bytes()
    done(tool("strip", SAMPLES / name, "--out", tmp_path / "f"))
    assert (tmp_path / "f").read_bytes() == (SAMPLES / "peer.cnf.xml").read_bytes() and stat.S_IMODE((tmp_path / "f").stat().st_mode) == 0o644


@pytest.mark.parametrize("size", [0, 1, 76800])
def test_any_file_can_be_signed_in_the_servers_layout(keys, tmp_path, size):
    content = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    (tmp_path / "ringlist.xml").write_bytes(content)
    done(tool("sign", tmp_path / "ringlist.xml", "--cert", keys / "ccm.pem", "--key", keys / "ccm.key", "--out", tmp_path / "f"))
    read = Signed((tmp_path / "f").read_bytes())
    assert read.verify(tmp_path, keys / "ccm.pem") and read.content == content and read.name == "ringlist.xml.sgn" and read.version == (1, 0)
    assert read.order == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 15] and b"CN=ucm1.example.test;OU=UC Lab;O=Example;C=NZ\0" == read.header[4][0]
    piped = done(tool("sign", "-", "--name", "New_Zealand/g3-tones.xml.sgn", "--cert", keys / "ccm.pem", "--key", keys / "ccm.key", stdin=content))
    assert Signed(piped.raw).name == "New_Zealand/g3-tones.xml.sgn"


def test_firmware_packages_are_stripped_whatever_else_their_header_holds(tmp_path):
    package = b"\x01\x00\x02\x01\x00" + b"\x02\x00\x02\x00\x40" + b"\xff" * 54 + b"\x1f\x8b payload"
    (tmp_path / "f.cop.sgn").write_bytes(package)
    assert done(tool("strip", tmp_path / "f.cop.sgn")).raw == b"\x1f\x8b payload"
    for length in (0, 9, len(package) + 1):
        (tmp_path / "f.cop.sgn").write_bytes(package[:8] + struct.pack(">H", length) + package[10:])
        result = tool("strip", tmp_path / "f.cop.sgn", "--json")
        assert result.status == 1 and f"{tmp_path / 'f.cop.sgn'}: " in result.json["detail"] and "offset" in result.json["detail"], result


def test_an_encrypted_configuration_is_decrypted_for_its_owner_only(keys, tmp_path):
    """P5: the sample; and the file that it becomes is nobody else's to read."""
    done(tool("decrypt", SAMPLES / "peer-enc.cnf.xml.enc.sgn", "--key", keys / "dev.key", "--out", tmp_path / "f"))
    clear = (SAMPLES / "peer.cnf.xml").read_bytes().replace(b"<encrConfig>false", b"<encrConfig>true")
    assert (tmp_path / "f").read_bytes() == clear and stat.S_IMODE((tmp_path / "f").stat().st_mode) == 0o600
    assert Signed((SAMPLES / "peer-enc.cnf.xml.enc.sgn").read_bytes()).decrypt(keys / "dev.key") == clear
    refused(tool("decrypt", SAMPLES / "peer-enc.cnf.xml.enc.sgn", "--key", keys / "ccm.key", "--json"), "enc-wrong-key", "peer-enc.cnf.xml.enc.sgn: ")
    refused(tool("decrypt", SAMPLES / "peer.cnf.xml.sgn", "--key", keys / "dev.key", "--json"), "enc-not-encrypted", "peer.cnf.xml.sgn: ")
    refused(tool("strip", SAMPLES / "peer-enc.cnf.xml.enc.sgn", "--json"), "enc-encrypted", "utils file decrypt")
    refused(tool("decrypt", SAMPLES / "peer-enc.cnf.xml.enc.sgn", "--json"), "option-missing", "--key", status=2)
    refused(tool("decrypt", SAMPLES / "peer-enc.cnf.xml.enc.sgn", "--key", SAMPLES / "peer-certs.pem", "--json"), "several-keys", "9 private keys")


@pytest.mark.parametrize("size", [0, 1, 15, 16])
def test_what_is_encrypted_here_is_decrypted_elsewhere(keys, tmp_path, size):
    """P5: a new key and a new initialisation vector each time; padded to whole blocks, a whole one when nothing is missing."""
    clear = b"<device><encrConfig>true</encrConfig>" + b" " * (size - 46 % 16 + 16) + b"</device>"
    source = tmp_path / NAME
    source.write_bytes(clear)
    words = ("encrypt", source, "--phone", keys / "dev.pem", "--cert", keys / "ccm.pem", "--key", keys / "ccm.key")
    first, second = (Signed(done(tool(*words)).raw) for _ in range(2))
    assert first.decrypt(keys / "dev.key") == second.decrypt(keys / "dev.key") == clear
    assert first.content != second.content and len(first.content) == len(clear) // 16 * 16 + 16
    assert first.verify(tmp_path, keys / "ccm.pem") and first.version == (2, 0) and first.name == f"{NAME}.enc.sgn"
    (tmp_path / "f").write_bytes(first.data)
    assert done(tool("decrypt", tmp_path / "f", "--key", keys / "dev.key")).raw == clear


@pytest.mark.parametrize("target", ["stub.sgn", "stub.xml"])
def test_the_stub_leads_the_phone_to_its_encrypted_configuration(keys, tmp_path, target):
    """P5: signed under the name that the phone asks for first; certHash is the MD5 of the phone's certificate."""
    source = tmp_path / NAME
    source.write_bytes((SAMPLES / "peer.cnf.xml").read_bytes().replace(b"<encrConfig>false", b"<encrConfig>true"))
    done(tool("encrypt", source, "--phone", keys / "dev.pem", "--cert", keys / "ccm.pem", "--key", keys / "ccm.key", "--out", tmp_path / "f", "--stub", tmp_path / target))
    stub = (tmp_path / target).read_bytes()
    if target.endswith(".sgn"):
        read = Signed(stub)
        assert read.verify(tmp_path, keys / "ccm.pem") and read.name == f"{NAME}.sgn"
        stub = read.content
    text = stub.decode()
    assert f"<certHash>{hashlib.md5(der((keys / 'dev.pem').read_text())).hexdigest()}</certHash>" in text
    for words in ("<fullConfig>false</fullConfig>", "<encrConfig>true</encrConfig>", "<loadInformation>sip88xx.14-2-1-0101-26</loadInformation>", "<capfAuthMode>2</capfAuthMode>"):
        assert words in text
    assert "devicePool" not in text and "TVS" not in text
    assert openssl("x509", "-in", keys / "dev.pem", "-noout", "-fingerprint", "-md5").out.strip().split("=")[1].replace(":", "").lower() in text


def test_what_cannot_be_encrypted(keys, tmp_path):
    words = ("--cert", keys / "ccm.pem", "--key", keys / "ccm.key", "--json")
    refused(tool("encrypt", SAMPLES / "peer.cnf.xml", "--phone", keys / "dev-ec.pem", *words), "enc-needs-rsa", "EC P-384")
    refused(tool("encrypt", SAMPLES / "peer.cnf.xml", *words), "option-missing", "--phone", status=2)
    refused(tool("encrypt", SAMPLES / "peer.cnf.xml", "--phone", keys / "dev.pem", "--json"), "option-missing", "--cert", status=2)
    refused(tool("encrypt", SAMPLES / "peer.cnf.xml", "--phone", keys / "dev.pem", "--cert", keys / "ccm.pem", "--json"), "option-missing", "--key", status=2)
    (tmp_path / "f").write_text("<device>\n<a>\n</device>")
    refused(tool("encrypt", tmp_path / "f", "--phone", keys / "dev.pem", *words), "cnf-malformed", f"{tmp_path / 'f'}: ", "line 3")
    noted = done(tool("encrypt", SAMPLES / "peer.cnf.xml", "--phone", keys / "dev.pem", *words))
    assert "encrConfig is not true" in noted.err


def test_what_cannot_be_signed(keys, tmp_path):
    sign = ("sign", SAMPLES / "peer.cnf.xml", "--json")
    refused(tool(*sign, "--cert", keys / "tftp-ec.pem", "--key", keys / "tftp-ec.key"), "tlv-signer-key", "EC P-384")
    refused(tool(*sign, "--cert", keys / "ccm.pem", "--key", keys / "tvs.key"), "key-mismatch", "tvs.key")
    refused(tool("sign", SAMPLES / "peer.cnf.xml.sgn", "--json", "--cert", keys / "ccm.pem", "--key", keys / "ccm.key"), "signed-already", "peer.cnf.xml.sgn")
    refused(tool("sign", "-", "--json", "--cert", keys / "ccm.pem", "--key", keys / "ccm.key"), "option-missing", "--name", status=2)
    refused(tool("sign", tmp_path / "none", "--json", "--cert", keys / "ccm.pem", "--key", keys / "ccm.key"), "no-such-file", "none")


def test_binary_is_not_written_to_a_terminal(keys):
    with Terminal("utils", "file", "sign", SAMPLES / "peer.cnf.xml", "--cert", keys / "ccm.pem", "--key", keys / "ccm.key") as term:
        term.expect("--out FILE")
        assert term.close() == 1


# ---- what is no such file


@pytest.mark.parametrize("name", ["peer-itl.tlv", "peer.cnf.xml.sgn", "peer-enc.cnf.xml.enc.sgn"])
def test_a_truncated_file_is_refused_with_its_name_and_the_offset(tmp_path, name):
    data = (SAMPLES / name).read_bytes()
    header, = struct.unpack_from(">H", data, 8)
    ends = [0, 1, 4, 9, 10, 100, header - 1] + ([header + 3, header + 200, len(data) - 1] if name.endswith(".tlv") else [])
    for end in ends:
        (tmp_path / "f").write_bytes(data[:end])
        for command in (("tlv", "show"), ("tlv", "verify")):
            refused(run("utils", *command, tmp_path / "f", "--json"), "tlv-truncated", f"{tmp_path / 'f'}: ", f"offset {end}")


@pytest.mark.parametrize("content", [b"<device/>", b"-----BEGIN CERTIFICATE-----\n", bytes(64), b"\xff" * 64, b"\x01\x00\x02\x01\x02\x02\x00\x02\x00\x09"])
def test_what_is_no_tlv_file_is_refused(keys, tmp_path, content):
    (tmp_path / "f").write_bytes(content)
    for command in (("tlv", "show"), ("tlv", "verify"), ("file", "strip"), ("file", "decrypt", "--key", keys / "dev.key")):
        result = run("utils", *command, tmp_path / "f", "--json")
        assert result.status == 1 and str(tmp_path / "f") in result.json["detail"] and "offset" in result.json["detail"], result


def test_a_list_of_64_kib_is_named_as_one(tmp_path):
    data = (SAMPLES / "peer-itl.tlv").read_bytes()
    header, = struct.unpack_from(">H", data, 8)
    (tmp_path / "f").write_bytes(data + data[header:] * 10)
    refused(tlv("show", tmp_path / "f", "--json"), "tlv-too-large", f"{tmp_path / 'f'}: ")


def test_certificates_expired_since_are_told_of_and_not_refused():
    """A list keeps certificates that have expired, and phones bear it (formats 11.1)."""
    report = done(tlv("show", SAMPLES / "peer-itl.tlv", "--json", "--at", "2040-01-01")).json
    assert [r["certificate"]["state"] for r in report["records"]] == ["valid", "expired", "expired", "expired"] and report["signature"]["valid"]
    assert {f["weight"] for f in report["findings"]} == {"warn"}
    assert tlv("show", SAMPLES / "peer-itl.tlv", "--at", "yesterday").status == 2
    assert verdict(SAMPLES / "peer-itl.tlv")["findings"] == []
