"""Requests that are accepted now and asked about later, as REST's long operations are.

A request is committed together with its wish. How it ended is read from the journal of the operation that
it set going, so a poll gets the true answer whatever was killed in between.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from connectedmachine.agent.images import offered
from connectedmachine.agent.lock import EffectsLock
from connectedmachine.model.errors import NotFoundError
from connectedmachine.model.identity import HandlerName
from connectedmachine.model.operation import Operation, OperationKind, Outcome
from connectedmachine.model.request import Awaited, Request, RequestStatus, RequestVerb, Verdict
from connectedmachine.model.resource import Machine
from connectedmachine.service.extensions import ExtensionService
from connectedmachine.service.follow import Follower
from connectedmachine.service.under_way import failure_of
from connectedmachine.service.views import Json, request_view
from connectedmachine.upgrade.images import Images

if TYPE_CHECKING:
    from connectedmachine.service.requests import ExtensionBody, ExtensionRequest

# A runner needs a moment to start; one that is started again this often keeps dying.
_GRACE = timedelta(seconds=5)
_MOST_RESTARTS = 4

# What may take work; the rest of a request is done once it is stored.
_WORK = ("publisher", "type", "typeHandlerVersion", "settings", "protectedSettings", "forceUpdateTag")


class RequestService(ExtensionService):
    def request_accept(
        self,
        *,
        resource_group: str,
        machine: str,
        verb: str,
        follow: Follower,
        name: str = "",
        body_text: str = "{}",
        subscription_id: str | None = None,
        initiator: str = "",
        failing: tuple[str, str] | None = None,
    ) -> Json:
        """Commit what is asked and return at once; ``request_get`` says what came of it.

        Args:
            verb: put, patch or remove of extension ``name``; upgrade (``body_text`` holds
                ``extensionTargets``) or add (``extensions``), all of them or, when one is refused, none.
            failing: Code and message with which the request is to fail, without any work: what a script's
                author wants to see handled.

        Raises:
            NotFoundError, ConflictError, InvalidRequestError: As ``extension_put`` and its like.
        """
        import uuid

        asked = RequestVerb(verb)
        found = self.machine_to_change(subscription_id, resource_group, machine)
        request = Request(
            id=str(uuid.uuid4()),
            subscription=found.subscription,
            machine_id=found.id,
            verb=asked,
            extensions=(),
            awaited=(),
            initiator=initiator,
            accepted=self.clock.now(),
        )
        commit = self._committing(found, asked, name, body_text, follow)
        verdict = None
        if failing is not None:
            request = self._taken_back(commit, request)
            verdict = Verdict(RequestStatus.FAILED, *failing) if request.extensions else None
            commit = _as_it_is
        with self.store.transaction():
            # The moment comes after what was created for it: an extension that is younger is another one.
            request = replace(commit(request), accepted=self.clock.now())
            if verdict is None and not request.awaited:
                verdict = Verdict(RequestStatus.SUCCEEDED)
            if verdict is not None:
                request = replace(request, ended=request.accepted, verdict=verdict)
            self.store.requests.add(request)
        if verdict is None:
            self.start_runner(found)
        return self._shown(request, found)

    def _taken_back(self, commit: Callable[[Request], Request], request: Request) -> Request:
        """The request as it would be accepted, with every refusal that it deserves; nothing is committed."""
        try:
            with self.store.transaction():
                raise _TakenBack(commit(request))  # noqa: TRY301 # raising is what takes it back
        except _TakenBack as taken_back:
            return taken_back.request

    def request_get(self, *, id: str, subscription_id: str | None = None) -> Json:
        """How an accepted request stands; has its work done when the runner that did it is gone.

        Raises:
            NotFoundError: ``ResourceNotFound``: there is none, or its answer is no longer kept.
        """
        request = self.store.requests.find(self.subscription(subscription_id), id)
        if request is None:
            raise NotFoundError(
                "ResourceNotFound",
                f"There is no operation '{id}'.",
                target=id,
                hint="Answers are kept for a week.",
            )
        machine = self.store.machines.get(request.machine_id)
        if request.verdict is None:
            verdict = self._verdict(machine, request) or self._revived(machine, request)
            if verdict is not None:
                now = self.clock.now()
                self.store.requests.end(request.id, verdict, now)
                request = replace(request, ended=now, verdict=verdict)
        return self._shown(request, machine)

    def _shown(self, request: Request, machine: Machine | None) -> Json:
        if machine is None:
            return request_view(request, self._status(request), None, [])
        found = [self.store.extensions.find(machine.id, name) for name in request.extensions]
        views = [self._view(machine, extension) for extension in found if extension is not None]
        return request_view(request, self._status(request), machine, views)

    def _status(self, request: Request) -> RequestStatus:
        if request.verdict is not None:
            return request.verdict.status
        begun = any(self._own(request, awaited) for awaited in request.awaited)
        return RequestStatus.IN_PROGRESS if begun else RequestStatus.QUEUED

    # Committing.

    def _committing(
        self, machine: Machine, verb: RequestVerb, name: str, text: str, follow: Follower
    ) -> Callable[[Request], Request]:
        """What is to be done in the transaction; whatever can be read or refused before it, is."""
        from connectedmachine.service import requests as bodies

        if verb is RequestVerb.REMOVE:
            return lambda request: self._removing(machine, name, request)
        if verb is RequestVerb.UPGRADE:
            targets, images = bodies.extension_targets(text), offered(self.store)
            return lambda request: self._upgrading(machine, targets, images, request)
        if verb is RequestVerb.ADD:
            added, images = bodies.added_extensions(text), offered(self.store)
            return lambda request: self._writing(
                machine, self._named(machine, added), images, follow, request, create=True
            )
        body = bodies.ExtensionRequest(text)
        written, images = [(name, body)], self._images_for(body)
        create = verb is RequestVerb.PUT
        return lambda request: self._writing(machine, written, images, follow, request, create=create)

    def _writing(
        self,
        machine: Machine,
        written: Iterable[tuple[str, ExtensionRequest]],
        images: Images,
        follow: Follower,
        request: Request,
        *,
        create: bool,
    ) -> Request:
        names, awaited = [], []
        for name, body in written:
            running = self._unfinished(machine, name)
            before = self._last_operation(machine, name)
            change = self._commit_change(machine, name, body, request.initiator, images, create=create)
            for warning in [*change.warnings, *self._warn_if_nothing_passes(machine, change)]:
                follow.warning(warning)
            names.append(change.after.name)
            if change.moves or (_asks_for_work(body.body) and not self._is_settled(machine, name)):
                repeated = None if change.moves or running is None else running
                if repeated is None or not repeated.automatic:
                    awaited.append(Awaited(change.after.name, before, repeated.id if repeated else None))
        return replace(request, extensions=tuple(names), awaited=tuple(awaited))

    def _removing(self, machine: Machine, name: str, request: Request) -> Request:
        running = self._unfinished(machine, name)
        repeated = running.id if running is not None and running.kind is OperationKind.REMOVE else None
        awaited = Awaited(name, self._last_operation(machine, name), repeated)
        if not self._commit_removal(machine, name, request.initiator):
            return request
        return replace(request, extensions=(name,), awaited=(awaited,))

    def _upgrading(self, machine: Machine, targets: str, images: Images, request: Request) -> Request:
        chosen = self._commit_targets(machine, targets, request.initiator, images)
        return replace(
            request,
            extensions=tuple(target.extension.name for target in chosen),
            awaited=tuple(Awaited(t.extension.name, t.before) for t in chosen if t.moves),
        )

    def _named(
        self, machine: Machine, added: list[ExtensionRequest]
    ) -> Iterable[tuple[str, ExtensionRequest]]:
        """Each with the name of the extension it is about: the handler's own one, else its type."""
        names = {e.handler.key: e.name for e in self.store.extensions.of_machine(machine.id)}
        for body in added:
            given = body.body.properties
            handler = HandlerName.checked(given.publisher or "", given.type or "")
            yield names.get(handler.key, handler.type), body

    # Judging.

    def _verdict(self, machine: Machine | None, request: Request) -> Verdict | None:
        """How the request ended; ``None`` while any part of it is open."""
        if machine is None:
            gone = request.verb is RequestVerb.REMOVE
            return Verdict(RequestStatus.SUCCEEDED) if gone else _REMOVED
        verdicts = [self._verdict_of(machine, request, awaited) for awaited in request.awaited]
        ended = [verdict for verdict in verdicts if verdict is not None]
        if len(ended) < len(verdicts):
            return None
        bad = [verdict for verdict in ended if verdict.status is not RequestStatus.SUCCEEDED]
        return bad[0] if bad else Verdict(RequestStatus.SUCCEEDED)

    def _verdict_of(self, machine: Machine, request: Request, awaited: Awaited) -> Verdict | None:
        if request.verb is RequestVerb.REMOVE:
            return self._verdict_of_removal(machine, request, awaited)
        # In this order: whoever finds it settled finds the operation that settled it, too.
        settled = self._is_settled(machine, awaited.extension)
        operation = self._own(request, awaited)
        extension = self.store.extensions.find(machine.id, awaited.extension)
        if operation is not None and operation.kind is not OperationKind.REMOVE:
            failure = failure_of(operation)
            if failure is None:
                return Verdict(RequestStatus.SUCCEEDED) if operation.outcome else None
            if operation.outcome is not Outcome.CANCELLED:
                return Verdict(RequestStatus.FAILED, failure.code, failure.message)
        if extension is None or extension.created > request.accepted:
            return _REMOVED
        return self._verdict_without_operation(machine, awaited) if settled else None

    def _verdict_of_removal(self, machine: Machine, request: Request, awaited: Awaited) -> Verdict | None:
        extension = self.store.extensions.find(machine.id, awaited.extension)
        if extension is None or extension.created > request.accepted:
            return Verdict(RequestStatus.SUCCEEDED)
        operation = self._own(request, awaited)
        failure = (
            failure_of(operation) if operation is not None else self._holding_back(machine, extension.name)
        )
        return Verdict(RequestStatus.FAILED, failure.code, failure.message) if failure else None

    def _verdict_without_operation(self, machine: Machine, awaited: Awaited) -> Verdict:
        held_back = self._holding_back(machine, awaited.extension)
        if held_back is None:
            return Verdict(RequestStatus.SUCCEEDED)
        return Verdict(RequestStatus.FAILED, held_back.code, held_back.message)

    def _own(self, request: Request, awaited: Awaited) -> Operation | None:
        """The operation that does what was asked; ``None`` before it begins."""
        if awaited.running is not None:
            return self.store.operations.get(awaited.running)
        kind = OperationKind.REMOVE if request.verb is RequestVerb.REMOVE else None
        return self.store.operations.first_after(
            request.machine_id, awaited.extension, awaited.before, kind=kind
        )

    def _revived(self, machine: Machine | None, request: Request) -> Verdict | None:
        """Start the runner of open work again when there is none; a verdict when that was done in vain."""
        now = self.clock.now()
        if machine is None or _lately(request.restarted or request.accepted, now):
            return None
        if not EffectsLock(self.places(machine).lock).is_free():
            return None
        if request.restarts == _MOST_RESTARTS:
            message = f"The runner of machine '{machine.name}' ended before its work did."
            return Verdict(RequestStatus.FAILED, "RunnerFailed", message)
        if self.store.requests.restart(request, now):
            self.start_runner(machine)
        return None


class _TakenBack(Exception):  # noqa: N818 # it ends a transaction, and is no error
    def __init__(self, request: Request) -> None:
        super().__init__()
        self.request = request


def _as_it_is(request: Request) -> Request:
    return request


_REMOVED = Verdict(
    RequestStatus.CANCELED, "OperationPreempted", "The extension was removed before this was done."
)


def _asks_for_work(body: ExtensionBody) -> bool:
    return any(body.gives(name) for name in _WORK)


def _lately(moment: datetime, now: datetime) -> bool:
    # A clock that was set back starts a runner once too often, rather than never.
    return moment <= now < moment + _GRACE
