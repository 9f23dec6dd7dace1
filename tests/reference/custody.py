"""Who loses a low flight when: the radars of Japan and the Republic of Korea beside what both announced."""

from dataclasses import replace
from datetime import date
from textwrap import fill

import numpy as np

from noroshi.catalogue.custody import Custody, ranked, track_of, watch
from noroshi.catalogue.grounded import middling
from noroshi.catalogue.nets import load_net
from noroshi.catalogue.questions import Answer, questions
from noroshi.catalogue.record import RecordedLaunch, load_launches
from noroshi.earth import frames, geometry
from noroshi.errors import NoroshiError
from noroshi.flight.fit import fit
from noroshi.flight.sample import trajectory
from noroshi.records.detections import Why
from noroshi.report.custody import WHY
from noroshi.sensing.custody import by_radar
from noroshi.sensing.environment import Environment
from noroshi.sensing.radar import Radar
from noroshi.sensing.reach import target
from tests.reference.cases import Case, Group, share

NATIONS = ("JPN", "KOR")
LOW_KM = 60.0

# Height of the target, km; ground distance of the horizon from a sea-level antenna, km: 4/3, no refraction.
HORIZONS = [(30, 713, 617), (40, 823, 712), (50, 919, 796), (100, 1_297, 1_122)]

GROUP = Group(
    "custody",
    "Where the horizon ends custody",
    "A loud target leaves a radar at sea level at one height, 200 m a moment: the ground distance at the "
    "last moment of `sensing.custody`. The site stands on the ellipsoid, the formula on a sphere: ± 0.5 %.",
    "d = a acos(a/(a+h)) with a = 8,494.67 km (4/3) and 6,371 km, independent arithmetic.",
)


def _lost_km(height_m: float, effective: float) -> float:
    """How far over the ground a target at one height is held from the sea, at 38 deg N, to the east."""
    lat, lon = np.radians(38.0), np.radians(138.0)
    along_m = np.arange(2e5, 1.6e6, 200.0)
    there = geometry.great_circle_end(lat, lon, np.radians(90.0), along_m)
    truth = target(frames.ecef(*there, np.full_like(along_m, height_m)), 1e9)
    one = np.float64
    radar = Radar(
        site_ecef_m=frames.ecef(lat, lon, one(0.0)), axes=frames.enu_axes(lat, lon),
        antenna_height_m=one(0.0), search_unit_m=one(1e7), cued_unit_m=one(1e7), instrumented_m=one(1e8),
        boresight_rad=one(0.0), sector_rad=one(2 * np.pi), normals=np.tile([0.0, 1.0, 0.0], (4, 1)),
        scan_loss=one(0.0), fence_rad=np.array([-0.5, 1.5]), elevation_rad=np.array([-0.5, 1.6]),
        mask_rad=np.full(36, -0.5), false_alarm=one(1e-6), beamwidth_rad=one(0.01), sigma=np.ones(3),
        sigma_range_rate_mps=one(np.inf), bias=np.zeros(3), bias_place_m=np.zeros(3), bias_clock_s=one(0.0),
    )  # fmt: skip
    sight = by_radar([radar], Environment(one(effective), one(0.0)), truth)
    last = np.flatnonzero(sight.held)[-1]
    assert sight.why[last + 1] == Why.BEHIND_EARTH
    return float(along_m[last]) / 1e3


CASES = [
    Case(
        f"custody-horizon-{height}-{'bent' if effective > 1 else 'straight'}", GROUP,
        f"lost at {height} km height, {'4/3' if effective > 1 else 'no refraction'}", "stated formula", "C",
        float(told), "km", share(told, 0.005),
        lambda height=height, effective=effective: _lost_km(height * 1e3, effective), ".1f",
    )
    for height, bent, straight in HORIZONS
    for told, effective in ((bent, 4 / 3), (straight, 1.0))
]  # fmt: skip

TITLE = "## Who loses a low flight when"
TOLD = (
    f"""The launches of the record with an apogee of at most {LOW_KM:g} km, each flown once as
    `noroshi coverage --flight` flies it, and looked at through the public radars of Japan and of the
    Republic of Korea (`--net public --nations JPN,KOR`; `noroshi sensors` says what of them is published
    and what assumed, the places of their ships among it). Beside where each nation's radars lose it stands
    the range that its government gave. This is a comparison and no test: the ranges are rounded to 10 km or
    50 km, some are lower bounds, and they are national assessments, in which other sensors and partners may
    have a part, not the output of a radar; and the flight was fitted to one of them.""",
    """Lost is the last moment at which a cued look of some radar of the nation would show it with a
    probability of a half or more: time after launch, height, way over the ground, time left to the end.
    Where neither the horizon nor the lowest elevation takes it but the echo, another cross-section moves
    the loss.""",
)
_HEAD = (
    "| launch | flown: range, apogee km | Japan said km | Japan's radars lose it | why | ROK said km "
    "| the ROK's radars lose it | why |\n|---|---|--:|---|---|--:|---|---|"
)


def low_launches() -> list[RecordedLaunch]:
    """Launches of which some report gives an apogee of at most 60 km."""
    return [
        launch
        for launch in load_launches()
        if any(
            one.announced.apogee_km is not None and one.announced.apogee_km.value <= LOW_KM
            for one in launch.reports
        )
    ]


def followed(launch: RecordedLaunch) -> Custody | None:
    """Custody of a launch by both nations' radars; None where no flight meets its figures."""
    net = load_net("public", NATIONS, date.fromisoformat(launch.name[:10]))
    net = replace(net, sensors=net.of("radar"))
    for question in ranked(questions(launch)):
        try:
            found = fit(question.site, question.announced, *middling(question), question.earth)
        except NoroshiError:
            continue
        flown = Answer(question, found, None, None, trajectory(found))
        track = track_of(flown)
        return Custody(flown, track, net, net.air, watch(net, track), 15.0)
    return None


def section() -> str:
    """The page's section, written anew."""
    rows = []
    for launch in low_launches():
        found = followed(launch)
        if found is None:
            rows.append(f"| {launch.name} | no flight of the family meets it | | | | | | |")
            continue
        track = found.track
        cells = [launch.name, f"{track.ground_km[-1]:,.0f}, {track.height_km.max():,.0f}"]
        for nation, by in zip(NATIONS, ("Japan", "ROK"), strict=True):
            cells += [_said(launch, by), *_lost(found, nation)]
        rows.append(f"| {' | '.join(cells)} |")
    told = [fill(" ".join(text.split()), 119, break_on_hyphens=False) for text in TOLD]
    return "\n\n".join([TITLE, *told, "\n".join([_HEAD, *rows])]) + "\n"


def _said(launch: RecordedLaunch, by: str) -> str:
    ranges = [one.announced.range_km for one in launch.reports if by in one.by]
    told = next((one for one in ranges if one is not None), None)
    if told is None:
        return "–"
    sign = {"at least": "≥ ", "at most": "≤ "}.get(told.sense, "")
    return f"{sign}{told.value:,.0f}"


def _lost(found: Custody, nation: str) -> tuple[str, str]:
    hold = found.hold(nation)
    if hold is None:
        return "never held", ""
    track, last = found.track, hold.last
    left_s = track.time_s[-1] - track.time_s[last]
    where = (
        f"{track.time_s[last]:.0f} s, {track.height_km[last]:.0f} km high, "
        f"{track.ground_km[last]:,.0f} km out, {left_s:.0f} s left"
    )
    return where, "" if hold.lost is None else WHY[hold.lost]
