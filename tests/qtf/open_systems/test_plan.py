import pytest

from qtf.open_systems.plan import Plan


def test_time_rests_while_the_steady_state_is_sought():
    assert Plan(0.5, n_epochs=4, n_steady=2).times.tolist() == [0.0, 0.0, 0.0, 1.0, 2.0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"tau": 0.0}, "Argument `tau` must be positive, but is 0.0."),
        ({"n_epochs": 0}, "Argument `n_epochs` must be positive, but is 0."),
        ({"n_steady": 4}, "Argument `n_steady` must be at least 0 and at most 3, but is 4."),
        ({"n_steady": -1}, "Argument `n_steady` must be at least 0 and at most 3, but is -1."),
    ],
)
def test_mistakes_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        Plan(**{"tau": 0.1, "n_epochs": 3, **arguments})
