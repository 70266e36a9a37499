"""The rule behind each reason that keeps an extension where it is: its value, whose it is, the evidence.

``docs/reasons.md`` is the table of these, and of what can be done; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from connectedmachine.agent.planner import sharing
from connectedmachine.agent.windows import windows_of
from connectedmachine.model.decision import Reason
from connectedmachine.model.image import ExtensionImage
from connectedmachine.model.operation import Choice, Operation
from connectedmachine.model.policy import Policy
from connectedmachine.model.resource import Extension, Machine
from connectedmachine.model.version import Version
from connectedmachine.service.evidence import Fact, facts_of
from connectedmachine.store import Store
from connectedmachine.upgrade.calendar import is_open
from connectedmachine.upgrade.gate import ruling
from connectedmachine.upgrade.images import Images
from connectedmachine.upgrade.restraint import longest_wait, retry_at
from connectedmachine.upgrade.subject import Subject
from connectedmachine.upgrade.why import Met, holding_back, pinning

WHAT_TO_DO: Mapping[Reason, str] = {
    Reason.UP_TO_DATE: "Nothing.",
    Reason.UPGRADED: "Nothing.",
    Reason.INSTALLED: "Nothing.",
    Reason.ROLLED_BACK: "Read the steps in the history. The same version is tried again at NextLook, a newer"
    " one as soon as it is published.",
    Reason.FAILED: "Read the message and the history. It is tried again at NextLook.",
    Reason.ROLLBACK_PENDING: "Resolve-AzConnectedMachineUpgrade goes back now, forward, or stops; or wait"
    " until NextLook.",
    Reason.NOT_ENROLLED: "Set-AzConnectedMachineExtension -EnableAutomaticUpgrade, if it is to follow its"
    " publisher.",
    Reason.NOT_SUPPORTED_BY_PUBLISHER: "Move it by hand, or publish the image with"
    " -SupportsAutomaticUpgrade.",
    Reason.NO_IMAGE: "Publish the package, or add the gallery that has it.",
    Reason.PLATFORM_MISMATCH: "Publish a package for this platform.",
    Reason.MAJOR_ONLY: "Ask for it: -TypeHandlerVersion 2.",
    Reason.HELD: "Remove-AzConnectedMachineUpgradeHold, or wait for its end at NextLook.",
    Reason.PINNED: "Remove-AzConnectedMachineUpgradePin, or nothing: it moves by itself to the next version"
    " that the pin allows.",
    Reason.BLOCKED_BY_POLICY: "An administrator changes the configuration with"
    " Set-AzConnectedMachineConfiguration, or removes the extension.",
    Reason.OUTSIDE_WINDOW: "Wait until NextLook, ask for the version with -IgnoreWindow, or change the"
    " windows.",
    Reason.RETRY_NOT_DUE: "Wait until NextLook, publish a newer version, or try it now:"
    " Start-AzConnectedMachineUpgrade -Retry.",
    Reason.DEPENDENCY_FAILED: "See to that one. Once it is ready, the next runner or pass installs this one.",
    Reason.OPERATION_IN_PROGRESS: "Wait for its end, or create the extension it waits for.",
    Reason.INTERRUPTED: "After a stopped rollback: set, update or remove it. After a plan that was not kept:"
    " take a new plan. Otherwise nothing.",
    Reason.DISK_FULL: "Free some space; the next pass tries it again.",
    Reason.REMOVING: "Nothing.",
}


@dataclass(frozen=True)
class Ruled:
    """The rule that decided: its name, its value, where the value comes from; and the evidence."""

    name: str
    value: str
    source: str
    evidence: tuple[Fact, ...] = ()


@dataclass(frozen=True)
class Book:
    """Where rules and evidence of one extension are looked up."""

    store: Store
    machine: Machine
    extension: Extension
    images: Images
    galleries: tuple[str, ...]
    policy: Policy
    sources: Mapping[str, str]
    now: datetime

    def rule(self, met: Met) -> Ruled | None:
        """The rule behind an obstacle; ``None`` where the message says all there is."""
        subject, decision = met.case.subject, met.decision
        match decision.reason:
            case Reason.HELD:
                hold = holding_back(subject, decision.to_version, self.now)
                which = "every version" if hold.version is None else f"version {hold.version}"
                said = Fact("hold", hold.reason or "No reason was given.", hold.created)
                return Ruled("hold", which, f"hold on '{hold.extension}'", (said,))
            case Reason.PINNED:
                pin = pinning(subject, decision.to_version)
                said = Fact("pin", pin.reason or "No reason was given.", pin.created)
                return Ruled("pin", str(pin), f"pin on '{pin.extension}'", (said,))
            case Reason.OUTSIDE_WINDOW:
                return self._shut()
            case Reason.RETRY_NOT_DUE:
                return self._retry(subject, decision.to_version)
            case Reason.NOT_ENROLLED:
                who = next((s.name for s in subject.siblings if not s.enrolled), subject.name)
                who = who if subject.enrolled else subject.name
                return Ruled("enableAutomaticUpgrade", "false", f"extension '{who}'")
            case Reason.BLOCKED_BY_POLICY:
                version = decision.to_version or subject.installed
                refused = ruling(met.case.configuration, subject.handler, version)
                assert refused is not None
                return Ruled(refused.rule, refused.value, f"configuration of machine '{self.machine.name}'")
            case Reason.NOT_SUPPORTED_BY_PUBLISHER:
                source = f"image {decision.to_version}"
                said = Fact("catalogue", f"It does not say so of {subject.handler} either.")
                return Ruled(
                    "supportsAutomaticUpgrade", "false", source, (said, *self._offer(decision.to_version))
                )
            case Reason.MAJOR_ONLY:
                evidence = self._offer(decision.to_version)
                major = "" if subject.installed is None else str(subject.installed.parts[0])
                return Ruled("installed major version", major, "every preset", evidence)
            case Reason.NO_IMAGE:
                wanted = str(subject.target or subject.requested) or "any version"
                looked = tuple(self._offered(gallery) for gallery in self.galleries)
                return Ruled("requested version", wanted, f"extension '{subject.name}'", looked)
            case Reason.PLATFORM_MISMATCH:
                here = self.machine.platform
                images = tuple(_fact(image) for image in self.images.of(subject.handler))
                return Ruled(
                    "platform", f"{here.os} {here.architecture}", f"machine '{self.machine.name}'", images
                )
            case Reason.DEPENDENCY_FAILED | Reason.OPERATION_IN_PROGRESS if not subject.busy:
                return Ruled(
                    "provisionAfterExtensions",
                    ", ".join(self.extension.provision_after),
                    f"extension '{subject.name}'",
                )
            case Reason.OPERATION_IN_PROGRESS:
                return self._of_operation("one operation at a time", subject.operation_id)
            case Reason.ROLLBACK_PENDING:
                return self._of_operation("rollbackPause", subject.operation_id)
            case Reason.INTERRUPTED:
                return self._stopped()
            case _:
                return None

    def _retry(self, subject: Subject, version: Version | None) -> Ruled:
        assert version is not None
        failed = longest_wait(subject.failures, version, self.policy, self.machine.id)
        assert failed is not None
        evidence = [Fact(f"failures of {version}", f"{failed.failures}", failed.failed_at)]
        tried = self.store.operations.latest(
            self.machine.id, self.extension.name, self.now, to=version, most=1
        )
        for operation in tried:
            evidence += facts_of(self.store, operation)
        policy = self.policy
        name, field = "retryInterval", "retry_interval"
        growth = "" if policy.retry_growth == 1 else f", times {policy.retry_growth:g} each time"
        value = f"{span(policy.retry_interval)}{growth}, up to {policy.retry_jitter:.0%} more on this machine"
        if retry_at(failed, policy, self.machine.id) is None:
            if policy.retry_limit and failed.failures >= policy.retry_limit:
                name, field, value = "retryLimit", "retry_limit", f"{policy.retry_limit}"
            else:
                name, field, value = "retryFor", "retry_for", span(policy.retry_for)
                tried_since = Fact("first failure", f"Of {version}.", failed.first_failed_at)
                evidence.append(tried_since)
        return Ruled(name, value, self.sources[field], tuple(evidence))

    def _shut(self) -> Ruled:
        """The windows of the extension, or of the first that shares its version, of which none is open."""
        windows = self.store.windows.of_machine(self.machine.id)
        for moved in (self.extension, *sharing(self.store, self.extension)):
            own = windows_of(windows, moved.name)
            if is_open(own, self.now, self.machine.id):
                continue
            source = f"extension '{moved.name}'" if own[0].extension else f"machine '{self.machine.name}'"
            facts = tuple(Fact(f"window '{window.name}'", str(window)) for window in own)
            return Ruled("maintenance window", ", ".join(window.name for window in own), source, facts)
        return Ruled("maintenance window", "", "")  # it opened since the plan was made

    def _of_operation(self, rule: str, operation_id: str | None) -> Ruled:
        operation = None if operation_id is None else self.store.operations.get(operation_id)
        if operation is None:  # it ended since the plan was made
            return Ruled(rule, "", "")
        value = span(operation.policy.rollback_pause) if rule == "rollbackPause" else operation.id
        source = "policy that the operation began with" if rule == "rollbackPause" else operation.initiator
        return Ruled(rule, value, source, tuple(facts_of(self.store, operation)))

    def _stopped(self) -> Ruled:
        """The choice that ended a rollback, of this extension or of one that shares its version."""
        operation = next(
            (o for o in self.store.operations.latest(self.machine.id, self.extension.name, self.now, most=20)
             if _stop(o) is not None),
            None,
        )  # fmt: skip
        if operation is None:
            return Ruled("operator's choice", Choice.STOP, "an extension that shares its version")
        said = Fact("operator chose stop", operation.message, _stop(operation))
        evidence = (said, *facts_of(self.store, operation))
        return Ruled("operator's choice", Choice.STOP, f"operation {operation.id}", evidence)

    def _offer(self, version: Version | None) -> tuple[Fact, ...]:
        offered = self.images.fitting(self.extension.handler, self.machine.platform)
        return tuple(_fact(image) for image in offered if image.version == version)

    def _offered(self, gallery: str) -> Fact:
        offered = [i for i in self.images.of(self.extension.handler) if i.gallery == gallery]
        versions = ", ".join(str(image.version) for image in offered[:10])
        return Fact(f"gallery '{gallery}'", f"It offers {versions or 'nothing'} of {self.extension.handler}.")


def _stop(operation: Operation) -> datetime | None:
    return next((r.began for r in operation.journal if r.choice is Choice.STOP), None)


def _fact(image: ExtensionImage) -> Fact:
    platform = f"{image.platform.os} {image.platform.architecture}"
    return Fact(
        f"image {image.version}", f"In gallery '{image.gallery}' for {platform} since {image.published}."
    )


def span(seconds: float) -> str:
    """A duration for people: ``3 d``, ``1 h``, ``90 s``."""
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length and seconds % length == 0:
            return f"{seconds / length:g} {unit}"
    return f"{seconds:g} s"
