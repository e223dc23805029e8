"""L1: the trust lists of a node follow its state: what they say, who signs them, when they are published, and whether phones can follow. Every signature is verified by the openssl program.
"""
import re

import pytest

from books import audit
from cluster import PUB, SUB1, SUB2, wait_for
from harness import NAME, fingerprint, run
from tlv import CAPF, CCM_TFTP, SAST, TFTP, TVS, TrustList
from wire import Client

AGREED = ("--yes",)
CTL_DUE = "cluster/ctl-update/ctl"


def published(node, kind, *version):
    """The list that phones get, or that they got once."""
    return TrustList(node.cli("file", "get", "tftp", kind, *version).raw)


def fetched(node, name):
    """What a phone gets by HTTP."""
    return run("curl", "-sS", "--fail", "--noproxy", "*", f"http://127.0.0.1:{node.ports['phone-http']}/{name}").raw


def of(node, purpose):
    return fingerprint(node.pem(purpose))


def row(node, kind, name=None):
    wanted = name or ("cluster" if kind == "CTL" else NAME)
    return next(one for one in node.get("/lists")["lists"] if (one["list"], one["node"]) == (kind, wanted))


def change(node, *words):
    return node.json(*words, *AGREED)


def due(node):
    return [one["id"] for one in node.json("show", "followup", "list")["items"] if one["kind"] == "ctl-update"]


def codes(change, *weights):
    return [one["code"] for one in change["findings"] if one["weight"] in weights]


def mixed(node):
    return change(node, "utils", "ctl", "set-cluster", "mixed-mode")


@pytest.fixture
def node(new_node):
    """Of a fresh copy, on which nothing has to be done."""
    node = new_node.copy()
    node.json("set", "followup", "done", "all")
    yield node
    audit(node)


# -- the ITL


@pytest.mark.quick
def test_a_new_node_has_an_ITL_and_no_CTL(node, tmp_path):
    itl = published(node, "itl")
    assert itl.roles() == [(SAST, NAME, of(node, "ITLRecovery")), (SAST, NAME, of(node, "CallManager")), (TFTP, NAME, of(node, "CallManager")), (CAPF, NAME, of(node, "CAPF")),
                           (TVS, NAME, of(node, "TVS"))]
    assert (itl.file_name, itl.digest) == ("ITLFile.tlv", "sha1") and itl.signer().fingerprint == of(node, "ITLRecovery")
    assert itl.verify(tmp_path) and itl.verify(tmp_path, node.pem("ITLRecovery")) and not itl.verify(tmp_path, node.pem("CallManager"))
    assert fetched(node, "ITLFile.tlv") == fetched(node, "ITLSEP001122334455.tlv") == itl.data
    node.refused("show", "ctl", code="no-list")
    node.refused("file", "get", "tftp", "ctl", code="no-list")
    lists = node.get("/lists")
    assert lists["mode"] == "non-secure" and [(one["list"], one["node"]) for one in lists["lists"]] == [("CTL", "cluster"), ("ITL", NAME)]
    ctl, own = lists["lists"]
    assert (ctl["published"], ctl["due"], ctl["diff"], ctl["accepted"], ctl["phones"], ctl["findings"]) == (None, False, None, None, None, [])
    assert own["published"]["version"] == itl.version and own["published"]["records"] == 5 and own["published"]["size"] == len(itl.data)
    assert own["published"]["signer"] == {"subject": f"CN=ITLRECOVERY_{NAME}", "fingerprint": of(node, "ITLRecovery"), "purpose": "ITLRecovery"}
    assert (own["due"], own["diff"], own["this"], own["findings"]) == (False, None, True, [])
    assert own["signer"] == {"purpose": "ITLRecovery", "fingerprint": of(node, "ITLRecovery")}


@pytest.mark.quick
def test_what_a_list_says_is_told_record_by_record(node):
    shown = node.get("/lists/itl")
    itl = published(node, "itl")
    assert (shown["list"], shown["node"], shown["version"]["version"], shown["sha256"]) == ("ITL", NAME, itl.version, itl.version)
    assert shown["signature"] == {"valid": True, "reason": None} and shown["size"] == len(itl.data) and shown["version"]["current"] is True
    assert [(one["role"]["code"], one["dns"], one["certificate"]["fingerprint"]) for one in shown["records"]] == itl.roles()
    assert [one["signer"] for one in shown["records"]][0] is True and shown["header"]["signer"]["subject"] == f"CN=ITLRECOVERY_{NAME}"
    text = node.cli("show", "itl").out
    assert f"{itl.version}(SHA256)" in text and "ITL Record #:5" in text and "The ITL file was verified successfully." in text
    assert re.search(r"FUNCTION +2 +TVS\n", text)


