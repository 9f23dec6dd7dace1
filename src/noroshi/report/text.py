"""The answer in words, and the comparison as a table for a terminal."""

from pathlib import Path
from typing import Any

from rich.table import Table

from noroshi.report import quiet
from noroshi.report.folder import Arm, Outcome, Run, read_run
from noroshi.report.gains import LITTLE_FACTOR, LITTLE_S, SAME_S, Gain, gain, pair
from noroshi.report.names import at, in_sentence, length, listed, nation_title, region


def answer(run: Run) -> list[str]:
    """The answer in a few sentences, computed from the run: the first says what sharing buys."""
    if run.quiet:
        return quiet.answer(run)
    sentences: list[str] = []
    for launch in run.launches:
        where = f"{launch.id}: " if len(run.launches) > 1 else ""
        two = pair(run)
        if two is None:
            sentences += [f"{where}{line}" for arm in run.arms for line in _alone(arm, launch.id)]
        else:
            sentences += [f"{where}{line}" for line in _compared(run, *two, launch.id)]
    sentences += _on_the_day(run)
    sentences += _over_seeds(run)
    if run.launches and pair(run) is not None:
        sentences.append(quiet.BESIDE)
    return sentences or ["Nothing was launched in this run."]


def _alone(arm: Arm, launch: str) -> list[str]:
    """What one arm brought, without another to measure it by."""
    said, quiet = [], []
    for nation, one in arm.outcomes.get(launch, {}).items():
        if one.alert_s is None:
            quiet.append(in_sentence(nation))
        else:
            said.append(
                f"Under {arm.name}, people in {in_sentence(nation)} are alerted at {at(one.alert_s)}"
                f" ({_some(one.alert_areas)})."
            )
    if quiet:
        said.append(f"No alert in {listed(quiet)}.")
    return said


def _compared(run: Run, base: Arm, other: Arm, launch: str) -> list[str]:
    """What `other` bought over `base`, the nations that gained first; says so if it is little."""
    changed, little, gains = [], [], False
    for nation, after in other.outcomes.get(launch, {}).items():
        before = base.outcomes.get(launch, {}).get(nation)
        if before is None:
            continue
        clauses = _clauses(before, after, base.name, other.name)
        if clauses:
            gains |= any(better for better, _ in clauses)
            changed.append(f"{nation_title(nation)}: {'; '.join(words for _, words in clauses)}.")
        else:
            little.append((nation, after))
    name = f"{other.name} sharing{', which did not exist then,' if other.retroactive else ''}"
    capital = f"{name[:1].upper()}{name[1:]}"
    if gains:
        said = [f"What {name} buys over {base.name}. {' '.join(changed)}"]
    elif changed:
        said = [f"{capital} buys nothing here over {base.name}. {' '.join(changed)}"]
    else:
        said = [
            f"{capital} buys little here over {base.name}: no nation knows of the launch, has a track or "
            f"alerts its people {LITTLE_S:.0f} s earlier, and no forecast region shrinks by a factor of "
            f"{LITTLE_FACTOR:g}."
        ]
    for nation, one in little:
        if one.alert_s is not None:
            said.append(
                f"People in {in_sentence(nation)} are alerted at {at(one.alert_s)} under {other.name}, at "
                f"{at(base.outcomes[launch][nation].alert_s)} under {base.name} ({_some(one.alert_areas)})."
            )
    quiet = [in_sentence(nation) for nation, one in little if one.alert_s is None]
    if quiet and changed:
        said.append(f"It buys little for {listed(quiet)}.")
    return said


def _clauses(before: Outcome, after: Outcome, base: str, other: str) -> list[tuple[bool, str]]:
    """What has changed for one nation, each with whether it is better; nothing where all of it is little."""
    alert, at_alert = gain(before, after, "alert_s"), gain(before, after, "at_alert")
    said = []
    if not alert.little:
        said.append((alert.better, _timed(alert, "its people are alerted", "alerts its people", base, other)))
    both = before.alert_s is not None and after.alert_s is not None
    if both:
        grown = [area for area in after.alert_areas if area not in before.alert_areas]
        spared = [area for area in before.alert_areas if area not in after.alert_areas]
        if grown:
            said.append((True, f"also alerted: {_some(grown)}"))
        if spared:
            said.append((True, f"no longer alerted: {_some(spared)}"))
    for kind, happens, does in (
        ("first_warning_s", "it knows of the launch", "knows of the launch"),
        ("first_track_s", "it has a track", "has a track"),
    ):
        one = gain(before, after, kind)
        if not one.little:
            said.append((one.better, _timed(one, happens, does, base, other)))
    if both and not at_alert.little:
        said.append((at_alert.better, _sized(at_alert, "at its alert", base, other)))
    at_end = gain(before, after, "at_end")
    if not at_end.little:
        said.append((at_end.better, _sized(at_end, "at the end", base, other)))
    if said and alert.little and alert.after is not None:
        said.append((False, f"its people are alerted {_apart(alert)}, at {at(alert.after)}"))
    return said


