"""What the black-box tests share: a node (ucpkid) and its clients, and a certification authority run by the openssl program.

Nothing here knows the code: a node is driven through `ucpki` and `curl` only. Every wait has a limit, and no process outlives the tests: ucpkid runs under
`timeout` and dies with it, which dies with pytest.
"""
import base64
import ctypes
import hashlib
import json
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD = Path(os.environ.get("UCPKI_BUILD") or ROOT / "build")
DAEMON = BUILD / "ucpkid"
PROGRAM = BUILD / "ucpki"

START_SECONDS = 120  # sanitizers, two cores, other tests: far more than it ever takes
STOP_SECONDS = 60
LIFE_SECONDS = 900  # after which `timeout` ends a node whatever happens
CALL_SECONDS = 120

PHONE_FOLDERS = ("tftp", "phone-certificates")  # what is in them is for everybody
SERVICES = ("https", "tftp", "phone-http", "phone-https")  # all that a node listens for

NAME = "cucm-pub"
DOMAIN = "example.com"
FQDN = f"{NAME}.{DOMAIN}"

# AddressSanitizer ends a program with this, so that it is not taken for a status of the program itself.
SANITIZER_EXIT = 97
SANITIZER_WORDS = re.compile(r"ERROR: \w*Sanitizer|runtime error:|LeakSanitizer")

_libc = ctypes.CDLL(None, use_errno=True)


def _die_with_parent():
    _libc.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def environment(**more):
    """The environment of the programs: nothing of the caller's that could change what they do."""
    env = {k: v for k, v in os.environ.items() if k not in ("UCPKI_SOCKET", "NO_COLOR", "http_proxy", "https_proxy", "HTTPS_PROXY")}
    env["ASAN_OPTIONS"] = ":".join(filter(None, [env.get("ASAN_OPTIONS"), f"exitcode={SANITIZER_EXIT}"]))
    env["UBSAN_OPTIONS"] = ":".join(filter(None, [env.get("UBSAN_OPTIONS"), f"exitcode={SANITIZER_EXIT}"]))
    env.update({k: str(v) for k, v in more.items()})
    return env


def run(*command, input=None, check=True, seconds=CALL_SECONDS, env=None, cwd=None):
    """Runs a program to its end; returns Result. check: its exit status must be 0."""
    if isinstance(input, str):
        input = input.encode()
    done = subprocess.run([str(word) for word in command], input=input if input is not None else b"", capture_output=True, timeout=seconds,
                          env=env, cwd=cwd, check=False)
    result = Result(command, done.returncode, done.stdout, done.stderr)
    assert not SANITIZER_WORDS.search(result.err), result.err
    if check:
        assert result.status == 0, f"{result}"
    return result


def openssl(*arguments, input=None, check=True, **more):
    return run("openssl", *arguments, input=input, check=check, **more)


class Result:
    """What a program left behind: status, raw (bytes), out and err (text), json."""

    def __init__(self, command, status, out, err):
        self.command, self.status, self.raw, self.out, self.err = command, status, out, out.decode(errors="replace"), err.decode(errors="replace")

    @property
    def json(self):
        try:
            return json.loads(self.raw)
        except ValueError as e:
            raise AssertionError(f"the output is no JSON: {e}\n{self}") from e

    def __str__(self):
        words = " ".join(str(word) for word in self.command)
        return f"{words}: exit status {self.status}\n--- stdout\n{self.out}\n--- stderr\n{self.err}"


