"""What may be a name, and how ids are made of names."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectedmachine.model.errors import InvalidRequestError
from connectedmachine.model.identity import (
    HandlerName,
    extension_id,
    extension_name,
    machine_id,
    machine_name,
    resource_group_name,
)

CHECKS = [machine_name, extension_name, resource_group_name]
PATHS = ["", ".", "..", "...", "a/b", "a\\b", "/", "a\0b", "a b", "a\n", "a:b", "ends.", "~/x", "a*", '"']


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("name", PATHS)
def test_what_could_lead_elsewhere_as_a_path_is_no_name(check: Callable[[str], str], name: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        check(name)
    assert (caught.value.code, caught.value.target) == ("InvalidName", name)
    assert caught.value.hint


@pytest.mark.parametrize("name", PATHS)
def test_what_could_lead_elsewhere_as_a_path_is_no_part_of_a_handler(name: str) -> None:
    with pytest.raises(InvalidRequestError):
        HandlerName.checked(name, "Agent")
    with pytest.raises(InvalidRequestError):
        HandlerName.checked("Contoso", name)


@pytest.mark.parametrize("name", ["con", "NUL", "Aux.1", "com1", "lpt9.x.y"])
def test_what_windows_would_open_as_a_device_begins_no_file_name(name: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        extension_name(name)
    assert caught.value.code == "InvalidName"
    with pytest.raises(InvalidRequestError):
        HandlerName.checked(name, "Agent")
    assert HandlerName.checked("Contoso", name)


@pytest.mark.parametrize(
    ("check", "name"),
    [
        (extension_name, "console"),
        (extension_name, "com10"),
        (machine_name, "myVM"),
        (machine_name, "a" * 54),
        (machine_name, "web_01.contoso-2"),
        (extension_name, "Microsoft.Azure.Monitoring.DependencyAgent"),
        (resource_group_name, "my(Resource)Group-1_x.y"),
        (resource_group_name, "g" * 90),
    ],
)
def test_what_azure_takes_is_taken_as_written(check: Callable[[str], str], name: str) -> None:
    assert check(name) == name


@pytest.mark.parametrize(
    ("check", "length"), [(machine_name, 54), (extension_name, 128), (resource_group_name, 90)]
)
def test_a_name_that_is_too_long_is_refused(check: Callable[[str], str], length: int) -> None:
    check("a" * length)
    with pytest.raises(InvalidRequestError):
        check("a" * (length + 1))


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("name", ["m\u00fcller", "\u0430dmin", "\uff41bc", "a\u0301"])
def test_letters_are_those_of_ascii(check: Callable[[str], str], name: str) -> None:
    with pytest.raises(InvalidRequestError):
        check(name)


@pytest.mark.parametrize("check", CHECKS)
@given(name=st.text())
def test_any_name_is_taken_as_it_is_or_refused(check: Callable[[str], str], name: str) -> None:
    try:
        assert check(name) == name
    except InvalidRequestError:
        return
    assert not set(name) & set('/\\:*?"<>|\0\n ')


@pytest.mark.parametrize("type_", ["MDE.Linux", "ChangeTracking-Linux", "AADSSHLogin", "Custom_Script2"])
def test_real_types_are_taken(type_: str) -> None:
    assert str(HandlerName.checked("Contoso-Sample.x", type_)) == f"Contoso-Sample.x.{type_}"


@pytest.mark.parametrize("part", [".Contoso", "-Contoso"])
def test_a_handler_begins_with_a_letter_or_a_digit(part: str) -> None:
    """A folder name that begins with a dot is hidden, and one with a dash is an option to programs."""
    for publisher, type_ in ((part, "Agent"), ("Contoso", part)):
        with pytest.raises(InvalidRequestError):
            HandlerName.checked(publisher, type_)


def test_two_spellings_of_a_handler_have_one_key() -> None:
    assert HandlerName("CONTOSO.Sample", "AGENT").key == HandlerName("contoso.sample", "agent").key


def test_ids_are_azures() -> None:
    assert machine_id("s", "g", "m") == (
        "/subscriptions/s/resourceGroups/g/providers/Microsoft.HybridCompute/machines/m"
    )
    assert extension_id("s", "g", "m", "e") == machine_id("s", "g", "m") + "/extensions/e"
