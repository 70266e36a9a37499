"""What a machine's configuration admits (handler contract 3.3, cases 11 and 34)."""

from __future__ import annotations

import pytest

from connectedmachine.model.configuration import LONGEST_LIST, Configuration, Entry, Mode, entries
from connectedmachine.model.decision import Reason
from connectedmachine.model.errors import InvalidRequestError
from connectedmachine.model.identity import HandlerName
from connectedmachine.model.monitor_mode import ADMITTED
from connectedmachine.model.operation import OperationKind
from connectedmachine.model.policy import ARC_2021
from connectedmachine.model.version import Version
from connectedmachine.upgrade.gate import DISABLED, NOT_ALLOWED, refusal
from connectedmachine.upgrade.images import Images
from connectedmachine.upgrade.plan import plan
from connectedmachine.upgrade.subject import Planned, Subject
from upgrade.support import AGENT, START
from upgrade.test_plan import HERE, MACHINE, enrolled, images, moves_to

MONITOR_AGENT = HandlerName("Microsoft.Azure.Monitor", "AzureMonitorLinuxAgent")


def configuration(
    allow: str = "", block: str = "", *, mode: Mode = Mode.FULL, enabled: bool = True
) -> Configuration:
    return Configuration(enabled, entries(allow.split()), entries(block.split()), mode)


def admitted(found: Configuration, version: str | None = "1.0", handler: HandlerName = AGENT) -> bool:
    return refusal(found, handler, None if version is None else Version.parse(version)) is None


def planned(found: Configuration, subject: Subject, offered: Images, *, automatic: bool = True) -> Planned:
    return plan(
        subject,
        offered,
        machine_id=MACHINE,
        platform=HERE,
        policy=ARC_2021,
        supported={},
        now=START,
        automatic=automatic,
        configuration=found,
    )


def test_without_lists_everything_is_admitted() -> None:
    assert admitted(Configuration())
    assert admitted(Configuration(), None)


@pytest.mark.parametrize(
    ("allow", "block", "expected"),
    [
        ("Contoso.Sample/Agent", "", True),
        ("", "Contoso.Sample/Agent", False),
        ("Contoso.Sample/Agent", "Contoso.Sample/Agent", False),
        ("Contoso.Sample/Other", "", False),
        ("", "Contoso.Sample/Other", True),
    ],
)
def test_the_lists_say_what_arcs_table_says(allow: str, block: str, expected: bool) -> None:
    assert admitted(configuration(allow, block)) is expected
    assert admitted(configuration(allow, block), None) is expected


def test_names_are_compared_without_regard_to_case() -> None:
    assert admitted(configuration("contoso.SAMPLE/AGENT"))
    assert not admitted(configuration(block="contoso.SAMPLE/AGENT"))


def test_allow_none_blocks_everything() -> None:
    assert not admitted(configuration("Allow/None"))
    assert not admitted(configuration("Allow/None"), handler=HandlerName("Allow", "None"))


@pytest.mark.parametrize(
    ("entry", "version", "covered"),
    [
        ("@1", "1.0", True),
        ("@1.10", "1.10", True),
        ("@1.10", "1.10.3", True),
        ("@1.10", "1.1", False),
        ("@1.1", "1.10", False),
        ("@1.10", "1.10-beta", True),
        ("@1.10-beta", "1.10-beta", True),
        ("@1.10-beta", "1.10", False),
    ],
)
def test_an_entry_may_name_versions_by_their_beginning(entry: str, version: str, covered: bool) -> None:
    assert admitted(configuration(f"Contoso.Sample/Agent{entry}"), version) is covered
    assert admitted(configuration(block=f"Contoso.Sample/Agent{entry}"), version) is not covered


def test_an_entry_of_versions_does_not_speak_of_the_handler_as_a_whole() -> None:
    assert admitted(configuration("Contoso.Sample/Agent@1.10"), None)
    assert admitted(configuration(block="Contoso.Sample/Agent@1.10"), None)


