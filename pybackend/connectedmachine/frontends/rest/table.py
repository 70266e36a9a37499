"""Everything that is served, as a table: the routes and the OpenAPI document are both made from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from connectedmachine.frontends.rest import (
    extensions,
    machines,
    metadata,
    operations,
    paths,
    subscriptions,
)
from connectedmachine.frontends.rest.call import Call, Reply


@dataclass(frozen=True)
class Operation:
    """One operation.

    Attributes:
        id: As Azure's own description names it, where it has it.
        body: Schema of the request body (see ``openapi``); empty for none.
        answers: Schema by status of success; an empty one is an answer without a body.
        expands: Whether it takes ``$expand=instanceView``, which changes nothing: it is always there.
        ours: It belongs to ``Microsoft.HybridCompute``, whose api-versions are checked.
        quick: It reads a few rows of the store that the names in the path say, and does nothing else.
    """

    id: str
    method: str
    path: str
    answer: Callable[[Call], Reply]
    answers: dict[int, str]
    body: str = ""
    expands: bool = False
    ours: bool = True
    quick: bool = False


_LONG = {202: ""}

# Routes are tried one after another, so what is asked most comes first.
OPERATIONS = (
    Operation("MachineExtensions_Get", "GET", paths.EXTENSION, extensions.get, {200: "MachineExtension"},
              quick=True),
    Operation("Machines_Get", "GET", paths.MACHINE, machines.get, {200: "Machine"}, expands=True,
              quick=True),
    Operation("Machines_CreateOrUpdate", "PUT", paths.MACHINE, machines.put, {200: "Machine"},
              body="MachineBody", expands=True),
    Operation("Machines_Update", "PATCH", paths.MACHINE, machines.patch, {200: "Machine"},
              body="MachineBody"),
    Operation("Machines_Delete", "DELETE", paths.MACHINE, machines.delete, {200: "", 204: ""}),
    Operation("Machines_ListByResourceGroup", "GET", paths.MACHINES, machines.list_of_group,
              {200: "MachineList"}, expands=True),
    Operation("Machines_ListBySubscription", "GET", paths.MACHINES_OF_SUBSCRIPTION,
              machines.list_of_subscription, {200: "MachineList"}),
    Operation("MachineExtensions_CreateOrUpdate", "PUT", paths.EXTENSION, extensions.put, _LONG,
              body="ExtensionBody"),
    Operation("MachineExtensions_Update", "PATCH", paths.EXTENSION, extensions.patch, _LONG,
              body="ExtensionBody"),
    Operation("MachineExtensions_Delete", "DELETE", paths.EXTENSION, extensions.delete, {202: "", 204: ""}),
    Operation("MachineExtensions_List", "GET", paths.EXTENSIONS, extensions.list_of_machine,
              {200: "MachineExtensionList"}, expands=True),
    Operation("UpgradeExtensions", "POST", paths.UPGRADE_EXTENSIONS, extensions.upgrade, _LONG,
              body="UpgradeExtensionsBody"),
    Operation("SetupExtensions", "POST", paths.ADD_EXTENSIONS, extensions.add, _LONG,
              body="AddExtensionsBody"),
    Operation("OperationStatus_Get", "GET", paths.OPERATION_STATUS, operations.status,
              {200: "OperationStatus"}),
    Operation("OperationResults_Get", "GET", paths.OPERATION_RESULT, operations.result,
              {200: "OperationResult", 202: "", 204: ""}),
    Operation("ExtensionMetadata_Get", "GET", paths.METADATA_V1, metadata.get_v1, {200: "ExtensionValue"}),
    Operation("ExtensionMetadata_List", "GET", paths.METADATA_LIST_V1, metadata.list_v1,
              {200: "ExtensionValueList"}),
    Operation("ExtensionMetadataV2_Get", "GET", paths.METADATA, metadata.get, {200: "ExtensionValue"}),
    Operation("ExtensionMetadataV2_List", "GET", paths.METADATA_LIST, metadata.list_of_type,
              {200: "ExtensionValueList"}),
    Operation("ExtensionPublisher_List", "GET", paths.PUBLISHERS, metadata.publishers, {200: "NameList"}),
    Operation("ExtensionType_List", "GET", paths.TYPES, metadata.types, {200: "NameList"}),
    Operation("Subscriptions_List", "GET", paths.SUBSCRIPTIONS, subscriptions.list_all, {200: "Any"},
              ours=False),
    Operation("Subscriptions_Get", "GET", paths.SUBSCRIPTION, subscriptions.get, {200: "Any"}, ours=False),
    Operation("Subscriptions_ListLocations", "GET", paths.LOCATIONS, subscriptions.locations, {200: "Any"},
              ours=False),
    Operation("ResourceGroups_List", "GET", paths.GROUPS, subscriptions.groups, {200: "Any"}, ours=False),
    Operation("ResourceGroups_Get", "GET", paths.GROUP, subscriptions.group, {200: "Any"}, ours=False),
    Operation("Providers_Get", "GET", paths.PROVIDER, subscriptions.provider, {200: "Any"}, ours=False),
    Operation("Providers_Register", "POST", paths.REGISTER, subscriptions.provider, {200: "Any"}, ours=False),
)  # fmt: skip
