"""Headers that are secrets are left out, secrets in others are replaced; ordinary headers are kept."""

from __future__ import annotations

import time

import pytest

from feedserver.record.redaction import LeftOut, redact

WHY = "a secret is in its name"
HEX = "a8f5f167f44f4964e6c998dee827110c"
BASE64 = "Vv8oCqW7yq1Jr0Kx2sT9dLmZ4nPbEhGf3uYcAaIiOo0="


STAY = [
    ("ETag", f'"{HEX}"'),
    ("ETag", 'W/"5e-Vv8oCqW7yq1Jr0Kx2sT9dLmZ4nP"'),
    ("Digest", f"SHA-256={BASE64}"),
    ("Content-MD5", "Q2hlY2sgSW50ZWdyaXR5IQ=="),
    ("Content-Digest", f"sha-256=:{BASE64}:"),
    ("Repr-Digest", f"sha-256=:{BASE64}:"),
    ("Last-Modified", "Thu, 26 Nov 2026 13:53:32 GMT"),
    ("Expires", "Thu, 26 Nov 2026 13:53:32 GMT"),
    ("Cache-Control", "public, max-age=31536000, stale-while-revalidate=60, immutable"),
    ("Content-Type", "multipart/mixed; boundary=----WebKitFormBoundary7MA4YWxkTrZu0gW9Kx2sT"),
    ("Content-Security-Policy", f"script-src 'nonce-{BASE64}' 'sha256-{BASE64}'; report-uri /csp"),
    ("Permissions-Policy", "publickey-credentials-get=(self), otp-credentials=(), private-state-token-issuance=()"),
    ("Access-Control-Allow-Credentials", "true"),
    ("Access-Control-Allow-Headers", "Authorization, X-Api-Key, X-Token"),
    ("Access-Control-Expose-Headers", "X-Auth-Token"),
    ("Public-Key-Pins", f'pin-sha256="{BASE64}"; max-age=5184000'),
    ("Strict-Transport-Security", "max-age=63072000; includeSubDomains; preload"),
    ("Clear-Site-Data", '"cache", "cookies"'),
    ("Vary", "Accept-Encoding, Cookie, Authorization"),
    ("Via", f"1.1 {HEX}.cloudfront.example (CloudFront)"),
    ("X-Request-Id", "9f86d081-8843-4c3c-8a5b-a1b2c3d4e5f6"),
    ("X-GitHub-Request-Id", "C3F2:1A2B3C:4D5E6F:7A8B9C0D:65A1B2C3"),
    ("X-Amz-Cf-Id", BASE64),
    ("x-amz-id-2", BASE64),
    ("CF-Ray", "8a1b2c3d4e5f6071829304a5b6c7d8e9-FRA"),
    ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
    ("Surrogate-Key", f"feed-{HEX}"),
    ("Server", "Apache/2.4.41 (Ubuntu) OpenSSL/1.1.1f mod_wsgi/4.6.8 Python/3.8"),
    ("Alt-Svc", 'h3=":443"; ma=86400, h3-29=":443"; ma=86400'),
    ("Link", '<https://hub.example/>; rel="hub", </feed?page=2&keyword=monkey>; rel="next"'),
    ("Link", f"</app-{HEX}.css>; rel=preload; as=style"),
    ("Location", "https://blog.example/2026/11/26/my-long-post-title-about-the-keyboard-of-2026/?page=2#comment-12345"),
    ("Location", "https://code.example/o/r/raw/da39a3ee5e6b4b0d3255bfef95601890afd80709/feed.xml"),
    ("Location", "https://www.gravatar.example/avatar/205e460b479e2e5b48aec07710c08d50"),
    ("Location", "https://git.example/a/b/commit/205e460b479e2e5b48aec07710c08d5012345678.patch%3Fw%3D1"),
    ("Location", "https://h.example/notify/email%3Aada%40example.com"),
    ("Location", "https://h.example/x/12%3A30%40cafe.example"),
    ("Location", "https://www.youtube.example/feeds/videos.xml?channel_id=UCXuqSBlHAE6Xw-yeJA0Tunw"),
    ("Location", "https://medium.example/@ada/feed"),
    ("Location", "/search?q=how+to+pass+an+exam&code=404&state"),
    ("Content-Disposition", 'attachment; filename="2026-11-26-a-feed-of-news.xml"'),
    ("WWW-Authenticate", 'Basic realm="feeds, and more", Bearer realm="api", error="invalid_token"'),
    ("P3P", 'CP="NOI DSP COR NID CURa ADMa DEVa PSAa PSDa OUR STP UNI COM NAV STA"'),
    ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0"),
    ("X-Powered-By", "PHP/8.3.10-1ubuntu22.04.1+deb.sury.org+1"),
    ("Location", "http://auth:8080/key:8/"),
    ("Warning", '199 - "Basic authentication, Bearer Token or token based: see the docs at https://h/"'),
    ("WWW-Authenticate", 'Bearer error_uri="https://h/", Basic realm=news'),
    ("NEL", '{"report_to":"cf-nel","max_age":604800}'),
    ("X-Feed-Version", "1.2.3-beta4+exp.sha.5114f85"),
    ("WWW-Authenticate", 'Bearer authorization_uri="https://login.example/common/oauth2/authorize"'),
    ("X-Token-Type", "bearer"),
    ("X-Session-Timeout-Url", "/session?expired"),
    ("Location", "/?token_endpoint=/t&key_type=rsa&auth_method=none&session_count=2&password_length=8"),
    ("Location", "/callbacks?code=US"),
    ("Location", "/errors?code=404&page=2"),
    ("Location", "/auth/oauth2/key/v1beta2/token/refresh/private/2026-11/session/day1/"),
    ("X-Login", "ada"),
    ("X-Login", "https://h/login"),
    ("X-Last-Login", "2026-11-29T10:30:00+01:00"),
    ("X-Login-Methods", "password|sso"),
    ("X-User", "urn:user:ada"),
    ("X-OAuth-Scopes", "repo, user"),
    ("GitHub-Authentication-Token-Expiration", "2026-12-31 00:00:00 UTC"),
    ("x-amz-server-side-encryption-bucket-key-enabled", "true"),
    ("Cache-Status", "Souin; hit; ttl=109; key=GET-https-h-/feed"),
    ("No-Vary-Search", 'key-order, params=("token" "utm_source")'),
    ("X-Content-Digest", HEX),
    ("OC-ETag", f'"{HEX}"'),
    ("X-Git-Commit", HEX),
    ("X-Commit-Id", HEX),
    ("X-Git-Commit-Sha", HEX),
    ("X-Revision", HEX),
    ("X-Vercel-Id", "fra1::iad1::abcde-1711111111123-1a2b3c4d5e6f"),
    ("X-Azure-Ref", "20261130T220000Z-r17d6f8c9b4xk2vhz3p5q7w9n800000005ag000000003h2k"),
    ("X-Cloud-Trace-Context", f"{HEX}/1234567890123456789;o=1"),
    ("X-LiteSpeed-Tag", f"b2a_feed,b2a_URL.{HEX}"),
    ("X-LiteSpeed-Vary", "cookie=_lscache_vary"),
    ("X-Pass-Why", "wp-admin"),
    ("X-Alternate-Cache-Key", f"cacheable:{HEX}"),
    ("X-Styx-Req-Id", f"styx-{HEX}"),
    ("Onion-Location", "http://expyuzz4wqqyqhjn2cvbbkl2x6y3pnl3mz5m3q7z5qf6d5q3k2x6y3ad.onion/feed"),
    ("Location", "https://bsky.example/profile/did:plc:z72i7hdynmk6r22z27h6tvur/rss"),
    ("Location", "/search?u=did%3Aplc%3Az72i7hdynmk6r22z27h6tvur"),
]


