"""Bad input: every file of the issue's paragraph of that name, what is said about it, and that nothing is left behind.

One table: each case has a name, how its file is made, where it is uploaded, and what must come of it: the code, and words that the answer must hold
(what, where, what to do). "refused" cases are uploaded with --yes and --force, since nothing overrides them.
"""
import base64
import re
from datetime import timedelta
from functools import cached_property
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from conftest import Makers
from forge import (BASIC, CLIENT, PURPOSES, SAN, SERVER, USAGE, Authority, algorithm, basic, certificate, days_from_now, dns_names, extension, general, integer, name,
                   oid, purposes, seq, spki_of, tlv, usage, utc)
from harness import FQDN, der, fingerprint, key_id, load, load_csr, p7, p12, to_pem
from wire import Client

ENCODING, FORMAT = serialization.Encoding, serialization.PrivateFormat
PLAIN = serialization.NoEncryption()


class Requests(dict):
    """The pending request of a purpose, generated when it is first wanted."""

    def __init__(self, node):
        super().__init__()
        self.node = node

    def __missing__(self, purpose):
        self[purpose] = self.node.csr(purpose)
        return self[purpose]


class Place:
    """A node, its requests, and authorities that it does not know; files are made for it."""

    def __init__(self, node, folder):
        self.node, self.folder = node, Path(folder)
        self.client = Client(node)
        self.csr = Requests(node)
        self.root = Authority("Bad Input Root")
        self.sub = Authority("Bad Input Issuing CA", self.root)
        self.other_key = ec.generate_private_key(ec.SECP256R1())

    @cached_property
    def rsa_key(self):
        return rsa.generate_private_key(65537, 2048)

    @cached_property
    def small_key(self):
        return rsa.generate_private_key(65537, 1024)

    def leaf(self, purpose="tomcat", issuer=None, chain=True, **changes):
        """A certificate for the pending request, with its chain."""
        issuer = issuer or self.sub
        return issuer.leaf(self.csr[purpose], **changes) + (issuer.chain() if chain else "")

    def request_key(self, purpose="tomcat"):
        return key_id(load_csr(self.csr[purpose]).public_key())

    def write(self, content):
        path = self.folder / "upload"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def mark(self):
        """What no refused upload may change."""
        return self.client.get("/status")["head"], self.node.key_files()


@pytest.fixture(scope="module")
def place(template, tmp_path_factory):
    makers = Makers(template)
    place = Place(makers.copy(), tmp_path_factory.mktemp("bad"))
    place.old_csr = place.node.csr("tomcat")  # replaced by the next one
    for purpose in ("tomcat", "tomcat-ECDSA", "ipsec", "CAPF"):
        assert place.csr[purpose]
    before = place.node.state()
    yield place
    after = place.node.state()
    place.client.close()
    makers.end()
    assert after == before, "the refused uploads of this module have changed something"


OWN = ("own", "tomcat")
TRUST = ("trust", "tomcat")


class Case:
    """make(place) gives the file; status, code and words: what the answer must be. words: texts, or functions of the place that give one."""

    def __init__(self, title, make, code, *words, to=OWN, status=422, options=()):
        self.title, self.make, self.code, self.words, self.to, self.status, self.options = title, make, code, words, to, status, options

    def check_words(self, place, text):
        for word in self.words:
            word = word(place) if callable(word) else word
            assert word.lower() in text.lower(), f"{word!r} is not in: {text}"


def cases(*rows):
    return pytest.mark.parametrize("case", [pytest.param(row, id=re.sub(r"[^A-Za-z0-9.]+", "-", row.title).strip("-")) for row in rows])


def text_of(problem):
    return f"{problem['detail']} {problem.get('hint', '')}"


# -- the ways a time can be malformed: DER, why

TIMES = {
    "UTCTime without seconds": (utc("2611250000Z"), "seconds"),
    "UTCTime with an offset": (utc("261125000000+0100"), "offset"),
    "UTCTime with a negative offset, no seconds": (utc("2611250000-0500"), ""),
    "UTCTime with a fraction": (utc("261125000000.5Z"), ""),
    "UTCTime without Z": (utc("261125000000"), ""),
    "UTCTime with a small z": (utc("261125000000z"), ""),
    "UTCTime with four digits of the year": (utc("20261125000000Z"), ""),
    "UTCTime with month 13": (utc("261325000000Z"), ""),
    "UTCTime with 30 February": (utc("270230000000Z"), ""),
    "UTCTime with second 60": (utc("261125000060Z"), ""),
    "UTCTime that is empty": (utc(""), ""),
    "GeneralizedTime with a fraction": (general("20261125000000.5Z"), "fraction"),
    "GeneralizedTime without seconds": (general("202611250000Z"), "seconds"),
    "GeneralizedTime with an offset": (general("20261125000000+0100"), "offset"),
    "GeneralizedTime without Z": (general("20261125000000"), ""),
    "GeneralizedTime with hour 24": (general("20261125240000Z"), ""),
}


