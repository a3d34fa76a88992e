import json

import pytest

from qtf.measurements import read_shapes

ENTRY = {"times": [0, 1], "values": [0, 2], "law": "linear"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], "must hold a JSON object, but holds"),
        ({}, "must hold at least one shape, but holds none"),
        ({"a*b": ENTRY}, r"names of shapes must be letters and digits, but one is 'a\*b'"),
        ({"a": 7}, "shape a: the keys must be times, values, law, but are 7"),
        ({"a": {"times": [0, 1]}}, "shape a: the keys must be times, values, law, but are times"),
        ({"a": {**ENTRY, "law": "square"}}, "shape a: Argument `law` must be"),
        ({"a": {**ENTRY, "times": [1, 0]}}, "shape a: Argument `times` must ascend"),
        ({"a": {**ENTRY, "values": ["x", "y"]}}, "shape a: "),
        ({"a": {**ENTRY, "times": {}}}, "shape a: "),
    ],
)
def test_files_that_are_not_allowed(tmp_path, content, message):
    path = tmp_path / "shapes.json"
    path.write_text(json.dumps(content))
    with pytest.raises(ValueError, match=message) as caught:
        read_shapes(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match="There is no file"):
        read_shapes(tmp_path / "shapes.json")
