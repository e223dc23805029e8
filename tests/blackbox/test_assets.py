"""The console's files: which address shows the page, how it is cached and packed, and that nothing comes from elsewhere."""
import gzip
import re

import pytest

from wire import Client

POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "Accept-Encoding": "gzip, deflate, br"}
LARGEST = 150 * 1000  # bytes of what a browser loads, packed
SENTENCES = 75 * 1000  # and of the Japanese sentences of the server, which it loads besides in that language

pytestmark = pytest.mark.quick


@pytest.fixture(scope="module")
def client(shared_node):
    with Client(shared_node, tls=True) as client:
        yield client


@pytest.fixture(scope="module")
def page(client):
    return client("GET", "//").expect(200)


@pytest.fixture(scope="module")
def assets(client, page):
    """Every file that the page or one of its files names, as its answer."""
    found, wanted = {}, re.findall(r"/assets/([\w.-]+)", page.body.decode())
    while wanted:
        name = wanted.pop()
        if name not in found:
            found[name] = client("GET", f"//assets/{name}").expect(200)
            wanted += re.findall(r"[\"'(](?:\./|/assets/)([\w-]+-[0-9A-Z]{8}\.\w+)", found[name].body.decode(errors="replace"))
    assert len(found) >= 2
    return found


@pytest.mark.parametrize("path", ["//", "//?where=name%20contains%20x", "//certificates", "//certificates/own/tomcat?node=x", "//changes/12", "//nowhere/%41", "//apiary", "//index.html"])
def test_every_address_outside_of_the_api_shows_the_page_to_a_browser(client, page, path):
    answer = client("GET", path, headers={"Accept": BROWSER["Accept"]}).expect(200)
    assert answer.body == page.body and answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"] == POLICY
    assert answer.headers["cache-control"] == "no-cache" and answer.headers["x-content-type-options"] == "nosniff"
    head = client("HEAD", path, headers={"Accept": BROWSER["Accept"]}).expect(200)
    assert head.body == b"" and head.headers["content-length"] == str(len(page.body)) and head.headers["etag"] == answer.headers["etag"]


@pytest.mark.parametrize("path, code", [
    ("//api", "no-such-route"), ("//api/", "no-such-route"), ("//api/v1/nothing", "no-such-route"), ("//api/v2", "no-such-route"), ("//%61pi/v1/nothing", "no-such-route"),
    ("//assets/", "no-such-route"), ("//assets/none.js", "no-asset"), ("//assets/a/b.js", "no-such-route"), ("//assets/console.js", "no-asset"), ("//assets/index.html", "no-asset"),
    ("//assets/..%2Findex.html", "no-asset"), ("//assets/%2e%2e%2f%2e%2e%2fstore.db", "no-asset"), ("//assets/../index.html", "no-such-route"), ("//assets/%2e%2e/index.html", "no-such-route"),
    ("//assets/..%5Cindex.html", "no-asset"), ("//assets//index.html", "no-such-route"), ("//assets/%2Fetc%2Fpasswd", "no-asset"), ("//assets/.", "no-asset"), ("//assets/..", "no-asset"),
])
def test_what_is_the_api_s_or_an_asset_s_is_a_problem_to_a_browser_too(client, path, code):
    answer = client("GET", path, headers=BROWSER).expect(404, code)
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("accept", [None, "*/*", "application/json", "image/avif,image/webp,*/*", "text/html;q=0, */*"])
def test_who_asks_for_no_page_gets_none_but_at_the_root(client, page, accept):
    headers = {"Accept": accept} if accept else {}
    client("GET", "//certificates", headers=headers).expect(404, "no-such-route")
    client("GET", "//favicon.ico", headers=headers).expect(404, "no-such-route")
    assert client("GET", "//", headers=headers).expect(200).body == page.body
    assert client("GET", "//?x=1&x=2", headers=headers).expect(200).body == page.body


