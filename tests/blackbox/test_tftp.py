"""The TFTP server, packet by packet and with the clients of tftp-hpa, atftp and curl. What a relay does to packets is in test_tftp_relay.py."""
import hashlib
import random
import time

import pytest

from harness import run as execute
from tftp import DATA, RRQ, WRQ, Peer, Server, Transfer, ack, error, fetch, read_error, request, run, udp

SIZES = {"empty": 0, "one": 1, "short": 511, "block": 512, "longer": 513, "list": 7800, "mega": 1 << 20, "blocks": 8 * 65540 + 3}
TEXT = b"first\nsecond\r\nthird\rfourth\n\n" * 40


def content(name):
    return random.Random(name).randbytes(SIZES[name])


def digest(data):
    return hashlib.sha256(data).hexdigest()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tftp") / "files"
    (folder / "late").mkdir(parents=True)
    (folder / "slow").mkdir()
    for name in SIZES:
        (folder / name).write_bytes(content(name))
    (folder / "text").write_bytes(TEXT)
    (folder / "late/list").write_bytes(content("list"))
    (folder / "slow/list").write_bytes(content("list"))
    (folder.parent / "secret").write_text("not for phones")
    return folder


@pytest.fixture
def serve(folder):
    servers = []

    def start(*arguments, **more):
        servers.append(Server(folder, *arguments, **more))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def server(serve):
    return serve()


# -- other people's clients


def tftp_hpa(server, name, target, mode="octet"):
    six = ["-6"] if ":" in server.address else ["-4"]
    return execute("tftp", *six, "-m", mode, server.address, server.port, "-c", "get", name, target, check=False, seconds=60)


def atftp(server, name, target, **options):
    words = []
    for option, value in options.items():
        words += ["--option", f"{option} {value}"]
    return execute("atftp", *words, "--get", "--remote-file", name, "--local-file", target, server.address, server.port, check=False, seconds=60)


def curl(server, name, target, *more):
    host = f"[{server.address}]" if ":" in server.address else server.address
    return execute("curl", "-s", "-S", "--max-time", 60, *more, "-o", target, f"tftp://{host}:{server.port}/{name}", check=False, seconds=90)


@pytest.mark.quick
@pytest.mark.parametrize("name", ["empty", "one", "short", "block", "longer", "list", "late/list"])
def test_the_client_of_tftp_hpa_gets_files_of_every_length(server, tmp_path, name):
    result = tftp_hpa(server, name, tmp_path / "got")
    assert result.status == 0, result
    assert digest((tmp_path / "got").read_bytes()) == digest(content(name.rpartition("/")[2]))
    assert server.wait_idle()["sent"] == 1


@pytest.mark.quick
@pytest.mark.parametrize("name", ["one", "block", "list", "mega"])
@pytest.mark.parametrize("options", [{}, {"blksize": 1428}, {"blksize": 8192, "windowsize": 8}, {"tsize": 0, "timeout": 2}, {"windowsize": 64}])
def test_atftp_gets_files_with_options(server, tmp_path, name, options):
    result = atftp(server, name, tmp_path / "got", **options)
    assert result.status == 0, result
    assert digest((tmp_path / "got").read_bytes()) == digest(content(name))
    assert server.wait_idle()["sent"] == 1


@pytest.mark.quick
@pytest.mark.parametrize("name", ["empty", "short", "block", "list", "mega"])
@pytest.mark.parametrize("more", [(), ("--tftp-no-options",), ("--tftp-blksize", 65464), ("--tftp-blksize", 64)])
def test_curl_gets_files_with_and_without_options(server, tmp_path, name, more):
    (tmp_path / "got").touch()  # curl makes no file of no bytes
    result = curl(server, name, tmp_path / "got", *more)
    assert result.status == 0, result
    assert digest((tmp_path / "got").read_bytes()) == digest(content(name))
    assert server.wait_idle()["sent"] == 1


@pytest.mark.quick
def test_the_client_of_tftp_hpa_gets_text_in_netascii(server, tmp_path):
    result = tftp_hpa(server, "text", tmp_path / "got", mode="netascii")
    assert result.status == 0, result
    assert (tmp_path / "got").read_bytes() == TEXT


