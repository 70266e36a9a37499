"""Scenarios as users write them: read, checked against ``schemas/scenario.json``, and refused by name."""

from __future__ import annotations

from connectedmachine.model.errors import InvalidRequestError

LONGEST = 1 << 20
"""Characters. A scenario is read whenever its machine is worked on."""


def checked_scenario(text: str) -> str:
    """The text as it is to be kept.

    Raises:
        InvalidRequestError: ``InvalidScenario``, with the place that is wrong as target.
    """
    import json

    from connectedmachine.model.scenario import Scenario
    from connectedmachine.service.json_schema import violation

    if len(text) > LONGEST:
        raise _invalid("the document", f"it is longer than {LONGEST} characters")
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise _invalid("the document", "it is not JSON") from None
    wrong = violation("scenario", document)
    if wrong is not None:
        raise _invalid(*wrong.split(": ", 1))
    try:
        Scenario.from_json(document)
    except InvalidRequestError as error:
        raise _invalid("version", error.message.rstrip(".")) from None
    return text


def _invalid(where: str, what: str) -> InvalidRequestError:
    return InvalidRequestError(
        "InvalidScenario",
        f"The scenario cannot be played: {where}: {what}.",
        target=where,
        hint="docs/scenarios.md says what a scenario holds; nothing was changed.",
    )
