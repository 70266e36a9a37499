"""What a loss of power brings back: names that were deleted and never synced go with the next runner."""

from __future__ import annotations

from agent.world import World
from packages import AGENT


def test_what_was_being_discarded_or_unpacked_goes_with_the_next_runner(world: World) -> None:
    world.publish(AGENT)
    world.put(AGENT)
    root = world.places.library.root
    version = f"{AGENT.handler}-0.9.0.0"
    for name in (f".discarded-{version}", f"{version}.unpacking-01234567"):
        (root / name / "bin").mkdir(parents=True)
    kept = root / f"{AGENT.handler}.replaced-0.1.2.3"  # a version of another handler
    kept.mkdir()
    world.run()
    assert kept.exists()
    kept.rmdir()
    assert world.left_behind() == []
    assert world.version_folders() == [f"{AGENT.handler}-{AGENT.version}"]
