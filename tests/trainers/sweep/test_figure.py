import pytest

from trainers.sweep.figure import Point, draw, make_curves


def rows():
    return [
        {
            "trial": f"{g}{units}{seed}",
            "physics.g": g,
            "network.units": units,
            "training.seed": seed,
            "status": "finished",
            "energy": float(g) * int(units) + int(seed),
        }
        for g in ("1", "2")
        for units in ("8", "16")
        for seed in ("0", "2")
    ]


def test_curves_are_means_and_spreads_over_seeds():
    curves = make_curves(rows(), "energy", "physics.g")
    assert curves == {
        "units = 8": [Point("1", 9.0, 1.0), Point("2", 17.0, 1.0)],
        "units = 16": [Point("1", 17.0, 1.0), Point("2", 33.0, 1.0)],
    }


def test_runs_without_the_metric_are_left_out():
    first, *others = rows()
    del first["energy"]
    curves = make_curves([first, *others], "energy", "physics.g")
    assert curves["units = 8"][0] == Point("1", 10.0, 0.0)


def test_values_that_are_no_numbers_stand_in_their_order():
    words = [{**row, "physics.g": "ab"[int(row["physics.g"]) - 1]} for row in rows()]
    figure = draw(words, "energy", "physics.g", title="words")
    panel = figure.axes[0]
    assert [label.get_text() for label in panel.get_xticklabels()] == ["a", "b"]
    assert panel.get_ylabel() == "energy"


def test_more_curves_than_one_can_tell_apart_are_one_clear_error():
    many = [{**row, "network.units": str(k)} for k in range(13) for row in rows()[:1]]
    with pytest.raises(ValueError, match="must leave at most 12 curves, but `physics.g` leaves 13"):
        draw(many, "energy", "physics.g", title="many")
