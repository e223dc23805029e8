"""E1: "unable to connect to remote node" between voice and presence nodes, found and repaired by one command. Requirements section 6, E1."""
import re
import socket
import ssl
import threading
from contextlib import contextmanager

from cluster import IMP1, PUB, SUB1, clock, wait_for
from forge import Authority
from harness import fingerprint, openssl

WELL = ["known=ok", "reachable=ok", "present=ok", "same=ok", "named=ok"]


def diagnose(node, *words):
    """What the command says: the answer, whatever its exit status."""
    result = node.cli("utils", "diagnose", "node", *words, "--json", check=False)
    return result.json


def course(answer, name=None):
    """["known=ok", ...] of a node, without "sync" when all is well with it: nodes may be a moment behind."""
    item = next(i for i in answer["items"] if name in (None, i["node"]))
    return [f"{s['step']}={s['state']}" for s in item["steps"] if (s["step"], s["state"]) not in (("sync", "ok"), ("sync", "repaired"))]


def step(answer, name):
    return next(s for s in answer["items"][0]["steps"] if s["step"] == name)


def name_of(node, purpose, who):
    """The name in tomcat-trust of a node's certificate."""
    mark = fingerprint(who.pem(purpose))
    return next((name for name, other in node.seen_in("tomcat-trust").items() if other == mark), None)


@contextmanager
def impostor(folder, port, subject):
    """Somebody else at a node's address, with a certificate of the same name."""
    key, pem = folder / "impostor.key", folder / "impostor.pem"
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", subject, "-days", "30", "-keyout", key, "-out", pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, key)
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen()

        def serve():
            while True:
                try:
                    peer, _ = listener.accept()
                except OSError:
                    return
                try:
                    context.wrap_socket(peer, server_side=True).close()
                except (OSError, ssl.SSLError):
                    peer.close()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield pem.read_text()
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(30)


def test_voice_and_presence_nodes_trust_each_other_by_rule_and_a_diagnosis_ends_early(cluster):
    pub, imp, sub = cluster.up(PUB, IMP1, SUB1)
    cluster.settle()
    head = cluster.head
    for node, other in ((pub, IMP1), (imp, PUB), (sub, IMP1), (imp, SUB1)):
        answer = diagnose(node, other, "--fix")
        assert answer["ok"], answer
        assert course(answer) == WELL
    assert cluster.head == head


def test_a_lost_certificate_is_found_then_exchanged_in_both_directions(cluster):
    pub, imp = cluster.up(PUB, IMP1)
    cluster.settle()
    for purpose, who in (("tomcat", imp), ("tomcat-ECDSA", pub)):
        pub.untrusts("tomcat-trust", name_of(pub, purpose, who))
    head = cluster.settle()

    found = diagnose(pub, IMP1)
    assert not found["ok"]
    assert course(found) == ["known=ok", "reachable=ok", "present=found", "same=ok", "named=ok", "web=skipped", "exchange=skipped"]
    for words in (f"on {PUB}, the tomcat certificate of {IMP1}", f"on {IMP1}, the tomcat-ECDSA certificate of {PUB}"):
        assert words in step(found, "present")["detail"]
    assert "--fix" in step(found, "exchange")["hint"]
    assert cluster.head == head, "a look must change nothing"

    repaired = diagnose(pub, IMP1, "--fix")
    assert repaired["ok"], repaired
    assert course(repaired) == ["known=ok", "reachable=ok", "present=found", "same=ok", "named=ok", "web=skipped", "exchange=repaired"]
    cluster.settle()
    for node in (pub, imp):
        assert name_of(node, "tomcat", imp) and name_of(node, "tomcat-ECDSA", pub)
    changes = pub.see("/changes", {"limit": 2})["items"]
    assert [c["task"] for c in changes] == ["import-trust", "import-trust"]
    assert pub.see(f"/changes/{changes[0]['number']}")["why"] == "diagnose"
    assert course(diagnose(imp, PUB)) == WELL
    cluster.audit()


def test_an_impostor_at_the_address_of_a_node_is_the_finding_and_never_becomes_trusted(cluster):
    pub, imp = cluster.up(PUB, IMP1)
    cluster.settle()
    port, own = imp.port, imp.pem("tomcat-ECDSA")
    pub.untrusts("tomcat-trust", name_of(pub, "tomcat-ECDSA", imp))
    cluster.settle()
    imp.kill()
    with impostor(cluster.new_folder(), port, f"/CN={IMP1}-EC.example.com") as pem:
        answer = diagnose(pub, IMP1, "--fix")
    assert not answer["ok"]
    assert step(answer, "same")["state"] == "found"
    assert step(answer, "exchange")["state"] == "found"
    assert "does not know" in step(answer, "exchange")["detail"]
    seen = pub.seen_in("tomcat-trust").values()
    assert fingerprint(pem) not in seen
    assert fingerprint(own) not in seen, "what the node does not present is not added either"


