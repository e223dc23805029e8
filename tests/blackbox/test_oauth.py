"""OAuth (O1): tokens of the node for its own API, verified here by their public key alone; what is refused, and that a replaced key ends them at once."""
import base64
import hashlib
import hmac
import json
import time

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from harness import load, quote

FORM = "Content-Type: application/x-www-form-urlencoded"
HOUR, REFRESH_DAYS = 3600, 60


# -- JOSE, written for these tests


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def header_of(token):
    return json.loads(unb64(token.split(".")[0]))


def claims_of(token):
    return json.loads(unb64(token.split(".")[1]))


def public_key(jwk):
    assert jwk["kty"] == "RSA" and jwk["use"] == "sig" and jwk["alg"] == "RS256"
    assert set(jwk) == {"kty", "use", "alg", "kid", "n", "e"}, "nothing private"
    return rsa.RSAPublicNumbers(int.from_bytes(unb64(jwk["e"]), "big"), int.from_bytes(unb64(jwk["n"]), "big")).public_key()


def verified(token, jwks):
    """The claims of a JWS whose signature is good by the key that it names."""
    head, payload, signature = token.split(".")
    header = header_of(token)
    assert header["alg"] == "RS256" and header["typ"] == "at+jwt"
    (jwk,) = [key for key in jwks["keys"] if key["kid"] == header["kid"]]
    public_key(jwk).verify(unb64(signature), f"{head}.{payload}".encode(), padding.PKCS1v15(), hashes.SHA256())
    return json.loads(unb64(payload))


# -- the endpoints


def form(node, path, fields, **more):
    body = "&".join(f"{quote(k)}={quote(v)}" for k, v in (fields.items() if isinstance(fields, dict) else fields))
    more.setdefault("headers", [FORM])
    return node.api("POST", path, data=body.encode(), **more)


def sign_in(node, auth=True):
    return form(node, "/oauth/token", {"grant_type": "client_credentials"}, auth=auth).expect(200).json


def refresh(node, token):
    return form(node, "/oauth/token", {"grant_type": "refresh_token", "refresh_token": token}, auth=None)


def use(node, token, method="GET", path="/status", **more):
    return node.api(method, path, auth=None, headers=[f"Authorization: Bearer {token}"], **more)


def introspect(node, token, **more):
    return form(node, "/oauth/introspect", {"token": token}, **more).expect(200).json


def jwks(node):
    return node.api("GET", "/oauth/jwks", auth=None).expect(200).json


def refused(answer, code):
    """An access token that is not good: RFC 6750 section 3.1."""
    answer.expect(401, code)
    assert answer.headers["www-authenticate"] == 'Bearer realm="ucpki", error="invalid_token"', "the last of two challenges"
    return answer


def denied(answer, error, code, status=400):
    """RFC 6749 section 5.2."""
    assert answer.status == status, f"{answer}"
    assert set(answer.json) == {"error", "error_description", "code"}, f"{answer}"
    assert answer.json["error"] == error and answer.json["code"] == code, f"{answer}"
    assert answer.json["error_description"] and answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store" and answer.headers["pragma"] == "no-cache"
    return answer


# -- getting and using tokens


@pytest.mark.quick
def test_an_access_token_is_verified_by_the_published_key_and_opens_the_api(shared_node):
    node = shared_node
    before = int(time.time())
    answer = form(node, "/oauth/token", {"grant_type": "client_credentials"}).expect(200)
    tokens = answer.json
    assert answer.headers["cache-control"] == "no-store" and answer.headers["pragma"] == "no-cache"
    assert set(tokens) == {"access_token", "token_type", "expires_in", "refresh_token", "scope"}
    assert tokens["token_type"] == "Bearer" and tokens["expires_in"] == HOUR and tokens["scope"] == "administrator"
    claims = verified(tokens["access_token"], jwks(node))
    authz = node.get("/authz")
    first = node.get("/changes/1")["hash"]
    assert claims["iss"] == claims["aud"] == f"urn:ucpki:{first}"
    assert claims["sub"] == claims["client_id"] == "admin" and claims["role"] == "administrator" and claims["use"] == "access"
    assert before - 300 <= claims["iat"] <= int(time.time()) + 300 and claims["exp"] == claims["iat"] + HOUR
    assert claims["ekid"] == authz["encryption"]["checksum"] and header_of(tokens["access_token"])["kid"] == authz["signing"]["checksum"]
    use(node, tokens["access_token"]).expect(200)
    # The scheme has no case (RFC 9110 section 11.1).
    node.api("GET", "/status", auth=None, headers=[f"Authorization: bearer {tokens['access_token']}"]).expect(200)


