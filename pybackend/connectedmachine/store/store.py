"""The store: one file, a table or two per repository."""

from __future__ import annotations

from pathlib import Path

from connectedmachine.store.answers import Answers
from connectedmachine.store.configurations import Configurations
from connectedmachine.store.credentials import Credentials
from connectedmachine.store.database import Database
from connectedmachine.store.events import Events
from connectedmachine.store.extensions import Extensions
from connectedmachine.store.galleries import Galleries
from connectedmachine.store.home import STORE_FILE, prepare
from connectedmachine.store.machines import Machines
from connectedmachine.store.operations import Operations
from connectedmachine.store.passes import Passes
from connectedmachine.store.policies import Policies
from connectedmachine.store.probes import Probes
from connectedmachine.store.requests import Requests
from connectedmachine.store.windows import Windows


class Store:
    """Everything that survives. Changes that belong together go inside ``transaction()``."""

    def __init__(self, home: Path, database: Database) -> None:
        self.home = home
        self._database = database
        self.transaction = database.transaction
        self.version = database.version
        self.machines = Machines(database)
        self.extensions = Extensions(database)
        self.operations = Operations(database)
        self.events = Events(database)
        self.passes = Passes(database)
        self.policies = Policies(database)
        self.windows = Windows(database)
        self.configurations = Configurations(database)
        self.probes = Probes(database)
        self.galleries = Galleries(database)
        self.answers = Answers(database)
        self.credentials = Credentials(database)
        self.requests = Requests(database)

    @classmethod
    def open(cls, home: Path) -> Store:
        """Open the store in ``home``, which is made if need be.

        Raises:
            PermissionDeniedError: The folder is not this caller's.
            StoreError: See ``Database.open``.
        """
        prepare(home)
        return cls(home, Database.open(home / STORE_FILE))

    def close(self) -> None:
        self._database.close()
