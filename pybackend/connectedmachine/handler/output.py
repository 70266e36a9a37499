"""What is shown of a command's output (handler contract 2.1)."""

from __future__ import annotations

from connectedmachine.handler._report import redact

HEAD_BYTES = 3200
_TEXT_CHARACTERS = 3200
_FORM = "[stdout]\n{}\n\n[stderr]\n{}"


def join_output(stdout: bytes, stderr: bytes) -> str:
    """The first 3200 bytes of each, together at most 3200 characters.

    When that is too long, each half keeps its tail, and what one half does not need the other may use.
    Nothing is shown of a command that said nothing, nor of the access tokens that one printed.
    """
    out, err = (_text(data) for data in (stdout, stderr))
    if not out.strip() and not err.strip():
        return ""
    room = _TEXT_CHARACTERS - len(_FORM.format("", ""))
    half = room // 2
    out_room = max(half, room - len(err))
    err_room = room - min(len(out), out_room)
    return _FORM.format(_tail(out, out_room), _tail(err, err_room))


def _text(data: bytes) -> str:
    return redact(data[:HEAD_BYTES].decode("utf-8", "backslashreplace"))


def _tail(text: str, length: int) -> str:
    return text[max(0, len(text) - length) :]
