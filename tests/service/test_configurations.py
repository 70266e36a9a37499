"""A machine's configuration as requests meet it, and requests that wait for what will not come by itself."""

from __future__ import annotations

import json
from typing import Any

import pytest

from connectedmachine.model.errors import (
    ConflictError,
    InvalidRequestError,
    NotSupportedError,
    PermissionDeniedError,
)
from connectedmachine.model.monitor_mode import ADMITTED
from connectedmachine.model.resource import Machine
from connectedmachine.service.views import Json
from service.support import RG, SAMPLE, Desk, at, refused

MACHINE: dict[str, Any] = {"resource_group": RG, "machine": "m1"}


def configure(desk: Desk, **given: Any) -> Json:
    return desk.service.config_set(**MACHINE, follow=desk.heard, **given)


def import_policy(desk: Desk, text: str) -> Json:
    return desk.service.config_import(**MACHINE, policy_text=text, follow=desk.heard)


def test_the_default_admits_everything(desk: Desk) -> None:
    assert desk.service.config_get(**MACHINE) == {
        "machine": "m1",
        "resourceGroup": RG,
        "extensionsEnabled": True,
        "allowList": [],
        "blockList": [],
        "mode": "full",
        "modeAllowList": [],
    }


def test_what_is_omitted_stays_and_null_goes_back_to_the_default(desk: Desk) -> None:
    configure(desk, allow_list=["A/B"], block_list=["C/D@1.2"], extensions_enabled=False)
    shown = configure(desk, allow_list=None, extensions_enabled=None)
    assert (shown["allowList"], shown["blockList"], shown["extensionsEnabled"]) == ([], ["C/D@1.2"], True)
    assert desk.service.config_get(**MACHINE) == shown


def test_entries_are_added_and_removed_without_regard_to_case(desk: Desk) -> None:
    configure(desk, allow_list=["A/B", "C/D"])
    assert configure(desk, allow_list=["a/b", "E/F"], edit="add")["allowList"] == ["C/D", "a/b", "E/F"]
    assert configure(desk, allow_list=["c/d"], edit="remove")["allowList"] == ["a/b", "E/F"]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"allow_list": ["nothing"]}, "InvalidListEntry"),
        ({"mode": "half"}, "InvalidRequestContent"),
        ({"allow_list": ["A/B"], "edit": "upend"}, "InvalidRequestContent"),
    ],
)
def test_what_is_wrong_is_refused_and_changes_nothing(desk: Desk, given: dict[str, Any], code: str) -> None:
    before = desk.state()
    with pytest.raises(InvalidRequestError) as error:
        configure(desk, extensions_enabled=False, **given)
    refused(error, code)
    assert desk.state() == before


def test_monitor_mode_shows_its_list_and_locks_the_others(desk: Desk) -> None:
    configure(desk, block_list=["A/B"])
    shown = configure(desk, mode="monitor")
    assert shown["modeAllowList"] == list(ADMITTED)
    for locked in ({"allow_list": ["A/B"]}, {"block_list": None}):
        with pytest.raises(ConflictError) as error:
            configure(desk, **locked)
        refused(error, "ConfigurationLocked")
    assert configure(desk, mode="full", block_list=[])["blockList"] == []


def test_monitor_mode_refuses_what_is_not_for_monitoring(desk: Desk) -> None:
    desk.publish("Agent", "1.0")
    desk.publish("AzureMonitorLinuxAgent", "1.0", publisher="Microsoft.Azure.Monitor")
    configure(desk, mode="monitor")
    with pytest.raises(PermissionDeniedError) as error:
        desk.create()
    assert "config.mode is monitor" in refused(error, "ExtensionNotAllowed").message
    given = {"publisher": "Microsoft.Azure.Monitor", "type": "AzureMonitorLinuxAgent"}
    view = desk.put("monitor", {"properties": given})
    assert at(view, "properties.provisioningState") == "Succeeded"


def test_one_machine_does_not_configure_another(desk: Desk) -> None:
    desk.service.machine_connect(
        resource_group=RG, name="m2", simulated=True, os_type="Linux", follow=desk.heard
    )
    configure(desk, extensions_enabled=False)
    desk.publish("Agent", "1.0")
    assert desk.on("m2").create()


def test_a_denied_upgrade_is_refused_and_changes_nothing(desk: Desk) -> None:
    desk.publish("Agent", "1.0", "1.1")
    desk.create(typeHandlerVersion="1.0")
    configure(desk, block_list=[f"{SAMPLE}/Agent@1.1"])
    before = desk.state()
    with pytest.raises(PermissionDeniedError) as error:
        desk.upgrade({f"{SAMPLE}.Agent": {"targetVersion": "1.1"}})
    refused(error, "ExtensionNotAllowed")
    assert desk.state() == before


def test_a_preview_refuses_what_the_request_would(desk: Desk) -> None:
    desk.publish("Agent", "1.0")
    desk.create()
    configure(desk, extensions_enabled=False)
    with pytest.raises(PermissionDeniedError):
        desk.preview("remove")
    with pytest.raises(PermissionDeniedError):
        desk.preview("patch", body={"properties": {"settings": {"a": 1}}})


