"""Trust lists and phone files when something goes wrong: the node is killed at each named point while lists are published, disks are full or read-only, the node's own database is damaged, lost or held
by another program, and a PBX writes a secret configuration while phones ask for it under every name. After each blow what phones get is the newest version that is recorded, and says what it should.
"""
import os
import sqlite3
import threading
import time
from contextlib import closing
from http.client import HTTPException

import pytest

from books import audit
from cluster import wait_for
from harness import NAME, run
from test_faults import POINTS, Disk
from test_phone_files import CONFIG, PASSWORD, PHONE, Phone, by_curl_tftp, by_http, by_https, config, know, put
from tlv import TrustList
from wire import Client

ANSWERED = [("yes", 1), ("force", 1)]
WAIT_SECONDS = 60


def row(node, kind):
    name = "cluster" if kind == "CTL" else NAME
    return next(one for one in node.get("/lists")["lists"] if (one["list"], one["node"]) == (kind, name))


def check_lists(node, folder):
    """Phones get the newest version that is recorded, its signature is good, and it says what it should; returns the versions, the newest first."""
    versions = {}
    for kind in ("CTL", "ITL"):
        recorded = node.get(f"/lists/{kind}/versions")["items"]
        versions[kind] = [one["version"] for one in recorded]
        assert len(set(versions[kind])) == len(versions[kind])
        got = by_http(node, f"{kind}SEP001122334455.tlv")
        assert (got is None) == (not recorded)
        if got is None:
            continue
        fetched = TrustList(got)
        assert fetched.version == versions[kind][0] and fetched.verify(folder)
        assert row(node, kind)["due"] is False and row(node, kind)["published"]["version"] == fetched.version
    assert not [one for one in row(node, "ITL")["findings"] if one["weight"] == "danger"]
    return versions


# -- kills

TASKS = {
    "a certificate of the ITL": ("/certificates/own/TVS/regenerate", {}),
    "mixed mode": ("/lists/mode", {"mode": "mixed-mode"}),
    "the other signer": ("/lists/ITL/reset", {}),
    "a setting": ("/settings/list-encryption", {"value": "advanced"}),
}
# Where a change of the state has happened, the ITL follows it in the same breath or at the next start.
KILLS = {**POINTS, "itl-recorded": True}


@pytest.mark.parametrize("task, point", [(task, point) for task in TASKS for point in KILLS if point != "key-saved" or task == "a certificate of the ITL"])
def test_killed_at_a_named_point_lists_are_those_before_or_after(new_node, tmp_path, task, point):
    node = new_node.copy()
    before, head = check_lists(node, tmp_path), audit(node)["head"]
    node.stop()
    node.env = {"UCPKI_CRASH_AT": point}
    node.start()
    with Client(node) as client, pytest.raises((OSError, HTTPException)):
        client("POST", TASKS[task][0], ANSWERED, TASKS[task][1])
    assert node.process.wait(WAIT_SECONDS) != 0
    node.kill()
    node.env = {}
    node.start()
    happened = KILLS[point]
    assert audit(node)["head"] == head + happened
    after = check_lists(node, tmp_path)
    # None that a phone can have fetched is forgotten, and none is signed twice.
    assert after["ITL"][-len(before["ITL"]):] == before["ITL"] and len(after["ITL"]) == len(before["ITL"]) + happened
    assert len(after["CTL"]) == (1 if task == "mixed mode" and happened else 0)
    node.restart()
    assert check_lists(node, tmp_path) == after


# -- the node's own database


def local(node):
    return node.data / "local.db"


def test_a_damaged_or_lost_database_of_its_own_keeps_no_list_from_phones(new_node, tmp_path):
    node = new_node.copy()
    for blow in ("damaged at the start", "lost at the start", "lost while it runs", "damaged while it runs"):
        present = check_lists(node, tmp_path)["ITL"][0]
        if "start" in blow:
            node.stop()
        for path in node.data.glob("local.db*"):
            path.unlink() if "lost" in blow or path != local(node) else path.write_bytes(b"damaged!" * 4096)
        if "start" in blow:
            node.start()
        assert by_http(node, "ITLFile.tlv") is not None, blow
        versions = check_lists(node, tmp_path)["ITL"]
        # What the node has in memory goes on: the damage may show later.
        assert versions[0] == present if "runs" in blow else len(versions) == 1, blow
        node.json("set", "cert", "regen", "TVS", "--yes")
        assert check_lists(node, tmp_path)["ITL"][1] == versions[0], blow
        node.restart()
        check_lists(node, tmp_path)
    audit(node)


