"""Network I/O: turns the bytes of a socket into requests, and send plans into bytes on the wire.

In: the addresses and the port to listen on, and a handler. Out: connections that read requests and play the plans that
answer them. The modules, in the order in which a connection passes them:

1. `binding`: the socket that listens, and the one that holds the port while connections are refused.
2. `shared_loop`: the one event-loop thread that all servers of a process share. `socket_loop` is the loop that runs on
   it, with `poller` and `timers`; on Windows, it is asyncio's own. `event_loop` is what the other modules need of it.
   `catching_up` waits until the loop has read what clients have sent; on Windows, it does not wait.
3. `listener`: the sockets of one server on a free or given port, and the connections that were accepted on them.
4. `acceptor`: accepts the clients of a listening socket and makes connections of them.
5. `transport`: reads and writes one socket.
6. `tls`: TLS without I/O, so that a fault can break it at any point; the authority, and the certificates of servers and
   clients, also those that a client must refuse.
7. `connection`: bytes and TLS between a transport and the protocol, and how it is closed or reset
   (`faults.ends` says when); `connection_state` is the table of its states.
8. `http1`: reads requests and sends their answers.
9. `answer_under_way`: one answer while it is sent: its plan, its timer, its counts. For each fault, it notes in the
   exchange at which byte of the body the answer is broken; `http1` notes there how the answer ended, and how many
   bytes were sent.

No other package of feedserver serves over the network. Clients have connections of their own: `record.raw_client`,
`forwarding`, `ready_clients` and `quit_client`. Never imported here: the server, `check` and `record`.
"""
