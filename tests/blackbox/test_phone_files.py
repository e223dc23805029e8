"""What phones fetch, with the clients of tftp-hpa, atftp and curl: plain, signed and encrypted files over TFTP, HTTP and HTTPS, never stale, and nothing that is not for phones (issue: trust lists and phone
files; C113, C119). Signatures are verified by the openssl program, encrypted files opened by python3-cryptography.
"""
import hashlib
import os
import re
import socket
import struct
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from harness import environment, load, openssl, run
from tlv import DIGESTS, TrustList

MAC = "001122334455"
PHONE = f"SEP{MAC}"
CONFIG = f"{PHONE}.cnf.xml"
PASSWORD = "very-secret-4711"

XML = """<?xml version="1.0" encoding="UTF-8"?>
<device>
  <fullConfig>true</fullConfig>
  <ipAddressMode>0</ipAddressMode>
  <loadInformation>sip88xx.14-2-1</loadInformation>
  <sshPassword>{password}</sshPassword>
  <capfAuthMode>0</capfAuthMode>
  <certHash></certHash>
  <encrConfig>{encrypted}</encrConfig>
</device>
"""


def config(encrypted=False, password=PASSWORD):
    return XML.format(encrypted=str(encrypted).lower(), password=password).encode()


# ---- clients


def by_tftp_hpa(node, name, folder, *more):
    local = folder / "got"
    local.unlink(missing_ok=True)
    result = run("tftp", "-m", "binary", "127.0.0.1", node.ports["tftp"], "-c", "get", name, local, check=False, seconds=60)
    if re.search(r"error", result.out + result.err, re.IGNORECASE):
        return None
    return local.read_bytes() if local.exists() else None


def by_atftp(node, name, folder, *more):
    local = folder / "got"
    local.unlink(missing_ok=True)
    result = run("atftp", *more, "-g", "-r", name, "-l", local, "127.0.0.1", node.ports["tftp"], check=False, seconds=60)
    return local.read_bytes() if result.status == 0 else None


def by_curl(url):
    """The body, or None."""
    result = run("curl", "-sS", "-k", "--fail", "--path-as-is", "--noproxy", "*", "--max-time", "60", url, check=False, seconds=90)
    return result.raw if result.status == 0 else None


def by_curl_tftp(node, name, folder, *more):
    return by_curl(f"tftp://127.0.0.1:{node.ports['tftp']}/{name}")


def by_http(node, name, folder=None, *more):
    return by_curl(f"http://127.0.0.1:{node.ports['phone-http']}/{name}")


def by_https(node, name, folder=None, *more):
    return by_curl(f"https://127.0.0.1:{node.ports['phone-https']}/{name}")


TFTP_CLIENTS = [by_tftp_hpa, by_atftp, by_curl_tftp]
CLIENTS = [*TFTP_CLIENTS, by_http]
every_client = pytest.mark.parametrize("get", CLIENTS, ids=lambda f: f.__name__)


def answer(node, path, *options, service="phone-http"):
    """The status, the headers and the body of an answer by HTTP."""
    scheme = "https" if service == "phone-https" else "http"
    result = run("curl", "-sS", "-k", "-i", "--path-as-is", "--noproxy", "*", "--max-time", "60", *options, f"{scheme}://127.0.0.1:{node.ports[service]}{path}", seconds=90)
    head, _, body = result.raw.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    return int(lines[0].split()[1]), {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}, body


# ---- files


