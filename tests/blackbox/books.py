"""An auditor: it reads stores, mirrors and key directories itself, with its own idea of what they must hold.

audit(node) checks that the change log is whole (numbers, hashes, signatures), that the tables are exactly what replaying the log gives, and that each identity and
each pending request has its private key. It returns the state, which two moments can be compared by. audit_cluster(cluster, nodes) does the same with a PostgreSQL store, and checks that the
mirror of each of these nodes is row by row the store, that each has the keys of its own, and that what is sealed to it can be opened with its key.
"""
import base64
import hashlib
import json
import sqlite3
from contextlib import closing
from datetime import datetime
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from cluster import unsealed
from harness import key_id, openssl

# What nodes say of themselves is no state, and each mirror has its own index of texts.
TELEMETRY = {"effect", "node_state", "schema_version"}
ALL_NODES = "cluster"


@lru_cache(maxsize=4096)
def decrypted(pem, passphrase):
    """Remembered, since python3-cryptography looks whether the factors of each RSA key are prime."""
    return serialization.load_pem_private_key(pem, passphrase)


def private_key(node, name):
    """A key of the key directory; the master key is its passphrase, in hexadecimal."""
    passphrase = (node.data / "master.key").read_bytes().hex().encode()
    return decrypted((node.data / "keys" / f"{name}.key").read_bytes(), passphrase)


@lru_cache(maxsize=4096)
def id_of_private(key, *options):
    """The id of a private key; openssl reads it, which does not look for primes."""
    return hashlib.sha256(openssl("pkey", "-pubout", "-outform", "DER", *options, input=key).raw).hexdigest()


def id_of_file(node, name):
    """The same of a key of the key directory."""
    return id_of_private((node.data / "keys" / f"{name}.key").read_bytes(), "-passin", f"pass:{(node.data / 'master.key').read_bytes().hex()}")


@lru_cache(maxsize=4096)
def key_in(certificate):
    """The id of the key of a certificate (DER)."""
    return key_id(x509.load_der_x509_certificate(certificate).public_key())


# -- the tables, as lists of rows: dicts by column


