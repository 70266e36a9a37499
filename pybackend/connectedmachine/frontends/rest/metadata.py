"""What can be put on a machine: publishers, types, versions; v1 paths of versions have a subscription."""

from __future__ import annotations

import json

from connectedmachine.frontends.rest.call import Call, Reply, json_reply
from connectedmachine.frontends.rest.views import View, items

_OF_V1 = ("version", "extensionType", "publisher")
_TYPE_V1 = "Microsoft.HybridCompute/locations/publishers/extensionTypes/versions"


def get_v1(call: Call) -> Reply:
    return json_reply(_value_v1(call, _get(call)))


def list_v1(call: Call) -> Reply:
    return json_reply({"value": [_value_v1(call, view) for view in _list(call)]})


def get(call: Call) -> Reply:
    return json_reply(_value(_get(call)))


def list_of_type(call: Call) -> Reply:
    return json_reply({"value": [_value(view) for view in _list(call)]})


def publishers(call: Call) -> Reply:
    return json_reply(call.service.publisher_list(location=call.names["location"]))


def types(call: Call) -> Reply:
    found = call.service.type_list(location=call.names["location"], publisher=call.names["publisher"])
    return Reply(text=json.dumps(found))


def _get(call: Call) -> View:
    return call.service.metadata_get(
        location=call.names["location"],
        publisher=call.names["publisher"],
        type=call.names["type"],
        version=call.names["version"],
    )


def _list(call: Call) -> list[View]:
    found = call.service.metadata_list(
        location=call.names["location"], publisher=call.names["publisher"], type=call.names["type"]
    )
    return items(found)


def _value_v1(call: Call, view: View) -> View:
    return {
        "id": f"/subscriptions/{call.names['subscription']}{view['id']}",
        "name": view["version"],
        "type": _TYPE_V1,
        "properties": {name: view[name] for name in _OF_V1},
    }


def _value(view: View) -> View:
    # Packages are files of a gallery; no address of theirs is given out.
    properties = {name: value for name, value in view.items() if name != "id"}
    return {"id": view["id"], "properties": {**properties, "extensionUris": []}}
