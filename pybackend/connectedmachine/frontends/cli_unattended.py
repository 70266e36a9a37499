"""Commands about what goes on while nobody looks: the task of the system's scheduler, the resident agent."""

from __future__ import annotations

from connectedmachine.frontends import cli_calls as calls
from connectedmachine.frontends.cli_agent import agent
from connectedmachine.frontends.cli_calls import passed_on
from connectedmachine.frontends.cli_command import Command
from connectedmachine.frontends.cli_options import GROUP, MACHINE, SUBSCRIPTION, Option, duration, text

_HOME = text("--home", dest="home", help="state root to work on; by default AZCMLITE_HOME", metavar="FOLDER")

UNATTENDED = (
    Command(
        "schedule register", "have the system's scheduler run upgrade passes from now on",
        "schedule register --every 1h",
        passed_on("schedule_register"), "task",
        (GROUP, MACHINE, SUBSCRIPTION,
         duration("--every", dest="every", help="from one pass to the next; by default 1h"),
         text("--at", dest="at", help="once a day, at this time of the host", metavar="HH:MM"),
         duration("--jitter", dest="jitter", help="over how long starts are spread; by default a quarter of"
                  " the interval, 15m at most"),
         Option(("--scheduler",), "scheduler", "which one; by default the best that there is",
                metavar="TaskScheduler|Launchd|Systemd|Cron")),
        "Register-AzConnectedMachineUpgradeTask",
    ),
    Command(
        "schedule unregister", "take the task away; nothing happens when there is none",
        "schedule unregister",
        passed_on("schedule_unregister"), None, (), "Unregister-AzConnectedMachineUpgradeTask",
    ),
    Command(
        "schedule show", "show the task as its scheduler has it", "schedule show -o table",
        passed_on("schedule_list"), "task", (), "Get-AzConnectedMachineUpgradeTask",
    ),
    Command(
        "schedule run", "do what the task does: one pass, nothing printed unless it fails",
        "schedule run --home /var/lib/azcmlite",
        calls.scheduled_pass, None, (_HOME, GROUP, MACHINE, SUBSCRIPTION),
    ),
    Command(
        "agent", "run upgrade passes by itself until Ctrl+C or SIGTERM, where no scheduler does",
        "agent --interval 1h",
        agent, None,
        (_HOME,
         duration("--interval", dest="interval", help="from one pass to the next; by default 1h"),
         duration("--jitter", dest="jitter", help="over how much more they are spread; by default 15m")),
    ),
)  # fmt: skip
