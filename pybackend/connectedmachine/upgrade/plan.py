"""Which extensions move, and the reason for each that does not (design page, sections 4 and 7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from connectedmachine.model.configuration import Configuration
from connectedmachine.model.decision import Decision, Reason
from connectedmachine.model.image import ExtensionImage, Platform
from connectedmachine.model.operation import OperationKind
from connectedmachine.model.pin import Pin
from connectedmachine.model.policy import Backoff, Hold, Policy
from connectedmachine.model.version import Version
from connectedmachine.upgrade.gate import Refusal, disabled, refusal
from connectedmachine.upgrade.images import Images
from connectedmachine.upgrade.order import Obstacle, Standing
from connectedmachine.upgrade.restraint import in_words, longest_wait, own, pinned_out, retry_at
from connectedmachine.upgrade.subject import Move, Planned, Subject

_OPEN = Configuration()


def plan(
    subject: Subject,
    images: Images,
    *,
    machine_id: str,
    platform: Platform,
    policy: Policy,
    supported: Mapping[str, bool],
    now: datetime,
    automatic: bool = True,
    configuration: Configuration = _OPEN,
) -> Planned:
    """Decide about one extension.

    Args:
        images: Of every gallery the machine uses.
        policy: The machine's; ``subject.policy`` is asked first.
        supported: By handler key, whether the catalogue says that the publisher supports automatic upgrade.
        automatic: ``False`` looks for what users asked for only; then an upgrade is never due.
        configuration: The machine's own; what has begun is brought to its end whatever it says.
    """
    off = disabled(configuration)
    if off is not None and not subject.busy:
        return _blocked(subject, off)
    if subject.removing and not subject.busy:
        decision = Decision(subject.name, Reason.REMOVING, "Removal was asked for.", subject.installed)
        return Planned(decision, Move(OperationKind.REMOVE, None, automatic=False))
    if subject.pending is not None:
        return _stays(subject, Reason.ROLLBACK_PENDING, subject.pending, subject.pending_due)
    if subject.busy:
        return _stays(subject, Reason.OPERATION_IN_PROGRESS, "Another operation is under way.")
    if subject.stopped:
        return _stays(
            subject,
            Reason.INTERRUPTED,
            "An operator stopped its rollback; set, update or remove it to go on.",
        )
    refused = refusal(configuration, subject.handler, None)
    if refused is not None:
        return _blocked(subject, refused)
    asked_for = _asked_for(subject, images, platform, configuration)
    if asked_for is not None:
        return asked_for
    if not automatic:
        return _stays(subject, Reason.UP_TO_DATE, "Nothing was asked for.")
    chosen = policy if subject.policy is None else subject.policy
    if subject.installed is None:
        if subject.shared is not None and subject.requested.matches(subject.shared):
            return _retried_join(subject, subject.shared, machine_id, chosen, now, configuration)
        return _first_install(subject, images, platform, machine_id, chosen, now, configuration)
    if not subject.enrolled:
        return _stays(subject, Reason.NOT_ENROLLED, "Automatic upgrade is not enabled on it.")
    kept = _kept_by_sibling(subject)
    if kept is not None:
        return kept
    return _upgrade(subject, images, platform, machine_id, chosen, supported, now, configuration)


def _asked_for(
    subject: Subject, images: Images, platform: Platform, configuration: Configuration
) -> Planned | None:
    """A version or settings that a user asked for, which no hold and no backoff delays; pins do."""
    if subject.installed is None and subject.target is not None and subject.target == subject.shared:
        return _joins(subject, subject.shared, configuration, automatic=False)
    if subject.target is not None and subject.target != subject.installed:
        refused = refusal(configuration, subject.handler, subject.target)
        if refused is not None:
            return _blocked(subject, refused, subject.target)
        pin = pinned_out(subject.pins, subject.target)
        if pin is not None:
            return _pinned(subject, pin, subject.target)
        wanted = next(
            (i for i in images.fitting(subject.handler, platform) if i.version == subject.target), None
        )
        meanwhile = subject.window is not None and (subject.reset_due or subject.settings_due)
        if wanted is not None and not (meanwhile and subject.installed is not None):
            return _moves(subject, wanted, automatic=False)
    if (subject.reset_due or subject.settings_due) and subject.installed is not None:
        refused = refusal(configuration, subject.handler, subject.installed)
        if refused is not None:
            return _blocked(subject, refused)
    if subject.reset_due and subject.installed is not None:
        decision = Decision(
            subject.name,
            Reason.UP_TO_DATE,
            "A reset of its state is due.",
            subject.installed,
            subject.installed,
        )
        return Planned(decision, Move(OperationKind.RESET_STATE, None, automatic=False))
    if subject.settings_due and subject.installed is not None:
        decision = Decision(
            subject.name, Reason.UP_TO_DATE, "New settings are due.", subject.installed, subject.installed
        )
        return Planned(decision, Move(OperationKind.CONFIGURE, None, automatic=False))
    if subject.target not in (None, subject.installed) and not subject.enrolled:
        message = f"Version {subject.target} was asked for, and no gallery offers it now."
        return _stays(subject, Reason.NO_IMAGE, message)
    return None


def _first_install(
    subject: Subject,
    images: Images,
    platform: Platform,
    machine_id: str,
    policy: Policy,
    now: datetime,
    configuration: Configuration,
) -> Planned:
    if not images.of(subject.handler):
        return _stays(subject, Reason.NO_IMAGE, f"No gallery offers {subject.handler}.")
    if not images.fitting(subject.handler, platform):
        return _stays(
            subject,
            Reason.PLATFORM_MISMATCH,
            f"No image of {subject.handler} is for {platform.os} {platform.architecture}.",
        )
    matching = list(
        images.matching(subject.handler, platform, subject.requested, configuration, subject.pins)
    )
    if not matching:
        newest = images.best(subject.handler, platform, subject.requested, configuration)
        if newest is not None:
            pin = pinned_out(subject.pins, newest.version)
            assert pin is not None
            return _pinned(subject, pin, newest.version)
        newest = images.best(subject.handler, platform, subject.requested)
        if newest is not None:
            refused = refusal(configuration, subject.handler, newest.version)
            assert refused is not None
            return _blocked(subject, refused, newest.version)
        return _stays(subject, Reason.NO_IMAGE, f"No image of {subject.handler} matches {subject.requested}.")
    if subject.shared is not None:
        kept = _kept_by_sibling(subject)
        if kept is not None:
            return kept
    return _newest_allowed(subject, matching, machine_id, policy, now)


def _retried_join(
    subject: Subject,
    shared: Version,
    machine_id: str,
    policy: Policy,
    now: datetime,
    configuration: Configuration,
) -> Planned:
    """A join that failed before, or whose wish was stored before there was a version."""
    # What keeps its siblings from moving does not keep it from joining them where they are.
    own = [hold for hold in subject.holds if hold.extension.lower() == subject.name.lower()]
    hold = next((hold for hold in own if hold.applies(shared, now)), None)
    if hold is not None:
        return _held(subject, hold, shared)
    not_due = _not_due(subject, subject.backoffs, shared, machine_id, policy, now)
    return not_due or _joins(subject, shared, configuration, automatic=True)


def _joins(subject: Subject, shared: Version, configuration: Configuration, *, automatic: bool) -> Planned:
    refused = refusal(configuration, subject.handler, shared)
    if refused is not None:
        return _blocked(subject, refused, shared)
    pin = pinned_out(own(subject.pins, subject.name), shared)
    if pin is not None:
        return _pinned(subject, pin, shared)
    if subject.obstacle is not None:
        return _waits(subject, subject.obstacle, shared)
    decision = Decision(subject.name, Reason.INSTALLED, f"Enable it on {shared}.", None, shared)
    return Planned(decision, Move(OperationKind.INSTALL, None, automatic))


def _kept_by_sibling(subject: Subject) -> Planned | None:
    """Extensions that share a version move by themselves only if each of them may."""
    for sibling in subject.siblings:
        if sibling.stopped:
            message = (
                f"The rollback of '{sibling.name}', which shares its version, was stopped by an operator."
            )
            return _stays(subject, Reason.INTERRUPTED, message)
        if not sibling.enrolled:
            message = f"Automatic upgrade is not enabled on '{sibling.name}', which shares its version."
            return _stays(subject, Reason.NOT_ENROLLED, message)
    return None


def _upgrade(
    subject: Subject,
    images: Images,
    platform: Platform,
    machine_id: str,
    policy: Policy,
    supported: Mapping[str, bool],
    now: datetime,
    configuration: Configuration,
) -> Planned:
    installed = subject.installed
    assert installed is not None
    newer = images.newer(subject.handler, platform, installed)
    if not newer:
        return _nothing_newer(subject, images, platform)
    same_major = [image for image in newer if image.version.parts[0] == installed.parts[0]]
    if not same_major:
        return _stays(
            subject,
            Reason.MAJOR_ONLY,
            f"{newer[0].version} is another major version; only a request for it moves there.",
            to=newer[0].version,
        )
    if subject.pins:
        allowed = [image for image in same_major if pinned_out(subject.pins, image.version) is None]
        if not allowed:
            pin = pinned_out(subject.pins, same_major[0].version)
            assert pin is not None
            return _pinned(subject, pin, same_major[0].version)
        same_major = allowed
    refused = refusal(configuration, subject.handler, same_major[0].version)
    if refused is not None:
        newest = same_major[0].version
        same_major = [i for i in same_major if refusal(configuration, subject.handler, i.version) is None]
        if not same_major:
            return _blocked(subject, refused, newest)
    if not (same_major[0].supports_automatic_upgrade or supported.get(subject.handler.key, False)):
        return _stays(
            subject,
            Reason.NOT_SUPPORTED_BY_PUBLISHER,
            f"The publisher of {subject.handler} does not support automatic upgrade.",
            to=same_major[0].version,
        )
    return _newest_allowed(subject, same_major, machine_id, policy, now)


def _nothing_newer(subject: Subject, images: Images, platform: Platform) -> Planned:
    if images.fitting(subject.handler, platform):
        return _stays(subject, Reason.UP_TO_DATE, f"{subject.installed} is the newest version.")
    if images.of(subject.handler):
        return _stays(
            subject, Reason.PLATFORM_MISMATCH, f"No image of {subject.handler} is for this machine."
        )
    return _stays(subject, Reason.NO_IMAGE, f"No gallery offers {subject.handler}.")


def _newest_allowed(
    subject: Subject, candidates: Sequence[ExtensionImage], machine_id: str, policy: Policy, now: datetime
) -> Planned:
    """Move to the newest candidate that no hold covers, unless it failed and is not due again.

    A backoff keeps the extension from older candidates too: after a failure only a newer version is worth
    a try.
    """
    free = candidates
    if subject.holds:
        free = [i for i in candidates if not any(hold.applies(i.version, now) for hold in subject.holds)]
    if not free:
        hold = next(hold for hold in subject.holds if hold.applies(candidates[0].version, now))
        return _held(subject, hold, candidates[0].version)
    # What failed on one that would move along is tried on it no earlier for the other's sake.
    not_due = _not_due(subject, subject.failures, free[0].version, machine_id, policy, now)
    return not_due or _moves(subject, free[0], automatic=True)


def _held(subject: Subject, hold: Hold, version: Version) -> Planned:
    why = f": {hold.reason}" if hold.reason else ""
    own = hold.extension.lower() == subject.name.lower()
    whose = "A hold" if own else f"A hold on '{hold.extension}', which shares its version,"
    return _stays(subject, Reason.HELD, f"{whose} keeps it from moving{why}.", hold.until, version)


def _pinned(subject: Subject, pin: Pin, version: Version) -> Planned:
    return _stays(subject, Reason.PINNED, in_words(pin, subject.name, version), to=version)


def _not_due(
    subject: Subject,
    failures: Sequence[Backoff],
    version: Version,
    machine_id: str,
    policy: Policy,
    now: datetime,
) -> Planned | None:
    failed = longest_wait(failures, version, policy, machine_id)
    if failed is None:
        return None
    due = retry_at(failed, policy, machine_id)
    if due is not None and now >= due:
        return None
    times = "once" if failed.failures == 1 else f"{failed.failures} times"
    message = f"{version} failed {times}."
    if due is None:
        message = (
            f"{version} failed {times} and is tried no more by itself;"
            " Start-AzConnectedMachineUpgrade -Retry tries it again."
        )
    return _stays(subject, Reason.RETRY_NOT_DUE, message, due, version)


def _moves(subject: Subject, image: ExtensionImage, *, automatic: bool) -> Planned:
    present = subject.installed or subject.shared
    if subject.installed is None and subject.obstacle is not None:
        return _waits(subject, subject.obstacle, image.version)
    if present is None:
        decision = Decision(subject.name, Reason.INSTALLED, f"Install {image.version}.", None, image.version)
        return Planned(decision, Move(OperationKind.INSTALL, image, automatic))
    if subject.window is not None:
        message = f"The change to {image.version} waits. {subject.window.message}"
        return _stays(subject, Reason.OUTSIDE_WINDOW, message, subject.window.opens, image.version)
    with_siblings = ""
    if subject.siblings:
        along = ", ".join(f"'{sibling.name}'" for sibling in subject.siblings)
        with_siblings = f" {along} move{'s' if len(subject.siblings) == 1 else ''} along."
    decision = Decision(
        subject.name,
        Reason.UPGRADED,
        f"Change from {present} to {image.version}.{with_siblings}",
        subject.installed,
        image.version,
    )
    return Planned(decision, Move(OperationKind.CHANGE_VERSION, image, automatic))


def _waits(subject: Subject, obstacle: Obstacle, to: Version) -> Planned:
    failed = obstacle.standing is Standing.FAILED
    reason = Reason.DEPENDENCY_FAILED if failed else Reason.OPERATION_IN_PROGRESS
    return Planned(Decision(subject.name, reason, obstacle.message, None, to), obstacle=obstacle)


def _blocked(subject: Subject, why: Refusal, to: Version | None = None) -> Planned:
    return _stays(subject, Reason.BLOCKED_BY_POLICY, why.message, to=to)


def _stays(
    subject: Subject,
    reason: Reason,
    message: str,
    next_look: datetime | None = None,
    to: Version | None = None,
) -> Planned:
    return Planned(
        Decision(subject.name, reason, message, subject.installed, to, next_look, subject.operation_id)
    )
