"""What runs upgrade passes while nobody asks for one (design page, section 5, "Who runs it")."""

from __future__ import annotations

from pathlib import Path

from connectedmachine.agent.lock import EffectsLock
from connectedmachine.model.errors import RunnerError
from connectedmachine.model.resource import Machine
from connectedmachine.service.base import ServiceBase


class Unattended(ServiceBase):
    def passes_run_by(self) -> str | None:
        """What runs passes by itself, in words; ``None`` when nothing ever would."""
        lock = self.agent_lock()
        if lock.exists() and not EffectsLock(lock).is_free():
            return "the resident agent"
        from connectedmachine.agent.schedule import choice

        facts = choice.facts()
        for kind in choice.available(facts):
            try:
                if choice.scheduler(kind, facts).has(self.task_name()):
                    return f"task {self.task_name()} of {kind}"
            except RunnerError:  # it cannot be asked, so nothing is known of a task
                continue
        return None

    def agent_lock(self) -> Path:
        """What the resident agent holds while it lives."""
        return self.store.home / "agent.lock"

    def nothing_passes(self, machine: Machine) -> list[str]:
        """A warning when no pass has run on a machine and nothing here would ever run one."""
        # Whoever had one run may have a job of their own for it, which nobody here knows of.
        if self.store.passes.any(machine.id) or self.passes_run_by() is not None:
            return []
        return [
            f"No upgrade pass has run on machine '{machine.name}' yet, and nothing here starts one by itself:"
            " Register-AzConnectedMachineUpgradeTask has the system do that."
        ]

    def task_name(self) -> str:
        """The name of this state root's task, with any scheduler."""
        return f"azcmlite-{digest(str(self.store.home))[:8]}"


def digest(text: str) -> str:
    """Says the same of the same text, always."""
    import hashlib

    return hashlib.sha256(text.encode()).hexdigest()
