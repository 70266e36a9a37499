"""Operations, their journals and samples, as they are read back."""

from __future__ import annotations

import sqlite3
from dataclasses import replace

import pytest

from connectedmachine.model.health import Health, Sample, SourceHealth
from connectedmachine.model.identity import HandlerName
from connectedmachine.model.operation import (
    Choice,
    End,
    Instance,
    OperationKind,
    Outcome,
    Side,
    Step,
    StepName,
    StepOutcome,
    StepRecord,
)
from connectedmachine.store import Store
from store.support import AGENT, MACHINE, MANIFEST, NOW, V1, V2, a_machine, after, an_extension, an_operation
from store.support import installed as an_installed

FETCH = Step(StepName.FETCH, Side.NEW)
UPDATE = Step(StepName.UPDATE, Side.OLD, target=Side.NEW)
ENDED = End(Outcome.ROLLED_BACK, "It was put back.", Side.OLD, "Unhealthy")
OTHER = HandlerName("Contoso.Sample", "Clock")


def test_an_operation_is_read_back_as_it_began(store: Store) -> None:
    store.operations.begin(an_operation())
    assert store.operations.get("operation") == an_operation()


def test_an_operation_on_one_version_is_read_back_as_it_began(store: Store) -> None:
    install = replace(
        an_operation(),
        kind=OperationKind.INSTALL,
        old=None,
        old_manifest=None,
        instances=(Instance("agent", 2, None, old_enabled=False),),
        pass_id=None,
    )
    store.operations.begin(install)
    assert store.operations.get(install.id) == install


def test_an_operation_on_several_extensions_is_read_back_as_it_began(store: Store) -> None:
    instances = (Instance("web", 4, 3, old_enabled=True), Instance("db", 1, None, old_enabled=False))
    shared = replace(an_operation(extension="web"), instances=instances, partial=True)
    store.operations.begin(shared)
    assert store.operations.get(shared.id) == shared


def test_an_operation_is_in_the_history_of_every_extension_that_it_covers(store: Store) -> None:
    instances = (Instance("web", 1, 1, old_enabled=True), Instance("db", 1, 1, old_enabled=True))
    store.operations.begin(replace(an_operation(extension="web"), instances=instances))
    assert [o.id for o in store.operations.history(MACHINE, "DB")] == ["operation"]
    assert store.operations.last_id(MACHINE, "db") == "operation"
    assert store.operations.history(MACHINE, "other") == []


def test_a_step_about_one_extension_is_read_back(store: Store) -> None:
    step = Step(StepName.ENABLE, Side.NEW, instance="web")
    store.operations.begin(an_operation())
    store.operations.intend("operation", step, 0, after(1))
    found = store.operations.get("operation")
    assert found is not None
    assert found.journal[0].step == step


def test_an_unknown_operation_is_none(store: Store) -> None:
    assert store.operations.get("unknown") is None
    assert store.operations.last_id(MACHINE, "agent") is None


def test_the_journal_is_in_the_order_of_its_intents(store: Store) -> None:
    operations = store.operations
    operations.begin(an_operation())
    assert operations.intend("operation", FETCH, 0, after(1)) == 1
    assert operations.intend("operation", UPDATE, 0, after(2)) == 2
    operations.choose("operation", Choice.STOP, after(3))
    # A clock that was set back changes no order.
    assert operations.intend("operation", FETCH, 1, after(-9_999)) == 4
    found = operations.get("operation")
    assert found is not None
    assert [(r.seq, r.step, r.round, r.choice) for r in found.journal] == [
        (1, FETCH, 0, None),
        (2, UPDATE, 0, None),
        (3, None, 0, Choice.STOP),
        (4, FETCH, 1, None),
    ]


def test_an_intent_stands_open_until_its_outcome(store: Store) -> None:
    store.operations.begin(an_operation())
    store.operations.intend("operation", UPDATE, 0, after(1))
    found = store.operations.get("operation")
    assert found is not None
    assert found.journal == (StepRecord(1, UPDATE, 0, after(1)),)


def test_an_outcome_is_read_back_with_its_evidence(store: Store) -> None:
    store.operations.begin(an_operation())
    seq = store.operations.intend("operation", FETCH, 0, after(1))
    record = StepRecord(
        seq, FETCH, 0, after(1), after(2), StepOutcome.FAILED, -5, "HandlerFailed", "it broke", MANIFEST
    )
    store.operations.conclude("operation", record)
    found = store.operations.get("operation")
    assert found is not None
    assert found.journal == (record,)


@pytest.mark.parametrize("outcome", StepOutcome)
def test_every_outcome_is_read_back(store: Store, outcome: StepOutcome) -> None:
    store.operations.begin(an_operation())
    store.operations.intend("operation", FETCH, 0, NOW)
    store.operations.conclude("operation", StepRecord(1, FETCH, 0, NOW, NOW, outcome))
    found = store.operations.get("operation")
    assert found is not None
    assert found.journal[0].outcome is outcome


@pytest.mark.parametrize("choice", Choice)
def test_a_choice_is_read_back_and_is_never_open(store: Store, choice: Choice) -> None:
    store.operations.begin(an_operation())
    store.operations.choose("operation", choice, NOW)
    found = store.operations.get("operation")
    assert found is not None
    assert found.journal == (StepRecord(1, None, 0, NOW, NOW, choice=choice),)


