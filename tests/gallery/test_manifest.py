"""The tolerant reader of HandlerManifest.json (handler contract 1.2)."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectedmachine.model.errors import PackageError
from connectedmachine.model.handler import Command, HandlerManifest, ResourceLimits
from connectedmachine.model.manifest import parse_manifest


def _bytes(body: dict[str, object], **beside: object) -> bytes:
    return json.dumps([{"version": 1.0, "handlerManifest": body, **beside}]).encode()


def test_commands_are_kept_as_written() -> None:
    manifest = parse_manifest(_bytes({"installCommand": "/bin/x -c install", "enableCommand": "./e"}), "m")
    assert manifest.commands == {Command.INSTALL: "/bin/x -c install", Command.ENABLE: "./e"}


def test_defaults_are_those_of_azure() -> None:
    assert parse_manifest(_bytes({}), "m") == HandlerManifest({})


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (True, True),
        ("true", True),
        ("TRUE", True),
        (False, False),
        ("false", False),
        ("yes", False),
        (1, False),
    ],
)
def test_a_flag_is_true_as_a_boolean_or_as_text(value: object, read: bool) -> None:
    keys = ("continueOnUpdateFailure", "reportHeartbeat", "supportsMultipleExtensions")
    manifest = parse_manifest(_bytes(dict.fromkeys(keys, value)), "m")
    flags = (
        manifest.continue_on_update_failure,
        manifest.report_heartbeat,
        manifest.supports_multiple_extensions,
    )
    assert flags == (read, read, read)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ({"cpuQuotaPercentage": 30, "memoryQuotaInMB": 512}, ResourceLimits(30.0, 512.0)),
        ({"cpuQuotaPercentage": 150.5}, ResourceLimits(150.5, None)),
        ({"cpuQuotaPercentage": None, "services": [{"name": "x"}]}, ResourceLimits()),
        ({"cpuQuotaPercentage": 0, "memoryQuotaInMB": -1}, ResourceLimits()),
        (
            {"services": [{"name": "x.service", "cpuQuotaPercentage": 5}]},
            ResourceLimits(services=("x.service",)),
        ),
        ({"services": [{"name": "../x", "memoryQuotaInMB": 5}, {"memoryQuotaInMB": 5}, 3]}, ResourceLimits()),
        ({"cpuQuotaPercentage": True, "memoryQuotaInMB": "512"}, ResourceLimits()),
        ({"cpuQuotaPercentage": float("nan"), "memoryQuotaInMB": 10**400}, ResourceLimits()),
        ([], ResourceLimits()),
        (None, ResourceLimits()),
    ],
)
def test_what_is_no_limit_that_a_host_could_keep_limits_nothing(
    written: object, read: ResourceLimits
) -> None:
    assert parse_manifest(_bytes({}, resourceLimits=written), "m").resource_limits == read


def test_a_manifest_in_a_journal_keeps_its_limits_and_an_older_one_has_none() -> None:
    manifest = HandlerManifest({Command.INSTALL: "i"}, resource_limits=ResourceLimits(30.0, None, ("x",)))
    journal = manifest.to_json()
    assert HandlerManifest.from_json(journal) == manifest
    del journal["resourceLimits"]
    assert HandlerManifest.from_json(journal).resource_limits == ResourceLimits()


@pytest.mark.parametrize(
    ("mode", "read"),
    [(None, True), ("UpdateWithInstall", True), ("updatewithinstall", True), ("UpdateWithoutInstall", False)],
)
def test_update_mode_is_with_install_unless_it_says_something_else(mode: str | None, read: bool) -> None:
    assert parse_manifest(_bytes({"updateMode": mode}), "m").update_with_install is read


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_a_bom_and_the_encodings_of_json_are_read(encoding: str) -> None:
    text = _bytes({"enableCommand": "e"}).decode()
    assert parse_manifest(text.encode(encoding), "m").commands == {Command.ENABLE: "e"}


@pytest.mark.parametrize("version", [1.0, "1.5.124", "2.0.0.5", None, []])
def test_any_manifest_version_and_unknown_keys_are_admitted(version: object) -> None:
    data = json.dumps([{"version": version, "x": 1, "handlerManifest": {"otherCommand": "r"}}, "more"])
    assert parse_manifest(data.encode(), "m") == HandlerManifest({})


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"{}", b"[]", b"[1]", b"[{}]", b'[{"handlerManifest": []}]', b"\xff\xfe\xfd", b"[" * 100_000],
)
def test_what_is_no_manifest_is_refused(data: bytes) -> None:
    with pytest.raises(PackageError) as caught:
        parse_manifest(data, "x.zip/HandlerManifest.json")
    assert caught.value.code == "MalformedManifest"
    assert caught.value.target == "x.zip/HandlerManifest.json"
    assert "x.zip/HandlerManifest.json" in caught.value.message


@pytest.mark.parametrize("key", ["installCommand", "updateMode"])
def test_the_key_at_fault_is_named(key: str) -> None:
    with pytest.raises(PackageError) as caught:
        parse_manifest(_bytes({key: 7}), "m")
    assert f"handlerManifest.{key}" in caught.value.message


@given(st.binary())
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    _read_or_refuse(data)


_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.sampled_from(["handlerManifest", "updateMode", "x"]), inner)
    ),
)


@given(_JSON)
def test_any_json_is_read_or_refused(document: object) -> None:
    _read_or_refuse(json.dumps(document).encode())


_BODY = st.dictionaries(
    st.sampled_from(["installCommand", "enableCommand", "updateMode", "reportHeartbeat", "x"]), _JSON
)


@given(_BODY)
def test_what_was_read_survives_the_journal(body: dict[str, object]) -> None:
    manifest = _read_or_refuse(_bytes(body))
    assert (
        manifest is None or HandlerManifest.from_json(json.loads(json.dumps(manifest.to_json()))) == manifest
    )


def _read_or_refuse(data: bytes) -> HandlerManifest | None:
    try:
        return parse_manifest(data, "m")
    except PackageError as error:
        code = error.code
    assert code == "MalformedManifest"
    return None
