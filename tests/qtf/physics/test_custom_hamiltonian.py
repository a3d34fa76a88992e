import json
import pickle

import numpy as np
import pytest

from qtf.physics import (
    Chain,
    HamiltonianSettings,
    PauliTerm,
    Square,
    Triangular,
    custom,
    from_config,
    heisenberg,
    ising,
    j1j2,
)

TERMS = [[0.5, [0, 1], "XY"], {"paulis": "Z", "on": "sites", "coefficient": [1.0, 2.0, 3.0]}]
EXPECTED = custom(3, [(0.5, (0, 1), "XY"), (1.0, (0,), "Z"), (2.0, (1,), "Z"), (3.0, (2,), "Z")])


def on(places, coefficient=1.0, paulis=("XX", "YY", "ZZ")):
    return [{"paulis": pair, "on": places, "coefficient": coefficient} for pair in paulis]


@pytest.mark.parametrize("lattice", [Chain(5), Chain(4, periodic=True), Square(3, 3)])
def test_sums_over_named_bonds_make_the_known_models(lattice):
    numbers = np.linspace(0.5, 1.5, len(lattice.bonds()))
    assert custom(lattice, on("nearest", numbers)) == heisenberg(
        lattice, coupling=numbers, units="pauli"
    )
    both = on("nearest") + on("next_nearest", 0.25)
    assert custom(lattice, both).is_close(j1j2(lattice, next_nearest_coupling=0.25, units="pauli"))
    fields = on("nearest", -1.0, ["ZZ"]) + on("sites", 1.05, ["X"]) + on("sites", -0.5, ["Z"])
    assert custom(lattice, fields) == ising(lattice)


def test_strings_of_a_bond_start_where_the_bond_does():
    ring = custom(Chain(3, periodic=True), on("nearest", 0.5, ["XY"]))
    assert ring == custom(3, [(0.5, (0, 1), "XY"), (0.5, (1, 2), "XY"), (0.5, (2, 0), "XY")])
    further = custom(Chain(5), on("third_nearest", [1.0, 2.0], ["XZ"]))
    assert further == custom(5, [(1.0, (0, 3), "XZ"), (2.0, (1, 4), "XZ")])


def test_explicit_places_may_be_single_sites_pairs_or_more():
    places = on([0, 2], 2.0, ["X"]) + on([(2, 0), [1, 2]], [3.0, 0.0], ["XY"])
    places += on([(0, 1, 2)], 4.0, ["XYZ"])
    expected = [(2.0, (0,), "X"), (2.0, (2,), "X"), (3.0, (2, 0), "XY"), (4.0, (0, 1, 2), "XYZ")]
    assert custom(3, places).terms == tuple(PauliTerm(*term) for term in expected)


def test_triangles_of_a_lattice_carry_three_letters():
    lattice = Triangular(2, 2)
    hamiltonian = custom(lattice, on("triangles", 0.5, ["XYZ"]))
    assert [term.sites for term in hamiltonian.terms] == list(lattice.triangles())


def test_settings_take_a_lattice_or_a_number_of_sites():
    alone = {"name": "custom", "n_sites": 3, "terms": TERMS}
    assert from_config(alone) == EXPECTED
    assert HamiltonianSettings.from_mapping(alone).lattice == Chain(3)
    square = {"lattice": "square", "n_rows": 2, "n_columns": 2, "periodic": True}
    settings = HamiltonianSettings("custom", {**square, "terms": on("nearest", 0.25)})
    assert settings.build() == heisenberg(Square(2, 2, periodic=True))
    assert settings.describe() == "Hamiltonian of Pauli strings, periodic square of 2 x 2"
    chain = HamiltonianSettings("custom", {"terms": on("nearest", 0.25)})
    assert chain.with_n_sites(5).build() == heisenberg(Chain(5))


def write(path, content):
    path.write_text(json.dumps(content))
    return str(path)


@pytest.mark.parametrize(
    ("content", "beside"),
    [
        (TERMS, {"n_sites": 3}),
        ({"terms": TERMS}, {"n_sites": 3}),
        ({"terms": TERMS, "n_sites": 3}, {}),
        ({"name": "custom", "terms": TERMS, "n_sites": 3}, {"n_sites": 3}),
        ({"terms": TERMS, "lattice": "chain", "periodic": True}, {"n_sites": 3}),
        (EXPECTED.to_dict(), {}),
    ],
)
def test_content_of_a_file_takes_its_place(tmp_path, content, beside):
    file = write(tmp_path / "h.json", content)
    settings = HamiltonianSettings("custom", {**beside, "terms_file": file})
    (tmp_path / "h.json").unlink()
    assert settings.build() == EXPECTED
    recorded = json.loads(json.dumps(settings.as_mapping()))
    assert "terms_file" not in recorded
    assert HamiltonianSettings.from_mapping(recorded) == settings
    assert pickle.loads(pickle.dumps(settings)) == settings


