"""Machines."""

from __future__ import annotations

from collections.abc import Callable

from connectedmachine.frontends.rest.call import Call, Reply
from connectedmachine.frontends.rest.versions import deletes_machines_at_once
from connectedmachine.frontends.rest.views import items, machine_text, page
from connectedmachine.service.views import Json


def get(call: Call) -> Reply:
    found = call.service.machine_get(
        resource_group=call.names["group"],
        name=call.names["machine"],
        subscription_id=call.names["subscription"],
    )
    return Reply(text=machine_text(found))


def list_of_group(call: Call) -> Reply:
    found = call.service.machine_list(
        resource_group=call.names["group"], subscription_id=call.names["subscription"]
    )
    return page(call, items(found), machine_text)


def list_of_subscription(call: Call) -> Reply:
    found = call.service.machine_list(subscription_id=call.names["subscription"])
    return page(call, items(found), machine_text)


def put(call: Call) -> Reply:
    return _described(call, call.service.machine_put)


def patch(call: Call) -> Reply:
    return _described(call, call.service.machine_patch)


def _described(call: Call, describe: Callable[..., Json]) -> Reply:
    described = describe(
        resource_group=call.names["group"],
        name=call.names["machine"],
        body_text=call.body,
        follow=call.heard,
        subscription_id=call.names["subscription"],
        initiator=call.initiator,
    )
    return Reply(text=machine_text(described))


def delete(call: Call) -> Reply:
    """Done when it is answered; which success a client takes for one depends on its api-version."""
    removed = call.service.machine_remove(
        resource_group=call.names["group"],
        name=call.names["machine"],
        follow=call.heard,
        subscription_id=call.names["subscription"],
        initiator=call.initiator,
    )["removed"]
    return Reply(200 if removed and deletes_machines_at_once(call.version) else 204)
