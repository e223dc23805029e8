"""The console's HTTPS: both certificates at once, the next handshake presents the new chain, no connection is dropped (requirements U4, T5; cases C121 C123 C126; issue
"The console's HTTPS")."""
import http.client
import re
import socket
import ssl
import threading
import time
from pathlib import Path

import pytest

from harness import FQDN, fingerprint, load, openssl, presented, run, s_client

RSA = ["-sigalgs", "rsa_pss_rsae_sha256:rsa_pkcs1_sha256"]
EC = ["-sigalgs", "ECDSA+SHA384:ECDSA+SHA256:ECDSA+SHA512"]


def seen(node, *options):
    """Fingerprint of the leaf that a client of these options is shown."""
    return fingerprint(presented(s_client(node.port, *options))[0])


def chain_of(node, *options):
    return [fingerprint(pem) for pem in presented(s_client(node.port, *options))]


@pytest.mark.quick
@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_both_certificates_are_served_at_once(shared_node, version):
    """Issue: tomcat or tomcat-ECDSA by what the client offers, with TLS 1.2 and 1.3; alone, for it is self-signed."""
    assert chain_of(shared_node, version, *RSA) == [fingerprint(shared_node.pem("tomcat"))]
    assert chain_of(shared_node, version, *EC) == [fingerprint(shared_node.pem("tomcat-ECDSA"))]


@pytest.mark.parametrize("cipher, purpose", [("ECDHE-RSA-AES256-GCM-SHA384", "tomcat"), ("ECDHE-ECDSA-AES256-GCM-SHA384", "tomcat-ECDSA")])
def test_the_cipher_of_tls_1_2_chooses_the_certificate(shared_node, cipher, purpose):
    """Issue: also by the ciphers that a client of TLS 1.2 offers."""
    assert seen(shared_node, "-tls1_2", "-cipher", cipher) == fingerprint(shared_node.pem(purpose))


@pytest.mark.parametrize("options", [["-tls1", "-cipher", "ALL:@SECLEVEL=0"], ["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"], ["-tls1_2", "-cipher", "aNULL:eNULL:@SECLEVEL=0"]])
def test_old_protocols_and_ciphers_are_refused(shared_node, options):
    """TLS below 1.2 and ciphers without authentication or encryption find no agreement; the next client is served."""
    result = s_client(shared_node.port, *options, check=False)
    assert presented(result) == [] and result.status != 0
    assert shared_node.api("GET", "//").status == 200


@pytest.mark.parametrize("name", [[], ["-noservername"], ["-servername", "unknown.example"]])
def test_the_name_in_the_handshake_does_not_matter(shared_node, name):
    """T5: opened by address or by another name, the node presents the same certificate; the browser judges."""
    result = openssl("s_client", "-connect", f"127.0.0.1:{shared_node.port}", "-showcerts", *RSA, *name, input="")
    assert fingerprint(presented(result)[0]) == fingerprint(shared_node.pem("tomcat"))


def test_a_client_that_trusts_it_gets_no_warning(new_node, root_ca, sub_ca, tmp_path):
    """T5: once the certificate or its CA is trusted, a name that it covers opens without a warning, by curl and openssl; another name does not."""
    node = new_node.copy()
    anchor = tmp_path / "anchor.pem"
    for step in ("self-signed", "ca-signed"):
        if step == "ca-signed":
            node.cli("set", "cert", "import", "own", "tomcat", "--yes", input=sub_ca.sign(node.csr("tomcat", "--san", "console.example.com")) + "".join(sub_ca.chain()))
            node.cli("set", "cert", "import", "own", "tomcat-ECDSA", "--yes", input=sub_ca.sign(node.csr("tomcat-ECDSA")) + "".join(sub_ca.chain()))
            anchor.write_text(root_ca.pem)
        else:
            anchor.write_text(node.pem("tomcat") + node.pem("tomcat-ECDSA"))
        for name, good in ((FQDN, True), ("other.example.com", False)):
            done = run("curl", "-sS", "--max-time", "60", "--noproxy", "*", "--cacert", anchor, "--resolve", f"{name}:{node.port}:127.0.0.1", "-o", "/dev/null", "-w", "%{http_code}",
                       f"https://{name}:{node.port}/", check=False)
            assert (done.status == 0 and done.out == "200") is good, f"{step} {name}: {done}"
        for options in (RSA, EC):
            verified = s_client(node.port, "-CAfile", anchor, "-verify_return_error", "-verify_hostname", FQDN, *options)
            assert "Verify return code: 0 (ok)" in verified.out


