"""Trust lists of phones (.tlv), taken apart independently of the code: header, records, and what the signature is over."""
import hashlib
import struct

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from harness import openssl

SAST, CCM, CCM_TFTP, TFTP, CAPF, APP, TVS = 0, 1, 2, 3, 4, 7, 21
DIGESTS = {1: "sha1", 2: "sha256", 3: "sha512"}
CONTAINERS, PADDING = (3, 7, 9), 13


def elements(data, at, end, header=False):
    """(tag, value, offset) of each element in data[at:end]. In a header there are containers, whose elements follow, and padding of single bytes."""
    while at < end:
        tag = data[at]
        if header and tag == PADDING:
            at += 1
            continue
        length, = struct.unpack_from(">H", data, at + 1)
        assert at + 3 + length <= end, f"the element at {at} leaves its place"
        yield tag, data[at + 3:at + 3 + length], at
        at += 3 if header and tag in CONTAINERS else 3 + length


class Record:
    def __init__(self, data):
        self.fields = {tag: value for tag, value, _ in elements(data, 0, len(data))}
        self.role, = struct.unpack(">H", self.fields[4])
        self.dns = self.fields.get(2, b"").rstrip(b"\0").decode()
        self.der = self.fields.get(9)

    @property
    def fingerprint(self):
        return hashlib.sha256(self.der).hexdigest() if self.der else None


class TrustList:
    """A .tlv file: version (SHA-256), digest, file_name, records."""

    def __init__(self, data):
        self.data = bytes(data)
        self.version = hashlib.sha256(data).hexdigest()
        assert data[:8] == bytes([1, 0, 2, 1, 2, 2, 0, 2]), "version 1.2, then the length of the header"
        self.length, = struct.unpack_from(">H", data, 8)
        assert self.length % 4 == 0
        self.header = {tag: (value, at) for tag, value, at in elements(data, 0, self.length, header=True)}
        self.digest = DIGESTS[self.header[8][0][0]]
        self.file_name = self.header[14][0].rstrip(b"\0").decode()
        self.records = []
        at = self.length
        while at < len(data):
            size, = struct.unpack_from(">H", data, at + 3)
            self.records.append(Record(data[at:at + size]))
            at += size
        assert at == len(data)

    @property
    def signed(self):
        """The bytes that the signature is over: all but the signature element."""
        value, at = self.header[12]
        return self.data[:at] + self.data[at + 3 + len(value):]

    def roles(self):
        """(role, node, SHA-256 of the certificate or None) of each record, in their order."""
        return [(record.role, record.dns, record.fingerprint) for record in self.records]

    def signer(self):
        """The record whose serial number the header names, in the role of a signer."""
        return next(record for record in self.records if record.role == SAST and record.fields[6] == self.header[5][0] and record.fields[3] == self.header[4][0])

    def verify(self, folder, pem=None):
        """Has the openssl program verify the signature, with this certificate, else with that of the signer's record; True when it is right."""
        public, signature = folder / "signer.pem", folder / "signature"
        cert = x509.load_pem_x509_certificate(pem.encode()) if pem else x509.load_der_x509_certificate(self.signer().der)
        public.write_bytes(openssl("x509", "-pubkey", "-noout", input=cert.public_bytes(Encoding.PEM)).raw)
        signature.write_bytes(self.header[12][0])
        done = openssl("dgst", f"-{self.digest}", "-verify", public, "-signature", signature, input=self.signed, check=False)
        return done.status == 0 and done.out == "Verified OK\n"

