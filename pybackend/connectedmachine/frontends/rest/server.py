"""The server: its sockets, its certificate, its start and its stop.

It takes requests and follows them; effects are the runner's, which goes on when this ends. SIGTERM or Ctrl+C
stops it: no new connections, requests under way are finished, for ten seconds at most.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import logging.handlers
import signal
import socket
import ssl
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import uvicorn

from connectedmachine.frontends.rest.app import build
from connectedmachine.frontends.rest.connection import Connection
from connectedmachine.frontends.rest.faults import read_scenario
from connectedmachine.frontends.rest.limits import Limits
from connectedmachine.frontends.rest.names import Address, address_of, authority, served_names
from connectedmachine.frontends.rest.tls import certificate_path, given_context, own_context
from connectedmachine.model.clock import from_text
from connectedmachine.model.errors import (
    ConflictError,
    ConnectedMachineError,
    InvalidRequestError,
    NotSupportedError,
    PermissionDeniedError,
)
from connectedmachine.service import Service

if sys.platform == "win32":
    from connectedmachine.frontends.rest._socket_windows import listen
else:
    from connectedmachine.frontends.rest._socket_posix import listen

LOG_FILE = "rest.log"
_STOP_SECONDS = 10
_KEEP_ALIVE_SECONDS = 75
"""Longer than a client's pause between two polls, which then needs no second handshake."""
_MOST_CONNECTIONS = 500
_LOG_BYTES = 1 << 20


@dataclass(frozen=True)
class ServeOptions:
    """What to serve.

    Attributes:
        port: 0 is any that is free.
        plain: HTTP in place of HTTPS.
        certificate: The user's own, with ``key`` unless that is in the same file.
    """

    host: str
    port: int
    plain: bool = False
    unix_socket: Path | None = None
    scenario: Path | None = None
    certificate: Path | None = None
    key: Path | None = None


@dataclass(frozen=True)
class Listening:
    """A server that answers.

    Attributes:
        url: Where.
        certificate: What clients trust, if it is our own.
    """

    url: str
    certificate: Path | None
    unix_socket: Path | None


def serve(service: Service, options: ServeOptions, ready: Callable[[Listening], None]) -> None:
    """Serve until a signal says to stop.

    Args:
        ready: Called when the server answers.

    Raises:
        ConnectedMachineError: It cannot begin: ``PortInUse``, ``InvalidHost``, ``CertificateUnusable``,
            ``InvalidScenario``, ``TlsNeeded``, ``CredentialNeeded``, ...
    """
    address = address_of(options.host)
    _refuse_open_door(service, address, options)
    rules = read_scenario(options.scenario) if options.scenario else ()
    names = served_names(address)
    tls = _tls_context(service, options, names)
    home = service.store.home
    with _bound(address, options.port) as tcp:
        port = int(tcp.getsockname()[1])
        unix = listen(options.unix_socket) if options.unix_socket else None
        app = build(home, port=port, names=names, rules=rules)
        config = uvicorn.Config(
            app,
            loop="asyncio",
            http=Connection,
            ws="none",
            lifespan="on",
            interface="asgi3",
            log_config=None,
            access_log=False,
            # A header could otherwise say that a request came from elsewhere, or over TLS.
            proxy_headers=False,
            server_header=False,
            limit_concurrency=_MOST_CONNECTIONS,
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=_STOP_SECONDS,
            h11_max_incomplete_event_size=Limits().headers,
        )
        config.load()
        config.ssl = tls
        listening = Listening(
            addressed(options, port), trusted_certificate(service, options), options.unix_socket
        )
        _log_to(home / LOG_FILE)
        try:
            _Server(config, unix, lambda: ready(listening)).run(sockets=[tcp])
        finally:
            if options.unix_socket:
                options.unix_socket.unlink(missing_ok=True)


