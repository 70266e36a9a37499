"""Extensions: what a request means (design page, section 4).

A wish is committed at once; the machine's runner fulfils it. What is omitted stays, an explicit null
clears, and the same request again moves nothing.
"""

from __future__ import annotations

from dataclasses import replace

from connectedmachine.agent.images import offered
from connectedmachine.model.errors import InvalidRequestError, NotFoundError
from connectedmachine.model.handler import Command
from connectedmachine.model.resource import Extension, Machine, ProvisioningState
from connectedmachine.service.follow import Follower
from connectedmachine.service.under_way import conflict
from connectedmachine.service.views import Json, extension_view
from connectedmachine.service.wishes import Wishes


class ExtensionService(Wishes):
    def extension_get(
        self, *, resource_group: str, machine: str, name: str, subscription_id: str | None = None
    ) -> Json:
        """One extension; raises NotFoundError ``ResourceNotFound`` or ``HCRP404``."""
        found = self.machine(subscription_id, resource_group, machine)
        return extension_view(found, self.extension(found, name))

    def extension_list(
        self, *, resource_group: str, machine: str, subscription_id: str | None = None
    ) -> Json:
        """The extensions of a machine."""
        found = self.machine(subscription_id, resource_group, machine)
        return {
            "value": [
                extension_view(found, extension) for extension in self.store.extensions.of_machine(found.id)
            ]
        }

    def extension_put(
        self,
        *,
        resource_group: str,
        machine: str,
        name: str,
        body_text: str,
        follow: Follower,
        wait: bool = True,
        subscription_id: str | None = None,
        initiator: str = "",
    ) -> Json:
        """Create an extension, or change what the body gives of an existing one.

        Raises:
            NotFoundError: ``ResourceNotFound`` for an unknown machine, type or version.
            ConflictError: ``HCRP409``.
            InvalidRequestError: ``InvalidRequestContent``, ``PlatformMismatch`` and others.
            HandlerError: ``HCRP400`` when the work that was waited for failed.
        """
        found = self.machine_to_change(subscription_id, resource_group, machine)
        return self._write(found, name, body_text, follow, wait, initiator, create=True)

    def extension_patch(
        self,
        *,
        resource_group: str,
        machine: str,
        name: str,
        body_text: str,
        follow: Follower,
        wait: bool = True,
        subscription_id: str | None = None,
        initiator: str = "",
    ) -> Json:
        """Change an existing extension; as ``extension_put``, and never creates (``HCRP404``)."""
        found = self.machine_to_change(subscription_id, resource_group, machine)
        return self._write(found, name, body_text, follow, wait, initiator, create=False)

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
        """
        found = self.machine_to_change(subscription_id, resource_group, machine)
        with self.store.transaction():
            extension = self.store.extensions.find(found.id, name)
            if extension is None:
                return {"removed": False}
            before = self._last_operation(found, name)
            self.store.extensions.save(
                replace(
                    extension,
                    removing=True,
                    target_initiator=initiator,
                    provisioning=ProvisioningState.DELETING,
                )
            )
            self._stop_pending(found, extension)
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
        return extension_view(found, self.extension(found, name))

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
        subscription_id: str | None = None,
        initiator: str = "",
    ) -> Json:
        """Move extensions to given versions, all or, when one of them is refused, none.

        Those that share a handler move together.

        Raises:
            NotFoundError: ``HCRP404`` when a key is no ``Publisher.Type`` of this machine,
                ``ResourceNotFound`` for an unknown version.
            ConflictError: ``HCRP409``.
            HandlerError: ``HCRP400`` when the work that was waited for failed.
        """
        from connectedmachine.service.requests import upgrade_targets

        found = self.machine_to_change(subscription_id, resource_group, machine)
        images = offered(self.store)
        chosen: list[tuple[Extension, str | None]] = []
        with self.store.transaction():
            extensions = self.store.extensions.of_machine(found.id)
            for key, wanted in upgrade_targets(targets_text).items():
                sharing = [e for e in extensions if e.handler.key == key.lower()]
                if not sharing:
                    raise NotFoundError(
                        "HCRP404",
                        f"No extension of '{key}' is on machine '{found.name}'.",
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
                target = self._resolve(found, extension.handler, wanted.targetVersion, images, widen=False)
                if target is None:
                    raise NotFoundError(
                        "ResourceNotFound",
                        f"No gallery offers '{extension.handler}'.",
                        target=key,
                        hint="Publish a package of it, or add a gallery that has one.",
                    )
                chosen += [(e, self._last_operation(found, e.name)) for e in staying]
                if extension.installed is not None and target == extension.installed.version:
                    continue
                self._refuse_if_busy(found, extension)
                state = ProvisioningState.UPDATING if extension.installed else ProvisioningState.CREATING
                self.store.extensions.save(
                    replace(
                        extension,
                        target=target,
                        target_initiator=initiator,
                        stopped=False,
                        provisioning=state,
                        changed=self.clock.now(),
                    )
                )
        self.start_runner(found)
        if wait:
            self.follow(found, follow, lambda: all(self._is_settled(found, e.name) for e, _ in chosen))
            for extension, before in chosen:
                self._raise_if_failed(found, extension.name, before)
        return {"value": [extension_view(found, self.extension(found, e.name)) for e, _ in chosen]}

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
            return {"message": self._removal_in_words(found, self.extension(found, name))}
        from connectedmachine.service.requests import ExtensionRequest

        images = offered(self.store)
        change = self._change(found, name, ExtensionRequest(body_text), "", images, create=verb == "put")
        return {"message": change.in_words()}

    # Writing.

    def _write(
        self,
        machine: Machine,
        name: str,
        text: str,
        follow: Follower,
        wait: bool,
        initiator: str,
        *,
        create: bool,
    ) -> Json:
        from connectedmachine.service.requests import ExtensionRequest

        request = ExtensionRequest(text)
        images = offered(self.store)
        with self.store.transaction():
            before = self._last_operation(machine, name)
            change = self._change(machine, name, request, initiator, images, create=create)
            self.store.extensions.save(self._sealed(change))
            if change.before is None:
                self.store.passes.forget(machine.id, name)
        for warning in [*change.warnings, *self._warn_if_nothing_passes(machine, change)]:
            follow.warning(warning)
        if change.moves or not self._is_settled(machine, name):
            self.start_runner(machine)
            if wait:
                self.follow(machine, follow, lambda: self._is_settled(machine, name))
                self._raise_if_failed(machine, name, before)
        return extension_view(machine, self.extension(machine, name))
