"""Subscriptions and resource groups: names that machines carry; nothing else makes or removes one."""

from __future__ import annotations

from connectedmachine.model.errors import NotFoundError
from connectedmachine.service.base import ServiceBase
from connectedmachine.service.views import Json


class SubscriptionService(ServiceBase):
    def subscription_list(self) -> Json:
        """The caller's own subscription, then every other one that a machine is in."""
        own = self.subscription(None)
        others = [found for found in self.store.machines.subscriptions() if found.lower() != own.lower()]
        return {"value": [{"subscriptionId": found} for found in (own, *others)]}

    def subscription_get(self, *, subscription_id: str) -> Json:
        """One subscription; raises NotFoundError ``SubscriptionNotFound``."""
        for known in (self.subscription(None), *self.store.machines.subscriptions()):
            if known.lower() == subscription_id.lower():
                return {"subscriptionId": known}
        raise NotFoundError(
            "SubscriptionNotFound",
            f"There is no machine in subscription '{subscription_id}'.",
            target=subscription_id,
            hint="Set AZCMLITE_SUBSCRIPTION to it, or connect a machine in it.",
        )

    def group_list(self, *, subscription_id: str | None = None) -> Json:
        """The resource groups of a subscription; each has the location of its first machine."""
        groups: dict[str, Json] = {}
        for machine in self.store.machines.list(self.subscription(subscription_id)):
            groups.setdefault(
                machine.resource_group.lower(), {"name": machine.resource_group, "location": machine.location}
            )
        return {"value": list(groups.values())}

    def group_get(self, *, resource_group: str, subscription_id: str | None = None) -> Json:
        """One resource group; raises NotFoundError ``ResourceGroupNotFound``."""
        found = self.store.machines.list(self.subscription(subscription_id), resource_group)
        if not found:
            raise NotFoundError(
                "ResourceGroupNotFound",
                f"There is no machine in resource group '{resource_group}'.",
                target=resource_group,
                hint="Get-AzConnectedMachine lists the machines with their groups.",
            )
        return {"name": found[0].resource_group, "location": found[0].location}
