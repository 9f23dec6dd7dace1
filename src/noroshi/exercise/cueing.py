"""What cueing bought: when each radar first saw a launch, on whose word, and when its search alone had.

The director asks the same world again, as if no radar had been told anything. Chance hangs on the seed, the
sensor, the second and the object alone, and a cue takes nothing from the search, so that the answer is exact:
it is what a run without cues gives. A cued look has at least the energy of the search and the same draw;
nothing is seen later for having been cued.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from noroshi.exercise.run import Run
from noroshi.exercise.watch import Watch
from noroshi.exercise.world import World

SEARCH = "search"


@dataclass(frozen=True)
class Bought:
    """One radar and one launch: first seen when, for which track and on whose word; when by its search alone.

    Times are seconds after the scenario's epoch, None for never. `because` is `search` where no cue led.
    """

    launch: str
    nation: str
    sensor: str
    first_s: float
    track: str
    because: str
    alone_s: float | None

    @property
    def saved_s(self) -> float | None:
        """How much sooner it saw the launch; None where it never had."""
        return None if self.alone_s is None else self.alone_s - self.first_s


def alone(world: World) -> Mapping[tuple[str, str], float]:
    """When the search of each radar first shows each launch with nobody to tell it where to look.

    By sensor and launch, seconds after the epoch; what never shows is left out. The same for every arm of a
    world, and worked out once.
    """
    found: Mapping[tuple[str, str], float] | None = world.__dict__.get("_alone")
    if found is None:
        found = _alone(world)
        object.__setattr__(world, "_alone", found)
    return found


def _alone(world: World) -> dict[tuple[str, str], float]:
    count = len(world.flights)
    # Nothing else alters how a launch shows.
    bare = world.scenario.model_copy(update={"background": None})
    launched = replace(world, scenario=bare, objects=world.objects[:count], numbers=world.numbers[:count])
    watch = Watch(launched, cued=False)
    for t_s in sorted({t_s for number in range(count) for t_s in watch.searched(number)}):
        watch.search(t_s)
    return {key: first.t_s for key, first in watch.first.items()}


def bought(run: Run) -> list[Bought]:
    """Every radar that saw a launch in a run, in the order of launches and of first detections."""
    search = alone(run.world)
    owner = {sensor.id: sensor.nation for sensor in run.world.radars.placed}
    order = {flight.launch.id: number for number, flight in enumerate(run.world.flights)}
    rows = [
        Bought(
            launch,
            owner[sensor],
            sensor,
            one.t_s,
            one.track,
            one.because or SEARCH,
            search.get((sensor, launch)),
        )
        for (sensor, launch), one in run.first.items()
        if sensor in owner and launch in order
    ]
    return sorted(rows, key=lambda row: (order[row.launch], row.first_s, row.sensor))


def told(run: Run) -> list[dict[str, Any]]:
    """The same for the summary; times after the launch, null for never."""
    start_s = {flight.launch.id: flight.launch.launch_time_s for flight in run.world.flights}
    return [
        {
            "launch": row.launch,
            "nation": row.nation,
            "sensor": row.sensor,
            "first_s": round(row.first_s - start_s[row.launch], 3),
            "because": row.because,
            "alone_s": None if row.alone_s is None else round(row.alone_s - start_s[row.launch], 3),
            "saved_s": None if row.saved_s is None else round(row.saved_s, 3),
        }
        for row in bought(run)
    ]
