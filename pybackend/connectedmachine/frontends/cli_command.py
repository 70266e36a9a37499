"""What a command of the CLI is."""

from __future__ import annotations

from dataclasses import dataclass

from connectedmachine.frontends.cli_calls import Call
from connectedmachine.frontends.cli_options import Option

IN = "-g myResourceGroup --machine-name myVM"
"""How examples name a machine."""


@dataclass(frozen=True)
class Command:
    """One command.

    Attributes:
        shows: Kind of what it prints (see ``cli_output``); ``None`` prints nothing.
        cmdlet: The cmdlet that hints and warnings of the service mean by it.
    """

    words: str
    help: str
    example: str
    call: Call
    shows: str | None
    options: tuple[Option, ...]
    cmdlet: str = ""
