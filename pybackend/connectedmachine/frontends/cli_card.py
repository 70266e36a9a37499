"""The card that ``upgrade why`` prints: a page about one extension, to be read from the top."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from connectedmachine.frontends.cli_terminal import printable, shown_time
from connectedmachine.frontends.cli_words import in_cli_words

Item = Mapping[str, object]

_MARGIN = 11
_LONGEST = 200
"""Characters of one piece of evidence; the rest of what a handler wrote is in its log."""


def card(answer: Item) -> str:
    """What the service says of one extension, as lines."""
    lines: list[str] = []
    for label, text in _lines(answer):
        lines.append(f"{label:<{_MARGIN}}{printable(text)}".rstrip())
    return "\n".join(lines)


def _lines(answer: Item) -> Iterator[tuple[str, str]]:
    plan = answer["plan"]
    installed = f", {answer['installedVersion'] or 'not installed'}" if plan else ""
    yield f"{answer['name']}", f"on {answer['machine']}{installed}, at {shown_time(str(answer['time']))}"
    if isinstance(plan, dict):
        yield from _plan(answer, plan)
    under_way, last, decided = answer["underWay"], answer["lastOperation"], answer["lastDecision"]
    if not (plan or under_way or last or decided):
        yield "", "Nothing was decided or done by then."
    if isinstance(under_way, dict):
        yield "Under way", _operation(under_way)
        yield from _evidence(under_way)
    if isinstance(last, dict):
        yield "Last", _operation(last)
        yield from _evidence(last)
    if isinstance(decided, dict):
        yield "Decided", f"{decided['reason']}: {decided['message']}"
        yield (
            "",
            f"in pass {decided['passId']} of {decided['initiator'] or 'nobody known'}, "
            + shown_time(str(decided["time"])),
        )


def _plan(answer: Item, plan: Item) -> Iterator[tuple[str, str]]:
    yield "Plan", f"{plan['reason']}: {plan['message']}"
    move = answer["move"]
    if isinstance(move, dict):
        yield "", _move(move)
    obstacles = answer["obstacles"]
    assert isinstance(obstacles, list)
    for number, obstacle in enumerate(obstacles, 1):
        yield "In the way" if number == 1 else "", f"{number}. {obstacle['reason']}: {obstacle['message']}"
        if obstacle["rule"]:
            yield "", "   rule: {name} is {value} ({source})".format(**obstacle["rule"])
        if obstacle["until"]:
            yield "", f"   until: {shown_time(str(obstacle['until']))}"
        yield from _evidence(obstacle)
        yield "", f"   to do: {in_cli_words(str(obstacle['whatToDo']))}"
    then = answer["thenMove"]
    if obstacles and isinstance(then, dict):
        yield "Then", _move(then)
    elif obstacles and isinstance(answer["then"], dict):
        yield "Then", f"{answer['then']['reason']}: {answer['then']['message']}"
    look = answer["nextLook"]
    yield "Next look", shown_time(str(look)) if look else in_cli_words(str(answer["passes"]))


def _move(move: Item) -> str:
    versions = " -> ".join(str(move[key]) for key in ("fromVersion", "toVersion") if move[key])
    by = "by itself" if move["automatic"] else "as asked for"
    package = f", package {move['sha256']} of gallery '{move['gallery']}'" if move["sha256"] else ""
    return f"{move['operation']} {versions} {by}{package}"


def _operation(operation: Item) -> str:
    versions = " -> ".join(str(operation[key]) for key in ("fromVersion", "toVersion") if operation[key])
    by = operation["initiator"] or "nobody known"
    started = "by itself, in a pass of" if operation["automatic"] else "asked for by"
    when = shown_time(str(operation["time"]))
    return f"{operation['operation']} {versions} {operation['outcome']}, {started} {by}, {when}"


def _evidence(owner: Item) -> Iterator[tuple[str, str]]:
    facts = owner["evidence"]
    assert isinstance(facts, list)
    for fact in facts:
        says = " ".join(str(fact["says"]).split())
        if len(says) > _LONGEST:
            says = f"... {says[-_LONGEST:]}"
        time = f" ({shown_time(str(fact['time']))})" if fact["time"] else ""
        yield "", f"   {fact['about']}: {says}{time}"
