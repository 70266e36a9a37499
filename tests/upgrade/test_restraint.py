"""Pins, and when a version that failed is tried again (decision 21)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectedmachine.model.decision import Reason
from connectedmachine.model.operation import End, Outcome, Side
from connectedmachine.model.pin import Pin, PinKind
from connectedmachine.model.policy import ARC_2021, ARC_2025, DAY, Backoff, Policy
from connectedmachine.model.version import Version, VersionRequest
from connectedmachine.upgrade.restraint import blames, pinned_out, retry_at
from connectedmachine.upgrade.subject import Sibling
from upgrade.support import START, operation
from upgrade.test_plan import MACHINE, backoff, enrolled, hold, images, moves_to, planned, version

_PARTS = st.lists(st.integers(0, 3), min_size=1, max_size=4).map(tuple)
_FULL = st.tuples(*[st.integers(0, 3)] * 4)
_TAG = st.sampled_from(["", "beta1"])


def pin(text: str, *, block: bool = False, extension: str = "agent", reason: str = "") -> Pin:
    return Pin.of(extension, VersionRequest.parse(text), reason, START, block=block)


def block(text: str) -> Pin:
    return pin(text, block=True)


# What a pin means.


@pytest.mark.parametrize(
    ("text", "kind"), [("1", PinKind.PREFIX), ("1.2.3", PinKind.PREFIX), ("1.2.3.4", PinKind.EXACT)]
)
def test_four_numbers_are_an_exact_pin_and_fewer_are_a_prefix(text: str, kind: PinKind) -> None:
    assert pin(text).kind is kind
    assert block(text).kind is PinKind.BLOCK


@given(_PARTS, _FULL, _TAG)
def test_a_pin_lets_through_exactly_what_a_block_of_the_same_keeps_out(
    parts: tuple[int, ...], full: tuple[int, int, int, int], tag: str
) -> None:
    text, found = ".".join(map(str, parts)), Version(full, tag)
    assert pin(text).excludes(found) is not block(text).excludes(found)


@given(_PARTS, _FULL)
def test_a_pin_means_the_versions_that_begin_with_its_numbers(
    parts: tuple[int, ...], full: tuple[int, int, int, int]
) -> None:
    """A longer number that begins with the same digits is another one: 1.2 is not 1.20."""
    begins = f"{Version(full)}.".startswith(".".join(map(str, parts)) + ".")
    assert pin(".".join(map(str, parts))).excludes(Version(full)) is not begins


@given(_FULL, st.lists(st.tuples(_PARTS, st.booleans()), max_size=4))
def test_what_gets_through_pins_is_what_each_of_them_lets_through(
    full: tuple[int, int, int, int], wanted: list[tuple[tuple[int, ...], bool]]
) -> None:
    pins = [pin(".".join(map(str, parts)), block=blocks) for parts, blocks in wanted]
    assert (pinned_out(pins, Version(full)) is None) == all(not p.excludes(Version(full)) for p in pins)


def test_an_exact_pin_is_not_its_pre_release_and_a_prefix_is() -> None:
    assert pin("1.2.0.0").excludes(version("1.2-beta"))
    assert not pin("1.2").excludes(version("1.2-beta"))
    assert block("1.2").excludes(version("1.2-beta"))


# In a plan.


def test_it_moves_to_the_newest_version_that_its_pin_allows() -> None:
    offered = images("1.0", "1.1", "1.1.7", "1.2", "1.20")
    assert moves_to(planned(enrolled(pins=[pin("1.1")]), offered)) == "1.1.7.0"
    assert moves_to(planned(enrolled(pins=[pin("1.1.0.0")]), offered)) == "1.1.0.0"
    assert moves_to(planned(enrolled(pins=[block("1.20"), block("1.2")]), offered)) == "1.1.7.0"


def test_when_all_that_is_newer_is_pinned_out_the_reason_names_the_pin() -> None:
    found = planned(enrolled(pins=[pin("1.0", reason="as tested")]), images("1.0", "1.1"))
    assert (found.move, found.decision.reason) == (None, Reason.PINNED)
    assert found.decision.message == "The pin to 1.0 excludes 1.1.0.0: as tested."
    assert (str(found.decision.to_version), found.decision.next_look) == ("1.1.0.0", None)


def test_a_pin_with_nothing_to_keep_out_is_not_the_reason() -> None:
    assert planned(enrolled(pins=[pin("1")]), images("1.0")).decision.reason is Reason.UP_TO_DATE
    assert planned(enrolled(pins=[pin("1")]), images("1.0", "2.0")).decision.reason is Reason.MAJOR_ONLY


def test_a_pin_that_excludes_what_is_installed_takes_it_neither_down_nor_out() -> None:
    found = planned(enrolled("1.5", pins=[pin("1.1")]), images("1.1", "1.5"))
    assert (found.move, found.decision.reason) == (None, Reason.UP_TO_DATE)
    assert moves_to(planned(enrolled("1.5", pins=[block("1.5")]), images("1.1", "1.5", "1.6"))) == "1.6.0.0"


def test_a_first_install_chooses_within_its_pins() -> None:
    offered = images("1.0", "1.1", "1.2")
    assert moves_to(planned(enrolled(None, pins=[pin("1.1")]), offered)) == "1.1.0.0"
    kept = planned(enrolled(None, pins=[pin("3")]), offered)
    assert (kept.move, kept.decision.reason) == (None, Reason.PINNED)


def test_a_first_install_takes_an_older_match_where_its_best_is_held() -> None:
    assert moves_to(planned(enrolled(None, holds=[hold("1.2")]), images("1.1", "1.2"))) == "1.1.0.0"


@pytest.mark.parametrize("automatic", [True, False])
def test_a_version_that_was_asked_for_before_the_pin_came_is_not_taken(automatic: bool) -> None:
    subject = enrolled(target=version("1.1"), pins=[pin("1.0")])
    found = planned(subject, images("1.1"), automatic=automatic)
    assert (found.move, found.decision.reason) == (None, Reason.PINNED)


def test_the_pin_of_one_that_shares_a_version_binds_and_is_named() -> None:
    subject = enrolled(pins=[pin("1.0", extension="other")], siblings=[Sibling("other", True, False)])
    found = planned(subject, images("1.1"))
    assert found.decision.reason is Reason.PINNED
    assert "'other', which shares its version" in found.decision.message


def test_joining_the_version_of_others_asks_its_own_pins_only() -> None:
    shared = enrolled(None, shared=version("1.0"), siblings=[Sibling("other", True, False)])
    theirs = planned(replace(shared, pins=[pin("1.1", extension="other")]), images("1.0"))
    assert theirs.move is not None
    assert planned(replace(shared, pins=[pin("1.1")]), images("1.0")).decision.reason is Reason.PINNED


# Tries of a version that failed.


def failed(times: int, after: float = 0.0) -> Backoff:
    return Backoff(version("1.1"), times, START + timedelta(seconds=after), START)


def wait(times: int, policy: Policy) -> float:
    due = retry_at(failed(times), replace(policy, retry_jitter=0.0), MACHINE)
    assert due is not None
    return (due - START).total_seconds()


def test_a_growing_pause_grows_to_its_longest() -> None:
    policy = replace(ARC_2021, retry_interval=10.0, retry_growth=3.0, retry_longest=100.0)
    assert [wait(times, policy) for times in (1, 2, 3, 4, 1000)] == [10, 30, 90, 100, 100]


def test_the_longest_pause_never_shortens_the_interval_itself() -> None:
    assert wait(1, replace(ARC_2021, retry_longest=60.0)) == 3 * DAY


def test_today_s_arc_retries_after_an_hour_and_then_ever_more_rarely_down_to_once_a_day() -> None:
    assert [wait(times, ARC_2025) / 3600 for times in (1, 2, 3, 6, 99)] == [1, 2, 4, 24, 24]


def test_after_its_last_try_a_version_waits_for_somebody_to_ask() -> None:
    subject = enrolled(policy=replace(ARC_2021, retry_limit=2), backoffs=[failed(2)])
    later = START + timedelta(days=3650)
    found = planned(subject, images("1.1"), now=later)
    assert (found.move, found.decision.reason, found.decision.next_look) == (None, Reason.RETRY_NOT_DUE, None)
    assert "Start-AzConnectedMachineUpgrade -Retry" in found.decision.message
    once = replace(subject, backoffs=[failed(1)])
    assert moves_to(planned(once, images("1.1"), now=later)) == "1.1.0.0"


def test_a_newer_version_ends_the_wait_for_somebody_to_ask() -> None:
    subject = enrolled(policy=replace(ARC_2021, retry_limit=1), backoffs=[failed(1)])
    assert moves_to(planned(subject, images("1.1", "1.2"))) == "1.2.0.0"


def test_no_try_is_due_later_than_policy_tries_a_version() -> None:
    policy = replace(ARC_2021, retry_interval=100.0, retry_for=250.0, retry_jitter=0.0)
    assert retry_at(failed(2, after=150.0), policy, MACHINE) == START + timedelta(seconds=250)
    assert retry_at(failed(2, after=151.0), policy, MACHINE) is None


def test_a_waived_failure_is_tried_again_at_once_whatever_its_limits() -> None:
    waived = replace(failed(5), waived=True)
    assert (
        moves_to(planned(enrolled(policy=replace(ARC_2021, retry_limit=1), backoffs=[waived]), images("1.1")))
        == "1.1.0.0"
    )


def test_a_clock_set_back_makes_no_try_due() -> None:
    subject = enrolled(backoffs=[backoff("1.1")])
    assert planned(subject, images("1.1"), now=START - timedelta(days=9)).move is None


@given(
    st.integers(1, 10_000),
    st.floats(0.001, 365 * DAY),
    st.floats(1, 10),
    st.floats(0, 365 * DAY),
    st.floats(0, 1),
)
def test_no_policy_makes_a_wait_that_is_shorter_than_its_interval_or_without_end(
    times: int, interval: float, growth: float, longest: float, jitter: float
) -> None:
    policy = replace(
        ARC_2021, retry_interval=interval, retry_growth=growth, retry_longest=longest, retry_jitter=jitter
    )
    due = retry_at(failed(times), policy, MACHINE)
    assert due is not None
    assert interval - 0.001 <= (due - START).total_seconds() <= 2 * 365 * DAY


def test_what_failed_on_one_that_would_move_along_keeps_all_of_them_from_it() -> None:
    sibling = Sibling("other", True, False, [failed(1)])
    waiting = planned(enrolled(siblings=[sibling]), images("1.1"))
    assert (waiting.move, waiting.decision.reason) == (None, Reason.RETRY_NOT_DUE)
    retried = Sibling("other", True, False, [replace(failed(1), waived=True)])
    assert moves_to(planned(enrolled(siblings=[retried]), images("1.1"))) == "1.1.0.0"


def test_joining_the_version_of_others_waits_for_its_own_failures_only() -> None:
    shared = enrolled(None, shared=version("1.1"), siblings=[Sibling("other", True, False, [failed(1)])])
    assert planned(shared, images("1.1")).move is not None


def test_of_several_waits_the_longest_counts() -> None:
    sibling = Sibling("other", True, False, [failed(1, after=60.0)])
    found = planned(enrolled(siblings=[sibling], backoffs=[failed(1)]), images("1.1"))
    assert found.decision.next_look == retry_at(failed(1, after=60.0), ARC_2021, MACHINE)
    never = replace(ARC_2021, retry_limit=2)
    more = enrolled(policy=never, siblings=[sibling], backoffs=[failed(2)])
    assert planned(more, images("1.1")).decision.next_look is None


# What counts as a failure of a version.


def rolled_back(code: str) -> End:
    return End(Outcome.ROLLED_BACK, "", Side.OLD, code)


@pytest.mark.parametrize("before", ["", "Unhealthy", "DiskFull"])
def test_a_failure_counts_whatever_was_before_it(before: str) -> None:
    earlier = replace(operation(), outcome=Outcome.ROLLED_BACK, code=before) if before else None
    assert blames(rolled_back("Unhealthy"), earlier)


def test_a_full_disk_does_not_count() -> None:
    assert not blames(rolled_back("DiskFull"), None)
    assert not blames(rolled_back("DiskFull"), replace(operation(), outcome=Outcome.FAILED, code="DiskFull"))


def test_a_version_that_was_rolled_back_twice_in_a_row_for_a_full_disk_may_be_what_fills_it() -> None:
    before = replace(operation(), outcome=Outcome.ROLLED_BACK, code="DiskFull")
    assert blames(rolled_back("DiskFull"), before)
    assert not blames(End(Outcome.FAILED, "", Side.OLD, "DiskFull"), before)


def test_what_was_cancelled_or_went_well_does_not_count() -> None:
    assert not blames(End(Outcome.CANCELLED, "", Side.OLD, "Held"), None)
    assert not blames(End(Outcome.FAILED, "", Side.NEW, "ManifestMissing"), None)
