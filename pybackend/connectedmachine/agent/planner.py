"""From what the store holds to what ``upgrade.plan`` needs to know of each extension."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial

from connectedmachine.agent.hands import Hands
from connectedmachine.agent.windows import keeping
from connectedmachine.model.operation import Operation, Pause
from connectedmachine.model.policy import Policy, PolicyValues, effective
from connectedmachine.model.resource import Extension, Machine
from connectedmachine.model.version import VersionRequest
from connectedmachine.store import Store
from connectedmachine.upgrade.calendar import Closed
from connectedmachine.upgrade.images import Images
from connectedmachine.upgrade.operation import next_step
from connectedmachine.upgrade.order import Obstacle
from connectedmachine.upgrade.plan import plan
from connectedmachine.upgrade.subject import Planned, Sibling, Subject
from connectedmachine.upgrade.why import Ask, Way, way


class Planner:
    """Plans for the extensions of one machine with what the galleries offer at this moment."""

    def __init__(self, store: Store, machine: Machine, images: Images, hands: Callable[[], Hands]) -> None:
        """``hands`` gives those of the machine; asked for only where an install waits for others."""
        self._store = store
        self._hands = hands
        self._machine = machine
        self.images = images
        from connectedmachine.gallery.catalogue import Catalogue

        self._catalogue = Catalogue.load()

    def plan(self, extension: Extension, now: datetime, *, automatic: bool, retry: bool = False) -> Planned:
        """Decide about one extension; see ``upgrade.plan.plan``. ``retry`` as if its failures were waived."""
        ask, level = self._rules(now, automatic=automatic)
        subject = self._subject(extension, level, now)
        return ask(
            subject.without_failures() if retry else subject,
            supported=self._supported(extension),
            configuration=self._store.configurations.of(self._machine.id),
        )

    def way(self, extension: Extension, now: datetime) -> Way:
        """All that stands in the way of one extension; see ``upgrade.why.way``."""
        ask, level = self._rules(now, automatic=True)
        return way(
            self._subject(extension, level, now),
            ask,
            supported=self._supported(extension),
            configuration=self._store.configurations.of(self._machine.id),
            now=now,
        )

    def _rules(self, now: datetime, *, automatic: bool) -> tuple[Ask, PolicyValues]:
        """``plan`` for this machine and moment, and the machine's own policy values."""
        level = self._store.policies.values(self._machine.id)
        ask = partial(
            plan,
            images=self.images,
            machine_id=self._machine.id,
            platform=self._machine.platform,
            policy=effective(level, {})[0],
            now=now,
            automatic=automatic,
        )
        return ask, level

    def policy(self, extension: Extension) -> Policy:
        """The policy in force for an extension."""
        policies = self._store.policies
        machine_level = policies.values(self._machine.id)
        return effective(machine_level, policies.values(self._machine.id, extension.name))[0]

    def _supported(self, extension: Extension) -> Mapping[str, bool]:
        return {extension.handler.key: bool(self._catalogue.supports_automatic_upgrade(extension.handler))}

    def _subject(self, extension: Extension, machine_level: PolicyValues, now: datetime) -> Subject:
        policies = self._store.policies
        own = policies.values(self._machine.id, extension.name)
        operation = _unfinished(self._store.operations.unfinished(self._machine.id), extension)
        step = None if operation is None else next_step(operation)
        pause = step if isinstance(step, Pause) else None
        installed = extension.installed
        siblings = sharing(self._store, extension)
        names = [extension.name, *(s.name for s in siblings)]
        shared = next((s.installed.version for s in siblings if s.installed is not None), None)
        return Subject(
            name=extension.name,
            handler=extension.handler,
            requested=_first_request(extension),
            installed=None if installed is None else installed.version,
            shared=shared,
            siblings=[
                Sibling(s.name, s.automatic_upgrade, s.stopped, policies.backoffs(self._machine.id, s.name))
                for s in siblings
            ],
            target=extension.target,
            enrolled=extension.automatic_upgrade,
            removing=extension.removing,
            stopped=extension.stopped,
            reset_due=extension.reset_requested,
            settings_due=extension.settings.seq > extension.settings_tried,
            busy=operation is not None,
            pending=None if pause is None else pause.message,
            pending_due=None if pause is None else pause.since + timedelta(seconds=pause.seconds),
            operation_id=None if operation is None else operation.id,
            policy=effective(machine_level, own)[0] if own else None,
            holds=[hold for name in names for hold in policies.holds(self._machine.id, name)],
            pins=[pin for name in names for pin in policies.pins(self._machine.id, name)],
            backoffs=policies.backoffs(self._machine.id, extension.name),
            obstacle=self._obstacle(extension, now),
            window=self._closed(extension, siblings, now),
        )

    def _closed(self, extension: Extension, siblings: list[Extension], now: datetime) -> Closed | None:
        if extension.ignore_window and extension.target is not None:
            return None
        return keeping(self._store, extension, siblings, now)

    def _obstacle(self, extension: Extension, now: datetime) -> Obstacle | None:
        if extension.installed is not None or not extension.provision_after:
            return None
        from connectedmachine.agent.dependencies import Dependencies

        return Dependencies(self._store, self._machine, self._hands()).obstacle(extension, now)


def _first_request(extension: Extension) -> VersionRequest:
    """What a first install looks for: ``autoUpgradeMinorVersion`` widens the request until there is one."""
    request = extension.requested
    return request.widened_to_major() if extension.auto_upgrade_minor else request


def sharing(store: Store, extension: Extension) -> list[Extension]:
    """The other extensions that have a handler's version installed.

    One whose rollback was stopped does not keep a version for one that is set anew: nobody knows what is
    left of it.
    """
    anew = extension.installed is None
    return [
        other
        for other in store.extensions.of_handler(extension.machine_id, extension.handler)
        if other.name.lower() != extension.name.lower()
        and other.installed is not None
        and not (anew and other.stopped)
    ]


def _unfinished(operations: list[Operation], extension: Extension) -> Operation | None:
    key = extension.handler.key
    return next((operation for operation in operations if operation.handler.key == key), None)
