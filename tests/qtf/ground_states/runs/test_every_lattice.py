"""Wave functions of every network on every lattice, and the configurations that name lattices."""

import keras
import numpy as np
import pytest

from qtf.autoregressive.settings import NETWORKS
from qtf.configuration import from_config
from qtf.configuration_files import load_configuration, shipped_names
from qtf.ground_states.exact_sums import state_vector, variational_energy
from qtf.ground_states.runs.assembly import make_wave_function
from qtf.ground_states.runs.facts import Facts, find_facts
from qtf.ground_states.runs.settings import GroundStateSettings, RunSettings
from qtf.physics import HamiltonianSettings

SIZES = {
    "chain": {"n_sites": 5, "periodic": True},
    "ladder": {"n_rungs": 3, "periodic": True},
    "square": {"n_rows": 2, "n_columns": 3},
    "triangular": {"n_rows": 2, "n_columns": 3, "periodic": True},
    "honeycomb": {"n_rows": 1, "n_columns": 3, "periodic": True},
    "kagome": {"n_rows": 1, "n_columns": 2},
    "graph": {"edges": [(0, 1), (1, 2), (2, 0), (2, 3), (3, 4)]},
}
SMALL = {
    "gru": {"units": 4},
    "lstm_2d": {"units": 4},
    "gated_2d": {"units": 4},
    "pixelcnn": {"width": 4, "depth": 2},
    "row_scan": {"units": 4},
    "transformer": {"units": 4},
}
WITHOUT_ROWS = ("chain", "graph")
ANY = "configs/ground_state/any_lattice.py"


def settings(lattice, network="gru", **sections):
    hamiltonian = {"name": "heisenberg", "lattice": lattice, **SIZES[lattice]}
    network = {"name": network, **SMALL[network]}
    return RunSettings.from_mapping(
        {"physics": {"hamiltonian": hamiltonian}, "network": network, **sections}
    )


PAIRS = [(lattice, network) for lattice in SIZES for network in ("gru", "gated_2d")]
PAIRS += [("kagome", network) for network in SMALL if network not in ("gru", "gated_2d")]
PAIRS += [("graph", "transformer"), ("chain", "pixelcnn")]


@pytest.mark.parametrize(("lattice", "network"), PAIRS)
def test_networks_are_normalised_wave_functions_on_every_lattice(lattice, network):
    assert set(SMALL) == set(NETWORKS)
    keras.utils.set_random_seed(0)
    snake = {"order": "snake"} if network in ("gru", "gated_2d", "transformer") else {}
    run = settings(lattice, network, wave_function=snake)
    if lattice in WITHOUT_ROWS and network not in ("gru", "transformer"):
        with pytest.raises(ValueError, match=f'= "{network}" needs a lattice with rows of sites'):
            make_wave_function(run, Facts())
        return
    psi = make_wave_function(run, Facts())
    vector = state_vector(psi)
    assert np.linalg.norm(vector) == pytest.approx(1.0, abs=1e-5)
    hamiltonian = run.physics.hamiltonian.build()
    expected = np.vdot(vector, hamiltonian.to_dense() @ vector).real
    assert variational_energy(psi, hamiltonian) == pytest.approx(expected, abs=1e-4)


def test_wave_functions_have_the_symmetries_of_kagome():
    lattice = settings("kagome").physics.hamiltonian.lattice
    symmetry = {"group": "lattice", "in_training": True}
    run = settings("kagome", symmetry=symmetry, sampling={"n_prefixes": 1})
    psi = make_wave_function(run, Facts())
    probabilities = np.abs(state_vector(psi)).reshape((2,) * lattice.n_sites) ** 2
    assert len(lattice.symmetries()) > 1
    for image in lattice.symmetries():
        np.testing.assert_allclose(probabilities.transpose(image), probabilities, atol=1e-6)


def hamiltonians_of(config):
    """Every section `hamiltonian` of a configuration."""
    for key, value in config.items():
        if key == "hamiltonian":
            yield value
        elif hasattr(value, "items"):
            yield from hamiltonians_of(value)


@pytest.mark.parametrize("name", shipped_names())
def test_edges_of_every_configuration_can_be_closed(name):
    (hamiltonian,) = hamiltonians_of(load_configuration(name))
    # As a flag does: the key is there, and takes a bool only.
    hamiltonian["periodic"] = True
    closed = HamiltonianSettings.from_mapping(hamiltonian.to_dict())
    assert "periodic" in closed.describe()
    with pytest.raises(TypeError):
        hamiltonian["periodic"] = "yes"


def test_open_configurations_are_recorded_as_before_there_was_a_key():
    config = load_configuration("configs/ground_state/heisenberg_chain.py:4")
    recorded = from_config(GroundStateSettings, config).as_mapping()["physics"]["hamiltonian"]
    assert "periodic" not in recorded


@pytest.mark.parametrize(
    ("choice", "described", "signs_known"),
    [
        ("chain,6", "open chain of 6", True),
        ("chain,5,periodic", "periodic chain of 5", False),
        ("ladder,4", "open ladder of 4", True),
        ("square,3,4,periodic", "periodic square of 3 x 4", False),
        ("triangular,3,4", "open triangular of 3 x 4", False),
        ("honeycomb,2,3,periodic", "periodic honeycomb of 2 x 3", True),
        ("kagome,2,2", "open kagome of 2 x 2", False),
        ("graph,0-1,1-2,2-3", "graph of 4", True),
        ("triangular,5,4", "open triangular of 5 x 4", False),
    ],
)
def test_any_lattice_is_a_configuration(choice, described, signs_known):
    run = from_config(GroundStateSettings, load_configuration(f"{ANY}:{choice}"))
    assert run.physics.hamiltonian.describe() == f"Heisenberg model, {described}"
    assert run.wave_function.positive == signs_known
    assert run.wave_function.zero_magnetization == (run.n_sites % 2 == 0)
    facts = find_facts(run)
    assert (facts.reference is None) == (run.n_sites > 16)


@pytest.mark.parametrize(
    "choice", ["cube,3", "kagome,2", "kagome,2,2,open", "ladder,x", "graph,0-1,a", ""]
)
def test_other_choices_are_one_line(choice):
    with pytest.raises(Exception, match=r"What follows the colon must be LATTICE,SIZES, "):
        load_configuration(f"{ANY}:{choice}")
