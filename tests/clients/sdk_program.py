"""Runs in an environment of the SDK's own: the real client, unmodified, through one extension's life.

Reads what to use as JSON from standard input and writes what each step gave, as one JSON object of step to
answer. The same lines serve the synchronous and the asynchronous client; see ``test_sdk.py``.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from azure.core.exceptions import HttpResponseError

Step = Callable[[], Awaitable[object]]


async def done(value: Any) -> Any:
    """What a call of either client gives: the synchronous one gives it at once."""
    return await value if inspect.isawaitable(value) else value


async def every(pages: Any) -> list[Any]:
    """All items of a list, over all of its pages."""
    return [item async for item in pages] if hasattr(pages, "__aiter__") else list(pages)


def clients(given: dict[str, Any], secret: str) -> tuple[Any, Any]:
    """A credential and a client for it, as a script makes them."""
    if given["mode"] == "async":
        from azure.identity.aio import ClientSecretCredential
        from azure.mgmt.hybridcompute.aio import HybridComputeManagementClient
    else:
        from azure.identity import ClientSecretCredential
        from azure.mgmt.hybridcompute import HybridComputeManagementClient

    credential = ClientSecretCredential(
        given["tenant"],
        given["client_id"],
        secret,
        authority=given["url"],
        disable_instance_discovery=True,
        connection_verify=given["certificate"],
    )
    client = HybridComputeManagementClient(
        credential,
        given["subscription"],
        base_url=given["url"],
        connection_verify=given["certificate"],
    )
    return credential, client


def shown(extension: Any) -> dict[str, object]:
    """What the tests compare of an extension."""
    properties = extension.properties
    return {
        "id": extension.id,
        "name": extension.name,
        "location": extension.location,
        "tags": extension.tags,
        "version": properties.type_handler_version,
        "state": properties.provisioning_state,
        "automatic": properties.enable_automatic_upgrade,
        "minor": properties.auto_upgrade_minor_version,
        "settings": properties.settings,
        "protected": properties.protected_settings,
        "level": properties.instance_view.status.level,
    }


async def main(given: dict[str, Any]) -> dict[str, object]:
    credential, client = clients(given, given["secret"])
    extensions = client.machine_extensions
    place = (given["group"], given["machine"])
    here = (*place, "agent")
    body = {
        "location": "local",
        "properties": {
            "publisher": given["publisher"],
            "type": given["type"],
            "typeHandlerVersion": "1.0",
            "enableAutomaticUpgrade": False,
            "settings": {"port": 0, "names": ["one"], "exact": 12345678901234567890},
            "protectedSettings": {"key": "s3cret"},
        },
    }
    answers: dict[str, object] = {}

    async def kept(name: str, step: Step) -> None:
        try:
            answers[name] = await step()
        except HttpResponseError as error:
            code = error.error.code if error.error else None
            answers[name] = {"raised": type(error).__name__, "code": code, "status": error.status_code}

    async def create() -> object:
        return shown(await done((await done(extensions.begin_create_or_update(*here, body))).result()))

    async def get() -> object:
        return shown(await done(extensions.get(*here)))

    async def listed() -> object:
        return [shown(item) for item in await every(extensions.list(*place))]

    async def update() -> object:
        change = {"tags": {"team": "one"}, "properties": {"enableAutomaticUpgrade": True}}
        return shown(await done((await done(extensions.begin_update(*here, change))).result()))

    async def enrol() -> object:
        change = {"location": "local", "properties": {"enableAutomaticUpgrade": True}}
        return shown(await done((await done(extensions.begin_create_or_update(*here, change))).result()))

    async def upgrade() -> object:
        target = {"extensionTargets": {f"{given['publisher']}.{given['type']}": {"targetVersion": "1.1"}}}
        await done((await done(client.begin_upgrade_extensions(*place, target))).result())
        return shown(await done(extensions.get(*here)))

    async def resumed() -> object:
        change = {"location": "local", "properties": {"settings": {"port": 0, "round": 2}}}
        token = (await done(extensions.begin_create_or_update(*here, change))).continuation_token()
        if inspect.isawaitable(token):
            token = await token
        _, other = clients(given, given["secret"])
        poller = await done(
            other.machine_extensions.begin_create_or_update(*here, change, continuation_token=token)
        )
        result = shown(await done(poller.result()))
        await done(other.close())
        return result

    async def machine() -> object:
        found = await done(client.machines.get(*place))
        return {"name": found.name, "id": found.id}

    async def machines() -> object:
        by_group = await every(client.machines.list_by_resource_group(given["group"]))
        everywhere = await every(client.machines.list_by_subscription())
        return [[found.name for found in by_group], [found.name for found in everywhere]]

    async def metadata() -> object:
        versions = client.extension_metadata.list("local", given["publisher"], given["type"])
        return [item.version for item in await every(versions)]

    async def catalogue() -> object:
        publishers = await every(client.extension_publisher.list("local"))
        types = await every(client.extension_type.list("local", given["publisher"]))
        versions = await every(client.extension_metadata_v2.list("local", given["publisher"], given["type"]))
        return [
            [item.name for item in publishers],
            [item.name for item in types],
            [item.properties.version for item in versions],
        ]

    async def missing_extension() -> object:
        return shown(await done(extensions.get(*place, "nobody")))

    async def missing_machine() -> object:
        return shown(await done(extensions.get(given["group"], "nowhere", "agent")))

    async def unknown_version() -> object:
        change = {"location": "local", "properties": {"typeHandlerVersion": "7.7"}}
        return shown(await done((await done(extensions.begin_create_or_update(*here, change))).result()))

    async def second_of_a_kind() -> object:
        poller = await done(extensions.begin_create_or_update(*place, "second", body))
        return shown(await done(poller.result()))

    async def wrong_secret() -> object:
        own, other = clients(given, "not the secret")
        try:
            return shown(await done(other.machine_extensions.get(*here)))
        finally:
            await done(own.close())
            await done(other.close())

    async def delete() -> object:
        await done((await done(extensions.begin_delete(*here))).result())
        return shown(await done(extensions.get(*here)))

    async def delete_again() -> object:
        return await done((await done(extensions.begin_delete(*here))).result())

    steps = [create, get, listed, update, enrol, upgrade, resumed, machine, machines]
    steps += [metadata] if hasattr(client, "extension_metadata") else []
    steps += [catalogue] if hasattr(client, "extension_publisher") else []
    steps += [missing_extension, missing_machine, unknown_version, second_of_a_kind, wrong_secret]
    steps += [delete, delete_again]
    for step in steps:
        await kept(step.__name__, step)
    await done(client.close())
    await done(credential.close())
    return answers


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(json.load(sys.stdin))), default=str))
