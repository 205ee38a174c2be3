"""`Request` to `Response`: how a server decides on an answer, without a socket.

In: a `Request`. Out: the bytes or the plan that answer it, or "pending" where a thread must work first (a callable, or
the coding of a large body), and an entry in the journal. A request passes these modules:

    Request ──▶ quit_method    QUIT, if the server allows it: the server stops
       │
       ├──────▶ router         a scripted route (`routes`), else a file (`folder_answers`, which keeps what it has read
       │                       in `watched_fixtures`) ──▶ Response
       │                       a route may have `conditions`, a state, and a `path_pattern`, which matches paths; a
       │                       request to a proxy gets only a route or a file of the host in its URL
       │                       `ready_answers` has the bytes of answers that are the same for every GET
       │                       `missing` says why nothing answers a request
       │        (http)         negotiation: login, validators, coding, range ──▶ Response
       ├──────▶ fault_injection   which faults are triggered, and why others were not ──▶ the plan that `net` plays
       └──────▶ journal        the exchange is recorded, before its first byte is sent (`exchange`; tests find it by a
                               `request_filter`)

`handler` puts these modules together and returns one of the values of `decisions`. When it has given a response, or has
passed a request to a callable, it may move a route to its next answer or change a state; it never does so for a HEAD
request, or for the 401 of a login. `coded_bodies` caches bodies in their content coding, and `problems` keeps what went
wrong until `server_journal` raises it in `verify`; `expectations` are what a test expects of the journal. A CONNECT
never gets here: `http.head_parser` refuses it. Never imported here: `asyncio`, `socket`, `ssl` and `selectors`.
"""