def test_file_is_looked_for_in_the_current_folder(tmp_path, monkeypatch):
    write(tmp_path / "h.json", {"n_sites": 3, "terms": TERMS})
    monkeypatch.chdir(tmp_path)
    assert from_config({"name": "custom", "terms_file": "h.json"}) == EXPECTED


@pytest.mark.parametrize(
    ("term", "message"),
    [
        ({"on": "ring"}, r"`on` must be one of sites, nearest, .*, but is 'ring'\."),
        ({"on": 3}, r"`on` must be one of .* or a list of tuples of sites, but is 3\."),
        ({"on": [(0, 3)]}, r"`sites` must hold sites below n_sites = 3, but is \(0, 3\)\."),
        ({"on": [(0, 0)]}, r"`sites` must not repeat a site"),
        ({"on": [1.5]}, r"`sites` must be a tuple of sites, but is 1\.5\."),
        ({"on": "triangles"}, r"lattice must have triangles, but is the open chain of 3\."),
        ({"paulis": "X"}, r"`paulis` must be one letter X, Y or Z for each of 2 sites"),
        ({"paulis": "XA", "coefficient": 0.0}, r"`paulis` must be one letter X, Y or Z"),
        ({"paulis": None}, r"`paulis` must be one letter .* but is None\."),
        ({"coefficient": [1.0]}, r"one number or 2 numbers, one for each bond, but has shape \(1"),
        ({"on": [(0, 1)], "coefficient": [1, 2]}, r"or 1 numbers, one for each tuple of sites"),
        ({"coefficient": 1j}, r"`coefficient` must be real, but is 1j\."),
        ({"coefficient": "1"}, r"`coefficient` must be real, but is '1'\."),
        ({"coefficient": [1, [2]]}, r"`coefficient` must be an array of numbers, but is"),
        ({"coefficient": float("nan")}, r"`coefficient` must be finite, but is nan\."),
        ({"sites": [0]}, r"`terms` must have the keys paulis, on, coefficient, but is"),
    ],
)
def test_sum_with_a_mistake_is_refused(term, message):
    usual = {"paulis": "XX", "on": "nearest", "coefficient": 1.0}
    with pytest.raises(ValueError, match=message):
        custom(Chain(3), [{**usual, **term}])


@pytest.mark.parametrize("terms", [5, "XX", {"paulis": "XX"}])
def test_terms_are_a_list(terms):
    with pytest.raises(ValueError, match="`terms` must be a list of terms, but is"):
        custom(2, terms)


@pytest.mark.parametrize(
    ("text", "values", "message"),
    [
        (None, {}, r"file that can be read, but .*h\.json is not: No such file or directory\."),
        ("[1, ", {}, r"must be a file of JSON, but .*h\.json is not: .*column"),
        ("\x80", {}, r"must be a file of JSON, but .*h\.json is not"),
        ("5", {}, r"must hold a list of terms, or an object with the key `terms`, but .* holds 5"),
        ('{"n_sites": 2}', {}, r"object with the key `terms`, but"),
        ("[[1.0, [0], 5]]", {}, r"`paulis` must be one letter"),
        ('[[{"re": 1, "im": 1}, [0], "X"]]', {}, r"`coefficient` must be real"),
        ('{"name": "xyz", "terms": []}', {}, r"hold a custom .* holds one of the name 'xyz'\."),
        ("[]", {"terms": [TERMS]}, r"`terms` must be as in .*h\.json, \[\], but is \[\["),
        ('{"terms": [], "n_sites": 3}', {}, r"`n_sites` must be as in .*h\.json, 3, but is 2\."),
        ('{"terms": [], "field": 3}', {}, r"must have only keys of .*terms_file'\), but has 'fi"),
    ],
)
def test_file_with_a_mistake_is_refused(tmp_path, text, values, message):
    if text is not None:
        (tmp_path / "h.json").write_bytes(text.encode("latin-1"))
    file = str(tmp_path / "h.json")
    with pytest.raises(ValueError, match=message) as caught:
        HamiltonianSettings("custom", {"n_sites": 2, **values, "terms_file": file})
    assert "\n" not in str(caught.value)


def test_file_has_a_path_and_belongs_to_custom_hamiltonians():
    with pytest.raises(ValueError, match=r"`terms_file` must be the path of a file, but is 3\."):
        HamiltonianSettings("custom", {"terms_file": 3})
    with pytest.raises(ValueError, match=r"must have only keys of .*, but has 'terms_file'\."):
        HamiltonianSettings("ising", {"terms_file": "h.json"})
