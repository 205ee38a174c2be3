"""Network I/O: from a listening socket to bytes, and from a plan to what goes over the wire.

In: a bound address and a handler. Out: connections that read requests and play the plans that answer them. In the order
in which a connection passes them:

1. `binding`: which socket listens, and which one keeps the port while connections are refused.
2. `shared_loop`: the one event-loop thread that all servers of a process share.
3. `listener`: the sockets of one server, and the connections that came over them.
4. `acceptor`: from a listening socket to connections.
5. `transport`: reads and writes one socket.
6. `tls`: bytes in, bytes out, so that TLS can be broken anywhere.
7. `connection`: bytes and TLS between a transport and the protocol; `connection_state` is the table of its states.
8. `http1`: reads requests, and sends what answers them.
9. `answer_under_way`: one answer while it goes out: its plan, its timer, its counts.

With `record.raw_client`, `server` and `quit_client`, this is the only place where `asyncio`, `socket`, `ssl` and
`selectors` are imported.
"""
