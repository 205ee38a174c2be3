"""HTTP/1.1 without I/O: bytes to a `Request`, and a `Response` to the bytes that this request gets.

In: the bytes of a connection, and the response that a test declared. Out: `Request` values, and the plan that a
connection sends. The modules, in the order in which an exchange passes them:

1. `request_parser`: bytes to a `Request`, or to a refusal with a status; `head_parser` reads the head, refuses what is
   not supported (CONNECT, other versions of HTTP), and says whether the connection is kept; `body_framing` decides
   where the body ends (RFC 9112 §6.3).
2. `negotiation`: the order in which the next four are called (RFC 9110 §13.2.2), and the answers that follow from them
   (206, 304, 401, 412, 416).
3. `auth`: credentials.
4. `preconditions`: validators.
5. `content_codings`: gzip, deflate, br and zstd.
6. `ranges`: reads a Range, and makes a body of several parts; `negotiation` cuts the body.
7. `response_writer`: the head as bytes, with Date, Content-Length or chunks, and no body for HEAD; and the plan that a
   connection carries out.

Never imported here: fixtures, routes, and `asyncio`, `socket`, `ssl` and `selectors`. The only I/O is to read the file
of a large body while it is coded or sent.
"""