def test_the_ITL_follows_a_change_by_itself(node, tmp_path):
    before = published(node, "itl")
    made = change(node, "set", "cert", "regen", "TVS")
    after = published(node, "itl")
    assert after.version != before.version and after.verify(tmp_path)
    assert [one for one in after.roles() if one[0] == TVS] == [(TVS, NAME, of(node, "TVS"))]
    assert fetched(node, "ITLFile.tlv") == after.data
    assert [one["effect"] for one in node.get(f"/changes/{made['number']}")["effects"] if one["state"] == "done"].count("itl-publish") == 1
    assert row(node, "ITL")["published"]["number"] == made["number"] and row(node, "ITL")["due"] is False
    assert [one["kind"] for one in made["followups"]].count("lists") == 1 and due(node) == []
    # What no list names leaves it as it is.
    change(node, "set", "cert", "regen", "tomcat")
    assert published(node, "itl").version == after.version
    # Taken back, it says again what it said, in a version of its own.
    node.json("utils", "undo", made["number"], *AGREED)
    again = published(node, "itl")
    assert again.roles() == before.roles() and again.verify(tmp_path) and again.version not in (before.version, after.version)


@pytest.mark.quick
def test_every_list_that_was_published_is_kept(node):
    known = [published(node, "itl")]
    for _ in range(3):
        change(node, "set", "cert", "regen", "CAPF")
        known.insert(0, published(node, "itl"))
    page = node.json("show", "list", "versions", "itl")
    assert [one["version"] for one in page["items"]] == [one.version for one in known] and page["next"] is None
    assert [one["current"] for one in page["items"]] == [True, False, False, False]
    for one in known:
        assert published(node, "itl", one.version).data == published(node, "itl", one.version[:12]).data == one.data
        assert node.get("/lists/ITL", [("version", one.version)])["version"]["current"] is (one is known[0])
    first = node.get("/lists/ITL/versions", [("limit", 3)])
    rest = node.get("/lists/ITL/versions", [("limit", 3), ("cursor", first["next"])])
    assert [one["version"] for one in [*first["items"], *rest["items"]]] == [one.version for one in known] and rest["next"] is None
    node.refused("show", "itl", "0" * 64, code="no-list")
    node.refused("show", "itl", "abc", code="bad-version")
    node.restart()
    assert [one["version"] for one in node.json("show", "list", "versions", "itl")["items"]] == [one.version for one in known], "a start publishes nothing anew"


# -- mixed mode


def test_mixed_mode_publishes_a_CTL_and_turning_it_off_one_without_certificates(node, tmp_path):
    node.refused("utils", "ctl", "set-cluster", "mixed-mode", code="confirmation-needed")
    node.refused("utils", "ctl", "update", "CTLFile", *AGREED, code="ctl-none")
    made = mixed(node)
    assert [one["type"] for one in made["steps"]] == ["setting.set", "list.publish"] and made["undoable"] is False
    ctl = published(node, "ctl")
    assert ctl.roles() == [(SAST, NAME, of(node, "ITLRecovery")), (SAST, NAME, of(node, "CallManager")), (CCM_TFTP, NAME, of(node, "CallManager")), (CAPF, NAME, of(node, "CAPF"))]
    assert ctl.file_name == "CTLFile.tlv" and ctl.verify(tmp_path, node.pem("ITLRecovery"))
    assert fetched(node, "CTLSEP001122334455.tlv") == ctl.data
    itl = published(node, "itl")
    assert (CCM_TFTP, NAME, of(node, "CallManager")) in itl.roles() and itl.verify(tmp_path)
    lists = node.get("/lists")
    assert lists["mode"] == "mixed" and row(node, "CTL")["published"]["number"] == made["number"] and row(node, "CTL")["due"] is False
    again = mixed(node)
    assert again["number"] is None and codes(again, "note") == ["mode-already"]
    assert "The CTL file was verified successfully." in node.cli("show", "ctl").out

    change(node, "utils", "ctl", "set-cluster", "non-secure-mode")
    off = published(node, "ctl")
    assert off.roles() == [(SAST, NAME, of(node, "ITLRecovery")), (SAST, NAME, of(node, "CallManager")), (CCM_TFTP, NAME, None)] and off.verify(tmp_path)
    assert (TFTP, NAME, of(node, "CallManager")) in published(node, "itl").roles()
    assert node.get("/lists")["mode"] == "non-secure"
    assert node.get("/lists/CTL")["records"][2]["certificate"] is None
    assert [one["version"] for one in node.json("show", "list", "versions", "ctl")["items"]] == [off.version, ctl.version]
    assert published(node, "ctl", ctl.version).data == ctl.data


