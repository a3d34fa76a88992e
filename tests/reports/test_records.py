from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from reports.records import read_record


@dataclass(frozen=True)
class Point:
    x: float
    y: float | None = None


@dataclass(frozen=True)
class Shape:
    corners: tuple[Point, ...]
    centre: Point | None = None
    by_n: Mapping[int, Point] = field(default_factory=dict)


def test_records_are_read_within_tuples_and_mappings():
    content = {"corners": [{"x": 1.0}, {"x": 2.0, "y": 3.0}], "by_n": {"7": {"x": 0.0}}, "more": 1}
    assert read_record(Shape, content) == Shape((Point(1.0), Point(2.0, 3.0)), by_n={7: Point(0.0)})
    assert read_record(Shape, {"corners": [], "centre": {"x": 1.0}}).centre == Point(1.0)


def test_a_missing_key_is_named():
    with pytest.raises(ValueError, match=r"Record `Point` must have the keys .*'x'.*has \['y'\]"):
        read_record(Point, {"y": 1.0})
