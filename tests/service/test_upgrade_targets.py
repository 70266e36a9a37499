"""``extension_upgrade``: given versions for several extensions, all of them or none."""

from __future__ import annotations

import pytest

from connectedmachine.model.errors import ConnectedMachineError
from service.support import SAMPLE, Desk, at, refused, values

AGENT, CLOCK = f"{SAMPLE}.Agent", f"{SAMPLE}.Clock"


@pytest.fixture
def two(desk: Desk) -> Desk:
    """Agent and Clock at 1.0, with 1.1 and 2.0 in the gallery."""
    for name, type_ in (("agent", "Agent"), ("clock", "Clock")):
        desk.publish(type_, "1.0", "1.1", "2.0")
        desk.create(name, type_, typeHandlerVersion="1.0", enableAutomaticUpgrade=True)
    return desk


def versions(desk: Desk) -> tuple[str, str]:
    return desk.version("agent"), desk.version("clock")


def test_each_named_extension_moves_and_no_other(two: Desk) -> None:
    answer = two.upgrade({AGENT: {"targetVersion": "1.1"}})

    assert versions(two) == ("1.1.0.0", "1.0.0.0")
    assert [at(item, "properties.typeHandlerVersion") for item in values(answer)] == ["1.1.0.0"]


def test_several_move_in_one_call(two: Desk) -> None:
    two.upgrade({AGENT: {"targetVersion": "1.1"}, CLOCK: {"targetVersion": "2.0"}})

    assert versions(two) == ("1.1.0.0", "2.0.0.0")


@pytest.mark.parametrize("target", [{}, {"targetVersion": None}])
def test_without_a_target_version_the_newest_is_meant(two: Desk, target: dict[str, object]) -> None:
    two.upgrade({AGENT: target})

    assert versions(two) == ("2.0.0.0", "1.0.0.0")


def test_a_target_is_a_prefix_and_a_key_has_no_case(two: Desk) -> None:
    two.upgrade({AGENT.upper(): {"targetVersion": "1"}})

    assert two.version() == "1.1.0.0"


def test_a_downgrade_is_done(two: Desk) -> None:
    two.upgrade({AGENT: {"targetVersion": "2.0"}})
    two.upgrade({AGENT: {"targetVersion": "1.0"}})

    assert two.version() == "1.0.0.0"


def test_the_version_that_is_installed_moves_nothing(two: Desk) -> None:
    two.upgrade({AGENT: {"targetVersion": "1.0"}})

    assert len(two.history()) == 2


def test_enrolment_settings_and_the_requested_version_stay(two: Desk) -> None:
    two.patch(settings={"a": 1})
    two.upgrade({AGENT: {"targetVersion": "1.1"}})
    two.patch(typeHandlerVersion="1.0")

    assert two.version() == "1.1.0.0", "1.0 was requested before and is requested still"
    assert at(two.get(), "properties.enableAutomaticUpgrade") is True
    assert at(two.get(), "properties.settingsText") == '{"a": 1}'


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        ({"agent": {"targetVersion": "1.1"}}, "HCRP404"),
        ({SAMPLE: {"targetVersion": "1.1"}}, "HCRP404"),
        ({"Contoso.Sample.Nobody": {}}, "HCRP404"),
        ({CLOCK: {"targetVersion": "1.7"}}, "ResourceNotFound"),
        ({CLOCK: {"targetVersion": "one"}}, "InvalidVersion"),
        ({CLOCK: {"targetVersion": 1.1}}, "InvalidRequestContent"),
        ({CLOCK: {"version": "1.1"}}, "InvalidRequestContent"),
        ({CLOCK: "1.1"}, "InvalidRequestContent"),
        ({CLOCK: None}, "InvalidRequestContent"),
        ({AGENT.upper(): {"targetVersion": "2.0"}}, "HCRP409"),
    ],
)
def test_one_bad_target_refuses_them_all(two: Desk, bad: dict[str, object], code: str) -> None:
    before = two.state()

    with pytest.raises(ConnectedMachineError) as error:
        two.upgrade({AGENT: {"targetVersion": "1.1"}, **bad})

    refused(error, code)
    assert two.state() == before


@pytest.mark.parametrize("text", ["[]", "", "{", f'{{"{AGENT}": {{}}, "{AGENT}": {{}}}}'])
def test_targets_that_are_no_object_are_refused(two: Desk, text: str) -> None:
    with pytest.raises(ConnectedMachineError) as error:
        two.upgrade(text)

    refused(error, "InvalidRequestContent")


def test_a_target_that_was_withdrawn_is_refused(two: Desk) -> None:
    two.withdraw("Agent", "1.1")

    with pytest.raises(ConnectedMachineError) as error:
        two.upgrade({AGENT: {"targetVersion": "1.1"}})

    refused(error, "ResourceNotFound")


def test_a_target_of_which_no_gallery_has_any_version_is_refused(two: Desk) -> None:
    for version in ("1.0", "1.1", "2.0"):
        two.withdraw("Agent", version)
    before = two.state()

    with pytest.raises(ConnectedMachineError) as error:
        two.upgrade({AGENT: {"targetVersion": "1.1"}})

    assert refused(error, "ResourceNotFound").target == AGENT
    assert two.state() == before


def test_one_that_fails_does_not_keep_the_other_from_moving(two: Desk) -> None:
    (package,) = two.service.store.home.glob("gallery/images/contoso.sample.agent/1.1*/package.zip")
    package.write_bytes(b"damaged")

    with pytest.raises(ConnectedMachineError) as error:
        two.upgrade({AGENT: {"targetVersion": "1.1"}, CLOCK: {"targetVersion": "1.1"}})

    assert refused(error, "HCRP400").target == "agent"
    assert versions(two) == ("1.0.0.0", "1.1.0.0")