def test_a_node_that_is_down_is_found_and_others_are_well(cluster):
    pub, imp, sub = cluster.up(PUB, IMP1, SUB1)
    cluster.settle()
    imp.kill()
    answer = diagnose(pub, "--all")
    assert not answer["ok"]
    by_name = {item["node"]: item for item in answer["items"]}
    assert PUB not in by_name and not by_name[IMP1]["ok"] and by_name[SUB1]["ok"], answer
    assert "reachable=found" in course(answer, IMP1) and "same=skipped" in course(answer, IMP1)
    assert course(answer, SUB1) == WELL


def test_a_node_that_has_yet_to_join_is_told_how_to(cluster):
    pub = cluster.up(PUB)
    secret = cluster.secret("cucm-sub5", "--roles", "subscriber")
    answer = diagnose(pub, "cucm-sub5", "--fix")
    assert not answer["ok"] and course(answer) == ["known=found"], answer
    known = step(answer, "known")
    assert "has not joined the cluster yet: it may join until 2" in known["detail"], known
    assert f"ucpkid --join 127.0.0.1:{pub.port} --join-secret-file FILE" in known["hint"] and "set node add cucm-sub5" in known["hint"], known
    cluster.down()
    cluster.pg.restart(clock("+25h"))
    pub.env = clock("+25h")
    cluster.up(PUB)
    known = step(diagnose(pub, "cucm-sub5"), "known")
    assert "its join secret expired" in known["detail"] and "Make another one on the publisher: set node add cucm-sub5" in known["hint"], known
    cluster.down()
    cluster.pg.restart()
    pub.env = {}
    cluster.up(PUB)
    # What it says to do helps.
    cluster.nodes["cucm-sub5"] = cluster.joiner("cucm-sub5", secret).start()
    pub.until(lambda _: cluster.states()["cucm-sub5"]["state"] == "up", "the new node's state")
    assert course(diagnose(pub, "cucm-sub5")) == WELL


def test_a_renamed_node_has_certificates_that_do_not_name_it_until_the_commands_that_are_told_are_done(cluster):
    pub, imp = cluster.up(PUB, IMP1)
    cluster.settle()
    root = Authority("Signs cup-xmpp")
    imp.do("POST", "/certificates/own/cup-xmpp", root.leaf(imp.csr("cup-xmpp")) + root.pem)
    pub.cli("set", "node", "rename", IMP1, "--domain", "new.example.com", "--yes", "--force")
    wait_for(lambda: fqdn_of(imp) == f"{IMP1}.new.example.com", lambda: imp.err)
    cluster.settle()
    answer = diagnose(pub, IMP1)
    assert not answer["ok"] and "named=found" in course(answer), answer
    named = step(answer, "named")
    assert f"the tomcat certificate of {IMP1} does not name {IMP1}.new.example.com" in named["detail"] and "cup-xmpp-s2s-ECDSA" in named["detail"], named
    assert f"set csr gen cup-xmpp --node {IMP1}, then have it signed" in named["hint"], named
    for command in re.findall(r"set cert regen \S+ --node \S+(?=;|\.$)", named["hint"]):
        pub.cli(*command.split(), "--yes", "--force")
    pub.cli("set", "csr", "gen", "cup-xmpp", "--node", IMP1, "--yes")
    cluster.settle()
    assert [word for word in step(diagnose(pub, IMP1), "named")["detail"].split("; ")] == [f"the cup-xmpp certificate of {IMP1} does not name {IMP1}.new.example.com"]
    imp.do("POST", "/certificates/own/cup-xmpp", root.leaf(imp.cli("file", "get", "csr", "cup-xmpp").out) + root.pem)
    cluster.settle()
    answer = diagnose(pub, IMP1, "--fix")
    assert answer["ok"] and course(answer) == WELL, answer


def fqdn_of(node):
    """Its name, or None while it starts again."""
    try:
        return node.status["fqdn"]
    except OSError:
        return None


def test_a_node_that_does_not_exist_is_told(cluster):
    pub = cluster.up(PUB)
    pub.refused("utils", "diagnose", "node", "imp9", code="no-node")