def value_of(time):
    return time[2:].decode()


def time_cases():
    for title, (time, why) in TIMES.items():
        for field in ("not_before", "not_after"):
            words = ["notBefore" if field == "not_before" else "notAfter", f"{value_of(time)}", why, "GMT"]
            yield Case(f"{title} as {field} of an identity, T3", lambda p, f=field, t=time: p.leaf(**{f: t}), "bad-time", *words)
            yield Case(f"{title} as {field} in a trust store, T3", lambda p, f=field, t=time: p.root.peer(**{f: t}), "bad-time", *words, to=TRUST)


# -- keys, whose bytes must not be found anywhere afterwards


def pem_key(key, kind=FORMAT.PKCS8, encryption=PLAIN):
    return key.private_bytes(ENCODING.PEM, kind, encryption).decode()


SECRET = serialization.BestAvailableEncryption(b"secret")


def issuer_with(p, **fields):
    """A leaf whose intermediate has a fault."""
    return p.leaf(issuer=Authority("Faulty Issuing CA", p.root, **fields))


def ca_extensions(p, issuer, *instead):
    return [*instead, issuer.aki()]


def wrong_leaf_issuer(p):
    """A leaf that was signed with the key of another leaf (C77)."""
    signer = Authority("leaf.example.com", p.sub, extensions=[basic(False), usage("digitalSignature"), p.sub.aki()])
    return p.leaf(issuer=signer)


def damaged(pem, at=0.5):
    """PEM whose base64 is intact but whose DER has another byte."""
    data = bytearray(der(pem))
    data[int(len(data) * at)] ^= 0xFF
    return to_pem(bytes(data))


def word_of_key(purpose):
    return lambda p: p.request_key(purpose)[:8]


