"""Commands that are about a machine and the way to it, rather than about its extensions: policy,
configuration, probes, holds, pins, credentials and the REST server."""

from __future__ import annotations

import argparse

from connectedmachine.frontends import cli_calls as calls
from connectedmachine.frontends import cli_values as values
from connectedmachine.frontends.cli_calls import passed_on
from connectedmachine.frontends.cli_command import IN as _IN
from connectedmachine.frontends.cli_command import Command
from connectedmachine.frontends.cli_options import (
    NAME,
    OF_EXTENSION,
    OF_MACHINE,
    VERSION,
    Option,
    duration,
    needed,
    place,
    policy_duration,
    policy_number,
    text,
)
from connectedmachine.frontends.cli_serve import serve
from connectedmachine.frontends.cli_windows import WINDOWS

_PROPERTY = place(
    "property", help="name of the property, as azcmagent has it", metavar="PROPERTY",
    choices=tuple(calls.CONFIGURATION),
)  # fmt: skip
_PROBE_NAME = text("--name", "-n", "--probe-name", dest="name", help="name of the probe")
_CREDENTIAL_NAME = text("--name", "-n", dest="name", help="name of the credential", required=True)

ADMINISTRATION = (
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
         policy_number("--retry-growth", dest="retry_growth", metavar="1..10",
                       help="factor by which each further failure lengthens that pause"),
         policy_duration("--retry-longest", dest="retry_longest",
                         help="what the pause grows to at most; 0 for a year"),
         policy_number("--retry-limit", dest="retry_limit", metavar="0..1000",
                       help="how often a version is tried; 0 for as often as it takes"),
         policy_duration("--retry-for", dest="retry_for",
                         help="how long after its first failure a version is tried; 0 for always"),
         policy_number("--retry-jitter", dest="retry_jitter", metavar="0..1",
                       help="part of the pause that a machine's own delay adds to it at most"),
         policy_duration("--manual-health-window", dest="manual_health_window",
                         help="how long a machine is watched after an explicit upgrade"),
         policy_duration("--sample-interval", dest="sample_interval",
                         help="time from one health sample to the next"),
         policy_duration("--rollback-pause", dest="rollback_pause",
                         help="pause before a failed rollback is tried again; doubles each time"),
         Option(("--enrol-by-default",), "enrol_by_default",
                "whether a new extension is enrolled unless its creation says otherwise",
                type=values.boolean_or_default, metavar="true|false|default"),
         policy_duration("--pass-interval", dest="pass_interval",
                         help="from one pass to the next: a window that opens sooner is waited for"),
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
        "hold add", "keep an extension, or versions of it, from moving by itself",
        f"hold add {_IN} -n agent --version 1.2 --reason 'breaks our proxy'",
        passed_on("hold_add"), "hold",
        (*OF_EXTENSION, VERSION,
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
        passed_on("hold_remove"), None, (*OF_EXTENSION, VERSION), "Remove-AzConnectedMachineUpgradeHold",
    ),
    *WINDOWS,
    Command(
        "hold clear", "end every hold of a machine or of an extension", f"hold clear {_IN}",
        passed_on("hold_clear"), None, (*OF_MACHINE, NAME), "Remove-AzConnectedMachineUpgradeHold -All",
    ),
    Command(
        "pin add", "let an extension have certain versions only, or never have certain ones",
        f"pin add {_IN} -n agent --version 1.2 --reason 'what we tested'",
        passed_on("pin_add"), "pin",
        (*OF_EXTENSION,
         text("--version", dest="version", required=True, metavar="VERSION",
              help="1.2 means every 1.2; four numbers mean that version alone"),
         Option(("--block",), "block", "never have these, in place of only these", nargs=0, const=True),
         text("--reason", dest="reason", help="why, for whoever reads it")),
        "Add-AzConnectedMachineUpgradePin",
    ),
    Command(
        "pin list", "list the pins", f"pin list {_IN} -o table",
        passed_on("pin_list"), "pin", (*OF_MACHINE, NAME), "Get-AzConnectedMachineUpgradePin",
    ),
    Command(
        "pin remove", "remove a pin; without a version, all of an extension",
        f"pin remove {_IN} -n agent --version 1.2",
        passed_on("pin_remove"), None, (*OF_EXTENSION, VERSION), "Remove-AzConnectedMachineUpgradePin",
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
