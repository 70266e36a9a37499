"""Which extensions move, and the reason for each that does not (design page sections 4 and 7)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectedmachine.model.decision import Reason
from connectedmachine.model.image import Architecture, ExtensionImage, OSType, Platform
from connectedmachine.model.operation import OperationKind
from connectedmachine.model.policy import ARC_2021, ARC_2025, Backoff, Hold, Policy
from connectedmachine.model.version import Version, VersionRequest
from connectedmachine.upgrade.images import Images
from connectedmachine.upgrade.plan import plan
from connectedmachine.upgrade.restraint import retry_at
from connectedmachine.upgrade.subject import Planned, Subject
from upgrade.support import AGENT, START

HERE = Platform(OSType.LINUX, Architecture.X64)
ELSEWHERE = Platform(OSType.WINDOWS, Architecture.X64)
MACHINE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.HybridCompute/machines/m"


def version(text: str) -> Version:
    return Version.parse(text)


def image(
    text: str,
    *,
    platform: Platform = HERE,
    withdrawn: bool = False,
    gallery: str = "default",
    supports: bool = True,
) -> ExtensionImage:
    return ExtensionImage(
        gallery, AGENT, version(text), platform, supports, f"{gallery}-{text}", 1, "2026-11-01", withdrawn
    )


def images(*offered: str | ExtensionImage) -> Images:
    return Images(image(one) if isinstance(one, str) else one for one in offered)


def enrolled(installed: str | None = "1.0", requested: str = "", **changes: object) -> Subject:
    subject = Subject(
        name="agent",
        handler=AGENT,
        requested=VersionRequest.parse(requested),
        installed=None if installed is None else version(installed),
        enrolled=True,
    )
    return replace(subject, **changes)  # type: ignore[arg-type] # each caller gives the right type


def planned(
    subject: Subject,
    offered: Images,
    *,
    now: datetime = START,
    policy: Policy = ARC_2021,
    automatic: bool = True,
    supported: bool = False,
    platform: Platform = HERE,
) -> Planned:
    return plan(
        subject,
        offered,
        machine_id=MACHINE,
        platform=platform,
        policy=policy,
        supported={AGENT.key: supported},
        now=now,
        automatic=automatic,
    )


def moves_to(found: Planned) -> str | None:
    """The version that a move leads to."""
    return None if found.move is None or found.move.image is None else str(found.move.image.version)


def hold(text: str | None = None, until: datetime | None = None, reason: str = "") -> Hold:
    return Hold("agent", None if text is None else VersionRequest.parse(text), until, reason, START)


def backoff(text: str, failures: int = 1, failed_at: datetime = START) -> Backoff:
    return Backoff(version(text), failures, failed_at, failed_at)


def due_at(failed: Backoff, policy: Policy = ARC_2021, machine: str = MACHINE) -> datetime:
    due = retry_at(failed, policy, machine)
    assert due is not None
    return due


# An enrolled extension.


def test_it_moves_to_the_newest_version() -> None:
    found = planned(enrolled(), images("1.2", "1.10", "1.1"))
    assert moves_to(found) == "1.10.0.0"
    assert found.move is not None
    assert (found.move.kind, found.move.automatic) == (OperationKind.CHANGE_VERSION, True)
    decision = found.decision
    assert (decision.reason, str(decision.from_version), str(decision.to_version)) == (
        Reason.UPGRADED,
        "1.0.0.0",
        "1.10.0.0",
    )


@pytest.mark.parametrize("requested", ["", "1", "1.0", "1.0.0.0", "2.0", "1.0.0.0-beta"])
def test_it_moves_whatever_was_requested(requested: str) -> None:
    assert moves_to(planned(enrolled(requested=requested), images("1.0", "1.1"))) == "1.1.0.0"


def test_it_never_moves_to_another_major() -> None:
    found = planned(enrolled(requested="2"), images("1.0", "2.0"))
    assert found.move is None
    assert found.decision.reason is Reason.MAJOR_ONLY
    assert str(found.decision.to_version) == "2.0.0.0"


def test_a_newer_major_does_not_hide_a_newer_minor() -> None:
    assert moves_to(planned(enrolled(), images("2.0", "1.1", "1.0"))) == "1.1.0.0"


def test_the_newest_version_stays() -> None:
    found = planned(enrolled("1.1"), images("1.0", "1.1"))
    assert (found.move, found.decision.reason) == (None, Reason.UP_TO_DATE)


def test_a_version_that_is_newer_than_all_that_is_offered_stays() -> None:
    assert planned(enrolled("1.5"), images("1.0")).decision.reason is Reason.UP_TO_DATE


def test_a_withdrawn_version_is_never_chosen() -> None:
    offered = images("1.0", "1.1", image("1.2", withdrawn=True))
    assert moves_to(planned(enrolled(), offered)) == "1.1.0.0"


def test_a_pre_release_never_comes_by_itself() -> None:
    assert planned(enrolled(), images("1.0", "1.1-beta")).decision.reason is Reason.UP_TO_DATE


def test_a_pre_release_moves_on_to_its_release() -> None:
    assert moves_to(planned(enrolled("1.1-beta"), images("1.1-beta", "1.1"))) == "1.1.0.0"


def test_an_image_for_another_platform_is_not_seen() -> None:
    offered = images("1.0", image("1.1", platform=ELSEWHERE))
    assert planned(enrolled(), offered).decision.reason is Reason.UP_TO_DATE


def test_images_for_other_platforms_alone_are_said_to_be_such() -> None:
    offered = images(image("1.1", platform=ELSEWHERE))
    assert planned(enrolled(), offered).decision.reason is Reason.PLATFORM_MISMATCH


@pytest.mark.parametrize("offered", [images(), images(image("1.1", withdrawn=True))])
def test_no_image_is_said_to_be_such(offered: Images) -> None:
    assert planned(enrolled(), offered).decision.reason is Reason.NO_IMAGE


def test_an_image_for_any_architecture_fits() -> None:
    anywhere = Platform(OSType.LINUX, Architecture.ANY)
    assert moves_to(planned(enrolled(), images(image("1.1", platform=anywhere)))) == "1.1.0.0"


def test_an_image_for_another_architecture_does_not() -> None:
    arm = Platform(OSType.LINUX, Architecture.ARM64)
    offered = images("1.0", image("1.1", platform=arm))
    assert planned(enrolled(), offered).move is None


def test_of_the_same_version_in_two_galleries_the_first_gallerys_is_taken() -> None:
    offered = images(image("1.1", gallery="first"), "1.0", image("1.1", gallery="second"))
    found = planned(enrolled(), offered)
    assert found.move is not None
    assert found.move.image is not None
    assert found.move.image.gallery == "first"


@pytest.mark.parametrize(("image_says", "catalogue_says"), [(True, False), (False, True), (True, True)])
def test_either_the_image_or_the_catalogue_may_say_that_the_publisher_supports_it(
    image_says: bool, catalogue_says: bool
) -> None:
    offered = images(image("1.1", supports=image_says))
    assert planned(enrolled(), offered, supported=catalogue_says).move is not None


def test_without_the_publishers_support_it_stays() -> None:
    found = planned(enrolled(), images(image("1.1", supports=False)))
    assert (found.move, found.decision.reason) == (None, Reason.NOT_SUPPORTED_BY_PUBLISHER)


def test_one_that_is_not_enrolled_stays() -> None:
    found = planned(enrolled(enrolled=False), images("1.1"))
    assert (found.move, found.decision.reason) == (None, Reason.NOT_ENROLLED)


PARTS = st.tuples(*[st.integers(0, 3)] * 4)


@given(st.lists(PARTS, min_size=1, max_size=12), PARTS, st.booleans())
def test_by_itself_it_only_ever_moves_up_and_within_its_major(
    offered: list[tuple[int, int, int, int]], installed: tuple[int, int, int, int], asked: bool
) -> None:
    subject = replace(
        enrolled(), installed=Version(installed), requested=VersionRequest((3,) if asked else ())
    )
    found = planned(subject, images(*(str(Version(parts)) for parts in offered)))
    newer = [p for p in offered if p > installed and p[0] == installed[0]]
    assert moves_to(found) == (str(Version(max(newer))) if newer else None)


# Holds.


def test_a_hold_keeps_an_extension_from_moving() -> None:
    found = planned(enrolled(holds=[hold(reason="month end")]), images("1.1"))
    assert (found.move, found.decision.reason) == (None, Reason.HELD)
    assert "month end" in found.decision.message
    assert found.decision.next_look is None


def test_a_hold_ends_at_its_time() -> None:
    until = START + timedelta(hours=1)
    subject = enrolled(holds=[hold(until=until)])
    held = planned(subject, images("1.1"), now=until - timedelta(microseconds=1))
    assert (held.decision.reason, held.decision.next_look) == (Reason.HELD, until)
    assert moves_to(planned(subject, images("1.1"), now=until)) == "1.1.0.0"


def test_a_hold_on_a_version_lets_others_through() -> None:
    subject = enrolled(holds=[hold("1.2")])
    assert moves_to(planned(subject, images("1.1", "1.2"))) == "1.1.0.0"
    assert moves_to(planned(subject, images("1.1", "1.2", "1.3"))) == "1.3.0.0"


def test_holds_on_every_newer_version_keep_it() -> None:
    subject = enrolled(holds=[hold("1.1"), hold("1.2")])
    assert planned(subject, images("1.1", "1.2")).decision.reason is Reason.HELD


def test_a_hold_with_nothing_to_hold_back_is_not_the_reason() -> None:
    assert planned(enrolled("1.1", holds=[hold()]), images("1.1")).decision.reason is Reason.UP_TO_DATE


# Backoff.


def test_a_version_that_failed_is_not_tried_again_before_its_time() -> None:
    subject = enrolled(backoffs=[backoff("1.1")])
    due = due_at(backoff("1.1"))
    waiting = planned(subject, images("1.1"), now=due - timedelta(seconds=1))
    assert (waiting.move, waiting.decision.reason) == (None, Reason.RETRY_NOT_DUE)
    assert waiting.decision.next_look == due
    assert moves_to(planned(subject, images("1.1"), now=due)) == "1.1.0.0"


def test_a_clock_that_was_set_back_a_day_has_nothing_tried_early() -> None:
    subject = enrolled(backoffs=[backoff("1.1")])
    found = planned(subject, images("1.1"), now=START - timedelta(days=1))
    assert found.decision.reason is Reason.RETRY_NOT_DUE


def test_a_newer_version_ends_a_backoff() -> None:
    assert moves_to(planned(enrolled(backoffs=[backoff("1.1")]), images("1.1", "1.2"))) == "1.2.0.0"


def test_a_backoff_keeps_it_from_older_versions_too() -> None:
    """After a failure only a newer version is worth a try."""
    found = planned(enrolled(backoffs=[backoff("1.2")]), images("1.1", "1.2"))
    assert (found.move, found.decision.reason) == (None, Reason.RETRY_NOT_DUE)


def test_when_what_failed_is_withdrawn_the_next_best_is_free() -> None:
    offered = images("1.1", image("1.2", withdrawn=True))
    assert moves_to(planned(enrolled(backoffs=[backoff("1.2")]), offered)) == "1.1.0.0"


def test_the_extensions_own_policy_says_when_a_retry_is_due() -> None:
    subject = enrolled(backoffs=[backoff("1.1")], policy=replace(ARC_2021, retry_interval=60.0))
    assert moves_to(planned(subject, images("1.1"), now=START + timedelta(seconds=67))) == "1.1.0.0"


@given(st.integers(1, 60), st.text(min_size=1), st.sampled_from([ARC_2021, ARC_2025]))
def test_a_retry_is_put_off_by_less_than_a_tenth_and_always_by_the_same(
    failures: int, machine: str, policy: Policy
) -> None:
    failed = backoff("1.1", failures)
    due = due_at(failed, policy, machine)
    steady = due_at(failed, replace(policy, retry_jitter=0.0), machine)
    share = (due - START) / (steady - START) - 1
    assert 0 <= share < policy.retry_jitter <= 0.1
    assert due_at(failed, policy, machine) == due


def test_machines_do_not_retry_all_at_once() -> None:
    assert len({due_at(backoff("1.1"), machine=f"machine {n}") for n in range(50)}) == 50


def test_each_further_failure_lengthens_the_interval_by_the_policys_growth() -> None:
    policy = replace(ARC_2021, retry_interval=100.0, retry_growth=2.0)
    waits = [(due_at(backoff("1.1", n), policy) - START).total_seconds() for n in (1, 2, 3)]
    assert waits[1] == pytest.approx(2 * waits[0])
    assert waits[2] == pytest.approx(4 * waits[0])


# What a user asked for.


def test_an_explicit_version_moves_up_down_and_across_majors() -> None:
    for target in ("0.9", "1.1", "2.0"):
        found = planned(enrolled(target=version(target)), images("0.9", "1.1", "2.0", "1.0"))
        assert moves_to(found) == str(version(target))
        assert found.move is not None
        assert found.move.automatic is False


def test_an_explicit_version_is_delayed_by_neither_hold_nor_backoff() -> None:
    subject = enrolled(target=version("1.1"), holds=[hold(), hold("1.1")], backoffs=[backoff("1.1")])
    assert moves_to(planned(subject, images("1.1"))) == "1.1.0.0"


def test_an_explicit_version_needs_no_enrolment_and_no_support() -> None:
    subject = enrolled(enrolled=False, target=version("1.1"))
    assert moves_to(planned(subject, images(image("1.1", supports=False)))) == "1.1.0.0"


def test_an_explicit_pre_release_moves() -> None:
    assert moves_to(planned(enrolled(target=version("1.1-beta")), images("1.1-beta"))) == "1.1.0.0-beta"


@pytest.mark.parametrize(
    "gone", [image("1.1", withdrawn=True), image("1.1", platform=ELSEWHERE), image("1.2")]
)
def test_an_explicit_version_that_is_gone_moves_nothing(gone: ExtensionImage) -> None:
    subject = enrolled(enrolled=False, target=version("1.1"))
    found = planned(subject, images("1.0", gone))
    assert (found.move, found.decision.reason) == (None, Reason.NO_IMAGE)


def test_an_explicit_version_that_is_gone_keeps_no_settings_back() -> None:
    found = planned(enrolled(target=version("1.1"), settings_due=True), images("1.0"))
    assert found.move is not None
    assert found.move.kind is OperationKind.CONFIGURE


def test_an_explicit_version_that_is_gone_keeps_no_upgrade_back() -> None:
    """An enrolled extension moves whatever was requested."""
    assert moves_to(planned(enrolled(target=version("1.1")), images("1.0", "1.2"))) == "1.2.0.0"


def test_an_explicit_version_that_is_installed_already_moves_nothing() -> None:
    subject = enrolled("1.1", enrolled=False, target=version("1.1"))
    assert planned(subject, images("1.1", "1.2")).move is None


def test_new_settings_are_applied_whatever_is_held() -> None:
    found = planned(enrolled(settings_due=True, enrolled=False, holds=[hold()]), images())
    assert found.move is not None
    assert (found.move.kind, found.move.image) == (OperationKind.CONFIGURE, None)


def test_a_new_version_brings_new_settings_along() -> None:
    found = planned(enrolled(settings_due=True, target=version("1.1")), images("1.1"))
    assert moves_to(found) == "1.1.0.0"


def test_a_look_for_what_users_asked_for_never_upgrades() -> None:
    found = planned(enrolled(), images("1.1"), automatic=False)
    assert (found.move, found.decision.reason) == (None, Reason.UP_TO_DATE)


def test_a_look_for_what_users_asked_for_never_installs_by_itself() -> None:
    assert planned(enrolled(None), images("1.1"), automatic=False).move is None


# A wish that nothing fulfils yet.


@pytest.mark.parametrize("is_enrolled", [True, False])
def test_a_wish_is_fulfilled_when_an_image_appears(is_enrolled: bool) -> None:
    subject = enrolled(None, "1", enrolled=is_enrolled)
    assert planned(subject, images()).decision.reason is Reason.NO_IMAGE
    found = planned(subject, images("1.1", "1.0", "2.0"))
    assert moves_to(found) == "1.1.0.0"
    assert found.move is not None
    assert found.move.kind is OperationKind.INSTALL
    assert found.decision.reason is Reason.INSTALLED


def test_a_wish_for_another_version_than_is_offered_waits() -> None:
    assert planned(enrolled(None, "9.5"), images("1.1")).decision.reason is Reason.NO_IMAGE


def test_a_wish_waits_for_an_image_of_its_platform() -> None:
    offered = images(image("1.1", platform=ELSEWHERE))
    assert planned(enrolled(None), offered).decision.reason is Reason.PLATFORM_MISMATCH


@pytest.mark.parametrize(("requested", "chosen"), [("", None), ("1", None), ("1.1-beta", "1.1.0.0-beta")])
def test_a_pre_release_is_installed_only_when_asked_for_exactly(requested: str, chosen: str | None) -> None:
    assert moves_to(planned(enrolled(None, requested), images("1.1-beta"))) == chosen


def test_a_first_install_that_failed_waits_for_its_retry() -> None:
    subject = enrolled(None, backoffs=[backoff("1.1")])
    assert planned(subject, images("1.1")).decision.reason is Reason.RETRY_NOT_DUE
    assert moves_to(planned(subject, images("1.1"), now=START + timedelta(days=4))) == "1.1.0.0"


def test_a_first_install_can_be_held() -> None:
    assert planned(enrolled(None, holds=[hold()]), images("1.1")).decision.reason is Reason.HELD


# What comes before everything else.


def test_removal_comes_first() -> None:
    found = planned(enrolled(removing=True, target=version("1.1"), settings_due=True), images("1.1"))
    assert found.move is not None
    assert (found.move.kind, found.decision.reason) == (OperationKind.REMOVE, Reason.REMOVING)


def test_nothing_is_begun_while_an_operation_is_under_way() -> None:
    subject = enrolled(busy=True, removing=True, target=version("1.1"), operation_id="o")
    found = planned(subject, images("1.1"))
    assert (found.move, found.decision.reason) == (None, Reason.OPERATION_IN_PROGRESS)
    assert found.decision.operation_id == "o"


def test_a_pending_rollback_says_why_and_when_it_is_tried_next() -> None:
    due = START + timedelta(minutes=1)
    found = planned(enrolled(busy=True, pending="enable(old) failed.", pending_due=due), images("1.1"))
    assert (found.move, found.decision.reason) == (None, Reason.ROLLBACK_PENDING)
    assert (found.decision.message, found.decision.next_look) == ("enable(old) failed.", due)


def test_what_an_operator_stopped_waits_for_a_user() -> None:
    subject = enrolled(stopped=True, target=version("1.1"))
    found = planned(subject, images("1.1"))
    assert (found.move, found.decision.reason) == (None, Reason.INTERRUPTED)


def test_what_an_operator_stopped_can_be_removed() -> None:
    found = planned(enrolled(stopped=True, removing=True), images())
    assert found.decision.reason is Reason.REMOVING


def test_another_handlers_images_are_not_its_own() -> None:
    foreign = replace(image("1.1"), handler=replace(AGENT, type="Other"))
    assert planned(enrolled(), images(foreign)).decision.reason is Reason.NO_IMAGE


def test_the_spelling_of_a_handler_does_not_matter() -> None:
    shouted = replace(image("1.1"), handler=replace(AGENT, publisher="CONTOSO.SAMPLE"))
    assert moves_to(planned(enrolled(), images(shouted))) == "1.1.0.0"


def versions_of(found: Sequence[ExtensionImage]) -> list[str]:
    return [str(one.version) for one in found]


def test_images_are_listed_newest_first_without_the_withdrawn() -> None:
    offered = images("1.2", "1.10", image("3.0", withdrawn=True), "2.0-rc", "2.0")
    assert versions_of(offered.of(AGENT)) == ["2.0.0.0", "2.0.0.0-rc", "1.10.0.0", "1.2.0.0"]
