import numpy as np
import pytest

from qtf.ground_states.figures import (
    DIRECT,
    TrainingCurve,
    modes_figure,
    principal_components,
    training_figure,
)


def test_principal_components_are_the_singular_vectors_with_up_to_the_right():
    rng = np.random.default_rng(0)
    # Two modes, each with some noise.
    bits = (rng.integers(0, 2, (400, 1)) ^ (rng.random((400, 7)) < 0.1)).astype("int32")
    mean, directions = principal_components(bits)
    spins = 1.0 - 2.0 * bits
    np.testing.assert_allclose(mean, spins.mean(axis=0))
    _, _, expected = np.linalg.svd(spins - spins.mean(axis=0), full_matrices=False)
    overlaps = np.abs(directions @ expected.T)
    np.testing.assert_allclose(overlaps, np.eye(2, 7), atol=1e-8)
    assert (directions[0] > 0.2).all()
    assert directions[1].sum() >= 0.0


def test_modes_are_drawn_as_given():
    rng = np.random.default_rng(0)
    names = (DIRECT, "chain 1", "chain 2")
    points = {name: rng.standard_normal((5, 2)) for name in names}
    values = {name: rng.uniform(-1.0, 1.0, 5).tolist() for name in names}
    direct, running, chains = modes_figure(points, values).axes
    np.testing.assert_allclose(direct.collections[0].get_offsets(), points[DIRECT])
    for name, drawn in zip(names[1:], chains.collections, strict=True):
        np.testing.assert_allclose(drawn.get_offsets(), points[name])
    for name, line in zip(names, running.lines[:3], strict=True):
        assert line.get_label() == name
        np.testing.assert_array_equal(line.get_xdata(), np.arange(1, 6))
        means = [np.mean(values[name][: n + 1]) for n in range(5)]
        np.testing.assert_allclose(line.get_ydata(), means)


def test_training_curves_are_drawn_as_given():
    curves = {
        "chains, k = 1": TrainingCurve([0, 2], [0.0, 9.0], [-1.0, -3.0], [0.3, 0.2]),
        DIRECT: TrainingCurve([0, 2], [0.0, 5.0], [-1.0, -4.0], [0.3, 0.1]),
    }
    panels = training_figure(curves, -4.0, "lowest").axes
    assert "lowest" in panels[0].get_ylabel()
    abscissas = ("steps", "seconds") * 2
    errors = {"chains, k = 1": [0.75, 0.25], DIRECT: [0.75, np.nan]}
    for index, (panel, abscissa) in enumerate(zip(panels, abscissas, strict=True)):
        for name, line in zip(curves, panel.lines, strict=True):
            assert line.get_label() == name
            np.testing.assert_array_equal(line.get_xdata(), getattr(curves[name], abscissa))
            expected = errors[name] if index < 2 else curves[name].variances
            np.testing.assert_allclose(line.get_ydata(), expected)


@pytest.mark.parametrize("n_curves", [1, 2, 6])
def test_curves_of_chains_have_colors_of_their_own(n_curves):
    curve = TrainingCurve([0, 1], [0.0, 1.0], [-1.0, -2.0], [1.0, 0.5])
    names = [DIRECT, *(f"chains, k = {k}" for k in range(1, n_curves))]
    panel = training_figure(dict.fromkeys(names, curve), -2.5, "exact").axes[0]
    assert len({tuple(line.get_color()) for line in panel.lines}) == n_curves
