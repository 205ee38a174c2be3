"""What looks like a token: random text does, and words, names, dates and versions do not."""

from __future__ import annotations

import base64
import random
import string
import uuid
from collections.abc import Callable

import pytest

from feedserver.record.token_shapes import JWT, entropy, looks_labelled, looks_like_credentials, looks_like_token

TRIES = 1000


def of(alphabet: str, size: int) -> Callable[[random.Random], str]:
    return lambda source: "".join(source.choices(alphabet, k=size))


RANDOM: dict[str, tuple[Callable[[random.Random], str], float]] = {
    "hexadecimal": (lambda source: source.randbytes(16).hex(), 0.99),
    "HEXADECIMAL": (lambda source: source.randbytes(20).hex().upper(), 0.99),
    "base 32": (lambda source: base64.b32encode(source.randbytes(20)).decode().lower(), 0.9),
    "base 36": (of(string.ascii_lowercase + string.digits, 25), 0.95),
    "base 62": (of(string.ascii_letters + string.digits, 22), 0.95),
    "base 64": (lambda source: base64.b64encode(source.randbytes(32)).decode(), 0.97),
    "base 64 for URLs": (lambda source: base64.urlsafe_b64encode(source.randbytes(32)).decode().rstrip("="), 0.97),
    "base 62, no digits": (of(string.ascii_letters, 22), 0.75),
    "128 bits of base 64": (lambda source: base64.urlsafe_b64encode(source.randbytes(16)).decode().rstrip("="), 0.9),
    "with a prefix": (lambda source: "ghp_" + of(string.ascii_letters + string.digits, 36)(source), 0.97),
    "behind words": (lambda source: "private-podcast-" + of(string.ascii_letters + string.digits, 22)(source), 0.85),
    "behind numbers": (
        lambda source: "xoxb-100000000000-200000000000-" + of(string.ascii_letters + string.digits, 24)(source),
        0.85,
    ),
    "base 32 behind words": (
        lambda source: "private-podcast-" + of(string.ascii_lowercase + "234567", 26)(source),
        0.7,
    ),
    "base 64 behind words": (
        lambda source: "private-podcast-" + base64.urlsafe_b64encode(source.randbytes(16)).decode().rstrip("="),
        0.66,
    ),
    "random UUID": (lambda source: str(uuid.UUID(bytes=source.randbytes(16), version=4)), 1.0),
}


@pytest.mark.parametrize(("make", "least"), RANDOM.values(), ids=RANDOM)
def test_random_tokens_are_found(make: Callable[[random.Random], str], least: float) -> None:
    source = random.Random(2026)
    assert sum(looks_like_token(make(source)) for _ in range(TRIES)) >= least * TRIES


@pytest.mark.parametrize(
    "make",
    [of(string.digits, 32), of(string.ascii_lowercase, 25), of(string.ascii_uppercase, 32)],
    ids=["digits", "small letters", "capitals"],
)
def test_digits_alone_and_letters_of_one_case_do_not_look_like_tokens(make: Callable[[random.Random], str]) -> None:
    source = random.Random(2026)
    assert not any(looks_like_token(make(source)) for _ in range(TRIES))


WORDS = """
my-long-post-title-about-2026-things the-history-of-the-world-part-1 AtomPubServiceDocumentRepresentation
NetNewsWireMac6FeedFetcher getElementsByTagNameAndClass2 SCREAMING_SNAKE_CASE_OF_2026 keyboardmonkeydonkeyturkey
20261126T135332Z-backup 2026-11-26T13:53:32.123456Z 20261126135332123456 1700000000000000000001 IMG_20260101_120000_HDR
episode-12-part-3-of-2026-10 the-h264-1080p-aac2ch-web-dl-x265 x86_64-pc-linux-gnu-ubuntu22.04 jquery-3.6.0.min.bundle
application/vnd.openxmlformats-officedocument.presentationml text/html,application/xhtml+xml ISO8859-1-windows1252-utf8
00000000000000000000000000000000 aaaaaaaaaaaaaaaa1111111111111111 abcdabcdabcdabcdabcdabcdabcd 127.0.0.1:8097
6ba7b810-9dad-11d1-80b4-00c04fd430c8 Donaudampfschifffahrtsgesellschaft dQw4w9WgXcQ short1A 0123456789
my-geforcertx4090founders24gb-test Sony-WH1000XM5BlackEU2024NoiseCancel-Test Bericht-Q3FY24v2FINALneuDE20240930
Vergleich-iPhone15ProMax256GBvsS24Ultra512GB-Test Map_of_EU27NATO32G20BRICS10Members2024_en
LG-OLED65C37LAAEU2024evo-kaufen sk-XXXXXXXXXXXXXXXXXXXXXXXx1
"""


@pytest.mark.parametrize("text", [*WORDS.split(), "", "-", "===", "-_-_-_-_-_-_-_-_-_-_-_-_"])
def test_words_and_numbers_do_not_look_like_tokens(text: str) -> None:
    assert not looks_like_token(text)


def test_json_web_tokens_are_known_by_their_beginning_and_their_parts() -> None:
    signed = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln"
    encrypted = "eyJhbGciOiJBMTI4S1cifQ.a2V5.aXY.Y2lwaGVy.dGFn"
    assert JWT.search(f"x={signed};")[0] == signed  # type: ignore[index]
    assert JWT.search(encrypted)[0] == encrypted  # type: ignore[index]
    assert not JWT.search("eyJhbGciOiJIUzI1NiJ9") and not JWT.search("greyJaybirds.html.de")


def test_entropy_is_in_bits_per_character() -> None:
    assert entropy("aaaa") == 0
    assert entropy("abcd") == 2


@pytest.mark.parametrize(
    ("plain", "is_found"),
    [(b"ada:s3cret", True), (b"u-1:pass:word", True), (b"ada:pass1~~?", True), (b"ada@example.org:correct ", False)],
)
def test_a_name_with_a_password_in_base_64_is_found_unless_it_has_a_blank(plain: bytes, is_found: bool) -> None:
    assert looks_like_credentials(base64.b64encode(plain).decode()) is is_found
    assert looks_like_credentials(base64.urlsafe_b64encode(plain).decode().rstrip("=")) is is_found


@pytest.mark.parametrize("text", [*WORDS.split(), "", "=", "a", "abc:def", "aaaaaaaaaaa", "aaaaaaaaaaaaa"])
def test_words_are_no_credentials(text: str) -> None:
    assert not looks_like_credentials(text)


@pytest.mark.slow
def test_random_text_is_hardly_ever_taken_for_credentials() -> None:
    source = random.Random(2026)
    drawn = (of(string.ascii_letters + string.digits, size)(source) for size in (12, 16, 24) for _ in range(20_000))
    assert sum(map(looks_like_credentials, drawn)) <= 2


@pytest.mark.parametrize(
    ("text", "before", "is_secret"),
    [
        ("a1b2c3", "/token/", True),
        ("s3cr3t", "/private/", True),
        ("a1b2c3", "/posts/", False),
        ("a1b2c", "/token/", False),
        ("oauth2", "/auth/", False),
        ("v1beta2", "/key/", False),
        ("2026-11-26", "/private/", False),
        ("refresh", "/token/", False),
        ("YouTube", "/auth/", False),
    ],
)
def test_a_short_secret_in_a_path_is_recognised_by_its_folder(text: str, before: str, is_secret: bool) -> None:
    assert looks_labelled(text, before) is is_secret