@pytest.mark.quick
def test_a_refresh_token_shows_nothing_is_no_access_token_and_gets_new_tokens(shared_node):
    node = shared_node
    tokens = sign_in(node)
    parts = tokens["refresh_token"].split(".")
    assert len(parts) == 5 and parts[1] == ""
    assert header_of(tokens["refresh_token"]) == {"alg": "dir", "enc": "A256GCM", "cty": "JWT", "kid": node.get("/authz")["encryption"]["checksum"]}
    refused(use(node, tokens["refresh_token"]), "token-use")
    again = refresh(node, tokens["refresh_token"]).expect(200).json
    assert verified(again["access_token"], jwks(node))["sub"] == "admin"
    assert len({tokens["access_token"], again["access_token"], tokens["refresh_token"], again["refresh_token"]}) == 4
    use(node, again["access_token"]).expect(200)
    refresh(node, again["refresh_token"]).expect(200)
    denied(refresh(node, tokens["access_token"]), "invalid_grant", "token-use")


def test_what_a_token_does_is_done_by_its_account(node):
    token = sign_in(node)["access_token"]
    use(node, token, "POST", "/certificates/own/TVS/regenerate", query=[("yes", 1)], data=b"{}").expect(201)
    assert node.get("/changes", [("limit", 1)])["items"][0]["who"] == "admin"


def test_a_page_of_another_site_cannot_use_a_token(shared_node):
    token = sign_in(shared_node)["access_token"]
    headers = [f"Authorization: Bearer {token}", "Origin: https://evil.example.com"]
    shared_node.api("POST", "/certificates/own/TVS/regenerate", auth=None, headers=headers, data=b"{}").expect(403, "forbidden")


@pytest.mark.quick
def test_introspection_says_whose_a_good_token_is_and_nothing_of_others_RFC_7662(shared_node):
    node = shared_node
    tokens = sign_in(node)
    for which, lifetime in (("access", HOUR), ("refresh", REFRESH_DAYS * 86400)):
        told = introspect(node, tokens[f"{which}_token"])
        assert told["active"] is True and told["sub"] == told["username"] == "admin" and told["use"] == which and told["scope"] == "administrator"
        assert told["exp"] - told["iat"] == lifetime
    good = tokens["access_token"]
    for bad in (good[:-4], good + "A", "x", "..", good.replace(".", ""), "a" * 9000):
        assert introspect(node, bad) == {"active": False}
    # By a token as well; but not without signing in (section 2.1), and not without a token.
    headers = [FORM, f"Authorization: Bearer {good}"]
    assert introspect(node, good, auth=None, headers=headers)["active"] is True
    form(node, "/oauth/introspect", {"token": good}, auth=None).expect(401, "sign-in-needed")
    form(node, "/oauth/introspect", {}).expect(400, "argument-missing")
    form(node, "/oauth/introspect", {"token": good}, headers=["Content-Type: application/json"]).expect(400, "not-a-form")


# -- the token endpoint, badly asked


@pytest.mark.quick
def test_requests_that_the_token_endpoint_cannot_serve_say_why_in_the_words_of_RFC_6749(shared_node):
    node = shared_node
    good = {"grant_type": "client_credentials"}
    cases = [
        (form(node, "/oauth/token", {}), "invalid_request", "argument-missing"),
        (form(node, "/oauth/token", {"grant_type": ""}), "invalid_request", "argument-missing"),
        (form(node, "/oauth/token", {"grant_type": "password", "username": "admin", "password": "x"}), "unsupported_grant_type", "bad-grant"),
        (form(node, "/oauth/token", {"grant_type": "authorization_code"}), "unsupported_grant_type", "bad-grant"),
        (form(node, "/oauth/token", {"grant_type": 'quo"te\\ü\n'}), "unsupported_grant_type", "bad-grant"),
        (form(node, "/oauth/token", [*good.items(), *good.items()]), "invalid_request", "repeated-parameter"),
        (form(node, "/oauth/token", {"grant_type": "refresh_token"}), "invalid_request", "argument-missing"),
        (form(node, "/oauth/token", good, headers=["Content-Type: application/json"]), "invalid_request", "not-a-form"),
        (form(node, "/oauth/token", good, headers=["Content-Type: application/x-www-form-urlencodedX"]), "invalid_request", "not-a-form"),
        (form(node, "/oauth/token", good, headers=["Content-Type:"]), "invalid_request", "not-a-form"),
        (node.api("POST", "/oauth/token", headers=[FORM], data=b"grant_type=%zz"), "invalid_request", "malformed-form"),
        (node.api("POST", "/oauth/token", headers=[FORM], data=b"grant_type=client\x00_credentials"), "invalid_request", "malformed-form"),
        (node.api("POST", "/oauth/token", headers=[FORM], data=b"grant_type=client%00_credentials"), "invalid_request", "malformed-form"),
        (node.api("POST", "/oauth/token", headers=[FORM], data=b"grant_type=\xff\xfe"), "invalid_request", "malformed-form"),
        (node.api("POST", "/oauth/token", headers=[FORM], data=b""), "invalid_request", "argument-missing"),
    ]
    for answer, error, code in cases:
        text = denied(answer, error, code).json["error_description"]
        assert all(" " <= c <= "~" and c not in '"\\' for c in text), text
    denied(form(node, "/oauth/token", {**good, "x": "y" * 17000}), "invalid_request", "too-large", 413)
    form(node, "/oauth/token", good, headers=[f"{FORM}; charset=UTF-8"]).expect(200)
    node.api("GET", "/oauth/token").expect(405, "method-not-allowed")