@pytest.mark.parametrize(("name", "value"), STAY, ids=[f"{name} {value[:24]}" for name, value in STAY])
def test_an_ordinary_header_stays(name: str, value: str) -> None:
    redacted = redact([(name.encode(), value.encode())])
    assert redacted.left_out == ()
    assert redacted.fields == ((name.encode(), value.encode()),)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-Passwd", "a"),
        ("Set-Cookie", "justavalue"),
        ("Set-Cookie", "theme=dark"),
        ("Proxy-Authorization", "Basic YTpi"),
        ("DPoP", "a"),
        ("Ocp-Apim-Subscription-Key", "a"),
        ("X-ConsumerKey", "a"),
        ("X-RecoveryCode", "a"),
        ("Authentication-Info", 'nextnonce="a"'),
        ("Proxy-Authentication-Info", 'nextnonce="a"'),
    ],
)
def test_a_header_with_the_name_of_a_secret_is_left_out(name: str, value: str) -> None:
    redacted = redact([(name.encode(), value.encode())])
    assert redacted.fields == ()
    assert redacted.left_out == (LeftOut(name, "it is a secret"),)


@pytest.mark.parametrize(
    "name", ["Location", "Content-Location", "Link", "Refresh", "X-Next", "Content-Security-Policy"]
)
def test_urls_in_any_header_are_cleaned(name: str) -> None:
    value = b"https://u:p@h/x?access_token=abc&x=1"
    assert redact([(name.encode(), value)]).fields == ((name.encode(), b"https://h/x?access_token=removed&x=1"),)


@pytest.mark.parametrize(
    ("value", "kept", "schemes_left_out"),
    [
        ('Basic realm="a", Digest realm="b", nonce="c", qop="auth"', 'Basic realm="a"', ["Digest"]),
        ('Digest realm="b", nonce="c", Basic realm="a"', 'Basic realm="a"', ["Digest"]),
        ('Negotiate, Basic realm="a", charset="UTF-8"', 'Basic realm="a", charset="UTF-8"', ["Negotiate"]),
        ('Basic realm="a, Digest b", NTLM TlRM', 'Basic realm="a, Digest b"', ["NTLM"]),
        ("Negotiate YII=", None, ["Negotiate"]),
        ('BASIC REALM="a"', 'BASIC REALM="a"', []),
        ('Bearer realm="https://h/?token=x"', 'Bearer realm="https://h/?token=removed"', []),
    ],
)
@pytest.mark.parametrize("name", ["WWW-Authenticate", "Proxy-Authenticate"])
def test_each_challenge_is_kept_or_left_out_by_itself(
    name: str, value: str, kept: str | None, schemes_left_out: list[str]
) -> None:
    redacted = redact([(name.encode(), value.encode())])
    assert [field[1].decode() for field in redacted.fields] == ([kept] if kept else [])
    assert [each.why for each in redacted.left_out if "challenge" in each.why] == [
        f"its {scheme} challenge is used once" for scheme in schemes_left_out
    ]


