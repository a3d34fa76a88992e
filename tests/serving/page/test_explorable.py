import pytest

from serving.page.dynamics import Dynamics
from serving.page.explorable import ServedModel, describe, read_model
from serving.page.hamiltonian_text import hamiltonian_text
from tests.serving.page.stub_server import CONFIG, ISING


def changed(section, **entries):
    return {**CONFIG, section: {**CONFIG.get(section, {}), **entries}}


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (None, "The model has no assets/config.json."),
        ([], "The model has no assets/config.json."),
        ({}, "Key `physics` must be a mapping, but is None."),
        ({**CONFIG, "data": 3}, "Key `data` must be a mapping, but is 3."),
        (changed("data", n_sites=None), "Key `data.n_sites` must list numbers of spins, but is"),
        (changed("data", n_sites="23"), "Key `data.n_sites` must list numbers of spins, but is"),
        (changed("data", n_sites=[2, 0]), "Key `data.n_sites` must list numbers of spins, but is"),
        (changed("data", n_sites=[2.0]), "Key `data.n_sites` must list numbers of spins, but is"),
        (changed("data", n_sites=[11]), "must list a number up to 10, but is [11]."),
        (changed("data", n_sites=[]), "must list a number up to 10, but is []."),
        (changed("physics", dt=0), "Key `physics.dt` must be a positive number, but is 0."),
        (changed("physics", dt=float("nan")), "must be a positive number, but is nan."),
        (changed("physics", dt="1"), "must be a positive number, but is '1'."),
        (changed("physics", hamiltonian=None), "Key `hamiltonian` must be a mapping, but is None."),
        (
            changed("physics", hamiltonian={}),
            "The model has learned from given trajectories without",
        ),
        (
            changed("physics", drive=[{}]),
            "The model is of a driven system; this page shows constant",
        ),
        (
            changed("physics", hamiltonian={"name": "kitaev"}),
            "Key `physics.hamiltonian` must be valid, but: Argument `name` must be one of",
        ),
        (
            changed("physics", hamiltonian={"name": "custom", "terms": 5}),
            "Key `physics.hamiltonian` must be valid, but: Argument `terms` must be a list",
        ),
        (changed("serving", max_steps=0), "Key `serving.max_steps` must be a positive integer"),
        ({**CONFIG, "serving": 1}, "Key `serving` must be a mapping, but is 1."),
    ],
)
def test_unusable_configuration_is_explained(config, message):
    with pytest.raises(ValueError, match="^(Key|The)") as raised:
        read_model(config)
    assert message in str(raised.value)
    described = describe(ServedModel("m", 3, config))
    assert (described["explorable"], described["reason"]) == (False, str(raised.value))


def test_sizes_beyond_exact_evolution_are_left_out():
    assert Dynamics.from_config(changed("data", n_sites=[12, 3, 2, 3])).n_sites == (2, 3)


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (CONFIG, 1000),
        (changed("serving", max_steps=50), 50),
        (changed("serving", xla=True), 1000),
    ],
)
def test_number_of_steps_is_that_of_the_configuration(config, expected):
    assert Dynamics.from_config(config).max_steps(7) == expected


def test_large_systems_have_fewer_steps():
    model = Dynamics.from_config(changed("data", n_sites=[7, 10]))
    assert (model.max_steps(7), model.max_steps(10)) == (1000, 127)


@pytest.mark.parametrize(
    ("physics", "expected"),
    [
        (ISING, "H = −J Σ ZᵢZⱼ − h Σ Zᵢ − g Σ Xᵢ, open chain, J = 1, h = 0.5, g = −1.05"),
        (
            {"name": "ising", "periodic": True, "coupling": [1.0, 2.0]},
            "H = −J Σ ZᵢZⱼ − h Σ Zᵢ − g Σ Xᵢ, periodic chain, J = one for each term",
        ),
        (
            {"name": "xxz", "anisotropy": 0.3, "units": "pauli"},
            "H = J Σ (SᵢˣSⱼˣ + SᵢʸSⱼʸ + Δ SᵢᶻSⱼᶻ), open chain, Δ = 0.3, S = σ",
        ),
        (
            {"name": "heisenberg", "lattice": "square", "n_rows": 2, "n_columns": 3},
            "H = J Σ Sᵢ·Sⱼ, open 2 × 3 square",
        ),
        (
            {"name": "j1j2", "coupling": 1, "next_nearest_coupling": -0.5},
            "H = J₁ Σ Sᵢ·Sⱼ + J₂ Σ Sᵢ·Sⱼ (next nearest), open chain, J₁ = 1, J₂ = −0.5",
        ),
        (
            {"name": "xyz", "coupling_x": 2.0, "coupling_y": 0.0, "field": -1.0},
            "H = Σ (Jˣ XᵢXⱼ + Jʸ YᵢYⱼ + Jᶻ ZᵢZⱼ) + B Σ Zᵢ, open chain, Jˣ = 2, Jʸ = 0, B = −1",
        ),
        ({"name": "custom", "terms": [1, 2]}, "H = sum of 2 Pauli strings"),
        (
            {"name": "custom", "terms": [{"paulis": "XY", "on": "nearest", "coefficient": 1}]},
            "H = Σ XY, open chain",
        ),
        (
            {"name": "custom", "terms": [{"paulis": "X", "on": "sites", "coefficient": 1}, 2, 3]},
            "H = Σ X + sum of 2 Pauli strings, open chain",
        ),
        (
            {"name": "dzyaloshinskii_moriya", "periodic": True, "dm": 0.3},
            "H = J Σ Sᵢ·Sⱼ + Σ D·(Sᵢ×Sⱼ), periodic chain, D = 0.3",
        ),
        (
            {"name": "heisenberg", "lattice": "graph", "edges": [(0, 1), (1, 2)]},
            "H = J Σ Sᵢ·Sⱼ, graph of 3",
        ),
    ],
)
def test_hamiltonian_is_one_readable_line(physics, expected):
    assert hamiltonian_text(physics).replace("\u00a0", " ") == expected