def test_while_another_program_holds_the_database_phones_fetch_and_changes_are_made(new_node, tmp_path):
    node = new_node.copy()
    before = check_lists(node, tmp_path)["ITL"]
    with closing(sqlite3.connect(local(node), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert by_http(node, "ITLFile.tlv") is not None
        made = node.json("set", "cert", "regen", "TVS", "--yes")
        effects = [one for one in node.get(f"/changes/{made['number']}")["effects"] if one["effect"] == "itl-publish"]
        assert [one["state"] for one in effects] == ["failed"]
        # What could not be recorded is not given to phones.
        assert TrustList(by_http(node, "ITLFile.tlv")).version == before[0]
        assert "list-unsigned" in [one["code"] for one in row(node, "ITL")["findings"]]
        other.execute("ROLLBACK")
    node.json("set", "cert", "regen", "tomcat", "--yes")
    assert check_lists(node, tmp_path)["ITL"][1:] == before


# -- disks


@pytest.fixture
def disk(new_node):
    if os.geteuid() != 0:
        pytest.skip("needs root, to mount a small file system")
    source, node = new_node.copy(), new_node.copy(start=False)
    source.stop()
    small = Disk(node, source.data, "12m")
    node.start()
    yield node, small
    node.kill()
    small.end()


def phones(node):
    return {one["device"] for one in node.get("/phones", [("limit", 1000)])["items"]}


def test_on_a_full_disk_phones_fetch_and_what_is_known_of_them_can_be_asked(disk, tmp_path):
    node, small = disk
    put(node, "ringlist.xml", "<rings/>")
    versions = check_lists(node, tmp_path)
    assert by_http(node, "ITLSEP00000000000A.tlv") is not None
    wait_for(lambda: "SEP00000000000A" in phones(node), "the phone is recorded")
    small.fill()
    # Until not a page of the database can be written any more.
    for i in range(400):
        assert by_http(node, f"ITLSEP0000000F{i:04X}.tlv") is not None
    assert by_http(node, "ringlist.xml.sgn") is not None and by_curl_tftp(node, "ITLFile.tlv", tmp_path) is not None
    assert "SEP00000000000A" in phones(node)
    assert node.get("/phones/SEP00000000000A")["device"] == "SEP00000000000A"
    assert row(node, "ITL")["published"]["version"] == versions["ITL"][0]
    small.free()
    assert by_http(node, "ITLSEP00000000000B.tlv") is not None
    wait_for(lambda: "SEP00000000000B" in phones(node), "a phone is recorded again")
    node.json("set", "cert", "regen", "TVS", "--yes")
    assert check_lists(node, tmp_path)["ITL"][1:] == versions["ITL"]


def test_when_the_directory_becomes_read_only_phones_fetch_on(disk, tmp_path):
    node, small = disk
    put(node, "ringlist.xml", "<rings/>")
    versions = check_lists(node, tmp_path)
    small.cover()
    for name in ("ITLFile.tlv", "ringlist.xml", "ringlist.xml.sgn"):
        assert by_http(node, name) is not None and by_curl_tftp(node, name, tmp_path) is not None, name
    assert row(node, "ITL")["published"]["version"] == versions["ITL"][0]
    phones(node)
    small.uncover()
    assert check_lists(node, tmp_path) == versions


# -- secrets


def write_slowly(path, data, ending):
    """As a PBX that writes in place does, over and over: a part of it, and after a while the rest."""
    part = 1
    while not ending.is_set():
        with open(path, "wb", buffering=0) as out:
            out.write(data[:part])
            time.sleep(0.002)
            out.write(data[part:])
        part = part % (len(data) - 1) + 37
        part = min(part, len(data) - 1)
        time.sleep(0.002)


def test_nothing_of_a_secret_configuration_leaves_by_any_name_while_it_is_written(new_node, tmp_path):
    node = new_node.copy()
    phone = Phone(tmp_path)
    know(node, phone)
    put(node, "sub/x", "")
    for copy in (f"{CONFIG}~", f"{CONFIG}.bak", f"{CONFIG}.tmp", "CSFjohn.cnf.xml", "copy"):
        put(node, copy, config(encrypted=True))
    (node.data / "tftp" / "link").symlink_to(CONFIG)
    secret = config(encrypted=True)
    ending = threading.Event()
    writer = threading.Thread(target=write_slowly, args=(node.data / "tftp" / CONFIG, secret, ending))
    writer.start()
    names = [CONFIG, CONFIG.lower(), f"{CONFIG}.sgn", f"{CONFIG}.enc.sgn", f"{CONFIG}.SGN", f"{CONFIG}.sgn.sgn", f"{CONFIG}.enc", f"{CONFIG}~", f"{CONFIG}.bak", f"{CONFIG}.bak.sgn", f"{CONFIG}.tmp",
             "CSFjohn.cnf.xml", "CSFjohn.cnf.xml.sgn", "copy", "copy.sgn", "link", "link.sgn", f"./{CONFIG}", f"sub/../{CONFIG}", f"//{CONFIG}", f"%2e/{CONFIG}", CONFIG.replace("x", "%78")]
    got = []
    try:
        for _ in range(12):
            for name in names:
                for scheme, service in (("http", "phone-http"), ("https", "phone-https")):
                    # With what errors say.
                    got.append((name, run("curl", "-sS", "-k", "--path-as-is", "--noproxy", "*", f"{scheme}://127.0.0.1:{node.ports[service]}/{name}", check=False).raw))
    finally:
        ending.set()
        writer.join()
    for name, answer in got:
        assert PASSWORD.encode() not in answer and b"sshPassword" not in answer, name
    # Whole again, the phone gets what is its own.
    put(node, CONFIG, secret)
    time.sleep(0.2)
    assert by_http(node, f"{CONFIG}.enc.sgn") is not None and PHONE in CONFIG
    assert b"<encrConfig>true</encrConfig>" in by_https(node, f"{CONFIG}.sgn")