@pytest.mark.quick
@pytest.mark.parametrize("address", ["::1", "::"])
def test_ipv6(serve, tmp_path, address):
    try:
        udp("::1").close()
    except OSError:
        pytest.skip("this machine has no IPv6")
    server = serve(address=address)
    server.address = "::1"
    assert tftp_hpa(server, "list", tmp_path / "hpa").status == 0
    assert curl(server, "mega", tmp_path / "curl").status == 0
    assert digest((tmp_path / "hpa").read_bytes()) == digest(content("list"))
    assert digest((tmp_path / "curl").read_bytes()) == digest(content("mega"))
    if address == "::":
        server.address = "127.0.0.1"
        assert curl(server, "list", tmp_path / "four").status == 0
        assert digest((tmp_path / "four").read_bytes()) == digest(content("list"))


@pytest.mark.quick
def test_clients_are_told_why_they_get_nothing(server, tmp_path):
    result = tftp_hpa(server, "missing", tmp_path / "got")
    assert "there is no file 'missing'" in result.out + result.err, result
    assert curl(server, "missing", tmp_path / "got").status == 68  # CURLE_TFTP_NOTFOUND
    assert curl(server, "..%2fsecret", tmp_path / "got").status == 69  # CURLE_TFTP_PERM
    upload = execute("curl", "-s", "-T", "/etc/hostname", f"tftp://127.0.0.1:{server.port}/up", check=False, seconds=60)
    assert upload.status == 69, upload
    put = execute("tftp", "-m", "octet", "127.0.0.1", server.port, "-c", "put", "/etc/hostname", "up", check=False, seconds=60)
    assert "this server is read-only" in put.out + put.err, put
    assert server.stats()["refused"] == 5


# -- our own


@pytest.mark.quick
@pytest.mark.parametrize("window", [1, 2, 3, 7, 16, 63, 64, 100, 65535])
def test_windows(server, window):
    for name in ("empty", "block", "list", "mega"):
        t = fetch(server, name, options=[("windowsize", window), ("blksize", 1024), ("tsize", 0)])
        assert digest(t.data) == digest(content(name))
        assert t.answered["windowsize"] == str(min(window, 64))
        assert t.answered.get("tsize", "0") == str(SIZES[name])
    stats = server.wait_idle()
    assert stats["retransmitted"] == 0 and stats["bytes"] == sum(SIZES[name] for name in ("empty", "block", "list", "mega"))


def test_more_than_65535_blocks(server):
    for options in ([("blksize", 8)], [("blksize", 8), ("windowsize", 64)]):
        t = fetch(server, "blocks", options=options)
        assert t.block == 65541 and digest(t.data) == digest(content("blocks"))


def test_other_clients_get_more_than_65535_blocks(server, tmp_path):
    assert curl(server, "blocks", tmp_path / "curl", "--tftp-blksize", 8).status == 0
    assert digest((tmp_path / "curl").read_bytes()) == digest(content("blocks"))
    assert atftp(server, "blocks", tmp_path / "atftp", blksize=8, windowsize=32).status == 0
    assert digest((tmp_path / "atftp").read_bytes()) == digest(content("blocks"))


def test_400_clients_at_once(serve):
    server = serve("--max=1000")
    where = (server.address, server.port)
    names = ["list", "late/list", "block", "longer"]
    transfers = run([Transfer(where, names[i % 4], own=f"127.0.1.{i % 200 + 1}", wait=5) for i in range(400)])
    for i, t in enumerate(transfers):
        assert t.error is None and digest(t.data) == digest(content(names[i % 4].rpartition("/")[2])), t.error
    stats = server.wait_idle()
    assert stats["sent"] == 400 and stats["dropped"] == 0


def test_a_slow_file_does_not_hold_up_the_others(serve):
    server = serve("--workers=1")
    where = (server.address, server.port)
    transfers = run([Transfer(where, "slow/list", wait=10), *(Transfer(where, "list", wait=10) for _ in range(20))])
    assert all(digest(t.data) == digest(content("list")) for t in transfers)
    assert server.wait_idle()["retransmitted"] == 0


def test_a_changed_file_is_served_at_once(serve, folder):
    server = serve()
    for i in range(20):
        (folder / "changing").write_text(f"version {i}" * (i + 1))
        assert fetch(server, "changing").data.decode() == f"version {i}" * (i + 1)


# -- bad input

