"""The values that all packages of feedserver exchange: a request, a response, and the plan that sends it.

In: nothing from other packages. Out: frozen dataclasses and lazy iterators, which every other package of feedserver
takes and returns.

1. `headers`: fields of a message, with their order, case and repeats.
2. `request`: what a client sent, and the `client_connection` that it came over.
3. `triggers`: on which requests a fault is injected.
4. `response`: what is answered; `pacing` parses durations and transfer rates, `delays` draws random ones,
   `placeholders` fills in header values (`{base}`, `{date+2h}`) by the server's `clock`.
5. `made_body`: bodies that are made while they are sent. `gate`: code that makes an answer waits at it until the test
   opens it. `lasting`: answers that a route gives for a period of time.
6. `shortcuts`: short ways to make the responses that tests ask for most.
7. `send_plan`: what a connection is told to do (send, wait, read, close, reset), and how an exchange can end.

Beside them: `steady_time` measures durations, also while a test has stopped the time. `argument_types` and
`field_types` check what a test passes in, `safe_open` opens regular files inside a given folder only, and
`terminal_text` shows control characters as escapes.

Never imported here: any other package of feedserver, `socket`, `ssl` and `selectors`. Only `gate` and `made_body`
import `asyncio`, and only when a test gives coroutines.
"""
