import pickle

import pytest

from qtf.physics import (
    Chain,
    Graph,
    HamiltonianSettings,
    Kagome,
    Square,
    heisenberg,
    ising,
    j1j2,
)

SQUARE = {"lattice": "square", "n_rows": 2, "n_columns": 3, "periodic": True}


@pytest.mark.parametrize(
    "config",
    [
        {"name": "ising"},
        {"name": "ising", "n_sites": 3, "coupling": [1.0, 2.0]},
        {"name": "heisenberg", **SQUARE, "n_sites": 6},
        {"name": "custom", "n_sites": 1, "terms": [[1.0, [0], "Y"]]},
    ],
)
def test_mapping_is_given_back_as_it_was(config):
    settings = HamiltonianSettings.from_mapping(config)
    assert settings.as_mapping() == config
    assert HamiltonianSettings.from_mapping(settings.as_mapping()) == settings
    assert pickle.loads(pickle.dumps(settings)) == settings


def test_settings_are_apart_from_the_mapping_they_were_made_of():
    config = {"name": "ising", "n_sites": 3, "coupling": [1.0, 2.0]}
    settings = HamiltonianSettings.from_mapping(config)
    config["coupling"][0] = 5.0
    settings.as_mapping()["coupling"][1] = 5.0
    assert settings["coupling"] == [1.0, 2.0]


def test_coefficients_have_the_defaults_of_their_function():
    settings = HamiltonianSettings("ising", {"coupling": 2.0, "longitudinal_field": [0.0, 1.0]})
    assert settings["transverse_field"] == -1.05
    assert (settings.number("coupling"), settings.number("longitudinal_field")) == (2.0, None)
    assert settings.resized(2).build() == ising(
        Chain(2), coupling=2.0, longitudinal_field=[0.0, 1.0]
    )


def test_resized_settings_have_all_sides_of_that_size():
    square = HamiltonianSettings("j1j2", {**SQUARE, "n_sites": 6}).resized(4)
    assert square.lattice == Square(4, 4, periodic=True)
    assert square.build() == j1j2(Square(4, 4, periodic=True))
    assert HamiltonianSettings("heisenberg").resized(6).build() == heisenberg(Chain(6))


def test_number_of_sites_fits_the_sides():
    assert HamiltonianSettings("ising").with_n_sites(5).lattice == Chain(5)
    assert HamiltonianSettings("ising", SQUARE).with_n_sites(6).lattice.n_sites == 6
    with pytest.raises(
        ValueError, match=r"`n_sites` must be 6 \(periodic square of 2 x 3\), but is 7"
    ):
        HamiltonianSettings("ising", SQUARE).with_n_sites(7)


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("ising", {}, "Ising model, open chain"),
        ("heisenberg", {"n_sites": 8, "periodic": True}, "Heisenberg model, periodic chain of 8"),
        ("j1j2", SQUARE, "J1-J2 model, periodic square of 2 x 3"),
        (
            "custom",
            {"n_sites": 1, "terms": [[1.0, [0], "Y"]]},
            "Hamiltonian of Pauli strings, 1 spins",
        ),
        ("custom", {"terms": []}, "Hamiltonian of Pauli strings"),
    ],
)
def test_titles_name_model_lattice_and_size(name, values, expected):
    assert HamiltonianSettings(name, values).describe() == expected


def test_values_are_checked_as_soon_as_there_is_a_size():
    unsized = HamiltonianSettings("ising", {"coupling": "a"})
    with pytest.raises(ValueError, match=r"`coupling` must be real, but is 'a'\."):
        unsized.resized(3)
    with pytest.raises(
        ValueError, match=r"must have the key `n_sites`, but is \{'coupling': 'a'\}"
    ):
        unsized.lattice  # noqa: B018


def test_graphs_are_settings_as_json_holds_them():
    values = {"lattice": "graph", "edges": [[0, 1], [1, 2], [2, 0]]}
    triangle = HamiltonianSettings.from_mapping({"name": "heisenberg", **values})
    assert triangle.lattice == Graph([(0, 1), (1, 2), (2, 0)])
    assert triangle.as_mapping() == {"name": "heisenberg", **values}
    assert triangle.describe() == "Heisenberg model, graph of 3"
    assert triangle.with_n_sites(3).build() == triangle.build()
    with pytest.raises(ValueError, match=r"`n_sites` must be 3 \(graph of 3\), but is 4\."):
        triangle.with_n_sites(4)
    with pytest.raises(ValueError, match=r"`lattice` must be one that grows, but is 'graph'\."):
        triangle.resized(4)
    with pytest.raises(ValueError, match=r"must have the key `edges`, but is {'lattice': 'graph'}"):
        HamiltonianSettings("heisenberg", {"lattice": "graph"})
    with pytest.raises(ValueError, match="must have only keys of .*, but has 'periodic'"):
        HamiltonianSettings("heisenberg", {**values, "periodic": True})


def test_keys_without_a_value_are_not_there():
    chain = HamiltonianSettings("ising", {"n_sites": 3, "periodic": None})
    assert chain == HamiltonianSettings("ising", {"n_sites": 3})
    assert chain.as_mapping() == {"name": "ising", "n_sites": 3}


def test_sizes_of_cells_are_told():
    kagome = HamiltonianSettings("xxz", {"lattice": "kagome", "n_rows": 2, "n_columns": 3})
    assert kagome.describe() == "XXZ model, open kagome of 2 x 3"
    assert kagome.with_n_sites(18).lattice.n_sites == 18
    assert kagome.resized(2).lattice == Kagome(2, 2)
