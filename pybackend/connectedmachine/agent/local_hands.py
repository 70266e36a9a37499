"""Effects on this host: real packages, real processes, real files."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from connectedmachine.agent.hands import Reading, Report, StepResult, health_of
from connectedmachine.agent.packages import delete_unpinned, fitting_manifest, verified_package
from connectedmachine.agent.places import Places
from connectedmachine.agent.prober import Prober
from connectedmachine.agent.reserve import give_back, put_by
from connectedmachine.agent.states import report_after
from connectedmachine.gallery.damage import contents, is_intact, read_contents, write_contents
from connectedmachine.gallery.unpack import clean_up, unpack
from connectedmachine.handler import cgroup
from connectedmachine.handler.command import CommandSpec, Ended, Lost, TimedOut, attach, command_spec, start
from connectedmachine.handler.environment import (
    Updating,
    command_environment,
    heartbeat_file,
    prepare_folder,
)
from connectedmachine.handler.execution_log import log_command
from connectedmachine.handler.heartbeat import Heartbeats
from connectedmachine.handler.layout import (
    carry,
    carry_back,
    carry_mark,
    delete_discarded,
    discard,
    forget_extension,
    manifest_of,
    move,
)
from connectedmachine.handler.settings import write_settings
from connectedmachine.handler.state import (
    HandlerReport,
    HandlerState,
    write_extension_state,
    write_handler_state,
)
from connectedmachine.handler.status import INVALID_STATUS, age_status, keep_status, read_status
from connectedmachine.handler.strays import end_strays
from connectedmachine.model.clock import Clock, to_text
from connectedmachine.model.errors import ConnectedMachineError, DiskFullError, HandlerError
from connectedmachine.model.handler import Command, HandlerManifest
from connectedmachine.model.health import SourceHealth
from connectedmachine.model.operation import Operation, PackageRef, Side, Step, StepName, StepOutcome
from connectedmachine.model.resource import Settings
from connectedmachine.store import Store
from connectedmachine.store.secrets import Secrets, owner_of
from connectedmachine.upgrade.health import probe_source
from connectedmachine.upgrade.operation import exit_code_of, instance_step, manifest_for

_REREAD_SECONDS = 0.1
# For the store, logs and settings while an upgrade is under way, and for putting the old version back.
_SPARE_BYTES = 16 << 20


class LocalHands:
    """Effects on the local machine; the caller holds its effects lock."""

    def __init__(
        self, store: Store, places: Places, clock: Clock, *, on_tick: Callable[[], None] = lambda: None
    ) -> None:
        self.clock = clock
        self._store = store
        self._places = places
        self._library = places.library
        self._groups = cgroup.host_base()
        # What it raises while a command runs ends the waiting, not the command.
        self._on_tick = on_tick
        self._prober = Prober(clock)
        self._heartbeats = Heartbeats(clock)
        self._secrets = Secrets(store.home)

    def fetch(self, operation: Operation, settings: Mapping[str, Settings]) -> HandlerManifest:
        folder = self._folder(operation, Side.NEW)
        package = self._package(operation, operation.new)
        several = fitting_manifest(package, operation).supports_multiple_extensions
        try:
            unpack(package, folder, sha256=operation.new.sha256, spare=_SPARE_BYTES)
            write_contents(contents(package), self._list(operation.new))
            self._prepare(operation, Side.NEW)
            set_up = HandlerReport(HandlerState.NOT_INSTALLED, message="Unpacked.")
            write_handler_state(folder, operation.handler, operation.new.version, set_up, several=several)
            # Before install and update too, not before enable alone (handler contract 1.4).
            for name, of_one in settings.items():
                self._write_settings(operation, Side.NEW, name, name if several else None, of_one)
            if operation.old is not None:
                put_by(self._places.reserve)
            return manifest_of(folder)
        except (ConnectedMachineError, OSError):
            # An operation whose fetch fails ends there; nothing else would take the folder away.
            with suppress(OSError):
                discard(folder)
            raise

    def command(
        self, operation: Operation, step: Step, seq: int, settings: Settings, *, resume: bool
    ) -> StepResult:
        if step.name is not StepName.UNINSTALL:
            result = self._run(operation, step, seq, settings, resume=resume)
            return self._note_state(operation, step, result)
        try:
            result = self._run(operation, step, seq, settings, resume=resume)
        except HandlerError as error:
            # There was nothing to run; what the version started is ended all the same.
            result = StepResult(StepOutcome.FAILED, error.message, code=error.code)
        except (ConnectedMachineError, OSError):
            # As on a full disk. It is passed over, so two versions would work at once.
            self._end_strays(operation, step.side, StepResult())
            raise
        return self._note_state(operation, step, self._end_strays(operation, step.side, result))

    def _run(
        self, operation: Operation, step: Step, seq: int, settings: Settings, *, resume: bool
    ) -> StepResult:
        command = Command(step.name)
        run_folder = self._places.run(operation.id, seq)
        group = cgroup.make_group(self._group(operation, step.side))
        limits = manifest_for(operation, step.side).resource_limits
        unlimited = cgroup.apply_limits(self._groups, group, limits)
        # A loss of power may have taken the folder of a run that began; a kill took none.
        if resume and (run_folder.exists() or self._was_off_since(operation, seq)):
            run = attach(run_folder, self.clock)
        else:
            if command is Command.ENABLE:
                name = step.instance or operation.extension
                self._write_settings(operation, step.side, name, step.instance, settings)
                age_status(self._folder(operation, step.side), settings.wire_seq, step.instance)
            if self._folder(operation, step.side).is_dir():
                self._prepare(operation, step.side)
            run = start(self._spec(operation, step, command, settings, group), run_folder, self.clock)
        timeout = operation.policy.timeout(command)
        result = _result(run.wait(timeout, self._on_tick), timeout)
        self._log(operation, step, result)
        if command is not Command.ENABLE:
            return result
        keep_status(self._folder(operation, step.side), settings.wire_seq, step.instance)
        # Every operation that starts a version has one enable of it, so it is said once.
        return _remarked(result, unlimited)

    def _was_off_since(self, operation: Operation, seq: int) -> bool:
        record = next(record for record in operation.journal if record.seq == seq)
        return record.boot != self.clock.boot_id()

    def carry(self, operation: Operation) -> str:
        skipped = carry(self._folder(operation, Side.OLD), self._folder(operation, Side.NEW))
        return f"Not carried: {', '.join(skipped)}." if skipped else ""

    def keep(self, operation: Operation) -> None:
        move(self._folder(operation, Side.OLD), self._kept(operation))

    def restore(self, operation: Operation, *, fresh: bool) -> str:
        assert operation.old is not None
        folder, kept = self._folder(operation, Side.OLD), self._kept(operation)
        try:
            package = self._package(operation, operation.old)
            if not fresh and not kept.exists() and is_intact(contents(package), folder):
                return "Its folder was intact."
            skipped = self._unpack_again(package, operation.old, folder, kept)
            remark = "Unpacked afresh from its package."
        except ConnectedMachineError as error:
            # Without its package, or the room to unpack it, what was unpacked once will do if it is whole.
            skipped = self._bring_back(operation.old, folder, kept, error)
            remark = f"{error.message} Its folder is whole and was put back as it was."
        self._prepare(operation, Side.OLD)
        skipped += carry_mark(self._folder(operation, Side.NEW), folder)
        left_out = f" Not carried: {', '.join(skipped)}." if skipped else ""
        return f"{remark}{left_out}"

    def _unpack_again(self, package: Path, ref: PackageRef, folder: Path, kept: Path) -> list[str]:
        # What the version had lies in `kept` from here on, however often this is interrupted.
        if kept.exists():
            discard(folder)
        else:
            move(folder, kept)
        unpack(package, folder, sha256=ref.sha256)
        return carry_back(kept, folder)

    def _bring_back(
        self, ref: PackageRef, folder: Path, kept: Path, error: ConnectedMachineError
    ) -> list[str]:
        listed = read_contents(self._list(ref))
        if listed is not None and is_intact(listed, kept):
            discard(folder)
            move(kept, folder)
            return []
        if listed is not None and is_intact(listed, folder):
            return carry_back(kept, folder)
        raise error

    def discard(self, operation: Operation, side: Side) -> None:
        discard(self._folder(operation, side))
        if operation.old is not None:
            discard(self._kept(operation))

    def forget(self, operation: Operation, side: Side, extension: str) -> None:
        forget_extension(self._folder(operation, side), extension)

    def retire(self, operation: Operation) -> None:
        discard(self._kept(operation))

    def health(self, readings: Sequence[Reading]) -> Mapping[str, SourceHealth]:
        sources = {reading.source: health_of(reading, self.report(reading)) for reading in readings}
        probes = [probe for probe, _ in self._store.probes.of_machine(self._places.machine_id)]
        sampled, fresh = self._prober.sample(probes)
        now = self.clock.now()
        with self._store.transaction():
            for name in fresh:
                self._store.probes.record(self._places.machine_id, name, sampled[name], now)
        return sources | {probe_source(name): health for name, health in sampled.items()}

    def report(self, reading: Reading) -> Report:
        folder = self._library.version_folder(reading.handler, reading.version)
        heartbeat = None
        if reading.manifest.report_heartbeat:
            heartbeat = self._heartbeats.read(heartbeat_file(folder))
        status = read_status(folder, reading.settings.wire_seq, reading.instance)
        if status.code == INVALID_STATUS:
            # Not every handler replaces its file whole; half of one must not count.
            self.clock.sleep(_REREAD_SECONDS)
            status = read_status(folder, reading.settings.wire_seq, reading.instance)
        return Report(status, heartbeat)

    def make_room(self) -> bool:
        return give_back(self._places.reserve)

    def tidy(self) -> None:
        unfinished = self._store.operations.unfinished(self._places.machine_id)
        running = {operation.id for operation in unfinished}
        for run in self._places.runs.glob("*"):
            if run.name not in running:
                shutil.rmtree(run, ignore_errors=True)
        needed = {self._kept(operation) for operation in unfinished if operation.old is not None}
        if not needed:
            give_back(self._places.reserve)
        for folder in self._library.kept.glob("*"):
            if folder not in needed:
                with suppress(OSError):  # the next operation tries again
                    discard(folder)
        with suppress(OSError):
            delete_discarded(self._library.root)
            clean_up(self._library.root)
        delete_unpinned(self._store, self._places)

    # Which folder, which package, which manifest.

    def _folder(self, operation: Operation, side: Side) -> Path:
        return self._library.version_folder(operation.handler, operation.package(side).version)

    def _kept(self, operation: Operation) -> Path:
        assert operation.old is not None
        return self._library.kept_folder(operation.handler, operation.old.version)

    def _package(self, operation: Operation, ref: PackageRef) -> Path:
        return verified_package(self._store, self._places, operation.handler, ref)

    def _list(self, ref: PackageRef) -> Path:
        return self._places.contents / f"{ref.sha256}.json"

    def _prepare(self, operation: Operation, side: Side) -> None:
        log_folder = self._library.log_folder(operation.handler)
        prepare_folder(self._folder(operation, side), log_folder, operation.handler)

    # Commands.

    def _group(self, operation: Operation, side: Side) -> Path | None:
        return cgroup.version_group(self._groups, self._folder(operation, side))

    def _log(self, operation: Operation, step: Step, result: StepResult) -> None:
        command = Command(step.name)
        line = manifest_for(operation, step.side).commands.get(command, "")
        end = result.code or result.outcome if result.exit_code is None else f"exit code {result.exit_code}"
        head = f"{to_text(self.clock.now())} {command} of {self._folder(operation, step.side).name}: {line}"
        log_folder = self._library.log_folder(operation.handler)
        log_command(log_folder, f"{head}\n{end}\n{result.message}", step.instance)

    def _spec(
        self, operation: Operation, step: Step, command: Command, settings: Settings, group: Path | None
    ) -> CommandSpec:
        folder = self._folder(operation, step.side)
        ref = operation.package(step.side)
        manifest = manifest_for(operation, step.side)
        several = manifest.supports_multiple_extensions
        updating = None
        if command is Command.UPDATE:
            assert operation.old is not None
            forward = step.target is Side.NEW
            source, target = (operation.old, operation.new) if forward else (operation.new, operation.old)
            disabled = Side.OLD if forward else Side.NEW
            disables = [
                instance_step(operation, StepName.DISABLE, disabled, instance)
                for instance in operation.instances
            ]
            codes = {disable.instance: exit_code_of(operation, disable) for disable in disables}
            updating = Updating(source.version, target.version, codes)
        other = Side.OLD if step.side is Side.NEW else Side.NEW
        environment = command_environment(
            command,
            folder,
            ref.version,
            settings.wire_seq,
            inherited=os.environ,
            # A command about the whole version is run for the extension that set the operation going.
            extension=(step.instance or operation.extension) if several else None,
            uninstall_exit_code=exit_code_of(operation, Step(StepName.UNINSTALL, other)),
            updating=updating,
        )
        return command_spec(manifest, command, folder, environment, group)

    def _write_settings(
        self, operation: Operation, side: Side, owner: str, instance: str | None, settings: Settings
    ) -> None:
        protected = None
        if settings.protected is not None:
            protected = self._secrets.decrypt(settings.protected, owner_of(operation.machine_id, owner))
        write_settings(
            self._folder(operation, side),
            settings.seq,
            settings.public,
            protected,
            self._library.root,
            instance,
        )

    def _end_strays(self, operation: Operation, side: Side, result: StepResult) -> StepResult:
        strays = end_strays(self._folder(operation, side), self.clock, self._group(operation, side))
        if not strays:
            return result
        names = ", ".join(f"{stray.name} ({stray.pid})" for stray in strays)
        return _remarked(result, f"Still running after uninstall, and ended: {names}.")

    def _note_state(self, operation: Operation, step: Step, result: StepResult) -> StepResult:
        """Write the state files; what cannot be written is said, and fails nothing that was done."""
        sharing = self._store.extensions.of_handler(operation.machine_id, operation.handler)
        report = report_after(operation, step, result, sharing)
        try:
            if report is not None:
                self._write_state(operation, *report)
            folder = self._folder(operation, step.side)
            toggled = step.name in (StepName.ENABLE, StepName.DISABLE) and result.outcome is StepOutcome.DONE
            if toggled and step.instance is not None and (folder / "config").is_dir():
                write_extension_state(folder, step.instance, enabled=step.name is StepName.ENABLE)
        except (OSError, DiskFullError) as error:
            return _remarked(result, f"Its state file could not be written: {error}")
        return result

    def _write_state(self, operation: Operation, side: Side, report: HandlerReport) -> None:
        folder = self._folder(operation, side)
        if not (folder / "config").is_dir():
            return  # an uninstall may have taken its own folder away
        ref = operation.package(side)
        several = manifest_for(operation, side).supports_multiple_extensions
        write_handler_state(folder, operation.handler, ref.version, report, several=several)


def _remarked(result: StepResult, remark: str) -> StepResult:
    return replace(result, message=f"{result.message} {remark}".strip())


def _result(fate: Ended | TimedOut | Lost, timeout: float) -> StepResult:
    match fate:
        case Ended(exit_code, output):
            outcome = StepOutcome.DONE if exit_code == 0 else StepOutcome.FAILED
            return StepResult(outcome, output, exit_code, "" if exit_code == 0 else "HandlerFailed")
        case TimedOut(output):
            message = f"It did not end within {timeout:g} s and was ended. {output}".strip()
            return StepResult(StepOutcome.FAILED, message, None, "HandlerTimeout")
        case Lost():
            return StepResult(StepOutcome.LOST, "Nobody saw its end; it is run again.")
