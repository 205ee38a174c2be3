"""Network I/O: from a listening socket to bytes, and from a plan to what goes over the wire.

In: a bound address and a handler. Out: connections that read requests and play the plans that answer them. In the order
in which a connection passes them:

1. `binding`: which socket listens, and which one keeps the port while connections are refused.
2. `shared_loop`: the one event-loop thread that all servers of a process share.
3. `listener`: the sockets of one server, and the connections that came over them.
4. `acceptor`: from a listening socket to connections.
5. `transport`: reads and writes one socket.
6. `tls`: bytes in, bytes out, so that TLS can be broken anywhere.
7. `connection`: reads requests, plays plans.

With `record.raw_client`, `server` and `quit_client`, this is the only place where `asyncio`, `socket`, `ssl` and
`selectors` are imported.
"""
