import importlib
import pkgutil
import subprocess
import sys

import pytest

import qtf
import qtf.dynamics
import qtf.export
import qtf.ground_states
from documentation.api import ROOMS


def in_fresh_process(program):
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


def test_packages_show_what_they_offer():
    assert {"find_ground_state", "load", "export", "plot_profile", "physics"} <= set(dir(qtf))
    assert "checks" not in dir(qtf)
    assert {"TransferableSRU", "Rollout", "fit_generator", "rollout"} <= set(dir(qtf.dynamics))
    assert {"WaveFunction", "renyi_entropy", "symmetries"} <= set(dir(qtf.ground_states))
    for package in (qtf, qtf.dynamics, qtf.ground_states):
        assert all(hasattr(package, name) for name in package.__all__)


@pytest.mark.parametrize("room", [r for r in ROOMS if r != "qtf"])
def test_no_name_is_that_of_a_module(room):
    # Whoever imports the module first would hide the name behind it.
    package = importlib.import_module(room)
    modules = {name for _, name, _ in pkgutil.iter_modules(package.__path__)}
    assert not modules & set(package.__all__)


def test_an_unknown_name_is_an_error():
    with pytest.raises(AttributeError, match="Module `qtf` has no attribute `find_groundstate`."):
        _ = qtf.find_groundstate


def test_the_room_of_exports_can_be_called():
    with pytest.raises(ValueError, match="Argument `result` must be what .* but is a dict."):
        qtf.export({}, "nowhere")


def test_importing_is_quick_and_a_network_is_imported_in_silence():
    program = """
import sys, time
started = time.perf_counter()
import qtf
seconds = time.perf_counter() - started
heavy = {"numpy", "tensorflow", "keras", "matplotlib"} & sys.modules.keys()
from qtf.dynamics import TransferableSRU
print(seconds < 0.1, heavy, "tensorflow" in sys.modules)
"""
    assert in_fresh_process(program) == ("True set() True\n", "")


def test_learning_a_hamiltonian_needs_neither_keras_nor_pictures():
    program = """
import sys
sys.modules |= dict.fromkeys(("keras", "tensorflow", "matplotlib"))
import numpy as np, qtf
from qtf.physics import Chain, evolve, sample_initial_states, xxz
times = np.linspace(0.0, 1.0, 11)
psi = evolve(xxz(Chain(2)), sample_initial_states("haar", 2, 10, seed=0), times)
learned = qtf.learn_hamiltonian({2: psi}, times=times)
print(learned.identification.name, learned.rollout(np.eye(8)[1], 3).shape)
"""
    assert in_fresh_process(program) == ("heisenberg (4, 8)\n", "")