REFUSED = [
    # whose key it is
    Case("key of nobody here, C26 C30", lambda p: p.leaf(spki=spki_of(p.other_key.public_key())), "key-mismatch", "pending CSR of tomcat", word_of_key("tomcat"),
         lambda p: key_id(p.other_key.public_key())[:8], "not one of this node's"),
    Case("key of the pending CSR of another purpose, C27", lambda p: p.leaf("ipsec"), "key-mismatch", "the pending CSR of ipsec", "upload it for the purpose"),
    Case("key of an older CSR, C29", lambda p: p.sub.leaf(p.old_csr) + p.sub.chain(), "key-mismatch", "replaced CSR of tomcat", lambda p: key_id(load_csr(p.old_csr).public_key())[:8]),
    Case("key of the identity in force", lambda p: p.leaf(spki=spki_of(load(p.node.pem("tomcat")).public_key())), "key-mismatch", "the certificate of tomcat"),
    Case("no CSR pending", lambda p: p.leaf(), "no-pending-csr", "no pending CSR of TVS", "the pending CSR of tomcat", "set csr gen", to=("own", "TVS")),
    Case("EC certificate for the RSA request", lambda p: p.leaf("tomcat-ECDSA"), "key-mismatch", "the pending CSR of tomcat-ECDSA"),
    # chain
    Case("chain without the intermediate, T4", lambda p: p.leaf(chain=False), "issuer-missing", "Bad Input Issuing CA", lambda p: p.sub.ski.hex(), "tomcat-trust"),
    Case("chain without the root, T4", lambda p: p.leaf(chain=False) + p.sub.pem, "issuer-missing", "Bad Input Root", lambda p: p.root.ski.hex(), "tomcat-trust"),
    Case("self-signed by the request's own holder's CA that is not there", lambda p: Authority("Unknown Root").leaf(p.csr["tomcat"]), "issuer-missing", "Unknown Root"),
    Case("intermediate with the right name and another key", lambda p: p.leaf(chain=False) + Authority("Bad Input Issuing CA", p.root).chain(), "issuer-missing",
         lambda p: p.sub.ski.hex()),
    Case("signature of the leaf is wrong", lambda p: damaged(p.leaf(chain=False), 0.98) + p.sub.chain(), "bad-signature", FQDN),
    Case("issued by a leaf, C77", wrong_leaf_issuer, "not-ca", "leaf.example.com"),
    Case("issuer without basicConstraints", lambda p: issuer_with(p, extensions=ca_extensions(p, p.root, usage("keyCertSign"))), "not-ca", "Faulty Issuing CA"),
    Case("issuer whose key may not sign certificates", lambda p: issuer_with(p, extensions=ca_extensions(p, p.root, basic(True), usage("digitalSignature"))), "not-ca",
         "Faulty Issuing CA"),
    Case("v1 intermediate, C75", lambda p: issuer_with(p, version=1, extensions=[]), "not-ca", "Faulty Issuing CA"),
    Case("path length exceeded", lambda p: p.leaf(issuer=Authority("Below", Authority("Zero", p.root, extensions=[basic(True, 0), usage("keyCertSign"), p.root.aki()]))),
         "path-length", "Zero"),
    Case("expired intermediate", lambda p: issuer_with(p, not_before=utc(days_from_now(-20)), not_after=utc(days_from_now(-10))), "expired", "Faulty Issuing CA"),
    Case("intermediate not yet valid", lambda p: issuer_with(p, not_before=utc(days_from_now(10))), "not-yet-valid", "Faulty Issuing CA"),
    Case("intermediate of 1024 bits", lambda p: issuer_with(p, key=p.small_key), "key-too-small", "Faulty Issuing CA", "1024"),
    Case("intermediate with a malformed time, T3", lambda p: issuer_with(p, not_after=general("20361125000000.25Z")), "bad-time", "Faulty Issuing CA", "20361125000000.25Z"),
    # validity
    Case("expired, C67 C69", lambda p: p.leaf(not_before=utc(days_from_now(-20)), not_after=utc(days_from_now(-10))), "expired", "days ago", "this node's clock"),
    Case("expired a minute ago, C66", lambda p: p.leaf(not_after=utc(days_from_now(0) - timedelta(minutes=1))), "expired", "ago"),
    Case("not yet valid, C69", lambda p: p.leaf(not_before=utc(days_from_now(10))), "not-yet-valid", "this node's clock", "NTP"),
    Case("ends before it begins", lambda p: p.leaf(not_before=utc(days_from_now(-5)), not_after=utc(days_from_now(-6))), "time-order"),
    *time_cases(),
    # signature and serial
    Case("MD5 signature", lambda p: p.leaf(issuer=Authority("MD5 CA", key=p.rsa_key), md="md5"), "weak-signature", "MD5", "SHA-256"),
    Case("SHA-1 signature, RSA", lambda p: p.leaf(issuer=Authority("SHA-1 CA", key=p.rsa_key), md="sha1"), "weak-signature", "SHA-1"),
    Case("SHA-1 signature, EC", lambda p: p.leaf(md="sha1"), "weak-signature", "SHA-1"),
    Case("two signature algorithms", lambda p: p.leaf(inner=algorithm(p.rsa_key, "sha256")), "signature-mismatch"),
    Case("negative serial, C71", lambda p: p.leaf(serial=-5), "serial-negative", "-05"),
    Case("serial zero, C71", lambda p: p.leaf(serial=0), "serial-zero"),
    Case("serial of 21 octets", lambda p: p.leaf(serial=b"\x11" * 21), "serial-long", "21 octets"),
    Case("serial with a needless byte", lambda p: p.leaf(serial=b"\x00\x11\x22"), "malformed", "001122"),
    # what it is
    Case("v1 certificate", lambda p: p.leaf(version=1, extensions=[]), "version-1", "version 1"),
    Case("v4 certificate", lambda p: p.leaf(version=4), "malformed", "version"),
    Case("CA certificate as leaf", lambda p: p.leaf(replace={BASIC: basic(True), USAGE: usage("keyCertSign")}), "ca-as-leaf", "CA:TRUE", "trust store"),
    Case("extension twice, C74", lambda p: p.leaf(more=[dns_names("twice.example.com")]), "duplicate-extension", "2.5.29.17"),
    Case("unknown critical extension", lambda p: p.leaf(more=[extension("1.3.6.1.4.1.99999.1", tlv(0x05), critical=True)]), "unknown-critical", "1.3.6.1.4.1.99999.1"),
    Case("extension that cannot be decoded", lambda p: p.leaf(replace={SAN: extension(SAN, b"\x30\x05\x82")}), "bad-extension", "2.5.29.17"),
    Case("no serverAuth", lambda p: p.leaf(replace={PURPOSES: purposes(CLIENT)}), "usage-missing", "serverAuth"),
    Case("CAPF without keyCertSign", lambda p: p.leaf("CAPF", replace={USAGE: usage("digitalSignature", "keyEncipherment")}), "usage-missing", "keyCertSign", to=("own", "CAPF")),
    # trust stores
    Case("extension twice in a trust store, C74", lambda p: p.root.peer(extensions=[dns_names("a.example.com"), dns_names("b.example.com")]), "duplicate-extension", to=TRUST),
    Case("one bad of three in a trust store", lambda p: p.root.pem + p.root.peer(not_after=utc("2611250000Z")) + p.sub.pem, "bad-time", "peer.example.com", to=TRUST),
    Case("CA without subject in a trust store", lambda p: to_pem(certificate(key=p.root.key, issuer=p.root.name, subject=seq(), spki=p.sub.spki, extensions=[basic(True)])),
         "no-subject", to=TRUST),
    # what cannot be uploaded at all
    Case("purpose that is always self-signed", lambda p: p.leaf(), "not-requestable", "ITLRecovery", "regen", to=("own", "ITLRecovery")),
    Case("purpose of another role", lambda p: p.leaf(), "purpose-not-here", "cup-xmpp", "cucm-pub", to=("own", "cup-xmpp")),
    Case("purpose that does not exist", lambda p: p.leaf(), "no-purpose", "tomkat", "tomcat-ECDSA", to=("own", "tomkat"), status=404),
    Case("store that does not exist", lambda p: p.root.pem, "no-store", "nowhere", "tomcat-trust", to=("trust", "nowhere"), status=404),
    Case("CAPF-trust for the cluster", lambda p: p.root.pem, "import-stays", "CAPF-trust", to=("trust", "CAPF"), options=("--scope", "cluster")),
    # files
    Case("0 bytes", lambda p: b"", "empty-file", "0 bytes", status=400),
    Case("white space", lambda p: b" \r\n\t\n", "empty-file", status=400),
    Case("HTML page", lambda p: "<!DOCTYPE html>\n<html><body><form>Sign in</form></body></html>", "html-page", "web page", "log-in", status=400),
    Case("truncated PEM", lambda p: p.leaf()[:500], "truncated", "line 1", "END", status=400),
    Case("truncated DER", lambda p: der(p.leaf())[:300], "truncated", "300 of its", status=400),
    Case("truncated DER in whole PEM, C11", lambda p: to_pem(der(p.root.pem)[:200]), "truncated", "line 1", to=TRUST, status=400),
    Case("broken base64, C11", lambda p: p.root.pem.replace("\n", "\n!", 3), "bad-base64", "line", to=TRUST, status=400),
    Case("random bytes", lambda p: bytes(range(256)) * 4, "no-certificate-found", status=400),
    Case("text", lambda p: "Please find the certificate attached.", "no-certificate-found", "text", status=400),
    Case("CSR instead of a certificate, C47", lambda p: p.csr["tomcat"], "no-certificate-found", "request", "the certificate that the CA made", status=400),
    Case("CSR instead of a certificate in a trust store, C47", lambda p: p.csr["tomcat"], "no-certificate-found", "request", to=TRUST, status=400),
    Case("UTF-16 text that is no certificate", lambda p: "nothing here".encode("utf-16"), "no-certificate-found", status=400),
    Case("4 MB and one byte", lambda p: p.leaf().encode().ljust(4 * 1024 * 1024 + 1, b"\n"), "too-large", "4194304", status=413),
    Case("20 MB", lambda p: b"\x30\x84\x01\x31\x2d\x00" + bytes(20 * 1000 * 1000), "too-large", "4194304", status=413),
    Case("PKCS#7 without certificates", lambda p: to_pem(seq(oid("1.2.840.113549.1.7.2"), tlv(0xA0, seq(integer(1), tlv(0x31), seq(oid("1.2.840.113549.1.7.1")), tlv(0x31)))), "PKCS7"),
         "no-certificate-found", status=400),
    Case("Java keystore", lambda p: b"\xfe\xed\xfe\xed" + bytes(100), "no-certificate-found", "Java keystore", "keytool", status=400),
]


