"""Events: from what happened in the store's own transaction to whoever wants to be told."""
