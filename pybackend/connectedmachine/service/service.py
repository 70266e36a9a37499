"""The service: one object with a method per operation: ``extension.put`` is ``extension_put``."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from connectedmachine.agent.clock import SystemClock
from connectedmachine.service.accepted import RequestService
from connectedmachine.service.aggregate import AggregateService
from connectedmachine.service.configurations import ConfigurationService
from connectedmachine.service.credentials import CredentialService
from connectedmachine.service.event_sinks import EventSinkService
from connectedmachine.service.galleries import GalleryService
from connectedmachine.service.machines import MachineService
from connectedmachine.service.metadata import MetadataService
from connectedmachine.service.pins import PinService
from connectedmachine.service.policies import PolicyService
from connectedmachine.service.probes import ProbeService
from connectedmachine.service.resident import ResidentService
from connectedmachine.service.schedules import ScheduleService
from connectedmachine.service.subscriptions import SubscriptionService
from connectedmachine.service.upgrades import UpgradeService
from connectedmachine.service.views import Json
from connectedmachine.service.why import WhyService
from connectedmachine.service.windows import WindowService
from connectedmachine.store import Store
from connectedmachine.store.home import state_root


class Service(
    SubscriptionService,
    MachineService,
    AggregateService,
    RequestService,
    GalleryService,
    MetadataService,
    UpgradeService,
    WhyService,
    PolicyService,
    PinService,
    WindowService,
    ProbeService,
    ScheduleService,
    EventSinkService,
    ResidentService,
    ConfigurationService,
    CredentialService,
):
    """Takes keyword arguments as they came in, returns JSON-able dicts, raises ConnectedMachineError."""

    @classmethod
    def open(cls, home: Path | None = None) -> Service:
        """Open the caller's store (see ``store.home``), or the one in ``home``; cheap, nothing is started."""
        return cls(Store.open(home or state_root()), SystemClock())

    def once(self, key: str, method: str, call: Callable[[], Json]) -> Json:
        """Do a mutation unless it was done under this idempotency key; then answer as it was answered."""
        kept = self.store.answers.find(key, method)
        if kept is not None:
            answer: Json = json.loads(kept)
            return answer
        answer = call()
        self.store.answers.keep(key, method, json.dumps(answer), self.clock.now())
        return answer
