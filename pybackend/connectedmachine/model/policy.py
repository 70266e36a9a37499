"""Policy: how long health is watched, when a failed upgrade is tried again. Data, never code.

Each value comes from the extension's own policy, else the machine's, else the preset (design page,
section 7). Durations are seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime

from connectedmachine.model.errors import InvalidRequestError
from connectedmachine.model.handler import Command
from connectedmachine.model.version import Version, VersionRequest

DAY = 86_400.0


@dataclass(frozen=True)
class Policy:
    """The values in force for one extension.

    Attributes:
        health_window: How long an automatic upgrade is watched; 0 watches nothing.
        stable_for: Healthy without a break for this long at the deadline means Succeeded.
        healthy_for: Healthy for this long ends the window early; ``None`` never does.
        retry_interval: From a failed upgrade to the next try of the same version.
        retry_growth: Factor by which each further failure of the same version lengthens the interval.
        retry_longest: What growth lengthens the interval to at most; 0 stands for a year.
        retry_limit: How often a version is tried until somebody asks for more; 0 for as often as it takes.
        retry_for: For how long after its first failure a version is tried; 0 for as long as it takes.
        retry_jitter: The part of its interval by which a retry is put off at most; how much, a machine keeps.
        manual_health_window: As ``health_window``, for version changes that a user asked for.
        sample_interval: From one health sample to the next.
        rollback_pause: From a failed rollback to its next try; doubles with each.
        enrol_by_default: ``enableAutomaticUpgrade`` of an extension created without it.
        pass_interval: From one pass to the next, as the machine's schedule has it: a runner stays for a
            maintenance window that opens sooner than that.
        install_timeout: How long an ``install`` may take until it is ended and has failed. The defaults of
            this and the four that follow are those of Azure's agent (handler contract 2.1); journals of
            releases that did not have them yet mean the same.
        update_timeout: As ``install_timeout``, for ``update``.
        enable_timeout: As ``install_timeout``, for ``enable``.
        disable_timeout: As ``install_timeout``, for ``disable``.
        uninstall_timeout: As ``install_timeout``, for ``uninstall``.
    """

    preset: str
    health_window: float
    stable_for: float
    healthy_for: float | None
    retry_interval: float
    retry_growth: float
    manual_health_window: float
    sample_interval: float
    rollback_pause: float
    enrol_by_default: bool
    pass_interval: float = DAY
    install_timeout: float = 900.0
    update_timeout: float = 900.0
    enable_timeout: float = 300.0
    disable_timeout: float = 900.0
    uninstall_timeout: float = 300.0
    retry_longest: float = 0.0
    retry_limit: int = 0
    retry_for: float = 0.0
    retry_jitter: float = 0.1

    def timeout(self, command: Command) -> float:
        """Seconds that a handler command may take."""
        match command:
            case Command.INSTALL:
                return self.install_timeout
            case Command.UPDATE:
                return self.update_timeout
            # The contract has no limit for a reset of state: it is given what enable is.
            case Command.ENABLE | Command.RESET_STATE:
                return self.enable_timeout
            case Command.DISABLE:
                return self.disable_timeout
            case Command.UNINSTALL:
                return self.uninstall_timeout


ARC_2021 = Policy(
    preset="arc-2021",
    health_window=300.0,
    stable_for=30.0,
    healthy_for=None,
    retry_interval=3 * DAY,
    retry_growth=1.0,
    manual_health_window=0.0,
    sample_interval=5.0,
    rollback_pause=60.0,
    enrol_by_default=False,
)
"""The specification of this project: the documentation page of 2021."""

ARC_2025 = replace(
    ARC_2021,
    preset="arc-2025",
    health_window=0.0,
    retry_interval=3600.0,
    retry_growth=2.0,
    retry_longest=DAY,
    enrol_by_default=True,
)
"""Today's Arc: enrolled by default, rolled back when the upgrade itself fails, retried from one hour.

