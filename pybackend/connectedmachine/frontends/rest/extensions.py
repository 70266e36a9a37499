"""Extensions of a machine."""

from __future__ import annotations

from connectedmachine.frontends.rest.call import Call, Reply
from connectedmachine.frontends.rest.operations import accepted
from connectedmachine.frontends.rest.views import extension_text, items, page
from connectedmachine.service.views import Json


def get(call: Call) -> Reply:
    found = call.service.extension_get(
        resource_group=call.names["group"],
        machine=call.names["machine"],
        name=call.names["extension"],
        subscription_id=call.names["subscription"],
    )
    return Reply(text=extension_text(found))


def list_of_machine(call: Call) -> Reply:
    found = call.service.extension_list(
        resource_group=call.names["group"],
        machine=call.names["machine"],
        subscription_id=call.names["subscription"],
    )
    return page(call, items(found), extension_text)


def put(call: Call) -> Reply:
    return accepted(call, _accept(call, "put"))


def patch(call: Call) -> Reply:
    return accepted(call, _accept(call, "patch"))


def delete(call: Call) -> Reply:
    request = _accept(call, "remove")
    there_was_none = not items(request) and request["status"] == "Succeeded"
    return Reply(204) if there_was_none else accepted(call, request)


def upgrade(call: Call) -> Reply:
    return accepted(call, _accept(call, "upgrade"))


def add(call: Call) -> Reply:
    return accepted(call, _accept(call, "add"))


def _accept(call: Call, verb: str) -> Json:
    return call.service.request_accept(
        resource_group=call.names["group"],
        machine=call.names["machine"],
        verb=verb,
        name=call.names.get("extension", ""),
        body_text=call.body,
        follow=call.heard,
        subscription_id=call.names["subscription"],
        initiator=call.initiator,
        failing=call.failing,
    )