def addressed(options: ServeOptions, port: int) -> str:
    """The URL of such a server, for clients on this host.

    Raises:
        InvalidRequestError: ``InvalidHost``.
    """
    address = address_of(options.host)
    shown = "127.0.0.1" if address.is_unspecified else str(address)
    return f"{'http' if options.plain else 'https'}://{authority(shown, port)}"


def trusted_certificate(service: Service, options: ServeOptions) -> Path | None:
    """Our own authority, made if need be; ``None`` for plain HTTP, or where the user has a certificate.

    Raises:
        StoreError, InvalidRequestError: ``CertificateUnusable``.
    """
    tls = _tls_context(service, options, served_names(address_of(options.host)))
    return None if tls is None or options.certificate else certificate_path(service.store.home)


def _tls_context(service: Service, options: ServeOptions, names: frozenset[str]) -> ssl.SSLContext | None:
    if options.key and not options.certificate:
        raise InvalidRequestError(
            "InvalidArgument", "A key without its certificate is of no use.", hint="Give --certificate too."
        )
    if options.plain:
        return None
    if options.certificate:
        return given_context(options.certificate, options.key)
    return own_context(service.store, names, service.clock)


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, unix: socket.socket | None, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._unix, self._ready = unix, ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self._unix is not None:
            loop = asyncio.get_running_loop()
            # Without TLS, which config.ssl has for the other socket.
            self.servers.append(await loop.create_unix_server(self._connection, sock=self._unix))
        self._ready()

    def _connection(self) -> asyncio.Protocol:
        return Connection(self.config, self.server_state, self.lifespan.state)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 # a signal handler's
        # Uvicorn would raise the signal once more after the stop, and the exit code would be its.
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True


def _refuse_open_door(service: Service, address: Address, options: ServeOptions) -> None:
    if address.is_loopback:
        return
    if options.plain:
        raise NotSupportedError(
            "TlsNeeded",
            "Plain HTTP is offered on the loopback address only.",
            target=options.host,
            hint="Leave --http out, or listen on 127.0.0.1.",
        )
    now = service.clock.now()
    credentials = service.credential_list()["value"]
    assert isinstance(credentials, list)
    if not any(from_text(credential["expires"]) > now for credential in credentials):
        raise PermissionDeniedError(
            "CredentialNeeded",
            "There is no valid credential, and other hosts would be let in for nothing else.",
            target=options.host,
            hint="Make one with 'connectedmachine credential create', or listen on 127.0.0.1.",
        )


def _bound(address: Address, port: int) -> socket.socket:
    family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
    # With its protocol: asyncio turns Nagle's algorithm off for no other socket, and an answer of two parts
    # would wait 40 ms for the client to acknowledge the first.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if sys.platform == "win32":
            # There the other option would let two servers share a port.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((str(address), port))
    except OSError as error:
        listener.close()
        raise _unbound(error, address, port) from error
    return listener


def _unbound(error: OSError, address: Address, port: int) -> ConnectedMachineError:
    where = authority(str(address), port)
    if error.errno == errno.EADDRINUSE:
        return ConflictError(
            "PortInUse",
            f"Another program listens on {where}.",
            target=where,
            hint="Stop it, or give another --port; --port 0 takes any that is free.",
        )
    if isinstance(error, PermissionError):
        return PermissionDeniedError(
            "PermissionDenied",
            f"This user may not listen on {where}.",
            target=where,
            hint="Give a --port above 1023.",
        )
    return InvalidRequestError(
        "InvalidHost",
        f"Nothing can listen on {where}: {error.strerror}.",
        target=where,
        hint="Give an address of this host.",
    )


def _log_to(path: Path) -> None:
    handler = logging.handlers.RotatingFileHandler(path, maxBytes=_LOG_BYTES, backupCount=2, encoding="utf-8")
    logging.basicConfig(
        handlers=[handler], level=logging.INFO, format="%(asctime)s %(process)d %(levelname)s %(message)s"
    )