class SignedFile:
    """A .sgn or .enc.sgn, taken apart by its layout alone."""

    CONTAINERS, PADDING = (3, 7, 9, 16, 17, 21), 13

    def __init__(self, data):
        self.data = data
        self.length, = struct.unpack_from(">H", data, 8)
        assert data[:3] == bytes([1, 0, 2]) and self.length % 4 == 0
        self.version = (data[3], data[4])
        self.fields = {}
        at = 0
        while at < self.length:
            tag = data[at]
            if tag == self.PADDING:
                at += 1
                continue
            size, = struct.unpack_from(">H", data, at + 1)
            self.fields[tag] = (data[at + 3:at + 3 + size], at)
            at += 3 if tag in self.CONTAINERS else 3 + size
        assert at == self.length
        self.body = data[self.length:]
        self.digest = DIGESTS[self.fields[8][0][0]]
        self.name = self.fields[14][0].rstrip(b"\0").decode()

    def __getitem__(self, tag):
        return self.fields[tag][0]

    def signed_by(self, pem, folder):
        """Does the openssl program verify the signature with this certificate?"""
        value, at = self.fields[12]
        signed = self.data[:at] + self.data[at + 3 + len(value):]
        public, signature = folder / "public.pem", folder / "signature"
        public.write_bytes(openssl("x509", "-pubkey", "-noout", input=pem).raw)
        signature.write_bytes(value)
        done = openssl("dgst", f"-{self.digest}", "-verify", public, "-signature", signature, input=signed, check=False)
        names_it = int.from_bytes(self[5], "big") == load(pem).serial_number
        return done.status == 0 and names_it

    def opened_with(self, key):
        """The plaintext, decrypted without the project's code; its digest is compared."""
        secret = key.decrypt(self[25], padding.PKCS1v15())
        assert len(secret) == 16 and struct.unpack(">H", self[23])[0] == 8 * len(self[25])
        decryptor = Cipher(algorithms.AES(secret), modes.CBC(self[19])).decryptor()
        padded = decryptor.update(self.body) + decryptor.finalize()
        count, = struct.unpack(">H", self[20])
        assert 1 <= count <= 16 and padded[-count:] == b"\r" * count
        plain = padded[:-count]
        assert hashlib.new(DIGESTS[self[26][0]], plain).digest() == self[27]
        return plain


