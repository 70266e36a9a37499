"""From readings to a health sample, and from samples to a verdict (design page, section 6)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from connectedmachine.model.handler import HandlerStatus, Heartbeat, Readiness, StatusKind
from connectedmachine.model.health import Health, Sample, SourceHealth

_WORST_FIRST = (Health.UNHEALTHY, Health.INITIALIZING, Health.UNKNOWN, Health.HEALTHY)

HEARTBEAT_FRESH_SECONDS = 600.0
"""How long a heartbeat counts, this second included (handler contract 1.7)."""


def handler_source(handler: str, extension: str | None = None) -> str:
    """The source name of a handler, given ``Publisher.Type``; of one extension where it may have several."""
    name = f"handler:{handler.lower()}"
    return name if extension is None else f"{name}/{extension.lower()}"


def probe_source(probe: str) -> str:
    """The source name of a user's probe."""
    return f"probe:{probe}"


def handler_state(
    heartbeat: Heartbeat | None, *, enabled: bool, reports_heartbeat: bool
) -> tuple[Readiness, str, str]:
    """A handler's own state, with code and message (handler contract, sections 1.7 and 5).

    It is told from this one reading: nothing of an earlier and worse one sticks.

    Args:
        heartbeat: ``None`` when there is no file.
        enabled: Whether its last enable succeeded.
        reports_heartbeat: As its manifest says.
    """
    if not enabled:
        return Readiness.NOT_READY, "-1", "The handler is not enabled."
    if not reports_heartbeat:
        return Readiness.READY, "0", "The handler is enabled."
    if heartbeat is None:
        return Readiness.NOT_READY, "-1", "The handler writes no heartbeat."
    if heartbeat.age > HEARTBEAT_FRESH_SECONDS:
        return Readiness.UNRESPONSIVE, "-1", f"The last heartbeat is {heartbeat.age:.0f} s old."
    state = Readiness.READY if heartbeat.ready else Readiness.NOT_READY
    return state, heartbeat.code, heartbeat.message or f"The heartbeat says {state}."


def handler_health(
    status: HandlerStatus,
    heartbeat: Heartbeat | None,
    *,
    enabled: bool,
    has_settings: bool,
    reports_heartbeat: bool,
) -> SourceHealth:
    """What a handler's own files say.

    Args:
        status: As read for the sequence number that was applied; only one written since counts.
        heartbeat: ``None`` when there is no file.
        enabled: Whether its last enable succeeded.
        has_settings: A handler without settings owes no status; exit 0 of enable is enough.
        reports_heartbeat: As its manifest says.
    """
    state, _, said = handler_state(heartbeat, enabled=enabled, reports_heartbeat=reports_heartbeat)
    if state is not Readiness.READY:
        return SourceHealth(Health.UNHEALTHY, said)
    if not status.is_current:
        if has_settings:
            return SourceHealth(Health.INITIALIZING, "No status since it was enabled.")
        return SourceHealth(Health.HEALTHY, "Enabled; it has no settings and owes no status.")
    match status.kind:
        case StatusKind.SUCCESS | StatusKind.WARNING:
            return SourceHealth(Health.HEALTHY, status.message)
        case StatusKind.TRANSITIONING:
            return SourceHealth(Health.INITIALIZING, status.message)
        case StatusKind.ERROR:
            return SourceHealth(Health.UNHEALTHY, status.message or "The handler reports an error.")


@dataclass(frozen=True)
class Verdict:
    """``healthy`` is ``None`` while the window goes on. ``message`` names the sources that decided."""

    healthy: bool | None
    message: str


def excused(baseline: Sample, sample: Sample, subjects: Collection[str]) -> frozenset[str]:
    """Sources that do not count against the upgrade; never the ``subjects``, which are being upgraded.

    Those that were not Healthy before it and are no worse in ``sample``. One that is Initializing for good,
    since it never reports, would keep every other extension of the machine from every upgrade; what nobody
    saw rolls nothing back; one that was on its way up and has failed meanwhile counts.
    """
    return frozenset(
        name
        for name, before in baseline.sources.items()
        if name not in subjects
        and before.health is not Health.HEALTHY
        and not (before.health is Health.INITIALIZING and _is_unhealthy(sample, name))
    )


def _is_unhealthy(sample: Sample, name: str) -> bool:
    return name in sample.sources and sample.sources[name].health is Health.UNHEALTHY


def worst(sample: Sample, passed_over: Collection[str] = ()) -> SourceHealth:
    """Machine health: the worst of the sources, Healthy when there are none."""
    counted = [(name, source) for name, source in sample.sources.items() if name not in passed_over]
    for health in _WORST_FIRST:
        named = [
            f"{name} is {health}: {source.message}" for name, source in counted if source.health is health
        ]
        if named and health is not Health.HEALTHY:
            return SourceHealth(health, "; ".join(named))
    return SourceHealth(Health.HEALTHY)


def judge(
    samples: Sequence[Sample],
    *,
    window: float,
    stable_for: float,
    healthy_for: float | None,
    passed_over: Collection[str] = (),
) -> Verdict:
    """Judge a health window by what was observed of it.

    At the deadline, Healthy without a break for the last ``stable_for`` seconds is good, anything else is
    not. ``healthy_for`` allows an early good verdict. A source that could not be looked at (Unknown) says
    nothing: a deadline that comes out badly for want of known samples is put off, by a window at most.

    Args:
        samples: In order of ``observed``, which is seconds of observed time since enable ended.
        window, stable_for, healthy_for: Seconds. A ``stable_for`` longer than the window means all of it.
        passed_over: Names of sources that do not count.
    """
    healthy_since: float | None = None
    not_bad_since: float | None = None
    last_known: SourceHealth | None = None
    for sample in samples:
        state = worst(sample, passed_over)
        if state.health is not Health.UNKNOWN:
            last_known = state
        if state.health not in (Health.HEALTHY, Health.UNKNOWN):
            healthy_since = not_bad_since = None
            continue
        if not_bad_since is None:
            not_bad_since = sample.observed
        if state.health is Health.HEALTHY and healthy_since is None:
            healthy_since = sample.observed
    if not samples:
        return Verdict(None, "No sample yet.")
    observed = samples[-1].observed
    known = worst(samples[-1], passed_over).health is not Health.UNKNOWN
    steady = observed - healthy_since if healthy_since is not None and known else 0.0
    if healthy_since is not None and known and healthy_for is not None and steady >= healthy_for:
        return Verdict(True, f"Healthy for {steady:.0f} s, {observed:.0f} s into the health window.")
    needed = min(stable_for, window)
    # It may have been healthy for long enough: nobody could look.
    unseen = not_bad_since is not None and steady < needed <= observed - not_bad_since
    if observed < window or ((unseen or not known) and observed < 2 * window):
        return Verdict(None, "" if last_known is None else last_known.message)
    if healthy_since is not None and known and steady >= needed:
        return Verdict(True, f"Healthy for the last {steady:.0f} s of a health window of {window:.0f} s.")
    last = worst(samples[-1], passed_over)
    if last.health is Health.HEALTHY:
        why = f"it was healthy for the last {steady:.0f} s only, {stable_for:.0f} s are asked for"
    else:
        why = last.message
    return Verdict(False, f"Not healthy at the end of a health window of {window:.0f} s: {why}.")
