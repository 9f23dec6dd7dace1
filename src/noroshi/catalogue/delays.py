"""How long people took: Japan's human delay, fitted to its published alerts, without the case replayed.

The record (data/record/alerts.csv) gives minutes from launch to the first take-cover alert. From their mean
and variance the stages that are no decision are taken (assumed, below), and the variance of rounding to
the minute; what remains is people, and is split into confirming and deciding. Alerts that were false are
left out, for there the sensors' error set the time, not the people; so the fit flatters a bad day. Some of
the rest were announced satellite launches, with people waiting at their desks.
"""

import csv
import io
import math
from statistics import mean, variance

from noroshi.catalogue import door
from noroshi.catalogue.figures import Spread

# Mean and 1 sigma of what is not people, s: assumed. See: plume above the clouds at some 45 s, three looks,
# and a report or a first radar track; relay and deliver as in data/nations/JPN.toml.
SEE_S = (75.0, 15.0)
RELAY_S = (10.0, 4.1)
DELIVER_S = (20.0, 7.2)
# Both the launch and the alert are rounded to the minute.
ROUNDING_VARIANCE_S2 = 2 * 60.0**2 / 12
# How the people's time is shared between the two human stages: assumed.
SHARES = {"confirm_s": 0.4, "decide_s": 0.6}
# Nobody reads a screen faster than low; high keeps one draw from standing for a missed alert.
LOW_S, HIGH_S = 3.0, 300.0


def launch_to_alert_s(exclude: str) -> dict[str, float]:
    """Seconds from launch to Japan's take-cover alert, by event; `exclude` is the event replayed.

    Only alerts to the people at a launch that took place, by J-ALERT or Em-Net, and not false.
    """
    path = door.DATA / "record" / "alerts.csv"
    rows = list(csv.DictReader(io.StringIO(door.read_text(path, door.shipped(path)))))
    return {
        row["event_id"]: 60.0 * float(row["launch_to_alert_min"])
        for row in rows
        if row["event_id"] != exclude
        and row["tz"] == "JST"
        and row["alert_channel"] in ("J-ALERT", "Em-Net")
        and row["launch_to_alert_min"]
        and not row["result"].startswith("false")
    }


def human_delay(exclude: str) -> dict[str, Spread]:
    """Japan's confirm_s and decide_s: lognormal, by moments, drawn independently of each other."""
    seconds = list(launch_to_alert_s(exclude).values())
    machine = (SEE_S, RELAY_S, DELIVER_S)
    people_mean = mean(seconds) - sum(middle for middle, _ in machine)
    people_variance = variance(seconds) - ROUNDING_VARIANCE_S2 - sum(sigma**2 for _, sigma in machine)
    if people_mean <= 0 or people_variance <= 0:
        raise ValueError("the record leaves no time for people: the assumed machine stages are too long")
    # Equal relative spread c in each stage, so that the variances add up to the people's.
    squares = sum(share**2 for share in SHARES.values())
    sigma = math.sqrt(math.log1p(people_variance / (people_mean**2 * squares)))
    source = (
        f"fitted by noroshi.catalogue.delays to {len(seconds)} alerts of data/record/alerts.csv, "
        f"without {exclude}, less assumed machine stages"
    )
    return {
        stage: Spread(
            kind="lognormal",
            median=round(people_mean * share / math.exp(sigma**2 / 2), 1),
            sigma=round(sigma, 2),
            low=LOW_S,
            high=HIGH_S,
            source=source,
            confidence="derived",
        )
        for stage, share in SHARES.items()
    }