def test_other_methods_are_405(client, assets):
    for method in ("POST", "PUT", "DELETE"):
        for path in ("//", f"//assets/{sorted(assets)[0]}", "//assets/none.js"):
            answer = client(method, path, headers=BROWSER).expect(405, "method-not-allowed")
            assert answer.headers["allow"] == "GET, HEAD"
        client(method, "//certificates", headers=BROWSER).expect(404, "no-such-route")


def test_assets_may_be_kept_for_ever_since_other_content_has_another_name(client, assets):
    types = {"js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8"}
    for name, answer in assets.items():
        assert re.fullmatch(r"[\w-]+-[0-9A-Z]{8}\.\w+", name)
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable" and answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-type"] == types.get(name.rpartition(".")[2], answer.headers["content-type"])
        head = client("HEAD", f"//assets/{name}").expect(200)
        assert head.body == b"" and head.headers["content-length"] == str(len(answer.body))
    assert {name.rpartition(".")[2] for name in assets} >= {"js", "css"}


def test_the_page_itself_names_nothing_from_elsewhere_and_holds_no_script_or_style(page, assets):
    text = page.body.decode()
    assert re.findall(r"<script(?![^>]*\bsrc=\"/assets/)", text) == [] and "<style" not in text
    assert re.findall(r"\son\w+=|\sstyle=|javascript:", text) == []
    assert all(link.startswith(("/assets/", "data:")) for link in re.findall(r"(?:src|href)=\"([^\"]*)\"", text))
    for name, answer in assets.items():
        # What is loaded is written in quotes, or in url(); names of XML namespaces and links for people are no loads.
        assert re.findall(r"url\(['\"]?https?:|import\(['\"]https?:|from\s?['\"]https?:|\beval\(|new Function\(", answer.body.decode()) == [], name


def test_what_the_browser_has_is_not_sent_again(client, assets):
    for path in ("//", "//certificates", *(f"//assets/{name}" for name in assets)):
        for coding in ("gzip", "identity"):
            headers = {**BROWSER, "Accept-Encoding": coding}
            first = client("GET", path, headers=headers).expect(200)
            tag = first.headers["etag"]
            assert re.fullmatch(r'"[0-9a-f]{32}(-gzip)?"', tag)
            for held in (tag, f"W/{tag}", f'"x", {tag}', "*"):
                again = client("GET", path, headers={**headers, "If-None-Match": held}).expect(304)
                assert again.body == b""
                for name in ("etag", "cache-control", "vary"):
                    assert again.headers[name] == first.headers[name], (path, name)
            assert client("GET", path, headers={**headers, "If-None-Match": '"x"'}).expect(200).body == first.body


def test_packed_or_not_it_is_the_same(client, assets):
    for path in ("//", *(f"//assets/{name}" for name in assets)):
        plain = client("GET", path).expect(200)
        packed = client("GET", path, headers={"Accept-Encoding": "gzip"}).expect(200)
        assert "content-encoding" not in plain.headers and plain.headers["vary"] == packed.headers["vary"] == "Accept-Encoding"
        if "content-encoding" not in packed.headers:
            assert len(gzip.compress(plain.body)) >= len(plain.body) - 32  # a file of a few bytes
            continue
        assert packed.headers["content-encoding"] == "gzip" and gzip.decompress(packed.body) == plain.body
        assert len(packed.body) < len(plain.body) and plain.headers["etag"] != packed.headers["etag"]
        for refusal in ("gzip;q=0", "identity", "br", "*;q=0"):
            assert "content-encoding" not in client("GET", path, headers={"Accept-Encoding": refusal}).expect(200).headers


def test_the_console_is_smaller_than_150_kB(client, assets):
    sentences = [name for name in assets if name.startswith("server-")]
    assert len(sentences) == 1
    packed = {name: len(client("GET", path, headers={"Accept-Encoding": "gzip"}).body) for name, path in [("", "//"), *((name, f"//assets/{name}") for name in assets)]}
    assert packed.pop(sentences[0]) < SENTENCES
    assert sum(packed.values()) < LARGEST
