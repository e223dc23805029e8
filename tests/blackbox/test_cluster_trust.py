"""Trust in a cluster: what is imported or deleted on one node counts where the catalogue says (requirements section 3), and what was deleted never comes back (C97).

All tests share one running cluster of a publisher, three voice nodes and two presence nodes, and leave its nodes running.
"""
import shutil
import threading

import pytest

from cluster import IMP1, IMP2, NODES, PRESENCE, PUB, SUB1, SUB2, SUB3, VOICE
from forge import Authority
from harness import copy_tree, fingerprint
from wire import served


@pytest.fixture(scope="module")
def all_nodes(shared_cluster):
    return shared_cluster


def stores(node):
    return {store["name"]: store for store in node.see("/stores")["items"]}


def with_roles(cluster, store):
    """The nodes that a store is for; the publisher when there is none."""
    rows = cluster.states()
    return [name for name in NODES if set(rows[name]["roles"]) & set(store["roles"])] or [PUB]


def seen_by(cluster, store, name):
    """The nodes that have a certificate of this name in a store, each asked itself."""
    return [node.name for node in cluster.running if name in node.seen_in(store)]


@pytest.fixture(scope="module")
def catalogue(all_nodes):
    return stores(all_nodes.pub)


def test_requirements_3_an_import_counts_on_the_nodes_that_the_catalogue_says_and_so_does_its_deletion(all_nodes, catalogue):
    cluster = all_nodes
    assert {name for name, store in catalogue.items() if store["scope"] == "cluster"} == {
        "tomcat-trust", "CallManager-trust", "Phone-SAST-trust", "Phone-trust", "Phone-CTL-trust", "Phone-VPN-trust", "cup-trust", "cup-xmpp-trust"}
    assert {name for name, store in catalogue.items() if store["delete"] == "cluster"} == {"CAPF-trust", "tomcat-trust", "CallManager-trust", "Phone-SAST-trust"}
    where = {}
    for name, store in catalogue.items():
        importer = with_roles(cluster, store)[-1]
        cluster[importer].trusts(name, Authority(f"At {name}").pem)
        where[name] = list(NODES) if store["scope"] == "cluster" else [importer]
    cluster.settle()
    for name, expected in where.items():
        assert seen_by(cluster, name, f"At_{name}.pem") == expected, name

    for name, store in catalogue.items():
        importer, other = with_roles(cluster, store)[-1], (set(with_roles(cluster, store)) | {PUB, SUB1}) - {with_roles(cluster, store)[-1]}
        path = f"/certificates/trust/{name}/At_{name}.pem"
        deleter = cluster[sorted(other)[0]]
        if store["scope"] == "cluster" or store["delete"] == "cluster":
            deleter.do("DELETE", path)
        else:
            deleter.refuses(404, "no-certificate", "DELETE", path)  # what only another node has is not its to delete
            deleter.ask_for(importer, "DELETE", path)
    cluster.settle()
    for name in catalogue:
        assert seen_by(cluster, name, f"At_{name}.pem") == [], name


def test_requirements_3_per_node_stores_take_entries_for_the_cluster_when_told_but_capf_trust_never_does(all_nodes, catalogue):
    cluster = all_nodes
    per_node = [name for name, store in catalogue.items() if store["scope"] != "cluster" and name != "CAPF-trust"]
    assert sorted(per_node) == ["TVS-trust", "intelligenceCenter-srvr-trust", "ipsec-trust", "userlicensing-trust"]
    for name in per_node:
        cluster[SUB1].trusts(name, Authority(f"For all in {name}").pem, ("scope", "cluster"))
    cluster[SUB2].trusts("tomcat-trust", Authority("Only here").pem, ("scope", "node"))
    cluster[SUB1].refuses(422, "import-stays", "POST", "/certificates/trust/CAPF-trust", Authority("Nowhere").pem, ("scope", "cluster"))
    cluster.settle()
    for name in per_node:
        assert seen_by(cluster, name, f"For_all_in_{name}.pem") == list(NODES), name
    assert seen_by(cluster, "tomcat-trust", "Only_here.pem") == [SUB2]
    for name in per_node:
        cluster[SUB2].untrusts(name, f"For_all_in_{name}.pem")
    cluster[SUB3].untrusts("tomcat-trust", "Only_here.pem")  # from tomcat-trust a delete removes it on every node
    cluster.settle()
    for name in per_node:
        assert seen_by(cluster, name, f"For_all_in_{name}.pem") == [], name
    assert seen_by(cluster, "tomcat-trust", "Only_here.pem") == []


