"""Certificates made by hand, byte by byte, with the faults that no honest tool can be talked into.

A small DER writer, and an Authority whose leaf() answers a request: like an obedient CA, but for what the caller replaces.
"""
import datetime
import hashlib
import os

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from harness import to_pem

# -- DER


def tlv(tag, *parts):
    body = b"".join(parts)
    if len(body) < 0x80:
        return bytes([tag, len(body)]) + body
    size = (len(body).bit_length() + 7) // 8
    return bytes([tag, 0x80 | size]) + len(body).to_bytes(size, "big") + body


def seq(*parts):
    return tlv(0x30, *parts)


def integer(value):
    return tlv(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def oid(dotted):
    first, second, *rest = [int(number) for number in dotted.split(".")]
    out = b""
    for number in [40 * first + second, *rest]:
        part = [number & 0x7F]
        while number := number >> 7:
            part.append(number & 0x7F | 0x80)
        out += bytes(reversed(part))
    return tlv(0x06, out)


def octets(data):
    return tlv(0x04, data)


def bits(data, unused=0):
    return tlv(0x03, bytes([unused]), data)


def utc(moment):
    """UTCTime of a datetime, or of the text as it stands."""
    return tlv(0x17, (moment if isinstance(moment, str) else moment.strftime("%y%m%d%H%M%SZ")).encode())


def general(moment):
    """GeneralizedTime of a datetime, or of the text as it stands."""
    return tlv(0x18, (moment if isinstance(moment, str) else moment.strftime("%Y%m%d%H%M%SZ")).encode())


def name(cn, org="Example"):
    """A subject; cn None leaves the common name out."""
    pairs = [("2.5.4.10", org), ("2.5.4.3", cn)]
    return seq(*[tlv(0x31, seq(oid(kind), tlv(0x0C, text.encode()))) for kind, text in pairs if text is not None])


# -- extensions


def extension(dotted, value, critical=False):
    return seq(oid(dotted), tlv(0x01, b"\xff") if critical else b"", octets(value))


SAN, BASIC, USAGE, PURPOSES, SKI, AKI = "2.5.29.17", "2.5.29.19", "2.5.29.15", "2.5.29.37", "2.5.29.14", "2.5.29.35"
USAGE_BITS = ["digitalSignature", "nonRepudiation", "keyEncipherment", "dataEncipherment", "keyAgreement", "keyCertSign", "cRLSign"]
SERVER, CLIENT = "1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"


def basic(ca, pathlen=None):
    parts = [tlv(0x01, b"\xff")] if ca else []
    if pathlen is not None:
        parts.append(integer(pathlen))
    return extension(BASIC, seq(*parts), critical=True)


def usage(*words):
    value = sum(0x80 >> USAGE_BITS.index(word) for word in words)
    unused = (value & -value).bit_length() - 1 if value else 0
    return extension(USAGE, bits(bytes([value]), unused), critical=True)


def purposes(*oids):
    return extension(PURPOSES, seq(*[oid(one) for one in oids]))


def dns_names(*names):
    return extension(SAN, seq(*[tlv(0x82, one.encode()) for one in names]))


# -- certificates

ALGORITHMS = {
    ("rsa", "md5"): "1.2.840.113549.1.1.4", ("rsa", "sha1"): "1.2.840.113549.1.1.5", ("rsa", "sha256"): "1.2.840.113549.1.1.11",
    ("ec", "sha1"): "1.2.840.10045.4.1", ("ec", "sha256"): "1.2.840.10045.4.3.2",
}
HASHES = {"md5": hashes.MD5, "sha1": hashes.SHA1, "sha256": hashes.SHA256}


def algorithm(key, md):
    """AlgorithmIdentifier of a signature; RSA's has NULL parameters."""
    if isinstance(key, rsa.RSAPrivateKey):
        return seq(oid(ALGORITHMS["rsa", md]), tlv(0x05))
    return seq(oid(ALGORITHMS["ec", md]))


def signature(key, md, data):
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(data, padding.PKCS1v15(), HASHES[md]())
    return key.sign(data, ec.ECDSA(HASHES[md]()))


def spki_of(public_key):
    return public_key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def key_bits(spki):
    """What a key identifier is the SHA-1 of (RFC 5280 section 4.2.1.2)."""
    key = serialization.load_der_public_key(spki)
    if isinstance(key, rsa.RSAPublicKey):
        return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.PKCS1)
    return key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