class Phone:
    """A phone with a certificate of its own."""

    def __init__(self, folder, name=PHONE):
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        path = folder / "phone.key"
        path.write_bytes(self.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
        self.pem = openssl("req", "-x509", "-new", "-key", path, "-subj", f"/CN={name}", "-days", "30").out

    @property
    def hash(self):
        return hashlib.md5(load(self.pem).public_bytes(serialization.Encoding.DER)).hexdigest()


def put(node, name, data):
    path = node.data / "tftp" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def know(node, phone, name=PHONE):
    (node.data / "phone-certificates" / f"{name}.pem").write_text(phone.pem)


def stub_value(stub, element):
    return re.search(rf"<{element}>(.*?)</{element}>|<{element}/>", stub.decode())[1] or ""


@pytest.fixture(scope="module")
def served(shared_node):
    """A node with some files that no test changes."""
    put(shared_node, "ringlist.xml", "<CiscoIPPhoneRingList/>")
    put(shared_node, "English_United_States/tones.xml", "<tones/>")
    put(shared_node, "firmware.bin", os.urandom(1_500_000))
    put(shared_node, "empty.xml", b"")
    put(shared_node, CONFIG, config())
    return shared_node


# ---- what is served


@pytest.mark.quick
@every_client
def test_files_come_as_they_are(served, get, tmp_path):
    for name in ("ringlist.xml", "English_United_States/tones.xml", "firmware.bin", CONFIG):
        assert get(served, name, tmp_path) == (served.data / "tftp" / name).read_bytes(), name
    assert get(served, "none.xml", tmp_path) is None


@every_client
def test_signed_files_are_signed_by_CallManager(served, get, tmp_path):
    """formats 3: the header, then the file unchanged; the name inside is the one that was asked for."""
    pem = served.pem("CallManager")
    for name in ("ringlist.xml", "English_United_States/tones.xml", "empty.xml", CONFIG):
        file = SignedFile(get(served, f"{name}.sgn", tmp_path))
        assert (file.version, file.name, file.digest) == ((1, 0), f"{name}.sgn", "sha1")
        assert file.body == (served.data / "tftp" / name).read_bytes()
        assert file.signed_by(pem, tmp_path) and not file.signed_by(served.pem("TVS"), tmp_path)
    assert get(served, "none.xml.sgn", tmp_path) is None


@every_client
def test_lists_come_under_every_name(served, get, tmp_path):
    """formats 5.2: ITL<device>.tlv and ITLFile.tlv are the node's ITL. A cluster that is not in mixed mode has no CTL."""
    names = ["ITLFile.tlv", f"ITL{PHONE}.tlv", f"itlsep{MAC}.tlv"]
    lists = {get(served, name, tmp_path) for name in names}
    assert len(lists) == 1
    assert TrustList(lists.pop()).verify(tmp_path)
    for name in ("CTLFile.tlv", f"CTL{PHONE}.tlv"):
        assert get(served, name, tmp_path) is None


def test_options_of_tftp_bring_the_same_file(served, tmp_path):
    expected = (served.data / "tftp" / "firmware.bin").read_bytes()
    for options in ([], ["--option", "blksize 1428"], ["--option", "blksize 8"], ["--option", "windowsize 16", "--option", "blksize 512"]):
        if "blksize 8" in options:
            name, data = "ringlist.xml", (served.data / "tftp" / "ringlist.xml").read_bytes()
        else:
            name, data = "firmware.bin", expected
        assert by_atftp(served, name, tmp_path, *options) == data, options


def test_a_list_of_a_phones_own_takes_the_place_of_the_clusters(node, tmp_path):
    """formats 5.2: the per-phone file, else the cluster's."""
    node.json("utils", "ctl", "set-cluster", "mixed-mode", "--yes")
    ctl = by_http(node, "CTLFile.tlv")
    assert TrustList(ctl).file_name == "CTLFile.tlv"
    assert by_tftp_hpa(node, f"CTL{PHONE}.tlv", tmp_path) == by_http(node, f"ctlsep{MAC}.tlv") == by_http(node, "CTLCSFjdoe.tlv") == ctl
    path = put(node, f"CTL{PHONE}.tlv", b"a list of its own")
    assert by_tftp_hpa(node, f"CTL{PHONE}.tlv", tmp_path) == b"a list of its own"
    assert by_http(node, "CTLSEP0011223344AA.tlv") == by_http(node, "CTLFile.tlv") == ctl
    path.unlink()
    assert by_tftp_hpa(node, f"CTL{PHONE}.tlv", tmp_path) == ctl


def test_names_are_mapped_but_exact_ones_come_first(node):
    """C119: a phone that spells its name in lower case gets its file."""
    put(node, CONFIG, config())
    assert by_http(node, f"sep{MAC}.cnf.xml") == config()
    assert SignedFile(by_http(node, f"sep{MAC}.cnf.xml.sgn")).name == f"sep{MAC}.cnf.xml.sgn"
    put(node, f"sep{MAC}.cnf.xml", config(password="another"))
    assert by_http(node, f"sep{MAC}.cnf.xml") == config(password="another")
    assert by_http(node, CONFIG) == config()


# ---- encrypted configurations


@pytest.mark.quick
@every_client
def test_an_encrypted_configuration_opens_with_the_phones_key_only(new_node, get, tmp_path):
    """formats 4: the stub names the certificate, the file is encrypted for it, and the clear text is nowhere."""
    node, phone = new_node.copy(), Phone(tmp_path)
    put(node, CONFIG, config(encrypted=True))
    pem = node.pem("CallManager")
    # Nobody knows the phone yet: it is to start CAPF.
    stub = SignedFile(get(node, f"{CONFIG}.sgn", tmp_path))
    assert stub.signed_by(pem, tmp_path) and stub_value(stub.body, "certHash") == ""
    assert get(node, f"{CONFIG}.enc.sgn", tmp_path) is None
    know(node, phone)
    stub = SignedFile(get(node, f"{CONFIG}.sgn", tmp_path))
    assert (stub.version, stub.name) == ((1, 0), f"{CONFIG}.sgn") and stub.signed_by(pem, tmp_path)
    values = {name: stub_value(stub.body, name) for name in ("fullConfig", "encrConfig", "certHash", "loadInformation")}
    assert values == {"fullConfig": "false", "encrConfig": "true", "certHash": phone.hash, "loadInformation": "sip88xx.14-2-1"}
    file = SignedFile(get(node, f"{CONFIG}.enc.sgn", tmp_path))
    assert (file.version, file.name) == ((2, 0), f"{CONFIG}.enc.sgn") and file.signed_by(pem, tmp_path)
    assert file.opened_with(phone.key) == config(encrypted=True)
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    with pytest.raises((AssertionError, ValueError)):
        file.opened_with(stranger)
    assert get(node, CONFIG, tmp_path) is None
    assert PASSWORD.encode() not in stub.data + file.data


def test_a_configuration_that_becomes_secret_is_so_at_once(node, tmp_path):
    put(node, CONFIG, config())
    time.sleep(0.2)  # it is kept in memory by now
    assert by_http(node, CONFIG) == config() and PASSWORD.encode() in by_http(node, f"{CONFIG}.sgn") and by_http(node, CONFIG) == config()
    put(node, CONFIG, config(encrypted=True))
    know(node, Phone(tmp_path))
    for get in CLIENTS:
        for name in (CONFIG, f"{CONFIG}.sgn", f"{CONFIG}.enc.sgn", f"sep{MAC}.cnf.xml"):
            assert PASSWORD.encode() not in (get(node, name, tmp_path) or b""), name
    for name in (CONFIG, f"{CONFIG}.sgn", f"{CONFIG}.enc.sgn"):
        assert PASSWORD.encode() not in (by_https(node, name) or b""), name


# ---- HTTPS


def test_https_gives_the_configuration_without_a_signature(node, tmp_path):
    """formats 5.1: on 6971 the phone asks for the signed name and wants what is inside; other files are signed everywhere."""
    put(node, CONFIG, config())
    put(node, "ringlist.xml", "<rings/>")
    assert by_https(node, f"{CONFIG}.sgn") == config()
    assert by_https(node, f"sep{MAC}.cnf.xml.sgn") == config()
    assert SignedFile(by_http(node, f"{CONFIG}.sgn")).body == config()
    assert SignedFile(by_https(node, "ringlist.xml.sgn")).signed_by(node.pem("CallManager"), tmp_path)
    put(node, CONFIG, config(encrypted=True))
    stub = by_https(node, f"{CONFIG}.sgn")
    assert stub_value(stub, "fullConfig") == "false" and PASSWORD.encode() not in stub
    assert by_https(node, CONFIG) is None


def presented(node, *options):
    """The certificate on 6971, and the protocol; (None, ...) when there was no handshake."""
    result = openssl("s_client", "-connect", f"127.0.0.1:{node.ports['phone-https']}", *options, input="", check=False)
    pem = re.search(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n", result.out, re.DOTALL)
    protocol = re.search(r"^\s*(?:Protocol\s*:|New,) (TLSv[\d.]+)", result.out, re.MULTILINE)
    return pem and pem[0], protocol and protocol[1]


def test_https_presents_CallManager_of_both_kinds(node):
    assert load(presented(node, "-tls1_2", "-sigalgs", "RSA-PSS+SHA256")[0]) == load(node.pem("CallManager"))
    assert load(presented(node, "-tls1_2", "-sigalgs", "ECDSA+SHA384")[0]) == load(node.pem("CallManager-ECDSA"))
    node.cli("set", "cert", "regen", "CallManager-ECDSA", "--yes", "--force")
    assert load(presented(node, "-tls1_2", "-sigalgs", "ECDSA+SHA384")[0]) == load(node.pem("CallManager-ECDSA"))


def test_old_phones_are_let_in_only_when_asked_for_and_only_there(new_node):
    """C113: TLS 1.0 is behind a switch of its own, for this service alone."""
    old = ("-tls1", "-cipher", "AES128-SHA:@SECLEVEL=0")  # no forward secrecy either
    node = new_node.copy()
    assert presented(node, *old)[0] is None
    node.restart("--old-phones", "yes")
    pem, protocol = presented(node, *old)
    assert load(pem) == load(node.pem("CallManager")) and protocol == "TLSv1"
    console = openssl("s_client", "-connect", f"127.0.0.1:{node.port}", *old, input="", check=False)
    assert "BEGIN CERTIFICATE" not in console.out


# ---- HTTP


def test_http_says_what_it_gives(served):
    status, headers, body = answer(served, "/ringlist.xml")
    assert (status, headers["content-type"], body) == (200, "text/xml", b"<CiscoIPPhoneRingList/>")
    assert headers["content-length"] == str(len(body))
    status, headers, body = answer(served, "/firmware.bin")
    assert (status, headers["content-type"], len(body)) == (200, "application/octet-stream", 1_500_000)
    status, headers, body = answer(served, "/empty.xml")
    assert (status, headers["content-length"], body) == (200, "0", b"")
    status, headers, body = answer(served, "/firmware.bin", "-I")
    assert (status, headers["content-length"]) == (200, "1500000")
    status, headers, body = answer(served, "/English%5FUnited%5fStates/tones.xml", "--http1.0")
    assert (status, body) == (200, b"<tones/>")
    for path, expected in (("/none.xml", 404), ("/", 403), ("/%2e%2e/store.db", 403), ("/a%0ab", 403)):
        status, headers, body = answer(served, path)
        assert status == expected and headers["content-type"].startswith("text/plain") and body.count(b"\n") == 1, path
    for options in (["-X", "DELETE"], ["-X", "OPTIONS"], ["-X", "PUT", "-H", "Content-Length: 0"]):
        status, headers, body = answer(served, "/ringlist.xml", *options)
        assert (status, headers["allow"]) == (405, "GET, HEAD")
    assert answer(served, "/ringlist.xml", "--data", "x")[0] == 413


def test_http_needs_no_sign_in_and_offers_nothing_else(served):
    for path in ("/api/v1/status", "/console", "/index.html"):
        for service in ("phone-http", "phone-https"):
            assert answer(served, path, service=service)[0] == 404


def test_a_connection_serves_many_requests(served):
    with socket.create_connection(("127.0.0.1", served.ports["phone-http"]), timeout=60) as s:
        stream = s.makefile("rb")
        for version, more in (("1.1", ""), ("1.1", ""), ("1.0", "Connection: keep-alive\r\n"), ("1.0", "")):
            s.sendall(f"GET /ringlist.xml HTTP/{version}\r\nHost: x\r\n{more}\r\n".encode())
            assert stream.readline().split()[1] == b"200"
            length = 0
            while (line := stream.readline()) != b"\r\n":
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            assert stream.read(length) == b"<CiscoIPPhoneRingList/>"
        assert stream.read() == b""


# ---- never stale


def test_a_file_that_is_written_again_is_seen_at_once(node, tmp_path):
    """Within the same second and the same millisecond, with the same size: whatever was there when the phone asked is what it gets."""
    with socket.create_connection(("127.0.0.1", node.ports["phone-http"]), timeout=60) as s:
        stream = s.makefile("rb")

        def fetch(name):
            s.sendall(f"GET /{name} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            length = 0
            assert stream.readline().split()[1] == b"200"
            while (line := stream.readline()) != b"\r\n":
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            return stream.read(length)

        for number in range(300):
            text = f"<rings n='{number:06}'/>".encode()
            if number % 2:
                put(node, "next", text).rename(node.data / "tftp" / "ringlist.xml")
            else:
                put(node, "ringlist.xml", text)
            name = ("ringlist.xml", "ringlist.xml.sgn")[number // 2 % 2]
            assert fetch(name).endswith(text)
            if number % 50 == 0:
                time.sleep(0.15)  # old enough to be kept
                assert fetch(name).endswith(text) and fetch(name).endswith(text)


def test_a_change_with_the_times_and_size_of_before_is_seen(node):
    path = put(node, "ringlist.xml", "<rings>1</rings>")
    time.sleep(0.2)
    before = path.stat()
    assert by_http(node, "ringlist.xml.sgn").endswith(b"<rings>1</rings>")
    path.write_text("<rings>2</rings>")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_mtime_ns == before.st_mtime_ns
    assert by_http(node, "ringlist.xml.sgn").endswith(b"<rings>2</rings>")
    path.unlink()
    assert by_http(node, "ringlist.xml.sgn") is None


def test_a_new_key_signs_the_next_request(node, tmp_path):
    put(node, CONFIG, config())
    time.sleep(0.2)
    for _ in range(3):
        pem = node.pem("CallManager")
        for get in CLIENTS:
            assert SignedFile(get(node, f"{CONFIG}.sgn", tmp_path)).signed_by(pem, tmp_path)
        node.cli("set", "cert", "regen", "CallManager", "--yes", "--force")
        assert node.pem("CallManager") != pem


def test_settings_count_for_the_next_request(node, tmp_path):
    put(node, CONFIG, config())
    time.sleep(0.2)
    assert SignedFile(by_http(node, f"{CONFIG}.sgn")).digest == "sha1"
    node.cli("set", "setting", "file-signature", "sha512", "--yes")
    file = SignedFile(by_http(node, f"{CONFIG}.sgn"))
    assert file.digest == "sha512" and file.signed_by(node.pem("CallManager"), tmp_path) and file.body == config()
    put(node, CONFIG, config().replace(b"<capfAuthMode>0<", b"<capfAuthMode>2<"))
    node.cli("set", "setting", "phone-fill", "on", "--yes")
    filled = SignedFile(by_tftp_hpa(node, f"{CONFIG}.sgn", tmp_path)).body
    assert re.search(rb"<TVS>.*<address>.*</TVS>", filled, re.DOTALL) and b"<capfList>" in filled and PASSWORD.encode() in filled
    assert b"<capfAuthMode>0</capfAuthMode>" in filled  # CAPF has nothing for the phone
    assert by_https(node, f"{CONFIG}.sgn") == by_http(node, CONFIG) == filled
    node.cli("set", "setting", "phone-fill", "off", "--yes")
    assert by_http(node, CONFIG) == config().replace(b"<capfAuthMode>0<", b"<capfAuthMode>2<")


# ---- what is not for phones


UNSAFE = ["../store.db", "/../store.db", "//etc/passwd", "a/../../store.db", "./ringlist.xml", ".hidden", "folder/.hidden", "folder/../ringlist.xml", "folder//file", "folder/",
          "..%2fstore.db", "ringlist.xml/", "%2e%2e/store.db"]


@pytest.fixture
def exposed(node):
    """A node whose directory of files holds all that must not be given out."""
    folder = node.data / "tftp"
    put(node, "ringlist.xml", "<rings/>")
    put(node, "folder/file", "file")
    put(node, "folder/.hidden", "hidden")
    put(node, ".hidden", "hidden")
    (folder / "out").symlink_to("../store.db")
    (folder / "absolute").symlink_to("/etc/passwd")
    (folder / "up").symlink_to("..")
    (folder / "root").symlink_to("/")
    (folder / "loop").symlink_to("loop")
    (folder / "within").symlink_to("folder/file")
    (folder / "folder" / "back").symlink_to("../ringlist.xml")
    os.mkfifo(folder / "pipe")
    with socket.socket(socket.AF_UNIX) as s:
        here = os.getcwd()
        os.chdir(folder)  # paths of sockets are short
        try:
            s.bind("socket")
        finally:
            os.chdir(here)
    return node


@every_client
def test_nothing_but_files_below_the_directory_is_given(exposed, get, tmp_path):
    names = [*UNSAFE, "out", "absolute", "up/store.db", "root/etc/passwd", "loop", "pipe", "socket", "folder", "out.sgn", "pipe.sgn", "folder.sgn", ".sgn", "folder/.sgn"]
    for name in names:
        if get is by_http and name in ("/../store.db", "//etc/passwd"):
            name = name[1:]
        assert get(exposed, name, tmp_path) is None, name
    assert get(exposed, "within", tmp_path) == b"file"
    assert get(exposed, "folder/back", tmp_path) == b"<rings/>"


def read_request(mode, name):
    return b"\0\x01" + name + b"\0" + mode + b"\0"


def tftp_error(node, packet):
    """The error code and the message of the answer to a packet."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(30)
        s.sendto(packet, ("127.0.0.1", node.ports["tftp"]))
        data = s.recv(2000)
    assert data[:2] == b"\0\x05", data
    return struct.unpack(">H", data[2:4])[0], data[4:].rstrip(b"\0").decode()


def test_names_that_no_client_sends_are_refused(exposed):
    for name in (b"a\nb", b"\x1b[2J", b"..", b"../../../../etc/shadow", b"a" * 300, b"/" * 5, b"", b"\xff/../x"):
        code, message = tftp_error(exposed, read_request(b"octet", name))
        assert code != 0 or message, name
        assert "/" + str(exposed.data) not in message and "root:" not in message
    assert tftp_error(exposed, read_request(b"octet", b"none.xml"))[0] == 1  # file not found
    code, message = tftp_error(exposed, read_request(b"octet", b"../store.db"))
    assert code == 2 and "store.db" in message  # access violation
    assert by_http(exposed, "ringlist.xml") == b"<rings/>"


def test_a_file_that_is_too_large_is_refused(node, tmp_path):
    path = put(node, "huge.bin", b"")
    os.truncate(path, 64 * 1024 * 1024 + 1)
    status, _, body = answer(node, "/huge.bin")
    assert status == 500 and str(64 * 1024 * 1024 + 1).encode() in body
    os.truncate(path, 64 * 1024 * 1024)
    assert answer(node, "/huge.bin", "-I")[1]["content-length"] == str(64 * 1024 * 1024)


def test_a_configuration_that_cannot_be_read_is_given_unless_it_may_be_secret(node):
    put(node, CONFIG, b"<device><a></device>")
    assert by_http(node, CONFIG) == b"<device><a></device>"
    put(node, CONFIG, b"<device><a><encrConfig>true</encrConfig></device>")
    status, _, body = answer(node, f"/{CONFIG}")
    assert status == 500 and CONFIG.encode() in body and b"line 1" in body
    assert CONFIG in node.err


# ---- many at once


def test_a_crowd_of_phones_gets_the_same_file(node, tmp_path):
    put(node, CONFIG, config())
    time.sleep(0.2)
    with ThreadPoolExecutor(24) as pool:
        files = set(pool.map(lambda _: by_http(node, f"{CONFIG}.sgn"), range(96)))
    assert len(files) == 1 and SignedFile(files.pop()).signed_by(node.pem("CallManager"), tmp_path)


def test_files_and_keys_change_under_load(node, tmp_path):
    """Every file that is fetched meanwhile is whole: a body that was there, signed by a key that was in force."""
    put(node, CONFIG, config())
    pems, over = [node.pem("CallManager")], threading.Event()

    def fetch(number):
        got = []
        while not over.is_set():
            got.append((by_http, by_curl_tftp)[number % 2](node, f"{CONFIG}.sgn", None))
        return got

    with ThreadPoolExecutor(4) as pool:
        running = [pool.submit(fetch, number) for number in range(4)]
        try:
            for number in range(6):
                put(node, "next", config(password=f"pw{number:04}")).rename(node.data / "tftp" / CONFIG)
                node.cli("set", "cert", "regen", "CallManager", "--yes", "--force")
                pems.append(node.pem("CallManager"))
        finally:
            over.set()
        files = [file for one in running for file in one.result()]
    bodies = {config()} | {config(password=f"pw{number:04}") for number in range(6)}
    different = set(files)
    assert len(files) > 20 and None not in different
    for data in different:
        file = SignedFile(data)
        assert file.body in bodies and any(file.signed_by(pem, tmp_path) for pem in pems)


# ---- who fetched what


def phone_of(node, device):
    return node.get(f"/phones/{device}")


def test_fetches_and_misses_are_recorded(node, tmp_path):
    """The issue: a record per phone of which version of which list it fetched when; C119: what it missed, by its name."""
    put(node, CONFIG, config())
    assert node.get("/phones")["items"] == []
    itl = by_tftp_hpa(node, f"ITL{PHONE}.tlv", tmp_path)
    assert by_http(node, f"CTL{PHONE}.tlv") is None
    assert by_http(node, f"{CONFIG}.sgn")
    assert by_atftp(node, "ITLSEPAABBCCDDEEFF.tlv", tmp_path) == itl
    version = hashlib.sha256(itl).hexdigest()
    items = {item["device"]: item for item in node.get("/phones")["items"]}
    assert set(items) == {PHONE, "SEPAABBCCDDEEFF"}
    one = items[PHONE]
    assert (one["address"], one["via"]) == ("127.0.0.1", "http")
    assert (one["itl"]["version"], one["itl"]["current"], one["ctl"]) == (version, True, None)
    assert (one["config"]["file"], one["missed"]["file"]) == (f"{CONFIG}.sgn", f"CTL{PHONE}.tlv")
    assert node.get("/phones", [("stale", "1")])["items"] == []
    # The ITL is another one now, which the first phone fetches.
    node.cli("set", "cert", "regen", "TVS", "--yes", "--force")
    assert {item["device"] for item in node.get("/phones", [("stale", "1")])["items"]} == {PHONE, "SEPAABBCCDDEEFF"}
    fresh = hashlib.sha256(by_http(node, "itlsep001122334455.tlv")).hexdigest()
    assert fresh != version
    assert [item["device"] for item in node.get("/phones", [("stale", "1")])["items"]] == ["SEPAABBCCDDEEFF"]
    phone = phone_of(node, PHONE)
    assert phone["itl"]["version"] == fresh and {row["version"] for row in phone["lists"]} == {fresh, version}
    assert node.api("GET", "/phones/SEP000000000000").expect(404, "no-phone")
    # It is there after a restart.
    node.restart()
    assert phone_of(node, PHONE)["itl"]["version"] == fresh


def test_a_transfer_that_is_given_up_is_not_recorded(node):
    put(node, CONFIG, config() + b" " * 3000)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(30)
        s.sendto(read_request(b"octet", CONFIG.encode()), ("127.0.0.1", node.ports["tftp"]))
        data, peer = s.recvfrom(2000)
        assert data[:4] == b"\0\x03\0\x01"
        s.sendto(b"\0\x05\0\0bye\0", peer)
    with socket.create_connection(("127.0.0.1", node.ports["phone-http"]), timeout=30) as s:
        s.sendall(f"HEAD /{CONFIG} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert s.recv(12) == b"HTTP/1.1 200"
    assert by_http(node, "ITLSEPAABBCCDDEEFF.tlv")
    assert [item["device"] for item in node.get("/phones")["items"]] == ["SEPAABBCCDDEEFF"]


# ---- the daemon


def test_services_are_switched_off_and_on_by_role_and_by_configuration(new_node, tmp_path):
    """Without being asked for, services for phones listen only on nodes that serve them; SERVICE=none switches one off."""
    conf = tmp_path / "ucpkid.conf"
    conf.write_text("listen = phone-http=127.0.0.1:0\nlisten = tftp=none\n")
    node = new_node.copy("--config", conf, "--listen", "phone-https=none", start=False)
    bare = [word for word in node.command()]
    bare = [word for i, word in enumerate(bare) if not (word == "--listen" or (i and bare[i - 1] == "--listen"))] + ["--listen", "https=127.0.0.1:0", "--listen", "phone-https=none"]
    node.command = lambda: bare
    node.start()
    assert sorted(node.ports) == ["https", "phone-http"]
    assert f"files for phones: http://127.0.0.1:{node.ports['phone-http']}/\n" in node.out
    assert by_http(node, "ITLFile.tlv")
    other = new_node("--roles", "reporting", start=False)
    other.command = lambda: [str(word) for word in (other.daemon, "--data", other.data, "--socket", other.socket, "--listen", "https=127.0.0.1:0", "--roles", "reporting")]
    other.start()
    assert list(other.ports) == ["https"] and "files for phones" not in other.out


def test_directories_can_be_elsewhere(new_node, tmp_path):
    files, certs = tmp_path / "files", tmp_path / "certs"
    node = new_node.copy("--phone-files", files, "--phone-certificates", certs)
    assert files.is_dir() and certs.is_dir()
    phone = Phone(tmp_path)
    (files / CONFIG).write_bytes(config(encrypted=True))
    (certs / f"{PHONE}.pem").write_bytes(load(phone.pem).public_bytes(serialization.Encoding.DER))
    assert SignedFile(by_http(node, f"{CONFIG}.enc.sgn")).opened_with(phone.key) == config(encrypted=True)
    # A directory that is put in its place is the one that counts.
    files.rename(tmp_path / "old")
    assert by_http(node, f"{CONFIG}.enc.sgn") is None
    files.mkdir()
    (files / CONFIG).write_bytes(config())
    assert by_http(node, CONFIG) == config()


@pytest.mark.parametrize("service", ["tftp", "phone-http", "phone-https"])
def test_a_port_that_is_taken_ends_the_start_and_is_named(new_node, service):
    one, two = new_node.copy(), new_node.copy(start=False)
    two.arguments = ["--listen", f"{service}=127.0.0.1:{one.ports[service]}"]
    two.launch()
    assert two.wait() == 1
    assert f"listen = {service}=127.0.0.1:{one.ports[service]}" in two.err


def test_a_port_that_needs_a_privilege_says_what_to_do(new_node):
    if os.geteuid() != 0:
        pytest.skip("it takes root to become somebody without privileges")
    if int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text()) <= 69:
        pytest.skip("port 69 needs no privilege here")
    node = new_node("--listen", "tftp=127.0.0.1:69", start=False)
    os.chown(node.folder, 65534, 65534)
    done = subprocess.run(["timeout", "60", "setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", *node.command()], capture_output=True, env=environment(), check=False)
    err = done.stderr.decode()
    assert done.returncode == 1 and "69" in err and "CAP_NET_BIND_SERVICE" in err, err


def test_the_trace_shows_each_packet(new_node, tmp_path):
    """C118: packet-level debugging."""
    node = new_node.copy("--tftp-trace", "yes", "--log", "debug")
    assert by_tftp_hpa(node, "ITLFile.tlv", tmp_path)
    size = len(by_http(node, "ITLFile.tlv"))
    assert len(re.findall(r"debug: TFTP (?:from|to) 127\.0\.0\.1 port \d+: ", node.err)) >= 2 * (size // 512 + 1) + 1
    node.restart("--log", "debug")
    assert by_tftp_hpa(node, "ITLFile.tlv", tmp_path)
    assert "TFTP from" not in node.err
