"""Plots that no object made, plots that come twice, and sensors with a fault: done to plots alone."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from noroshi.catalogue.background import Fault, Ghosts
from noroshi.catalogue.eyes import radar_of
from noroshi.catalogue.placement import SensorPlacement
from noroshi.catalogue.scenario import Scenario
from noroshi.catalogue.sensors import InfraredProfile, RadarProfile, SkywaveProfile
from noroshi.records.detections import Plot
from noroshi.records.keys import generator
from noroshi.sensing.radar import noise_of

DAY_S = 86_400
MINUTE_S = 60
# A false plot just passes the threshold: its noise is that of a signal of 13 dB. Its range rate is anything.
_SNR, _FAST_MPS = 20.0, 3e3
# Half of what a satellite without a stated field sees: the Earth from the geostationary ring.
_DISC_RAD = math.radians(8.7)


def unreal(scenario: Scenario, sensor: SensorPlacement, seed: int) -> list[Plot]:
    """All plots of a sensor in a run that no object makes: false ones, and the storms of its faults."""
    plots: list[Plot] = []
    if scenario.background is not None:
        plots += false_plots(scenario.background.ghosts, sensor, scenario.duration_s, seed)
    for fault in scenario.faults:
        if fault.sensor == sensor.id:
            plots += storm(fault, sensor, scenario.duration_s, seed)
    return plots


def false_plots(ghosts: Ghosts, sensor: SensorPlacement, duration_s: float, seed: int) -> tuple[Plot, ...]:
    """False plots of a radar over a run, by time: Poisson, even over its search fence or ring.

    None of an infrared satellite: what it sees falsely are fires.
    """
    profile = sensor.profile
    if isinstance(profile, InfraredProfile):
        return ()
    skywave = isinstance(profile, SkywaveProfile)
    rate = ghosts.skywave_false_plots_per_day if skywave else ghosts.false_plots_per_day
    found: list[Plot] = []
    for day in range(math.ceil(duration_s / DAY_S)):
        chance = generator(seed, "background", "ghost", sensor.id, day)
        at_s = day * DAY_S + np.floor(DAY_S * chance.random(chance.poisson(rate.value)))
        found += [one for one in _anywhere(sensor, at_s, chance) if one.time_s <= duration_s]
    return tuple(sorted(found, key=_order))


def _order(plot: Plot) -> tuple[float, tuple[float, float, float]]:
    return plot.time_s, plot.measurement


def _anywhere(sensor: SensorPlacement, at_s: np.ndarray, chance: np.random.Generator) -> list[Plot]:
    """A plot at each moment, even over what the sensor searches."""
    profile, share = sensor.profile, chance.random((3, len(at_s)))
    rate_sigma_mps = np.full(len(at_s), math.inf)
    half = math.radians(sensor.sector_deg / 2)
    azimuth = math.radians(sensor.middle_deg) + half * (2 * share[1] - 1)
    if isinstance(profile, RadarProfile):
        low, high = math.radians(profile.fence_low_deg.value), math.radians(profile.fence_high_deg.value)
        range_m = profile.instrumented_range_km.value * 1e3 * share[0]
        elevation = low + (high - low) * share[2]
        noise, doubt_mps = noise_of(radar_of(sensor), np.full(len(at_s), _SNR), elevation)
        sigma, rate_sigma_mps = np.asarray(noise), np.asarray(doubt_mps)
    elif isinstance(profile, SkywaveProfile):
        near_m, far_m = profile.range_min_km.value * 1e3, profile.range_max_km.value * 1e3
        range_m, elevation = near_m + (far_m - near_m) * share[0], np.zeros(len(at_s))
        told = (profile.sigma_range_km.value * 1e3, profile.sigma_azimuth_mrad.value * 1e-3, math.inf)
        sigma = np.tile(told, (len(at_s), 1))
    else:
        field = math.radians(profile.field_of_view_deg.value) if profile.field_of_view_deg else _DISC_RAD
        # Even over a disc about the nadir.
        off, turn = field * np.sqrt(share[0]), 2 * math.pi * share[1]
        range_m, azimuth, elevation = np.zeros(len(at_s)), off * np.sin(turn), off * np.cos(turn)
        angle = profile.angle_noise_urad.value * 1e-6
        sigma = np.tile((math.inf, angle, angle), (len(at_s), 1))
    rate_mps = np.where(np.isfinite(rate_sigma_mps), _FAST_MPS * (2 * chance.random(len(at_s)) - 1), 0.0)
    azimuth = (azimuth + math.pi) % (2 * math.pi) - math.pi
    return [
        Plot(sensor.id, t_s, tuple(place), tuple(doubt), False, rate, rate_doubt)
        for t_s, place, doubt, rate, rate_doubt in zip(
            at_s.tolist(),
            np.stack([range_m, azimuth, elevation], axis=-1).tolist(),
            sigma.tolist(),
            rate_mps.tolist(),
            rate_sigma_mps.tolist(),
            strict=True,
        )
    ]


def duplicates(plots: Sequence[Plot], ghosts: Ghosts, seed: int) -> tuple[Plot, ...]:
    """The second plots that some of these plots of one moment bring with them, and no others."""
    found = []
    for plot, chance in _each(plots, seed, "duplicate"):
        if chance.random() < ghosts.duplicate_share.value:
            angle = ghosts.duplicate_angle_mrad.value * 1e-3
            off = np.array([ghosts.duplicate_range_m.value, angle, angle]) * chance.standard_normal(3)
            found.append(_moved(plot, off))
    return tuple(found)


def apply(faults: Sequence[Fault], plots: Sequence[Plot], seed: int) -> tuple[Plot, ...]:
    """Plots of one moment as sensors with faults send them; a storm's own plots come from `storm`."""
    for fault in faults:
        kept = []
        for plot, chance in _each(plots, seed, f"fault-{fault.kind}"):
            if plot.sensor != fault.sensor or not fault.from_s <= plot.time_s < fault.until_s:
                kept.append(plot)
            elif fault.kind == "noise":
                assert fault.factor is not None
                # Added to the noise that is in the plot already, which keeps its stated sigma.
                more = math.sqrt(fault.factor.value**2 - 1) * np.array(plot.sigma)
                kept.append(_moved(plot, more * chance.standard_normal(3)))
            elif fault.kind == "bias":
                assert fault.azimuth_deg is not None
                kept.append(_moved(plot, np.array([0.0, math.radians(fault.azimuth_deg.value), 0.0])))
            elif fault.kind == "storm":
                kept.append(plot)
        plots = kept
    return tuple(plots)


