"""From a request to a wish: what is omitted stays, an explicit null clears, the same again moves nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from connectedmachine.agent.images import offered
from connectedmachine.model.errors import InvalidRequestError, NotFoundError, StoreError
from connectedmachine.model.identity import HandlerName, extension_name
from connectedmachine.model.policy import effective
from connectedmachine.model.resource import Extension, Machine, ProvisioningState, Settings, Status
from connectedmachine.model.version import VersionRequest
from connectedmachine.service.json_text import same
from connectedmachine.service.unattended import Unattended
from connectedmachine.service.under_way import looked_at_again, wish_of, with_override
from connectedmachine.service.versions import Versions
from connectedmachine.upgrade.images import Images
from connectedmachine.upgrade.order import cycle
from connectedmachine.upgrade.restraint import VERSION_PINNED

if TYPE_CHECKING:
    from connectedmachine.service.requests import ExtensionRequest

_NO_IMAGE = "NoImage"


@dataclass
class Change:
    """A wish before it is committed, what it would set going, and what the user should know."""

    before: Extension | None
    after: Extension
    moves: bool
    warnings: list[str]
    secret: str | None
    """Protected settings that ``after`` is to have, still in the clear."""
    along: list[str]
    """The extensions that share its version and move with it."""
    joins: bool
    """It is enabled on a version that others have installed."""

    def in_words(self) -> str:
        """Say what it would do to the machine."""
        after, before = self.after, self.before
        parts = []
        installed = after.installed
        if after.target is not None and self.joins:
            parts.append(f"enable it on {after.handler} {after.target}, which is installed")
        elif after.target is not None and installed is None and not self.along:
            parts.append(f"install {after.handler} {after.target}")
        elif after.target is not None and installed is None:
            parts.append(f"change {after.handler} to {after.target} and enable it there")
        elif after.target is not None and installed is not None:
            parts.append(f"change {after.handler} from {installed.version} to {after.target}")
        elif before is None:
            parts.append(f"install {after.handler} when a version is published")
        if self.along:
            parts.append(f"take {', '.join(self.along)} along")
        if before is not None and before.automatic_upgrade != after.automatic_upgrade:
            parts.append(
                "enable automatic upgrade" if after.automatic_upgrade else "disable automatic upgrade"
            )
        if before is None and after.automatic_upgrade:
            parts.append("enable automatic upgrade")
        if before is not None and before.settings.seq != after.settings.seq:
            parts.append("apply new settings")
        if before is not None and before.provision_after != after.provision_after:
            parts.append("change what it is provisioned after")
        return ", ".join(parts) or "change nothing on the machine"


class Wishes(Versions, Unattended):
    """Part of the service that judges what a request asks for; commits nothing."""

    def _images_for(self, request: ExtensionRequest) -> Images:
        """What the galleries offer now; nothing for a request that asks for no version.

        To read them takes longer than the rest of such a request.
        """
        if request.body.gives("publisher") or request.body.gives("typeHandlerVersion"):
            return offered(self.store)
        return Images(())

    def _change(
        self,
        machine: Machine,
        name: str,
        request: ExtensionRequest,
        initiator: str,
        images: Images,
        *,
        create: bool,
    ) -> Change:
        existing = self.store.extensions.find(machine.id, name)
        if existing is None and not create:
            self.extension(machine, name)
        if existing is not None:
            self._refuse_if_removing(existing)
        base = existing or self._new(machine, extension_name(name), request, images)
        self._refuse_other_handler(base, request)
        body, given = request.body, request.body.properties
        after = base
        if existing is None and body.location:
            after = replace(after, location=body.location)
        if body.gives("tags"):
            after = replace(after, tags=body.tags or {})
        if given.enableAutomaticUpgrade is not None or (existing and body.gives("enableAutomaticUpgrade")):
            after = replace(after, automatic_upgrade=bool(given.enableAutomaticUpgrade))
        if body.gives("autoUpgradeMinorVersion"):
            after = replace(after, auto_upgrade_minor=bool(given.autoUpgradeMinorVersion))
        after, secret = self._with_settings(after, request)
        after, unknown = self._with_dependencies(machine, after, request)
        after, warnings = self._with_version(machine, existing, after, request, images)
        if existing is not None and body.location and body.location.lower() != existing.location.lower():
            warnings.append(
                f"The location of '{name}' stays '{existing.location}': it is set at creation only."
            )
        after = with_override(after, base, ignores_window=request.ignores_window)
        moves = wish_of(after) != wish_of(base)
        if existing is None or moves:
            refused = self._refusal(after)
            if refused is not None:
                raise refused.error(name)
        after = looked_at_again(after)
        if moves:
            self._refuse_if_busy(machine, base)
            after = replace(after, target_initiator=initiator)
        if after.installed is None:
            if after.target is not None:
                after = replace(after, provisioning=ProvisioningState.CREATING)
        elif moves and (after.target is not None or after.settings.seq > after.settings_tried):
            after = replace(after, provisioning=ProvisioningState.UPDATING)
        along = self._along(machine, after, after.target)
        joins = after.installed is None and not along and self._is_shared(machine, after)
        if existing is not None and _says_the_same(existing, after):
            after = existing
        else:
            after = replace(after, changed=self.clock.now())
        return Change(existing, after, moves, warnings + unknown, secret, along, joins)

    def _with_version(
        self,
        machine: Machine,
        existing: Extension | None,
        wanted: Extension,
        request: ExtensionRequest,
        images: Images,
    ) -> tuple[Extension, list[str]]:
        """Resolve the version if the request asks for one; with what the user should know about it."""
        body = request.body
        requested = wanted.requested
        if body.gives("typeHandlerVersion"):
            requested = VersionRequest.parse(body.properties.typeHandlerVersion)
        # Stated again, the whole wish is tried again where nothing works; a flag alone never is.
        again = body.gives("typeHandlerVersion") or body.gives("publisher")
        refused = wanted.status.code == VERSION_PINNED  # a pin kept it from what was asked for
        idle = wanted.stopped or (
            (wanted.installed is None or refused) and not self._is_busy(machine, wanted)
        )
        if not (existing is None or requested != wanted.requested or (again and idle)):
            return wanted, []
        target = None
        if wanted.installed is None:
            widened = requested.widened_to_major() if wanted.auto_upgrade_minor else requested
            target = self._joined_version(machine, wanted, widened)
        if target is None:
            target = self._resolve(machine, wanted, str(requested), images, widen=wanted.auto_upgrade_minor)
        if wanted.stopped and wanted.installed is not None and target == wanted.installed.version:
            # Nobody knows what the rollback that was stopped left of it: it is installed afresh.
            wanted = replace(wanted, installed=None)
        installed = wanted.installed.version if wanted.installed else None
        moved = replace(
            wanted, requested=requested, target=None if target == installed else target, stopped=False
        )
        warnings = self._about(machine, moved, target, images) + self._about_siblings(machine, moved, target)
        if target is None and installed is not None:
            raise NotFoundError(
                "ResourceNotFound",
                f"No gallery offers '{wanted.handler}' now, so '{wanted.name}' cannot move to '{requested}'.",
                target=str(requested),
                hint="Publish the version first; the installed one stays.",
            )
        if target is None:
            status = Status(_NO_IMAGE, "Warning", "No image", warnings[0], self.clock.now())
            moved = replace(moved, provisioning=ProvisioningState.SUCCEEDED, status=status)
        return moved, warnings

    def _new(self, machine: Machine, name: str, request: ExtensionRequest, images: Images) -> Extension:
        given = request.body.properties
        if not given.publisher:
            raise InvalidRequestError(
                "InvalidRequestContent",
                f"Extension '{name}' does not exist, and the request names no publisher.",
                target="publisher",
                hint="Give -Publisher and -ExtensionType to create it.",
            )
        from connectedmachine.gallery.catalogue import Catalogue

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
                hint="Check both, or publish a package with Publish-AzConnectedExtensionPackage.",
            )
        wanted = VersionRequest.parse(given.typeHandlerVersion)
        if given.autoUpgradeMinorVersion:
            wanted = wanted.widened_to_major()
        image = images.best(handler, machine.platform, wanted)
        self._refuse_second_extension(self._siblings(machine, name, handler), handler, image)
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
            reset_requested=False,
            installed=None,
            provisioning=ProvisioningState.SUCCEEDED,
            status=Status(),
            created=now,
            changed=now,
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

    def _with_settings(self, extension: Extension, request: ExtensionRequest) -> tuple[Extension, str | None]:
        """The settings of a request, and the protected ones among them that are still to be encrypted."""
        body, current = request.body, extension.settings
        public = request.settings if body.gives("settings") else current.public
        protected, secret = current.protected, None
        changed = not same(public, current.public)
        if body.gives("protectedSettings") and not self._has_secret(extension, request.protected_settings):
            protected, secret, changed = None, request.protected_settings, True
        tag = body.properties.forceUpdateTag
        if body.gives("forceUpdateTag") and tag != extension.force_update_tag:
            extension, changed = replace(extension, force_update_tag=tag), True
        if not changed:
            return extension, None
        return replace(extension, settings=Settings(current.seq + 1, public, protected)), secret

    def _with_dependencies(
        self, machine: Machine, extension: Extension, request: ExtensionRequest
    ) -> tuple[Extension, list[str]]:
        """What it is to be provisioned after; with a warning for each name that does not exist yet."""
        if not request.body.gives("provisionAfterExtensions"):
            return extension, []
        names = map(extension_name, request.body.properties.provisionAfterExtensions or [])
        after = tuple({name.lower(): name for name in names}.values())
        others = self.store.extensions.of_machine(machine.id)
        edges = {e.name.lower(): [name.lower() for name in e.provision_after] for e in others}
        edges[extension.name.lower()] = [name.lower() for name in after]
        way = cycle(edges, extension.name.lower())
        if way is not None:
            raise InvalidRequestError(
                "InvalidDependency",
                f"'{extension.name}' would have to be provisioned after itself: {' after '.join(way)}.",
                target="provisionAfterExtensions",
                hint="Take one of them out of provisionAfterExtensions.",
            )
        known = {e.name.lower() for e in others}
        return replace(extension, provision_after=after), [
            f"There is no extension '{name}' on the machine yet; '{extension.name}' waits for it."
            for name in after
            if name.lower() not in known and extension.installed is None
        ]

    def _has_secret(self, extension: Extension, wanted: str | None) -> bool:
        sealed = extension.settings.protected
        if sealed is None or wanted is None:
            return sealed is None and wanted is None
        from connectedmachine.store.secrets import Secrets, owner_of

        try:
            return same(
                Secrets(self.store.home).decrypt(sealed, owner_of(extension.machine_id, extension.name)),
                wanted,
            )
        except StoreError:
            return False  # The key is gone: what is given now replaces what nobody can read any more.

    def _sealed(self, change: Change) -> Extension:
        """What to commit. Encrypting may make the key, so a preview or a refusal comes before it."""
        after = change.after
        if change.secret is None:
            return after
        from connectedmachine.store.secrets import Secrets, owner_of

        protected = Secrets(self.store.home).encrypt(change.secret, owner_of(after.machine_id, after.name))
        return replace(after, settings=replace(after.settings, protected=protected))

    def _warn_if_nothing_passes(self, machine: Machine, change: Change) -> list[str]:
        newly = change.after.automatic_upgrade and not (change.before and change.before.automatic_upgrade)
        return self.nothing_passes(machine) if newly else []


def _says_the_same(before: Extension, after: Extension) -> bool:
    """Whether nothing but when it was found out differs: the same request again renews no time."""
    return before == replace(after, status=replace(after.status, time=before.status.time))
