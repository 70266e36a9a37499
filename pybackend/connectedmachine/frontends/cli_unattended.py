"""Commands about what goes on while nobody looks: the task of the system's scheduler, the resident agent,
and who is told what happened."""

from __future__ import annotations

import argparse

from connectedmachine.frontends import cli_calls as calls
from connectedmachine.frontends import cli_values as values
from connectedmachine.frontends.cli_agent import agent
from connectedmachine.frontends.cli_calls import passed_on
from connectedmachine.frontends.cli_command import Command
from connectedmachine.frontends.cli_options import (
    GROUP,
    MACHINE,
    SUBSCRIPTION,
    Option,
    duration,
    needed,
    text,
)

_HOME = text("--home", dest="home", help="state root to work on; by default AZCMLITE_HOME", metavar="FOLDER")

_SINK = text("--name", "-n", dest="name", help="name of the sink")

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
    Command(
        "event-sink add", "have events sent somewhere, or replace the sink of that name",
        "event-sink add -n ops --webhook https://ops.example/hook",
        passed_on("event_sink_add"), "sink",
        (needed(_SINK), GROUP, MACHINE, SUBSCRIPTION,
         Option(("--os-log",), "os_log", "the log of the system: syslog, or the Application log of Windows",
                nargs=0, const=True),
         text("--webhook", dest="webhook", help="each event is posted there as JSON", metavar="URI"),
         text("--header", dest="header", help="header that carries the secret; by default Authorization"),
         Option(("--secret",), "secret", "value of that header; @FILE or @- keeps it out of the process list",
                type=values.secret, metavar="TEXT|@FILE"),
         duration("--timeout", dest="timeout", help="how long a delivery may take; by default 10s"),
         Option(("--command",), "command", "a program and its arguments, up to the end of the line; it gets"
                " each event as JSON on its standard input", nargs=argparse.REMAINDER, metavar="PROGRAM")),
        "Add-AzConnectedMachineEventSink",
    ),
    Command(
        "event-sink list", "list the sinks, and how many events are on their way to each",
        "event-sink list -o table",
        passed_on("event_sink_list"), "sink", (_SINK,), "Get-AzConnectedMachineEventSink",
    ),
    Command(
        "event-sink remove", "send no more events there", "event-sink remove -n ops",
        passed_on("event_sink_remove"), None, (needed(_SINK),), "Remove-AzConnectedMachineEventSink",
    ),
    Command(
        "event-sink test", "send a test event there, now", "event-sink test -n ops",
        passed_on("event_sink_test"), "sent", (needed(_SINK),),
    ),
)  # fmt: skip
