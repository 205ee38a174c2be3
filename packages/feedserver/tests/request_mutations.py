"""Byte strings that are nearly requests, drawn with a seed: for a short search in the suite, and a long one.

A draw joins a request line, framing headers and a body, with a QUIT in most bodies, and then damages some bytes: a
proxy and a server might read the result in two ways.
"""

from __future__ import annotations

import random
from itertools import pairwise

from feedserver.http.request_parser import Malformed
from h11_reading import disagreement, events_of

QUIT = b"QUIT / HTTP/1.1\r\nHost: a\r\n\r\n"

LINES = [
    *(b"POST /a HTTP/1.1", b"GET /a HTTP/1.1", b"POST /a HTTP/1.0", b"HEAD /a HTTP/1.1", b"CONNECT a:1 HTTP/1.1"),
    *(b"PRI * HTTP/2.0", b"GET http://a/ HTTP/1.1", b"OPTIONS * HTTP/1.1", b"GET /a", b"GET  /a HTTP/1.1"),
]
FIELDS = [
    *(b"Host: a", b"Host: a", b"Host: a", b"Connection: Upgrade", b"Upgrade: h2c", b"Connection: close"),
    *(b"Connection: keep-alive, Upgrade", b"Expect: 100-continue", b"Expect: tea", b"X: y", b"X:y ", b" folded"),
    *(b"Transfer-Encoding: chunked", b"transfer-encoding:chunked", b"Transfer-Encoding: gzip, chunked"),
    *(b"Transfer-Encoding: chunked, gzip", b"Transfer-Encoding: identity", b"Transfer-Encoding : chunked"),
    *(b"Transfer-Encoding:\tchunked", b"Transfer-Encoding: chunked ", b"Transfer-Encoding: xchunked"),
    *(b"Content-Length: 0", b"Content-Length: 5", b"Content-Length: +5", b"Content-Length: 5, 5", b"content-length:5 "),
    *(b"Content-Length: %d" % len(QUIT), b"Content-Length: %d" % (2 * len(QUIT)), b"Content-Length: 1001"),
]
ENDS = [b"\r\n"] * 30 + [b"\n", b"\r", b"\n\r", b"\r\r\n", b"\0\r\n", b" \r\n"]
SIZES = [b"%x" % len(QUIT)] * 6 + [b"5", b"0", b"+5", b"0x5", b" 5", b"5 ", b"5;a=b", b"5;\n", b"F" * 17, b"1a", b"_5"]
DAMAGE = [b"\r", b"\n", b"\r\n", b"\0", b" ", b"\t", b":", b";", b",", b"0", b"\xff", b"\x0b", b"HTTP/1.1", b"\r\n\r\n"]


def draw(chance: random.Random) -> bytes:
    """Return the bytes of one connection."""
    pieces = [b"\r\n" * chance.choice([0, 0, 0, 0, 1, 2])]
    for _ in range(chance.choice([1, 1, 1, 2, 3])):
        pieces += [chance.choice(LINES[:4] if chance.random() < 0.8 else LINES), chance.choice(ENDS)]
        for field in chance.choices(FIELDS, k=chance.choice([1, 2, 2, 3, 4])):
            pieces += [field, chance.choice(ENDS)]
        if chance.random() < 0.7:
            pieces += [b"Host: a\r\n"] if b"Host: a" not in pieces else []
        pieces += [chance.choice(ENDS), _body(chance)]
    data = bytearray(b"".join(pieces))
    for _ in range(chance.choice([0, 0, 0, 1, 1, 2, 4])):
        place = chance.randrange(len(data) + 1)
        data[place : place + chance.choice([0, 0, 1, 2])] = chance.choice(DAMAGE)
    return bytes(data)


def _body(chance: random.Random) -> bytes:
    kind = chance.random()
    if kind < 0.15:
        return b""
    if kind < 0.5:
        return QUIT * chance.choice([1, 1, 2])
    chunks = b"".join(
        chance.choice(SIZES) + chance.choice(ENDS) + QUIT + chance.choice(ENDS) for _ in range(chance.choice([1, 1, 2]))
    )
    return chunks + b"0" + chance.choice(ENDS) + chance.choice([b"", b"X: y\r\n", QUIT]) + chance.choice(ENDS)


def cut(data: bytes, chance: random.Random) -> list[bytes]:
    """Return *data* in random pieces."""
    ends = sorted(chance.randint(0, len(data)) for _ in range(chance.randint(1, 6)))
    return [data[start:end] for start, end in pairwise([0, *ends, len(data)])]


def fault_of(data: bytes, pieces: list[bytes]) -> str:
    """Return how our reader misreads *data*, whole or in *pieces*, or "" if it is read correctly."""
    whole = events_of([data])
    in_pieces = events_of(pieces)
    if whole != in_pieces:
        return f"whole it gives {whole}, in pieces {in_pieces}"
    if any(isinstance(event, Malformed) for event in whole[:-1]):
        return "something is read behind what was refused"
    return disagreement(data)
