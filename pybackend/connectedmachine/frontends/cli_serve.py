"""The command ``serve``: options in, one line of JSON out when the server answers."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from connectedmachine.frontends.cli_calls import Options
from connectedmachine.model.errors import InvalidRequestError

if TYPE_CHECKING:
    from connectedmachine.frontends.cli_terminal import Terminal
    from connectedmachine.frontends.rest.server import Listening, ServeOptions
    from connectedmachine.service import Service

DEFAULT_PORT = 8493
DEFAULT_HOST = "127.0.0.1"


def serve(service: Service, options: Options, terminal: Terminal) -> object:
    """Serve the REST API, or print what clients have to know of it."""
    from connectedmachine.frontends.rest import server  # the web framework is slow to import

    shell = str(options.pop("shell", "powershell" if sys.platform == "win32" else "bash"))
    prints = options.pop("print_env", False)
    chosen = _chosen(options)
    if prints:
        _print_environment(service, chosen, shell)
        return None

    def ready(listening: Listening) -> None:
        said = {
            "url": listening.url,
            "certificate": str(listening.certificate) if listening.certificate else None,
            "unixSocket": str(listening.unix_socket) if listening.unix_socket else None,
            "pid": os.getpid(),
        }
        if sys.stdout is not None:
            print(json.dumps(said), flush=True)
        terminal.say(f"Serving {listening.url}; Ctrl+C stops it.")

    server.serve(service, chosen, ready)
    return None


def _chosen(options: Options) -> ServeOptions:
    from connectedmachine.frontends.rest.server import ServeOptions

    def path(name: str) -> Path | None:
        return Path(str(options[name])).absolute() if name in options else None

    return ServeOptions(
        host=str(options.get("host", DEFAULT_HOST)),
        port=int(str(options.get("port", DEFAULT_PORT))),
        plain=bool(options.get("plain", False)),
        unix_socket=path("unix_socket"),
        scenario=path("scenario"),
        certificate=path("certificate"),
        key=path("key"),
    )


def _print_environment(service: Service, chosen: ServeOptions, shell: str) -> None:
    from connectedmachine.frontends.rest.print_env import environment
    from connectedmachine.frontends.rest.server import addressed, trusted_certificate

    if chosen.port == 0:
        raise InvalidRequestError(
            "InvalidArgument",
            "Port 0 is known only once the server runs.",
            target="--port",
            hint="Give the server a port of your choice, and the same one here.",
        )
    home = service.store.home
    print(environment(shell, addressed(chosen, chosen.port), trusted_certificate(service, chosen), home))