def test_the_chain_is_leaf_and_intermediates_without_the_root(new_node, make_ca):
    """C126: leaf, then each intermediate up to the root, the root itself not; for both kinds of key; recorded in the change."""
    node = new_node.copy()
    root = make_ca("HTTPS Root")
    middle = make_ca("HTTPS Middle", issuer=root)
    sub = make_ca("HTTPS Sub", issuer=middle)
    for purpose, options in (("tomcat", RSA), ("tomcat-ECDSA", EC)):
        pem = sub.sign(node.csr(purpose))
        change = node.json("set", "cert", "import", "own", purpose, "--yes", input=root.pem + pem + middle.pem + sub.pem)
        for version in ("-tls1_2", "-tls1_3"):
            assert chain_of(node, version, *options) == [fingerprint(p) for p in (pem, sub.pem, middle.pem)]
        effects = {effect["effect"]: effect for effect in node.json("show", "change", str(change["number"]))["effects"]}
        effect = effects["https-rsa" if purpose == "tomcat" else "https-ec"]
        assert effect["state"] == "done" and fingerprint(pem)[:16] in effect["detail"] and "chain of 3" in effect["detail"]


def test_the_next_handshake_presents_the_new_certificate_and_the_old_connection_goes_on(new_node, sub_ca):
    """U4, C121, C123: after regeneration, upload and undo; no restart; a connection that was open before is served to its end with the old one."""
    node = new_node.copy()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    pid = node.pid

    def upload():
        csr = node.csr("tomcat")
        node.cli("set", "cert", "import", "own", "tomcat", "--yes", input=sub_ca.sign(csr) + "".join(sub_ca.chain()))
        node.cli("set", "cert", "regen", "tomcat-ECDSA", "--yes")

    def regenerate():
        for purpose in ("tomcat", "tomcat-ECDSA"):
            node.cli("set", "cert", "regen", purpose, "--yes")

    def undo():
        for number in (node.head, node.head - 1):
            node.cli("utils", "undo", str(number), "--yes")

    connections = []
    for change in (regenerate, upload, undo):
        connection = http.client.HTTPSConnection("127.0.0.1", node.port, timeout=60, context=context)
        connection.connect()
        connection.request("GET", "/")
        assert connection.getresponse().read()
        connections.append((connection, connection.sock, fingerprint(connection.sock.getpeercert(True))))
        before = [seen(node, *RSA), seen(node, *EC)]
        change()
        after = [seen(node, *RSA), seen(node, *EC)]
        assert after == [fingerprint(node.pem(purpose)) for purpose in ("tomcat", "tomcat-ECDSA")]
        assert before[0] != after[0] and before[1] != after[1]
        for open_one, sock, old in connections:
            open_one.request("GET", "/")
            assert open_one.getresponse().read() and open_one.sock is sock, "the connection was made anew"
            assert fingerprint(sock.getpeercert(True)) == old
    assert node.pid == pid
    for connection, _, _ in connections:
        connection.close()


def test_a_resumed_session_does_not_go_on_with_the_old_certificate(new_node, tmp_path):
    """U4: nothing may go on serving the old certificate: a session ticket from before a change leads to a whole handshake with the new one."""
    node = new_node.copy()
    for version in ("-tls1_2", "-tls1_3"):
        session = tmp_path / f"session{version}"
        request = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        words = ["s_client", "-connect", f"127.0.0.1:{node.port}", version, *EC, "-ign_eof"]
        openssl(*words, "-sess_out", session, input=request)
        assert session.stat().st_size > 0
        node.cli("set", "cert", "regen", "tomcat-ECDSA", "--yes")
        after = openssl(*words, "-sess_in", session, "-showcerts", input=request)
        assert re.search(r"^New, TLS", after.out, re.MULTILINE) and "Reused" not in after.out
        assert fingerprint(presented(after)[0]) == fingerprint(node.pem("tomcat-ECDSA"))


