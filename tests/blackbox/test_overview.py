"""The overview: counts, what expires when, what waits, what is wrong (T2, C151; issue "The console")."""
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta

import pytest

from books import audit
from cluster import clock, wait_for
from forge import Authority, days_from_now, utc
from harness import FQDN, NAME, load, trusted, upload
from wire import Client

STATES = {"valid", "expiring", "expired", "not-yet-valid", "malformed"}


def overview(node):
    with Client(node) as client:
        return client.get("/overview")


def found(answer, code):
    return [finding for finding in answer["findings"] if finding["code"] == code]


def the(answer, code):
    one, = found(answer, code)
    return one


def counted(rows):
    return {state: sum(row["state"] == state for row in rows) for state in STATES}


def month_after(date):
    return (date.replace(day=1) + timedelta(days=32)).replace(day=1)


def spans(at):
    """The borders of the time line, worked out independently: this moment, then 24 beginnings of months."""
    edges = [at]
    for _ in range(24):
        edges.append(month_after(edges[-1]).replace(hour=0, minute=0, second=0))
    return edges


def check(node):
    """Holds the overview against the lists; returns it."""
    with Client(node) as client:
        answer = client.get("/overview")
        own, trust = client.rows("own"), client.rows("trust")
        csrs, followups = client.get("/csrs")["items"], client.get("/followups")["items"]
    assert set(answer) == {"at", "certificates", "timeline", "soon", "csrs", "followups", "findings"}
    numbers = answer["certificates"]
    assert (numbers["total"], numbers["own"], numbers["trust"]) == (len(own) + len(trust), len(own), len(trust))
    assert numbers["states"] == counted(own + trust) and numbers["own_states"] == counted(own)
    at = datetime.strptime(answer["at"], "%Y-%m-%dT%H:%M:%SZ")
    edges = spans(at)
    line = answer["timeline"]
    assert [row["to"] for row in line] == [edge.strftime("%Y-%m-%d") for edge in edges] + [None]
    assert [row["from"] for row in line] == [None] + [edge.strftime("%Y-%m-%d") for edge in edges]
    for usage, rows in (("own", own), ("trust", trust)):
        ends = [datetime.strptime(row["not_after"], "%Y-%m-%dT%H:%M:%SZ") for row in rows]
        assert [row[usage] for row in line] == [sum(low <= end < high for end in ends) for low, high in zip([datetime.min, *edges], [*edges, datetime.max])]
    assert line[0]["own"] + line[0]["trust"] == numbers["states"]["expired"]
    soonest = sorted(own, key=lambda row: row["not_after"])[:20]
    assert [row["not_after"] for row in answer["soon"]] == [row["not_after"] for row in soonest]
    assert all(row["usage"] == "own" and row["node"] for row in answer["soon"])
    assert answer["csrs"] == len(csrs) and answer["followups"] == len(followups)
    for finding in answer["findings"]:
        assert set(finding) - {"object"} == {"code", "weight", "message", "hint", "count"} and finding["count"] >= 1
    weights = [("danger", "warn", "note").index(finding["weight"]) for finding in answer["findings"]]
    assert weights == sorted(weights), "the heaviest first"
    return answer


@pytest.mark.quick
def test_a_new_node_has_nothing_to_worry_about_but_what_is_reached_from_outside_T2(shared_node):
    answer = check(shared_node)
    assert [finding["weight"] for finding in answer["findings"]] == ["note"]
    note = the(answer, "self-signed-outside")
    assert note["count"] == 2 and note["object"] == f"own/{NAME}/tomcat" and "inside the firewall" in note["message"] and f"tomcat-ECDSA of {NAME}" in note["message"]
    assert answer["csrs"] == 0


def test_counts_and_the_time_line_are_those_of_the_lists_C151(node):
    at = datetime.utcnow()
    bundle = []
    for days in (-400, -1, 1, 29, 31, 60, 200, 500, 720, 740, 800, 5000):
        for k in range(2):
            bundle.append(Authority(f"Root {days} {k}", not_before=utc(at - timedelta(days=1000)), not_after=utc(at + timedelta(days=days))).pem)
    bundle.append(Authority("Early", not_before=utc(days_from_now(5)), not_after=utc(days_from_now(500))).pem)
    bundle.append(Authority("Early and short", not_before=utc(days_from_now(5)), not_after=utc(days_from_now(20))).pem)
    bundle.append(Authority("Never").pem)
    trusted(node, "Phone-trust", "".join(bundle))
    trusted(node, "ipsec-trust", bundle[0])
    node.csr("tomcat")
    node.csr("TVS")
    answer = check(node)
    states = answer["certificates"]["states"]
    assert states["expired"] == 5 and states["expiring"] == 4 and states["not-yet-valid"] == 2 and states["malformed"] == 0
    assert answer["csrs"] == 2 and answer["followups"] > 0
    # What is deleted is not counted.
    node.cli("set", "cert", "delete", "Phone-trust", "Early.pem", "--yes", "--force")
    assert check(node)["certificates"]["states"]["not-yet-valid"] == 1