class Answer:
    """An answer of the API: status, headers (a dict with lower-case names), body (bytes), json (None when the body is none)."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body
        self.json = None
        if body and "json" in headers.get("content-type", ""):
            self.json = json.loads(body)

    def __str__(self):
        return f"{self.status} {self.headers}\n{self.body[:2000]!r}"

    def expect(self, status, code=None):
        """Asserts the status, and for a problem its code and shape (RFC 9457); returns self."""
        assert self.status == status, f"{self}"
        if code is not None:
            assert self.headers["content-type"] == "application/problem+json", f"{self}"
            assert self.json["code"] == code, f"{self}"
            assert self.json["type"] == f"urn:ucpki:problem:{code}" and self.json["status"] == status and self.json["title"], f"{self}"
        return self


class Node:
    """A node in a directory of its own. start() makes a process, stop() ends it by SIGTERM, kill() by SIGKILL, restart() starts it again on the same data."""

    def __init__(self, folder, password=None, arguments=(), build=BUILD):
        self.folder = Path(folder)
        self.data = self.folder / "data"
        self.socket = self.folder / "s"
        self.arguments = [str(word) for word in arguments]
        self.daemon, self.program = Path(build) / "ucpkid", Path(build) / "ucpki"
        self.password = password
        self.starts = 0
        self.process = None
        self.env = {}
        assert len(str(self.socket)) < 100, f"the path of the socket is too long for the system: {self.socket}"

    # -- the process

    def command(self):
        words = [self.daemon, "--data", self.data, "--socket", self.socket]
        for service in SERVICES:
            words += ["--listen", f"{service}=127.0.0.1:0"]
        words += self.arguments
        return [str(word) for word in words]

    def launch(self):
        """Starts the process without waiting for it to be ready."""
        assert self.process is None or self.process.poll() is not None, "it runs already"
        self.starts += 1
        self.out_path, self.err_path = self.folder / f"out.{self.starts}", self.folder / f"err.{self.starts}"
        guard = ["timeout", "-k", "5", str(LIFE_SECONDS), "setpriv", "--pdeathsig", "KILL"]
        with open(self.out_path, "wb") as out, open(self.err_path, "wb") as err:
            self.process = subprocess.Popen(guard + self.command(), stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=environment(**self.env),
                                            start_new_session=True, preexec_fn=_die_with_parent)
        return self

    def start(self):
        """Starts the process and waits until it serves."""
        return self.launch().until_ready()

    def until_ready(self):
        end = time.monotonic() + START_SECONDS
        while not self.is_ready():
            assert self.process.poll() is None, f"ucpkid ended with {self.process.returncode}\n{self.out}{self.err}"
            assert time.monotonic() < end, f"ucpkid is not ready after {START_SECONDS} s\n{self.out}{self.err}"
            time.sleep(0.01)
        first = re.search(r"password (\S+)", self.out)
        if first:
            self.password = first[1]
        return self

    def is_ready(self):
        """It has printed where it listens, and its socket takes connections."""
        if "socket: " not in self.out:
            return False
        with socket.socket(socket.AF_UNIX) as s:
            try:
                s.connect(str(self.socket))
                return True
            except OSError:
                return False

    @property
    def pid(self):
        """The process id of ucpkid itself, which is a child of `timeout`."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return int(children[0])

    @property
    def running(self):
        return self.process is not None and self.process.poll() is None

    @property
    def out(self):
        return self.out_path.read_text(errors="replace")

    @property
    def err(self):
        return self.err_path.read_text(errors="replace")

    def wait(self, seconds=STOP_SECONDS):
        """Waits for the end of the process; returns its exit status."""
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"ucpkid did not end in {seconds} s\n{self.err}") from None
        assert not SANITIZER_WORDS.search(self.err), self.err
        return status

    def stop(self):
        """Ends it by SIGTERM; it must end well."""
        if self.running:
            os.kill(self.pid, signal.SIGTERM)
        status = self.wait()
        assert status == 0, f"ucpkid ended with {status}\n{self.err}"
        return self

    def kill(self):
        """Ends it by SIGKILL, at once, and waits until it is gone, with its locks."""
        if self.process is None:
            return self
        handle = self.handle()
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait(STOP_SECONDS)
        if handle is not None:
            gone, _, _ = select.select([handle], [], [], STOP_SECONDS)
            os.close(handle)
            assert gone, "ucpkid did not end on SIGKILL"
        return self

    def handle(self):
        """A descriptor that becomes readable when ucpkid ends; None when it has ended."""
        try:
            return os.pidfd_open(self.pid)
        except (OSError, IndexError):
            return None

    def restart(self, *arguments):
        """Ends it (if it runs) and starts it again with the same data; arguments replace the former ones when there are any."""
        if self.running:
            self.stop()
        if arguments:
            self.arguments = [str(word) for word in arguments]
        return self.start()

    def end(self):
        """Ends it at the end of a test: well if it can, at any rate."""
        try:
            if self.running:
                self.stop()
        finally:
            self.kill()

    # -- what it says about itself

    @property
    def ports(self):
        return json.loads((self.data / "ports.json").read_text())

    @property
    def port(self):
        return self.ports["https"]

    @property
    def url(self):
        return f"https://127.0.0.1:{self.port}"

    # -- the command line

    def cli(self, *words, input=None, check=True, env=None):
        """Runs `ucpki WORDS` against this node; returns Result. check: it must succeed."""
        return run(self.program, *words, input=input, check=check, env=environment(UCPKI_SOCKET=self.socket, **(env or {})))

    def json(self, *words, **more):
        """The same with --json; returns what it printed, decoded."""
        return self.cli(*words, "--json", **more).json

    def refused(self, *words, code, status=1, **more):
        """The command must fail with this exit status and, with --json, this code; returns the problem."""
        result = self.cli(*words, "--json", check=False, **more)
        assert result.status == status, f"{result}"
        problem = result.json
        assert problem["code"] == code, f"{result}"
        return problem

    # -- the API

    def api(self, method, path, *, json_body=None, data=None, headers=(), query=None, auth=True, cacert=None, options=()):
        """A request by curl over HTTPS; path is under /api/v1 unless it begins with "//", which stands for the server's root. auth: admin with the first
        password; a pair (name, password); or None. cacert: a file, else the certificate is not checked. Returns Answer."""
        url = self.url + (path[1:] if path.startswith("//") else f"/api/v1{path}")
        if query:
            url += "?" + "&".join(f"{quote(k)}={quote(v)}" for k, v in query)
        command = ["curl", "-sS", "--max-time", str(CALL_SECONDS), "--noproxy", "*", "-D", "-", "-X", method]
        command += ["--cacert", str(cacert)] if cacert else ["-k"]
        if auth is True:
            auth = ("admin", self.password)
        if auth:
            command += ["-u", f"{auth[0]}:{auth[1]}"]
        if json_body is not None:
            data = json.dumps(json_body).encode()
            headers = ["Content-Type: application/json", *headers]
        for header in ["Expect:", *headers]:
            command += ["-H", header]
        if data is not None:
            command += ["--data-binary", "@-"]
        command += [str(option) for option in options]
        result = run(*command, url, input=data or b"", seconds=CALL_SECONDS + 10)
        return parse_http(result.raw)

    def get(self, path, query=None):
        """A GET that must succeed; returns its JSON."""
        return self.api("GET", path, query=query).expect(200).json

    # -- shorthand for what most tests look at

    @property
    def head(self):
        return self.json("show", "status")["head"]

    def own(self, purpose):
        return self.json("show", "cert", "own", purpose)

    def pem(self, purpose):
        """The identity certificate of a purpose, as PEM text."""
        return self.cli("file", "get", "cert", purpose).out

    def trust(self, *where):
        """Every trust certificate as a row, all pages; where: find conditions."""
        words = ["show", "cert", "list", "trust", "--all"]
        for condition in where:
            words += ["--where", condition]
        return self.json(*words)["items"]

    def names(self, store):
        """The names of the certificates in a trust store, sorted."""
        return sorted(row["name"] for row in self.trust(f"unit is {store}"))

    def csr(self, purpose, *options):
        """Generates a CSR and returns it as PEM text."""
        self.cli("set", "csr", "gen", purpose, "--yes", *options)
        return self.cli("file", "get", "csr", purpose).out

    def state(self):
        """Everything a change could touch, for comparing before and after: the log's head and its hash, the lists, the files in the key directory."""
        changes = self.json("show", "change", "list", "--limit", "1")["items"]
        hashes = [self.json("show", "change", str(change["number"]))["hash"] for change in changes]
        own = [(row["unit"], row["fingerprint"], row["description"]) for row in self.json("show", "cert", "list", "own", "--all")["items"]]
        trust = [(row["unit"], row["name"], row["fingerprint"], row["distribution"], row["description"]) for row in self.trust()]
        csrs = [(row["purpose"], row["key_id"]) for row in self.json("show", "csr", "list", "own")["items"]]
        return {"head": self.head, "hash": hashes, "own": sorted(own), "trust": sorted(trust), "csrs": sorted(csrs), "keys": self.key_files()}

    def key_files(self):
        folder = self.data / "keys"
        return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def quote(text):
    return "".join(chr(b) if chr(b).isalnum() and b < 128 or chr(b) in "-._~" else f"%{b:02X}" for b in str(text).encode())


