from typing import Any

from noroshi.exercise.claims import Claims, claims


def entry(event: str, node: str = "JPN", **fields: str) -> dict[str, Any]:
    return {"event": event, "node": node, "t_s": 1.0, **fields}


def test_each_thing_and_each_alert_counts_once_for_the_nation_that_claims_it():
    entries = [
        entry("launch_report", track="JPN-T1"),
        entry("launch_report", track="JPN-T1"),
        entry("launch_report", track="JPN-T2"),
        entry("track", track="JPN-T3", state="tentative"),
        entry("track", track="JPN-T4", state="confirmed"),
        entry("track", track="JPN-T4", state="lost"),
        entry("track", track="KOR-T1", node="KOR", state="confirmed"),
        entry("alert", alert="JPN-A1"),
        entry("update", alert="JPN-A1"),
        entry("cancel", alert="JPN-A1"),
        entry("received", message="m"),
    ]
    assert claims(entries, ["JPN", "KOR", "USA"]) == {
        "JPN": Claims(2, 1, 1),
        "KOR": Claims(0, 1, 0),
        "USA": Claims(0, 0, 0),
    }


def test_ten_days_count_threefold_in_a_month():
    month = Claims(2, 1, 0).a_month(10 * 86_400.0)
    assert month == {"launch_reports": 6.0, "confirmed_tracks": 3.0, "alerts": 0.0}
