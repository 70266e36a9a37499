"""The OpenAPI document of what is served, made from the table of operations and the schemas of both ends.

Bodies are what the service takes (``service.requests``); resources are those of the RPC schemas, with
settings as the object that they are here.
"""

from __future__ import annotations

import json
import re
from functools import cache
from importlib import resources

from pydantic.json_schema import models_json_schema

from connectedmachine import __version__
from connectedmachine.frontends.rest.table import OPERATIONS, Operation
from connectedmachine.frontends.rest.versions import DOCUMENTED, LATEST, PUBLISHED

Schema = dict[str, object]

_VARIABLE = re.compile(r"\{(\w+)\}")
_SHORT = {
    200: "Done.",
    202: "Accepted; Azure-AsyncOperation and Location say where to ask how it goes.",
    204: "There is nothing to show.",
}


@cache
def document() -> Schema:
    """OpenAPI 3.1; the same object at each call."""
    paths: dict[str, dict[str, object]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Az.ConnectedMachineLite",
            "version": __version__,
            "description": "Azure Arc-enabled servers' machines and extensions, on this host.",
        },
        "paths": paths,
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"bearer": []}],
    }


def _operation(operation: Operation) -> Schema:
    described: Schema = {
        "operationId": operation.id,
        "parameters": [
            *(_parameter("path", name, {"type": "string"}) for name in _VARIABLE.findall(operation.path)),
            _parameter("query", "api-version", _version_schema(ours=operation.ours)),
        ],
        "responses": {
            **{str(status): _response(status, schema) for status, schema in operation.answers.items()},
            "default": {"description": "Refused, or failed.", "content": _json("Error")},
        },
    }
    if operation.expands:
        parameters = described["parameters"]
        assert isinstance(parameters, list)
        parameters.append(_parameter("query", "$expand", {"enum": ["instanceView"]}, required=False))
    if operation.body:
        described["requestBody"] = {"required": True, "content": _json(operation.body)}
    return described


def _parameter(where: str, name: str, schema: Schema, *, required: bool = True) -> Schema:
    return {"name": name, "in": where, "required": required, "schema": schema}


def _version_schema(*, ours: bool) -> Schema:
    if not ours:
        return {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}(-preview)?$"}
    return {"type": "string", "enum": sorted({*PUBLISHED, DOCUMENTED}), "default": LATEST}


def _response(status: int, schema: str) -> Schema:
    described: Schema = {"description": _SHORT[status]}
    if schema:
        described["content"] = _json(schema)
    return described


def _json(schema: str) -> Schema:
    return {"application/json": {"schema": _ref(schema)}}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _schemas() -> Schema:
    from connectedmachine.service.requests import (
        AddExtensionsBody,
        ExtensionBody,
        MachineBody,
        UpgradeExtensionsBody,
    )

    bodies = (ExtensionBody, MachineBody, UpgradeExtensionsBody, AddExtensionsBody)
    _, found = models_json_schema(
        [(body, "validation") for body in bodies], ref_template="#/components/schemas/{model}"
    )
    schemas: Schema = dict(found["$defs"])
    schemas.update(_resources())
    schemas.update(_answers())
    return schemas


def _resources() -> Schema:
    """Machine and extension as the RPC schemas describe them, in their form on this wire."""
    text = resources.files("connectedmachine").joinpath("schemas", "rpc", "resources.json").read_text("utf-8")
    defs = json.loads(text.replace("#/$defs/", "#/components/schemas/"))["$defs"]
    machine, extension = defs["machine"], defs["extension"]
    del machine["properties"]["resourceGroup"]
    machine["required"].remove("resourceGroup")
    machine["properties"]["resources"] = {"type": "array"}
    properties = extension["properties"]["properties"]["properties"]
    del properties["settingsText"]
    properties["settings"] = {"type": "object"}
    shared = {name: defs[name] for name in ("time", "tags", "systemData")}
    return {"Machine": machine, "MachineExtension": extension, **shared}


def _answers() -> Schema:
    error = _object({"code": _TEXT, "message": _TEXT, "target": _TEXT, "additionalInfo": {"type": "array"}},
                    "code message")  # fmt: skip
    value = _object({"id": _TEXT, "name": _TEXT, "type": _TEXT, "properties": _OBJECT}, "id properties")
    return {
        "Any": _OBJECT,
        "Error": _object({"error": error}, "error"),
        "MachineList": _list(_ref("Machine")),
        "MachineExtensionList": _list(_ref("MachineExtension")),
        "ExtensionValue": value,
        "ExtensionValueList": _list(_ref("ExtensionValue")),
        "NameList": _list(_object({"id": _TEXT, "name": _TEXT}, "id name")),
        "OperationStatus": _object(
            {
                "id": _TEXT,
                "name": _TEXT,
                "status": {"enum": ["Queued", "InProgress", "Succeeded", "Failed", "Canceled"]},
                "startTime": _ref("time"),
                "endTime": _ref("time"),
                "error": error,
                "properties": {"type": ["object", "array"]},
            },
            "id name status startTime",
        ),
        "OperationResult": {"type": ["object", "array"]},
    }


_TEXT: Schema = {"type": "string"}
_OBJECT: Schema = {"type": "object"}


def _object(properties: Schema, required: str) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": required.split(),
        "additionalProperties": False,
    }


def _list(item: Schema) -> Schema:
    return {
        "type": "object",
        "properties": {"value": {"type": "array", "items": item}, "nextLink": _TEXT},
        "required": ["value"],
        "additionalProperties": False,
    }
