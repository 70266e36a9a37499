"""What must survive: one SQLite file, its schema and migrations, and the secrets in it."""

from connectedmachine.store.database import Database
from connectedmachine.store.store import Store

__all__ = ["Database", "Store"]