def storm(fault: Fault, sensor: SensorPlacement, duration_s: float, seed: int) -> tuple[Plot, ...]:
    """The false plots of a storm, by time; none of another kind of fault."""
    if fault.kind != "storm":
        return ()
    assert fault.plots_per_min is not None
    found: list[Plot] = []
    for minute in range(int(fault.from_s // MINUTE_S), math.ceil(fault.until_s / MINUTE_S)):
        chance = generator(seed, "fault", "storm", sensor.id, minute)
        number = chance.poisson(fault.plots_per_min.value)
        at_s = minute * MINUTE_S + np.floor(MINUTE_S * chance.random(number))
        found += [
            one
            for one in _anywhere(sensor, at_s, chance)
            if fault.from_s <= one.time_s < fault.until_s and one.time_s <= duration_s
        ]
    return tuple(sorted(found, key=_order))


def _each(plots: Sequence[Plot], seed: int, what: str) -> list[tuple[Plot, np.random.Generator]]:
    """Each plot with chance of its own: by sensor, moment, and its rank among that sensor's plots then."""
    ranks: dict[tuple[str, float], int] = {}
    found = []
    for plot in plots:
        rank = ranks.get((plot.sensor, plot.time_s), 0)
        ranks[plot.sensor, plot.time_s] = rank + 1
        moment = round(plot.time_s * 1e3)
        found.append((plot, generator(seed, "background", what, plot.sensor, moment, rank)))
    return found


def _moved(plot: Plot, off: np.ndarray) -> Plot:
    """A plot moved by range m and angles rad, where it measures them."""
    measured = np.isfinite(plot.sigma)
    range_m, azimuth, elevation = np.array(plot.measurement) + np.where(measured, off, 0.0)
    azimuth = (azimuth + math.pi) % (2 * math.pi) - math.pi
    return replace(plot, measurement=(max(float(range_m), 0.0), float(azimuth), float(elevation)))
