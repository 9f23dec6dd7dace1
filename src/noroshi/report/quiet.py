"""A run without a launch: what each nation claimed all the same, and what sharing adds or takes away."""

from collections.abc import Mapping

from rich.table import Table

from noroshi.report import markup
from noroshi.report.folder import Arm, Run
from noroshi.report.gains import pair
from noroshi.report.markup import Inner, Markup, element
from noroshi.report.names import NEVER, listed, nation_title
from noroshi.report.tables import arm_label, body, grouped

DAY_S, MONTH_DAYS = 86_400.0, 30
# More alerts than these are counted above, and not listed.
MOST_ALERTS = 40
# What is claimed: its field, one of them, more of them.
KINDS = {
    "alerts": ("alert", "alerts"),
    "launch_reports": ("launch report", "launch reports"),
    "confirmed_tracks": ("confirmed track", "confirmed tracks"),
}
CAVEAT = (
    "No nation publishes what its warning sensors reject, and false claims scale with what is assumed of it: "
    "the counts compare arrangements of sharing, they are no forecast of what a nation reports in a month."
)
BESIDE = (
    "A gain in time counts only beside the false launch reports and alerts that come with it: "
    "`noroshi run quiet-month` counts them over a month in which nobody launches anything."
)
# Kinds of objects in the words of a reader: what is there, by its name in the files.
THERE = {
    "satellite": "satellites that no catalogue explains, passes through a search fence",
    "debris": "debris that comes down unannounced",
    "airliner": "airliners not yet identified",
    "fire": "fires and flares on no map",
}
_MANY = {"satellite": "satellites", "airliner": "airliners", "fire": "fires"}


def answer(run: Run) -> list[str]:
    """The answer in a few sentences: what sharing adds to false claims, then every arm's."""
    two = pair(run)
    said = []
    if two is not None:
        base = run.by_name.get("national", two[0])
        others = sorted((arm for arm in run.arms if arm is not base), key=lambda arm: arm is not two[1])
        alike: dict[str, list[str]] = {}
        for arm in others:
            alike.setdefault(_compared(run, base, arm), []).append(arm.name)
        said = [
            f"In {lasting(run)} without a launch, nations under {listed(names)} claim {words}: all false."
            for words, names in alike.items()
        ]
    return [*said, *(_arm(run, arm) for arm in run.arms), CAVEAT]


def lasting(run: Run) -> str:
    """How long the run is: 30 days, 1 day, 6 hours."""
    days = run.duration_s / DAY_S
    number, unit = (days, "day") if days >= 1 else (24 * days, "hour")
    return f"{number:.3g} {unit}{'' if number == 1 else 's'}"


def of(arm: Arm, nation: str, kind: str) -> int:
    """How many of a kind a nation claimed."""
    claims = (arm.claims or {}).get(nation)
    return 0 if claims is None else int(getattr(claims, kind))


def _compared(run: Run, base: Arm, other: Arm) -> str:
    """The sums over nations under two arms, and whose counts make the difference."""
    clauses = []
    for kind, (one, many) in KINDS.items():
        before, after = (sum(of(arm, nation, kind) for nation in run.nations) for arm in (base, other))
        moved = [
            f"{nation} {of(other, nation, kind)} instead of {of(base, nation, kind)}"
            for nation in run.nations
            if of(base, nation, kind) != of(other, nation, kind)
        ]
        who = f": {', '.join(moved)}" if moved else ""
        clauses.append(f"{after} {one if after == 1 else many} ({base.name} {before}{who})")
    return listed(clauses)


def _arm(run: Run, arm: Arm) -> str:
    """What every nation claimed under one arm."""
    counts = [
        f"{many} {', '.join(f'{nation} {of(arm, nation, kind)}' for nation in run.nations)}"
        for kind, (_, many) in KINDS.items()
    ]
    return f"False under {arm.name}: {'; '.join(counts)}."


