"""The options that several commands share, each with every name it goes by.

Today's ``az connectedmachine`` names, those of the documentation of 2021, and those of the cmdlets (REST
reference, sections 7.2 and 7.3). ``dest`` is the name that the service gives the same thing; an option that
was not given is not there.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass, replace

from connectedmachine.frontends import cli_values as values


@dataclass(frozen=True)
class Option:
    """One option of a command.

    Attributes:
        flags: None for what is given by its place alone, and always needed.
        nargs: As argparse has it; ``None`` is exactly one value, ``0`` none.
        const: The value that stands for the option alone.
    """

    flags: tuple[str, ...]
    dest: str
    help: str
    type: Callable[[str], object] = str
    required: bool = False
    nargs: str | int | None = None
    const: object = None
    choices: tuple[str, ...] | None = None
    metavar: str | None = None

    def add_to(self, parser: argparse.ArgumentParser) -> None:
        """Make it an option of ``parser``."""
        if not self.flags:
            parser.add_argument(
                self.dest, help=self.help, type=self.type, choices=self.choices, metavar=self.metavar
            )
            return
        if self.nargs == 0:
            parser.add_argument(
                *self.flags, dest=self.dest, help=self.help, action="store_const", const=self.const,
                default=argparse.SUPPRESS,
            )  # fmt: skip
            return
        parser.add_argument(
            *self.flags, dest=self.dest, help=self.help, type=self.type, required=self.required,
            nargs=self.nargs, const=self.const, choices=self.choices, metavar=self.metavar,
            default=argparse.SUPPRESS,
        )  # fmt: skip


def text(*flags: str, dest: str, help: str, metavar: str = "TEXT", required: bool = False) -> Option:
    """An option with one text."""
    return Option(flags, dest, help, metavar=metavar, required=required)


def place(dest: str, *, help: str, metavar: str, choices: tuple[str, ...] | None = None) -> Option:
    """A word that is given by its place."""
    return Option((), dest, help, metavar=metavar, choices=choices)


def boolean(*flags: str, dest: str, help: str) -> Option:
    """An option that takes true or false, or stands alone for true."""
    return Option(flags, dest, help, type=values.boolean, nargs="?", const=True, metavar="true|false")


def json_object(*flags: str, dest: str, help: str, required: bool = False) -> Option:
    """An option that takes a JSON object as text."""
    return Option(flags, dest, help, type=values.json_object, metavar="JSON|@FILE", required=required)


def duration(*flags: str, dest: str, help: str) -> Option:
    """An option that takes a duration."""
    return Option(flags, dest, help, type=values.duration, metavar="DURATION")


def policy_duration(*flags: str, dest: str, help: str) -> Option:
    """An option that takes a duration, or ``default``."""
    return Option(flags, dest, help, type=values.duration_or_default, metavar="DURATION|default")


def policy_number(*flags: str, dest: str, help: str, metavar: str) -> Option:
    """An option that takes a number, or ``default``."""
    return Option(flags, dest, help, type=values.number_or_default, metavar=f"{metavar}|default")


def needed(option: Option) -> Option:
    """The same option, and the command does not go without it."""
    return replace(option, required=True)


GROUP = text("--resource-group", "-g", dest="resource_group", help="resource group of the machine")
MACHINE = text("--machine-name", "--vm-name", dest="machine", help="name of the machine")
SUBSCRIPTION = text(
    "--subscription", dest="subscription_id",
    help="subscription of the machine; by default AZCMLITE_SUBSCRIPTION, else the nil UUID",
)  # fmt: skip
NAME = text("--name", "-n", "--extension-name", dest="name", help="name of the extension")
LOCATION = text("--location", "-l", dest="location", help="Azure region to show; nothing is sent there")
TAGS = Option(
    ("--tags",), "tags", "tags: key=value words, a JSON object or @FILE; alone: no tags",
    nargs="*", metavar="KEY=VALUE",
)  # fmt: skip
PUBLISHER = text("--publisher", "-p", dest="publisher", help="publisher of the extension")
TYPE = text("--type", "--extension-type", dest="type", help="type of the extension")
GALLERY = text("--gallery-name", dest="gallery", help="gallery; by default the one that is always there")
YES = Option(("--yes", "-y"), "yes", "do not ask", nargs=0, const=True)
NO_WAIT = Option(
    ("--no-wait",), "wait", "return as soon as the request is stored; it is done in the background",
    nargs=0, const=False,
)  # fmt: skip
IGNORE_WINDOW = Option(
    ("--ignore-window",), "ignore_window", "change the version now, though no maintenance window is open",
    nargs=0, const=True,
)  # fmt: skip

OF_MACHINE = (needed(GROUP), needed(MACHINE), SUBSCRIPTION)
"""What names a machine."""

OF_EXTENSION = (*OF_MACHINE, needed(NAME))
"""What names an extension."""
VERSION = text("--version", dest="version", help="version", metavar="VERSION")
