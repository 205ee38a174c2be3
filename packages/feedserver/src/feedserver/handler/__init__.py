"""`Request` to `Response`: how a server decides on an answer, without a socket.

In: a `Request`. Out: the bytes of its answer, or a plan, which says step by step when which bytes are sent. If a thread
must work first, for a callable or to code a large body, the result is "pending" until then. The journal always gets an
entry. A request passes these modules:

    Request ──▶ quit_method    QUIT, if the server allows it: the server stops
       │
       ├──────▶ router         a scripted route (`routes`), else a file (`folder_answers`; `watched_fixtures` keeps what
       │                       it has read) ──▶ Response
       │                       a route may have `conditions`, a state, and a `path_pattern`, which matches paths
       │                       if the server is asked as a proxy, only routes and files of the host in the
       │                       request's URL answer
       │                       `ready_answers` has the bytes of answers that are the same for every GET
       │                       `missing` says why nothing answers a request
       │        in `http`:     negotiation: login, validators, coding, range ──▶ Response
       ├──────▶ fault_injection   which faults are triggered (and why others are not) ──▶ the plan for `net`
       └──────▶ journal        the exchange is recorded, before its first byte is sent (`exchange`; tests find it by a
                               `request_filter`)

`handler` puts these modules together and returns one of the values of `decisions`. When it has given a response, or has
passed a request to a callable, it may move a route to its next answer or change a state; it never does so for a HEAD
request, or for the 401 of a login. `coded_bodies` caches bodies in their content coding, and `problems` keeps what went
wrong until `server_journal` raises it in `verify`; `expectations` are what a test expects of the journal. A CONNECT
never gets here: `http.head_parser` refuses it. Never imported here: `asyncio`, `socket`, `ssl` and `selectors`.
"""