def table(run: Run) -> Table:
    """For a terminal: each nation under each arm."""
    shown = Table(title=f"{run.title} · seed {run.seed} · EXERCISE", title_justify="left")
    for head in ("nation", "sharing"):
        shown.add_column(head, no_wrap=True)
    for _, many in KINDS.values():
        shown.add_column(f"false {many}", justify="right")
        if _scaled(run):
            shown.add_column("in 30 days", justify="right")
    for nation in run.nations:
        mark = nation
        for arm in run.arms:
            shown.add_row(mark, arm.name + "*" * arm.retroactive, *_cells(run, arm, nation))
            mark = ""
        shown.add_section()
    if any(arm.retroactive for arm in run.arms):
        shown.caption = "* retroactive: this arrangement did not exist then"
    return shown


def _scaled(run: Run) -> bool:
    """Whether 30 days say something that the run itself does not."""
    return run.duration_s != MONTH_DAYS * DAY_S


def _cells(run: Run, arm: Arm, nation: str) -> list[str]:
    """Counts of each kind, each with its number for 30 days where that says more."""
    cells = []
    month = (arm.claims_a_month or {}).get(nation)
    for kind in KINDS:
        cells.append(f"{of(arm, nation, kind):,}")
        if _scaled(run):
            cells.append(NEVER if month is None else f"{getattr(month, kind):,.0f}")
    return cells


def claimed(run: Run) -> Markup:
    """The same for the page."""
    head: list[Inner] = ["Nation", "Sharing"]
    for _, many in KINDS.values():
        head += [f"False {many}", *(["in 30 days"] if _scaled(run) else [])]
    rows = []
    for nation in run.nations:
        lines: list[list[Inner]] = []
        for arm in run.arms:
            lines.append([arm_label(arm), *_cells(run, arm, nation)])
        rows += grouped(nation_title(nation), lines)
    return body(head, rows)


def there(run: Run) -> Markup:
    """How much was there of each kind."""
    told = run.extras["background"]
    rows = [[THERE[kind], f"{number:,}"] for kind, number in told["objects"].items()]
    rows.append(["false plots, of nothing", f"{sum(told['false_plots'].values()):,}"])
    return markup.table(["What was there", "How many"], rows)


def made_of(run: Run) -> Markup:
    """What each nation's false claims were of, and what it recognised as no missile."""
    head = ["Nation", "Sharing", *(f"False {many}" for _, many in KINDS.values()), "Recognised as"]
    rows = []
    for nation in run.nations:
        lines: list[list[Inner]] = []
        for arm in run.arms:
            mine = run.extras["background"]["arms"][arm.name]
            claims = mine["claims"].get(nation, {})
            cells = [_sorts(claims.get(kind, {})) for kind in KINDS]
            lines.append([arm_label(arm), *cells, _sorts(mine["recognised"].get(nation, {}))])
        rows += grouped(nation_title(nation), lines)
    return body(head, rows)


def _sorts(numbers: Mapping[str, int]) -> str:
    """The most frequent first: 3 airliners, 1 satellite."""
    order = sorted(numbers.items(), key=lambda one: (-one[1], one[0]))
    return (
        ", ".join(f"{number:,} {_MANY.get(sort, sort) if number > 1 else sort}" for sort, number in order)
        or NEVER
    )


def alerts(run: Run) -> Markup | None:
    """The false alerts one by one, the same of several arms apart: when, whose, of what, until when."""
    rows: list[list[Inner]] = []
    for arm in run.arms:
        ends = {one.alert: one.time_s for one in arm.notices if one.event == "cancel"}
        said = {(one.nation, one.alert): one for one in arm.notices if one.event == "alert"}
        for told in run.extras["background"]["arms"][arm.name]["alerts"]:
            notice = said.get((told["nation"], told["alert"]))
            if notice is None:
                continue
            end_s = ends.get(told["alert"])
            stood = NEVER if end_s is None else f"{(end_s - notice.time_s) / 60:.0f} min"
            when = _moment(notice.time_s)
            areas = element("td", ", ".join(notice.areas), class_="long")
            rows.append([arm_label(arm), when, told["nation"], areas, told["cause"], stood])
    if not rows:
        return None
    head = ["Sharing", "When", "Nation", "Areas", "Of what", "Stood for"]
    return markup.table(head, rows[:MOST_ALERTS], lead=2)


def _moment(time_s: float) -> str:
    day, rest = divmod(int(time_s), int(DAY_S))
    return f"day {day + 1}, {rest // 3600:02d}:{rest % 3600 // 60:02d}"