@cases(*REFUSED)
def test_a_bad_upload_is_refused_and_leaves_nothing(place, case):
    before = place.mark()
    path = place.write(case.make(place))
    problem = place.node.refused("set", "cert", "import", *case.to, path, "--yes", "--force", *case.options, code=case.code)
    case.check_words(place, text_of(problem))
    # A file that is too large is not even sent; everything else is judged by the daemon.
    if "status" in problem:
        assert problem["status"] == case.status
    assert place.mark() == before and place.node.running


@pytest.mark.parametrize("size, code", [(4 * 1024 * 1024 + 1, "too-large"), (20 * 1000 * 1000, "body-too-large")])
def test_the_API_refuses_what_is_too_large_itself(place, size, code):
    before = place.mark()
    for path in ("/certificates/own/tomcat", "/certificates/trust/tomcat-trust", "/trust-check/tomcat-trust"):
        answer = place.node.api("POST", path, data=bytes(size)).expect(413, code)
        assert str(4 * 1024 * 1024 if code == "too-large" else 8 * 1024 * 1024) in answer.json["detail"]
    assert place.mark() == before and place.node.running


# -- private keys: refused, never stored, never logged

KEYS = {
    "PKCS#8 PEM": lambda k, p: pem_key(k),
    "PKCS#1 or SEC1 PEM": lambda k, p: pem_key(k, FORMAT.TraditionalOpenSSL),
    "encrypted PKCS#8": lambda k, p: pem_key(k, FORMAT.PKCS8, SECRET),
    "traditional encrypted": lambda k, p: pem_key(k, FORMAT.TraditionalOpenSSL, SECRET),
    "PKCS#8 DER": lambda k, p: k.private_bytes(ENCODING.DER, FORMAT.PKCS8, PLAIN),
    "encrypted PKCS#8 DER": lambda k, p: k.private_bytes(ENCODING.DER, FORMAT.PKCS8, SECRET),
    "PKCS#1 or SEC1 DER": lambda k, p: k.private_bytes(ENCODING.DER, FORMAT.TraditionalOpenSSL, PLAIN),
    "OpenSSH": lambda k, p: pem_key(k, FORMAT.OpenSSH),
    "behind the certificate": lambda k, p: p.leaf() + pem_key(k),
    "before the certificate": lambda k, p: pem_key(k) + p.leaf(),
    "bare base64": lambda k, p: base64.encodebytes(k.private_bytes(ENCODING.DER, FORMAT.PKCS8, PLAIN)),
    "UTF-16": lambda k, p: pem_key(k).encode("utf-16"),
    "BOM and CRLF": lambda k, p: b"\xef\xbb\xbf" + pem_key(k).replace("\n", "\r\n").encode(),
    "truncated": lambda k, p: pem_key(k)[:-60],
    "under the label of a certificate": lambda k, p: pem_key(k).replace("PRIVATE KEY", "CERTIFICATE"),
    "DER behind a DER certificate": lambda k, p: der(p.root.pem) + k.private_bytes(ENCODING.DER, FORMAT.PKCS8, PLAIN),
}


