"""`feedserver record`: fetches a URL once, and writes the answer as a fixture.

In: a URL. Out: a fixture with the body byte for byte, and the directives that send it again. The modules, in the order
in which an answer passes them:

1. `raw_client`: sends one request, and reads the answer as it is on the wire; `answer_lines` reports how its lines
   were written.
2. `redaction`: decides which header fields stay. `secret_search` finds and replaces secrets in these fields and in
   URLs: by their names (`secret_names`), by their shape (`token_shapes`), and because the request has sent them
   (`sent_secrets`, `known_secrets`). `named_values` finds names with their values in a text, `whole_urls` those
   of a URL whose end is known, and `string_notations` finds where a string, a list or an object ends. `mentions` finds
   what is replaced as a whole: queries and sentences that compare the name of a secret.
3. `recording`: removes the login and the secrets from the recorded URL, and writes the fixture and the `.response` file
   beside it.
4. `command`: what people type, and what is printed to them.

Never imported here: a server.
"""

from feedserver.record.command import add_parser, run
from feedserver.record.raw_client import RecordingError
from feedserver.record.recording import Recording, record, summary

__all__ = ["Recording", "RecordingError", "add_parser", "record", "run", "summary"]
