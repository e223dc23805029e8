"""Ten thousand trust certificates (C95, C149 to C151): uploaded in bundles, listed, searched, counted, deleted and brought back, each held against a model of our own.

Nothing here depends on speed: every wait is a request that ends. Under the sanitizers it is a tenth of that number.
"""
import datetime
import hashlib
import os
import random

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from books import audit, same, sanitized
from conftest import Makers
from forge import AKI, bits, dns_names, extension, integer, name, octets, oid, seq, spki_of, tlv, utc
from harness import to_pem
from wire import Client

BUNDLE = 500
STORES = ["tomcat-trust", "Phone-trust", "CallManager-trust"]
START = datetime.datetime(2026, 1, 1)


class Mill:
    """Makes certificates in microseconds: distinct subjects, serials and times, one key, and a signature that nobody has made (a trust store holds peers for what they are)."""

    def __init__(self):
        self.spki = spki_of(ec.generate_private_key(ec.SECP256R1()).public_key())
        self.algorithm = seq(oid("1.2.840.10045.4.3.2"))
        self.signature = bits(seq(integer(1), integer(1)))
        self.aki = extension(AKI, seq(tlv(0x80, bytes(20))))

    def make(self, i):
        """The DER, and what a list must say of it."""
        cn, issuer, days = f"Peer-{i:05} {'Süd' if i % 7 == 0 else 'North'}", f"Scale CA {i % 20:02}", 400 + i % 3000
        serial = b"\x4a" + i.to_bytes(7, "big")
        extensions = tlv(0xA3, seq(dns_names(f"peer-{i:05}.example.com"), self.aki))
        until = START + datetime.timedelta(days=days)
        tbs = seq(tlv(0xA0, integer(2)), tlv(0x02, serial), self.algorithm, name(issuer), seq(utc(START), utc(until)), name(cn, f"Org {i % 5}"), self.spki, extensions)
        der = seq(tbs, self.algorithm, self.signature)
        row = {"common_name": cn, "subject": f"O=Org {i % 5},CN={cn}", "issuer": f"O=Example,CN={issuer}", "serial": serial.hex(), "fingerprint": hashlib.sha256(der).hexdigest(),
               "not_after": until.strftime("%Y-%m-%dT%H:%M:%SZ"), "unit": STORES[i // BUNDLE % len(STORES)]}
        return der, row


class Crowd:
    """The node, and the model of what it holds: fingerprint -> row."""

    def __init__(self, node):
        self.node, self.client = node, Client(node)
        self.count = int(os.environ.get("UCPKI_SCALE", 0)) or (1000 if sanitized(node) else 10000)
        mill = Mill()
        self.before = {row["fingerprint"] for row in self.client.rows("trust")}
        self.rows, self.changes, self.bundles = {}, [], []
        for start in range(0, self.count, BUNDLE):
            made = [mill.make(i) for i in range(start, min(start + BUNDLE, self.count))]
            bundle = "".join(to_pem(der) for der, _ in made)
            answer = self.client("POST", f"/certificates/trust/{made[0][1]['unit']}", {"yes": 1, "description": f"bundle {start // BUNDLE}"}, bundle).expect(201)
            assert len(answer.json["steps"]) == len(made)
            self.changes.append(answer.json["number"])
            self.bundles.append([row for _, row in made])
            self.rows.update({row["fingerprint"]: row for _, row in made})

    def listed(self, query=(), limit=1000):
        """The crowd's rows of a list, in order, without what the installation has put there."""
        return [row for row in self.client.rows("trust", query, limit) if row["fingerprint"] not in self.before]

    def matching(self, condition):
        return {fp for fp, row in self.rows.items() if condition(row)}

    def counts(self):
        return {store["name"]: store["count"] for store in self.client.get("/stores")["items"]}


@pytest.fixture(scope="module")
def crowd(template):
    makers = Makers(template)
    crowd = Crowd(makers.copy())
    yield crowd
    crowd.client.close()
    makers.end()


def test_every_one_is_listed_once_as_it_is_C149_C150(crowd):
    listed = crowd.listed()
    assert len(listed) == crowd.count
    for row in listed:
        model = crowd.rows[row["fingerprint"]]
        assert {member: row[member] for member in model} == model
        assert row["state"] in ("valid", "expiring") and row["distribution"] == "cluster"


@pytest.mark.parametrize("limit", [97, 1000])
@pytest.mark.parametrize("sort, key", [("expires", "not_after"), ("-serial", "serial"), ("common-name", "common_name"), ("-issuer", "issuer")])
def test_sorted_pages_hold_every_row_once_C150(crowd, sort, key, limit):
    if limit == 97 and crowd.count > 1000:
        limit = 307  # fewer requests, pages that are not full all the same
    listed = crowd.listed({"sort": sort}, limit)
    assert len({row["fingerprint"] for row in listed}) == len(listed) == crowd.count
    values = [row[key].lower() for row in listed]
    assert values == sorted(values, reverse=sort.startswith("-"))


CONDITIONS = {
    "issuer contains scale ca 07": lambda r: r["issuer"].endswith("Scale CA 07"),
    "common-name contains SÜD": lambda r: "Süd" in r["common_name"],
    "common-name begins with peer-0001": lambda r: r["common_name"].startswith("Peer-0001"),
    "common-name ends with north": lambda r: r["common_name"].endswith("North"),
    "subject contains org 3": lambda r: "O=Org 3," in r["subject"],
    "common-name is Peer-00042 Süd": lambda r: r["common_name"] == "Peer-00042 Süd",
    "unit is Phone-trust": lambda r: r["unit"] == "Phone-trust",
    "expires before 2028-01-01": lambda r: r["not_after"] < "2028-01-01",
    "serial begins with 4a000000000000": lambda r: r["serial"].startswith("4a000000000000"),
    "common-name contains no such thing": lambda r: False,
}


@pytest.mark.parametrize("where", CONDITIONS)
def test_a_condition_finds_exactly_what_it_says_C95(crowd, where):
    found = crowd.listed({"where": where})
    assert {row["fingerprint"] for row in found} == crowd.matching(CONDITIONS[where]) and len(found) == len({row["fingerprint"] for row in found})


def test_conditions_together_C95(crowd):
    first, second = "issuer contains scale ca 07", "expires before 2030-01-01"
    one, two = crowd.matching(CONDITIONS[first]), crowd.matching(lambda r: r["not_after"] < "2030-01-01")
    both = [("where", first), ("where", second)]
    assert {row["fingerprint"] for row in crowd.listed(both)} == one & two
    assert {row["fingerprint"] for row in crowd.listed([*both, ("match", "any")])} == one | two


def test_a_short_search_is_complete_or_says_that_it_is_not(crowd):
    """Two letters cannot use the index: the answer is bounded, and a bounded one has a notice."""
    page = crowd.client.get("/certificates", {"usage": "trust", "where": "common-name contains r-", "limit": 1000})
    found = {row["fingerprint"] for row in page["items"]} - crowd.before
    everything = crowd.matching(lambda r: "r-" in r["common_name"])
    assert found <= everything and (page["next"] is not None or page.get("notice") or found == everything)


def test_the_counts_are_right_C151(crowd):
    expected = {store: sum(row["unit"] == store for row in crowd.rows.values()) for store in STORES}
    counts = crowd.counts()
    for store in STORES:
        old = sum(row["unit"] == store for row in crowd.client.rows("trust", {"where": f"unit is {store}"}) if row["fingerprint"] in crowd.before)
        assert counts[store] == expected[store] + old, store
    assert crowd.client.get("/certificates", {"usage": "trust", "limit": 1})["total"] == sum(counts.values()) == crowd.count + len(crowd.client.rows("trust")) - len(crowd.listed())


def test_any_of_them_can_be_deleted_by_name_and_brought_back_C87_C95(crowd):
    before, counts = audit(crowd.node), crowd.counts()
    rng = random.Random(95)
    gone, numbers = [], []
    for row in rng.sample(sorted(crowd.listed(), key=lambda r: r["fingerprint"]), 20):
        answer = crowd.client("DELETE", f"/certificates/trust/{row['unit']}/{row['name']}", {"yes": 1}).expect(201)
        assert len(answer.json["steps"]) == 1
        gone.append(row)
        numbers.append(answer.json["number"])
    left = {row["fingerprint"] for row in crowd.listed()}
    assert left == set(crowd.rows) - {row["fingerprint"] for row in gone}
    for row in gone:
        crowd.client("GET", f"/certificates/trust/{row['unit']}/{row['name']}").expect(404, "no-certificate")
        assert crowd.listed({"where": f"fingerprint is {row['fingerprint']}"}) == []
    for store in STORES:
        assert crowd.counts()[store] == counts[store] - sum(row["unit"] == store for row in gone)
    for number in reversed(numbers):
        crowd.client("POST", f"/changes/{number}/undo", {"yes": 1}).expect(201)
    assert same(before, audit(crowd.node)) and crowd.counts() == counts
    for row in gone:
        assert [found["name"] for found in crowd.listed({"where": f"fingerprint is {row['fingerprint']}"})] == [row["name"]]


def test_a_whole_bundle_is_one_change_that_can_be_undone(crowd):
    before, counts = audit(crowd.node), crowd.counts()
    bundle = crowd.bundles[-1]
    number = crowd.client("POST", f"/changes/{crowd.changes[-1]}/undo", {"yes": 1}).expect(201).json["number"]
    assert {row["fingerprint"] for row in crowd.listed()} == set(crowd.rows) - {row["fingerprint"] for row in bundle}
    assert crowd.counts()[bundle[0]["unit"]] == counts[bundle[0]["unit"]] - len(bundle)
    crowd.client("POST", f"/changes/{number}/undo", {"yes": 1}).expect(201)
    assert same(before, audit(crowd.node)) and crowd.counts() == counts


def test_the_same_bundle_again_changes_nothing(crowd):
    before = audit(crowd.node)
    unit = crowd.bundles[0][0]["unit"]
    bundle = b"".join(crowd.client("GET", f"/certificates/trust/{unit}/{row['name']}/content").expect(200).body for row in crowd.listed({"where": "description is bundle 0"}))
    answer = crowd.client("POST", f"/certificates/trust/{unit}", {"yes": 1}, bundle).expect(200).json
    assert answer["number"] is None and {finding["code"] for finding in answer["findings"]} == {"already-there"}
    assert audit(crowd.node) == before


def test_after_a_restart_all_are_there(crowd):
    crowd.client.close()
    before = audit(crowd.node)
    crowd.node.restart()
    assert audit(crowd.node) == before and len(crowd.listed()) == crowd.count


def test_a_bundle_with_more_than_ten_thousand_is_refused_with_the_limit(crowd):
    small = to_pem(octets(b"x"))
    answer = crowd.client("POST", "/certificates/trust/tomcat-trust", {"yes": 1}, small * 10001).expect(413, "too-many-objects")
    assert "10000" in answer.json["detail"]
