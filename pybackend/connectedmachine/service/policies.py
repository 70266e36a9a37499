"""Upgrade policy and holds."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC

from connectedmachine.model.clock import from_text
from connectedmachine.model.errors import InvalidRequestError
from connectedmachine.model.policy import Hold, checked_value, effective
from connectedmachine.model.resource import Machine
from connectedmachine.model.version import VersionRequest
from connectedmachine.service.base import ServiceBase
from connectedmachine.service.follow import Follower
from connectedmachine.service.views import Json, hold_view, policy_view
from connectedmachine.store.policies import MACHINE_LEVEL

UNSET = "\0unset"
"""Tells a value that was not given from an explicit null, which clears."""

Given = float | str | bool | None


class PolicyService(ServiceBase):
    def policy_get(
        self,
        *,
        resource_group: str,
        machine: str,
        name: str | None = None,
        subscription_id: str | None = None,
    ) -> Json:
        """The policy of a machine, or of one extension, and where each value comes from."""
        found = self.machine(subscription_id, resource_group, machine)
        return self._policy(found, name)

    def policy_set(
        self,
        *,
        resource_group: str,
        machine: str,
        follow: Follower,  # noqa: ARG002 # every mutation takes one
        name: str | None = None,
        preset: Given = UNSET,
        health_window: Given = UNSET,
        stable_for: Given = UNSET,
        healthy_for: Given = UNSET,
        retry_interval: Given = UNSET,
        retry_growth: Given = UNSET,
        retry_longest: Given = UNSET,
        retry_limit: Given = UNSET,
        retry_for: Given = UNSET,
        retry_jitter: Given = UNSET,
        manual_health_window: Given = UNSET,
        sample_interval: Given = UNSET,
        rollback_pause: Given = UNSET,
        enrol_by_default: Given = UNSET,
        pass_interval: Given = UNSET,
        install_timeout: Given = UNSET,
        update_timeout: Given = UNSET,
        enable_timeout: Given = UNSET,
        disable_timeout: Given = UNSET,
        uninstall_timeout: Given = UNSET,
        subscription_id: str | None = None,
        initiator: str = "",  # noqa: ARG002 # every mutation takes one
    ) -> Json:
        """Set values of one level, durations in seconds; null gives a value back to the level above.

        ``enrol_by_default`` counts before there is an extension, so an extension's own means nothing.
        Operations under way keep the policy they began with.

        Raises:
            InvalidRequestError: ``InvalidPolicy``; nothing was changed.
        """
        found = self.machine(subscription_id, resource_group, machine)
        level = MACHINE_LEVEL if name is None else self.extension(found, name).name
        given = {
            "preset": preset,
            "health_window": health_window,
            "stable_for": stable_for,
            "healthy_for": healthy_for,
            "retry_interval": retry_interval,
            "retry_growth": retry_growth,
            "retry_longest": retry_longest,
            "retry_limit": retry_limit,
            "retry_for": retry_for,
            "retry_jitter": retry_jitter,
            "manual_health_window": manual_health_window,
            "sample_interval": sample_interval,
            "rollback_pause": rollback_pause,
            "enrol_by_default": enrol_by_default,
            "pass_interval": pass_interval,
            "install_timeout": install_timeout,
            "update_timeout": update_timeout,
            "enable_timeout": enable_timeout,
            "disable_timeout": disable_timeout,
            "uninstall_timeout": uninstall_timeout,
        }
        with self.store.transaction():
            values = dict(self.store.policies.values(found.id, level))
            for key, value in given.items():
                if value is None:
                    values.pop(key, None)
                elif value != UNSET:
                    values[key] = checked_value(key, value)
            self.store.policies.set_values(found.id, level, values)
        return self._policy(found, name)

    def _policy(self, machine: Machine, name: str | None) -> Json:
        policies = self.store.policies
        own = {} if name is None else policies.values(machine.id, self.extension(machine, name).name)
        policy, sources = effective(policies.values(machine.id), own)
        return policy_view(machine, name, asdict(policy), sources)

    # Holds.

    def hold_add(
        self,
        *,
        resource_group: str,
        machine: str,
        name: str,
        follow: Follower,  # noqa: ARG002 # every mutation takes one
        version: str | None = None,
        until: str | None = None,
        reason: str = "",
        subscription_id: str | None = None,
        initiator: str = "",  # noqa: ARG002 # every mutation takes one
    ) -> Json:
        """Keep an extension from moving by itself, at all or to a version; again, change expiry and reason.

        Args:
            version: One to four numbers; ``9.6`` means every 9.6.

        Raises:
            InvalidRequestError: ``InvalidVersion``; ``InvalidRequestContent`` for a bad or past time.
        """
        found = self.machine(subscription_id, resource_group, machine)
        extension = self.extension(found, name)
        now = self.clock.now()
        try:
            end = None if until is None else from_text(until).astimezone(UTC)
        except (ValueError, OverflowError):
            raise _bad_until(until, "is not a time") from None
        if end is not None and end <= now:
            raise _bad_until(until, "has passed")
        hold = Hold(extension.name, _held(version), end, reason, now)
        self.store.policies.hold(found.id, hold)
        return hold_view(found, hold, now)

    def hold_list(
        self,
        *,
        resource_group: str,
        machine: str,
        name: str | None = None,
        subscription_id: str | None = None,
    ) -> Json:
        """The holds of a machine, or of one extension, expired ones included."""
        found = self.machine(subscription_id, resource_group, machine)
        holds = self.store.policies.holds(
            found.id, None if name is None else self.extension(found, name).name
        )
        now = self.clock.now()
        return {"value": [hold_view(found, hold, now) for hold in holds]}

    def hold_remove(
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
        """Remove the hold on an extension itself, or the one on a version, which is given as it was held."""
        found = self.machine(subscription_id, resource_group, machine)
        extension = self.extension(found, name).name
        return {"removed": self.store.policies.release(found.id, extension, _held(version))}

    def hold_clear(
        self,
        *,
        resource_group: str,
        machine: str,
        follow: Follower,  # noqa: ARG002 # every mutation takes one
        name: str | None = None,
        subscription_id: str | None = None,
        initiator: str = "",  # noqa: ARG002 # every mutation takes one
    ) -> Json:
        """Remove every hold of a machine, or of one extension."""
        found = self.machine(subscription_id, resource_group, machine)
        extension = None if name is None else self.extension(found, name).name
        return {"removed": self.store.policies.release_all(found.id, extension)}


def _held(version: str | None) -> VersionRequest | None:
    return VersionRequest.parse(version) if version else None


def _bad_until(text: str | None, why: str) -> InvalidRequestError:
    return InvalidRequestError(
        "InvalidRequestContent",
        f"'{text}' {why}.",
        target="until",
        hint="Give a time to come, such as 2030-01-31T18:00:00Z.",
    )
