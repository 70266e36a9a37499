"""Extensions: what a request means (design page, section 4).

A wish is committed at once; the machine's runner fulfils it. What is omitted stays, an explicit null
clears, and the same request again moves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from connectedmachine.agent.images import offered
from connectedmachine.agent.windows import waits
from connectedmachine.model.errors import InvalidRequestError, NotFoundError
from connectedmachine.model.handler import Command
from connectedmachine.model.resource import Extension, Machine, ProvisioningState
from connectedmachine.service.base import no_machine
from connectedmachine.service.follow import Follower
from connectedmachine.service.under_way import conflict, looked_at_again, with_override
from connectedmachine.service.views import Json, extension_view
from connectedmachine.service.wishes import Change, Wishes
from connectedmachine.upgrade.images import Images

if TYPE_CHECKING:
    from connectedmachine.service.requests import ExtensionRequest


@dataclass(frozen=True)
class Target:
    """An extension that an upgrade names, its newest operation before, and whether it is to move."""

    extension: Extension
    before: str | None
    moves: bool


class ExtensionService(Wishes):
    def extension_get(
        self, *, resource_group: str, machine: str, name: str, subscription_id: str | None = None
    ) -> Json:
        """One extension; raises NotFoundError ``ResourceNotFound`` or ``HCRP404``."""
        found = self.machine(subscription_id, resource_group, machine)
        return self._view(found, self.extension(found, name))

    def extension_list(
        self, *, resource_group: str, machine: str, subscription_id: str | None = None
    ) -> Json:
        """The extensions of a machine."""
        found = self.machine(subscription_id, resource_group, machine)
        return {"value": [self._view(found, e) for e in self.store.extensions.of_machine(found.id)]}

    def extension_put(
        self,
        *,
        resource_group: str,
        machine: str,
        name: str,
        body_text: str,
        follow: Follower,
        wait: bool = True,
        ignore_window: bool = False,
        subscription_id: str | None = None,
        initiator: str = "",
    ) -> Json:
        """Create an extension, or change what the body gives of an existing one.

        A version of what is installed is put on the machine when its maintenance window is open, unless
        ``ignore_window``; whoever waits is warned of when.

        Raises:
            NotFoundError: ``ResourceNotFound`` for an unknown machine, type or version.
            ConflictError: ``HCRP409``; ``VersionPinned``; ``DependencyFailed`` when what it waits for failed.
            InvalidRequestError: ``InvalidRequestContent``, ``PlatformMismatch`` and others.
            PermissionDeniedError: ``ExtensionNotAllowed``, ``ExtensionsDisabled``; nothing was changed.
            HandlerError: ``HCRP400`` when the work that was waited for failed.
        """
        found = self.machine_to_change(subscription_id, resource_group, machine)
        request = _request(body_text, ignore_window)
        return self._write(found, name, request, follow, wait, initiator, create=True)

    def extension_patch(
        self,
        *,
        resource_group: str,
        machine: str,
        name: str,
        body_text: str,
        follow: Follower,
        wait: bool = True,
        ignore_window: bool = False,
        subscription_id: str | None = None,
        initiator: str = "",
    ) -> Json:
        """Change an existing extension; as ``extension_put``, and never creates (``HCRP404``)."""
        found = self.machine_to_change(subscription_id, resource_group, machine)
        request = _request(body_text, ignore_window)
        return self._write(found, name, request, follow, wait, initiator, create=False)

    def extension_remove(
        self,
        *,
        resource_group: str,
        machine: str,
        name: str,
        follow: Follower,
        wait: bool = True,
        subscription_id: str | None = None,
        initiator: str = "",
    ) -> Json:
        """Remove an extension; one that does not exist is removed already.

        Raises:
            HandlerError: ``HCRP400`` when its removal failed.
            PermissionDeniedError: ``ExtensionsDisabled``. No list refuses a removal, as in Arc.
        """
        found = self.machine_to_change(subscription_id, resource_group, machine)
        with self.store.transaction():
            before = self._last_operation(found, name)
            if not self._commit_removal(found, name, initiator):
                return {"removed": False}
        self.start_runner(found)
        if wait:
            self.follow(
                found,
                follow,
                lambda: (
                    self._is_removed(found, name, before)
                    or self._rollback_before_removal(found, name) is not None
                ),
            )
            self._raise_if_held_back(found, name, follow)
            self._raise_if_kept(found, name)
            self._raise_if_failed(found, name, before)
        return {"removed": True}

    def extension_reset_state(
        self,
        *,
        resource_group: str,
        machine: str,
        name: str,
        follow: Follower,
        wait: bool = True,
        subscription_id: str | None = None,
        initiator: str = "",
    ) -> Json:
        """Have an extension forget what it keeps between runs, by its handler's own command.

        Raises:
            NotFoundError: ``ResourceNotFound``, ``HCRP404``.
            InvalidRequestError: ``ResetStateNotSupported`` when its manifest has no such command.
            ConflictError: ``HCRP409`` when it is not installed, or another change of it is under way.
            HandlerError: ``HCRP400`` when the reset that was waited for failed.
        """
        found = self.machine_to_change(subscription_id, resource_group, machine)
        with self.store.transaction():
            extension = self.extension(found, name)
            self._refuse_if_removing(extension)
            self._refuse_if_busy(found, extension)
            refused = self._refusal(extension)
            if refused is not None:
                raise refused.error(name)
            self._refuse_reset(extension)
            before = self._last_operation(found, name)
            self.store.extensions.save(
                replace(
                    extension,
                    reset_requested=True,
                    target_initiator=initiator,
                    provisioning=ProvisioningState.UPDATING,
                    changed=self.clock.now(),
                )
            )
        self.start_runner(found)
        if wait:
            self.follow(found, follow, lambda: self._is_settled(found, name))
            self._raise_if_failed(found, name, before)
        return self._view(found, self.extension(found, name))

    def _refuse_reset(self, extension: Extension) -> None:
        installed = extension.installed
        if installed is None or extension.stopped:
            raise conflict(extension.name, "It is not installed.", "Set it, and wait until it is.")
        if Command.RESET_STATE not in installed.manifest.commands:
            raise InvalidRequestError(
                "ResetStateNotSupported",
                f"The manifest of {extension.handler} {installed.version} has no 'resetStateCommand'.",
                target=extension.name,
                hint="Remove the extension and create it anew, or ask its publisher.",
            )

    def extension_upgrade(
        self,
        *,
        resource_group: str,
        machine: str,
        targets_text: str,
        follow: Follower,
        wait: bool = True,
        ignore_window: bool = False,
        subscription_id: str | None = None,
        initiator: str = "",
    ) -> Json:
        """Move extensions to given versions, all or, when one of them is refused, none.

        Those that share a handler move together.

        Raises:
            NotFoundError: ``HCRP404`` when a key is no ``Publisher.Type`` of this machine,
                ``ResourceNotFound`` for an unknown version.
            ConflictError: ``HCRP409``, ``VersionPinned``.
            HandlerError: ``HCRP400`` when the work that was waited for failed.
        """
        found = self.machine_to_change(subscription_id, resource_group, machine)
        images = offered(self.store)
        with self.store.transaction():
            chosen = self._commit_targets(
                found, targets_text, initiator, images, ignores_window=ignore_window
            )
        self.start_runner(found)
        if wait:
            self.follow(found, follow, lambda: all(self._is_settled(found, c.extension.name) for c in chosen))
            for target in chosen:
                self._raise_if_held_back(found, target.extension.name, follow)
                self._raise_if_failed(found, target.extension.name, target.before)
        return {"value": [self._view(found, self.extension(found, c.extension.name)) for c in chosen]}

    def extension_preview(
        self,
        *,
        resource_group: str,
        machine: str,
        name: str,
        verb: str,
        body_text: str = "{}",
        subscription_id: str | None = None,
    ) -> Json:
        """Say in words what a put, patch or remove would do; changes nothing, refuses what it would."""
        found = self.machine_to_change(subscription_id, resource_group, machine)
        if verb == "remove":
            self._refuse_if_disabled(found, name)
            return {"message": self._removal_in_words(found, self.extension(found, name))}
        request = _request(body_text)
        images = self._images_for(request)
        change = self._change(found, name, request, "", images, create=verb == "put")
        return {"message": change.in_words()}

    # Writing.

    def _write(
        self,
        machine: Machine,
        name: str,
        request: ExtensionRequest,
        follow: Follower,
        wait: bool,
        initiator: str,
        *,
        create: bool,
    ) -> Json:
        images = self._images_for(request)
        with self.store.transaction():
            before = self._last_operation(machine, name)
            change = self._commit_change(machine, name, request, initiator, images, create=create)
        for warning in [*change.warnings, *self._warn_if_nothing_passes(machine, change)]:
            follow.warning(warning)
        if change.moves or not self._is_settled(machine, name):
            self.start_runner(machine)
            if wait:
                self.follow(machine, follow, lambda: self._is_settled(machine, name))
                self._raise_if_held_back(machine, name, follow)
                self._raise_if_failed(machine, name, before)
        return self._view(machine, self.extension(machine, name))

    def _view(self, machine: Machine, extension: Extension) -> Json:
        return extension_view(machine, extension, self._refusal(extension))

    def _refuse_if_disabled(self, machine: Machine, name: str) -> None:
        off = self._disabled(machine)
        if off is not None:
            raise off.error(name)

    # Committing, inside the caller's transaction; whoever calls starts the runner after it.

    def _commit_change(
        self,
        machine: Machine,
        name: str,
        request: ExtensionRequest,
        initiator: str,
        images: Images,
        *,
        create: bool,
    ) -> Change:
        change = self._change(machine, name, request, initiator, images, create=create)
        if change.before is None and self.store.machines.get(machine.id) is None:
            raise no_machine(machine.resource_group, machine.name)  # removed since it was found
        if change.after is not change.before:
            self.store.extensions.save(self._sealed(change))
        if change.before is None:
            self.store.passes.forget(machine.id, name)
        return change

    def _commit_removal(self, machine: Machine, name: str, initiator: str) -> bool:
        """Says whether there is something to remove; ``ExtensionsDisabled`` when nothing may run."""
        self._refuse_if_disabled(machine, name)
        extension = self.store.extensions.find(machine.id, name)
        if extension is None:
            return False
        self.store.extensions.save(
            replace(
                extension,
                removing=True,
                target_initiator=initiator,
                provisioning=ProvisioningState.DELETING,
            )
        )
        self._stop_pending(machine, extension)
        return True

    def _commit_targets(
        self,
        machine: Machine,
        targets_text: str,
        initiator: str,
        images: Images,
        *,
        ignores_window: bool = False,
    ) -> list[Target]:
        from connectedmachine.service.requests import upgrade_targets

        chosen: list[Target] = []
        extensions = self.store.extensions.of_machine(machine.id)
        for key, wanted in upgrade_targets(targets_text).items():
            sharing = [e for e in extensions if e.handler.key == key.lower()]
            if not sharing:
                raise NotFoundError(
                    "HCRP404",
                    f"No extension of '{key}' is on machine '{machine.name}'.",
                    target=key,
                    hint="Name the publisher and the type with a dot between, not the extension: "
                    + (", ".join(sorted({str(e.handler) for e in extensions})) or "there is none")
                    + ".",
                )
            staying = [e for e in sharing if not e.removing]
            if not staying:
                self._refuse_if_removing(sharing[0])
            # One that is installed takes the others along.
            extension = next((e for e in staying if e.installed is not None), staying[0])
            version = self._resolve(machine, extension, wanted.targetVersion, images, widen=False)
            if version is None:
                raise NotFoundError(
                    "ResourceNotFound",
                    f"No gallery offers '{extension.handler}'.",
                    target=key,
                    hint="Publish a package of it, or add a gallery that has one.",
                )
            moves = extension.installed is None or version != extension.installed.version
            chosen += [Target(e, self._last_operation(machine, e.name), moves) for e in staying]
            if not moves:
                if waits(extension):
                    self.store.extensions.save(looked_at_again(replace(extension, target=None)))
                continue
            self._refuse_if_busy(machine, extension)
            state = ProvisioningState.UPDATING if extension.installed else ProvisioningState.CREATING
            moved = replace(
                extension,
                target=version,
                target_initiator=initiator,
                stopped=False,
                provisioning=state,
                changed=self.clock.now(),
            )
            moved = with_override(moved, extension, ignores_window=ignores_window)
            self.store.extensions.save(looked_at_again(moved))
        return chosen


def _request(text: str, ignores_window: bool = False) -> ExtensionRequest:
    # pydantic is loaded for requests that have a body alone.
    from connectedmachine.service.requests import ExtensionRequest

    return ExtensionRequest(text, ignores_window=ignores_window)
