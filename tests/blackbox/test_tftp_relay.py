"""The TFTP server over a network that loses, repeats and reorders datagrams. Each test prints its seed: UCPKI_TFTP_SEED repeats one."""
import hashlib
import os
import random

import pytest

from harness import run as execute
from tftp import Relay, Server, Transfer, fetch, run

SIZES = {"empty": 0, "block": 512, "list": 7800, "longer": 40000}


def digest(data):
    return hashlib.sha256(data).hexdigest()


def content(name):
    return random.Random(name).randbytes(SIZES[name])


@pytest.fixture
def seed():
    seed = int(os.environ.get("UCPKI_TFTP_SEED") or random.randrange(1 << 32))
    print("UCPKI_TFTP_SEED is", seed)
    return seed


@pytest.fixture
def over(tmp_path, seed):
    """over(faults, *arguments of the server): (server, relay)."""
    folder = tmp_path / "files"
    folder.mkdir()
    for name in SIZES:
        (folder / name).write_bytes(content(name))
    made = []

    def start(faults, *arguments):
        server = Server(folder, *arguments)
        made.append((server, Relay(server, seed, **faults)))
        return made[-1]

    yield start
    for server, relay in made:
        relay.stop()
        server.stop()


BAD = ("--timeout=40", "--retries=8")  # 20 seconds in all
FAULTS = {
    "loss": {"loss": 0.05},
    "repetition": {"repeat": 0.3},
    "reordering": {"delay": 0.3, "longest": 0.02},
    "all": {"loss": 0.05, "repeat": 0.1, "delay": 0.2, "longest": 0.06},
}
OPTIONS = {
    "no options": [],
    "large blocks": [("blksize", 1428), ("tsize", 0)],
    "window of 4": [("windowsize", 4)],
    "window of 16": [("windowsize", 16), ("blksize", 256)],
}


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("faults", FAULTS)
def test_files_arrive_whole(over, faults, options):
    server, relay = over(FAULTS[faults], *BAD)
    where = (relay.address, relay.port)
    names = ["empty", "block", "list", "longer", "list", "longer"]
    transfers = run([Transfer(where, name, options=OPTIONS[options], wait=0.3) for name in names], server=server)
    for name, t in zip(names, transfers):
        assert t.error is None and digest(t.data) == digest(content(name)), (name, t.error)
    stats = server.wait_idle()
    # A request that comes once more when its file has been sent begins a transfer that the client wants no more.
    assert stats["sent"] == len(names) and stats["gone"] + stats["aborted"] <= stats["requests"] - len(names), stats


def test_every_packet_twice_makes_no_more_packets_C115(over):
    """The Sorcerer's Apprentice: both sides see everything twice, and the client acknowledges each duplicate; yet each block is sent once."""
    server, relay = over({"repeat": 1.0}, "--timeout=3600000")
    assert digest(fetch(relay, "longer", server=server, wait=3600).data) == digest(content("longer"))
    stats = server.wait_idle()
    # On a machine that stops for a while, the second request may look like that of a client whose time has passed.
    assert stats["bytes"] <= SIZES["longer"] + 512 and stats["retransmitted"] <= 1 and stats["sent"] == 1, stats


def test_answers_that_are_always_late_cost_a_bounded_number_of_packets(over):
    """Each packet takes longer than the server waits at first: what it sends again is answered again, but never more than once for each block."""
    server, relay = over({"delay": 1.0, "longest": 0.15}, "--timeout=40", "--retries=12")
    assert digest(fetch(relay, "list", server=server, wait=3600).data) == digest(content("list"))
    stats = server.wait_idle()
    assert stats["bytes"] - SIZES["list"] <= stats["retransmitted"] * 512, stats


def test_100_clients_over_a_bad_network(over):
    server, relay = over(FAULTS["all"], *BAD, "--per-client=200")
    where = (relay.address, relay.port)
    transfers = run([Transfer(where, "list", options=list(OPTIONS.values())[i % 4], wait=1) for i in range(100)], server=server)
    for t in transfers:
        assert t.error is None and digest(t.data) == digest(content("list")), t.error
    server.wait_idle()


@pytest.mark.parametrize("faults", FAULTS)
def test_the_clients_of_others_over_a_bad_network(over, tmp_path, faults):
    """Without options: curl asks for a timeout of seconds, which each lost packet would cost here, and atftp gives up when an OACK comes twice."""
    server, relay = over(FAULTS[faults], *BAD)
    commands = {
        "curl": ["curl", "-s", "-S", "--max-time", 100, "--tftp-no-options", "-o", tmp_path / "curl", f"tftp://127.0.0.1:{relay.port}/list"],
        "atftp": ["atftp", "--get", "-r", "list", "-l", tmp_path / "atftp", "127.0.0.1", relay.port],
        "hpa": ["tftp", "-m", "octet", "127.0.0.1", relay.port, "-c", "get", "list", tmp_path / "hpa"],
    }
    for name, command in commands.items():
        result = execute(*command, check=False, seconds=120)
        assert result.status == 0, result
        assert digest((tmp_path / name).read_bytes()) == digest(content("list")), result
    server.wait_idle()
