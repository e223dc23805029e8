"""Rules that hold across tasks: who may ask, what one request id means, what an undo may break, what is shown when a certificate cannot be served."""
import stat

import pytest

from harness import CA, codes, fingerprint, plan_of, presented, s_client, trusted, upload

RSA = ["-sigalgs", "RSA-PSS+SHA256:RSA+SHA256"]


@pytest.mark.parametrize("headers, allowed", [
    ([], True),
    (["Origin: {own}"], True),
    (["Origin: {own}", "Sec-Fetch-Site: same-origin"], True),
    (["Origin: https://evil.example.com"], False),
    (["Origin: null"], False),
    (["Sec-Fetch-Site: cross-site"], False),
    (["Origin: {own}", "Sec-Fetch-Site: same-site"], False),
])
def test_a_page_of_another_site_cannot_change_anything(shared_node, root_ca, headers, allowed):
    """A browser sends a remembered password with whatever another site makes it send."""
    head = shared_node.head
    sent = [header.format(own=shared_node.url.rstrip("/")) for header in headers]
    answer = shared_node.api("POST", "/certificates/trust/tomcat-trust", data=root_ca.pem.encode(), headers=sent, query=[("dry_run", "1")])
    if allowed:
        assert answer.status == 200
    else:
        answer.expect(403, "forbidden")
    assert shared_node.api("GET", "/status", headers=sent).status == 200
    assert shared_node.head == head


def test_a_form_is_not_taken_for_a_file(shared_node, root_ca):
    answer = shared_node.api("POST", "/certificates/trust/tomcat-trust", data=b"--x\r\n", headers=["Content-Type: multipart/form-data; boundary=x"])
    answer.expect(400, "multipart-upload")
    assert "--data-binary" in answer.json["hint"]


def test_a_request_id_stands_for_one_task(node, root_ca):
    """Repeating an id does nothing again; another task under it is refused; an empty one is none."""
    first = node.api("POST", "/certificates/trust/tomcat-trust", data=root_ca.pem.encode(), query=[("request", "abc"), ("yes", "1")])
    again = node.api("POST", "/certificates/trust/tomcat-trust", data=root_ca.pem.encode(), query=[("request", "abc"), ("yes", "1")])
    assert first.status == again.status == 201 and first.json["number"] == again.json["number"] == 2
    node.api("POST", "/csrs/TVS", json_body={}, query=[("request", "abc")]).expect(409, "request-reused")
    for _ in range(2):
        assert node.api("POST", "/csrs/TVS", json_body={}, query=[("request", ""), ("yes", "1")]).status == 201
    assert node.head == 4


def test_a_refused_plan_ends_with_1_in_a_dry_run_too(node, root_ca):
    """Section 6: 1 is refused or failed."""
    result = node.cli("set", "cert", "import", "own", "tomcat", "--dry-run", input=root_ca.pem, check=False)
    assert result.status == 1 and "refused" in result.out and node.head == 1


def test_undo_of_a_ca_that_is_in_use_is_a_danger(node, root_ca, sub_ca):
    """X1: what delete would not do without --force, undo does not do either; undoing the upload as a whole breaks nothing."""
    imported = trusted(node, "tomcat", root_ca.pem + sub_ca.pem)["number"]
    uploaded = upload(node, "tomcat", sub_ca.sign(node.csr("tomcat")))["number"]
    problem = node.refused("utils", "undo", str(imported), "--yes", code="confirmation-needed")
    assert ("danger", "chain-breaks") in {(f["weight"], f["code"]) for f in problem["plan"]["findings"]}
    plan = node.json("utils", "undo", str(uploaded), "--dry-run")
    assert plan["worst"] == "warn", plan["findings"]


def test_a_name_of_two_certificates_is_ambiguous_until_a_fingerprint_is_given(node, make_ca):
    """C87: nothing is removed that was not judged. A name is unique in its scope only."""
    first, second = make_ca("Same CA"), make_ca("Same CA")
    node.json("set", "cert", "import", "trust", "tomcat", "--yes", "--scope", "node", input=second.pem)
    node.json("set", "cert", "import", "trust", "tomcat", "--yes", input=first.pem)
    assert [row["name"] for row in node.trust("common-name is Same CA")] == ["Same_CA.pem", "Same_CA.pem"]
    problem = node.refused("set", "cert", "delete", "tomcat", "Same_CA.pem", "--yes", "--force", code="ambiguous-name")
    assert fingerprint(first.pem) in problem["hint"] and fingerprint(second.pem) in problem["hint"]
    node.json("set", "cert", "delete", "tomcat", fingerprint(second.pem), "--yes", "--force")
    assert [row["fingerprint"] for row in node.trust("common-name is Same CA")] == [fingerprint(first.pem)]


