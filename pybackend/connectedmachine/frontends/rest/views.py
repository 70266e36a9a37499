"""Resources on the wire. Settings go out as the very text that the user wrote, so no number loses a digit."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import urlencode

from connectedmachine.frontends.rest.call import Call, Reply
from connectedmachine.model.errors import InvalidRequestError

View = Mapping[str, object]

PAGE = 100


def extension_text(view: View) -> str:
    """An extension resource as JSON text."""
    outer = {name: value for name, value in view.items() if name != "properties"}
    return _with_member(json.dumps(outer), "properties", properties_text(view))


def properties_text(view: View) -> str:
    """The ``properties`` of an extension resource as JSON text."""
    properties = view["properties"]
    assert isinstance(properties, dict)
    rest = {name: value for name, value in properties.items() if name != "settingsText"}
    settings = properties.get("settingsText")
    return json.dumps(rest) if settings is None else _with_member(json.dumps(rest), "settings", settings)


def machine_text(view: View) -> str:
    """A machine resource as JSON text; ``resourceGroup`` is the command line's."""
    return json.dumps({**{n: v for n, v in view.items() if n != "resourceGroup"}, "resources": []})


def items(view: View) -> list[View]:
    """The items of a list that the service answered."""
    found = view["value"]
    assert isinstance(found, list)
    return found


def page(call: Call, found: Sequence[View], text: Callable[[View], str]) -> Reply:
    """A page of resources by id, with the link to the next one if there is more.

    Raises:
        InvalidRequestError: ``InvalidSkipToken``.
    """
    after = _from_token(call.query.get("$skiptoken", ""))
    ordered = sorted((view for view in found if _key(view) > after), key=_key)
    shown, more = ordered[:PAGE], len(ordered) > PAGE
    value = f"[{', '.join(text(view) for view in shown)}]"
    if not more:
        return Reply(text=f'{{"value": {value}}}')
    query = {**call.query, "$skiptoken": _to_token(_key(shown[-1]))}
    link = json.dumps(f"{call.base}{call.path}?{urlencode(query)}")
    return Reply(text=f'{{"value": {value}, "nextLink": {link}}}')


def _key(view: View) -> str:
    return str(view["id"]).lower()


def _to_token(key: str) -> str:
    return base64.urlsafe_b64encode(key.encode()).decode()


def _from_token(token: str) -> str:
    try:
        return base64.b64decode(token.encode(), b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        raise InvalidRequestError(
            "InvalidSkipToken",
            "The $skiptoken is none that was given out.",
            target="$skiptoken",
            hint="Follow nextLink as it is.",
        ) from None


def _with_member(text: str, name: str, value: str) -> str:
    """``text``, a JSON object that is not empty, with one more member whose value is JSON text."""
    return f'{text[:-1]}, "{name}": {value}}}'