def parse_http(raw):
    """The last answer of what `curl -D -` printed."""
    while True:
        head, _, rest = raw.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        status = int(lines[0].split()[1])
        if status >= 200:
            break
        raw = rest
    headers = {}
    for line in lines[1:]:
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    return Answer(status, headers, rest)


# -- certificates


def load(pem):
    """A certificate of python3-cryptography from PEM or DER."""
    if isinstance(pem, str):
        pem = pem.encode()
    return x509.load_pem_x509_certificate(pem) if b"-----BEGIN" in pem else x509.load_der_x509_certificate(pem)


def load_csr(pem):
    return x509.load_pem_x509_csr(pem.encode() if isinstance(pem, str) else pem)


def der(pem):
    """The bytes of the first PEM block."""
    body = re.search(r"-----BEGIN [^-]+-----(.*?)-----END", pem, re.DOTALL)[1]
    return base64.b64decode(body)


def to_pem(data, label="CERTIFICATE"):
    text = base64.b64encode(data).decode()
    lines = [text[i:i + 64] for i in range(0, len(text), 64)]
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""])


def blocks(text):
    """Every PEM block of a text, each with its armour."""
    return [m[0] + "\n" for m in re.finditer(r"-----BEGIN ([^-]+)-----.*?-----END \1-----", text, re.DOTALL)]


