import json

import numpy as np
import pytest
import scipy.linalg

from qtf.open_systems.rules import RULES
from qtf.open_systems.runs import references
from qtf.open_systems.runs.assembly import (
    make_generator,
    make_measurement,
    make_observables,
    make_task,
)

from .test_assembly import small


@pytest.mark.parametrize("rule", RULES)
def test_error_of_a_rule_by_itself_is_that_of_its_matrices(rule, tmp_path):
    tau, n_steps = 0.05, 3
    settings = small(dynamics__tau=tau, dynamics__rule=rule, training__n_epochs=n_steps)
    task = make_task(settings, workdir=tmp_path)
    found = task.find_rule_error()
    generator, observables = make_generator(settings), make_observables(settings)
    dense = np.stack([generator.apply(one) for one in np.eye(64)], axis=1)
    powers = [np.linalg.matrix_power(dense, k) for k in range(len(RULES[rule].coefficients))]
    forward, backward = (
        np.tensordot(factors, powers, 1)
        for factors in (RULES[rule].forward(tau), RULES[rule].backward(tau))
    )
    angles = make_measurement(settings).site_probabilities([[1, -1j] / np.sqrt(2)])[0]
    exact = stepped = np.kron(np.kron(angles, angles), angles)
    expected = 0.0
    for _ in range(n_steps):
        exact = scipy.linalg.expm(2 * tau * dense) @ exact
        stepped = np.linalg.solve(backward, forward @ stepped)
        means = [list(observables.exact_means(p).values()) for p in (exact, stepped)]
        expected = max(expected, np.abs(np.subtract(*means)).max())
    assert found == pytest.approx(expected, rel=1e-5)
    assert (found < 1e-4) == (rule == "pade")
    kept = json.loads((tmp_path / references.KEPT).read_text())
    assert kept[f"error_of_{rule}"] == found
    # Another start of the run finds it there.
    (tmp_path / references.KEPT).write_text(json.dumps({**kept, f"error_of_{rule}": 0.5}))
    assert make_task(settings, workdir=tmp_path).find_rule_error() == 0.5
    assert make_task(small(steady_state__n_epochs=1)).find_rule_error is None