def _apart(one: Gain) -> str:
    if one.same or one.earlier_s is None:
        return "at the same time"
    return f"{abs(one.earlier_s):.0f} s {'earlier' if one.earlier_s > 0 else 'later'}"


def _timed(one: Gain, happens: str, does: str, base: str, other: str) -> str:
    if one.before is None:
        return f"only under {other} {happens}, at {at(one.after)}"
    if one.after is None:
        return f"under {other} it no longer {does} (under {base} at {at(one.before)})"
    return f"{happens} {_apart(one)}, at {at(one.after)} instead of {at(one.before)}"


def _sized(one: Gain, when: str, base: str, other: str) -> str:
    if one.before is None:
        return f"only under {other} it has a forecast {when}, good to {length(one.after)}"
    if one.after is None:
        return f"only under {base} it has a forecast {when}, good to {length(one.before)}"
    factor = one.factor or 1.0
    size = f"{factor:.1f} times smaller" if factor > 1 else f"{1 / factor:.1f} times larger"
    return f"its forecast region {when} is {size} ({length(one.after)} instead of {length(one.before)})"


def _some(areas: tuple[str, ...] | list[str], most: int = 6) -> str:
    """Names of areas, cut short when they are many."""
    if len(areas) <= most:
        return listed(list(areas)) or "no area"
    return f"{', '.join(areas[:most])} and {len(areas) - most} more"


def _on_the_day(run: Run) -> list[str]:
    """The day beside the arm that is like it, area by area."""
    if run.as_it_was is None or not run.as_it_was.alert_s:
        return []
    day = listed([f"{area} at {at(time_s)}" for area, time_s in run.as_it_was.alert_s.items()])
    two = pair(run)
    like = next((arm for arm in (*(two or ()), *run.arms) if not arm.retroactive), None)
    if like is None:
        return [f"As it was, the alerts reached {day}."]
    first: dict[str, float] = {}
    for nation in run.nations:
        first.update(like.area_alert_s(nation))
    model = [
        f"{area} at {at(first[area])}" if area in first else f"{area} never" for area in run.as_it_was.alert_s
    ]
    return [f"As it was, the alerts reached {day}; in the model under {like.name}, {listed(model)}."]


def _over_seeds(run: Run) -> list[str]:
    """The spread of the gain at the alert over many seeds, where it was worked out."""
    spread = run.extras.get("spread") or {}
    said = []
    for row in spread.get("rows", ()):
        gained = row.get("gain")
        if not row["quantity"].startswith("alert") or not gained or None in gained:
            continue
        low, mid, high = gained
        doubt = "; it may be nothing" if low < SAME_S else ""
        said.append(
            f"Over {spread['seeds']} seeds, the alert of {in_sentence(row['nation'])} comes {mid:.0f} s "
            f"earlier under hub than under bilateral (90 % of seeds from {low:.0f} to {high:.0f} s){doubt}."
        )
    return said


def comparison(out: Path | Run) -> Table:
    """The comparison for a terminal: for each nation each arm, beside what happened on the day."""
    run = out if isinstance(out, Run) else read_run(out, only_heads=True)
    if run.quiet:
        return quiet.table(run)
    table = Table(title=f"{run.title} · seed {run.seed} · EXERCISE", title_justify="left")
    for head in ("nation", "sharing"):
        table.add_column(head, no_wrap=True)
    for head in ("warning", "track", "alert"):
        table.add_column(head, justify="right", overflow="fold")
    table.add_column("areas alerted", ratio=1, min_width=14)
    for head in ("region at alert", "region at end"):
        table.add_column(head, justify="right", overflow="fold")
    day = set(run.as_it_was.alert_s) if run.as_it_was else set()
    for launch in run.launches:
        for nation in run.nations:
            mark = f"{nation} {launch.id}" if len(run.launches) > 1 else nation
            for arm in run.arms:
                one = arm.outcomes.get(launch.id, {}).get(nation)
                if one is not None:
                    table.add_row(mark, arm.name + "*" * arm.retroactive, *_cells(one))
                    mark = ""
            table.add_section()
    if run.as_it_was and day:
        for i, (area, time_s) in enumerate(run.as_it_was.alert_s.items()):
            table.add_row("" if i else "as it was", "", "", "", at(time_s), area, "", "")
    if any(arm.retroactive for arm in run.arms):
        table.caption = "* retroactive: this arrangement did not exist then"
    return table


def _cells(one: Outcome) -> list[Any]:
    return [
        at(one.first_warning_s),
        at(one.first_track_s),
        at(one.alert_s),
        _some(one.alert_areas, 4) if one.alert_areas else "",
        region(one.at_alert.region_km),
        region(one.at_end.region_km),
    ]
