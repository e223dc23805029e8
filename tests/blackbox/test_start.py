"""Starting a node: installation, the second start, configuration, ports, locks (issue: "Start", "The catalogue"; requirements sections 2 and 3; C142)."""
import json
import os
import re
import socket
import stat
import subprocess
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.x509.oid import ExtendedKeyUsageOID as EKU

from harness import (DAEMON, DOMAIN, FQDN, NAME, PHONE_FOLDERS, PROGRAM, SERVICES, Node, environment, fingerprint, key_kind, load, openssl, run)

S, C, I = EKU.SERVER_AUTH, EKU.CLIENT_AUTH, x509.ObjectIdentifier("1.3.6.1.5.5.7.3.5")
DS, KE, DE, KA, CS = "digital_signature", "key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign"
RSA, EC = "rsa-2048", "ec-p384"

# Requirements section 2: purpose: (key usage, extended key usage of the self-signed certificate, key)
VOICE = {
    "tomcat": ({DS, KE, DE}, {S, C}, RSA),
    "tomcat-ECDSA": ({DS, KE, DE}, {S, C}, EC),
    "CallManager": ({DS, KE, DE}, {S, C}, RSA),
    "CallManager-ECDSA": ({DS, KE, DE}, {S, C}, EC),
    "ipsec": ({DS, KE, DE}, {S, C, I}, RSA),
    "TVS": ({DS, KE, DE}, {S, C}, RSA),
}
PUBLISHER = {
    **VOICE,
    "CAPF": ({DS, KE, CS}, None, RSA),
    "ITLRecovery": ({DS, KE, DE}, None, RSA),
    "authz": ({DS}, None, RSA),
}
PRESENCE = {
    "tomcat": ({DS, KE, DE}, {S, C}, RSA),
    "tomcat-ECDSA": ({DS, KE, DE}, {S, C}, EC),
    "ipsec": ({DS, KE, DE}, {S, C, I}, RSA),
    **{name: ({DS, KE, DE, KA}, {S, C, I}, RSA) for name in ("cup", "cup-xmpp", "cup-xmpp-s2s")},
    **{name: ({DS, KE, DE, KA}, {S, C, I}, EC) for name in ("cup-ECDSA", "cup-xmpp-ECDSA", "cup-xmpp-s2s-ECDSA")},
}
REPORTING = {
    "tomcat": ({DS, KE, DE}, {S, C}, RSA),
    "tomcat-ECDSA": ({DS, KE, DE}, {S, C}, EC),
    "intelligenceCenter-srvr": ({DS, KE, DE}, {S, C}, RSA),
}

# Which store holds the copy of a self-signed certificate (T4, U2)
STORES = {
    "tomcat": {"tomcat-trust"}, "tomcat-ECDSA": {"tomcat-trust"}, "CallManager": {"CallManager-trust"}, "CallManager-ECDSA": {"CallManager-trust"},
    "CAPF": {"CallManager-trust", "CAPF-trust"}, "TVS": {"TVS-trust"}, "ipsec": {"ipsec-trust"}, "cup": {"cup-trust"}, "cup-ECDSA": {"cup-trust"},
    "cup-xmpp": {"cup-xmpp-trust"}, "cup-xmpp-ECDSA": {"cup-xmpp-trust"}, "cup-xmpp-s2s": {"cup-xmpp-trust"}, "cup-xmpp-s2s-ECDSA": {"cup-xmpp-trust"},
    "intelligenceCenter-srvr": {"intelligenceCenter-srvr-trust"}, "authz": set(),
}


def extension(cert, kind):
    try:
        return cert.extensions.get_extension_for_class(kind)
    except x509.ExtensionNotFound:
        return None


def usages(cert):
    value = extension(cert, x509.KeyUsage).value
    return {word for word in (DS, KE, DE, KA, CS, "crl_sign", "content_commitment") if getattr(value, word)}


def years_later(moment, years):
    try:
        return moment.replace(year=moment.year + years)
    except ValueError:  # 29 February
        return moment.replace(year=moment.year + years, day=28)


