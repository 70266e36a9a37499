"""Order among extensions: levels, cycles, and what a failure stops (handler contract 2.7, case 13)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from connectedmachine.model.resource import Extension
from connectedmachine.upgrade.order import Obstacle, Standing, cycle, obstacle, queue
from store.support import an_extension, installed

NAMES = "abcdef"


def extension(name: str, *after: str, removing: bool = False, present: bool = False) -> Extension:
    made = replace(an_extension(name), provision_after=after, removing=removing)
    return replace(made, installed=installed()) if present else made


def order(*extensions: Extension) -> str:
    return "".join(e.name for e in queue(extensions))


def test_what_is_depended_on_comes_first_and_of_one_level_the_name_decides() -> None:
    assert order(extension("a", "d"), extension("c"), extension("b", "a"), extension("d")) == "cdab"


def test_names_are_compared_without_regard_to_case() -> None:
    assert order(extension("a", "B"), extension("b")) == "ba"


def test_removals_come_first_and_dependants_before_what_they_depend_on() -> None:
    gone = [extension("a", removing=True), extension("b", "a", removing=True)]
    assert order(*gone, extension("c"), extension("d", "c", removing=True)) == "bdac"


def test_a_name_that_does_not_exist_is_no_level() -> None:
    assert order(extension("b", "nobody"), extension("a")) == "ab"


@given(st.dictionaries(st.sampled_from(NAMES), st.lists(st.sampled_from(NAMES), max_size=3)))
def test_the_queue_ends_and_loses_nothing_whatever_it_holds(after: Mapping[str, list[str]]) -> None:
    extensions = [extension(name, *names) for name, names in after.items()]
    assert sorted(order(*extensions)) == sorted(after)


@given(st.dictionaries(st.sampled_from(NAMES), st.lists(st.sampled_from(NAMES), max_size=3)))
def test_without_a_cycle_everything_comes_after_what_it_depends_on(after: Mapping[str, list[str]]) -> None:
    if any(cycle(after, name) for name in after):
        return
    placed = order(*[extension(name, *names) for name, names in after.items()])
    for name, names in after.items():
        assert all(placed.index(one) < placed.index(name) for one in names if one in after)


def test_a_cycle_is_found_with_its_way() -> None:
    assert cycle({"a": ["b"], "b": ["c"], "c": ["a"]}, "a") == ["a", "b", "c", "a"]
    assert cycle({"a": ["a"]}, "a") == ["a", "a"]
    assert cycle({"a": ["b", "c"], "b": ["c"], "c": []}, "a") is None


# Obstacles.


def found(one: Extension, *others: Extension, **standing: Standing) -> Obstacle | None:
    """The obstacle of ``one`` where the others stand as said; those not named are ready."""

    def judge(other: Extension) -> Obstacle | None:
        how = standing.get(other.name)
        return None if how is None else Obstacle(how, f"waits for {other.name}")

    return obstacle(one, {other.name.lower(): other for other in others}, judge)


def standing(obstacle: Obstacle | None) -> Standing | None:
    return None if obstacle is None else obstacle.standing


def test_with_all_ready_nothing_is_in_the_way() -> None:
    assert found(extension("c", "a", "b"), extension("a"), extension("b")) is None


def test_a_name_that_does_not_exist_is_waited_for() -> None:
    missing = found(extension("b", "a"))
    assert standing(missing) is Standing.MISSING
    assert missing is not None
    assert "'a', which does not exist" in missing.message


def test_the_worst_of_several_is_the_obstacle() -> None:
    others = (extension("a"), extension("b"), extension("c"))
    worst = found(extension("d", "a", "b", "c"), *others, a=Standing.COMING, b=Standing.FAILED)
    assert standing(worst) is Standing.FAILED


def test_a_failure_stops_what_depends_on_it_through_others() -> None:
    between = extension("b", "a")
    far = found(extension("c", "b"), between, extension("a"), b=Standing.COMING, a=Standing.FAILED)
    assert far == Obstacle(Standing.FAILED, "It waits for 'b': waits for a")


def test_what_is_installed_no_longer_depends() -> None:
    between = extension("b", "a", present=True)
    assert found(extension("c", "b"), between, extension("a"), a=Standing.FAILED) is None


def test_a_cycle_in_what_is_stored_does_not_hang() -> None:
    one, other = extension("a", "b"), extension("b", "a")
    assert standing(found(one, one, other, a=Standing.COMING, b=Standing.COMING)) is Standing.COMING