def test_a_login_with_its_password_is_left_out() -> None:
    for name in ("X-Login", "X-Auth-Logon", "Signin", "X-Sign-In", "Log-On", "X-LoginData", "X-SignOn"):
        for value in (b"ada:s3cret", b"ada|s3cret", b"ada%3As3cret", b"ada:s3/cr3t"):
            redacted = redact([(name.encode(), value)])
            assert redacted.fields == ()
            assert redacted.left_out == (LeftOut(name, "it is a secret"),)


def test_headers_and_parameters_to_keep_stay() -> None:
    fields = [
        (b"X-Token", b"abc"),
        (b"Location", f"/feed/{HEX}?token=a&key=b".encode()),
        (b"X-Other", b"/?token=a&key=b"),
        (b"Set-Cookie", b"a=b"),
    ]
    redacted = redact(fields, keep=["x-token", "LOCATION", "token"])
    assert redacted.fields == (fields[0], fields[1], (b"X-Other", b"/?token=a&key=removed"))


@pytest.mark.parametrize(
    ("name", "shown"), [(f"X-{HEX}", "removed"), ("X-hunter22", "X-removed"), ("hunter22", "removed")]
)
def test_a_header_with_a_secret_in_its_name_is_left_out(name: str, shown: str) -> None:
    redacted = redact([(name.encode(), b"1"), (b"X-A", b"2")], known=["hunter22"])
    assert redacted.fields == ((b"X-A", b"2"),)
    assert redacted.left_out == (LeftOut(shown, WHY),)


HOSTILE = [
    '"\\"a=',
    "eyJaaaaaa-",
    "a/",
    "/a:",
    "b1C/",
    '?a="\\',
    '{"a":"',
    "%25%32%35",
    "a=",
    "?a=",
    "%25",
    "//a@",
    "//a:b ",
    "//a:b:",
    "basic ",
    "bearer a",
    "token: ",
    "a!*+@)}",
    "a(",
    "a'",
    '"a":',
    '"\\',
    "eyJ",
    "eyJaaaaaa.",
    "a,",
    '",',
    "&amp;",
    "=",
    "/",
    "%2F%3Fa%3D",
    " ",
    "pwd=`",
    "pwd=`a` ",
    "'pwd' '",
    "&quot;pwd",
    "%22pwd%22:",
    "pwd=‘a’b",
    "pwd 'a' ",
    "pwd ",
    "'a' ",
    "?a=b 'c' ",
    "?a=b ?c='d ",
    "/?pwd 'a'&",
    '["pwd",',
    "?a=\\",
    "?a=pwd+'b'+",
    "/?a=/?a=",
    "/?a=%2F%3Fa%3D%25",
    'a="',
    "a=a=a+",
    "?a='",
    "&pwd=a?b=';",
    "/?a=%2F%3F'",
    "</;a='",
    "pwd)))) ",
    "pwd is ",
    "pwd::",
    "/pwd()",
    "in(pwd,",
    "'in f(",
    "à",
    "a: token：",
    "(pwd): ",
    "/?pwd<=",
    ";pwd=a/",
    "/;pwd=",
    "url=a;pwd=b?",
    "<a;pwd=b?c",
    "url=a;pwd=b",
    ";a=url=b",
    "/a&b;pwd=c",
    "&a/",
    "&amp;pwd=a?b",
    ",pwd=%",
    "a.%2F",
    "%2F'(",
]


@pytest.mark.slow
@pytest.mark.parametrize("unit", HOSTILE)
def test_a_hostile_value_costs_linear_time(unit: str) -> None:
    def cost(size: int) -> float:
        text = unit * (size // len(unit))
        begun = time.process_time()
        redact([(b"X-A", text.encode()), (b"WWW-Authenticate", text.encode())])
        return time.process_time() - begun

    growth = float("inf")
    for _ in range(5):  # the least growth counts, since the speed of a processor changes
        few = max(cost(4_000), 0.001)
        growth = min(growth, cost(16_000) / few)
        if growth <= 8:  # half of what quadratic work grows: the shorter text may be read at half the speed
            break
    assert growth <= 8


def test_a_secret_in_the_place_of_a_challenges_scheme_is_not_shown() -> None:
    known, token = "geheim-4711", "Zq8Xw3Kp9Lm2Rt7Vb5Nc"
    made = redact([(b"WWW-Authenticate", f"{known}, {token}, Digest nonce=1".encode())], known=[known])
    assert made.fields == ()
    assert [each.why for each in made.left_out] == [
        "its removed challenge is used once",
        "its removed challenge is used once",
        "its Digest challenge is used once",
    ]