def check_self_signed(purpose, pem, expected, fqdn):
    usage, ekus, kind = expected
    cert = load(pem)
    assert cert.version is x509.Version.v3
    assert cert.issuer == cert.subject
    assert usages(cert) == usage, purpose
    assert extension(cert, x509.KeyUsage).critical
    eku = extension(cert, x509.ExtendedKeyUsage)
    assert (set(eku.value) if eku else None) == ekus, purpose
    assert key_kind(cert.public_key()) == kind, purpose
    assert isinstance(cert.signature_hash_algorithm, hashes.SHA384 if kind == EC else hashes.SHA256)
    basic = extension(cert, x509.BasicConstraints)
    if purpose == "CAPF":
        assert basic.critical and basic.value.ca and basic.value.path_length == 0
    else:
        assert basic is None or not basic.value.ca
    san = extension(cert, x509.SubjectAlternativeName)
    dns = san.value.get_values_for_type(x509.DNSName) if san else []
    assert dns == [fqdn], purpose
    # Five years, ITLRecovery twenty, from now.
    now = datetime.now(timezone.utc).replace(tzinfo=None)
    assert timedelta(0) <= now - cert.not_valid_before < timedelta(hours=1)
    assert cert.not_valid_after == years_later(cert.not_valid_before, 20 if purpose == "ITLRecovery" else 5)
    assert 0 < cert.serial_number < 2 ** 128
    assert extension(cert, x509.SubjectKeyIdentifier) is not None
    return cert


CERTTOOL_USAGES = {DS: "Digital signature.", KE: "Key encipherment.", DE: "Data encipherment.", KA: "Key agreement.", CS: "Certificate signing."}
CERTTOOL_PURPOSES = {S: "TLS WWW Server.", C: "TLS WWW Client.", I: "1.3.6.1.5.5.7.3.5"}


def check_by_programs(pem, expected, tmp_path):
    """openssl accepts it as its own anchor; certtool reads the same key usage and purposes; its signature is its own key's."""
    usage, ekus, kind = expected
    path = tmp_path / "cert.pem"
    path.write_text(pem)
    assert openssl("verify", "-CAfile", path, path).out == f"{path}: OK\n"
    text = run("certtool", "--certificate-info", "--infile", path).out
    lines = [line.strip() for line in text.splitlines()]
    assert {word for word, line in CERTTOOL_USAGES.items() if line in lines} == usage
    assert {oid for oid, word in CERTTOOL_PURPOSES.items() if any(line.startswith(word) for line in lines)} == (ekus or set())
    cert = load(pem)
    scheme = (padding.PKCS1v15(), cert.signature_hash_algorithm) if kind == RSA else (ec.ECDSA(cert.signature_hash_algorithm),)
    cert.public_key().verify(cert.signature, cert.tbs_certificate_bytes, *scheme)


def identities(node, purposes, fqdn, tmp_path):
    rows = node.json("show", "cert", "list", "own")["items"]
    assert sorted(row["unit"] for row in rows) == sorted(purposes)
    certs = {}
    for purpose, expected in purposes.items():
        pem = node.pem(purpose)
        certs[purpose] = check_self_signed(purpose, pem, expected, fqdn)
        check_by_programs(pem, expected, tmp_path)
    # C73: random serials of 128 bits: no two share their upper half, and some use the upper bits.
    serials = [cert.serial_number for cert in certs.values()]
    assert len({serial >> 64 for serial in serials}) == len(serials)
    assert max(serials) >= 2 ** 112
    return certs


