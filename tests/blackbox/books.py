"""An auditor of a node's store: it reads the database and the key directory itself, with its own idea of what they must hold.

audit(node) checks that the change log is whole (numbers, hashes, signatures), that the tables are exactly what replaying the log gives, and that each identity and
each pending request has its private key. It returns the state, which two moments can be compared by.
"""
import base64
import hashlib
import json
import sqlite3
from contextlib import closing
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from harness import key_id


@lru_cache(maxsize=4096)
def decrypted(pem, passphrase):
    """Remembered, since python3-cryptography looks whether the factors of each RSA key are prime."""
    return serialization.load_pem_private_key(pem, passphrase)


def private_key(node, name):
    """A key of the key directory; the master key is its passphrase, in hexadecimal."""
    passphrase = (node.data / "master.key").read_bytes().hex().encode()
    return decrypted((node.data / "keys" / f"{name}.key").read_bytes(), passphrase)


def changes(db):
    return db.execute("SELECT number, body, hash, signature, request FROM change ORDER BY number").fetchall()


def check_log(node, db):
    """Every change has the next number, the hash of its body, the hash of the one before it, and the node's signature; returns the bodies."""
    signer = private_key(node, "node").public_key()
    bodies, previous = [], "0" * 64
    for number, body, digest, signature, request in changes(db):
        assert number == len(bodies) + 1, f"change {number} stands where {len(bodies) + 1} should"
        decoded = json.loads(body)
        assert decoded["number"] == number and decoded["previous"] == previous and decoded["request"] == request, number
        assert hashlib.sha256(body.encode()).hexdigest() == digest, f"change {number} has another hash"
        signer.verify(signature, body.encode(), ec.ECDSA(hashes.SHA256()))
        bodies.append(decoded)
        previous = digest
    assert db.execute("SELECT number, hash FROM head").fetchall() == [(len(bodies), previous)]
    return bodies


def digest_of(text):
    return hashlib.sha256(base64.b64decode(text)).hexdigest()


def identity_of(step):
    return (digest_of(step["certificate"]), tuple(digest_of(one) for one in step["chain"]), step["key"], step["source"], step["distribution"])


def request_of(step):
    return (digest_of(step["request"]), step["key"], step["distribution"])


def account_of(step):
    return (step["role"], step["secret"])


# kind of thing: what names it in a step, what its value is
KINDS = {
    "identity": (lambda s: (s["node"], s["purpose"]), identity_of),
    "csr": (lambda s: (s["node"], s["purpose"]), request_of),
    "account": (lambda s: s["name"], account_of),
    "node": (lambda s: s["node"], lambda s: (s["fqdn"], s["domain"], ",".join(s["roles"]), s["guid"])),
}


def apply(state, step):
    kind, verb = step["type"].split(".")
    if kind == "trust":
        place, value = (step["store"], step["name"], step["scope"]), (digest_of(step["certificate"]), step["description"], step["origin"])
        if verb == "add":
            assert place not in state["trust"], f"{place} is added twice"
            state["trust"][place] = value
        else:
            assert state["trust"].pop(place) == value
        return
    if kind == "key":
        state["purged"].add(step["key"])
        return
    name, value = KINDS[kind]
    now = state[kind].pop(name(step), None)
    assert now == (value({**step, **step["before"]}) if step["before"] else None), f"{step['type']} of {name(step)} does not follow from what was there"
    if verb == "set":
        state[kind][name(step)] = value(step)


def replay(bodies):
    state = {"trust": {}, "purged": set(), **{kind: {} for kind in KINDS}}
    for body in bodies:
        for step in body["steps"]:
            apply(state, step)
    return state