Arc names no end of its retries and no pause but the first; they grow here to one a day.
"""

PRESETS: Mapping[str, Policy] = {preset.preset: preset for preset in (ARC_2021, ARC_2025)}

VALUE_NAMES = tuple(field.name for field in fields(Policy))

_LONGER_THAN_ZERO = ("sample_interval", "rollback_pause", "retry_interval")

PolicyValues = Mapping[str, float | str | bool | None]
"""What one level sets: field name of ``Policy`` to value. A name that is absent is inherited."""


_BOUNDS: Mapping[str, tuple[float, float]] = {
    "retry_growth": (1, 10),
    "retry_jitter": (0, 1),
    "retry_limit": (0, 1000),
}
"""Of the values that are numbers and no durations."""


def checked_value(name: str, value: object) -> float | str | bool:
    """Return ``value`` as policy ``name`` takes it from a user.

    Raises:
        InvalidRequestError: ``InvalidPolicy`` when it is out of its bounds.
    """
    if name == "preset":
        if not isinstance(value, str) or value not in PRESETS:
            raise _invalid(name, value, f"Use one of {', '.join(PRESETS)}.")
        return value
    if name == "enrol_by_default":
        if not isinstance(value, bool):
            raise _invalid(name, value, "Use true or false.")
        return value
    if name in _BOUNDS:
        return _checked_number(name, value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 365 * DAY:
        raise _invalid(name, value, "Give a duration from zero to 365 days.")
    if (name in _LONGER_THAN_ZERO or name.endswith("_timeout")) and value <= 0:
        raise _invalid(name, value, "Give a duration longer than zero.")
    return float(value)


def _checked_number(name: str, value: object) -> float:
    low, high = _BOUNDS[name]
    whole = name == "retry_limit"
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise _invalid(name, value, f"Give a number from {low:g} to {high:g}.")
    if whole and value != int(value):
        raise _invalid(name, value, "Give a whole number.")
    return int(value) if whole else float(value)


def effective(machine: PolicyValues, extension: PolicyValues) -> tuple[Policy, dict[str, str]]:
    """Merge the levels.

    Returns:
        The policy in force, and for each of its fields where the value comes from: ``extension``,
        ``machine``, or the name of the preset.
    """
    preset_name = str(extension.get("preset") or machine.get("preset") or ARC_2021.preset)
    preset = PRESETS[preset_name]
    merged = {**machine, **extension}
    values = {name: merged[name] for name in VALUE_NAMES if name in merged and name != "preset"}
    sources = {
        name: "extension" if name in extension else "machine" if name in machine else f"{preset_name} preset"
        for name in VALUE_NAMES
    }
    return replace(preset, **values), sources  # type: ignore[arg-type] # values were checked on the way in


def _invalid(name: str, value: object, hint: str) -> InvalidRequestError:
    return InvalidRequestError("InvalidPolicy", f"'{value}' is no value for {name}.", target=name, hint=hint)


@dataclass(frozen=True)
class Hold:
    """A user's word that an extension is not to move by itself, or not to a version; ``9.6`` means every 9.6.

    Without ``until``, for ever.
    """

    extension: str
    version: VersionRequest | None
    until: datetime | None
    reason: str
    created: datetime

    def applies(self, version: Version, now: datetime) -> bool:
        """Say whether it keeps the extension from moving to ``version`` at ``now``."""
        return (self.version is None or self.version.covers(version)) and not self.is_over(now)

    def is_over(self, now: datetime) -> bool:
        """Say whether its end has come."""
        return self.until is not None and now >= self.until


@dataclass(frozen=True)
class Backoff:
    """The system's word on a version that failed on an extension: how often, and when it did last and first.

    ``waived``: somebody asked for another try, which ends the wait; a further failure begins the next one.
    """

    version: Version
    failures: int
    failed_at: datetime
    first_failed_at: datetime
    waived: bool = False