@pytest.mark.quick
def test_an_empty_directory_is_installed(shared_node, tmp_path):
    """G1, T2, section 2: every purpose of publisher and tftp, with its extensions, key, validity, names; checked by python3-cryptography, openssl, certtool."""
    certs = identities(shared_node, PUBLISHER, FQDN, tmp_path)
    # CallManager carries the node's name and a GUID; the two keys have the same.
    guids = set()
    for purpose in ("CallManager", "CallManager-ECDSA"):
        uris = extension(certs[purpose], x509.SubjectAlternativeName).value.get_values_for_type(x509.UniformResourceIdentifier)
        assert len(uris) == 1 and re.fullmatch(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", uris[0])
        guids.update(uris)
    assert len(guids) == 1
    assert certs["CAPF"].subject.rfc4514_string().startswith("CN=CAPF-")
    keys = {cert.public_key().public_numbers() for cert in certs.values()}
    assert len(keys) == len(certs), "every purpose has a key of its own"


def test_copies_of_the_self_signed_certificates_are_in_their_stores(shared_node):
    """U2, T4: the store that vouches for a purpose holds its self-signed certificate."""
    held = {}
    for row in shared_node.trust():
        held.setdefault(row["fingerprint"], set()).add(row["unit"])
    for purpose in PUBLISHER:
        if purpose in STORES:
            assert held.get(fingerprint(shared_node.pem(purpose)), set()) == STORES[purpose], purpose


@pytest.mark.parametrize("roles, purposes", [("im-and-presence", PRESENCE), ("reporting", REPORTING), ("subscriber", VOICE)])
def test_each_role_has_its_purposes(new_node, tmp_path, roles, purposes):
    """Section 2: the purposes of presence, reporting and subscriber nodes; a node without a domain has its bare name."""
    node = new_node("--node-name", "n1", "--domain", "uc.example.net", "--roles", roles)
    identities(node, purposes, "n1.uc.example.net", tmp_path)
    status = node.json("show", "status")
    assert status["roles"] == roles.split(",") and status["fqdn"] == "n1.uc.example.net"
    held = {}
    for row in node.trust():
        held.setdefault(row["fingerprint"], set()).add(row["unit"])
    for purpose in purposes:
        assert held.get(fingerprint(node.pem(purpose)), set()) == STORES[purpose], purpose


def test_the_password_is_printed_once_and_nothing_else_is_secret(new_node, template):
    """Issue: the first administrator's password is printed once; it works, another does not."""
    node = new_node.copy()
    assert len(re.findall(r"password (\S+)", template.first_out)) == 1
    assert len(template.password) >= 16
    assert "password" not in node.out
    node.api("GET", "/status").expect(200)
    node.api("GET", "/status", auth=("admin", template.password + "x")).expect(401, "wrong-password")
    node.api("GET", "/status", auth=("root", template.password)).expect(401, "wrong-password")
    answer = node.api("GET", "/status", auth=None)
    assert answer.status == 401 and answer.headers["www-authenticate"].startswith("Basic ")
    files = [path for path in node.data.rglob("*") if path.is_file()]
    assert not any(template.password.encode() in path.read_bytes() for path in files)
    assert template.password not in node.err


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(Path(folder).rglob("*")) if path.is_file()}


@pytest.mark.quick
def test_a_second_start_changes_nothing(new_node):
    """Issue: a second start changes nothing: the log, the state, the keys and node.json are what they were."""
    node = new_node.copy()
    before, keys, identity = node.state(), contents(node.data / "keys"), (node.data / "node.json").read_bytes()
    node.restart()
    assert node.state() == before
    assert contents(node.data / "keys") == keys
    assert (node.data / "node.json").read_bytes() == identity
    assert "password" not in node.out


def test_files_and_directories_are_for_their_owner_only(new_node):
    """C142: directories are 0700, files 0600, whatever the umask; ports.json and what phones may fetch can be read by others."""
    node = new_node.copy()
    node.cli("set", "cert", "regen", "TVS", "--yes")
    node.csr("tomcat")
    open_files = []
    for path in [node.data, *node.data.rglob("*")]:
        mode = stat.S_IMODE(os.lstat(path).st_mode)
        if path.is_dir():
            assert mode == (0o755 if path.name in PHONE_FOLDERS else 0o700), path
        elif path.name != "ports.json" and mode != 0o600:
            open_files.append((str(path), oct(mode)))
    assert open_files == []