def fingerprint(pem):
    """SHA-256 of the DER, lower-case hexadecimal."""
    data = pem if isinstance(pem, bytes) else der(pem)
    return hashlib.sha256(data).hexdigest()


def key_id(public_key):
    """How the project names a key: the SHA-256 of its SubjectPublicKeyInfo."""
    spki = public_key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(spki).hexdigest()


def key_kind(public_key):
    """"rsa-2048", "ec-p384", ..."""
    if isinstance(public_key, rsa.RSAPublicKey):
        return f"rsa-{public_key.key_size}"
    assert isinstance(public_key, ec.EllipticCurvePublicKey), public_key
    return f"ec-p{public_key.key_size}"


# -- the certification authority

KEY_OPTIONS = {
    "rsa": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
    "ec": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-pkeyopt", "ec_param_enc:named_curve"],
    "ed25519": ["-algorithm", "ED25519"],
    "rsa-pss": ["-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048"],
    "dsa": None,
}


def make_key(path, kind="ec"):
    """A private key made by openssl: "ec" (P-256), "ec:P-384", "rsa" (2048), "rsa:1024", "ed25519", "rsa-pss"."""
    family, _, size = kind.partition(":")
    options = list(KEY_OPTIONS[family])
    if size:
        options = [re.sub("2048$", size, re.sub("P-256$", size, word)) for word in options]
    openssl("genpkey", *options, "-out", path)
    os.chmod(path, 0o600)
    return Path(path)


def subject_text(subject):
    """A subject for openssl's -subj: a text is the common name; a list of pairs is a whole name."""
    pairs = [("CN", subject)] if isinstance(subject, str) else subject
    escaped = [(kind, "".join("\\" + c if c in "/+=\\" else c for c in value)) for kind, value in pairs]
    return "".join(f"/{kind}={value}" for kind, value in escaped)


def when(moment):
    """A datetime (UTC) for openssl; a text goes through as it is."""
    return moment if isinstance(moment, str) else moment.strftime("%Y%m%d%H%M%SZ")