def test_a_change_leaves_the_CTL_due_until_it_is_updated(node, tmp_path):
    mixed(node)
    old = published(node, "ctl")
    former = of(node, "CallManager")
    made = change(node, "set", "cert", "regen", "CallManager")
    assert published(node, "itl").verify(tmp_path) and (CCM_TFTP, NAME, of(node, "CallManager")) in published(node, "itl").roles()
    assert published(node, "ctl").data == old.data, "a CTL is published when somebody says so"
    assert due(node) == [CTL_DUE] and [one["target"] for one in made["followups"] if one["kind"] == "ctl-update"] == ["CTL"]
    state = row(node, "CTL")
    assert state["due"] is True and state["accepted"]["path"] == "list" and state["published"]["version"] == old.version
    assert sorted(one["role"]["code"] for one in state["diff"]["added"]) == sorted(one["role"]["code"] for one in state["diff"]["removed"]) == [SAST, CCM_TFTP]
    assert {one["certificate"]["fingerprint"] for one in state["diff"]["added"]} == {of(node, "CallManager")}
    assert {one["certificate"]["fingerprint"] for one in state["diff"]["removed"]} == {former}
    shown = node.cli("show", "ctl").out
    assert "it is published anew by: utils ctl update CTLFile" in shown and f"({of(node, 'CallManager')[:8]})" in shown

    updated = change(node, "utils", "ctl", "update", "CTLFile")
    new = published(node, "ctl")
    assert new.verify(tmp_path) and (CCM_TFTP, NAME, of(node, "CallManager")) in new.roles() and fetched(node, "CTLFile.tlv") == new.data
    assert due(node) == [] and row(node, "CTL")["due"] is False and row(node, "CTL")["published"]["number"] == updated["number"]
    assert "published anew" not in node.cli("show", "ctl").out
    nothing = change(node, "utils", "ctl", "update", "CTLFile")
    assert nothing["number"] is None and published(node, "ctl").data == new.data
    node.refused("utils", "undo", updated["number"], *AGREED, "--force", code="not-undoable")


def test_a_new_ITLRecovery_is_introduced_by_CallManager(node, tmp_path):
    mixed(node)
    made = change(node, "set", "cert", "regen", "ITLRecovery", "--force")
    assert codes(made, "warn", "danger").count("list-by-tvs") >= 1
    assert published(node, "itl").signer().fingerprint == of(node, "ITLRecovery")
    change(node, "utils", "itl", "reset", "localkey")
    itl = published(node, "itl")
    assert itl.signer().fingerprint == of(node, "CallManager") and itl.verify(tmp_path, node.pem("CallManager"))
    change(node, "utils", "ctl", "reset", "localkey")
    ctl = published(node, "ctl")
    assert ctl.signer().fingerprint == of(node, "CallManager") and ctl.verify(tmp_path)
    assert (SAST, NAME, of(node, "ITLRecovery")) in ctl.roles(), "phones learn the new signer"
    assert due(node) == [CTL_DUE]
    change(node, "utils", "ctl", "update", "CTLFile")
    change(node, "utils", "itl", "update", "ITLFile")
    assert published(node, "ctl").signer().fingerprint == published(node, "itl").signer().fingerprint == of(node, "ITLRecovery")
    assert published(node, "ctl").verify(tmp_path) and published(node, "itl").verify(tmp_path) and due(node) == []