def test_requirements_3_capf_trust_imports_stay_on_their_nodes_and_one_delete_reaches_all_of_them(all_nodes):
    cluster = all_nodes
    mic, other = Authority("Example MIC Root"), Authority("Other MIC Root")
    phone = mic.peer("SEP001122334455")
    for name in (SUB1, SUB2):
        cluster[name].trusts("CAPF-trust", mic.pem)
    cluster[SUB2].trusts("CAPF-trust", other.pem)
    cluster.settle()
    assert [name for name in VOICE if cluster[name].finds_trusted("CAPF-trust", phone)] == [SUB1, SUB2]
    # The list tells them apart, short and long.
    words = ["show", "cert", "list", "trust", "--where", "name is Example_MIC_Root.pem"]
    assert [line.split(":")[0] for line in cluster.pub.cli(*words).out.splitlines()] == [f"CAPF-trust/Example_MIC_Root.pem on {name}" for name in (SUB1, SUB2)]
    long = cluster.pub.cli(*words, "--long").out.splitlines()
    at = long[0].index("DISTRIBUTION")
    assert sorted(line[at:].split()[0] for line in long[1:]) == [SUB1, SUB2], long
    # Deleted on a node that does not have it itself (T1: asked of each node, from its own view).
    cluster.pub.untrusts("CAPF-trust", "Example_MIC_Root.pem")
    cluster.settle()
    assert not [name for name in VOICE if cluster[name].finds_trusted("CAPF-trust", phone)]
    assert seen_by(cluster, "CAPF-trust", "Other_MIC_Root.pem") == [SUB2]


def test_the_capf_certificate_is_on_every_node_and_its_renewal_reaches_all(all_nodes):
    cluster = all_nodes
    before = cluster.pub.see("/certificates/own/CAPF")["fingerprint"]
    cluster.pub.do("POST", "/certificates/own/CAPF/regenerate", {})
    after = cluster.pub.see("/certificates/own/CAPF")["fingerprint"]
    assert after != before
    cluster.settle()
    for name in VOICE:
        for store in ("CAPF-trust", "CallManager-trust"):
            # The old one vouches for the phone certificates that it issued.
            assert {before, after} <= set(cluster[name].seen_in(store).values()), (name, store)
    assert cluster[SUB1].ask("POST", "/certificates/own/CAPF/regenerate", {}, [("yes", "1")]).status == 422


def test_identity_certificates_are_each_nodes_own_and_every_node_lists_all(all_nodes):
    cluster = all_nodes
    state = cluster.audit()
    keys = [key for _, _, key, *_ in state["identity"].values()]
    assert len(set(keys)) == len(keys), "two identities share a key"
    for name in NODES:
        expected = {"im-and-presence": {"cup", "cup-xmpp", "cup-xmpp-s2s"}, "voice": {"CallManager", "TVS"}}["im-and-presence" if name in PRESENCE else "voice"]
        purposes = {purpose for node, purpose in state["identity"] if node == name}
        assert expected | {"tomcat", "tomcat-ECDSA", "ipsec"} <= purposes, (name, purposes)
        assert ("CAPF" in purposes) == ("ITLRecovery" in purposes) == (name == PUB)
        for purpose, kind in (("tomcat", "rsa"), ("tomcat-ECDSA", "ec")):
            assert served(cluster[name], kind) == state["identity"][name, purpose][0], name
    expected = sorted((purpose, f) for (_, purpose), (f, *_) in state["identity"].items())
    for name in (PUB, SUB1, IMP1):
        rows = cluster[name].json("show", "cert", "list", "own", "--all")["items"]
        assert sorted((row["unit"], row["fingerprint"]) for row in rows) == expected
        theirs = cluster[name].json("show", "cert", "own", "tomcat", "--node", SUB3)
        assert theirs["fingerprint"] == state["identity"][SUB3, "tomcat"][0]
        assert fingerprint(cluster[name].cli("file", "get", "cert", "tomcat", "--node", IMP2).out) == state["identity"][IMP2, "tomcat"][0]
    # E1: voice and presence nodes have each other's tomcat certificates by rule.
    for name in NODES:
        there = set(cluster[name].seen_in("tomcat-trust").values())
        assert {state["identity"][other, purpose][0] for other in NODES for purpose in ("tomcat", "tomcat-ECDSA")} <= there, name