SAFE = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._"
CA_EXTENSIONS = {
    "basicConstraints": "critical,CA:TRUE",
    "keyUsage": "critical,keyCertSign,cRLSign",
    "subjectKeyIdentifier": "hash",
    "authorityKeyIdentifier": "keyid",
}
KU_WORDS = {"digital_signature": "digitalSignature", "key_encipherment": "keyEncipherment", "data_encipherment": "dataEncipherment",
            "key_cert_sign": "keyCertSign", "key_agreement": "keyAgreement", "content_commitment": "nonRepudiation", "crl_sign": "cRLSign"}


def san_words(names):
    """A subjectAltName of python3-cryptography as openssl's configuration writes it."""
    words = []
    for name in names:
        kind = {x509.DNSName: "DNS", x509.IPAddress: "IP", x509.RFC822Name: "email", x509.UniformResourceIdentifier: "URI"}[type(name)]
        words.append(f"{kind}:{name.value}")
    return words


def requested_extensions(csr):
    """What an obedient CA copies from a request: SAN, key usage, extended key usage, basic constraints."""
    out = {}
    for extension in csr.extensions:
        value, critical = extension.value, "critical," if extension.critical else ""
        if isinstance(value, x509.SubjectAlternativeName):
            out["subjectAltName"] = critical + ",".join(san_words(value))
        elif isinstance(value, x509.KeyUsage):
            out["keyUsage"] = critical + ",".join(text for word, text in KU_WORDS.items() if getattr(value, word))
        elif isinstance(value, x509.ExtendedKeyUsage):
            out["extendedKeyUsage"] = critical + ",".join(oid.dotted_string for oid in value)
        elif isinstance(value, x509.BasicConstraints) and value.ca:
            out["basicConstraints"] = f"{critical}CA:TRUE" + (f",pathlen:{value.path_length}" if value.path_length is not None else "")
    return out


def safe_name(common_name):
    """The file name of a trust certificate with this common name: each unsafe byte is an underscore (requirements section 6)."""
    return "".join(chr(b) if chr(b) in SAFE else "_" for b in common_name.encode()) + ".pem"


