"""Files with one content in three forms, and mistakes in them."""

import json
import random
import re

import numpy as np
import pytest

from qtf.measurements import read_experiments, write_experiments
from qtf.measurements.formats import COLUMNS

ENDINGS = ("csv", "json", "npz")


@pytest.mark.parametrize("ending", ENDINGS)
def test_what_is_written_is_read(few, pure, ending, tmp_path):
    for number, experiments in enumerate((few, pure[2])):
        path = tmp_path / f"{number}.{ending}"
        write_experiments(path, experiments)
        assert read_experiments(path) == experiments


def test_a_table_written_by_hand_is_read(tmp_path):
    path = tmp_path / "shots.csv"
    path.write_text(
        "basis,time,preparation,setting,shots,count,bits\n"
        "XZ,0.5,+x -y,first,10,7,00\n\nXZ,0.50,+x -y,first,10,3,10\n"
        "YY,1,0.25:1.5 0.1:-2.0,second,4,4,11\n"
    )
    experiments = read_experiments(path)
    assert experiments.counts == ({"00": 7, "10": 3}, {"11": 4})
    assert experiments.settings[1].preparation == ((0.25, 1.5), (0.1, -2.0))


@pytest.mark.parametrize("ending", ["txt", ""])
def test_other_endings_are_not_known(few, tmp_path, ending):
    path = tmp_path / f"shots.{ending}"
    for call in (lambda: write_experiments(path, few), lambda: read_experiments(path)):
        with pytest.raises(ValueError, match=r"must end with .csv, .json or .npz"):
            call()
    assert not list(tmp_path.iterdir())


CSV = """setting,preparation,time,basis,shots,bits,count
1,+z +z,0.5,XZ,10,00,7
1,+z +z,0.5,XZ,10,10,3
"""


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("time,", "", "line 1: the header must be setting,preparation,time,"),
        ("count\n1", "count,more\n1", "line 1: the header must be"),
        (CSV, "", "line 1: the header must be .*, but is empty"),
        ("XZ,10,10,3", "XZ,10,10", "line 3: there must be 7 values, but there are 6"),
        (
            "1,+z +z,0.5,XZ,10,10,3",
            "1,+z +z,0.5,XY,10,10,3",
            "line 3: `basis` must be that of line 2",
        ),
        (",3\n", ",x\n", "line 3: `count` must be an integer, but is 'x'"),
        (",3\n", ",3.0\n", "line 3: `count` must be an integer, but is '3.0'"),
        ("0.5", "late", "line 2: `time` must be a finite number, but is 'late'"),
        ("0.5", "nan", "line 2: `time` must be a finite number, but is 'nan'"),
        (",3\n", ",4\n", "line 2: Argument `counts` must add up to 10 shots, but adds up to 11"),
        (",3\n", ",-3\n", "line 2: Argument `count` must be positive, but is -3"),
        ("10,10,3", "10,00,3", "line 3: `bits` must be given once for each setting, but '00'"),
        ("10,10,3", "10,1,3", 'line 2: Argument `bits` must be 2 digits 0 or 1, but is "1"'),
        ("XZ", "XQ", "line 2: Argument `basis` must be letters X, Y or Z"),
        ("+z +z", "+z", None),
        ("+z +z", "+z up", "line 2: Argument `preparation` must be one of"),
        ("+z +z", '"+z +z', "line 3: no CSV"),
        ("1,+z +z,0.5,XZ,10,00,7\n1,+z +z,0.5,XZ,10,10,3\n", "", "must hold at least one setting"),
    ],
)
def test_a_mistake_in_a_table_is_one_line_with_its_place(tmp_path, old, new, message):
    path = tmp_path / "shots.csv"
    assert old in CSV
    path.write_text(CSV.replace(old, new))
    if message is None:
        assert read_experiments(path).shots == 10
        return
    with pytest.raises(ValueError, match=message) as error:
        read_experiments(path)
    assert str(error.value).startswith(f"File {path}")
    assert "\n" not in str(error.value)