def test_a_fresh_installation_makes_its_files_for_its_owner_only(new_node):
    """C142: also those that the installation itself makes, under a umask that would allow everything."""
    node = new_node("--node-name", "n2", "--roles", "reporting", start=False)
    node.folder.chmod(0o755)
    before = os.umask(0)
    try:
        node.start()
    finally:
        os.umask(before)
    assert stat.S_IMODE(node.data.stat().st_mode) == 0o700
    for path in node.data.rglob("*"):
        if path.name != "ports.json":
            folder = 0o755 if path.name in PHONE_FOLDERS else 0o700
            assert stat.S_IMODE(os.lstat(path).st_mode) == (folder if path.is_dir() else 0o600), path
    for path in (node.data / "keys").rglob("*"):
        assert b"PRIVATE KEY" not in (path.read_bytes() if path.is_file() else b"") or b"ENCRYPTED PRIVATE KEY" in path.read_bytes(), path


# ---- configuration


def refused_start(*words, status=2):
    """ucpkid must end with this status and say why."""
    done = run("timeout", "60", DAEMON, *words, check=False, env=environment())
    assert done.status == status, f"{done}"
    assert done.err.startswith("ucpkid: ") and done.out == "", f"{done}"
    return done.err


@pytest.mark.quick
@pytest.mark.parametrize("words, shown", [
    (["--dada", "x"], "dada"),
    (["--data"], "--data"),
    (["data"], "data"),
    (["--data", ""], "data"),
    (["--socket="], "socket"),
    (["--roles", "publisher,gateway"], "gateway"),
    (["--roles", ""], "roles"),
    (["--listen", "sip=127.0.0.1:5060"], "sip=127.0.0.1:5060"),
    (["--listen", "https=127.0.0.1:65536"], "https=127.0.0.1:65536"),
    (["--listen", "https=8443"], "https=8443"),
    (["--listen", "https=none"], "https"),
    (["--listen", "tftp"], "tftp"),
    (["--listen", "tftp="], "tftp="),
    (["--listen", "phone-https=:6971"], "phone-https=:6971"),
    (["--phone-files", ""], "phone-files"),
    (["--old-phones", "perhaps"], "perhaps"),
    (["--tftp-timeout-ms", "0"], "'0'"),
    (["--tftp-trace", "on"], "on"),
    (["--san-mismatch", "ignore"], "ignore"),
    (["--ec-key-usage", "RFC"], "RFC"),
    (["--certificate-times", "lax"], "lax"),
    (["--self-signed-years", "0"], "0"),
    (["--self-signed-years", "5x"], "5x"),
    (["--log", "loud"], "loud"),
    (["--workers", "100000"], "100000"),
    (["--config", "/nonexistent/ucpkid.conf"], "/nonexistent/ucpkid.conf"),
])
def test_a_wrong_option_ends_with_2_and_names_it(words, shown):
    """Issue, section 6: exit status 2 for wrong usage; the message contains the value at fault."""
    message = refused_start(*words)
    assert shown in message
    assert message.count("\n") >= 1


@pytest.mark.parametrize("text, line, shown", [
    ("data = x\ndada = y\n", 2, "dada"),
    ("# comment\n\nlog = loud\n", 3, "loud"),
    ("[node]\nlog = info\n", 2, "[node]"),
    ("log\n", 1, "KEY = VALUE"),
])
def test_a_wrong_line_of_the_file_is_named(tmp_path, text, line, shown):
    """Issue: the configuration file; its faults are told with file, line and value."""
    path = tmp_path / "ucpkid.conf"
    path.write_text(text)
    message = refused_start("--config", path)
    assert f"{path}, line {line}:" in message and shown in message


def test_the_file_sets_and_the_command_line_wins(new_node, tmp_path):
    """Issue: one file with comments for every key; each key can be set on the command line, which wins."""
    template = run(DAEMON, "--print-config", env=environment()).out
    keys = re.findall(r"^# ([a-z-]+) = ", template, re.MULTILINE)
    assert {"data", "socket", "node-name", "domain", "roles", "listen"} <= set(keys)
    for key in keys:
        comment = template.split(f"# {key} = ")[0].rstrip("\n").splitlines()[-1]
        assert re.fullmatch(r"# .{10,}", comment), f"{key} has no comment"
    help_text = run(DAEMON, "--help", env=environment()).out
    assert all(f"--{key} " in help_text for key in keys)
    # The printed file, with some lines put into force, is a valid file.
    path = tmp_path / "ucpkid.conf"
    for key, value in (("node-name", "from-file"), ("domain", "file.example"), ("roles", "reporting"), ("self-signed-years", "3")):
        template = re.sub(rf"^# {key} = .*$", f"{key} = {value}", template, flags=re.MULTILINE)
    path.write_text(template)
    node = new_node("--config", path, "--domain", "line.example")
    status = node.json("show", "status")
    assert (status["node"], status["fqdn"], status["roles"]) == ("from-file", "from-file.line.example", ["reporting"])
    cert = load(node.pem("tomcat"))
    assert cert.not_valid_after == years_later(cert.not_valid_before, 3)


