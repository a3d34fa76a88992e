import pytest

from qtf.open_systems.runs.assembly import make_task

from .test_assembly import small


def on_square(name, strings):
    square = {"name": "xyz", "lattice": "square", "n_rows": 2, "n_columns": 3}
    width = "network__width" if name == "pixelcnn" else "network__units"
    sizes = {"network__units": None, "network__n_layers": None, width: 4}
    depth = {"network__depth": 4} if name == "pixelcnn" else {}
    return small(square, network__name=name, strings=strings, **sizes, **depth)


@pytest.mark.parametrize(
    ("name", "strings", "rule"),
    [("gated_2d", 0, "positive"), ("lstm_2d", 2, "0"), ("pixelcnn", 1, "0")],
)
def test_networks_of_squares_need_strings_along_which_positions_are_neighbours(name, strings, rule):
    message = f"`strings` must be {rule} for the network {name}, but is {strings}"
    with pytest.raises(ValueError, match=message):
        make_task(on_square(name, strings))
    make_task(on_square(name, int(rule == "positive")))
