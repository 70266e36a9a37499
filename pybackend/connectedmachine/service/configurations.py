"""A machine's configuration: which extensions its administrator admits (handler contract 3.3)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from connectedmachine.model.configuration import Configuration, Entry, Mode, entries
from connectedmachine.model.errors import ConflictError, InvalidRequestError
from connectedmachine.service.follow import Follower
from connectedmachine.service.under_way import UnderWay
from connectedmachine.service.views import Json, configuration_view

_DEFAULT = Configuration()
_EDITS = ("replace", "add", "remove")
_Value = TypeVar("_Value", bound=object)


class _Kept:
    """Tells a value that was not given from an explicit null, which goes back to the default."""


KEPT = _Kept()


class ConfigurationService(UnderWay):
    def config_get(self, *, resource_group: str, machine: str, subscription_id: str | None = None) -> Json:
        """The configuration of a machine."""
        found = self.machine(subscription_id, resource_group, machine)
        return configuration_view(found, self.store.configurations.of(found.id))

    def config_set(
        self,
        *,
        resource_group: str,
        machine: str,
        follow: Follower,  # noqa: ARG002 # every mutation takes one
        extensions_enabled: bool | _Kept | None = KEPT,
        allow_list: list[str] | _Kept | None = KEPT,
        block_list: list[str] | _Kept | None = KEPT,
        mode: str | _Kept | None = KEPT,
        edit: str = "replace",
        subscription_id: str | None = None,
        initiator: str = "",  # noqa: ARG002 # every mutation takes one
    ) -> Json:
        """Change what is given; null goes back to the default. What runs is brought to its end.

        Args:
            allow_list, block_list: Entries as ``model.configuration.Entry`` reads them.
            edit: ``replace`` the lists, or ``add`` to them or ``remove`` from them what is given.

        Raises:
            InvalidRequestError: ``InvalidListEntry``, ``InvalidRequestContent``; nothing was changed.
            ConflictError: ``ConfigurationLocked``: in monitor mode the lists cannot be changed, as in Arc.
        """
        if edit not in _EDITS:
            raise _invalid("edit", edit, _EDITS)

        def listed(given: list[str] | _Kept | None, current: tuple[Entry, ...]) -> tuple[Entry, ...]:
            if isinstance(given, _Kept):
                return current
            return _edited(current, entries(given or []), edit)

        def changed(current: Configuration) -> Configuration:
            after = Configuration(
                _chosen(extensions_enabled, current.extensions_enabled, _DEFAULT.extensions_enabled),
                listed(allow_list, current.allow_list),
                listed(block_list, current.block_list),
                current.mode if isinstance(mode, _Kept) else _mode(mode),
            )
            if (after.allow_list, after.block_list) != (current.allow_list, current.block_list):
                _refuse_if_locked(after, machine)
            return after

        return self._configure(subscription_id, resource_group, machine, changed)

    def config_import(
        self,
        *,
        resource_group: str,
        machine: str,
        policy_text: str,
        follow: Follower,  # noqa: ARG002 # every mutation takes one
        subscription_id: str | None = None,
        initiator: str = "",  # noqa: ARG002 # every mutation takes one
    ) -> Json:
        """Take the allowlist from a policy file of Azure's Linux agent; nothing else of it is kept.

        Raises:
            InvalidRequestError: ``InvalidPolicyFile``, naming the attribute; nothing was changed.
            NotSupportedError: ``PolicyNotSupported``: it asks for what this product does not do.
            ConflictError: ``ConfigurationLocked``.
        """
        from connectedmachine.service.policy_file import allow_list_of

        allow_list = allow_list_of(policy_text)

        def changed(current: Configuration) -> Configuration:
            _refuse_if_locked(current, machine)
            return replace(current, allow_list=allow_list)

        return self._configure(subscription_id, resource_group, machine, changed)

    def _configure(
        self,
        subscription_id: str | None,
        resource_group: str,
        name: str,
        changed: Callable[[Configuration], Configuration],
    ) -> Json:
        machine = self.machine_to_change(subscription_id, resource_group, name)
        with self.store.transaction():
            configuration = changed(self.store.configurations.of(machine.id))
            self.store.configurations.set(machine.id, configuration)
        if not all(self._is_settled(machine, e.name) for e in self.store.extensions.of_machine(machine.id)):
            # What waited to be admitted may be by now.
            self.start_runner(machine)
        return configuration_view(machine, configuration)


def _chosen(given: _Value | _Kept | None, current: _Value, default: _Value) -> _Value:
    if isinstance(given, _Kept):
        return current
    return default if given is None else given


def _edited(current: tuple[Entry, ...], given: tuple[Entry, ...], edit: str) -> tuple[Entry, ...]:
    if edit == "replace":
        return given
    named = {str(entry).lower() for entry in given}
    rest = tuple(entry for entry in current if str(entry).lower() not in named)
    return (*rest, *given) if edit == "add" else rest


def _mode(text: str | None) -> Mode:
    if text is None:
        return _DEFAULT.mode
    try:
        return Mode(text.lower())
    except ValueError:
        raise _invalid("mode", text, tuple(Mode)) from None


def _refuse_if_locked(configuration: Configuration, machine: str) -> None:
    if configuration.mode is Mode.MONITOR:
        raise ConflictError(
            "ConfigurationLocked",
            f"Machine '{machine}' is in monitor mode, in which allowlist and blocklist cannot be changed.",
            target=machine,
            hint="Go back to full mode first: Set-AzConnectedMachineConfiguration -Mode full.",
        )


def _invalid(what: str, text: str, choices: tuple[str, ...]) -> InvalidRequestError:
    return InvalidRequestError(
        "InvalidRequestContent",
        f"'{text}' is no value for {what}.",
        target=what,
        hint=f"Use one of {', '.join(choices)}.",
    )