def test_help_and_version_end_well():
    """Both programs say what they are."""
    for program in (DAEMON, PROGRAM):
        version = run(program, "--version", env=environment()).out
        assert re.fullmatch(r"ucpkid? \d+\.\d+\.\d+\n", version), version
        assert "usage" in run(program, "--help", env=environment()).out.lower() or program == PROGRAM


# ---- ports and sockets


def test_ports_are_printed_and_written_and_kept(node):
    """Issue: port 0 asks the system for a free port; printed, in ports.json, kept for the process's life."""
    ports = node.ports
    assert sorted(ports) == sorted(SERVICES) and all(1024 <= port <= 65535 for port in ports.values())
    assert f"https://127.0.0.1:{ports['https']}/" in node.out
    assert node.json("show", "status")["ports"] == ports
    node.cli("set", "cert", "regen", "tomcat", "--yes")
    assert node.ports == ports
    assert node.api("GET", "//").status == 200


def test_two_nodes_run_on_one_machine(new_node):
    """Issue: many nodes run on one machine; --socket and UCPKI_SOCKET say which is meant, the option winning."""
    one, two = new_node.copy(), new_node.copy()
    assert one.port != two.port
    one.csr("TVS")
    assert [row["purpose"] for row in one.json("show", "csr", "list", "own")["items"]] == ["TVS"]
    assert two.json("show", "csr", "list", "own")["items"] == []
    by_option = two.cli("show", "csr", "list", "own", "--json", "--socket", one.socket).json
    assert [row["purpose"] for row in by_option["items"]] == ["TVS"]


def test_a_listener_can_be_changed(new_node):
    """Issue: naming a --listen changes that listener: another loopback address, IPv6 in brackets."""
    node = new_node.copy("--listen", "https=127.0.0.2:0")
    with socket.create_connection(("127.0.0.2", node.port), timeout=10):
        pass
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", node.port), timeout=10)
    if Path("/proc/net/if_inet6").exists() and Path("/proc/net/if_inet6").read_text():
        node.restart("--listen", "https=[::1]:0")
        assert f"https://[::1]:{node.port}/" in node.out
        with socket.create_connection(("::1", node.port), timeout=10):
            pass


def test_a_port_in_use_is_named(new_node):
    """A port that another process has: exit status 1, the port in the message, and the node's data are as before."""
    one, two = new_node.copy(), new_node.copy(start=False)
    two.arguments = ["--listen", f"https=127.0.0.1:{one.port}"]
    two.launch()
    assert two.wait() == 1
    assert str(one.port) in two.err
    two.arguments = []
    two.start()
    assert one.port != two.port


def test_a_second_daemon_on_the_same_data_is_refused(new_node):
    """Issue: one daemon per data directory; the first goes on undisturbed."""
    node = new_node.copy()
    other = new_node.add(Node(new_node.folder()))
    other.data = node.data
    other.launch()
    assert other.wait() == 1
    assert str(node.data) in other.err and "another ucpkid" in other.err
    assert node.json("show", "status")["node"] == NAME
    node.api("GET", "/status").expect(200)


@pytest.mark.parametrize("words, shown", [(["--node-name", "other"], "other"), (["--domain", "example.org"], "example.org")])
def test_the_data_of_another_node_is_refused(new_node, words, shown):
    """A data directory belongs to one node: started under another name or domain it is refused, naming both."""
    node = new_node.copy(*words, start=False)
    node.launch()
    assert node.wait() == 1
    assert NAME in node.err and DOMAIN in node.err and shown in node.err
    node.restart("--node-name", NAME, "--domain", DOMAIN)
    assert node.json("show", "status")["node"] == NAME


