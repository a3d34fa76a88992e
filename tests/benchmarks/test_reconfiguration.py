from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from benchmarks import reconfiguration
from benchmarks.multiply_adds import count_step
from benchmarks.reconfiguration import CASES, Case, case_rows, gated_square, train
from benchmarks.rows import LIMIT
from benchmarks.timing import Timings
from qtf.autoregressive import GatedRNN2D
from qtf.ground_states.local_energy import LocalEnergy
from qtf.ground_states.wave_function import WaveFunction
from qtf.physics import Square, heisenberg


@pytest.fixture
def run_operation_by_operation():
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


def _step():
    network = GatedRNN2D(shape=(2, 2), units=3, heads=(2,))
    task = SimpleNamespace(local_energy=LocalEnergy(heisenberg(Square(2, 2)), n_prefixes=2))
    search = SimpleNamespace(model=WaveFunction(network=network), task=task)
    # All four bonds of the first sample are antiparallel, none of the second.
    return SimpleNamespace(search=search, bits=np.array([[0, 1, 1, 0], [0, 0, 0, 0]], np.int32))


def test_rows_hold_a_step_against_as_many_operations(monkeypatch):
    monkeypatch.setattr(reconfiguration, "SIZE", 8)
    step, both_passes = _step(), 3 * 8**3
    arithmetic = count_step(step.search.model, step.search.task.local_energy, step.bits)
    seconds = {"energies": 0.1, "step": 0.2, "products": 0.05}
    timings = {key: Timings((value,) * 3) for key, value in seconds.items()}
    rows = {
        (row.name, row.against): row for row in case_rows(Case("it", None, True), step, timings)
    }
    assert rows["antiparallel bonds, it", ""].value == 50.0
    beside = rows["large matrix products beside it", ""]
    assert beside.value == pytest.approx(2 * both_passes / 0.05 / 1e9)
    against = "as many operations in products of 8 x 8 matrices"
    for key, words, operations, limit in [
        ("energies", "local energies, it", arithmetic.local_energies, 1 / 0.6),
        ("step", "step, it", arithmetic.total, 2.0),
    ]:
        of_rate = rows[words, ""]
        assert of_rate.value == pytest.approx(2 * operations / seconds[key] / 1e9)
        row = rows[words, against]
        # The share of the rate of large products is the inverse.
        assert row.ratio == pytest.approx(beside.value / of_rate.value)
        assert row.limit == limit
    assert rows["step, it", f"{LIMIT} 0.25 s"].holds is True


def test_only_what_is_promised_has_limits():
    timings = {key: Timings((1.0,)) for key in ("energies", "step", "products")}
    assert all(row.limit is None for row in case_rows(Case("it", None), _step(), timings))
    assert [case.promised for case in CASES] == [True, False, False]


def test_weights_are_trained_and_then_stay(run_operation_by_operation):
    weights = []
    for n_steps in (0, 2):
        step = train(gated_square(side=2, n_samples=8, units=2), n_steps)
        weights.append(step.search.model.get_weights())
    assert any(np.any(new != old) for old, new in zip(*weights, strict=True))
    assert step.run() > 0.0
    for old, new in zip(weights[1], step.search.model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_samples_are_those_of_the_step(run_operation_by_operation):
    step = train(gated_square(side=2, n_samples=8, units=2), 1)
    evaluated = []
    configurations = step.search.step.configurations
    evaluate = configurations.evaluate

    def note(uniforms):
        evaluated.append(evaluate(uniforms))
        return evaluated[-1]

    configurations.evaluate = note
    step.run()
    np.testing.assert_array_equal(evaluated[0].bits, step.bits)
