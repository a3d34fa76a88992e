"""Mistakes in settings of open systems."""

import subprocess
import sys

import pytest

from qtf.open_systems.runs.assembly import run

from .test_assembly import ROOT, SAMPLES, small

MISTAKES_IN_SETTINGS = [
    ({"measurement": "sic"}, '`measurement` must be one of tetra.*_pauli, but is "sic"'),
    ({"start": "up"}, '`start` must be one of \\+x.* -z, a run folder.* but is "up"'),
    ({"physics__hamiltonian__n_sites": 10}, "every_outcome` needs at most 9 .* there are 10"),
    ({"physics__hamiltonian__n_sites": 1}, "at least 2 sites, but there is 1"),
    ({"physics__decay_rate": -1.0}, "rate"),
    ({"training__monitor": "energy"}, 'training.monitor.* "energy"'),
    ({"network__name": "mlp"}, 'network.name.* "mlp"'),
    ({"network__name": "lstm_2d", "network__n_layers": 1}, "lstm_2d.* a lattice with rows"),
    ({"strings": 3}, "`count` must be from 0 to 2, but is 3"),
    (
        {"training__precision": "mixed_bfloat16"},
        '`training.precision` must be one of float32, float64 for open .* "mixed_bfloat16"',
    ),
    ({"training__validate_every_epochs": 2}, "every_epochs` must be 1 .* but is 2"),
    ({"training__average_last": 0.2}, "average_last` must be 0 for steps of time.* but is 0.2"),
    (
        {**SAMPLES, "training__strategy": "mirrored"},
        'strategy` must be "one_device" for samples .* but is "mirrored"',
    ),
    (
        {"natural_gradient__diag_shift": 0.1, "training__strategy": "mirrored"},
        'strategy` must be "one_device" for steps .* natural gradients, but is "mirrored"',
    ),
    (
        {"gauss_newton__damping": 0.1, "training__strategy": "mirrored"},
        'strategy` must be "one_device" for steps of Gauss .* but is "mirrored"',
    ),
    (
        {"gauss_newton__damping": 0.1, "natural_gradient__diag_shift": 0.1},
        "`gauss_newton.damping` must be None with `natural_gradient.diag_shift`, but is 0.1",
    ),
    (
        {**SAMPLES, "gauss_newton__damping": 0.1},
        "`gauss_newton.damping` must be None without `objective.every_outcome`, but is 0.1",
    ),
    ({"gauss_newton__damping": 0.0}, "`gauss_newton.damping` must be positive, but is 0.0"),
    (
        {"gauss_newton__damping": 0.1},
        "`steady_state.n_epochs` must be `training.n_epochs` = 2 with `gauss_newton.damping`, or"
        " `dynamics.tolerance` be told, but is 0",
    ),
    (
        {"dynamics__tolerance": 0.1},
        "`gauss_newton.damping` must be told with `dynamics.tolerance`, or"
        " `natural_gradient.diag_shift`, but is None",
    ),
    (
        {
            "dynamics__tolerance": 0.1,
            "gauss_newton__damping": 0.1,
            "training__steps_per_epoch": 3,
        },
        "`training.steps_per_epoch` must be 1 with `dynamics.tolerance`, but is 3",
    ),
    (
        {
            "dynamics__tolerance": 0.1,
            "gauss_newton__damping": 0.1,
            "training__steps_per_epoch": 1,
            "steady_state__n_epochs": 1,
        },
        "`steady_state.n_epochs` must be 0 with `dynamics.tolerance`, but is 1",
    ),
    ({"dynamics__rule": "euler"}, 'rule` must be one of trapezoid, pade, but is "euler"'),
    (
        {**SAMPLES, "dynamics__rule": "pade"},
        'rule` must be "trapezoid" without `objective.every_outcome`, but is "pade"',
    ),
    ({"dynamics__tau": 0.0}, "`dynamics.tau` must be positive, but is 0.0"),
    ({"steady_state__n_epochs": 3}, "from 0 to `training.n_epochs` = 2, but is 3"),
    ({"steady_state__n_epochs": -1}, "`steady_state.n_epochs` must not be negative, but is -1"),
    ({"objective__norm": "l2"}, 'norm` must be one of l1, chi2, but is "l2"'),
    ({"sampling__n_samples": 1}, "`sampling.n_samples` must be at least 2, but is 1"),
    ({"sampling__n_validation": 0}, "`sampling.n_validation` must be at least 2, but is 0"),
    ({"sampling__chunk": -1}, "chunk.* -1"),
    (
        {"natural_gradient__diag_shift": 0.0},
        "`natural_gradient.diag_shift` must be positive, but is 0.0",
    ),
    (
        {"natural_gradient__diag_shift": 1.0, "natural_gradient__momentum": 1.0},
        "`natural_gradient.momentum` must be at least 0 and below 1, but is 1.0",
    ),
    (
        {"steady_state__n_epochs": 1, "physics__decay_rate": 0.0},
        "Setting `exact` must be False, as the steady state is not unique",
    ),
]


@pytest.mark.parametrize(("changes", "message"), MISTAKES_IN_SETTINGS)
def test_mistakes_in_settings_are_named(changes, message):
    with pytest.raises(ValueError, match=message):
        small(**changes)


def test_a_mistake_leaves_no_run_folder_behind(tmp_path, monkeypatch):
    monkeypatch.setenv("QTF_PIECE_GIB", "x")
    with pytest.raises(ValueError, match="must be a positive number of GiB, but is 'x'"):
        run(small(), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_mistakes_in_settings_are_told_before_tensorflow_is_imported():
    program = f"""
import re, sys
from ml_collections import ConfigDict
from qtf.configuration import config_dict, from_config
from qtf.open_systems.runs.settings import OpenSystemSettings

for changes, message in {[*MISTAKES_IN_SETTINGS, ({"strngs": 1}, "the unknown key `strngs`")]!r}:
    config = config_dict(OpenSystemSettings())
    config.training.n_epochs = 2
    with config.unlocked():
        config.update_from_flattened_dict(
            {{key.replace("__", "."): value for key, value in changes.items()}}
        )
    try:
        from_config(OpenSystemSettings, config)
    except ValueError as error:
        print(bool(re.search(message, str(error))), message, error)
print(sorted({{"tensorflow", "keras"}} & sys.modules.keys()))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    *told, imported = done.stdout.splitlines()
    assert [line.split()[0] for line in told] == ["True"] * (len(MISTAKES_IN_SETTINGS) + 1), told
    assert imported == "[]"
