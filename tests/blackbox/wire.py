"""A client of the API that keeps its connection, for tests that make many requests or several at once."""
import base64
import hashlib
import http.client
import json
import socket
import ssl

from harness import CALL_SECONDS, Answer, quote

# With TLS 1.2 the cipher decides which kind of key the server proves.
CIPHERS = {"rsa": "ECDHE-RSA-AES256-GCM-SHA384", "ec": "ECDHE-ECDSA-AES256-GCM-SHA384"}


def tls_context(kind=None):
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if kind:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(CIPHERS[kind])
    return context


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=CALL_SECONDS)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Client:
    """client("GET", "/status") -> Answer. Over the node's Unix socket, or with tls=True over HTTPS: kind "rsa" or "ec" asks for that key."""

    def __init__(self, node, tls=False, kind=None, auth=None):
        self.node, self.tls, self.kind = node, tls, kind
        self.headers = {}
        if auth:
            self.headers["Authorization"] = "Basic " + base64.b64encode(f"{auth[0]}:{auth[1]}".encode()).decode()
        self.connection = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self.connection:
            self.connection.close()
        self.connection = None

    def connect(self):
        if self.connection is None and self.tls:
            self.connection = http.client.HTTPSConnection("127.0.0.1", self.node.port, timeout=CALL_SECONDS, context=tls_context(self.kind))
        elif self.connection is None:
            self.connection = UnixConnection(self.node.socket)
        return self.connection

    def __call__(self, method, path, query=(), body=None, headers=None):
        """path is under /api/v1 unless it begins with "//"; body: bytes, text, or what becomes JSON. Raises OSError or HTTPException when the connection breaks."""
        path = path[1:] if path.startswith("//") else f"/api/v1{path}"
        pairs = query.items() if isinstance(query, dict) else query
        if pairs:
            path += "?" + "&".join(f"{quote(k)}={quote(v)}" for k, v in pairs)
        headers = {**self.headers, **(headers or {})}
        if isinstance(body, str):
            body = body.encode()
        elif body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        connection = self.connect()
        try:
            connection.request(method, path, body=body, headers=headers)
            answer = connection.getresponse()
            return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        except (OSError, http.client.HTTPException):
            self.close()
            raise

    def get(self, path, query=()):
        return self("GET", path, query).expect(200).json

    def rows(self, usage, query=(), limit=1000):
        """Every row of a list, page by page."""
        query = [*(query.items() if isinstance(query, dict) else query)]
        out, cursor = [], []
        while True:
            page = self.get("/certificates", [("usage", usage), ("limit", limit), *query, *cursor])
            out += page["items"]
            if page["next"] is None:
                return out
            cursor = [("cursor", page["next"])]


def served(node, kind):
    """The SHA-256 of the certificate that the node's HTTPS proves with a key of this kind ("rsa" or "ec")."""
    with socket.create_connection(("127.0.0.1", node.port), timeout=CALL_SECONDS) as plain:
        with tls_context(kind).wrap_socket(plain) as tls:
            return hashlib.sha256(tls.getpeercert(binary_form=True)).hexdigest()
