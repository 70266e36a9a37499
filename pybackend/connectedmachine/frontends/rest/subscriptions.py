"""Subscriptions, resource groups and the provider: what ``az`` asks for besides (REST reference, 7.4)."""

from __future__ import annotations

from connectedmachine.frontends.rest.call import Call, Reply, json_reply
from connectedmachine.frontends.rest.paths import NAMESPACE
from connectedmachine.frontends.rest.versions import PUBLISHED
from connectedmachine.frontends.rest.views import View, items
from connectedmachine.model.identity import NIL_SUBSCRIPTION

_TENANT = NIL_SUBSCRIPTION
_RESOURCE_TYPES = (
    "machines",
    "machines/extensions",
    "locations",
    "locations/publishers",
    "locations/publishers/extensionTypes",
    "locations/publishers/extensionTypes/versions",
    "locations/operationstatus",
    "locations/operationresults",
)


def list_all(call: Call) -> Reply:
    return json_reply({"value": [_subscription(view) for view in items(call.service.subscription_list())]})


def get(call: Call) -> Reply:
    found = call.service.subscription_get(subscription_id=call.names["subscription"])
    return json_reply(_subscription(found))


def locations(call: Call) -> Reply:
    return json_reply(
        {
            "value": [
                {
                    "id": f"/subscriptions/{call.names['subscription']}/locations/{location}",
                    "name": location,
                    "displayName": location,
                }
                for location in _locations(call)
            ]
        }
    )


def groups(call: Call) -> Reply:
    found = call.service.group_list(subscription_id=call.names["subscription"])
    return json_reply({"value": [_group(call, view) for view in items(found)]})


def group(call: Call) -> Reply:
    found = call.service.group_get(
        resource_group=call.names["group"], subscription_id=call.names["subscription"]
    )
    return json_reply(_group(call, found))


def provider(call: Call) -> Reply:
    """Registered everywhere and always; asking for that changes nothing."""
    types = [
        {"resourceType": name, "locations": _locations(call), "apiVersions": sorted(PUBLISHED, reverse=True)}
        for name in _RESOURCE_TYPES
    ]
    return json_reply(
        {
            "id": f"/subscriptions/{call.names['subscription']}/providers/{NAMESPACE}",
            "namespace": NAMESPACE,
            "registrationState": "Registered",
            "registrationPolicy": "RegistrationRequired",
            "resourceTypes": types,
        }
    )


def _locations(call: Call) -> list[str]:
    found = call.service.group_list(subscription_id=call.names["subscription"])
    return sorted({"local", *(str(view["location"]) for view in items(found))})


def _subscription(view: View) -> View:
    return {
        "id": f"/subscriptions/{view['subscriptionId']}",
        "subscriptionId": view["subscriptionId"],
        "tenantId": _TENANT,
        "displayName": "Az.ConnectedMachineLite",
        "state": "Enabled",
        "authorizationSource": "RoleBased",
    }


def _group(call: Call, view: View) -> View:
    return {
        "id": f"/subscriptions/{call.names['subscription']}/resourceGroups/{view['name']}",
        "name": view["name"],
        "type": "Microsoft.Resources/resourceGroups",
        "location": view["location"],
        "properties": {"provisioningState": "Succeeded"},
    }
