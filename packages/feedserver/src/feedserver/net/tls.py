"""TLS without I/O: takes and gives bytes, so that the connection can break TLS at any point.

The certificate authority lives as long as the process. A server's certificate names localhost, 127.0.0.1 and ::1, its
own host and aliases, and the names that it is given; a client trusts the authority by `ca_bundle` or `client_context`,
never by switching its checks off.
"""

from __future__ import annotations

import datetime as dt
import os
import re
import ssl
import tempfile
import threading
import warnings
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

from feedserver.messages.client_connection import AgreedTls
from feedserver.messages.field_types import check_fields
from feedserver.scratch_folder import ScratchFolder

if TYPE_CHECKING:
    from cryptography import x509

NAMES = ("localhost", "127.0.0.1", "::1")
"""The hosts that every certificate of a server is for, except with the fault "wrong host"."""

TlsFault: TypeAlias = Literal[
    "expired",
    "not yet valid",
    "wrong host",
    "self-signed",
    "incomplete chain",
    "handshake fails",
    "handshake stalls",
    "old protocol",
    "no close_notify",
]
"""The ways in which TLS can be made to fail."""

ClientCertificates: TypeAlias = Literal["optional", "required"]
"""Whether a client must show a certificate that the server's authority has issued, or may."""

_NAMEABLE = re.compile(r"(?:\*\.)?[^\s/@:*%\[\]]+|[0-9a-f:.]+", re.IGNORECASE)

_DAY = dt.timedelta(days=1)

_RECORD_HEADER = 5
"""Bytes before the content of a record: its type, its version, and in two bytes the length of the content."""


class TlsUnavailable(RuntimeError):
    """TLS was asked for, and the package that makes certificates is not installed."""


@dataclass(frozen=True, slots=True)
class Tls:
    """How a server speaks TLS, with a *fault* if one is given. *clients* says whether clients may or must show a
    certificate that the authority has issued; if it is None, they are not asked for one.

    *names* are the hosts that its certificate is for, beside `NAMES`: names, which may begin with "*.", and addresses.
    Raises ValueError for an unknown *fault* or value of *clients*, and for a name that no certificate can be for;
    TypeError if *names* is no tuple; TlsUnavailable if trustme is not installed.
    """

    fault: TlsFault | None = None
    names: tuple[str, ...] = ()
    clients: ClientCertificates | None = None

    def __post_init__(self) -> None:
        if self.fault is not None and self.fault not in get_args(TlsFault):
            known = ", ".join(repr(name) for name in get_args(TlsFault))
            raise ValueError(f"{self.fault!r} is no way to break TLS; there are {known}")
        check_fields(self)
        for name in self.names:
            if not _NAMEABLE.fullmatch(name):
                raise _not_nameable(name)
        _server_context(
            self.fault, self.names, self.clients
        )  # made here, in the caller's thread, and not on the event loop

    @property
    def breaks_handshakes(self) -> bool:
        """Whether the fault makes a client that checks TLS fail before it sends a request."""
        return self.fault not in (None, "no close_notify")

    def naming(self, names: Iterable[str]) -> Tls:
        """Return a copy whose certificate is for these *names*, too."""
        # Without the zone of an address, as in "fe80::1%eth0", and without a dot at the end.
        more = dict.fromkeys(name.partition("%")[0].rstrip(".") for name in names)
        return replace(self, names=(*self.names, *(name for name in more if name not in (*NAMES, *self.names))))

    def layer(self) -> TlsLayer:
        """Return the server's end of a new connection."""
        return TlsLayer(_server_context(self.fault, self.names, self.clients), self.fault)