def test_when_CallManager_signs_first_no_phone_has_to_ask_for_a_new_ITLRecovery(node, tmp_path):
    """The order of docs/trust-lists.md."""
    mixed(node)
    change(node, "utils", "itl", "reset", "localkey")
    plan = node.json("set", "cert", "regen", "ITLRecovery", "--dry-run")
    assert not {"list-by-tvs", "list-stranded"} & set(codes(plan, "warn", "danger")), plan["findings"]
    change(node, "set", "cert", "regen", "ITLRecovery")
    assert published(node, "itl").signer().fingerprint == of(node, "CallManager") and (SAST, NAME, of(node, "ITLRecovery")) in published(node, "itl").roles()
    assert row(node, "CTL")["accepted"]["path"] == "list", "phones that have the new ITL know the new signer"
    change(node, "utils", "ctl", "reset", "localkey")
    assert published(node, "ctl").verify(tmp_path, node.pem("CallManager"))
    for words in (("utils", "itl", "update", "ITLFile"), ("utils", "ctl", "update", "CTLFile")):
        made = change(node, *words)
        assert made["number"] and not {"list-by-tvs", "list-stranded"} & set(codes(made, "warn", "danger")), made["findings"]
    assert published(node, "ctl").verify(tmp_path, node.pem("ITLRecovery")) and published(node, "itl").verify(tmp_path, node.pem("ITLRecovery"))


def test_what_is_odd_in_a_list_is_told_once(node):
    """Reading the file tells it, and so does the daemon."""
    mixed(node)
    change(node, "utils", "ctl", "set-cluster", "non-secure-mode")
    assert node.cli("show", "ctl").out.count("has no certificate") == 1


# -- phones


def test_phones_that_hold_an_old_list_are_not_stranded_unless_by_force(node):
    """They know neither the next signer nor a TVS that still answers."""
    fetched(node, "ITLSEP001122334455.tlv")
    with Client(node) as client:
        wait_for(lambda: client.get("/phones")["items"], "the phone is known")
    change(node, "set", "cert", "regen", "TVS")
    state = row(node, "ITL")
    assert state["phones"] == {"known": 1, "current": 0, "older": 1, "never": 0}
    before = node.state()
    problem = node.refused("set", "cert", "regen", "ITLRecovery", *AGREED, code="confirmation-needed")
    assert "list-stranded" in codes(problem["plan"], "danger") and problem["plan"]["worst"] == "danger"
    stranded = next(one for one in problem["plan"]["findings"] if one["code"] == "list-stranded")
    assert "1 phone" in stranded["message"] and stranded["hint"]
    assert node.state() == before
    # When it has fetched the present list, it knows the TVS that answers.
    fetched(node, "ITLSEP001122334455.tlv")
    assert row(node, "ITL")["phones"] == {"known": 1, "current": 1, "older": 0, "never": 0}
    plan = node.json("set", "cert", "regen", "ITLRecovery", "--dry-run")
    assert "list-stranded" not in codes(plan, "danger") and "list-by-tvs" in codes(plan, "warn")
    assert change(node, "set", "cert", "regen", "ITLRecovery", "--force")["number"]


def test_what_a_phone_fetched_a_moment_ago_counts(node):
    """C107: nobody has to wait until fetches are written down."""
    fetched(node, "ITLSEP001122334455.tlv")
    change(node, "set", "cert", "regen", "TVS")
    problem = node.refused("set", "cert", "regen", "ITLRecovery", *AGREED, code="confirmation-needed")
    assert "list-stranded" in codes(problem["plan"], "danger"), problem


def test_a_CTL_is_held_against_what_phones_have_and_not_against_what_is_published(node):
    """C107: CallManager and TVS are new, and phones have fetched neither list since: a CTL signed by CallManager would be refused by them."""
    mixed(node)
    for name in ("CTLSEP001122334455.tlv", "ITLSEP001122334455.tlv"):
        fetched(node, name)
    change(node, "set", "cert", "regen", "CallManager")
    change(node, "set", "cert", "regen", "TVS")
    problem = node.refused("utils", "ctl", "reset", "localkey", *AGREED, code="confirmation-needed")
    stranded = next(one for one in problem["plan"]["findings"] if one["code"] == "list-stranded")
    assert stranded["weight"] == "danger" and "reset localkey" not in stranded["hint"], stranded
    # ITLRecovery is still the one that they know.
    assert "list-stranded" not in codes(change(node, "utils", "ctl", "update", "CTLFile"), "warn", "danger")


