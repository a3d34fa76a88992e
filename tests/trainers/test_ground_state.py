import json

import pytest

from trainers import ground_state_config
from trainers.ground_state_assembly import make_task, run


def small(**changes):
    config = ground_state_config.default()
    with config.unlocked():
        config.physics.hamiltonian = {
            "name": "ising",
            "lattice": "chain",
            "n_sites": 6,
            "transverse_field": 1.0,
            "longitudinal_field": 0.0,
        }
    config.network.units = 12
    config.sampling.n_samples = 64
    config.sampling.n_validation = 1000
    config.sampling.temperature = 0.5
    config.training.n_epochs = 4
    config.training.steps_per_epoch = 50
    config.training.optimizer.learning_rate = 1e-2
    config.training.optimizer.schedule = "constant"
    for key, value in changes.items():
        config.update_from_flattened_dict({key.replace("__", "."): value})
    return ground_state_config.resolved(config)


def test_training_approaches_the_exact_energy_from_above(tmp_path):
    task, model = run(small(), tmp_path / "run")
    rows = [json.loads(line) for line in (tmp_path / "run/metrics.jsonl").read_text().splitlines()]
    errors = [row["relative_error"] for row in rows if row["kind"] == "validation"]
    assert errors[-1] < 5e-3
    estimate, bits = task.estimate(1000)
    assert bits.shape == (1000, 6)
    # The same state, once from samples and once from all configurations.
    energy = task.variational_energy(model)
    assert task.reference < energy < task.reference * (1 - 5e-3)
    assert abs(estimate.energy - energy) < 4 * estimate.energy_error
    assert estimate.energy > task.reference - 4 * estimate.energy_error
    # <= <H^2> - <H>^2 bounds the distance to the nearest level.
    assert 0 < estimate.energy_variance < 1.0


def test_interrupted_run_continues_to_the_same_metrics(tmp_path):
    whole, _ = run(small(training__n_epochs=2), tmp_path / "whole")
    run(small(training__n_epochs=1), tmp_path / "parts")
    parts, _ = run(small(training__n_epochs=2), tmp_path / "parts")
    assert parts.estimate(100)[0] == whole.estimate(100)[0]


def test_too_many_sites_to_list_all_configurations():
    config = small()
    config["physics"]["hamiltonian"]["n_sites"] = 17
    with pytest.raises(ValueError, match="up to 16 sites, but there are 17"):
        make_task(config).variational_energy(None)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"network__name": "mlp"}, 'network.name.* "mlp"'),
        ({"network__name": "pixelcnn", "network__units": None}, "pixelcnn.* square lattice"),
        ({"network__name": "lstm_2d"}, "lstm_2d.* square lattice"),
        ({"network__width": 3}, "network.width.* gru"),
        ({"sampling__n_samples": 1}, "n_samples.* 1"),
        ({"sampling__chunk": -1}, "chunk.* -1"),
        ({"wave_function__order": "spiral"}, '"spiral"'),
    ],
)
def test_mistakes_are_named(changes, message):
    with pytest.raises(ValueError, match=message):
        make_task(small(**changes)).build_model()