@pytest.mark.quick
def test_only_a_name_and_a_password_get_the_first_token(shared_node):
    node = shared_node
    wrong = [(None, "sign-in-needed"), (("admin", "wrong"), "wrong-password"), (("nobody", node.password), "wrong-password")]
    for auth, code in wrong:
        answer = denied(form(node, "/oauth/token", {"grant_type": "client_credentials"}, auth=auth), "invalid_client", code, 401)
        assert answer.headers["www-authenticate"].startswith("Basic ")
    token = sign_in(node)["access_token"]
    answer = form(node, "/oauth/token", {"grant_type": "client_credentials"}, auth=None, headers=[FORM, f"Authorization: Bearer {token}"])
    denied(answer, "invalid_client", "sign-in-needed", 401)


# -- tokens that are not good


def forged(token, header=None, claims=None, key=None, mac=None):
    """The token with another header, other claims, signed by nobody, by an RSA key or by an HMAC."""
    head = b64(json.dumps({**header_of(token), **(header or {})}).encode())
    payload = b64(json.dumps({**claims_of(token), **(claims or {})}).encode())
    signed = f"{head}.{payload}".encode()
    signature = b""
    if key:
        signature = key.sign(signed, padding.PKCS1v15(), hashes.SHA256())
    if mac:
        signature = hmac.new(mac, signed, hashlib.sha256).digest()
    return f"{head}.{payload}.{b64(signature)}"


@pytest.mark.quick
def test_forged_tokens_are_refused(shared_node):
    node = shared_node
    token = sign_in(node)["access_token"]
    public = public_key(jwks(node)["keys"][0])
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    spki = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    mine = rsa.generate_private_key(65537, 2048)
    numbers = mine.public_key().public_numbers()
    jwk = {"kty": "RSA", "n": b64(numbers.n.to_bytes(256, "big")), "e": "AQAB"}
    head, payload, signature = token.split(".")
    other = b64(json.dumps({**claims_of(token), "sub": "root"}).encode())
    bad = {
        "none": forged(token, {"alg": "none"}),
        "None": forged(token, {"alg": "None"}),
        "no signature": forged(token),
        "HS256 by the PEM of the public key": forged(token, {"alg": "HS256"}, mac=pem),
        "HS256 by its DER": forged(token, {"alg": "HS256"}, mac=spki),
        "HS256 by its modulus": forged(token, {"alg": "HS256"}, mac=public.public_numbers().n.to_bytes(256, "big")),
        "another key under our name": forged(token, key=mine),
        "a key that comes with it": forged(token, {"jwk": jwk}, key=mine),
        "a key by an address": forged(token, {"jku": "https://127.0.0.1/jwks"}, key=mine),
        "another issuer": forged(token, claims={"iss": "urn:ucpki:0"}, key=mine),
        "other claims": f"{head}.{other}.{signature}",
        "cut": token[:-1],
        "cut to two parts": f"{head}.{payload}",
        "longer": token + "A",
        "padded": token + "=",
        "a blank behind": token + " x",
        "twice": f"{token}.{token}",
        "large": token + "A" * 9000,
        "empty": "",
    }
    for name, text in bad.items():
        answer = refused(use(node, text), "token-invalid") if text else use(node, text)
        assert answer.status == 401, name
        assert introspect(node, text)["active"] is False if text else True, name
        assert signature not in answer.body.decode(), "a token is not repeated"
    refused(use(node, forged(token, {"kid": "0" * 64}, key=mine)), "token-replaced-key")
    use(node, token).expect(200)