class Authority:
    """The certificate authority of one process, with an intermediate one that signs certificates of servers and
    clients.
    """

    def __init__(self) -> None:
        trustme = _trustme()
        self.root = trustme.CA(organization_name="feedserver, a throw-away authority")
        self.intermediate = self.root.create_child_ca()
        self._clients: dict[str, Path] = {}
        self._lock = threading.Lock()  # of the folder and of the certificates of clients, which tests share
        self._folder: ScratchFolder | None = None

    @property
    def bundle(self) -> Path:
        """A file with the authority's certificate, as PEM. A process that is killed leaves the file behind, and few
        tests need it. So it is made only when it is asked for.
        """
        with self._lock:
            return self._path() / "ca.pem"

    def _path(self) -> Path:
        if self._folder is None:
            folder = ScratchFolder("feedserver-ca-")
            (folder.path / "ca.pem").write_bytes(self.root.cert_pem.bytes())
            self._folder = folder
        return self._folder.path

    def trust_in(self, context: ssl.SSLContext) -> None:
        """Let a client's context trust this authority."""
        self.root.configure_trust(context)

    def certificate(self, fault: TlsFault | None, names: tuple[str, ...] = ()) -> bytes:
        """Return the private key and the certificate chain that a server shows, as PEM, for `NAMES` and *names*."""
        names = ("feedserver.invalid",) if fault == "wrong host" else (*NAMES, *names)
        if fault == "self-signed":
            return _self_signed(names)
        for name in names:
            _alternative(name)  # raises an error that says what to do; trustme's own would not
        now = dt.datetime.now(dt.UTC)
        leaf = self.intermediate.issue_cert(
            *names,
            not_before=now + _DAY if fault == "not yet valid" else now - 2 * _DAY,
            not_after=now - _DAY if fault == "expired" else now + 365 * _DAY,
        )
        chain = leaf.cert_chain_pems[:1] if fault == "incomplete chain" else leaf.cert_chain_pems
        return b"".join(bytes(pem.bytes()) for pem in (leaf.private_key_pem, *chain))

    def client_certificate(self, name: str) -> Path:
        """Return a file with the private key and the certificate chain of a client called *name*, as PEM.

        Raises ValueError for what is neither a host name, nor an IP address, nor an e-mail address.
        """
        with self._lock:
            if name not in self._clients:
                try:
                    leaf = self.intermediate.issue_cert(name)
                except ValueError as error:
                    raise ValueError(
                        f"a client's certificate cannot be for {name!r}; give a host name or an e-mail address in "
                        "ASCII, such as 'reader.example'"
                    ) from error
                # The name of the file has the process's id, since a forked child shares the folder.
                file = self._path() / f"client-{os.getpid()}-{len(self._clients) + 1}.pem"
                file.write_bytes(b"".join(bytes(pem.bytes()) for pem in (leaf.private_key_pem, *leaf.cert_chain_pems)))
                self._clients[name] = file
            return self._clients[name]

    def renew_lock(self) -> None:
        """Let a forked child go on: another thread of its parent may have held the lock at the fork."""
        self._lock = threading.Lock()


_made: dict[str, Authority] = {}


def authority() -> Authority:
    """Return the authority of this process; the first call makes it. Threads that call it at once get the same one."""
    made = _made.get("")
    return made if made is not None else _made.setdefault("", Authority())


def _renew_lock_in_child() -> None:
    for made in _made.values():
        made.renew_lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock_in_child)


def client_context(certificate: str | None = None) -> ssl.SSLContext:
    """Return a context for clients that trusts the authority and makes all checks.

    With *certificate*, it shows a certificate for that name.
    """
    context = ssl.create_default_context()
    authority().trust_in(context)
    if certificate is not None:
        context.load_cert_chain(authority().client_certificate(certificate))
    return context


class _ServerEnd(ssl.SSLObject):
    """The server's end of a connection, which keeps the host that the client has named (SNI)."""

    server_name: str = ""


