"""Every command: its words, what it calls, what it shows, its options, and one example.

Shaped like ``az connectedmachine`` (REST reference, section 7); what Azure does by itself has commands
named after the cmdlets.
"""

from __future__ import annotations

from connectedmachine.frontends import cli_calls as calls
from connectedmachine.frontends.cli_administration import ADMINISTRATION
from connectedmachine.frontends.cli_calls import passed_on
from connectedmachine.frontends.cli_command import IN as _IN
from connectedmachine.frontends.cli_command import Command
from connectedmachine.frontends.cli_options import (
    GALLERY,
    GROUP,
    IGNORE_WINDOW,
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
    VERSION,
    YES,
    Option,
    boolean,
    duration,
    json_object,
    needed,
    place,
    text,
)
from connectedmachine.frontends.cli_unattended import UNATTENDED
from connectedmachine.frontends.cli_values import content

GROUPS = {
    "extension": "manage the extensions of a machine",
    "extension image": "see the versions that can be put on a machine",
    "extension publisher": "see who publishes extensions",
    "extension type": "see the types of a publisher",
    "gallery": "manage the folders that versions come from, and what is published in them",
    "upgrade": "upgrade what is enrolled, as Azure does by itself, and see what was done",
    "schedule": "have the system's scheduler run upgrade passes",
    "event-sink": "tell the system's log, a command or a webhook what happens to upgrades",
    "policy": "see and change how upgrades are watched, rolled back and retried",
    "config": "see and change which extensions the administrator of a machine admits",
    "probe": "manage health probes, which say whether a machine is healthy",
    "hold": "keep extensions, or versions of them, from moving by themselves",
    "pin": "keep extensions to versions, or from versions, whoever asks for another",
    "window": "let versions change in maintenance windows only",
    "credential": "manage who may use the REST API",
}

_PUBLISHED = "--publisher Contoso.Sample --type Agent --version 1.1"

_MACHINE_NAME = text(
    "--machine-name", "--vm-name", "--name", "-n", dest="name", help="name of the machine"
)  # fmt: skip
_OPERATING_SYSTEM = text(
    "--operating-system", "--os", dest="operating_system", help="what it is for", metavar="Linux|Windows"
)  # fmt: skip
_ARCHITECTURE = text(
    "--architecture", dest="architecture", help="what it is for; by default any", metavar="x64|arm64|any"
)  # fmt: skip
_GALLERY_NAME = text("--name", "-n", "--gallery-name", dest="name", help="name of the gallery")

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
    TAGS, PUBLISHER, TYPE, NO_WAIT, IGNORE_WINDOW,
)  # fmt: skip

COMMANDS = (
    Command(
        "connect", "make this host, or a simulated one, a machine", "connect -g myResourceGroup --name myVM",
        calls.connect, "machine",
        (needed(GROUP), _MACHINE_NAME, SUBSCRIPTION, LOCATION, TAGS,
         boolean("--simulated", dest="simulated", help="a machine whose handlers are played"),
         text("--os-type", dest="os_type", help="of a simulated machine", metavar="Linux|Windows"),
         Option(("--scenario",), "scenario_text", "what a simulated machine plays", type=content,
                metavar="FILE")),
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
        (*OF_MACHINE, NO_WAIT, IGNORE_WINDOW,
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
         PUBLISHER, TYPE, VERSION, _OPERATING_SYSTEM,
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
         needed(PUBLISHER), needed(TYPE), needed(VERSION), needed(_OPERATING_SYSTEM), _ARCHITECTURE, GALLERY,
         boolean("--supports-automatic-upgrade", dest="supports_automatic_upgrade",
                 help="whether enrolled extensions may move to it; by default what the catalogue says")),
        "Publish-AzConnectedExtensionPackage",
    ),
    Command(
        "gallery unpublish", "take a version out of choice", f"gallery unpublish {_PUBLISHED}",
        passed_on("image_unpublish"), "image",
        (needed(PUBLISHER), needed(TYPE), needed(VERSION), _OPERATING_SYSTEM, _ARCHITECTURE, GALLERY),
        "Unpublish-AzConnectedExtensionPackage",
    ),
    Command(
        "gallery images", "list what is published", "gallery images --publisher Contoso.Sample -o table",
        passed_on("image_list"), "image", (PUBLISHER, TYPE, GALLERY),
    ),
    Command(
        "upgrade run", "look at every extension and do what is due", "upgrade run -o table",
        calls.run_pass, "decision",
        (GROUP, MACHINE, SUBSCRIPTION, NAME, NO_WAIT,
         Option(("--plan",), "plan_text", "do exactly what this output of 'upgrade plan' says, or nothing",
                type=content, metavar="FILE")),
        "Start-AzConnectedMachineUpgrade",
    ),
    Command(
        "upgrade retry", "run, and try again now what failed and waits for its next try",
        f"upgrade retry {_IN} -n agent -o table",
        calls.retry, "decision", (*OF_MACHINE, NAME, NO_WAIT), "Start-AzConnectedMachineUpgrade -Retry",
    ),
    Command(
        "upgrade plan", "say what a run would do; 'upgrade run --plan' takes what it prints",
        f"upgrade plan {_IN} -o json", passed_on("upgrade_plan"), "plan",
        (*OF_MACHINE, NAME, Option(("--retry",), "retry", "what a retry would do", nargs=0, const=True)),
        "Get-AzConnectedMachineUpgrade -Plan",
    ),
    Command(
        "upgrade show", "show the latest decision about each extension", f"upgrade show {_IN} -o table",
        passed_on("upgrade_decisions"), "decision", (*OF_MACHINE, NAME), "Get-AzConnectedMachineUpgrade",
    ),
    Command(
        "upgrade why", "say what is planned for an extension, all that stands in its way, and what was done",
        f"upgrade why {_IN} -n agent -o table", passed_on("upgrade_why"), "why",
        (*OF_EXTENSION,
         text("--at", dest="at", metavar="TIME",
              help="another moment than now: what was decided by then, or what will be as things stand")),
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
    *UNATTENDED,
    *ADMINISTRATION,
)  # fmt: skip
