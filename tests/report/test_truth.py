"""Where several flights are in the air, a nation's track is of the one that it was nearest to."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from noroshi.earth import frames
from noroshi.report import truth
from noroshi.report.truth import Flight


def flight(launch, begins_s, lon_deg):
    """A hundred seconds north along a meridian, 100 km up."""
    time_s = np.arange(100.0)
    burning = np.zeros(100, bool)
    return Flight(
        launch, begins_s + time_s, 30 + time_s / 50, np.full(100, lon_deg), np.full(100, 1e5), burning
    )


def place(lat_deg, lon_deg):
    return np.asarray(frames.ecef(np.radians(lat_deg), np.radians(lon_deg), 1e5))


def written(folder, rows):
    """Tracks with the seconds and the places where they were believed."""
    columns = {"track": [row[0] for row in rows], "time_s": [row[1] for row in rows]}
    columns |= {name: [float(row[2][i]) for row in rows] for i, name in enumerate(("x_m", "y_m", "z_m"))}
    pq.write_table(pa.table(columns), folder / "tracks.parquet")


def test_a_track_is_of_the_flight_that_it_was_last_nearest_to(tmp_path):
    flights = [flight("L1", 0.0, 130.0), flight("L2", 20.0, 131.0)]
    rows = [
        ("JPN-T1", 1050.0, place(31.0, 130.1)),
        ("JPN-T2", 1050.0, place(30.6, 130.9)),
        # Before the second flight begins, and long after the first one's end.
        ("JPN-T3", 1010.0, place(30.2, 131.0)),
        ("JPN-T4", 1030.0, place(30.6, 131.0)),
        ("JPN-T4", 1900.0, place(31.98, 130.0)),
    ]
    written(tmp_path, rows)
    found = truth.owners(tmp_path, flights, 1000.0)
    assert found == {"JPN-T1": "L1", "JPN-T2": "L2", "JPN-T3": "L1", "JPN-T4": "L1"}


def test_without_flights_or_states_no_track_has_an_owner(tmp_path):
    assert truth.owners(tmp_path, [flight("L1", 0.0, 130.0)], 0.0) == {}
    written(tmp_path, [("JPN-T1", 10.0, place(30.0, 130.0))])
    assert truth.owners(tmp_path, [], 0.0) == {}
