"""Every command: its words, what it calls, what it shows, its options, and one example.

Shaped like ``az connectedmachine`` (REST reference, section 7); what Azure does by itself has commands
named after the cmdlets.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

from connectedmachine.frontends import cli_calls as calls
from connectedmachine.frontends import cli_values as values
from connectedmachine.frontends.cli_calls import Call, passed_on
from connectedmachine.frontends.cli_options import (
    GALLERY,
    GROUP,
    LOCATION,
    MACHINE,
    NAME,
    NO_WAIT,
    OF_EXTENSION,
    OF_MACHINE,
    PUBLISHER,
    SUBSCRIPTION,
    TAGS,
    TYPE,
    YES,
    Option,
    boolean,
    duration,
    json_object,
    needed,
    place,
    policy_duration,
    text,
)
from connectedmachine.frontends.cli_serve import serve


@dataclass(frozen=True)
class Command:
    """One command.

    Attributes:
        shows: Kind of what it prints (see ``cli_output``); ``None`` prints nothing.
        cmdlet: The cmdlet that hints and warnings of the service mean by it.
    """

    words: str
    help: str
    example: str
    call: Call
    shows: str | None
    options: tuple[Option, ...]
    cmdlet: str = ""


GROUPS = {
    "extension": "manage the extensions of a machine",
    "extension image": "see the versions that can be put on a machine",
    "extension publisher": "see who publishes extensions",
    "extension type": "see the types of a publisher",
    "gallery": "manage the folders that versions come from, and what is published in them",
    "upgrade": "upgrade what is enrolled, as Azure does by itself, and see what was done",
    "policy": "see and change how upgrades are watched, rolled back and retried",
    "config": "see and change which extensions the administrator of a machine admits",
    "probe": "manage health probes, which say whether a machine is healthy",
    "hold": "keep extensions, or versions of them, from moving",
    "credential": "manage who may use the REST API",
}

_IN = "-g myResourceGroup --machine-name myVM"
_PROPERTY = place(
    "property", help="name of the property, as azcmagent has it", metavar="PROPERTY",
    choices=tuple(calls.CONFIGURATION),
)  # fmt: skip
_PUBLISHED = "--publisher Contoso.Sample --type Agent --version 1.1"

_MACHINE_NAME = text(
    "--machine-name", "--vm-name", "--name", "-n", dest="name", help="name of the machine"
)  # fmt: skip
_VERSION = text("--version", dest="version", help="version", metavar="VERSION")
_OPERATING_SYSTEM = text(
    "--operating-system", "--os", dest="operating_system", help="what it is for", metavar="Linux|Windows"
)  # fmt: skip
_ARCHITECTURE = text(
    "--architecture", dest="architecture", help="what it is for; by default any", metavar="x64|arm64|any"
)  # fmt: skip
_GALLERY_NAME = text("--name", "-n", "--gallery-name", dest="name", help="name of the gallery")
_PROBE_NAME = text("--name", "-n", "--probe-name", dest="name", help="name of the probe")

_CREDENTIAL_NAME = text("--name", "-n", dest="name", help="name of the credential", required=True)
_OF_TYPE = (needed(LOCATION), needed(PUBLISHER), needed(TYPE))

_CHANGES = (
    text("--type-handler-version", "--version", dest="typeHandlerVersion", metavar="VERSION",
         help="version wanted: one to four numbers, or nothing for the newest"),
    boolean("--enable-auto-upgrade", "--enable-automatic-upgrade", dest="enableAutomaticUpgrade",
            help="let the extension follow its publisher's releases"),
    boolean("--auto-upgrade-minor-version", "--auto-upgrade-min", dest="autoUpgradeMinorVersion",
            help="take the newest minor version at the moment of the request"),
    json_object("--settings", "--setting", dest="settings", help="public settings; null clears them"),
    json_object("--protected-settings", "--protected-setting", dest="protectedSettings",
                help="protected settings; @FILE or @- keeps them out of the process list"),
    Option(("--provision-after-extensions",), "provisionAfterExtensions",
           "extensions that are to be ready before it is installed; alone: none",
           nargs="*", metavar="NAME"),
    text("--force-update-tag", dest="forceUpdateTag", help="a new text has the settings applied again"),
    TAGS, PUBLISHER, TYPE, NO_WAIT,
)  # fmt: skip

COMMANDS = (
    Command(
        "connect", "make this host, or a simulated one, a machine", "connect -g myResourceGroup --name myVM",
        calls.connect, "machine",
        (needed(GROUP), _MACHINE_NAME, SUBSCRIPTION, LOCATION, TAGS,
         boolean("--simulated", dest="simulated", help="a machine whose handlers are played"),
         text("--os-type", dest="os_type", help="of a simulated machine", metavar="Linux|Windows")),
        "Connect-AzConnectedMachine",
    ),
    Command(
        "show", "show a machine", "show -g myResourceGroup --name myVM",
        passed_on("machine_get"), "machine", (needed(GROUP), needed(_MACHINE_NAME), SUBSCRIPTION),
    ),
    Command(
        "status", "show what the handlers of a machine report, as Azure's agent does",
        "status -g myResourceGroup --name myVM", passed_on("machine_status"), "status",
        (needed(GROUP), needed(_MACHINE_NAME), SUBSCRIPTION), "Get-AzConnectedMachineHandlerStatus",
    ),
    Command(
        "list", "list the machines", "list -o table",
        passed_on("machine_list"), "machine", (GROUP, SUBSCRIPTION), "Get-AzConnectedMachine",
    ),
    Command(
        "update", "describe a machine that exists", "update -g myResourceGroup --name myVM --tags env=test",
        calls.written("machine_patch"), "machine",
        (needed(GROUP), needed(_MACHINE_NAME), SUBSCRIPTION, TAGS,
         text("--kind", dest="kind", help="kind to show"),
         json_object("--identity", dest="identity", help="identity to show"),
         json_object("--location-data", dest="locationData", help="where it stands, to show"),
         json_object("--os-profile", dest="osProfile", help="profile to show"),
         json_object("--agent-upgrade", dest="agentUpgrade", help="wish to show"),
         text("--parent-cluster-resource-id", "--parent-cluster-id", dest="parentClusterResourceId",
              help="id to show"),
         text("--private-link-scope-resource-id", "--private-link-scope-id",
              dest="privateLinkScopeResourceId", help="id to show")),
        "Update-AzConnectedMachine",
    ),
    Command(
        "delete", "forget a machine that has no extensions", "delete -g myResourceGroup --name myVM --yes",
        calls.delete_machine, None, (needed(GROUP), needed(_MACHINE_NAME), SUBSCRIPTION, YES),
        "Remove-AzConnectedMachine",
    ),
    Command(
        "upgrade-extension", "move extensions to given versions",
        f"""upgrade-extension {_IN} --extension-targets '{{"P.T": {{"targetVersion": "1.2"}}}}'""",
        calls.upgrade_extension, "extension",
        (*OF_MACHINE, NO_WAIT,
         json_object("--extension-targets", dest="targets", required=True,
                     help="versions by publisher and type")),
        "Update-AzConnectedExtension",
    ),
    Command(
        "extension create", "create an extension, or change what is given of one",
        f"extension create {_IN} -n agent --publisher Contoso.Sample --type Agent --enable-auto-upgrade",
        calls.written("extension_put"), "extension", (*OF_EXTENSION, LOCATION, *_CHANGES),
        "New-AzConnectedMachineExtension",
    ),
    Command(
        "extension set", "the same as create",
        f"extension set {_IN} -n agent --enable-auto-upgrade true",
        calls.written("extension_put"), "extension", (*OF_EXTENSION, LOCATION, *_CHANGES),
        "Set-AzConnectedMachineExtension",
    ),
    Command(
        "extension update", "change what is given of an extension that exists",
        f"""extension update {_IN} -n agent --settings '{{"port": 8080}}'""",
        calls.written("extension_patch"), "extension", (*OF_EXTENSION, *_CHANGES),
        "Update-AzConnectedMachineExtension",
    ),
    Command(
        "extension show", "show an extension", f"extension show {_IN} -n agent",
        passed_on("extension_get"), "extension", OF_EXTENSION,
    ),
    Command(
        "extension list", "list the extensions of a machine", f"extension list {_IN} -o table",
        passed_on("extension_list"), "extension", OF_MACHINE, "Get-AzConnectedMachineExtension",
    ),
    Command(
        "extension delete", "remove an extension", f"extension delete {_IN} -n agent --yes",
        calls.delete, None,
        (*OF_EXTENSION, NO_WAIT, YES),
        "Remove-AzConnectedMachineExtension",
    ),
    Command(
        "extension reset-state", "have an extension forget what it keeps, if its handler offers that",
        f"extension reset-state {_IN} -n agent",
        passed_on("extension_reset_state"), "extension", (*OF_EXTENSION, NO_WAIT),
        "Reset-AzConnectedMachineExtension",
    ),
    Command(
        "extension image list", "list the versions of a type, newest first",
        "extension image list -l local --publisher Contoso.Sample --type Agent",
        passed_on("metadata_list"), "metadata", _OF_TYPE, "Get-AzConnectedExtensionMetadataV2",
    ),
    Command(
        "extension image show", "show a version of a type",
        f"extension image show -l local {_PUBLISHED}",
        passed_on("metadata_get"), "metadata",
        (*_OF_TYPE, text("--version", "--name", "-n", dest="version", help="version", required=True)),
        "Get-AzConnectedExtensionMetadata",
    ),
    Command(
        "extension publisher list", "list everybody who publishes extensions",
        "extension publisher list -l local", passed_on("publisher_list"), "name", (needed(LOCATION),),
        "Get-AzConnectedExtensionPublisher",
    ),
    Command(
        "extension type list", "list the types of a publisher",
        "extension type list -l local --publisher Contoso.Sample", passed_on("type_list"), "name",
        (needed(LOCATION), needed(PUBLISHER)), "Get-AzConnectedExtensionType",
    ),
    Command(
        "gallery add", "use a folder as a gallery", "gallery add --name shared --path /srv/gallery",
        passed_on("gallery_add"), "gallery",
        (needed(_GALLERY_NAME), text("--path", dest="path", help="its folder", required=True)),
        "Add-AzConnectedMachineGallery",
    ),
    Command(
        "gallery list", "list the galleries", "gallery list -o table",
        passed_on("gallery_list"), "gallery", (_GALLERY_NAME,), "Get-AzConnectedMachineGallery",
    ),
    Command(
        "gallery remove", "stop using a gallery; its folder stays", "gallery remove --name shared",
        passed_on("gallery_remove"), None, (needed(_GALLERY_NAME),), "Remove-AzConnectedMachineGallery",
    ),
    Command(
        "gallery check",
        "run a handler package on a throw-away machine, here and as you, and say how it keeps the contract",
        "gallery check agent-1.1.zip --from agent-1.0.zip -o table --yes",
        calls.check, "finding",
        (place("path", help="the zip file; its commands run, and what they do outside their folder is real",
               metavar="PACKAGE"),
         text("--from", "--previous-path", dest="previous_path", metavar="PACKAGE",
              help="package to update from and to go back to; by default the same one as a lower version"),
         PUBLISHER, TYPE, _VERSION, _OPERATING_SYSTEM,
         json_object("--settings", "--setting", dest="settings", help="public settings; by default {}"),
         json_object("--protected-settings", "--protected-setting", dest="protected_settings",
                     help="protected settings; @FILE or @- keeps them out of the process list"),
         duration("--window", dest="window", help="how long it may take to report success; by default 30s"),
         YES),
        "Test-AzConnectedExtensionPackage",
    ),
    Command(
        "gallery publish", "check a handler package and publish it",
        f"gallery publish --path agent-1.1.zip {_PUBLISHED} --operating-system Linux",
        passed_on("image_publish"), "image",
        (text("--path", dest="path", help="the zip file", required=True),
         needed(PUBLISHER), needed(TYPE), needed(_VERSION), needed(_OPERATING_SYSTEM), _ARCHITECTURE, GALLERY,
         boolean("--supports-automatic-upgrade", dest="supports_automatic_upgrade",
                 help="whether enrolled extensions may move to it; by default what the catalogue says")),
        "Publish-AzConnectedExtensionPackage",
    ),
    Command(
        "gallery unpublish", "take a version out of choice", f"gallery unpublish {_PUBLISHED}",
        passed_on("image_unpublish"), "image",
        (needed(PUBLISHER), needed(TYPE), needed(_VERSION), _OPERATING_SYSTEM, _ARCHITECTURE, GALLERY),
        "Unpublish-AzConnectedExtensionPackage",
    ),
    Command(
        "gallery images", "list what is published", "gallery images --publisher Contoso.Sample -o table",
        passed_on("image_list"), "image", (PUBLISHER, TYPE, GALLERY),
    ),
    Command(
        "upgrade run", "look at every extension and do what is due", "upgrade run -o table",
        calls.run_pass, "decision", (GROUP, MACHINE, SUBSCRIPTION, NAME, NO_WAIT),
        "Start-AzConnectedMachineUpgrade",
    ),
    Command(
        "upgrade plan", "say what a run would do", f"upgrade plan {_IN} -o table",
        passed_on("upgrade_plan"), "decision", (*OF_MACHINE, NAME),
    ),
    Command(
        "upgrade show", "show the latest decision about each extension", f"upgrade show {_IN} -o table",
        passed_on("upgrade_decisions"), "decision", (*OF_MACHINE, NAME), "Get-AzConnectedMachineUpgrade",
    ),
    Command(
        "upgrade history", "show what was done, newest first", f"upgrade history {_IN} -o table",
        passed_on("upgrade_history"), "operation", (*OF_MACHINE, NAME),
        "Get-AzConnectedMachineUpgrade -History",
    ),
    Command(
        "upgrade resolve", "settle a pending rollback", f"upgrade resolve {_IN} -n agent --choice back",
        passed_on("upgrade_resolve"), "decision",
        (*OF_EXTENSION,
         Option(("--choice",), "choice", "forward: take the new version; back: try again now; stop: give up",
                required=True, choices=("forward", "back", "stop"))),
        "Resolve-AzConnectedMachineUpgrade",
    ),
    Command(
        "policy show", "show the policy, and where each value comes from", f"policy show {_IN} -o table",
        passed_on("policy_get"), "policy", (*OF_MACHINE, NAME), "Get-AzConnectedMachineUpgradePolicy",
    ),
    Command(
        "policy set", f"change policy values; '{values.TAKEN_BACK}' takes one back",
        f"policy set {_IN} --health-window 10m --retry-interval 1d",
        passed_on("policy_set"), "policy",
        (*OF_MACHINE, NAME,
         Option(("--preset",), "preset", "where values come from that nothing else says",
                type=values.text_or_default, metavar="arc-2021|arc-2025|default"),
         policy_duration("--health-window", dest="health_window",
                         help="how long a machine is watched after an automatic upgrade"),
         policy_duration("--stable-for", dest="stable_for",
                         help="how long it must have been healthy at the end of the window"),
         policy_duration("--healthy-for", dest="healthy_for",
                         help="how long it must be healthy for the watch to end early"),
         policy_duration("--retry-interval", dest="retry_interval",
                         help="pause before a failed version is tried again"),
         policy_duration("--manual-health-window", dest="manual_health_window",
                         help="how long a machine is watched after an explicit upgrade"),
         policy_duration("--sample-interval", dest="sample_interval",
                         help="time from one health sample to the next"),
         policy_duration("--rollback-pause", dest="rollback_pause",
                         help="pause before a failed rollback is tried again; doubles each time"),
         policy_duration("--install-timeout", dest="install_timeout",
                         help="how long the handler's install may take before it is ended"),
         policy_duration("--update-timeout", dest="update_timeout",
                         help="how long the handler's update may take before it is ended"),
         policy_duration("--enable-timeout", dest="enable_timeout",
                         help="how long the handler's enable may take before it is ended"),
         policy_duration("--disable-timeout", dest="disable_timeout",
                         help="how long the handler's disable may take before it is ended"),
         policy_duration("--uninstall-timeout", dest="uninstall_timeout",
                         help="how long the handler's uninstall may take before it is ended")),
        "Set-AzConnectedMachineUpgradePolicy",
    ),
    Command(
        "config list", "list every property with its value", f"config list {_IN} -o table",
        calls.config_list, "property", OF_MACHINE, "Get-AzConnectedMachineConfiguration",
    ),
    Command(
        "config get", "show the value of a property", f"config get {_IN} extensions.allowlist",
        calls.config_get, "property", (_PROPERTY, *OF_MACHINE),
    ),
    Command(
        "config set", "set the value of a property; of a list, entries with commas between",
        f"config set {_IN} extensions.allowlist Microsoft.Azure.Monitor/AzureMonitorLinuxAgent --add",
        calls.config_set, "property",
        (_PROPERTY, place("value", help="its value", metavar="VALUE"), *OF_MACHINE,
         Option(("--add", "-a"), "edit", "add to the list", nargs=0, const="add"),
         Option(("--remove", "-r"), "edit", "remove from the list", nargs=0, const="remove")),
        "Set-AzConnectedMachineConfiguration",
    ),
    Command(
        "config clear", "give a property its default again", f"config clear {_IN} extensions.blocklist",
        calls.config_clear, "property", (_PROPERTY, *OF_MACHINE),
    ),
    Command(
        "config import-policy", "take the allowlist from a policy file of Azure's Linux agent",
        f"config import-policy {_IN} /etc/waagent_policy.json",
        calls.config_import, "property",
        (place("file", help="the policy file, or - for standard input", metavar="FILE"), *OF_MACHINE),
    ),
    Command(
        "probe add", "add a health probe, or replace the one of that name",
        f"probe add {_IN} -n site --http http://127.0.0.1:8080/health",
        passed_on("probe_add"), "probe",
        (*OF_MACHINE, needed(_PROBE_NAME),
         text("--tcp", dest="tcp", help="connect to it", metavar="HOST:PORT"),
         text("--http", dest="http", help="get it; 200 to 399 is healthy", metavar="URI"),
         text("--process-name", dest="process_name", help="a process that must run"),
         text("--service-name", dest="service_name", help="a service that must run"),
         duration("--interval", dest="interval", help="time between two samples"),
         duration("--timeout", dest="timeout", help="time after which a sample counts as failed"),
         Option(("--command",), "command", "a program and its arguments, up to the end of the line; exit "
                "code 0 is healthy", nargs=argparse.REMAINDER, metavar="PROGRAM")),
        "Add-AzConnectedMachineHealthProbe",
    ),
    Command(
        "probe list", "list the probes with their last samples", f"probe list {_IN} -o table",
        passed_on("probe_list"), "probe", (*OF_MACHINE, _PROBE_NAME), "Get-AzConnectedMachineHealthProbe",
    ),
    Command(
        "probe remove", "remove a probe", f"probe remove {_IN} -n site",
        passed_on("probe_remove"), None, (*OF_MACHINE, needed(_PROBE_NAME)),
        "Remove-AzConnectedMachineHealthProbe",
    ),
    Command(
        "hold add", "keep an extension, or one version of it, from moving",
        f"hold add {_IN} -n agent --version 1.2 --reason 'breaks our proxy'",
        passed_on("hold_add"), "hold",
        (*OF_EXTENSION, _VERSION,
         text("--until", dest="until", help="when it ends; by default never", metavar="2030-01-31T18:00:00Z"),
         text("--reason", dest="reason", help="why, for whoever reads it")),
        "Add-AzConnectedMachineUpgradeHold",
    ),
    Command(
        "hold list", "list the holds", f"hold list {_IN} -o table",
        passed_on("hold_list"), "hold", (*OF_MACHINE, NAME), "Get-AzConnectedMachineUpgradeHold",
    ),
    Command(
        "hold remove", "end a hold", f"hold remove {_IN} -n agent --version 1.2",
        passed_on("hold_remove"), None, (*OF_EXTENSION, _VERSION), "Remove-AzConnectedMachineUpgradeHold",
    ),
    Command(
        "credential create", "make a credential for the REST API; its secret is shown once",
        "credential create --name pipeline --scope operate",
        passed_on("credential_create"), "new credential",
        (_CREDENTIAL_NAME,
         Option(("--scope",), "scopes", "what it may do, all of them include reading; by default read",
                nargs="+", choices=("read", "operate", "publish")),
         Option(("--expires-in-days",), "expires_in_days", "when it ends; by default after 365 days",
                type=values.whole_number(1, 3650), metavar="DAYS")),
    ),
    Command(
        "credential list", "list the credentials, without their secrets", "credential list -o table",
        passed_on("credential_list"), "credential", (),
    ),
    Command(
        "credential revoke", "end a credential and all tokens that it got",
        "credential revoke --name pipeline",
        passed_on("credential_revoke"), None, (_CREDENTIAL_NAME,),
    ),
    Command(
        "serve", "serve the REST API until Ctrl+C or SIGTERM; the first line printed is JSON and says where",
        "serve --port 8493",
        serve, None,
        (Option(("--port",), "port", "by default 8493; 0 takes any that is free",
                type=values.whole_number(0, 65535), metavar="PORT"),
         text("--host", dest="host", help="address to listen on; by default 127.0.0.1", metavar="ADDRESS"),
         Option(("--http",), "plain", "plain HTTP in place of HTTPS, on the loopback address only",
                nargs=0, const=True),
         text("--unix-socket", dest="unix_socket", help="listen there too: the same user needs no token",
              metavar="PATH"),
         text("--certificate", dest="certificate", help="PEM file in place of our own", metavar="FILE"),
         text("--key", dest="key", help="its key, unless that is in the same file", metavar="FILE"),
         text("--scenario", dest="scenario", help="which calls go wrong, and how (docs/rest.md)",
              metavar="FILE"),
         Option(("--print-env",), "print_env", "print the lines that point the Azure SDK and az at the"
                " server, and end", nargs=0, const=True),
         Option(("--shell",), "shell", "for which shell the lines are; by default this system's own",
                choices=("bash", "powershell"))),
    ),
)  # fmt: skip