REFUSED = {
    "the name leads out of the directory": (request(RRQ, "../secret"), 2),
    "in the middle": (request(RRQ, "late/../../secret"), 2),
    "an absolute name": (request(RRQ, "/etc/passwd"), 2),
    "control characters": (request(RRQ, b"li\x1b[2Jst\n"), 2),
    "no such file": (request(RRQ, "nothing"), 1),
    "a directory": (request(RRQ, "late"), 1),
    "a very long name": (request(RRQ, "a" * 480), 1),
    "not UTF-8": (request(RRQ, b"\xff\xfe\x80"), 1),
    "a format": (request(RRQ, "%s%n%s%n"), 1),
    "a NUL in the name": (request(RRQ, b"list\0../secret"), 4),
    "a NUL before the mode": (request(RRQ, b"list\0"), 4),
    "no name": (request(RRQ, ""), 4),
    "mail": (request(RRQ, "list", "mail"), 4),
    "no mode": (b"\0\1list\0", 4),
    "an unfinished mode": (b"\0\1list\0octet", 4),
    "an unfinished option": (b"\0\1list\0octet\0blksize\0" + b"512", 4),
    "an option without a value": (b"\0\1list\0octet\0tsize\0", 4),
    "nothing but the opcode": (b"\0\1", 4),
    "too long": (request(RRQ, "a" * 600), 4),
    "far too long": (request(RRQ, "a" * 60000), 4),
    "writing": (request(WRQ, "up"), 2),
    "writing over": (request(WRQ, "list"), 2),
    "writing out of the directory": (request(WRQ, "../up"), 2),
    "DATA": (b"\0\3\0\1data", 4),
    "ACK": (b"\0\4\0\1", 4),
    "OACK": (b"\0\6blksize\000512\0", 4),
    "opcode 0": (b"\0\0list\0octet\0", 4),
    "opcode 7": (b"\0\7list\0octet\0", 4),
    "opcode 256": (b"\1\0list\0octet\0", 4),
    "opcode 65535": (b"\xff\xff", 4),
}


@pytest.mark.quick
def test_bad_requests_get_an_error_and_change_nothing(server, folder):
    before = sorted(folder.iterdir())
    peer = Peer(server)
    for what, (packet, code) in REFUSED.items():
        peer.ask(packet)
        got = read_error(peer.read())
        assert got[0] == code and got[1].isprintable(), (what, got)
        assert peer.last[1] != server.port, what
    for packet in (b"", b"\0", b"\1", b"\0\4\0", b"\0\5", b"\0\5\0", error(1, "no"), error(4, "illegal TFTP operation")):
        peer.ask(packet)
    assert peer.nothing_came()
    stats = server.wait_idle()
    assert stats["refused"] == len(REFUSED) + 1 and stats["sent"] == 0
    assert sorted(folder.iterdir()) == before
    peer.close()


@pytest.mark.quick
@pytest.mark.parametrize("option", ["0", "-1", "7", "65465", "4294967808", "99999999999999999999999", "", "x", "512x", " 512", "0x200"])
def test_an_absurd_blksize_is_ignored_C117(server, option):
    t = fetch(server, "list", options=[("blksize", option)])
    assert t.answered == {} and digest(t.data) == digest(content("list"))


@pytest.mark.quick
def test_other_absurd_options_are_ignored(server):
    options = [("timeout", "0"), ("timeout", "256"), ("windowsize", "0"), ("windowsize", "65536"), ("tsize", "-1"), ("multicast", ""), ("x" * 60, "y" * 60)]
    assert fetch(server, "list", options=options).answered == {}
    assert fetch(server, "list", options=[("BLKSIZE", "8"), ("blksize", "1024"), ("blkSize2", "9")]).answered == {"blksize": "8"}


@pytest.mark.quick
def test_duplicate_acknowledgements_never_trigger_a_send_C115(serve):
    server = serve("--timeout=3600000")
    peer = Peer(server)
    peer.ask(request(RRQ, "list"))
    assert peer.read()[:4] == b"\0\3\0\1"
    peer.answer(ack(1))
    assert peer.read()[:4] == b"\0\3\0\2"
    for block in (1, 1, 1, 0, 3, 65535, 1):
        peer.answer(ack(block))
    assert peer.nothing_came()
    assert server.stats()["bytes"] == 1024
    peer.close()