def _note_server_name(end: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
    if isinstance(end, _ServerEnd):
        end.server_name = name or ""


class _Records:
    """Counts the bytes of TLS records as they come (RFC 8446 §5.1): OpenSSL does not tell whether one is complete."""

    __slots__ = ("_header", "_remaining")

    def __init__(self) -> None:
        self._header = b""
        self._remaining = 0

    @property
    def is_incomplete(self) -> bool:
        """Whether the last byte that came was not the last one of a record."""
        return bool(self._remaining or self._header)

    def count(self, data: bytes) -> None:
        """Count the bytes of *data*, which has come."""
        at = 0
        while at < len(data):
            if not self._remaining:
                header = self._header + data[at : at + _RECORD_HEADER - len(self._header)]
                at += len(header) - len(self._header)
                is_whole = len(header) == _RECORD_HEADER
                self._header = b"" if is_whole else header
                self._remaining = int.from_bytes(header[3:]) if is_whole else 0
            step = min(self._remaining, len(data) - at)
            self._remaining -= step
            at += step


class TlsLayer:
    """The server's end of one TLS connection. If it `stalls`, its caller gives it nothing that the client sends."""

    __slots__ = (
        "_incoming",
        "_object",
        "_omits_close_notify",
        "_outgoing",
        "_records",
        "agreed",
        "has_ended",
        "stalls",
    )

    error = ssl.SSLError

    def __init__(self, context: ssl.SSLContext, fault: TlsFault | None = None) -> None:
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._object = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._records = _Records()
        self._omits_close_notify = fault == "no close_notify"
        self.stalls = fault == "handshake stalls"
        self.agreed: AgreedTls | None = None
        """What the handshake has negotiated with the client; None before the handshake is over."""
        self.has_ended = False
        """Whether the client has said by close_notify that nothing follows."""

    def receive(self, data: bytes) -> bytes:
        """Take bytes off the wire, and return the decrypted data.

        Raises ssl.SSLError where the client breaks TLS, or has sent an alert, such as one that refuses the server's
        certificate. Send the bytes of `to_send` afterwards, even if this raised: they answer a handshake, or say why it
        is refused.
        """
        self._incoming.write(data)
        self._records.count(data)
        if self.agreed is None:
            try:
                self._object.do_handshake()
            except ssl.SSLWantReadError:
                return b""
            self.agreed = self._agreed()  # at once: OpenSSL tells nothing more after a broken record
        pieces: list[bytes] = []
        while True:
            try:
                piece = self._object.read(65_536)
            except ssl.SSLWantReadError:
                break
            except ssl.SSLZeroReturnError:
                piece = b""
            if not piece:
                self.has_ended = True
                break
            pieces.append(piece)
        return b"".join(pieces)

    def send(self, data: bytes) -> bytes:
        """Encrypt *data*, and return the bytes to send."""
        if data:
            self._object.write(data)
        return self.to_send()

    @property
    def is_open(self) -> bool:
        """Whether the handshake is over."""
        return self.agreed is not None

    @property
    def is_mid_record(self) -> bool:
        """Whether a part of a record has come that cannot be decrypted without its rest."""
        return self.is_open and not self.has_ended and self._records.is_incomplete

    def _agreed(self) -> AgreedTls:
        tls = self._object
        shown: dict[str, Any] = dict(tls.getpeercert() or {})
        cipher = tls.cipher()
        return {
            "tls_version": tls.version() or "",
            "cipher": cipher[0] if cipher is not None else "",
            "alpn": tls.selected_alpn_protocol() or "",
            "server_name": tls.server_name if isinstance(tls, _ServerEnd) else "",
            "is_resumed": bool(tls.session_reused),
            "certificate": tls.getpeercert(binary_form=True) or b"",
            "certificate_names": tuple(str(name) for _, name in shown.get("subjectAltName", ())),
        }

    def close(self) -> bytes:
        """Return the last bytes to send: close_notify (RFC 8446 §6.1), unless the fault is to omit it."""
        if self.is_open and not self._omits_close_notify:
            try:
                self._object.unwrap()
            except ssl.SSLError:
                # The client's own close_notify has not come yet; the server's is written all the same.
                return self.to_send()
        return self.to_send()

    def to_send(self) -> bytes:
        """Return the bytes that must go out now."""
        return self._outgoing.read()


@lru_cache(maxsize=128)
def _server_context(
    fault: TlsFault | None, names: tuple[str, ...], clients: ClientCertificates | None
) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols(["http/1.1"])
    if clients is not None:
        authority().trust_in(context)
        context.verify_mode = ssl.CERT_REQUIRED if clients == "required" else ssl.CERT_OPTIONAL
    context.sslobject_class = _ServerEnd
    context.sni_callback = _note_server_name
    with tempfile.TemporaryDirectory(prefix="feedserver-key-") as folder:
        file = Path(folder) / "server.pem"
        file.write_bytes(authority().certificate(fault, names))
        context.load_cert_chain(file)
    if fault == "handshake fails":
        context.set_ciphers("PSK")  # no client has a key in common with the server
        context.maximum_version = ssl.TLSVersion.TLSv1_2
    elif fault == "old protocol":
        context.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # the old version is wanted here
            context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    return context


def _self_signed(names: tuple[str, ...]) -> bytes:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "feedserver, signed by itself")])
    now = dt.datetime.now(dt.UTC)
    alternatives = [_alternative(each) for each in names]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _DAY)
        .not_valid_after(now + _DAY)
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private + certificate.public_bytes(serialization.Encoding.PEM)


def _alternative(name: str) -> x509.GeneralName:
    """Return a host as a certificate names it (RFC 5280 §4.2.1.6). Raises ValueError for a name that no host can have.

    Names outside of ASCII are encoded (RFC 5891).
    """
    from ipaddress import ip_address

    import idna  # trustme needs it, too
    from cryptography import x509

    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        label = name.removeprefix("*.")
        try:
            encoded = idna.encode(label, uts46=True).decode("ascii")
        except UnicodeError as error:
            raise _not_nameable(name) from error
        return x509.DNSName(f"*.{encoded}" if label != name else encoded)


def _not_nameable(name: str) -> ValueError:
    return ValueError(
        f"a certificate cannot be for {name!r}; give names such as 'feeds.example' or '*.feeds.example', or addresses, "
        "without scheme and port"
    )


def _trustme() -> ModuleType:
    try:
        import trustme
    except ModuleNotFoundError as error:
        raise TlsUnavailable("TLS needs the package trustme: pip install 'feedserver[tls]'") from error
    return trustme