def test_a_name_with_a_domain_is_both(new_node):
    """--node-name host.domain is the name and the domain; the common name and the SAN have the FQDN."""
    node = new_node("--node-name", "n3.site.example", "--roles", "reporting")
    status = node.json("show", "status")
    assert (status["node"], status["domain"], status["fqdn"]) == ("n3", "site.example", "n3.site.example")


@pytest.mark.parametrize("name", ["bad name", "-n", "n..x", "a" * 64])
def test_a_name_that_is_no_host_name_is_refused(new_node, name):
    """The node's name goes into certificates, so it must be a host name; nothing is installed."""
    node = new_node("--node-name", name, start=False)
    node.launch()
    assert node.wait() in (1, 2)
    assert name in node.err
    node.restart("--node-name", "good", "--roles", "reporting")
    assert node.json("show", "status")["node"] == "good"


def test_more_roles_later_install_what_is_missing(new_node):
    """Section 2: a node that gets a further role gets that role's purposes; what it has stays."""
    node = new_node("--node-name", "n4", "--roles", "reporting")
    before = {row["unit"]: row["fingerprint"] for row in node.json("show", "cert", "list", "own")["items"]}
    head = node.head
    node.restart("--roles", "reporting,subscriber")
    after = {row["unit"]: row["fingerprint"] for row in node.json("show", "cert", "list", "own")["items"]}
    assert set(after) == set(REPORTING) | set(VOICE)
    assert {unit: after[unit] for unit in before} == before
    assert node.head == head + 1
    node.restart()
    assert node.head == head + 1


def test_a_node_that_becomes_a_publisher_later_signs_its_lists(new_node):
    """The keys that nodes share are sealed to a node by the roles that it is given, not by those that it had."""
    node = new_node("--node-name", "n5", "--roles", "reporting")
    node.restart("--roles", "publisher,tftp,reporting")
    assert "ITLRecovery" in {row["unit"] for row in node.json("show", "cert", "list", "own", "--all")["items"]}
    itl = next(row for row in node.get("/lists")["lists"] if row["list"] == "ITL")
    assert itl["signer"]["purpose"] == "ITLRecovery" and itl["published"]["current"]


def test_a_stale_socket_is_replaced_and_a_live_one_is_not(new_node):
    """A socket left by a killed daemon does not stop the next start; one that another daemon serves is refused."""
    node = new_node.copy()
    node.kill()
    assert stat.S_ISSOCK(node.socket.stat().st_mode)
    node.start()
    assert node.json("show", "status")["node"] == NAME
    other = new_node.copy(start=False)
    other.socket = node.socket
    other.launch()
    assert other.wait() == 1
    assert str(node.socket) in other.err
    assert node.json("show", "status")["node"] == NAME


def test_a_file_in_the_place_of_the_socket_is_not_removed(new_node):
    """Only sockets are replaced, never a file that a person put there."""
    node = new_node.copy(start=False)
    node.socket.write_text("precious")
    node.launch()
    assert node.wait() == 1
    assert str(node.socket) in node.err
    assert node.socket.read_text() == "precious"


def test_an_unreachable_daemon_is_exit_status_3(tmp_path):
    """Section 6: exit status 3 and the socket's path when no daemon answers."""
    path = tmp_path / "none"
    done = run(PROGRAM, "show", "status", check=False, env=environment(UCPKI_SOCKET=path))
    assert done.status == 3 and str(path) in done.err, f"{done}"
    done = run(PROGRAM, "show", "status", "--json", check=False, env=environment(UCPKI_SOCKET=path))
    assert done.status == 3 and done.json["code"] == "daemon-unreachable", f"{done}"


