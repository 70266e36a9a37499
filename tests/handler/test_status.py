"""What counts as a handler's report, and what becomes of one that breaks the rules."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connectedmachine.handler.status import age_status, keep_status, parse_status, read_status
from connectedmachine.model.handler import StatusKind, Substatus
from handler.support import needs_posix_files

MODIFIED = 1_700_000_000.5
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


def put(folder: Path, data: bytes, sequence: int = 0) -> Path:
    path = folder / "status" / f"{sequence}.status"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    os.utime(path, (MODIFIED, MODIFIED))
    return path


def report(**status: object) -> bytes:
    return json.dumps([{"version": "1.0", "timestampUTC": "2026-01-01T00:00:00Z", "status": status}]).encode()


def message(text: object) -> dict[str, object]:
    return {"lang": "en-US", "message": text}


@pytest.mark.parametrize("kind", list(StatusKind))
def test_each_kind_is_read_with_code_message_and_time(folder: Path, kind: StatusKind) -> None:
    put(folder, report(name="x", operation="y", status=kind, code=3, formattedMessage=message("done")), 7)
    status = read_status(folder, 7)
    assert (status.kind, status.code, status.message, status.written) == (kind, "3", "done", MODIFIED)


def test_only_the_file_of_the_asked_number_counts(folder: Path) -> None:
    put(folder, report(status="success"), 1)
    assert read_status(folder, 2).written is None


@pytest.mark.parametrize("made", [True, False])
def test_no_file_is_transitioning_and_was_never_written(folder: Path, made: bool) -> None:
    if made:
        (folder / "status").mkdir()
    status = read_status(folder, 0)
    assert (status.kind, status.code, status.written) == (StatusKind.TRANSITIONING, "0", None)


@pytest.mark.parametrize(("code", "text"), [(0, "0"), ("0", "0"), (-5, "-5"), (None, "0"), (1.5, "1.5")])
def test_codes_are_passed_on(code: object, text: str) -> None:
    assert parse_status(report(status="error", code=code), 0).code == text


@pytest.mark.parametrize(
    "status",
    [
        pytest.param({"status": "success"}, id="nothing but a status"),
        pytest.param({"status": "success", "substatus": None}, id="null substatus"),
        pytest.param({"status": "success", "substatus": []}, id="no substatus"),
        pytest.param({"status": "success", "substatus": [None, {"status": "error"}]}, id="null among them"),
        pytest.param(
            {"status": "success", "substatus": [{"status": "error", "formattedMessage": None}]},
            id="substatus with null message",
        ),
        pytest.param({"status": "success", "formattedMessage": None}, id="null message"),
        pytest.param({"status": "success", "formattedMessage": message(None)}, id="null text"),
        pytest.param({"status": "success", "unknown": {}}, id="unknown key"),
    ],
)
def test_what_real_handlers_leave_out_is_accepted(status: dict[str, object]) -> None:
    assert parse_status(report(**status), 0).kind is StatusKind.SUCCESS


@pytest.mark.parametrize(
    "head", ['"version": 1', '"version": 1.0, "timestampUTC": 1700000000', '"timestampUTC": null']
)
def test_version_and_time_are_not_judged(head: str) -> None:
    text = '[{%s, "status": {"status": "success"}}]' % head  # noqa: UP031 - braces
    assert parse_status(text.encode(), 0).kind is StatusKind.SUCCESS


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_every_encoding_that_windows_tools_write_is_read(encoding: str) -> None:
    data = report(status="success", formattedMessage=message("\N{SNOWMAN}")).decode().encode(encoding)
    assert parse_status(data, 0).message == "\N{SNOWMAN}"


def test_only_the_first_element_counts() -> None:
    text = '[{"status": {"status": "warning"}}, {"status": {"status": "error"}}, 5]'
    assert parse_status(text.encode(), 0).kind is StatusKind.WARNING


@pytest.mark.parametrize("data", [b"[]", b"null"])
def test_an_empty_document_is_no_error(data: bytes) -> None:
    status = parse_status(data, MODIFIED)
    assert (status.kind, status.code, status.written) == (StatusKind.TRANSITIONING, "0", MODIFIED)


@pytest.mark.parametrize("value", ["Success", "ok", "", None, 5, [], {}])
def test_an_unknown_status_is_an_error_with_the_handlers_own_words(value: object) -> None:
    status = parse_status(report(status=value, code=4, formattedMessage=message("hm")), 0)
    assert (status.kind, status.code, status.message) == (StatusKind.ERROR, "4", "hm")


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty file"),
        pytest.param(b"{", id="not JSON"),
        pytest.param(b"\xff\xfe\xfa", id="no text"),
        pytest.param(b'[{"status": {"status": "succ', id="half written"),
        pytest.param(b"[" * 100_000, id="nested too deeply"),
        pytest.param(b"[" + b"9" * 10_000 + b"]", id="number too long"),
        pytest.param(b"{}", id="object"),
        pytest.param(b'"x"', id="text"),
        pytest.param(b'[{"status": {"status": "success"}}]\0\0\0', id="NULs behind it"),
        pytest.param(b"7", id="number"),
        pytest.param(b"[null]", id="null element"),
        pytest.param(b"[[]]", id="array element"),
        pytest.param(b"[{}]", id="no status object"),
        pytest.param(b'[{"status": "success"}]', id="status is text"),
        pytest.param(report(code=0), id="no status"),
        pytest.param(report(status="success", formattedMessage="x"), id="message is text"),
        pytest.param(report(status="success", formattedMessage={"message": "x"}), id="no lang"),
        pytest.param(report(status="success", formattedMessage={"lang": "en"}), id="no message"),
        pytest.param(report(status="success", formattedMessage=message(5)), id="message is a number"),
        pytest.param(report(status="success", code={}), id="code is an object"),
        pytest.param(report(status="success", code=True), id="code is a boolean"),
        pytest.param(report(status="success", substatus={}), id="substatus is an object"),
        pytest.param(report(status="success", substatus=["x"]), id="substatus is text"),
        pytest.param(report(status="success", substatus=[{"status": []}]), id="substatus with odd status"),
        pytest.param(
            report(status="success", substatus=[{"status": "error", "code": {}}]),
            id="substatus with odd code",
        ),
        pytest.param(report(status="success", substatus=[{"name": "x"}]), id="substatus without status"),
        pytest.param(report(status="success", substatus=[{"status": "ok"}]), id="unknown substatus"),
        pytest.param(
            report(status="success", substatus=[{"status": "success", "formattedMessage": {}}]),
            id="substatus with empty message",
        ),
    ],
)
def test_a_malformed_report_is_an_error_of_code_1012(folder: Path, data: bytes) -> None:
    put(folder, data)
    status = read_status(folder, 0)
    assert (status.kind, status.code, status.written) == (StatusKind.ERROR, "1012", MODIFIED)


def test_what_is_not_json_is_echoed_up_to_2000_bytes() -> None:
    text = parse_status(b"oops" + b"x" * 3000, 0).message
    assert "oopsxxx" in text
    assert text.count("x") == 1996


def test_the_message_of_a_large_report_is_cut() -> None:
    data = report(status="success", formattedMessage=message("m" * 200_000))
    status = parse_status(data, 0)
    assert status.kind is StatusKind.SUCCESS
    assert status.message == "m" * 1024 + " [truncated]"


def test_the_message_of_an_ordinary_report_is_whole() -> None:
    assert (
        parse_status(report(status="success", formattedMessage=message("m" * 9000)), 0).message == "m" * 9000
    )


LARGE = {"lang": "en", "message": "m" * 20_000}


def test_parts_of_a_status_are_kept() -> None:
    parts = [None, {"name": "a", "status": "error", "code": -3, "formattedMessage": message("no")}]
    status = parse_status(
        report(name="n", operation="o", configurationAppliedTime="t", status="success", substatus=parts),
        0,
    )
    assert (status.name, status.operation, status.applied) == ("n", "o", "t")
    assert status.substatus == (Substatus("a", StatusKind.ERROR, "-3", "no"),)


def test_parts_of_a_large_report_are_cut_to_10_kib() -> None:
    parts = [{"name": "n" * 20_000, "status": "success", "formattedMessage": LARGE}]
    status = parse_status(
        report(status="success", formattedMessage=message("m" * 200_000), substatus=parts), 0
    )
    (part,) = status.substatus
    assert part.name == "n" * 10_240 + " [truncated]"
    assert part.message == "m" * 10_240 + " [truncated]"


def test_parts_beyond_128_kib_are_dropped() -> None:
    parts = [{"name": str(n), "status": "success", "formattedMessage": LARGE} for n in range(100)]
    status = parse_status(report(status="success", substatus=parts), 0)
    assert status.kind is StatusKind.SUCCESS
    assert [part.name for part in status.substatus] == [str(n) for n in range(12)]


def test_parts_of_an_ordinary_report_are_whole() -> None:
    parts = [{"name": "x", "status": "success", "formattedMessage": LARGE}]
    (part,) = parse_status(report(status="success", substatus=parts), 0).substatus
    assert part.message == "m" * 20_000


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (
            "GET https://a.blob.core.windows.net/c/x?sv=2020&sr=b&sig=aB%2Fc%3D&se=9 failed",
            "GET https://a.blob.core.windows.net/c/x?sv=2020&sr=b&sig=<redacted>&se=9 failed",
        ),
        ("SIG=abc", "SIG=<redacted>"),
        ("AccountName=a;AccountKey=Zm9v==;x=y", "AccountName=a;AccountKey=<redacted>;x=y"),
        ("Authorization: Bearer eyJhbGciOiJIUzI1NiJ9.e30.x", "Authorization: Bearer <redacted>"),
        ("design=blue, a signal was lost", "design=blue, a signal was lost"),
    ],
)
def test_access_tokens_are_redacted(said: str, shown: str) -> None:
    part = {"name": said, "status": "error", "formattedMessage": message(said)}
    status = parse_status(report(status="error", formattedMessage=message(said), substatus=[part]), 0)
    assert (status.message, status.substatus[0].name, status.substatus[0].message) == (shown, shown, shown)


def test_access_tokens_in_what_is_echoed_are_redacted() -> None:
    assert "s3cr3t" not in parse_status(b"oops https://x/y?sig=s3cr3t", 0).message


def test_an_endless_file_is_not_read(folder: Path) -> None:
    with put(folder, b"").open("wb") as file:
        file.truncate(1 << 40)
    status = read_status(folder, 0)
    assert (status.kind, status.code) == (StatusKind.ERROR, "-1")


@needs_posix_files
def test_a_link_is_not_followed(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "shadow").write_bytes(b"root:secret")
    (folder / "status").mkdir()
    (folder / "status" / "0.status").symlink_to(tmp_path / "shadow")
    status = read_status(folder, 0)
    assert (status.kind, status.code) == (StatusKind.ERROR, "-1")
    assert "secret" not in status.message


@needs_posix_files
def test_a_pipe_does_not_block(folder: Path) -> None:
    (folder / "status").mkdir()
    os.mkfifo(folder / "status" / "0.status")
    assert read_status(folder, 0).code == "-1"


def test_a_folder_in_place_of_the_file_is_unreadable(folder: Path) -> None:
    (folder / "status" / "0.status").mkdir(parents=True)
    assert read_status(folder, 0).code == "-1"


def test_a_file_in_place_of_the_folder_is_unreadable(folder: Path) -> None:
    (folder / "status").write_text("")
    assert read_status(folder, 0).code == "-1"


@given(st.binary())
@example(b'[{"status": {"status": "success", "formattedMessage": {"lang": "", "message": "\\ud800"}}}]')
@example(b'[{"status": {"status": "success", "code": "\\udfff"}}]')
def test_no_bytes_upset_the_reader_and_what_it_says_can_be_stored(data: bytes) -> None:
    status = parse_status(data, 0)
    (status.message + status.code).encode()


@given(JSON)
def test_no_json_upsets_the_reader(value: object) -> None:
    for document in (value, [value], [{"status": value}], [{"status": {"status": value, "code": value}}]):
        parse_status(json.dumps(document).encode("utf-8", "surrogatepass"), 0).message.encode()


@given(st.fixed_dictionaries({}, optional={
    "status": st.sampled_from(list(StatusKind)) | JSON,
    "code": JSON,
    "formattedMessage": st.fixed_dictionaries({}, optional={"lang": JSON, "message": JSON}) | JSON,
    "substatus": st.lists(st.fixed_dictionaries({}, optional={"status": JSON}) | JSON, max_size=3) | JSON,
}))  # fmt: skip
def test_a_report_is_only_ever_well_when_it_says_so(status: dict[str, object]) -> None:
    read = parse_status(report(**status), 0)
    assert read.kind is StatusKind.ERROR or read.kind == status["status"]


@pytest.mark.parametrize(
    ("noted", "counts"), [("3", True), ("4", True), ("2", False), ("done", False), (None, False)]
)
def test_an_aged_report_counts_on_when_its_handler_will_not_report_again(
    folder: Path, noted: str | None, counts: bool
) -> None:
    """A handler that keeps mrseq ends an enable of a number it knows at once, and says nothing more."""
    put(folder, report(status="success"), 3)
    if noted is not None:
        (folder / "mrseq").write_text(noted)
    age_status(folder, 3)
    assert read_status(folder, 3).is_current is counts


def test_of_several_extensions_each_has_its_own_report(folder: Path) -> None:
    for name, kind in (("web", "success"), ("db", "error")):
        path = folder / "status" / f"{name}.3.status"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(report(status=kind))
    assert read_status(folder, 3, "web").kind is StatusKind.SUCCESS
    assert read_status(folder, 3, "db").kind is StatusKind.ERROR
    assert read_status(folder, 3).written is None


@needs_posix_files
@pytest.mark.parametrize("made", [os.mkfifo, Path.mkdir, lambda path: path.symlink_to("/dev/zero")])
def test_keeping_a_report_waits_for_nothing_that_is_no_report(
    folder: Path, made: Callable[[Path], None]
) -> None:
    (folder / "status").mkdir()
    made(folder / "status" / "0.status")
    keep_status(folder, 0)
    assert read_status(folder, 0).kind is not StatusKind.SUCCESS