def sqlite_tables(path):
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30)) as db:
        db.row_factory = sqlite3.Row
        db.execute("BEGIN")
        assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        names = [name for name, sql in db.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'") if "VIRTUAL" not in sql]
        return {name: [dict(row) for row in db.execute(f"SELECT * FROM {name}")] for name in names if "entry_text" not in name}


def postgres_tables(pg):
    columns = pg.rows("SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public' AND data_type = 'bytea'")
    binary = {(row["table_name"], row["column_name"]) for row in columns}
    names = [row["tablename"] for row in pg.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
    parts = ", ".join(f"'{name}', (SELECT coalesce(json_agg(t), '[]') FROM {name} t)" for name in names)
    tables = json.loads(pg.psql(f"SELECT json_build_object({parts})"))  # one statement sees one state
    for name, rows in tables.items():
        for row in rows:
            for column, value in row.items():
                if value is not None and (name, column) in binary:
                    row[column] = bytes.fromhex(value[2:])
    return tables


def compare(store, mirror, who):
    """The mirror holds what the store holds, the log row by row."""
    for name in sorted(store.keys() - TELEMETRY):
        assert name in mirror, f"the mirror of {who} has no table {name}"
        theirs, ours = [sorted(rows, key=lambda row: repr(sorted(row.items()))) for rows in (store[name], mirror[name])]
        assert theirs == ours, f"{name} differs on {who}:\nonly in the store: {without(theirs, ours)}\nonly in the mirror: {without(ours, theirs)}"


def without(rows, others):
    return [row for row in rows if row not in others][:5]


# -- the log


def check_log(tables, founder):
    """Every change has the next number, the hash of its body, the hash of the one before it, and the signature of its node, by a certificate that the log had named before (the first ones: of
    the node that began it). Returns the bodies."""
    bodies, previous, known = [], "0" * 64, {}
    for row in sorted(tables["change"], key=lambda row: row["number"]):
        number, body = row["number"], row["body"]
        assert number == len(bodies) + 1, f"change {number} stands where {len(bodies) + 1} should"
        decoded = json.loads(body)
        assert decoded["number"] == number and decoded["previous"] == previous, number
        assert all(decoded[name] == row[name] for name in ("request", "at", "who", "task", "summary", "undoes")), number
        assert hashlib.sha256(body.encode()).hexdigest() == row["hash"], f"change {number} has another hash"
        assert signed(row, known.get(decoded["node"]) or [founder]), f"change {number} is not signed by {decoded['node']}"
        for step in decoded["steps"]:
            learn(known, step)
        bodies.append(decoded)
        previous = row["hash"]
    assert [(row["number"], row["hash"]) for row in tables["head"]] == [(len(bodies), previous)]
    return bodies


def learn(known, step):
    """Which certificates a node has had, by name."""
    if step["type"] == "node.set" and step.get("certificate"):
        known.setdefault(step["node"], []).append(x509.load_der_x509_certificate(base64.b64decode(step["certificate"])).public_key())
    elif step["type"] == "node.rename" and step["node"] != step["to"]:
        known.setdefault(step["to"], []).extend(known.get(step["node"], []))


def signed(row, keys):
    for key in keys:
        try:
            key.verify(row["signature"], row["body"].encode(), ec.ECDSA(hashes.SHA256()))
            return True
        except Exception:  # pylint: disable=broad-except
            continue
    return False


# -- the state that the log gives


def digest_of(text):
    return hashlib.sha256(base64.b64decode(text)).hexdigest()


def identity_of(step):
    return (digest_of(step["certificate"]), tuple(digest_of(one) for one in step["chain"]), step["key"], step["source"], step["distribution"])


def request_of(step):
    return (digest_of(step["request"]), step["key"], step["distribution"])


def account_of(step):
    return (step["role"], step["secret"])


def node_of(step):
    certificate = step.get("certificate")
    return (step["fqdn"], step["domain"], ",".join(step["roles"]), step["guid"], digest_of(certificate) if certificate else None)


def join_of(step):
    return (step["node"], step["domain"], step["roles"], step["secret"], int(datetime.fromisoformat(step["expires"].replace("Z", "+00:00")).timestamp()))


def sealing_of(step):
    return (step["purpose"], step["kind"], ",".join(step["nodes"]), step["secret"])


def followup_of(step):
    return (step["what"], step["since"], step["first"], step["number"], step["changes"])


# kind of thing: what names it in a step, what its value is
KINDS = {
    "identity": (lambda s: (s["node"], s["purpose"]), identity_of),
    "csr": (lambda s: (s["node"], s["purpose"]), request_of),
    "account": (lambda s: s["name"], account_of),
    "node": (lambda s: s["node"], node_of),
    "join": (lambda s: s["id"], join_of),
    "sealed": (lambda s: s["key"], sealing_of),
    "followup": (lambda s: (s["node"], s["kind"], s["target"]), followup_of),
    "setting": (lambda s: s["name"], lambda s: s["value"]),
}
SECOND_NAMES = {"key.seal": ("sealed", "set"), "key.drop": ("sealed", "remove"), "followup.done": ("followup", "remove"), "followup.open": ("followup", "set")}
CLUSTERS_OWN, NOBODYS = {"ctl-update", "phones", "backup", "rotate"}, {"lists", "note"}


def trust_step(state, step, verb):
    place, value = (step["store"], step["name"], step["scope"]), (digest_of(step["certificate"]), step["description"], step["origin"])
    if verb == "add":
        assert place not in state["trust"], f"{place} is added twice"
        state["trust"][place] = value
    else:
        assert state["trust"].pop(place) == value


def job_step(state, step, verb):
    if verb == "add":
        assert step["id"] not in state["job"], f"the job {step['id']} is given twice"
        state["job"][step["id"]] = (step["node"], step["task"], "waiting")
    else:
        node, task, now = state["job"][step["id"]]
        assert now == "waiting" and step["node"] == node, f"the job {step['id']} is answered twice, or by another node"
        state["job"][step["id"]] = (node, task, step["state"])


def purge_step(state, step, _verb):
    assert step["key"] not in state["purged"], f"the key {step['key']} is purged twice"
    state["purged"].add(step["key"])
    state["sealed"].pop(step["key"], None)


def publish_step(state, step, _verb):
    """Every list that was ever published is kept, in the order in which they were."""
    state["list"].append((step["list"], digest_of(step["content"])))


def rename_step(state, step):
    old, new = step["node"], step["to"]
    fqdn, domain, *rest = state["node"].pop(old)
    assert (fqdn, domain) == (step["fqdn"], step["domain"])
    state["node"][new] = (step["to_fqdn"], step["to_domain"], *rest)
    if old == new:
        return
    swap = {old: new}
    for kind in ("identity", "csr"):
        state[kind] = {(swap.get(node, node), purpose): value for (node, purpose), value in state[kind].items()}
    state["trust"] = {(unit, name, swap.get(scope, scope)): value for (unit, name, scope), value in state["trust"].items()}
    state["join"] = {key: (swap.get(node, node), *more) for key, (node, *more) in state["join"].items()}
    state["sealed"] = {key: (purpose, kind, ",".join(sorted(swap.get(n, n) for n in nodes.split(","))), secret)
                       for key, (purpose, kind, nodes, secret) in state["sealed"].items()}
    state["job"] = {key: (swap.get(node, node) if now == "waiting" else node, task, now) for key, (node, task, now) in state["job"].items()}
    state["followup"] = {(swap.get(node, node), *more): value for (node, *more), value in state["followup"].items()}


SPECIAL = {"trust": trust_step, "job": job_step, "list": publish_step}


def apply(state, step):
    kind, verb = SECOND_NAMES.get(step["type"]) or step["type"].split(".")
    if step["type"] == "node.rename":
        return rename_step(state, step)
    if step["type"] == "key.purge":
        return purge_step(state, step, verb)
    if kind in SPECIAL:
        return SPECIAL[kind](state, step, verb)
    name, value = KINDS[kind]
    now = state[kind].pop(name(step), None)
    assert now == (value({**step, **step["before"]}) if step["before"] else None), f"{step['type']} of {name(step)} does not follow from what was there"
    if verb == "set":
        state[kind][name(step)] = value(step)
    if step["type"] == "node.remove":
        state["followup"] = {key: value for key, value in state["followup"].items() if key[0] != step["node"]}
    return None


def ask(state, body):
    """What a change says has to be done by hand is open from then on: once for each node or the cluster."""
    if any(step["type"] == "job.add" for step in body["steps"]):
        return
    maker = next((step["to"] for step in body["steps"] if step["type"] == "node.rename" and step["node"] == body["node"]), body["node"])
    for one in body["followups"]:
        if one["kind"] in NOBODYS:
            continue
        key = (one.get("node") or (ALL_NODES if one["kind"] in CLUSTERS_OWN else maker), one["kind"], one["target"])
        _, since, first, _, changes = state["followup"].get(key, (None, body["at"], body["number"], None, 0))
        state["followup"][key] = (one["text"], since, first, body["number"], changes + 1)


def replay(bodies):
    state = {"trust": {}, "purged": set(), "job": {}, "list": [], **{kind: {} for kind in KINDS}}
    for body in bodies:
        for step in body["steps"]:
            apply(state, step)
        ask(state, body)
    return state


def state_of(tables):
    """The same, as the tables say it."""
    chains = {}
    for row in sorted(tables["chain_link"], key=lambda row: row["position"]):
        chains.setdefault((row["node"], row["purpose"]), []).append(row["fingerprint"])
    identities = {(row["node"], row["purpose"]): row for row in tables["identity"]}
    return {
        "identity": {at: (r["fingerprint"], tuple(chains.get(at, ())), r["key_id"], r["source"], r["distribution"]) for at, r in identities.items()},
        "csr": {(r["node"], r["purpose"]): (hashlib.sha256(r["request"]).hexdigest(), r["key_id"], r["distribution"]) for r in tables["csr"]},
        "account": {r["name"]: (r["role"], r["secret"]) for r in tables["account"]},
        "node": {r["name"]: (r["fqdn"], r["domain"], r["roles"], r["guid"], hashlib.sha256(r["certificate"]).hexdigest() if r["certificate"] else None)
                 for r in tables["node"]},
        "trust": {(r["unit"], r["name"], r["scope"]): (r["fingerprint"], r["description"], r["origin"]) for r in tables["entry"] if r["usage"] == "trust"},
        "purged": {r["key_id"] for r in tables["purged_key"]},
        "join": {r["id"]: (r["node"], r["domain"], r["roles"], r["secret"], r["expires"]) for r in tables["node_join"]},
        "sealed": {r["key_id"]: (r["purpose"], r["kind"], r["nodes"], r["secret"]) for r in tables["sealed_key"]},
        "job": {r["id"]: (r["node"], r["task"], r["state"]) for r in tables["job"]},
        "followup": {(r["node"], r["kind"], r["target"]): (r["what"], r["since"], r["first_change"], r["number"], r["changes"]) for r in tables["followup"]},
        "setting": {r["name"]: r["value"] for r in tables["setting"]},
        "list": [(r["list"], r["version"]) for r in sorted(tables["list_version"], key=lambda r: r["number"])],
    }


# -- what is kept beside the state


def check_derived(tables, state):
    """The list of certificates, their number, their bytes, the secrets. Returns the bytes by fingerprint."""
    own = sorted((purpose, node, f) for (node, purpose), (f, *_) in state["identity"].items())
    assert sorted((r["unit"], r["scope"], r["fingerprint"]) for r in tables["entry"] if r["usage"] == "own") == own
    counted = {}
    for row in tables["entry"]:
        place = (row["usage"], row["unit"], row["scope"])
        counted[place] = counted.get(place, 0) + 1
    assert {(r["usage"], r["unit"], r["scope"]): r["n"] for r in tables["counter"] if r["n"] != 0} == counted
    ders = {row["fingerprint"]: row["der"] for row in tables["cert"]}
    used = {f for f, *_ in state["trust"].values()} | {f for f, chain, *_ in state["identity"].values() for f in (f, *chain)}
    assert used <= set(ders), "a certificate that is referred to is missing"
    assert all(hashlib.sha256(der).hexdigest() == f for f, der in ders.items())
    check_secrets(tables, state)
    assert all(hashlib.sha256(r["content"]).hexdigest() == r["version"] for r in tables["list_version"]), "a list is not the one that was published"
    for fingerprint, _, key, *_ in state["identity"].values():
        assert key_in(ders[fingerprint]) == key
    return ders


def check_secrets(tables, state):
    """Those that are needed are there, those that were used up or purged are gone."""
    secrets = {row["hash"]: row["data"] for row in tables["secret"]}
    assert all(hashlib.sha256(data).hexdigest() == name for name, data in secrets.items())
    needed = {secret for _, secret in state["account"].values()} | {v[3] for v in state["join"].values()} | {v[3] for v in state["sealed"].values()}
    assert needed <= set(secrets), "a secret that is referred to is missing"
    assert not {row["key_id"] for row in tables["sealed_as"]} & state["purged"], "what a purged key was sealed as is still there"


def check_keys(node, tables, state, name=None):
    """Each identity of this node has the private key of its certificate, each request its own. name: the node's; None: the only one's."""
    for (owner, purpose), (_, _, key, *_) in state["identity"].items():
        if name in (None, owner):
            assert id_of_file(node, key) == key, purpose
    for row in tables["csr"]:
        assert key_id(x509.load_der_x509_csr(row["request"]).public_key()) == row["key_id"], row["purpose"]
        if name in (None, row["node"]):
            assert id_of_file(node, row["key_id"]) == row["key_id"], row["purpose"]
    files = node.key_files()
    assert not [file for file in files if file.endswith(".tmp")]
    return files


def check_sealed(node, tables, state):
    """What is sealed to this node can be opened with its key, and only then; and it has the private keys among it in its directory."""
    secrets = {row["hash"]: row["data"] for row in tables["secret"]}
    for key, (purpose, kind, nodes, secret) in state["sealed"].items():
        if node.name not in nodes.split(","):
            continue
        plain = unsealed(node, secrets[secret])
        assert plain is not None, f"{node.name} cannot open the {purpose} key {key}"
        if kind == "symmetric":
            assert hashlib.sha256(plain).hexdigest() == key, purpose
        else:
            assert id_of_private(plain, "-inform", "DER") == key, purpose
            assert id_of_file(node, key) == key, purpose


def check_words(tables, bodies):
    """What changes are found by is what their bodies say."""
    rows = {row["number"]: row for row in tables["change_words"]}
    assert len(rows) == len(bodies)
    touched = {}
    for row in tables["change_object"]:
        touched.setdefault(row["number"], []).append(row["object"])
    for body in bodies:
        row = rows[body["number"]]
        assert all(row[name] == body[name] for name in ("at", "node", "who", "task", "why")), row
        words = "\n".join([body["who"], body["task"], body["summary"], body["why"] or "", *sorted(touched.get(body["number"], []))])
        assert row["words"] == words.lower() or not words.isascii(), row


def examine(tables, founder):
    """Checks a store as a whole; returns its state, the bytes of its certificates and the number of its head."""
    bodies = check_log(tables, founder)
    check_words(tables, bodies)
    state = replay(bodies)
    stored = state_of(tables)
    for kind, expected in state.items():
        assert stored[kind] == expected, f"the table of {kind} is not what the log says"
    check_derived(tables, state)
    return {"head": len(bodies), **state}


def audit(node):
    """Checks everything of a single node; returns {"head", "identity", "csr", "account", "node", "trust", "purged", "join", "sealed", "job",
    "followup", "setting", "list"}."""
    tables = sqlite_tables(node.data / "store.db")
    state = examine(tables, private_key(node, "node").public_key())
    check_keys(node, tables, state)
    return state


def audit_cluster(cluster, nodes):
    """Checks the store of a cluster, and these nodes, which have settled; returns the state as audit() does."""
    tables = postgres_tables(cluster.pg)
    founder = x509.load_pem_x509_certificate((cluster.pub.data / "keys" / "node.pem").read_bytes()).public_key()
    state = examine(tables, founder)
    for node in nodes:
        compare(tables, sqlite_tables(node.data / "store.db"), node.name)
        check_keys(node, tables, state, node.name)
        check_sealed(node, tables, state)
        certificate = x509.load_pem_x509_certificate((node.data / "keys" / "node.pem").read_bytes())
        assert state["node"][node.name][4] == certificate.fingerprint(hashes.SHA256()).hex(), f"the cluster knows {node.name} by another certificate"
    return state


def same(before, after):
    """Is the state the same but for the log's head, and what it asks people to do?"""
    return all(before[kind] == after[kind] for kind in before if kind not in ("head", "followup"))


def sanitized(node):
    """Does the node run with AddressSanitizer, which takes several times the memory and the time?"""
    return "libasan" in open(f"/proc/{node.pid}/maps").read() or "__asan_init" in open(node.daemon, "rb").read().decode("latin-1")