def test_the_catalogue_is_printed(shared_node):
    """Issue: `show cert purposes` prints the catalogue, with the EKU and KU of section 2 as a request carries them."""
    items = {item["name"]: item for item in shared_node.json("show", "cert", "purposes")["items"]}
    names = {DS: "digitalSignature", KE: "keyEncipherment", DE: "dataEncipherment", KA: "keyAgreement", CS: "keyCertSign"}
    ekus = {S: "serverAuth", C: "clientAuth", I: "ipsecEndSystem"}
    for table in (PUBLISHER, PRESENCE, REPORTING):
        for purpose, (usage, extended, kind) in table.items():
            item = items[purpose]
            assert set(item["key_usage"]) == {names[word] for word in usage}, purpose
            requested = {S} if purpose == "CAPF" else extended or set()
            assert set(item["extended_key_usage"]) == {ekus[oid] for oid in requested}, purpose
            assert item["default_key"] == kind and kind in item["key_types"]
            assert item["years"] == (20 if purpose == "ITLRecovery" else 5)
    multi = {name for name, item in items.items() if "multi-server" in item["distribution"]}
    assert multi == {"tomcat", "tomcat-ECDSA", "CallManager", "CallManager-ECDSA", "cup-xmpp", "cup-xmpp-ECDSA", "cup-xmpp-s2s", "cup-xmpp-s2s-ECDSA"}
    services = {"tomcat": ["Tomcat (HTTPS)", "TFTP"], "ipsec": ["IPsec", "DRS local agent", "DRS master agent"], "CallManager": ["CallManager", "CAPF", "CTI"],
                "CAPF": ["CallManager", "CAPF"], "TVS": ["TVS"], "ITLRecovery": ["TFTP"], "cup": ["SIP Proxy", "Presence Engine"],
                "cup-xmpp": ["XCP Connection Manager", "XCP Web Connection Manager"], "cup-xmpp-s2s": ["XCP XMPP Federation Connection Manager"]}
    for purpose, wanted in services.items():
        assert items[purpose]["services"] == wanted, purpose
    text = shared_node.cli("show", "cert", "purposes").out
    assert all(purpose in text for purpose in items)


def test_the_trust_stores_are_printed(shared_node):
    """Section 3: each store with its replication and its rule of deletion; the count is that of its list."""
    items = {item["name"]: item for item in shared_node.json("show", "cert", "stores")["items"]}
    cluster = {"tomcat-trust", "CallManager-trust", "Phone-SAST-trust", "Phone-trust", "Phone-CTL-trust", "Phone-VPN-trust"}
    assert cluster | {"CAPF-trust", "ipsec-trust", "TVS-trust", "userlicensing-trust", "cup-trust", "cup-xmpp-trust", "intelligenceCenter-srvr-trust"} == set(items)
    assert all(items[name]["scope"] == "cluster" for name in cluster)
    assert items["CAPF-trust"]["scope"] == "node" and items["CAPF-trust"]["delete"] == "cluster"
    assert items["ipsec-trust"]["scope"] == items["TVS-trust"]["scope"] == "node"
    for name, item in items.items():
        assert item["count"] == len(shared_node.trust(f"unit is {name}")), name


def test_the_daemon_ends_well_on_each_signal(new_node):
    """SIGTERM and SIGINT end it with status 0 (stop() asserts it); while it ran nothing was written to standard output but what is promised."""
    node = new_node.copy()
    os.kill(node.pid, 2)
    assert node.wait() == 0
    assert [line.partition(": ")[0] for line in node.out.splitlines()] == ["console and API", "files for phones", "socket"]
    node.start().stop()


def test_the_log_is_whole_after_installation(shared_node):
    """Design: numbers without a gap, each change naming the hash of the one before."""
    changes = shared_node.json("show", "change", "list", "--all")["items"]
    numbers = [change["number"] for change in changes]
    assert numbers == list(range(len(numbers), 0, -1))
    previous = "0" * 64
    for number in reversed(numbers):
        change = shared_node.json("show", "change", str(number))
        assert change["previous_hash"] == previous and re.fullmatch("[0-9a-f]{64}", change["hash"])
        previous = change["hash"]
    install = shared_node.json("show", "change", "1")
    assert install["task"] == "install" and install["who"] == "installation"
    assert "verifier" not in json.dumps(install) and "argon2" not in json.dumps(install)