def test_an_extension_without_an_image_is_judged_by_its_name(desk: Desk) -> None:
    configure(desk, allow_list=["Contoso/Other"])
    given = {
        "publisher": "Microsoft.Azure.Monitoring.DependencyAgent",
        "type": "DependencyAgentLinux",
    }
    with pytest.raises(PermissionDeniedError) as error:
        desk.put("d", {"properties": given})
    refused(error, "ExtensionNotAllowed")


def test_a_request_whose_extension_is_denied_while_it_waits_says_so(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.publish("Agent", "1.0")
    start = desk.service.start_runner

    def deny_first(_: Machine) -> None:
        monkeypatch.setattr(desk.service, "start_runner", start)
        configure(desk, block_list=[f"{SAMPLE}/Agent@1.0"])

    monkeypatch.setattr(desk.service, "start_runner", deny_first)
    with pytest.raises(PermissionDeniedError) as error:
        desk.create()
    refused(error, "ExtensionNotAllowed")


# Policy files.


def test_a_policy_file_gives_the_allowlist_and_nothing_else(desk: Desk) -> None:
    configure(desk, block_list=["A/B"], allow_list=["X/Y"])
    policy = {"policyVersion": "0.1", "extensionPolicies": {"allowListedExtensionsOnly": True}}
    shown = import_policy(desk, json.dumps(policy))
    assert (shown["allowList"], shown["blockList"]) == (["Allow/None"], ["A/B"])
    policy["extensionPolicies"] = {}
    assert import_policy(desk, json.dumps(policy))["allowList"] == []


def test_a_policy_file_that_is_refused_changes_nothing(desk: Desk) -> None:
    before = desk.state()
    with pytest.raises(InvalidRequestError) as error:
        import_policy(desk, '{"policyVersion": "0.1.0", "other": 1}')
    assert refused(error, "InvalidPolicyFile").target == "other"
    signed = {"policyVersion": "0.1.0", "extensionPolicies": {"signatureRequired": True}}
    with pytest.raises(NotSupportedError):
        import_policy(desk, json.dumps(signed))
    assert desk.state() == before


def test_in_monitor_mode_no_policy_file_is_taken(desk: Desk) -> None:
    configure(desk, mode="monitor")
    with pytest.raises(ConflictError):
        import_policy(desk, '{"policyVersion": "0.1.0"}')


# Requests that wait for what will not come by itself.


def test_a_request_does_not_wait_for_what_does_not_exist(desk: Desk) -> None:
    desk.publish("Agent", "1.0")
    view = desk.create(provisionAfterExtensions=["base"])
    assert at(view, "properties.provisionAfterExtensions") == ["base"]
    assert at(view, "properties.instanceView.status.code") == "DependencyMissing"
    assert any("'base', which does not exist" in warning for warning in desk.heard.warnings)


def test_a_request_that_waits_for_what_failed_is_told_so(desk: Desk) -> None:
    desk.publish("Agent", "1.0")
    desk.publish("Base", "1.0")
    gallery = desk.service.store.home / "gallery"
    [package] = [path for path in gallery.rglob("*.zip") if "base" in str(path).lower()]
    package.write_bytes(b"damaged")
    desk.service.runs = False
    desk.put("base", {"properties": {"publisher": SAMPLE, "type": "Base"}}, wait=False)
    desk.service.runs = True
    with pytest.raises(ConflictError) as error:
        desk.create(provisionAfterExtensions=["base"])
    assert "'base'" in refused(error, "DependencyFailed").message


def test_asked_again_once_the_dependency_is_there_it_is_installed(desk: Desk) -> None:
    desk.publish("Agent", "1.0")
    desk.publish("Base", "1.0")
    desk.create(provisionAfterExtensions=["base"])
    desk.put("base", {"properties": {"publisher": SAMPLE, "type": "Base"}})
    assert desk.version() == "1.0.0.0"
    assert at(desk.get(), "properties.provisioningState") == "Succeeded"


def test_taken_out_of_what_it_waits_for_it_is_installed_at_once(desk: Desk) -> None:
    desk.publish("Agent", "1.0")
    desk.create(provisionAfterExtensions=["base"])
    view = desk.patch(provisionAfterExtensions=None)
    assert at(view, "properties.instanceView.status.code") != "DependencyMissing"
    assert desk.version() == "1.0.0.0"


def test_an_upgrade_of_what_is_held_back_looks_again_at_what_it_waits_for(desk: Desk) -> None:
    desk.publish("Agent", "1.0", "1.1")
    desk.publish("Base", "1.0")
    desk.create(typeHandlerVersion="1.0", provisionAfterExtensions=["base"])
    desk.service.runs = False
    desk.put("base", {"properties": {"publisher": SAMPLE, "type": "Base"}}, wait=False)
    desk.service.runs = True
    desk.upgrade({f"{SAMPLE}.Agent": {"targetVersion": "1.1"}})
    assert desk.version() == "1.1.0.0"


def test_a_pass_says_what_an_extension_waits_for(desk: Desk) -> None:
    desk.publish("Agent", "1.0")
    desk.create(provisionAfterExtensions=["base"])
    decision = desk.run_pass()["agent"]
    assert decision["reason"] == "OperationInProgress"
    assert "'base', which does not exist" in str(decision["message"])