def test_a_table_must_be_a_text(tmp_path):
    path = tmp_path / "shots.csv"
    path.write_bytes(b"setting,\xff\n")
    with pytest.raises(ValueError, match="must be a text in UTF-8"):
        read_experiments(path)


SETTING = {"preparation": "+z", "time": 1, "basis": "Z", "shots": 2, "counts": {"0": 2}}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], "must hold a JSON object"),
        ({"shots": 1}, "must have the key `settings`"),
        ({"settings": 1}, "`settings` must be a list, but is 1"),
        ({"settings": []}, "must hold at least one setting"),
        ({"settings": [3]}, "setting 1: the keys must be preparation, time, .*, but are 3"),
        ({"settings": [SETTING, {"time": 1}]}, "setting 2: the keys must be .*, but are time"),
        ({"settings": [SETTING | {"counts": 2}]}, "setting 1: `counts` must hold a count for each"),
        ({"settings": [SETTING | {"preparation": 2}]}, "`preparation` must be a text or a list"),
        ({"settings": [SETTING | {"time": "1"}]}, "setting 1: Argument `time` must be a number"),
        (
            {"settings": [SETTING | {"counts": {"0": 1}}]},
            "setting 1: Argument `counts` must add up",
        ),
    ],
)
def test_a_mistake_in_json_is_one_line_with_its_place(tmp_path, content, message):
    path = tmp_path / "shots.json"
    path.write_text(json.dumps(content))
    with pytest.raises(ValueError, match=message):
        read_experiments(path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"bits": None}, "must have the arrays preparation, .*, but has no `bits`"),
        ({"time": np.ones((2, 1))}, "array `time` must hold numbers on 1 axes, but is float64"),
        ({"count": np.ones(3)}, "array `count` must hold integers on 1 axes"),
        ({"basis": np.ones(2)}, "array `basis` must hold texts on 1 axes"),
        (
            {"shots": np.array([10])},
            "array `shots` must have the length 2 as `time` has, but has 1",
        ),
        ({"bits": np.zeros((2, 2), int)}, "array `bits` must have the length 3 as `setting` has"),
        ({"setting": np.array([0, 0, 2])}, "entry 2 of `setting`: must be from 0 to 1, but is 2"),
        ({"bits": np.zeros((3, 2), int)}, "entry 1 of `bits`: must be given once for each setting"),
        ({"count": np.array([7, 4, 4])}, "setting 1: Argument `counts` must add up to 10 shots"),
    ],
)
def test_a_mistake_in_arrays_is_one_line_with_its_place(few, tmp_path, changes, message):
    path = tmp_path / "shots.npz"
    write_experiments(path, few)
    with np.load(path) as file:
        arrays = {**file, **changes}
    np.savez(path, **{name: array for name, array in arrays.items() if array is not None})
    with pytest.raises(ValueError, match=message):
        read_experiments(path)


@pytest.mark.parametrize("ending", ENDINGS)
def test_mutated_files_are_read_or_are_one_line(few, tmp_path, ending):
    path = tmp_path / f"shots.{ending}"
    write_experiments(path, few)
    whole = path.read_bytes()
    chance = random.Random(7)
    messages = []
    for _ in range(350):
        content = bytearray(whole)
        for _ in range(chance.randint(1, 3)):
            place = chance.randrange(len(content))
            kind = chance.randrange(3)
            if kind == 0:
                content[place] = chance.randrange(256)
            elif kind == 1:
                del content[place : place + chance.randint(1, 8)]
            else:
                content[place:place] = bytes(chance.choices(b'0123XYZ+-.,:"{}[]\n', k=3))
        path.write_bytes(content)
        try:
            read_experiments(path)
        except ValueError as error:
            messages.append(str(error))
    assert len(messages) > 100
    for message in messages:
        assert re.match(rf"File {re.escape(str(path))}\b", message)
        assert "\n" not in message


def test_columns_are_those_of_the_page():
    assert ",".join(COLUMNS) == CSV.split("\n")[0]