@pytest.mark.parametrize(
    "text", ["", "Agent", "Contoso.Agent", "/Agent", "Contoso/", "a/b@", "a/b@x", "a/b/c"]
)
def test_what_names_no_extension_is_no_entry(text: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        Entry.parse(text)
    assert refused.value.code == "InvalidListEntry"
    assert refused.value.target == text


def test_a_list_has_an_end() -> None:
    with pytest.raises(InvalidRequestError):
        entries([f"Contoso/T{number}" for number in range(LONGEST_LIST + 1)])


def test_what_is_listed_twice_counts_once() -> None:
    assert [str(entry) for entry in entries(["A/B", "C/D", "a/b"])] == ["A/B", "C/D"]


def test_monitor_mode_admits_monitoring_and_no_scripts() -> None:
    monitor = configuration(mode=Mode.MONITOR)
    assert admitted(monitor, handler=MONITOR_AGENT)
    assert not admitted(monitor, handler=HandlerName("Microsoft.Azure.Extensions", "CustomScript"))
    assert all(Entry.parse(text) for text in ADMITTED)


def test_monitor_mode_only_narrows_what_the_lists_admit() -> None:
    blocked = f"{MONITOR_AGENT.publisher}/{MONITOR_AGENT.type}"
    assert not admitted(configuration(block=blocked, mode=Mode.MONITOR), handler=MONITOR_AGENT)
    assert not admitted(configuration("Contoso.Sample/Agent", mode=Mode.MONITOR))


def test_a_refusal_names_the_rule() -> None:
    found = refusal(configuration(block="Contoso.Sample/Agent@1.0"), AGENT, Version.parse("1.0"))
    assert found is not None
    assert found.code == NOT_ALLOWED
    assert "'Contoso.Sample/Agent@1.0' is in extensions.blocklist" in found.message
    off = refusal(configuration(enabled=False), AGENT, None)
    assert off is not None
    assert off.code == DISABLED


# Plans.


def test_an_upgrade_takes_the_newest_version_that_is_admitted() -> None:
    found = planned(configuration(block="Contoso.Sample/Agent@1.2"), enrolled(), images("1.2", "1.1"))
    assert moves_to(found) == "1.1.0.0"


def test_a_first_install_takes_the_newest_version_that_is_admitted() -> None:
    found = planned(configuration("Contoso.Sample/Agent@1.1"), enrolled(None), images("1.2", "1.1"))
    assert moves_to(found) == "1.1.0.0"


@pytest.mark.parametrize("installed", ["1.0", None])
def test_where_no_version_is_admitted_the_rule_is_the_evidence(installed: str | None) -> None:
    found = planned(configuration(block="Contoso.Sample/Agent@1.1"), enrolled(installed), images("1.1"))
    assert (found.move, found.decision.reason) == (None, Reason.BLOCKED_BY_POLICY)
    assert "extensions.blocklist" in found.decision.message
    assert str(found.decision.to_version) == "1.1.0.0"


def test_what_was_asked_for_is_blocked_too() -> None:
    asked = enrolled(target=Version.parse("1.1"))
    found = planned(configuration(block="Contoso.Sample/Agent@1.1"), asked, images("1.1"), automatic=False)
    assert (found.move, found.decision.reason) == (None, Reason.BLOCKED_BY_POLICY)


def test_settings_of_a_denied_extension_are_not_applied() -> None:
    asked = enrolled(settings_due=True)
    found = planned(configuration("Allow/None"), asked, images("1.0"), automatic=False)
    assert (found.move, found.decision.reason) == (None, Reason.BLOCKED_BY_POLICY)


def test_no_list_keeps_a_denied_extension_from_being_removed() -> None:
    found = planned(configuration("Allow/None"), enrolled(removing=True), images())
    assert found.move is not None
    assert found.move.kind is OperationKind.REMOVE


def test_switched_off_nothing_runs_at_all() -> None:
    off = configuration(enabled=False)
    for subject in (enrolled(), enrolled(None), enrolled(removing=True), enrolled(settings_due=True)):
        found = planned(off, subject, images("1.1"))
        assert (found.move, found.decision.reason) == (None, Reason.BLOCKED_BY_POLICY)
