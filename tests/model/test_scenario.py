"""A scenario's play: which rule decides, and that chance is the same whenever it is asked."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from connectedmachine.model.handler import Command
from connectedmachine.model.identity import HandlerName
from connectedmachine.model.scenario import Attempt, Saying, Scenario
from connectedmachine.model.version import Version

AGENT = HandlerName("Contoso", "Agent")


def attempt(version: str = "1.2", number: int = 1, *, machine: str = "rg/m1", name: str = "agent") -> Attempt:
    return Attempt(machine, name, AGENT, Version.parse(version), lambda: number)


def failing(rule: Mapping[str, object], seed: int = 0) -> Scenario:
    return Scenario.from_json({"seed": seed, "commands": [{"exitCode": 1, **rule}]})


def exit_code(scenario: Scenario, tried: Attempt, command: Command = Command.ENABLE) -> int:
    return scenario.command(command, tried).exit_code


def test_without_rules_everything_succeeds_at_once() -> None:
    rule = Scenario().command(Command.INSTALL, attempt())
    assert (rule.exit_code, rule.seconds, rule.hangs) == (0, 0.0, False)
    assert Scenario().after_enable(attempt()).says(0.0) is Saying.SUCCESS


def test_the_first_rule_that_fits_decides() -> None:
    rules = [{"version": "1.2", "exitCode": 2}, {"exitCode": 3}]
    scenario = Scenario.from_json({"commands": rules})
    assert exit_code(scenario, attempt("1.2.7")) == 2
    assert exit_code(scenario, attempt("1.20")) == 3


@pytest.mark.parametrize("handler", ["*", "contoso.AGENT"])
def test_a_handler_is_named_in_any_case_or_by_a_star(handler: str) -> None:
    assert exit_code(failing({"handler": handler}), attempt()) == 1


def test_a_rule_of_another_handler_or_command_does_not_fit() -> None:
    assert exit_code(failing({"handler": "Contoso.Other"}), attempt()) == 0
    assert exit_code(failing({"command": "install"}), attempt()) == 0


def test_times_are_the_first_attempts() -> None:
    scenario = failing({"times": 2})
    assert [exit_code(scenario, attempt(number=number)) for number in (1, 2, 3)] == [1, 1, 0]


def test_a_chance_hits_its_part_of_the_attempts_and_always_the_same() -> None:
    drawn = [exit_code(failing({"chance": 0.3}), attempt(number=number)) for number in range(1, 2001)]
    again = [exit_code(failing({"chance": 0.3}), attempt(number=number)) for number in range(1, 2001)]
    assert drawn == again
    assert 500 < sum(drawn) < 700


def test_another_seed_machine_or_extension_draws_otherwise() -> None:
    def drawn(seed: int = 0, **who: str) -> list[int]:
        scenario = failing({"chance": 0.5}, seed)
        return [exit_code(scenario, attempt(number=n, **who)) for n in range(64)]

    assert len({tuple(d) for d in (drawn(), drawn(1), drawn(machine="rg/m2"), drawn(name="b"))}) == 4


def test_health_goes_by_the_seconds_since_the_enable() -> None:
    rule = {"healthyAfter": 20, "unhealthyFrom": 120}
    life = Scenario.from_json({"health": [rule]}).after_enable(attempt())
    said = [life.says(since) for since in (0.0, 19.9, 20.0, 119.9, 120.0)]
    assert said == [
        Saying.TRANSITIONING, Saying.TRANSITIONING, Saying.SUCCESS, Saying.SUCCESS, Saying.ERROR
    ]  # fmt: skip


def test_a_version_may_lie_or_say_nothing() -> None:
    rules = [{"version": "1.2", "reports": "error"}, {"reports": "nothing"}]
    scenario = Scenario.from_json({"health": rules})
    assert scenario.after_enable(attempt("1.2")).says(5.0) is Saying.ERROR
    assert scenario.after_enable(attempt("1.3")).says(5.0) is Saying.NOTHING