@pytest.mark.quick
def test_what_phones_have_is_told(node):
    with Client(node) as client:
        assert client.get("/phones") == {"items": [], "next": None}
        for number in range(5):
            fetched(node, f"ITLSEP00112233440{number}.tlv")
        wait_for(lambda: len(client.get("/phones")["items"]) == 5, "the phones are known")
        first = client.get("/phones", {"limit": 3})
        rest = client.get("/phones", {"limit": 3, "cursor": first["next"]})
        devices = [one["device"] for one in [*first["items"], *rest["items"]]]
        assert devices == [f"SEP00112233440{number}" for number in range(5)] and rest["next"] is None
        one = client.get("/phones/SEP001122334403")
        version = published(node, "itl").version
        assert one["itl"]["version"] == version and one["itl"]["current"] is True and one["ctl"] is None and (one["via"], one["address"]) == ("http", "127.0.0.1")
        assert [(each["list"], each["version"]) for each in one["lists"]] == [("ITL", version)]
        assert client.get("/phones", {"stale": 1})["items"] == []
        change(node, "set", "cert", "regen", "CAPF")
        fetched(node, "ITLSEP001122334402.tlv")
        wait_for(lambda: len(client.get("/phones", {"stale": 1})["items"]) == 4, "one has fetched the new one")
        assert client.get("/phones/SEP001122334403")["itl"]["current"] is False
        assert [each["version"] for each in client.get("/phones/SEP001122334402")["lists"]] == [published(node, "itl").version, version]
        client("GET", "/phones/SEP999999999999").expect(404, "no-phone")
    lines = node.cli("show", "phone", "list", "--stale").out.splitlines()
    assert len(lines) == 5 and all("older, fetched" in line for line in lines[1:])
    assert "SEP001122334402" not in node.cli("show", "phone", "list", "--stale", "--list", "itl").out
    assert "Phone SEP001122334402" in node.cli("show", "phone", "own", "SEP001122334402").out


# -- settings


@pytest.mark.quick
def test_settings_have_values_that_all_lists_obey(node, tmp_path):
    items = {one["name"]: one for one in node.get("/settings")["items"]}
    assert {name: one["value"] for name, one in items.items()} == {name: one["default"] for name, one in items.items()}
    assert set(items) == {"cluster-mode", "list-signer", "file-signature", "list-encryption", "phone-fill"}
    for one in items.values():
        assert one["about"] and one["default"] == one["values"][0]["value"] and all(value["text"] for value in one["values"])
    assert {name for name, one in items.items() if one["by"]} == {"cluster-mode", "list-signer"}
    for name in ("cluster-mode", "list-signer"):
        node.refused("set", "setting", name, items[name]["values"][1]["value"], *AGREED, code="setting-by-command")
    node.refused("set", "setting", "file-signature", "md5", *AGREED, code="bad-setting")
    made = change(node, "set", "setting", "file-signature", "sha512")
    assert published(node, "itl").digest == "sha512" and published(node, "itl").verify(tmp_path) and made["undoable"] is True
    assert node.get("/lists/ITL")["header"]["digest"] == "SHA-512"
    assert change(node, "set", "setting", "file-signature", "SHA512")["number"] is None
    node.json("utils", "undo", made["number"], *AGREED)
    assert published(node, "itl").digest == "sha1"
    assert "file-signature = sha1" in node.cli("show", "setting").out


# -- a cluster


def test_each_TFTP_node_has_an_ITL_and_all_have_one_CTL(cluster, tmp_path):
    pub, plain, sub = cluster.up(PUB, SUB1, SUB2)
    cluster.settle(PUB, SUB1, SUB2)
    plain.refused("show", "itl", code="no-list")
    assert [one["node"] for one in plain.see("/lists")["lists"]] == ["cluster", PUB, SUB2]
    itl = published(sub, "itl")
    assert itl.verify(tmp_path) and {one[1] for one in itl.roles() if one[0] == TVS} >= {PUB, SUB1, SUB2}
    assert itl.signer().fingerprint in (fingerprint(pub.pem("ITLRecovery")), fingerprint(sub.pem("CallManager")))
    told = wait_for(lambda: (seen := pub.see("/lists")) and next(one for one in seen["lists"] if (one["list"], one["node"]) == ("ITL", SUB2))["published"], "the node has told of its ITL")
    assert told["version"] == itl.version and set(told) == {"version", "number", "at", "size", "records", "signer", "current"}
    other = next(one for one in pub.see("/lists")["lists"] if one["node"] == SUB2)
    assert (other["this"], other["due"], other["diff"], other["accepted"]) == (False, False, None, None)
    assert other["phones"] == {"known": 0, "current": 0, "older": 0, "never": 0}
    pub.ask("GET", "/lists/ITL", query=[("node", SUB2)]).expect(404, "list-elsewhere")
    pub.ask("GET", "/lists/ITL/versions", query=[("node", SUB2)]).expect(404, "list-elsewhere")
    assert pub.see("/lists/ITL", [("node", PUB)])["node"] == PUB
    # The mode is the publisher's work: asked of another node it is a job.
    done = sub.json("utils", "ctl", "set-cluster", "mixed-mode", "--yes")
    assert done["state"] == "done"
    cluster.settle(PUB, SUB1, SUB2)
    ctl = published(pub, "ctl")
    assert published(sub, "ctl").data == published(plain, "ctl").data == ctl.data and ctl.verify(tmp_path)
    assert [one[1] for one in ctl.roles() if one[0] == CCM_TFTP][0] == PUB and SUB2 in [one[1] for one in ctl.roles() if one[0] == CCM_TFTP]
    change(sub, "set", "cert", "regen", "CallManager")
    cluster.settle(PUB, SUB1, SUB2)
    for one in (pub, plain, sub):
        assert next(each for each in one.see("/lists")["lists"] if each["list"] == "CTL")["due"] is True
    assert published(sub, "itl").verify(tmp_path)
    sub.json("utils", "ctl", "update", "CTLFile", "--yes")
    cluster.settle(PUB, SUB1, SUB2)
    assert fingerprint(sub.pem("CallManager")) in [one[2] for one in published(sub, "ctl").roles()]
    cluster.audit(PUB, SUB1, SUB2)