class CA:
    """A certification authority run by `openssl ca`. A root by default; with issuer= an intermediate of that one.

    pem: its certificate; chain(): its own certificate and those above it up to the root, as texts.
    """

    def __init__(self, folder, subject, issuer=None, key="ec", **more):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.subject = subject
        self.key = make_key(self.folder / "ca.key", key) if isinstance(key, str) else Path(key)
        (self.folder / "index.txt").touch()
        self.issuer = issuer
        self.made = 0
        request = openssl("req", "-new", "-utf8", "-key", self.key, "-subj", subject_text(subject), "-config", "/dev/null").out
        extensions = {**CA_EXTENSIONS, **more.pop("extensions", {})}
        self.pem = (issuer or self).sign(request, extensions=extensions, copy=False, selfsign=issuer is None, days=more.pop("days", 3650), **more)
        self.save()

    def save(self):
        self.path = self.folder / "ca.pem"
        self.path.write_text(self.pem)

    @property
    def cert(self):
        return load(self.pem)

    @property
    def name(self):
        """The file name that a trust store gives it."""
        return safe_name(self.cert.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value)

    def chain(self):
        """Its own certificate, then its issuer's, up to the root."""
        return [self.pem] + (self.issuer.chain() if self.issuer else [])

    def sign(self, csr, *, sans=None, ekus=None, ku=None, days=365, md="sha256", ca=False, extensions=None, start=None, end=None, subject=None, serial=None, copy=True,
             selfsign=False, options=()):
        """Signs a request (PEM text) as an obedient CA would, taking over the extensions that it asks for; returns PEM text.

        sans, ekus, ku: lists of openssl's words ("DNS:a.example", "clientAuth", "digitalSignature") that replace what was asked for, [] leaves the extension out.
        ca: a CA certificate. extensions: {name: value} in openssl's words, over everything else; None leaves one out. start, end: datetimes or texts.
        subject: replaces the request's. serial: a positive number. options: further words for openssl ca.
        """
        wanted = requested_extensions(load_csr(csr)) if copy else {}
        if copy:
            wanted.update({"subjectKeyIdentifier": "hash", "authorityKeyIdentifier": "keyid"})
        if ca:
            wanted.update(CA_EXTENSIONS)
        for name, words in (("subjectAltName", sans), ("extendedKeyUsage", ekus), ("keyUsage", ku)):
            if words is not None:
                critical = "critical," if name == "keyUsage" else ""
                wanted[name] = critical + ",".join(words) if words else None
        wanted.update(extensions or {})
        return self.issue(csr, wanted, days=days, md=md, start=start, end=end, subject=subject, serial=serial, selfsign=selfsign, options=options)

    def issue(self, csr, extensions, *, days, md, start, end, subject, serial, selfsign, options):
        self.made += 1
        base = self.folder / str(self.made)
        base.with_suffix(".csr").write_text(csr)
        # openssl adds these two of its own accord unless told not to.
        identifiers = {name: "none" for name in ("subjectKeyIdentifier", "authorityKeyIdentifier") if extensions.get(name) is None}
        lines = [f"{name} = {value}" for name, value in {**extensions, **identifiers}.items() if value is not None]
        serial_file = base.with_suffix(".serial")
        number = serial if serial is not None else int.from_bytes(os.urandom(15), "big") + 1
        digits = f"{number:x}"
        serial_file.write_text(("0" * (len(digits) % 2)) + digits + "\n")
        config = base.with_suffix(".cnf")
        config.write_text("\n".join([
            "[ca]", "default_ca = this", "[this]", f"database = {self.folder}/index.txt", f"new_certs_dir = {self.folder}", f"serial = {serial_file}", "policy = any",
            "unique_subject = no", "string_mask = utf8only", "[any]", "countryName = optional", "stateOrProvinceName = optional", "localityName = optional",
            "organizationName = optional", "organizationalUnitName = optional", "commonName = optional", "emailAddress = optional", "domainComponent = optional",
            "[extensions]", *lines, ""]))
        out = base.with_suffix(".pem")
        words = ["ca", "-batch", "-notext", "-utf8", "-preserveDN", "-config", config, "-in", base.with_suffix(".csr"), "-out", out, "-keyfile", self.key]
        words += ["-selfsign"] if selfsign else ["-cert", self.path]
        words += ["-md", "default" if md is None else md]
        words += ["-enddate", when(end)] if end else ["-days", days]
        if start:
            words += ["-startdate", when(start)]
        if subject is not None:
            words += ["-subj", subject_text(subject)]
        if lines:
            words += ["-extensions", "extensions"]
        openssl(*words, *options)
        return out.read_text()

    def request(self, subject, key="ec", extensions=()):
        """A request with a key of its own: (PEM text, path of the key). extensions: openssl's -addext lines."""
        self.made += 1
        path = make_key(self.folder / f"{self.made}.key", key) if isinstance(key, str) else Path(key)
        more = [word for line in extensions for word in ("-addext", line)]
        config = self.folder / "req.cnf"
        config.write_text("[req]\ndistinguished_name = dn\nstring_mask = utf8only\n[dn]\n")
        return openssl("req", "-new", "-utf8", "-key", path, "-subj", subject_text(subject), "-config", config, *more).out, path

    def leaf(self, subject="peer.example.com", key="ec", **more):
        """A server's certificate with a key of its own: (PEM text, path of the key)."""
        name = subject if isinstance(subject, str) else dict(subject).get("CN", "peer.example.com")
        request, path = self.request(subject, key)
        more.setdefault("sans", [f"DNS:{name}"])
        more.setdefault("ku", ["digitalSignature", "keyEncipherment"])
        more.setdefault("ekus", ["serverAuth", "clientAuth"])
        return self.sign(request, **more), path

    def reissued(self, folder, **more):
        """The same authority (subject and key) with a new certificate: a renewed root, or with issuer= a cross-signed one."""
        return CA(folder, self.subject, key=self.key, **more)


# -- certificates that openssl would not make: parts of the DER exchanged, signed again


