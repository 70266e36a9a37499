"""Extensions: what a request means (design page, section 4).

A wish is committed at once; the machine's runner fulfils it. What is omitted stays, an explicit null
clears, and the same request again moves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from connectedmachine.agent.images import offered
from connectedmachine.gallery.catalogue import Catalogue
from connectedmachine.model.errors import (
    ConflictError,
    ConnectedMachineError,
    HandlerError,
    InvalidRequestError,
    NotFoundError,
    NotSupportedError,
)
from connectedmachine.model.identity import HandlerName, extension_name
from connectedmachine.model.operation import Operation, Outcome, Pause
from connectedmachine.model.policy import effective
from connectedmachine.model.resource import Extension, Machine, ProvisioningState, Settings, Status
from connectedmachine.model.version import Version, VersionRequest
from connectedmachine.service.follow import Follow, Follower
from connectedmachine.service.json_text import same
from connectedmachine.service.views import Json, extension_view
from connectedmachine.store.secrets import Secrets
from connectedmachine.upgrade.operation import next_step
from connectedmachine.upgrade.plan import Images

if TYPE_CHECKING:
    from connectedmachine.service.requests import ExtensionRequest

_NO_IMAGE = "NoImage"


@dataclass
class _Change:
    """A wish before it is committed, what it would set going, and what the user should know."""

    before: Extension | None
    after: Extension
    moves: bool
    warnings: list[str]


class ExtensionService(Follow):
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
        found = self.machine(subscription_id, resource_group, machine)
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
        found = self.machine(subscription_id, resource_group, machine)
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
        found = self.machine(subscription_id, resource_group, machine)
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
            self.follow(found, follow, lambda: self._is_removed(found, name, before))
            self._raise_if_failed(found, name, before)
        return {"removed": True}

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

        Raises:
            NotFoundError: ``HCRP404`` when a key is no ``Publisher.Type`` of this machine,
                ``ResourceNotFound`` for an unknown version.
            ConflictError: ``HCRP409``.
            HandlerError: ``HCRP400`` when the work that was waited for failed.
        """
        from connectedmachine.service.requests import upgrade_targets

        found = self.machine(subscription_id, resource_group, machine)
        images = offered(self.store)
        chosen: list[tuple[Extension, str | None]] = []
        with self.store.transaction():
            extensions = {e.handler.key: e for e in self.store.extensions.of_machine(found.id)}
            for key, wanted in upgrade_targets(targets_text).items():
                extension = extensions.get(key.lower())
                if extension is None:
                    raise NotFoundError(
                        "HCRP404",
                        f"No extension of '{key}' is on machine '{found.name}'.",
                        target=key,
                        hint="Name the publisher and the type with a dot between, not the extension: "
                        + (", ".join(str(e.handler) for e in extensions.values()) or "there is none")
                        + ".",
                    )
                target = self._resolve(found, extension.handler, wanted.targetVersion, images, widen=False)
                before = self._last_operation(found, extension.name)
                chosen.append((extension, before))
                if extension.installed is not None and target == extension.installed.version:
                    continue
                self._refuse_if_busy(found, extension)
                self.store.extensions.save(
                    replace(extension, target=target, target_initiator=initiator, stopped=False)
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
        found = self.machine(subscription_id, resource_group, machine)
        if verb == "remove":
            installed = self.extension(found, name).installed
            return {
                "message": f"remove {installed.version}" if installed else "remove (nothing is installed)"
            }
        from connectedmachine.service.requests import ExtensionRequest

        change = self._change(found, name, ExtensionRequest(body_text), "", create=verb == "put")
        return {"message": _in_words(change)}

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
        with self.store.transaction():
            before = self._last_operation(machine, name)
            change = self._change(machine, name, request, initiator, create=create)
            self.store.extensions.save(change.after)
        for warning in [*change.warnings, *self._warn_if_nothing_passes(machine, change)]:
            follow.warning(warning)
        if change.moves or not self._is_settled(machine, name):
            self.start_runner(machine)
            if wait:
                self.follow(machine, follow, lambda: self._is_settled(machine, name))
                self._raise_if_failed(machine, name, before)
        return extension_view(machine, self.extension(machine, name))

    def _change(
        self, machine: Machine, name: str, request: ExtensionRequest, initiator: str, *, create: bool
    ) -> _Change:
        existing = self.store.extensions.find(machine.id, name)
        if existing is None and not create:
            self.extension(machine, name)
        if existing is not None and existing.removing:
            raise _conflict(existing.name, "It is being removed.", "Wait until it is gone, then create it.")
        images = offered(self.store)
        base = existing or self._new(machine, extension_name(name), request, images)
        self._refuse_other_handler(base, request)
        body, given = request.body, request.body.properties
        after = base
        if body.gives("location") and existing is None:
            after = replace(after, location=body.location or machine.location)
        if body.gives("tags"):
            after = replace(after, tags=body.tags or {})
        if body.gives("enableAutomaticUpgrade"):
            after = replace(after, automatic_upgrade=bool(given.enableAutomaticUpgrade))
        if body.gives("autoUpgradeMinorVersion"):
            after = replace(after, auto_upgrade_minor=bool(given.autoUpgradeMinorVersion))
        after = self._with_settings(after, request)
        warnings: list[str] = []
        requested = after.requested
        if body.gives("typeHandlerVersion"):
            requested = VersionRequest.parse(given.typeHandlerVersion)
        asks_version = (
            existing is None
            or requested != base.requested
            or base.stopped
            or (base.installed is None and not self._is_busy(machine, base))
        )
        if asks_version:
            target = self._resolve(
                machine, base.handler, str(requested), images, widen=after.auto_upgrade_minor
            )
            installed = base.installed.version if base.installed else None
            after = replace(
                after,
                requested=requested,
                target=None if target == installed else target,
                stopped=False,
            )
            warnings += self._about(machine, after, target, images)
            if target is None and installed is None:
                after = replace(
                    after,
                    provisioning=ProvisioningState.SUCCEEDED,
                    status=Status(_NO_IMAGE, "Warning", "No image", warnings[0], self.clock.now()),
                )
        moves = after.target != base.target or after.settings.seq != base.settings.seq
        if moves:
            self._refuse_if_busy(machine, base)
            after = replace(after, target_initiator=initiator)
        if after.target is not None and after.installed is None:
            after = replace(after, provisioning=ProvisioningState.CREATING)
        return _Change(existing, replace(after, changed=self.clock.now()), moves, warnings)

    def _new(self, machine: Machine, name: str, request: ExtensionRequest, images: Images) -> Extension:
        given = request.body.properties
        if not given.publisher:
            raise InvalidRequestError(
                "InvalidRequestContent",
                f"Extension '{name}' does not exist, and the request names no publisher.",
                target="publisher",
                hint="Give -Publisher and -ExtensionType to create it.",
            )
        catalogue = Catalogue.load()
        type_ = given.type
        if not type_:
            entries = catalogue.type_for(given.publisher, machine.platform.os)
            if len(entries) != 1:
                raise InvalidRequestError(
                    "InvalidRequestContent",
                    f"The request names no type, and publisher '{given.publisher}' has {len(entries)}"
                    f" for {machine.platform.os}.",
                    target="type",
                    hint="Give the type: "
                    + (", ".join(entry.handler.type for entry in entries) or "-ExtensionType")
                    + ".",
                )
            type_ = entries[0].handler.type
        handler = HandlerName.checked(given.publisher, type_)
        if not (catalogue.knows(handler) or images.of(handler)):
            raise NotFoundError(
                "ResourceNotFound",
                f"Neither the catalogue nor a gallery knows '{handler}'.",
                target=str(handler),
                hint="Check publisher and type, or publish a package with Publish-AzConnectedExtensionPackage.",
            )
        for other in self.store.extensions.of_machine(machine.id):
            if other.handler.key == handler.key:
                self._refuse_second_extension(other, handler)
        policy, _ = effective(self.store.policies.values(machine.id), {})
        now = self.clock.now()
        return Extension(
            machine_id=machine.id,
            name=name,
            handler=handler,
            location=machine.location,
            tags={},
            requested=VersionRequest(),
            target=None,
            target_initiator="",
            auto_upgrade_minor=False,
            automatic_upgrade=policy.enrol_by_default,
            force_update_tag=None,
            settings=Settings(),
            settings_tried=0,
            removing=False,
            stopped=False,
            installed=None,
            provisioning=ProvisioningState.SUCCEEDED,
            status=Status(),
            created=now,
            changed=now,
        )

    def _refuse_second_extension(self, other: Extension, handler: HandlerName) -> None:
        if other.installed is not None and other.installed.manifest.supports_multiple_extensions:
            raise NotSupportedError(
                "MultipleExtensionsNotSupported",
                f"'{handler}' could have several extensions on a machine; that is not supported yet.",
                target=other.name,
                hint=f"Change extension '{other.name}' instead.",
            )
        raise _conflict(
            other.name,
            f"Extension '{other.name}' of '{handler}' is on the machine, and one is all there can be.",
            f"Change '{other.name}', or remove it first.",
        )

    def _refuse_other_handler(self, extension: Extension, request: ExtensionRequest) -> None:
        given = request.body.properties
        for what, new, old in (
            ("publisher", given.publisher, extension.handler.publisher),
            ("type", given.type, extension.handler.type),
        ):
            if new is not None and new.lower() != old.lower():
                raise InvalidRequestError(
                    "PropertyChangeNotAllowed",
                    f"The {what} of extension '{extension.name}' is '{old}' and cannot become '{new}'.",
                    target=what,
                    hint="Remove the extension and create it anew.",
                )

    def _with_settings(self, extension: Extension, request: ExtensionRequest) -> Extension:
        body = request.body
        current, owner = extension.settings, f"{extension.machine_id}/{extension.name}"
        public = request.settings if body.gives("settings") else current.public
        protected, protected_changed = current.protected, False
        if body.gives("protectedSettings"):
            secrets = Secrets(self.store.home)
            known = None if current.protected is None else secrets.decrypt(current.protected, owner)
            if not same(known, request.protected_settings):
                protected_changed = True
                wanted = request.protected_settings
                protected = None if wanted is None else secrets.encrypt(wanted, owner)
        tag = body.properties.forceUpdateTag if body.gives("forceUpdateTag") else extension.force_update_tag
        rerun = tag != extension.force_update_tag
        if rerun:
            extension = replace(extension, force_update_tag=tag)
        if same(public, current.public) and not protected_changed and not rerun:
            return extension
        return replace(extension, settings=Settings(current.seq + 1, public, protected))

    # Versions.

    def _resolve(
        self, machine: Machine, handler: HandlerName, text: str | None, images: Images, *, widen: bool
    ) -> Version | None:
        """The version that a request means now; ``None`` when no gallery offers the type at all."""
        request = VersionRequest.parse(text)
        best = images.best(handler, machine.platform, request.widened_to_major() if widen else request)
        if best is not None:
            return best.version
        if not images.of(handler):
            return None
        fitting = images.fitting(handler, machine.platform)
        if not fitting:
            raise InvalidRequestError(
                "PlatformMismatch",
                f"No image of '{handler}' is for {machine.platform.os} {machine.platform.architecture}.",
                target=str(handler),
                hint="Publish a package for this platform.",
            )
        raise NotFoundError(
            "ResourceNotFound",
            f"No version of '{handler}' matches '{request}'.",
            target=str(request),
            hint="There are: " + ", ".join(str(image.version) for image in fitting[:5]) + ".",
        )

    def _about(
        self, machine: Machine, extension: Extension, target: Version | None, images: Images
    ) -> list[str]:
        if target is None:
            return [
                f"No gallery offers '{extension.handler}' yet; it is installed when a version is published"
                " and an upgrade pass runs."
            ]
        installed = extension.installed
        if installed is None or not extension.automatic_upgrade or target >= installed.version:
            return []
        newest = images.best(extension.handler, machine.platform, VersionRequest((target.major,)))
        if newest is None or newest.version <= target:
            return []
        return [
            f"'{extension.name}' is enrolled, so the next pass moves it on to {newest.version};"
            " Add-AzConnectedMachineUpgradeHold keeps it."
        ]

    def _warn_if_nothing_passes(self, machine: Machine, change: _Change) -> list[str]:
        newly = change.after.automatic_upgrade and not (change.before and change.before.automatic_upgrade)
        if not newly or self.store.passes.any(machine.id):
            return []
        return [
            f"No upgrade pass has run on machine '{machine.name}' yet, and nothing here starts one by itself:"
            " let a scheduled job run Start-AzConnectedMachineUpgrade or scripts/pass.ps1."
        ]

    # Work under way.

    def _is_busy(self, machine: Machine, extension: Extension) -> bool:
        return extension.target is not None or self._unfinished(machine, extension.name) is not None

    def _refuse_if_busy(self, machine: Machine, extension: Extension) -> None:
        operation = self._unfinished(machine, extension.name)
        if operation is not None and isinstance(next_step(operation), Pause):
            raise _conflict(
                extension.name,
                f"A rollback to {operation.old and operation.old.version} is pending on it.",
                "Resolve-AzConnectedMachineUpgrade goes forward, back, or stops.",
            )
        if self._is_busy(machine, extension):
            raise _conflict(
                extension.name, "Another change of it is under way.", "Try again when it is done."
            )

    def _unfinished(self, machine: Machine, name: str) -> Operation | None:
        return next(
            (o for o in self.store.operations.unfinished(machine.id) if o.extension.lower() == name.lower()),
            None,
        )

    def _last_operation(self, machine: Machine, name: str) -> str | None:
        return self.store.operations.last_id(machine.id, name)

    def _is_settled(self, machine: Machine, name: str) -> bool:
        extension = self.store.extensions.find(machine.id, name)
        if extension is None:
            return True
        operation = self._unfinished(machine, name)
        if operation is not None:
            return isinstance(next_step(operation), Pause) and not extension.removing
        settings_due = extension.installed is not None and extension.settings.seq > extension.settings_tried
        if extension.removing or settings_due:
            return False
        return extension.target is None or not self._can_move(machine, extension)

    def _can_move(self, machine: Machine, extension: Extension) -> bool:
        assert extension.target is not None
        fitting = offered(self.store).fitting(extension.handler, machine.platform)
        return any(image.version == extension.target for image in fitting)

    def _is_removed(self, machine: Machine, name: str, before: str | None) -> bool:
        if self.store.extensions.find(machine.id, name) is None:
            return True
        last = self.store.operations.get(self._last_operation(machine, name) or "")
        return (
            last is not None
            and last.id != before
            and last.kind.value == "Remove"
            and last.outcome is Outcome.FAILED
        )

    def _stop_pending(self, machine: Machine, extension: Extension) -> None:
        """Removal ends a pending rollback: the old version is taken away rather than put back."""
        from connectedmachine.model.operation import Choice

        operation = self._unfinished(machine, extension.name)
        if operation is not None and isinstance(next_step(operation), Pause):
            self.store.operations.choose(operation.id, Choice.STOP, self.clock.now())

    def _raise_if_failed(self, machine: Machine, name: str, before: str | None) -> None:
        """Tell the one who waited that the operation they waited for did not do what they asked."""
        last_id = self._last_operation(machine, name)
        if last_id is None or last_id == before:
            return
        last = self.store.operations.get(last_id)
        assert last is not None
        if last.outcome is Outcome.SUCCEEDED:
            return
        if last.outcome is None:
            step = next_step(last)
            if isinstance(step, Pause):
                raise _failed("RollbackPending", name, step.message)
            return
        if last.outcome is Outcome.CANCELLED and self.store.extensions.find(machine.id, name) is None:
            return
        raise _failed("DiskFull" if last.code == "DiskFull" else "HCRP400", name, last.message)


def _failed(code: str, name: str, message: str) -> ConnectedMachineError:
    hint = "Get-AzConnectedMachineUpgrade -History shows each step."
    return HandlerError(code, message, target=name, hint=hint)


def _conflict(target: str, message: str, hint: str) -> ConflictError:
    return ConflictError("HCRP409", message, target=target, hint=hint)


def _in_words(change: _Change) -> str:
    after, before = change.after, change.before
    parts = []
    installed = after.installed
    if after.target is not None and installed is None:
        parts.append(f"install {after.handler} {after.target}")
    elif after.target is not None and installed is not None:
        parts.append(f"change {after.handler} from {installed.version} to {after.target}")
    elif before is None:
        parts.append(f"install {after.handler} when a version is published")
    if before is not None and before.automatic_upgrade != after.automatic_upgrade:
        parts.append("enable automatic upgrade" if after.automatic_upgrade else "disable automatic upgrade")
    if before is None and after.automatic_upgrade:
        parts.append("enable automatic upgrade")
    if before is not None and before.settings.seq != after.settings.seq:
        parts.append("apply new settings")
    return ", ".join(parts) or "change nothing on the machine"