@pytest.mark.quick
def test_a_repeated_request_starts_no_second_transfer(serve):
    server = serve("--timeout=3600000")
    peer = Peer(server)
    ports = set()
    for _ in range(3):
        peer.ask(request(RRQ, "list"))
        assert peer.read()[:4] == b"\0\3\0\1"
        ports.add(peer.last)
        time.sleep(0.25)  # what comes sooner is a duplicate of the network
    assert len(ports) == 1 and server.stats()["active"] == 1
    peer.close()


@pytest.mark.quick
def test_a_stranger_is_told_and_harms_nobody(serve):
    server = serve("--timeout=3600000")
    peer, stranger = Peer(server), Peer(server, "127.0.0.2")
    peer.ask(request(RRQ, "list"))
    got = peer.read()[4:]
    stranger.last = peer.last
    for packet in (ack(1), b"\0\3\0\1data", request(RRQ, "list"), b"\0\x63"):
        stranger.answer(packet)
        assert read_error(stranger.read()) == (5, "unknown transfer ID")
    stranger.answer(error(0))
    assert stranger.nothing_came()
    block = 1
    while len(got) == 512 * block:
        peer.answer(ack(block))
        block += 1
        got += peer.read()[4:]
    peer.answer(ack(block))
    assert digest(got) == digest(content("list"))
    assert server.wait_idle()["sent"] == 1
    peer.close()
    stranger.close()


def test_clients_that_vanish_are_forgotten(serve):
    server = serve("--timeout=20", "--retries=3", "--per-client=1000")
    peers = [Peer(server) for _ in range(200)]
    for i, peer in enumerate(peers):
        # Some never answer, some leave in the middle, with and without options.
        peer.ask(request(RRQ, "late/list" if i % 2 else "mega", options=[("blksize", "8"), ("windowsize", "64")] if i % 3 == 0 else ()))
        if i % 5 == 0:
            packet = peer.read()
            peer.answer(ack(0 if packet[1] == 6 else 1))
    stats = server.wait_idle()
    assert stats["gone"] == 200 and stats["sent"] == 0
    for peer in peers:
        peer.close()


@pytest.mark.quick
def test_a_client_that_gives_up_is_forgotten_at_once(serve):
    server = serve("--timeout=3600000")
    peer = Peer(server)
    peer.ask(request(RRQ, "list", options=[("blksize", "1024")]))
    assert peer.read()[1] == 6
    peer.answer(error(8, "no options, please\x1b[2J"))
    assert server.wait_idle()["aborted"] == 1
    peer.ask(request(RRQ, "list"))
    assert peer.read()[1] == DATA
    peer.answer(error(3, "x" * 5000))
    assert server.wait_idle()["aborted"] == 2
    peer.close()


@pytest.mark.quick
def test_every_packet_can_be_seen_C118(serve):
    server = serve("--trace")
    fetch(server, "block", options=[("tsize", 0)])
    server.wait_idle()
    said = server.said()
    for line in ("RRQ block octet tsize 0", "OACK tsize 512", "ACK 0", "DATA 1, 512 bytes", "ACK 1", "DATA 2, 0 bytes", "ACK 2", "127.0.0.1 has got block, 512 bytes"):
        assert f"{line}\n" in said, said


def test_random_packets_do_no_harm(serve):
    server = serve("--timeout=20", "--retries=1", "--per-client=1000")
    seed = random.randrange(1 << 32)
    print("seed", seed)
    chance = random.Random(seed)
    seeds = [request(RRQ, "list", options=[("blksize", "1024"), ("windowsize", "4")]), request(RRQ, "late/list", "netascii"), ack(1), error(0, "x")]
    peers = [Peer(server, f"127.0.0.{i + 1}") for i in range(20)]
    for _ in range(5000):
        peer = chance.choice(peers)
        packet = bytearray(chance.choice(seeds))
        for _ in range(chance.randrange(4)):
            packet[chance.randrange(len(packet))] = chance.randrange(256)
        packet = packet[:chance.randrange(len(packet) + 1)] if chance.random() < 0.2 else packet
        peer.socket.setblocking(False)
        try:
            peer.last = peer.socket.recvfrom(70000)[1]
        except BlockingIOError:
            pass
        (peer.answer if peer.last and chance.random() < 0.5 else peer.ask)(packet)
    for peer in peers:
        peer.close()
    server.wait_idle()
    assert digest(fetch(server, "mega", own="127.0.0.99").data) == digest(content("mega"))