def test_c97_a_deleted_certificate_never_comes_back(all_nodes):
    """Neither from a node that was off while it was deleted, nor from one whose old disk is put back, nor from what these do afterwards."""
    cluster = all_nodes
    victims = {store: Authority(f"Victim of {store}") for store in ("tomcat-trust", "CallManager-trust", "CAPF-trust", "Phone-SAST-trust", "Phone-trust")}
    peers = {store: victim.peer() for store, victim in victims.items()}
    off = cluster[SUB1]
    for store, victim in victims.items():
        off.trusts(store, victim.pem)
    cluster.settle()
    assert all(off.finds_trusted(store, peer) for store, peer in peers.items())

    off.stop()
    old = off.folder / "old"
    copy_tree(off.data, old)
    for store in victims:
        cluster.pub.untrusts(store, f"Victim_of_{store}.pem")
    cluster.settle()
    off.start()

    def is_gone():
        cluster.settle()
        for node in cluster.running:
            for store, peer in peers.items():
                assert f"Victim_of_{store}.pem" not in node.seen_in(store), (node.name, store)
                assert not node.finds_trusted(store, peer), (node.name, store)

    is_gone()
    off.trusts("tomcat-trust", Authority("After the pause").pem)
    is_gone()

    # Its disk of before the deletion, several changes old, which it had confirmed.
    cluster.settle()
    off.until(lambda _: cluster.states()[SUB1]["number"] == cluster.head, "confirmation")
    off.stop()
    shutil.rmtree(off.data)
    copy_tree(old, off.data)
    off.start()
    cluster.settle()
    assert "restored" in off.finding_codes(), off.see(f"/nodes/{SUB1}")
    is_gone()
    off.trusts("tomcat-trust", Authority("After the old disk").pem)
    is_gone()
    assert "After_the_old_disk.pem" in cluster[IMP1].seen_in("tomcat-trust")
    cluster.audit()


def test_changes_on_all_nodes_at_once_are_all_made_and_the_same_one_is_made_once(all_nodes):
    cluster = all_nodes
    same = Authority("The same for all").pem
    mine = {name: [Authority(f"{name} number {i}").pem for i in range(6)] for name in NODES}
    answers, before = {name: [] for name in NODES}, cluster.settle()

    def work(name):
        node = cluster[name]
        for i, pem in enumerate(mine[name]):
            answers[name].append(node.ask("POST", "/certificates/trust/tomcat-trust", pem, [("yes", "1")]))
            if i == 2:
                answers[name].append(node.ask("POST", "/certificates/trust/tomcat-trust", same, [("yes", "1")]))

    threads = [threading.Thread(target=work, args=(name,)) for name in NODES]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # An import is not kept from its work by what others import: only the same one of all nodes may be told that the state has moved.
    all_answers = [answer for name in NODES for answer in answers[name]]
    assert {answer.status for answer in all_answers} <= {200, 201, 409}, [str(answer) for answer in all_answers if answer.status > 300]
    assert all(answer.json["code"] == "plan-changed" for answer in all_answers if answer.status == 409)
    made = [answer.json["number"] for answer in all_answers if answer.status == 201]
    assert len(set(made)) == len(made) and cluster.settle() == before + len(made) == before + len(NODES) * 6 + 1
    for node in cluster.running:
        there = list(node.seen_in("tomcat-trust").values())
        for pem in [same, *(pem for pems in mine.values() for pem in pems)]:
            assert there.count(fingerprint(pem)) == 1, node.name
    # The same deletion on two nodes at once: one does it.
    both = []
    threads = [threading.Thread(target=lambda n=name: both.append(cluster[n].ask("DELETE", "/certificates/trust/tomcat-trust/The_same_for_all.pem", None, [("yes", "1")])))
               for name in (SUB1, IMP2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status for answer in both) in ([201, 404], [201, 409]), [str(answer) for answer in both]
    cluster.audit()
