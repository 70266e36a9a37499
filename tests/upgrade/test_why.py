"""All that stands in an extension's way, found by asking the one rule book again (issue 5, Why)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial

from hypothesis import given
from hypothesis import strategies as st

from connectedmachine.model.configuration import Configuration, Mode, entries
from connectedmachine.model.decision import Reason
from connectedmachine.model.operation import OperationKind, StepOutcome
from connectedmachine.model.pin import Pin
from connectedmachine.model.policy import ARC_2021, Hold
from connectedmachine.model.version import VersionRequest
from connectedmachine.upgrade.calendar import Closed
from connectedmachine.upgrade.images import Images
from connectedmachine.upgrade.order import Obstacle, Standing
from connectedmachine.upgrade.plan import plan
from connectedmachine.upgrade.subject import Sibling, Subject
from connectedmachine.upgrade.why import Way, as_of, telling, way
from upgrade.support import START, play
from upgrade.support import operation as an_operation
from upgrade.test_plan import ELSEWHERE, HERE, MACHINE, backoff, enrolled, hold, image, images, version

# What nobody on this machine can lift: there is nowhere to go.
FINAL = {Reason.UP_TO_DATE, Reason.NO_IMAGE, Reason.PLATFORM_MISMATCH, Reason.MAJOR_ONLY}

versions = st.sampled_from(["1.0", "1.1", "1.2", "2.0"])
holds = st.builds(
    Hold,
    st.sampled_from(["agent", "beside"]),
    st.none() | st.sampled_from(["1", "1.1", "2.0.0.0"]).map(VersionRequest.parse),
    st.sampled_from([None, START + timedelta(days=1), START - timedelta(days=1)]),
    st.just(""),
    st.just(START),
)
pins = st.builds(
    Pin.of,
    st.sampled_from(["agent", "beside"]),
    st.sampled_from(["1", "1.0", "1.1", "1.2.0.0", "2"]).map(VersionRequest.parse),
    st.just(""),
    st.just(START),
    block=st.booleans(),
)
configurations = st.builds(
    Configuration,
    st.booleans(),
    st.sampled_from(["", "Contoso.Sample/Agent", "Allow/None", "Contoso.Sample/Agent@1.1"]).map(
        lambda text: entries(text.split())
    ),
    st.sampled_from(["", "Contoso.Sample/Agent", "Contoso.Sample/Agent@1.1 Contoso.Sample/Agent@1.2"]).map(
        lambda text: entries(text.split())
    ),
    st.sampled_from(Mode),
)
offers = st.lists(
    st.builds(image, versions, platform=st.sampled_from([HERE, ELSEWHERE]), supports=st.booleans()),
    max_size=4,
).map(Images)
backoffs = st.builds(backoff, versions, st.integers(1, 3)).flatmap(
    lambda failed: st.sampled_from([failed, replace(failed, waived=True)])
)
subjects = st.builds(
    enrolled,
    st.none() | versions,
    enrolled=st.booleans(),
    shared=st.none() | versions.map(version),
    siblings=st.lists(
        st.builds(Sibling, st.just("beside"), st.booleans(), st.booleans(), st.lists(backoffs, max_size=1)),
        max_size=2,
    ),
    target=st.none() | versions.map(version),
    removing=st.booleans(),
    stopped=st.booleans(),
    settings_due=st.booleans(),
    busy=st.booleans(),
    pending=st.none() | st.just("The old version does not start."),
    holds=st.lists(holds, max_size=3),
    backoffs=st.lists(backoffs, max_size=2),
    policy=st.none() | st.just(replace(ARC_2021, retry_limit=2)),
    pins=st.lists(pins, max_size=3),
    window=st.none() | st.just(Closed("It opens tomorrow.", START + timedelta(days=1))),
    obstacle=st.none() | st.builds(Obstacle, st.sampled_from(Standing), st.just("It waits.")),
)


def found(subject: Subject, offered: Images, configuration: Configuration = Configuration()) -> Way:  # noqa: B008
    ask = partial(
        plan, images=offered, machine_id=MACHINE, platform=HERE, policy=ARC_2021, now=START, automatic=True
    )
    return way(subject, ask, supported={}, configuration=configuration, now=START)


@given(subjects, offers, configurations)
def test_with_all_that_is_listed_gone_it_moves_or_there_is_nowhere_to_go(
    subject: Subject, offered: Images, configuration: Configuration
) -> None:
    answer = found(subject, offered, configuration)

    if answer.now.move is not None:
        assert answer.obstacles == ()
    elif answer.obstacles:
        assert answer.obstacles[0].decision == answer.now.decision
    else:
        assert answer.now.decision.reason is Reason.UP_TO_DATE
    assert answer.then.move is not None or answer.then.decision.reason in FINAL
    # Each is lifted before the next is met, so none comes twice, and what nobody can lift comes last.
    assert all(one.decision.reason not in FINAL for one in answer.obstacles[:-1])


def test_every_obstacle_is_named_not_the_first_alone() -> None:
    subject = enrolled(
        enrolled=False,
        stopped=True,
        busy=True,
        siblings=[Sibling("beside", False, True)],
        holds=[hold(reason="audit"), hold("1.1")],
        backoffs=[backoff("1.1", 2)],
        pins=[Pin.of("beside", VersionRequest.parse("1.0"), "", START, block=False)],
        window=Closed("It opens tomorrow.", START + timedelta(days=1)),
    )
    closed = Configuration(False, entries(["Contoso.Sample/Other"]), entries(["Contoso.Sample/Agent"]))

    answer = found(subject, Images([image("1.1", supports=False)]), closed)

    assert [one.decision.reason for one in answer.obstacles] == [
        Reason.OPERATION_IN_PROGRESS,
        Reason.BLOCKED_BY_POLICY,  # switched off
        Reason.INTERRUPTED,
        Reason.BLOCKED_BY_POLICY,  # blocklist
        Reason.BLOCKED_BY_POLICY,  # allowlist
        Reason.NOT_ENROLLED,
        Reason.INTERRUPTED,  # beside
        Reason.NOT_ENROLLED,  # beside
        Reason.PINNED,
        Reason.NOT_SUPPORTED_BY_PUBLISHER,
        Reason.HELD,
        Reason.HELD,
        Reason.RETRY_NOT_DUE,
        Reason.OUTSIDE_WINDOW,
    ]
    assert answer.then.move is not None
    assert str(answer.then.decision.to_version) == "1.1.0.0"


def test_what_is_up_to_date_has_nothing_in_its_way() -> None:
    answer = found(enrolled("1.1"), images("1.1"))
    assert (answer.obstacles, answer.then) == ((), answer.now)


def test_one_that_is_not_enrolled_and_has_nowhere_to_go_says_both() -> None:
    answer = found(enrolled("1.1", enrolled=False), images("1.1"))
    assert [one.decision.reason for one in answer.obstacles] == [Reason.NOT_ENROLLED]
    assert answer.then.decision.reason is Reason.UP_TO_DATE


def test_an_install_that_waits_for_another_says_what_else_is_in_its_way() -> None:
    waits = enrolled(None, obstacle=Obstacle(Standing.FAILED, "It waits."), holds=[hold("1.1")])
    answer = found(waits, images("1.1"))
    assert [one.decision.reason for one in answer.obstacles] == [Reason.HELD, Reason.DEPENDENCY_FAILED]
    assert answer.then.move is not None
    assert answer.then.move.kind is OperationKind.INSTALL


def test_an_operation_is_shown_as_it_stood() -> None:
    rolled_back = play(an_operation(), {"enable(new)": [StepOutcome.FAILED]}).operation
    ended = replace(rolled_back, ended=START + timedelta(hours=1), message="It is back.")
    enabling = next(r for r in ended.journal if str(r.step) == "enable(new)")

    then = as_of(ended, enabling.began)

    assert (then.ended, then.message) == (None, "")
    assert str(then.journal[-1].step) == "enable(new)"
    assert then.journal[-1].outcome is None
    assert as_of(ended, START + timedelta(hours=1)) == ended


def test_what_tells_most_of_an_operation_is_its_first_failure() -> None:
    failed = play(an_operation(), {"enable(new)": [StepOutcome.FAILED]}).operation
    record = telling(failed)
    assert record is not None
    assert (str(record.step), record.exit_code) == ("enable(new)", 7)
    assert telling(an_operation()) is None