def test_phones_of_every_node_count_and_those_of_former_nodes_do_not(cluster):
    """C107: whoever changes what a list says is told of phones of all nodes that are, also on a node that serves none itself."""
    pub, plain, sub = cluster.up(PUB, SUB1, SUB2)
    cluster.settle(PUB, SUB1, SUB2)

    def told(what, count):
        rows = pub.see("/lists")["lists"]
        return next(one["phones"] for one in rows if (one["list"], one["node"]) == ("ITL", SUB2))[what] == count

    def is_warned(node):
        return "list-behind" in codes(node.json("set", "cert", "regen", "TVS", "--dry-run"), "warn")

    fetched(sub, "ITLSEP001122334455.tlv")
    change(pub, "set", "cert", "regen", "TVS")
    cluster.settle(PUB, SUB1, SUB2)
    wait_for(lambda: told("older", 1), "the node has told that a phone has an older list")
    assert is_warned(pub) and is_warned(plain)
    # A node that learns late that it has another name, or is none any more, may leave a report of the old one.
    cluster.pg.psql(f"INSERT INTO node_state (node, number, at, report) SELECT 'cucm-former', number, at, report FROM node_state WHERE node = '{SUB2}'")
    fetched(sub, "ITLSEP001122334455.tlv")
    wait_for(lambda: told("current", 1), "the node has told that the phone has the present list")
    assert not is_warned(pub) and not is_warned(plain)


def test_phones_of_another_node_are_not_stranded_unseen(cluster):
    """C107: what the phones of another node hold is known here, and what it does to them is a danger there and here."""
    pub, plain, sub = cluster.up(PUB, SUB1, SUB2)
    cluster.settle(PUB, SUB1, SUB2)
    fetched(sub, "ITLSEP001122334455.tlv")
    for name in [one["name"] for one in pub.see("/nodes")["items"]]:  # every TVS that the phone knows
        if name in (PUB, SUB1, SUB2):
            change(pub, "set", "cert", "regen", "TVS", "--node", name)
        else:
            pub.cli("set", "node", "remove", name, "--yes", "--force")
    cluster.settle(PUB, SUB1, SUB2)

    def dangers(*words):
        return [one["message"] for one in pub.json(*words, "--dry-run")["findings"] if one["code"] == "list-stranded"]

    told = wait_for(lambda: dangers("set", "cert", "regen", "ITLRecovery"), "the node has told what its phone holds")
    assert len(told) == 1 and f"(fetched from {SUB2})" in told[0], told
    pub.refused("set", "cert", "regen", "ITLRecovery", *AGREED, code="confirmation-needed")
    # A job is judged where it is done, by what phones have fetched there until then: that is no other plan.
    assert pub.json("set", "cert", "regen", "CallManager", "--node", SUB2, "--yes")["state"] == "done"
    fetched(sub, "ITLSEP001122334455.tlv")
    wait_for(lambda: not dangers("set", "cert", "regen", "ITLRecovery"), "the node has told that the phone has the present list")