def test_every_handshake_during_changes_is_whole(new_node):
    """C121, C123: clients that connect all the time while certificates change see the one before or the one after, each with its own key, and no failure."""
    node = new_node.copy()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    prints, failures, done = set(), [], threading.Event()

    def client():
        while not done.is_set():
            try:
                with socket.create_connection(("127.0.0.1", node.port), timeout=60) as raw, context.wrap_socket(raw) as s:
                    prints.add(fingerprint(s.getpeercert(True)))
                    s.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                    assert s.recv(64).startswith(b"HTTP/1.1 200"), "no answer"
            except (OSError, AssertionError) as e:
                failures.append(repr(e))
                return

    threads = [threading.Thread(target=client) for _ in range(3)]
    known = {fingerprint(node.pem("tomcat")), fingerprint(node.pem("tomcat-ECDSA"))}
    for thread in threads:
        thread.start()
    try:
        for _ in range(4):
            node.cli("set", "cert", "regen", "tomcat-ECDSA", "--yes")
            known.add(fingerprint(node.pem("tomcat-ECDSA")))
    finally:
        done.set()
        for thread in threads:
            thread.join(120)
    assert failures == []
    assert prints and prints <= known


def test_what_the_daemon_saw_is_recorded(new_node):
    """U4: the daemon connects to itself and records fingerprint and chain in the change, and in the status; changes of other purposes record nothing of HTTPS."""
    node = new_node.copy()
    number = node.json("set", "cert", "regen", "tomcat", "--yes")["number"]
    effects = node.json("show", "change", str(number))["effects"]
    assert sorted((e["effect"], e["state"], e["node"]) for e in effects) == [("https-ec", "done", "cucm-pub"), ("https-rsa", "done", "cucm-pub")]
    for effect in effects:
        purpose = "tomcat" if effect["effect"] == "https-rsa" else "tomcat-ECDSA"
        assert fingerprint(node.pem(purpose))[:16] in effect["detail"]
    text = node.cli("show", "change", str(number)).out
    assert all(effect["detail"] in text for effect in effects)
    checks = {check["key_type"]: check for check in node.json("show", "status")["self_check"]}
    assert checks["RSA"]["fingerprint"] == fingerprint(node.pem("tomcat")) and checks["EC"]["fingerprint"] == fingerprint(node.pem("tomcat-ECDSA"))
    assert all(check["matches"] is True and check["listener"] == "https" for check in checks.values())
    for purpose, effects in (("ipsec", []), ("TVS", ["itl-publish"])):
        other = node.json("set", "cert", "regen", purpose, "--yes")["number"]
        assert [effect["effect"] for effect in node.json("show", "change", str(other))["effects"]] == effects


def test_the_daemon_looks_at_itself_after_each_start(new_node):
    """U4: the status says what the listeners present soon after a start, without a change."""
    node = new_node.copy()
    end = time.monotonic() + 60
    checks = None
    while not checks and time.monotonic() < end:
        checks = node.json("show", "status").get("self_check")
    assert {check["key_type"] for check in checks} == {"RSA", "EC"} and all(check["matches"] for check in checks)


@pytest.mark.parametrize("address", ["127.0.0.9", "[::1]"])
def test_a_listener_on_another_address_checks_itself_too(new_node, address):
    """U4: the self-check connects to where the listener is, not only to 127.0.0.1."""
    if address == "[::1]" and not Path("/proc/net/if_inet6").exists():
        pytest.skip("this machine has no IPv6")
    node = new_node.copy("--listen", f"https={address}:0")
    number = node.json("set", "cert", "regen", "tomcat-ECDSA", "--yes")["number"]
    assert {effect["state"] for effect in node.json("show", "change", str(number))["effects"]} == {"done"}


def test_clients_that_say_nothing_or_nonsense_do_not_stop_others(new_node):
    """A listener for the world: idle connections, plain HTTP, and random bytes leave it serving."""
    node = new_node.copy()
    idle = [socket.create_connection(("127.0.0.1", node.port), timeout=30) for _ in range(40)]
    try:
        for data in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", bytes(range(256)) * 64, b"\x16\x03\x01\x40\x00" + b"\0" * 100, b"\x80\x2e\x01\x03\x01"):
            with socket.create_connection(("127.0.0.1", node.port), timeout=30) as s:
                s.sendall(data)
                s.shutdown(socket.SHUT_WR)
                try:
                    while s.recv(4096):
                        pass
                except ConnectionResetError:
                    pass
        assert node.api("GET", "/status").expect(200).json["node"] == "cucm-pub"
        assert seen(node, *EC) == fingerprint(node.pem("tomcat-ECDSA"))
    finally:
        for s in idle:
            s.close()


def test_the_certificate_covers_the_name(shared_node):
    """T5: openssl's own matching agrees that the certificate is for the node's name."""
    for purpose in ("tomcat", "tomcat-ECDSA"):
        pem = shared_node.pem(purpose)
        assert "does match certificate" in openssl("x509", "-noout", "-checkhost", FQDN, input=pem).out
        assert load(pem).not_valid_after > load(pem).not_valid_before