def test_a_weak_intermediate_that_was_accepted_is_sent(node, root_ca, tmp_path):
    """C126: an intermediate signed with SHA-1 is a warning; the handshake must have the whole chain all the same, and the node must have looked."""
    weak = CA(tmp_path / "weak", "Weak Issuing CA", issuer=root_ca, md="sha1")
    change = upload(node, "tomcat", weak.sign(node.csr("tomcat")) + weak.pem + root_ca.pem)
    assert "weak-signature" in codes(change)
    assert [fingerprint(pem) for pem in presented(s_client(node.port, *RSA))] == [fingerprint(node.pem("tomcat")), fingerprint(weak.pem)]
    effects = {one["effect"]: one for one in node.json("show", "change", str(change["number"]))["effects"]}
    assert effects["https-rsa"]["state"] == "done" and "chain of 2" in effects["https-rsa"]["detail"]


def test_an_identity_that_cannot_be_served_is_told(new_node):
    """U4, C133: its key is gone. The other kind of key serves on, and the status names the one that does not."""
    node = new_node.copy()
    key = node.own("tomcat")["key"]["id"]
    node.stop()
    (node.data / "keys" / f"{key}.key").unlink()
    node.start()
    for _ in range(200):
        seen = {one["key_type"]: one for one in node.json("show", "status").get("self_check") or []}
        if seen:
            break
    assert seen["RSA"]["matches"] is False and key[:8] in seen["RSA"]["detail"]
    assert seen["EC"]["matches"] is True
    assert len(presented(s_client(node.port, "-sigalgs", "ECDSA+SHA384:ECDSA+SHA256"))) == 1


def test_a_capf_certificate_must_be_a_ca(node, root_ca):
    """C3, section 2: it issues the phones' certificates."""
    plan = plan_of(node, "CAPF", root_ca.sign(node.csr("CAPF"), extensions={"basicConstraints": "critical,CA:FALSE"}) + root_ca.pem)
    assert ("refused", "leaf-as-ca") in {(f["weight"], f["code"]) for f in plan["findings"]}


@pytest.mark.parametrize("where, usage", [
    ("usage is Identity", "own"), ("usage is trust", "trust"), ("common name contains cucm-pub", None), ("key type is RSA 2048", None),
    ("certificate is tomcat.pem", "own"), ("expiration after 2027-01-01", None), ("description contains Self-signed certificate generated", "own"),
    ("issued by contains cucm", None),
])
def test_the_words_of_the_field_work_as_columns(shared_node, where, usage):
    """V1: what a list shows can be found by the words it is shown with."""
    items = shared_node.api("GET", "/certificates", query=[("where", where)]).json["items"]
    assert items and (usage is None or {row["usage"] for row in items} == {usage})


def test_a_data_directory_made_by_others_is_closed(new_node):
    """C142: it holds private keys, whoever made it."""
    node = new_node.copy(start=False)
    node.data.chmod(0o755)
    node.start()
    assert stat.S_IMODE(node.data.stat().st_mode) == 0o700


def test_a_file_that_cannot_be_read_does_not_hide_the_others(shared_node, root_ca, tmp_path):
    good = tmp_path / "good.pem"
    good.write_text(root_ca.pem)
    result = shared_node.cli("utils", "cert", "check", good, tmp_path / "none.pem", check=False)
    assert result.status == 1 and "none.pem" in result.err and root_ca.subject in result.out
    assert shared_node.cli("utils", "cert", "check", tmp_path / "a", tmp_path / "b", check=False).status == 1


def test_a_role_that_is_added_brings_its_certificates(new_node):
    """A later start with more roles adds what they need, as a change of its own that says so."""
    node = new_node.copy("--roles", "publisher,tftp,reporting")
    assert node.own("intelligenceCenter-srvr")["type"] == "self-signed"
    assert node.json("show", "change", "2")["summary"].startswith("Add what the roles of the node")


def test_a_length_alone_names_a_kind_of_key(shared_node):
    """C1: the field gives key lengths as numbers."""
    assert "RSA 4096" in shared_node.json("set", "csr", "gen", "tomcat", "--key", "4096", "--dry-run")["steps"][0]["text"]
    assert "EC P-384" in shared_node.json("set", "csr", "gen", "tomcat-ECDSA", "--key", "384", "--dry-run")["steps"][0]["text"]


def test_the_nodes_own_key_is_not_made_anew(new_node):
    """A log signed by a key that is lost must not be continued by another one."""
    node = new_node.copy(start=False)
    (node.data / "keys" / "node.key").unlink()
    node.launch()
    assert node.wait() == 1 and "node.key is missing" in node.err and "backup" in node.err
