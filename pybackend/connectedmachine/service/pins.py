"""Pins: which versions an extension may have at all, whoever asks (decision 21)."""

from __future__ import annotations

from connectedmachine.model.errors import InvalidRequestError
from connectedmachine.model.pin import Pin
from connectedmachine.model.version import VersionRequest
from connectedmachine.service.base import ServiceBase
from connectedmachine.service.follow import Follower
from connectedmachine.service.views import Json, pin_view


class PinService(ServiceBase):
    def pin_add(
        self,
        *,
        resource_group: str,
        machine: str,
        name: str,
        version: str,
        follow: Follower,  # noqa: ARG002 # every mutation takes one
        block: bool = False,
        reason: str = "",
        subscription_id: str | None = None,
        initiator: str = "",  # noqa: ARG002 # every mutation takes one
    ) -> Json:
        """Let an extension take no version but these, or, with ``block``, never one of these.

        A further pin replaces the one before; blocks add up. Nothing moves because of it.

        Args:
            version: One to four numbers: ``1.2`` means every 1.2, ``1.2.3.4`` that version alone.

        Raises:
            NotFoundError: ``ResourceNotFound``, ``HCRP404``.
            InvalidRequestError: ``InvalidVersion``.
        """
        found = self.machine(subscription_id, resource_group, machine)
        wanted = VersionRequest.parse(version)
        if not wanted.numbers:
            raise InvalidRequestError(
                "InvalidVersion",
                "A pin needs a version.",
                target="version",
                hint="Write one to four numbers, such as 9.5; a hold keeps an extension where it is.",
            )
        with self.store.transaction():
            extension = self.extension(found, name)
            pin = Pin.of(extension.name, wanted, reason, self.clock.now(), block=block)
            self.store.policies.pin(found.id, pin)
        return pin_view(found, pin)

    def pin_list(
        self,
        *,
        resource_group: str,
        machine: str,
        name: str | None = None,
        subscription_id: str | None = None,
    ) -> Json:
        """The pins of a machine, or of one extension."""
        found = self.machine(subscription_id, resource_group, machine)
        extension = None if name is None else self.extension(found, name).name
        return {"value": [pin_view(found, pin) for pin in self.store.policies.pins(found.id, extension)]}

    def pin_remove(
        self,
        *,
        resource_group: str,
        machine: str,
        name: str,
        follow: Follower,  # noqa: ARG002 # every mutation takes one
        version: str | None = None,
        subscription_id: str | None = None,
        initiator: str = "",  # noqa: ARG002 # every mutation takes one
    ) -> Json:
        """Remove the pin or block of a version, or, without one, all of an extension."""
        found = self.machine(subscription_id, resource_group, machine)
        pinned = VersionRequest.parse(version) if version else None
        return {"removed": self.store.policies.unpin(found.id, self.extension(found, name).name, pinned)}
