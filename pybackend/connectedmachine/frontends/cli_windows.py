"""Commands about maintenance windows."""

from __future__ import annotations

from connectedmachine.frontends.cli_calls import passed_on
from connectedmachine.frontends.cli_command import IN as _IN
from connectedmachine.frontends.cli_command import Command
from connectedmachine.frontends.cli_options import NAME, OF_MACHINE, Option, duration, needed, text
from connectedmachine.model.window import WEEKDAYS, WEEKS

_WINDOW_NAME = text("--window-name", dest="window_name", help="name of the window", required=True)

WINDOWS = (
    Command(
        "window add", "let versions of what is installed change in this window only; again, change it",
        f"window add {_IN} --window-name nights --time-zone Europe/Berlin --start 22:00 --duration 6h",
        passed_on("window_add"), "window",
        (*OF_MACHINE, NAME, _WINDOW_NAME,
         text("--time-zone", dest="time_zone", help="whose clocks count: IANA's name, or UTC",
              metavar="ZONE", required=True),
         text("--start", dest="start", help="local time at which it opens", metavar="22:00", required=True),
         needed(duration("--duration", dest="duration", help="how long it stays open: up to seven days")),
         Option(("--days",), "days", "days on which it opens; by default every day",
                nargs="+", metavar=f"{WEEKDAYS[0]}..{WEEKDAYS[-1]}"),
         Option(("--weeks",), "weeks", "on which of those days of a month; by default on all",
                nargs="+", metavar="|".join(WEEKS)),
         Option(("--blackouts",), "blackouts", "dates on which it does not open: 2026-12-24, or a range"
                " 2026-12-20/2027-01-03", nargs="+", metavar="DATES"),
         duration("--spread", dest="spread", help="each machine begins at its own moment within this time")),
        "Add-AzConnectedMachineMaintenanceWindow",
    ),
    Command(
        "window list", "list the windows, and when they open next", f"window list {_IN} -o table",
        passed_on("window_list"), "window", (*OF_MACHINE, NAME), "Get-AzConnectedMachineMaintenanceWindow",
    ),
    Command(
        "window remove", "remove a window", f"window remove {_IN} --window-name nights",
        passed_on("window_remove"), None, (*OF_MACHINE, NAME, _WINDOW_NAME),
        "Remove-AzConnectedMachineMaintenanceWindow",
    ),
)  # fmt: skip