def traces(key, content):
    """Pieces of the key that would betray it: the secret numbers, and lines of the upload."""
    numbers = key.private_numbers()
    secrets = [numbers.private_value] if isinstance(key, ec.EllipticCurvePrivateKey) else [numbers.d, numbers.p, numbers.q]
    out = []
    for secret in secrets:
        raw = secret.to_bytes((secret.bit_length() + 7) // 8, "big")[2:34]
        out += [raw, raw.hex().encode(), raw.hex().upper().encode()]
    lines = pem_key(key).splitlines()[2:-2] + pem_key(key, FORMAT.TraditionalOpenSSL).splitlines()[2:-2]
    out += [line.encode() for line in lines if len(line) == 64]
    if isinstance(content, str) and "ENCRYPTED" in content:
        out += [line.encode() for line in content.splitlines() if len(line) == 64]
    return out


def everything_written(node):
    """All bytes of the data directory, of standard output and of the log."""
    return {path: path.read_bytes() for path in node.folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("to", [OWN, TRUST], ids=["own", "trust"])
@pytest.mark.parametrize("form", list(KEYS))
@pytest.mark.parametrize("kind", ["rsa", "ec"])
def test_a_private_key_is_refused_and_found_nowhere_afterwards(place, kind, form, to):
    key = place.rsa_key if kind == "rsa" else place.other_key
    content = KEYS[form](key, place)
    before = place.mark()
    problem = place.node.refused("set", "cert", "import", *to, place.write(content), "--yes", "--force", code="private-key-in-upload")
    assert problem["status"] == 422 and "hint" in problem
    assert place.mark() == before and place.node.running
    written = everything_written(place.node)
    for trace in traces(key, content):
        assert trace not in str(problem).encode()
        for path, data in written.items():
            assert trace not in data, f"{path} holds part of the key"


# -- warnings: shown with their code, asked about, and nothing happens before the answer

WARNED = [
    Case("SAN differs both ways, C33", lambda p: p.leaf(replace={SAN: dns_names("www.example.com", "example.com")}), "san-mismatch", f"DNS:{FQDN}", "DNS:www.example.com",
         "DNS:example.com", "CSR SAN and certificate SAN do not match"),
    Case("SAN has one name more, C33", lambda p: p.leaf(replace={SAN: dns_names(FQDN, "more.example.com")}), "san-mismatch", "lacks none", "adds DNS:more.example.com"),
    Case("SAN is missing, C33", lambda p: p.leaf(replace={SAN: None}), "san-mismatch", f"lacks DNS:{FQDN}", "adds none"),
    Case("wildcard, C54", lambda p: p.leaf(replace={SAN: dns_names(FQDN, "*.example.com")}), "wildcard", "*.example.com"),
    Case("1,001 names, C55", lambda p: p.leaf(replace={SAN: dns_names(FQDN, *[f"h{i}.example.com" for i in range(1000)])}), "san-many", "1001"),
    Case("more than 16 kB, C55", lambda p: p.leaf(replace={SAN: dns_names(FQDN, *[f"host-number-{i}.example.com" for i in range(999)])}), "size", "bytes"),
    Case("no keyEncipherment", lambda p: p.leaf(replace={USAGE: usage("digitalSignature", "dataEncipherment")}), "usage-missing", "keyEncipherment"),
    Case("no clientAuth", lambda p: p.leaf(replace={PURPOSES: purposes(SERVER)}), "usage-missing", "clientAuth"),
    Case("CAPF limited to serverAuth", lambda p: p.leaf("CAPF"), "capf-server-only", "serverAuth", "clients", to=("own", "CAPF")),
    Case("GeneralizedTime before 2050", lambda p: p.leaf(not_after=general("20300101000000Z")), "time-type", "20300101000000Z", "2050"),
    Case("SHA-1 intermediate", lambda p: p.leaf(issuer=Authority("SHA-1 Issuing CA", p.root, md="sha1")), "weak-signature", "SHA-1 Issuing CA"),
    Case("intermediate ends before the leaf, C81", lambda p: issuer_with(p, not_after=utc(days_from_now(100))), "issuer-expires-first", "Faulty Issuing CA"),
    Case("v1 root of the chain, C75", lambda p: p.leaf(issuer=Authority("V1 Root", version=1, extensions=[])), "version-1", "V1 Root"),
    Case("v1 root in a trust store, C75", lambda p: Authority("V1 Root", version=1, extensions=[]).pem, "version-1", "V1 Root", "anchor", to=TRUST),
    Case("1024 bits in a trust store", lambda p: Authority("Small Root", key=p.small_key).pem, "key-too-small", "1024", to=TRUST),
    Case("MD5 in a trust store", lambda p: Authority("MD5 Sub", Authority("R", key=p.rsa_key), md="md5").pem, "weak-signature", "MD5", to=TRUST),
    Case("SHA-1 in a trust store", lambda p: Authority("SHA-1 Sub", p.root, md="sha1").pem, "weak-signature", "SHA-1", to=TRUST),
    Case("SHA-1 root in a trust store", lambda p: Authority("SHA-1 Root", md="sha1").pem, "weak-signature", "by itself", to=TRUST),
    Case("expired in a trust store, C90", lambda p: Authority("Old Root", not_before=utc(days_from_now(-20)), not_after=utc(days_from_now(-10))).pem, "expired", "Old Root", to=TRUST),
    Case("not yet valid in a trust store, C69", lambda p: p.root.peer(not_before=utc(days_from_now(10))), "not-yet-valid", "this node's clock", to=TRUST),
    Case("negative serial in a trust store, C71", lambda p: Authority("Negative", serial=-300).pem, "serial-negative", "-012c", to=TRUST),
    Case("serial zero in a trust store, C71", lambda p: Authority("Zero", serial=0).pem, "serial-zero", to=TRUST),
    Case("long serial in a trust store", lambda p: Authority("Long", serial=b"\x7f" * 30).pem, "serial-long", "30 octets", to=TRUST),
    Case("CA without basicConstraints in a trust store", lambda p: Authority("No Constraints", extensions=[usage("keyCertSign")]).pem, "ca-no-basic-constraints", to=TRUST),
    Case("CA that may not sign in a trust store", lambda p: Authority("No Sign", extensions=[basic(True), usage("cRLSign")]).pem, "ca-key-usage", to=TRUST),
    Case("wildcard in a trust store", lambda p: p.root.peer(extensions=[dns_names("*.example.com"), p.root.aki()]), "wildcard", to=TRUST),
    Case("GeneralizedTime before 2050 in a trust store", lambda p: Authority("General", not_after=general("20300101000000Z")).pem, "time-type", "20300101000000Z", to=TRUST),
    Case("unknown critical extension in a trust store", lambda p: p.root.peer(extensions=[extension("1.3.6.1.4.1.99999.1", tlv(0x05), critical=True)]), "unknown-critical", to=TRUST),
    Case("one damaged block among good ones", lambda p: p.root.pem + to_pem(der(p.sub.pem)[:-20]), "damaged-block", "line", to=TRUST),
    Case("empty subject, SAN not critical, C57", lambda p: to_pem(certificate(key=p.root.key, issuer=p.root.name, subject=seq(), spki=spki_of(p.other_key.public_key()),
                                                                       extensions=[dns_names("a.example.com")])), "no-subject", to=TRUST),
]


@cases(*WARNED)
def test_a_questionable_upload_is_asked_about(place, case):
    before = place.mark()
    words = ["set", "cert", "import", *case.to, place.write(case.make(place))]
    plan = place.node.json(*words, "--dry-run")
    found = [one for one in plan["findings"] if one["code"] == case.code]
    assert found, plan["findings"]
    assert plan["worst"] == "warn" and "warn" in [one["weight"] for one in found], plan["findings"]
    case.check_words(place, " ".join(f"{one['message']} {one.get('hint') or ''}" for one in found))
    problem = place.node.refused(*words, code="confirmation-needed")
    assert problem["status"] == 409 and case.code in [one["code"] for one in problem["plan"]["findings"]]
    assert place.mark() == before and place.node.running


# -- notes: told, and no reason to ask

NOTED = [
    Case("101 names", lambda p: p.root.peer(extensions=[dns_names(*[f"h{i}.example.com" for i in range(101)]), p.root.aki()]), "san-many", "101", to=TRUST),
    Case("Ed25519 peer in a trust store, C39", lambda p: to_pem(certificate(key=p.root.key, issuer=p.root.name, subject=name("ed"), extensions=[p.root.aki()],
                                                                  spki=spki_of_ed25519())), "key-unsupported", "Ed25519", to=TRUST),
    Case("superfluous certificates, C5 C6", lambda p: p.leaf() + Authority("Unrelated Root").pem, "ignored", "Unrelated Root"),
    Case("expired extra intermediate, C7", lambda p: p.leaf() + Authority("Bad Input Issuing CA", p.root, key=p.sub.key, not_before=utc(days_from_now(-20)),
                                                                          not_after=utc(days_from_now(-10))).pem, "ignored", "Bad Input Issuing CA"),
    Case("certificate twice, C7", lambda p: p.leaf() + p.sub.pem, "repeated", "more than once"),
    Case("no usage extensions", lambda p: p.leaf(replace={USAGE: None, PURPOSES: None}), "usage-absent"),
    Case("PKCS#12 with a key", lambda p: p12_of(p), "key-dropped", "1 private key", "not taken, stored or logged", to=TRUST),
]


def spki_of_ed25519():
    return spki_of(ed25519.Ed25519PrivateKey.generate().public_key())


@pytest.fixture(scope="module")
def secret(tmp_path_factory):
    path = tmp_path_factory.mktemp("secret") / "password"
    path.write_text("secret\n")
    return path


def p12_of(p, password="secret", options=()):
    key = p.folder / "p12.key"
    key.write_text(pem_key(p.other_key))
    return p12(p.root.peer(key=p.other_key), key, [p.root.pem], password, options)


@cases(*NOTED)
def test_what_is_harmless_is_told_and_not_asked_about(place, secret, case):
    before = place.mark()
    plan = place.node.json("set", "cert", "import", *case.to, place.write(case.make(place)), "--dry-run", "--password-file", secret)
    found = [one for one in plan["findings"] if one["code"] == case.code]
    assert found and {one["weight"] for one in found} == {"note"}, plan["findings"]
    assert plan["worst"] == "note" or case.code != "key-dropped", plan["findings"]
    case.check_words(place, " ".join(one["message"] for one in found))
    assert place.mark() == before


# -- settings that make a warning an error


def strict_place(new_node, tmp_path, *arguments):
    return Place(new_node.copy(*arguments), tmp_path)


def test_with_san_mismatch_refuse_a_difference_is_an_error_C33(new_node, tmp_path):
    place = strict_place(new_node, tmp_path, "--san-mismatch", "refuse")
    path = place.write(place.leaf(replace={SAN: dns_names("www.example.com")}))
    before = place.mark()
    problem = place.node.refused("set", "cert", "import", "own", "tomcat", path, "--yes", "--force", code="san-mismatch")
    assert problem["status"] == 422 and FQDN in problem["detail"] and "www.example.com" in problem["detail"]
    assert place.mark() == before
    # An order of names or letters in capitals is no difference.
    place.node.cli("set", "cert", "import", "own", "tomcat", place.write(place.leaf(replace={SAN: dns_names(FQDN.upper())})), "--yes")


def test_with_strict_times_a_GeneralizedTime_before_2050_is_an_error_T3(new_node, tmp_path):
    place = strict_place(new_node, tmp_path, "--certificate-times", "strict")
    for to, make in ((OWN, place.leaf), (TRUST, place.root.peer)):
        path = place.write(make(not_after=general("20491231235959Z")))
        problem = place.node.refused("set", "cert", "import", *to, path, "--yes", "--force", code="time-type")
        assert problem["status"] == 422 and "20491231235959Z" in problem["detail"]
    place.node.cli("set", "cert", "import", "trust", "tomcat", place.write(place.root.peer(not_after=general("20500101000000Z"))), "--yes")


# -- what is questionable can be accepted


def test_a_v1_root_is_an_anchor_once_it_is_accepted_but_never_an_intermediate_C75(node, tmp_path):
    place = Place(node, tmp_path)
    root = Authority("V1 Root", version=1, extensions=[])
    node.cli("set", "cert", "import", "trust", "tomcat", place.write(root.pem), "--yes")
    node.cli("set", "cert", "import", "own", "tomcat", place.write(root.leaf(place.csr["tomcat"])), "--yes")
    assert node.own("tomcat")["chain_complete"] is True
    below = Authority("V1 below", place.root, version=1, extensions=[])
    node.cli("set", "cert", "import", "trust", "tomcat", place.write(below.pem + place.root.pem), "--yes")
    path = place.write(below.leaf(place.csr["tomcat-ECDSA"]))
    node.refused("set", "cert", "import", "own", "tomcat-ECDSA", path, "--yes", "--force", code="not-ca")


def test_a_weak_intermediate_from_the_trust_store_is_refused_for_an_identity_as_well(node, tmp_path):
    """It was let into the store with a warning; that must not be the way around the refusal."""
    place = Place(node, tmp_path)
    weak = Authority("Small Issuing CA", place.root, key=place.small_key)
    node.cli("set", "cert", "import", "trust", "tomcat", place.write(weak.chain()), "--yes")
    problem = node.refused("set", "cert", "import", "own", "tomcat", place.write(weak.leaf(place.csr["tomcat"])), "--yes", "--force", code="key-too-small")
    assert "Small Issuing CA" in problem["detail"]


def test_a_request_with_1000_names_is_answered_and_one_with_more_is_refused_C55(node, tmp_path):
    place = Place(node, tmp_path)
    names = [f"h{i}.example.com" for i in range(999)]
    node.api("POST", "/csrs/tomcat", json_body={"subject_alt_names": names}, query=[("yes", 1)]).expect(201)
    place.csr["tomcat"] = node.cli("file", "get", "csr", "tomcat").out
    assert len(load_csr(place.csr["tomcat"]).extensions.get_extension_for_class(x509.SubjectAlternativeName).value) == 1000
    path = place.write(place.leaf())
    plan = node.json("set", "cert", "import", "own", "tomcat", path, "--dry-run")
    assert [(f["code"], f["weight"]) for f in plan["findings"] if f["code"] in ("san-many", "san-mismatch")] == [("san-many", "note")]
    node.cli("set", "cert", "import", "own", "tomcat", path, "--yes")
    names += ["one.example.com", "two.example.com"]
    head = node.head
    node.api("POST", "/csrs/tomcat", json_body={"subject_alt_names": names}, query=[("yes", 1)]).expect(413, "too-many-names")
    assert node.head == head


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig", "utf-32"])
def test_a_certificate_in_another_text_encoding_is_taken_C17_C18(node, tmp_path, encoding):
    place = Place(node, tmp_path)
    content = place.root.pem.replace("\n", "\r\n").encode(encoding)
    if encoding.endswith(("le", "be")):
        content = "\ufeff".encode(encoding) + content
    node.cli("set", "cert", "import", "trust", "tomcat", place.write(content), "--yes")
    assert "Bad_Input_Root.pem" in node.names("tomcat-trust")


# -- PKCS#12


def test_of_a_PKCS12_the_certificates_are_taken_its_key_is_dropped_and_found_nowhere(node, secret, tmp_path):
    place = Place(node, tmp_path)
    keys = node.key_files()
    content = p12_of(place)
    result = node.json("set", "cert", "import", "trust", "tomcat", place.write(content), "--password-file", secret, "--yes")
    assert "key-dropped" in [one["code"] for one in result["findings"]]
    assert {"Bad_Input_Root.pem", "peer.example.com.pem"} <= set(node.names("tomcat-trust"))
    assert node.key_files() == keys
    for path, data in everything_written(node).items():
        for trace in [*traces(place.other_key, ""), content[200:264]]:
            assert trace not in data, f"{path} holds part of the key"


def test_a_wrong_password_differs_from_a_missing_one_and_from_an_unknown_algorithm_C35_C37(place, secret, tmp_path):
    wrong = tmp_path / "wrong"
    wrong.write_text("Secret\n")
    before = place.mark()
    for to in (OWN, TRUST):
        path = place.write(p12_of(place))
        words = ["set", "cert", "import", *to, path, "--yes", "--force"]
        problem = place.node.refused(*words, code="password-needed")
        assert problem["status"] == 400
        problem = place.node.refused(*words, "--password-file", wrong, code="wrong-password")
        assert problem["status"] == 400 and "Secret" not in str(problem)
        place.write(p12_of(place)[:-40])
        problem = place.node.refused(*words, "--password-file", secret, code="truncated")
        assert problem["status"] == 400
    assert place.mark() == before
    assert b"Secret" not in b"".join(everything_written(place.node).values())


def test_the_password_of_a_PKCS12_is_logged_nowhere(node, secret, tmp_path):
    place = Place(node, tmp_path)
    password = tmp_path / "p"
    password.write_text("hunter2-hunter2\n")
    node.cli("set", "cert", "import", "trust", "tomcat", place.write(p12_of(place, "hunter2-hunter2")), "--password-file", password, "--yes")
    for path, data in everything_written(node).items():
        assert b"hunter2-hunter2" not in data, path


# -- the same question without an upload


def test_the_trust_question_and_the_offline_check_survive_the_same_files(place):
    """None crashes and none is answered with a fault of the program's own."""
    for case in REFUSED:
        content = case.make(place)
        if case.title.startswith("20 MB"):
            continue
        data = content if isinstance(content, bytes) else content.encode()
        answer = place.client("POST", "/trust-check/tomcat-trust", body=data)
        assert answer.status in (200, 400, 404, 413, 422), f"{case.title}: {answer}"
        result = place.node.cli("utils", "cert", "check", place.write(data), "--json", check=False)
        assert result.status in (0, 1), f"{case.title}: {result}"
        result.json
    assert place.node.running


def test_the_same_files_without_a_fault_are_taken(node, tmp_path):
    """What is refused here is refused for its fault."""
    place = Place(node, tmp_path)
    for purpose in ("tomcat", "tomcat-ECDSA", "ipsec", "CAPF"):
        content = place.leaf(purpose)
        node.cli("set", "cert", "import", "own", purpose, place.write(content), "--yes")
        assert fingerprint(node.pem(purpose)) == fingerprint(content)
    path = place.write(p7([place.root.peer(), Authority("Other Root").pem]))
    node.cli("set", "cert", "import", "trust", "tomcat", path, "--yes")