def test_what_is_CA_signed_or_not_reached_from_outside_is_not_complained_of_T2(node, sub_ca):
    for purpose in ("tomcat", "tomcat-ECDSA"):
        upload(node, purpose, sub_ca.sign(node.csr(purpose)) + "".join(sub_ca.chain()))
    answer = check(node)
    assert answer["findings"] == []


def test_federation_with_a_self_signed_certificate_is_a_warning_T2(new_node):
    node = new_node("--node-name", "imp1", "--domain", "example.com", "--roles", "im-and-presence")
    warn, note = found(check(node), "self-signed-outside")
    assert warn["weight"] == "warn" and warn["count"] == 2 and warn["object"] == "own/imp1/cup-xmpp-s2s" and "other companies" in warn["message"]
    assert note["weight"] == "note" and note["count"] == 4
    for purpose in ("tomcat", "cup-xmpp"):
        assert f"{purpose} of imp1" in note["message"]
    assert "cup of imp1" not in note["message"] and "ipsec" not in note["message"]
    reach = {row["name"]: row["reach"] for row in node.get("/purposes")["items"]}
    assert reach["cup-xmpp-s2s"] == "internet" and reach["tomcat"] == "wan" and reach["cup"] == "inside"


def test_a_chain_that_lost_its_root_is_found_and_found_again_when_it_is_back(node, sub_ca, root_ca):
    upload(node, "TVS", sub_ca.sign(node.csr("TVS")) + "".join(sub_ca.chain()))
    assert not found(check(node), "chain-incomplete")
    number = node.json("set", "cert", "delete", "TVS-trust", root_ca.name, "--yes", "--force")["number"]
    broken = the(check(node), "chain-incomplete")
    assert broken["weight"] == "warn" and broken["count"] == 1 and broken["object"] == f"own/{NAME}/TVS" and "Example Root CA is missing" in broken["message"]
    node.cli("utils", "undo", number, "--yes")
    assert not found(check(node), "chain-incomplete")


def test_time_goes_on_and_what_it_does_is_told(new_node):
    node = new_node.copy()
    node.csr("ipsec")
    end = load(node.pem("tomcat")).not_valid_after
    days = (end - datetime.utcnow()).days
    assert not found(check(node), "csr-old")
    node.stop()
    node.env = clock("+31d")
    node.start()
    old = the(check(node), "csr-old")
    assert old["weight"] == "note" and old["count"] == 1 and old["object"] == f"csr/{NAME}/ipsec" and f"ipsec {NAME}" in old["message"]
    node.stop()
    node.env = clock(f"+{days - 20}d")
    node.start()
    answer = check(node)
    expiring = the(answer, "own-expiring")
    others = answer["certificates"]["own"] - 1  # all but ITLRecovery, which lasts longer
    assert expiring["weight"] == "warn" and expiring["count"] == others == answer["certificates"]["own_states"]["expiring"]
    assert f"and {others - 5} more" in expiring["message"] and end.strftime("(%Y-%m-%d)") in expiring["message"]
    assert answer["soon"][0]["state"] == "expiring" and not found(answer, "own-expired")
    node.stop()
    node.env = clock(f"+{days + 2}d")
    node.start()
    expired = the(check(node), "own-expired")
    assert expired["weight"] == "danger" and expired["count"] == others and "have expired" in expired["message"]


def test_a_key_that_is_gone_and_what_then_is_served_are_dangers(new_node):
    node = new_node.copy()
    key = node.own("tomcat")["key"]["id"]
    node.stop()
    (node.data / "keys" / f"{key}.key").unlink()
    node.start()
    answer = check(node)
    missing = the(answer, "key-missing")
    assert missing["weight"] == "danger" and missing["object"] == f"node/{NAME}" and "tomcat certificate" in missing["message"]
    wait_for(lambda: node.json("show", "status")["self_check"], "it has looked at itself")
    wrong = the(check(node), "serves-another")
    assert wrong["weight"] == "danger" and "RSA" in wrong["message"] and wrong["object"] == f"node/{NAME}"
    node.cli("set", "cert", "regen", "tomcat", "--yes")
    answer = check(node)
    assert not found(answer, "key-missing") and not found(answer, "serves-another")


def test_a_broken_change_log_is_a_danger(new_node):
    node = new_node.copy(start=False)
    with closing(sqlite3.connect(node.data / "store.db")) as db, db:
        assert db.execute("UPDATE change SET body = replace(body, '\"who\":\"installation\"', '\"who\":\"someone else\"') WHERE number = 1").rowcount == 1
    node.start()
    wait_for(lambda: node.json("show", "status")["change_log"] is not None, "the log is checked")
    broken = the(check(node), "log-broken")
    assert broken["weight"] == "danger" and "change 1" in broken["message"] and "object" not in broken


def test_asking_changes_nothing_and_needs_a_sign_in(node):
    before = audit(node)
    for _ in range(3):
        overview(node)
    assert audit(node) == before
    node.api("GET", "/overview", auth=None).expect(401, "sign-in-needed")
    assert FQDN in load(node.pem("tomcat")).subject.rfc4514_string()