@pytest.mark.quick
def test_no_letter_of_a_refresh_token_can_be_changed(shared_node):
    token = sign_in(shared_node)["refresh_token"]
    header = token.index(".")
    for i in [*range(header + 2, len(token), 97), len(token) - 1]:
        if token[i] == ".":
            continue
        changed = token[:i] + ("B" if token[i] == "A" else "A") + token[i + 1:]
        denied(refresh(shared_node, changed), "invalid_grant", "token-invalid")
    for cut in (token[:-1], token[: len(token) // 2], token + "A", token[header:]):
        denied(refresh(shared_node, cut), "invalid_grant", "token-invalid")


def test_a_token_of_another_cluster_is_refused(new_node):
    one, two = new_node.copy(), new_node("--node-name", "cucm-pub", "--domain", "example.com")
    token = sign_in(two)["access_token"]
    use(two, token).expect(200)
    # Its keys are other ones, so it is taken for a token of a former key: in any case it is not good.
    refused(use(one, token), "token-replaced-key")


# -- ends of tokens


def assert_ended(node, tokens, code):
    refused(use(node, tokens["access_token"]), code)
    denied(refresh(node, tokens["refresh_token"]), "invalid_grant", code)
    assert introspect(node, tokens["access_token"]) == introspect(node, tokens["refresh_token"]) == {"active": False}


@pytest.mark.parametrize("which, other", [("signing", "encryption"), ("encryption", "signing")])
def test_a_replaced_key_ends_every_token_at_once_O1(node, which, other):
    old, before, keys = sign_in(node), node.get("/authz"), jwks(node)
    preview = node.api("POST", f"/authz/{which}/regenerate", query=[("dry_run", 1)]).expect(200).json
    assert "tokens-stop" in [finding["code"] for finding in preview["findings"]]
    use(node, old["access_token"]).expect(200)  # planning ends nothing
    node.api("POST", f"/authz/{which}/regenerate", query=[("yes", 1)]).expect(201)
    assert_ended(node, old, "token-replaced-key")
    after = node.get("/authz")
    assert after[which]["checksum"] != before[which]["checksum"] and after[other]["checksum"] == before[other]["checksum"]
    assert (jwks(node) == keys) == (which == "encryption")
    fresh = sign_in(node)
    verified(fresh["access_token"], jwks(node))
    if which == "signing":
        with pytest.raises((InvalidSignature, ValueError)):
            verified(old["access_token"], jwks(node))
    use(node, fresh["access_token"]).expect(200)
    refresh(node, fresh["refresh_token"]).expect(200)
    # Neither does a restart bring the old ones back.
    node.restart()
    assert_ended(node, old, "token-replaced-key")
    use(node, fresh["access_token"]).expect(200)
    refresh(node, fresh["refresh_token"]).expect(200)


def test_regenerating_the_authz_certificate_is_replacing_the_signing_key(node):
    old = sign_in(node)
    node.cli("set", "cert", "regen", "authz", "--yes", "--force")
    assert_ended(node, old, "token-replaced-key")


def test_another_password_ends_the_tokens_of_the_account(node):
    old = sign_in(node)
    node.api("POST", "/accounts/admin/password", json_body={"password": "another long one", "current": node.password}, query=[("yes", 1)]).expect(201)
    assert_ended_by_password(node, old)


def assert_ended_by_password(node, old):
    auth = ("admin", "another long one")
    refused(use(node, old["access_token"]), "password-changed")
    denied(refresh(node, old["refresh_token"]), "invalid_grant", "password-changed")
    assert introspect(node, old["refresh_token"], auth=auth) == {"active": False}
    use(node, sign_in(node, auth)["access_token"]).expect(200)


# -- the keys themselves


@pytest.mark.quick
def test_the_checksums_are_those_of_the_keys_O1(shared_node):
    node = shared_node
    authz = node.get("/authz")
    cert = load(node.pem("authz"))
    spki = cert.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    assert authz["signing"]["checksum"] == hashlib.sha256(spki).hexdigest()
    assert authz["signing"]["fingerprint"] == cert.fingerprint(hashes.SHA256()).hex()
    assert authz["signing"]["not_after"] == cert.not_valid_after.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert len(authz["encryption"]["checksum"]) == 64 and set(authz["encryption"]) == {"checksum"}
    for which in ("signing", "encryption"):
        assert node.get(f"/authz/{which}") == authz[which]
        assert node.cli("show", "key", "authz", which).out.strip() == authz[which]["checksum"]
    assert public_key(jwks(node)["keys"][0]).public_numbers() == cert.public_key().public_numbers()
    node.api("GET", "/authz/nothing").expect(404, "no-authz-key")
    node.api("GET", "/authz", auth=None).expect(401, "sign-in-needed")


def test_the_encryption_key_lies_nowhere_in_the_clear(node):
    """Its checksum is known, so every 32 bytes of every file can be held against it; and what is sealed is not the key."""
    want = node.get("/authz")["encryption"]["checksum"]
    sign_in(node)
    node.stop()
    looked = 0
    for path in node.data.rglob("*"):
        if not path.is_file() or path.stat().st_size > 4_000_000:
            continue
        data = path.read_bytes()
        for i in range(len(data) - 31):
            assert hashlib.sha256(data[i:i + 32]).hexdigest() != want, f"{path} at {i}"
        looked += 1
    assert looked > 5


def test_without_its_keys_a_node_says_so_and_serves_on(node):
    tokens = sign_in(node)
    kid = node.get("/authz")["signing"]["checksum"]
    node.stop()
    (node.data / "keys" / f"{kid}.key").write_bytes(b"damaged")
    node.start()
    node.get("/status")
    authz = node.get("/authz")
    assert authz["signing"] is None and authz["encryption"]["checksum"]
    node.api("GET", "/authz/signing").expect(503, "no-token-keys")
    node.api("POST", "/authz/compare", json_body={"peers": ["127.0.0.1:1"], "account": "admin", "password": "of no interest"}).expect(503, "no-token-keys")
    assert jwks(node) == {"keys": []}
    use(node, tokens["access_token"]).expect(503, "no-token-keys")
    denied(form(node, "/oauth/token", {"grant_type": "client_credentials"}), "temporarily_unavailable", "no-token-keys", 503)
    assert node.cli("show", "key", "authz", "encryption").out.strip() == authz["encryption"]["checksum"]
    node.cli("set", "key", "regen", "authz", "signing", "--yes", "--force")
    use(node, sign_in(node)["access_token"]).expect(200)


# -- other clusters


def test_the_checksums_of_other_clusters_are_held_against_ours_and_only_of_those_we_trust(new_node, tmp_path):
    """O1: utils authz compare; a copy of this node's data is another cluster with the same keys."""
    ours, same = new_node.copy(), new_node.copy()
    other = new_node("--node-name", "cucm-pub2", "--domain", "example.org")
    secret, wrong = tmp_path / "password", tmp_path / "wrong"
    secret.write_text(ours.password + "\n")
    wrong.write_text("not the password\n")

    def compare(*peers, password=secret):
        result = ours.cli("utils", "authz", "compare", *[f"127.0.0.1:{peer if isinstance(peer, int) else peer.port}" for peer in peers], "--account", "admin",
                          "--password-file", password, "--json", check=False)
        return result.status, [(item["state"], item["signing"], item["encryption"]) for item in result.json["items"]], result.json["items"]

    assert compare(same)[:2] == (0, [("equal", True, True)])
    # What is not trusted is not sent a password to.
    status, states, items = compare(other)
    assert (status, states) == (1, [("failed", None, None)]) and "tomcat-trust" in items[0]["detail"], items
    for purpose in ("tomcat", "tomcat-ECDSA"):
        ours.cli("set", "cert", "import", "trust", "tomcat-trust", "--yes", input=other.pem(purpose))
    status, states, items = compare(other)
    assert (status, states) == (1, [("failed", None, None)]) and "401" in items[0]["detail"], items
    secret.write_text(other.password + "\n")
    status, states, items = compare(other)
    assert (status, states) == (1, [("differs", False, False)]) and "no command carries them over" in items[0]["hint"] and "/api/v1/oauth/jwks" in items[0]["hint"], items
    # One key alone.
    secret.write_text(ours.password + "\n")
    same.cli("set", "key", "regen", "authz", "encryption", "--yes")
    assert compare(same)[:2] == (1, [("differs", True, False)])
    status, states, items = compare(same, password=wrong)
    assert (status, states) == (1, [("failed", None, None)]), items
    assert compare(1)[1] == [("failed", None, None)]
    assert ours.cli("show", "key", "authz", "signing").out == same.cli("show", "key", "authz", "signing").out
    assert ours.cli("show", "key", "authz", "encryption").out != same.cli("show", "key", "authz", "encryption").out