def test_an_end_is_read_back(store: Store) -> None:
    store.operations.begin(an_operation())
    store.operations.end("operation", ENDED, after(9))
    found = store.operations.get("operation")
    assert found == replace(
        an_operation(),
        ended=after(9),
        outcome=Outcome.ROLLED_BACK,
        code="Unhealthy",
        message="It was put back.",
    )


# One at a time.


@pytest.mark.parametrize("handler", [AGENT, HandlerName("CONTOSO.sample", "AGENT")])
def test_a_handler_has_one_unfinished_operation_at_most(store: Store, handler: HandlerName) -> None:
    store.operations.begin(an_operation())
    with pytest.raises(sqlite3.IntegrityError):
        store.operations.begin(an_operation("second", extension="other", handler=handler))
    assert [operation.id for operation in store.operations.unfinished(MACHINE)] == ["operation"]


def test_once_it_ended_the_next_may_begin(store: Store) -> None:
    store.operations.begin(an_operation())
    store.operations.end("operation", ENDED, NOW)
    store.operations.begin(an_operation("second"))
    assert [operation.id for operation in store.operations.unfinished(MACHINE)] == ["second"]


def test_other_handlers_and_other_machines_have_their_own(store: Store) -> None:
    other = a_machine("other", simulated=True)
    store.machines.save(other)
    store.operations.begin(an_operation())
    store.operations.begin(an_operation("clock", handler=OTHER, extension="clock"))
    store.operations.begin(an_operation("elsewhere", machine=other.id))
    assert [operation.id for operation in store.operations.unfinished(MACHINE)] == ["operation", "clock"]
    assert [operation.id for operation in store.operations.unfinished(other.id)] == ["elsewhere"]


# Lists.


def test_unfinished_ones_come_oldest_first(store: Store) -> None:
    for n, began in enumerate([after(5), after(1), after(1)]):
        handler = HandlerName("Contoso", f"H{n}")
        store.operations.begin(an_operation(str(n), began=began, handler=handler))
    assert [operation.id for operation in store.operations.unfinished(MACHINE)] == ["1", "2", "0"]


def test_history_comes_newest_first_with_every_step(store: Store) -> None:
    for n, began in enumerate([after(1), after(5), after(5), after(3)]):
        store.operations.begin(an_operation(str(n), began=began))
        store.operations.intend(str(n), FETCH, 0, began)
        store.operations.end(str(n), ENDED, after(9))
    history = store.operations.history(MACHINE)
    assert [operation.id for operation in history] == ["2", "1", "3", "0"]
    assert [len(operation.journal) for operation in history] == [1, 1, 1, 1]
    assert store.operations.last_id(MACHINE, "AGENT") == "2"


def test_history_can_be_that_of_one_extension_in_any_spelling(store: Store) -> None:
    store.operations.begin(an_operation())
    store.operations.begin(an_operation("clock", handler=OTHER, extension="clock"))
    assert [operation.id for operation in store.operations.history(MACHINE, "CLOCK")] == ["clock"]


def test_history_outlives_its_extension(store: Store) -> None:
    store.extensions.save(an_extension())
    store.operations.begin(an_operation())
    store.operations.end("operation", ENDED, NOW)
    store.extensions.delete(MACHINE, "agent")
    assert [operation.id for operation in store.operations.history(MACHINE, "agent")] == ["operation"]


def test_what_a_pass_began_comes_oldest_first(store: Store) -> None:
    store.operations.begin(an_operation("late", began=after(2)))
    store.operations.begin(an_operation("early", began=after(1), handler=OTHER))
    assert [operation.id for operation in store.operations.of_pass("pass")] == ["early", "late"]
    assert store.operations.of_pass("another") == []


# Pins.


def test_both_zips_of_an_unfinished_operation_are_pinned(store: Store) -> None:
    store.operations.begin(an_operation())
    assert store.operations.pinned() == {V1.sha256, V2.sha256}


def test_the_zip_of_what_is_installed_is_pinned_and_no_other(store: Store) -> None:
    store.extensions.save(replace(an_extension(), installed=an_installed(V1)))
    store.operations.begin(an_operation())
    store.operations.end("operation", ENDED, NOW)
    assert store.operations.pinned() == {V1.sha256}


def test_nothing_is_pinned_for_nothing(store: Store) -> None:
    store.extensions.save(an_extension())
    assert store.operations.pinned() == set()


# Samples.


def test_samples_are_read_back_in_the_order_they_were_taken(store: Store) -> None:
    store.operations.begin(an_operation())
    samples = [
        Sample(0.0, {"handler:a": SourceHealth(Health.INITIALIZING, "starting")}),
        Sample(2.5, {"handler:a": SourceHealth(Health.HEALTHY), "probe:b": SourceHealth(Health.UNKNOWN)}),
        Sample(2.5, {}),
    ]
    for sample in samples:
        store.operations.add_sample("operation", 3, sample)
    store.operations.add_sample("operation", 4, samples[0])
    assert store.operations.samples("operation", 3) == samples
    assert store.operations.samples("operation", 4) == samples[:1]
    assert store.operations.samples("operation", 5) == []