def identifier(spki):
    return hashlib.sha1(key_bits(spki)).digest()


def days_from_now(days):
    return datetime.datetime.utcnow() + datetime.timedelta(days=days)


def certificate(*, key, issuer, subject, spki, extensions=(), serial=None, not_before=None, not_after=None, version=3, md="sha256", inner=None):
    """DER of a certificate. serial: an int or the content bytes; not_before, not_after: DER of the times; key: the signer's; inner: another algorithm in TBS."""
    if serial is None:
        serial = b"\x4a" + os.urandom(15)
    serial = integer(serial) if isinstance(serial, int) else tlv(0x02, serial)
    signed_with = algorithm(key, md)
    tbs = seq(
        tlv(0xA0, integer(version - 1)) if version > 1 else b"", serial, inner or signed_with, issuer,
        seq(not_before or utc(days_from_now(-1)), not_after or utc(days_from_now(365))), subject, spki,
        tlv(0xA3, seq(*extensions)) if extensions else b"")
    return seq(tbs, signed_with, bits(signature(key, md, tbs)))


class Authority:
    """A CA. fields: what certificate() takes, and extensions (a list) instead of those of a CA."""

    def __init__(self, cn, issuer=None, key=None, **fields):
        self.cn, self.issuer = cn, issuer
        self.key = key or ec.generate_private_key(ec.SECP256R1())
        self.spki = spki_of(self.key.public_key())
        self.name = name(cn)
        self.ski = identifier(self.spki)
        signer = issuer or self
        if "extensions" not in fields:
            fields["extensions"] = [basic(True), usage("keyCertSign", "cRLSign"), extension(SKI, octets(self.ski)), signer.aki()]
        fields.setdefault("not_after", utc(days_from_now(3650)))
        self.der = certificate(key=signer.key, issuer=signer.name, subject=self.name, spki=self.spki, **fields)
        self.pem = to_pem(self.der)

    def aki(self):
        return extension(AKI, seq(tlv(0x80, self.ski)))

    def chain(self):
        """Its own certificate and those above it up to the root, as one PEM text."""
        return self.pem + (self.issuer.chain() if self.issuer else "")

    def leaf(self, csr, replace=None, more=(), **fields):
        """PEM of a certificate for a request (PEM text). replace: {OID: extension or None} instead of what was asked for; more: further extensions."""
        request = x509.load_pem_x509_csr(csr.encode())
        spki = fields.pop("spki", None) or spki_of(request.public_key())
        found = {one.oid.dotted_string: extension(one.oid.dotted_string, one.value.public_bytes(), one.critical) for one in request.extensions}
        found[SKI] = extension(SKI, octets(identifier(spki)))
        found[AKI] = self.aki()
        found.update(replace or {})
        extensions = [one for one in found.values() if one is not None] + list(more)
        fields.setdefault("extensions", extensions)
        return to_pem(certificate(key=self.key, issuer=self.name, subject=request.subject.public_bytes(), spki=spki, **fields))

    def peer(self, cn="peer.example.com", key=None, **fields):
        """PEM of a server's certificate with a key of its own."""
        key = key or ec.generate_private_key(ec.SECP256R1())
        spki = spki_of(key.public_key())
        fields.setdefault("extensions", [usage("digitalSignature"), purposes(SERVER, CLIENT), dns_names("peer.example.com"), self.aki()])
        return to_pem(certificate(key=self.key, issuer=self.name, subject=name(cn), spki=spki, **fields))