def tlv(tag, content):
    """One DER element."""
    size = len(content)
    count = (size.bit_length() + 7) // 8
    length = bytes([size]) if size < 128 else bytes([0x80 | count]) + size.to_bytes(count, "big")
    return bytes([tag]) + length + content


def inside(element):
    """The content of one DER element."""
    first = element[1]
    return element[2:] if first < 128 else element[2 + (first & 0x7f):]


def resigned(pem, key, *exchanges):
    """The certificate with bytes of its TBSCertificate exchanged, (old, new) elements that stand directly in it, signed again with ECDSA by the key in this
    file; PEM text."""
    body = inside(load(pem).tbs_certificate_bytes)
    for old, new in exchanges:
        assert old in body, (old, body)
        body = body.replace(old, new)
    tbs = tlv(0x30, body)
    signature = serialization.load_pem_private_key(Path(key).read_bytes(), None).sign(tbs, ec.ECDSA(hashes.SHA256()))
    return to_pem(tlv(0x30, tbs + bytes.fromhex("300a06082a8648ce3d040302") + tlv(0x03, b"\0" + signature)))


def validity(start, end):
    """A Validity element; each time is a pair of type ("utc" or "generalized") and text."""
    return tlv(0x30, b"".join(tlv({"utc": 0x17, "generalized": 0x18}[kind], text.encode()) for kind, text in (start, end)))


def validity_of(pem):
    """The Validity element of a certificate as openssl wrote it, for exchanging it."""
    cert = load(pem)
    texts = [t.strftime("%y%m%d%H%M%SZ" if t.year < 2050 else "%Y%m%d%H%M%SZ") for t in (cert.not_valid_before, cert.not_valid_after)]
    return validity(*[("utc" if len(text) == 13 else "generalized", text) for text in texts])


# -- PKCS#7 and PKCS#12 by openssl


def p7(pems, outform="PEM"):
    """A PKCS#7 of certificates, as bytes."""
    return openssl("crl2pkcs7", "-nocrl", "-certfile", "/dev/stdin", "-outform", outform, input="".join(pems)).raw


def p12(pem, key, chain=(), password="secret", options=()):
    """A PKCS#12 of a certificate with its key and chain, as bytes."""
    words = ["pkcs12", "-export", "-inkey", key, "-passout", f"pass:{password}", *options]
    return openssl(*words, input="".join([pem, *chain])).raw


def copy_tree(source, target):
    shutil.copytree(source, target, symlinks=True)
    for path in [target, *Path(target).rglob("*")]:
        folder = 0o755 if path.name in PHONE_FOLDERS else 0o700
        os.chmod(path, folder if path.is_dir() else 0o600)


def s_client(port, *options, host="127.0.0.1", check=True):
    """What openssl's client saw of a TLS server: Result; presented() takes the certificates out of it."""
    return openssl("s_client", "-connect", f"{host}:{port}", "-servername", FQDN, "-showcerts", *options, input="", check=check, seconds=60)


def presented(result):
    """The certificates that the server sent, as PEM texts, the leaf first."""
    return [pem for pem in blocks(result.out) if "BEGIN CERTIFICATE-" in pem]


# -- uploads and their plans


def upload(node, purpose, data, *words):
    """Uploads a CA-signed identity certificate, answering warnings; returns the change."""
    return node.json("set", "cert", "import", "own", purpose, "--yes", *words, input=data)


def trusted(node, store, pem):
    """Uploads to a trust store, answering warnings; returns the change."""
    return node.json("set", "cert", "import", "trust", store, "--yes", input=pem)


def plan_of(node, purpose, data, *words):
    """The plan of an upload of an identity, whatever it says; a plan that is refused ends with 1 (section 6)."""
    result = node.cli("set", "cert", "import", "own", purpose, "--dry-run", "--json", *words, input=data, check=False)
    assert result.status == (1 if result.json.get("worst", "refused") == "refused" else 0), f"{result}"
    return result.json


def codes(plan):
    return [finding["code"] for finding in plan["findings"]]


def finding(plan, code):
    """The one finding of this code."""
    found = [f for f in plan["findings"] if f["code"] == code]
    assert len(found) == 1, plan["findings"]
    return found[0]
