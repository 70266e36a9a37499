"""The words of the service in those of this front end: its hints speak of cmdlets and their parameters."""

from __future__ import annotations

import re

from connectedmachine.frontends.cli_commands import COMMANDS

_CMDLET = re.compile(r"(Get-Help )?\b([A-Z][a-z]+-Az\w+(?: -(?:History|Plan|Retry|All))?)")
_PARAMETER = re.compile(r"(?<![\w-])-([A-Z]\w+)")
_WORD_START = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")

_WORDS = {command.cmdlet: command.words for command in COMMANDS if command.cmdlet}


def in_cli_words(text: str) -> str:
    """``text`` with each cmdlet as the command that does the same, and each parameter as its option."""
    return _PARAMETER.sub(_option, _CMDLET.sub(_command, text))


def _command(match: re.Match[str]) -> str:
    words = _WORDS.get(match[2])
    if words is None:
        return match[0]
    return f"'connectedmachine {words}{' --help' if match[1] else ''}'"


def _option(match: re.Match[str]) -> str:
    return "--" + _WORD_START.sub("-", match[1]).lower()
