"""Messages to test with: one of each kind, and hypothesis strategies for any."""

from hypothesis import strategies as st

from noroshi.records.labels import Label
from noroshi.records.messages import (
    FORMS,
    KINDS,
    PAYLOADS,
    AlertNotice,
    AssessmentReport,
    ForecastReport,
    HotlineText,
    LaunchReport,
    Message,
    Opaque,
    OperatorAct,
    Payload,
    ReceiptList,
    SensorStatus,
    TaskingRequest,
    TrackReport,
)

NATIONS = ("JPN", "KOR", "USA")
ARMS = ("national", "bilateral", "hub", "direct")
FIVE = ("USA", "JPN", "KOR", "AUS", "GBR")
FIVE_ARMS = ("national", "five-bilateral", "five-hub", "mesh")
READABLE = tuple(PAYLOADS)


def track_report(track_id: str = "JPN-T1") -> TrackReport:
    diagonal = (1e6,) * 3 + (1e4,) * 3 + (25.0,) * 3 + (0.09,)
    return TrackReport(
        track_id=track_id,
        time_s=120.0,
        position_ecef_m=(-3.5e6, 3.2e6, 4.6e6),
        velocity_ecef_mps=(-3e3, -2e3, 3e3),
        force_ecef_mps2=(-6.0, -4.0, 6.0),
        log_ballistic_coefficient=8.5,
        covariance=tuple(tuple(d if i == j else 0.0 for j in range(10)) for i, d in enumerate(diagonal)),
        models=(0.2, 0.7, 0.1, 0.0),
        launch_lat_deg=40.85,
        launch_lon_deg=125.7,
        also=(track_id,),
    )


def payload(
    kind: str, track_id: str = "JPN-T1", reason: str = "passes over", kind_of: str = "ballistic"
) -> Payload:
    if kind == "launch_report":
        return LaunchReport(0.0, 40.85, 125.7, 5.0, 80.0, 10.0)
    if kind == "track":
        return track_report(track_id)
    if kind == "forecast":
        return ForecastReport(
            track_id=track_id, time_s=120.0, launch_time_s=0.0, launch_lat_deg=40.85, launch_lon_deg=125.7,
            path=track_report(track_id), impact_lat_deg=38.0, impact_lon_deg=172.0, impact_time_s=1320.0,
            semi_major_km=300.0, semi_minor_km=40.0, major_azimuth_deg=95.0, burning_probability=0.2,
            assessment=((kind_of, 0.7), ("not yet known", 0.3)),
        )  # fmt: skip
    if kind == "assessment":
        return AssessmentReport(track_id, 130.0, "satellite", reason)
    if kind == "hotline":
        return HotlineText("watch officer", reason)
    if kind == "sensor_status":
        return SensorStatus(f"{track_id[:3]}-RADAR-1", "down", 100.0, 700.0, reason)
    if kind == "tasking_request":
        return TaskingRequest(120.0, 39.12, 133.47, 212_000.0, 60.0, 600.0, reason)
    if kind == "operator_act":
        return OperatorAct("note", track_id, "watch officer", reason)
    if kind == "receipt":
        return ReceiptList(((track_id, "taken"),))
    if kind in ("alert", "cancel"):
        return AlertNotice(("Aomori",), reason)
    return Opaque(b"\xa1aa\x01")


def message(
    kind: str = "forecast",
    origin: str = "JPN",
    to: tuple[str, ...] | None = None,
    provenance: tuple[str, ...] | None = None,
    expires_s: float = 300.0,
    exercise: bool = True,
    form: str = "whole",
) -> Message:
    """A message of `origin` that names everybody and that its own radar fed, unless said otherwise."""
    everybody = tuple(nation for nation in NATIONS if nation != origin)
    return Message(
        id=f"{origin}-{kind}-1",
        kind=kind,
        origin=origin,
        created_s=100.0,
        expires_s=expires_s,
        label=Label(origin, everybody if to is None else to, exercise),
        payload=payload(kind),
        provenance=(f"{origin}-RADAR-1",) if provenance is None else provenance,
        form=form,
    )


# Sensors as a scenario may call them: with their nation in front, or without any.
sensors = st.builds(
    "".join,
    st.tuples(
        st.sampled_from(["JPN-", "KOR-", "USA-", "AUS-", ""]),
        st.sampled_from(["FPS5", "IR", "Green Pine", "Sado", "車力", "x"]),
        st.sampled_from(["", "-1", "-2", "-Sado", "-JPN-IR-1"]),
    ),
).filter(lambda name: len(name) > 3)


@st.composite
def messages(draw: st.DrawFn, kinds: tuple[str, ...] = KINDS, forms: tuple[str, ...] = FORMS) -> Message:
    """Any message of JPN, whose ids and texts may name its sensors; its provenance may be foreign in part."""
    names = draw(st.lists(st.one_of(sensors, st.sampled_from(NATIONS)), max_size=4, unique=True))
    words = st.lists(
        st.one_of(st.sampled_from([*names, "JPN", "T1"]), st.text(max_size=4)), min_size=1, max_size=4
    )
    text = st.builds(" ".join, words) | st.builds("".join, words)
    kind = draw(st.sampled_from(kinds))
    return Message(
        id=draw(text),
        kind=kind,
        origin="JPN",
        created_s=draw(st.floats(0, 1e4)),
        expires_s=draw(st.floats(0, 1e4)),
        label=Label("JPN", tuple(draw(st.lists(st.sampled_from(NATIONS), unique=True))), draw(st.booleans())),
        payload=payload(kind, track_id=draw(text), reason=draw(text), kind_of=draw(text)),
        provenance=tuple(names),
        form=draw(st.sampled_from(forms)),
    )
