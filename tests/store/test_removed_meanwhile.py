"""What is written about a machine that somebody removed since it was found."""

from __future__ import annotations

import pytest

from connectedmachine.model.errors import NotFoundError
from connectedmachine.model.policy import Hold
from connectedmachine.store import Store
from store.support import MACHINE, NOW


def test_a_hold_on_a_machine_that_went_is_refused_by_name(store: Store) -> None:
    store.machines.delete(MACHINE)
    with pytest.raises(NotFoundError) as refused:
        store.policies.hold(MACHINE, Hold("agent", None, None, "", NOW))
    assert refused.value.code == "ResourceNotFound"
    assert refused.value.hint