def tables(db):
    """The same, as the tables say it."""
    chains = {}
    for node, purpose, fingerprint in db.execute("SELECT node, purpose, fingerprint FROM chain_link ORDER BY node, purpose, position"):
        chains.setdefault((node, purpose), []).append(fingerprint)
    identities = db.execute("SELECT node, purpose, fingerprint, key_id, source, distribution FROM identity").fetchall()
    requests = db.execute("SELECT node, purpose, request, key_id, distribution FROM csr").fetchall()
    trust = db.execute("SELECT unit, name, scope, fingerprint, description, origin FROM entry WHERE usage = 'trust'").fetchall()
    return {
        "identity": {(n, p): (f, tuple(chains.get((n, p), ())), k, s, d) for n, p, f, k, s, d in identities},
        "csr": {(n, p): (hashlib.sha256(der).hexdigest(), k, d) for n, p, der, k, d in requests},
        "account": {name: (role, secret) for name, role, secret in db.execute("SELECT name, role, secret FROM account")},
        "node": {name: rest for name, *rest in db.execute("SELECT name, fqdn, domain, roles, guid FROM node")},
        "trust": {(unit, name, scope): tuple(rest) for unit, name, scope, *rest in trust},
        "purged": {key for key, in db.execute("SELECT key_id FROM purged_key")},
    }


def check_derived(db, state):
    """What is kept beside the state: the list of certificates, their number, their bytes, the secrets."""
    own = sorted((p, f) for (_, p), (f, *_) in state["identity"].items())
    assert sorted(db.execute("SELECT unit, fingerprint FROM entry WHERE usage = 'own'").fetchall()) == own
    counted = db.execute("SELECT usage, unit, scope, count(*) FROM entry GROUP BY usage, unit, scope").fetchall()
    assert sorted(db.execute("SELECT usage, unit, scope, n FROM counter WHERE n <> 0").fetchall()) == sorted(counted)
    ders = dict(db.execute("SELECT fingerprint, der FROM cert").fetchall())
    used = {f for f, *_ in state["trust"].values()}
    used |= {f for f, chain, *_ in state["identity"].values() for f in (f, *chain)}
    assert used <= set(ders), "a certificate that is referred to is missing"
    assert all(hashlib.sha256(der).hexdigest() == f for f, der in ders.items())
    secrets = {one for one, in db.execute("SELECT hash FROM secret")}
    assert {secret for _, secret in state["account"].values()} <= secrets
    return ders


def check_keys(node, db, state, ders):
    """Each identity has the private key of its certificate, each request its own, and purged ones are gone."""
    for (_, purpose), (fingerprint, _, key, *_) in state["identity"].items():
        public = private_key(node, key).public_key()
        assert key_id(public) == key and key_id(x509.load_der_x509_certificate(ders[fingerprint]).public_key()) == key, purpose
    for _, purpose, der, key, _ in db.execute("SELECT node, purpose, request, key_id, distribution FROM csr"):
        assert key_id(private_key(node, key).public_key()) == key == key_id(x509.load_der_x509_csr(der).public_key()), purpose
    files = node.key_files()
    assert not [name for name in files if name.endswith(".tmp")]
    return files


def audit(node):
    """Checks everything; returns {"head", "identity", "csr", "account", "node", "trust", "purged"}."""
    with closing(sqlite3.connect(f"file:{node.data}/store.db?mode=ro", uri=True, timeout=30)) as db:
        db.execute("BEGIN")
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        bodies = check_log(node, db)
        state, stored = replay(bodies), tables(db)
        stored["node"] = {name: tuple(rest) for name, rest in stored["node"].items()}
        assert stored == state, "the tables are not what the log says"
        ders = check_derived(db, state)
        check_keys(node, db, state, ders)
        return {"head": len(bodies), **state}


def same(before, after):
    """Is the state the same but for the log's head?"""
    return all(before[kind] == after[kind] for kind in before if kind != "head")


def sanitized(node):
    """Does the node run with AddressSanitizer, which takes several times the memory and the time?"""
    return "libasan" in open(f"/proc/{node.pid}/maps").read() or "__asan_init" in open(node.daemon, "rb").read().decode("latin-1")
