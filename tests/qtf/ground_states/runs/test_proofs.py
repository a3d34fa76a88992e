"""A configuration that cannot hold the ground state is refused, or says what is open."""

import dataclasses
import importlib

import numpy as np
import pytest

from qtf.configuration import from_config
from qtf.ground_states.runs.facts import find_facts
from qtf.ground_states.runs.report import lines, measure
from qtf.ground_states.runs.settings import GroundStateSettings, RunSettings, make_part
from qtf.physics import HamiltonianSettings, lanczos_ground_energy

from .test_assembly import search, small, task_of

SIZES = {"n_rows": 4, "n_columns": 4}


def facts(hamiltonian, **changes):
    return find_facts(small(hamiltonian, **changes))


def shipped(choice, **changes):
    name, arguments = choice.split(":")
    found = importlib.import_module(f"configs.ground_state.{name}").get_config(arguments)
    for key, value in changes.items():
        found.update_from_flattened_dict({key.replace("__", "."): value})
    return make_part(RunSettings, from_config(GroundStateSettings, found))


@pytest.mark.parametrize(
    "choice",
    [
        "ising_square:3,-3.0",
        "ising_square:16,-3.0",
        "ising_square:16,3.0",
        "ising_square:2,0",
        "heisenberg_square:2",
        "heisenberg_square:6",
        "heisenberg_square:10,sign",
        "heisenberg_chain:20",
        "heisenberg_chain:80",
        "j1j2_square:2,0.5",
    ],
)
def test_shipped_configurations_are_proven(choice):
    assert find_facts(shipped(choice)).open_questions == ()


@pytest.mark.parametrize(("field", "expected"), [(3.0, set()), (-3.0, set(range(9))), (0.0, set())])
def test_fields_of_either_sign_have_their_rule(field, expected):
    made = task_of(shipped(f"ising_square:3,{field}"))
    assert set(made.make_wave_function().sign_sites) == expected


HEISENBERG = {"name": "heisenberg", "lattice": "chain", "n_sites": 6}
POSITIVE = {"wave_function__positive": True}
ZERO = {"wave_function__zero_magnetization": True}
MARSHALL = {"wave_function__marshall_sign": True}
FLIP = {"symmetry__group": "flip"}
XYZ = {"name": "xyz", "lattice": "chain", "n_sites": 6}
J1J2 = {"name": "j1j2", "lattice": "square", **SIZES}


@pytest.mark.parametrize("scale", [1e-9, 1.0])
@pytest.mark.parametrize(
    ("hamiltonian", "changes"),
    [
        (HEISENBERG, {**POSITIVE, **MARSHALL, **ZERO, **FLIP}),
        (HEISENBERG, {**POSITIVE, **ZERO, **FLIP}),
        ({**HEISENBERG, "units": "pauli", "periodic": True}, {**POSITIVE, **MARSHALL}),
        ({**HEISENBERG, "n_sites": 8}, {**ZERO, "symmetry__group": "lattice_and_flip"}),
        ({**HEISENBERG, "coupling": -1.0}, {**POSITIVE, **ZERO, **FLIP}),
        ({**HEISENBERG, "name": "xxz", "anisotropy": -1.0}, {**POSITIVE, **ZERO}),
        ({**HEISENBERG, "name": "xxz", "anisotropy": 0.3}, {**ZERO, **POSITIVE}),
        ({**XYZ, "coupling_y": -0.5, "coupling_z": 0.3}, POSITIVE),
    ],
)
def test_what_can_hold_the_ground_state_is_taken(hamiltonian, changes, scale):
    names = [key for key in hamiltonian if key.startswith("coupling")] or ["coupling"]
    scaled = {name: scale * hamiltonian.get(name, 1.0) for name in names}
    if hamiltonian["name"] == "xyz":
        scaled = {f"coupling_{x}": scale * hamiltonian.get(f"coupling_{x}", 1.0) for x in "xyz"}
    assert facts({**hamiltonian, **scaled}, **changes).open_questions == ()


@pytest.mark.parametrize("scale", [1e-9, 1.0])
@pytest.mark.parametrize(
    ("hamiltonian", "changes", "message"),
    [
        (
            {**HEISENBERG, "n_sites": 5, "periodic": True},
            POSITIVE,
            "positive` must be False.* lear",
        ),
        (
            {**HEISENBERG, "n_sites": 5, "periodic": True},
            MARSHALL,
            "marshall_sign` must be False on this lattice, which has no two sublattices",
        ),
        (J1J2, {**POSITIVE, **MARSHALL, **ZERO}, "positive` must be False"),
        ({**XYZ, "coupling_y": 1.5}, POSITIVE, "positive` must be False"),
        (
            {**HEISENBERG, "coupling": -1.0},
            {**POSITIVE, **MARSHALL},
            r"marshall_sign` must be False .* flipping the spins at \(0, 1\) .* is found",
        ),
        (
            {"name": "ising", "lattice": "chain", "n_sites": 6},
            ZERO,
            "zero_magnetization` must be False .* does not conserve",
        ),
        (
            {**HEISENBERG, "name": "xxz", "anisotropy": -2.0},
            {**POSITIVE, **ZERO},
            "zero_magnetization` must be False .* ground energy is -2.5.*e-?0?9?, but the lowest|"
            "zero_magnetization` must be False .* ground energy is -2.5, but the lowest one",
        ),
        (
            HEISENBERG,
            {**ZERO, **FLIP},
            r'symmetry.group` must be "none" .* \(0, 2, 4\)\): they are',
        ),
        (
            {**HEISENBERG, "n_sites": 18},
            {"symmetry__group": "lattice"},
            r'symmetry.group` must be "none" unless `wave_function.positive` builds in',
        ),
        (
            {**HEISENBERG, "name": "j1j2", "next_nearest_coupling": 1.0},
            {**ZERO, **FLIP},
            'symmetry.group` must be "none" for this Hamiltonian: the ground energy is -',
        ),
    ],
)
def test_what_cannot_is_refused(hamiltonian, changes, message, scale):
    couplings = {key: value for key, value in hamiltonian.items() if "coupling" in key}
    if hamiltonian["name"] == "xyz":
        couplings = {f"coupling_{x}": 1.0 for x in "xyz"} | couplings
    elif hamiltonian["name"] != "ising":
        couplings = {"coupling": 1.0, "next_nearest_coupling": 0.5} | couplings
        if hamiltonian["name"] != "j1j2":
            del couplings["next_nearest_coupling"]
    scaled = {key: scale * value for key, value in couplings.items()}
    with pytest.raises(ValueError, match=message):
        facts({**hamiltonian, **scaled}, **changes)


# The current that XY - YX is goes around six sites; Z Z keeps the magnetisation.
RING = [[i, (i + 1) % 6] for i in range(6)]
CURRENT = {
    "name": "custom",
    "n_sites": 6,
    "periodic": True,
    "terms": [
        {"paulis": pair, "on": RING, "coefficient": value}
        for pair, value in {"XX": -0.6, "YY": -0.6, "XY": -0.3, "YX": 0.3, "ZZ": 0.1}.items()
    ],
}


def test_current_of_a_ring_may_have_zero_magnetization_and_any_sign_rule():
    found = facts(CURRENT, **ZERO, **MARSHALL)
    assert found.open_questions == ()
    assert found.sign_sites == (0, 2, 4)
    exact = np.linalg.eigvalsh(HamiltonianSettings.from_mapping(CURRENT).build().to_dense())[0]
    assert found.reference.energy == pytest.approx(exact, rel=1e-12)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (POSITIVE, "positive` must be False .* has phases: .* an odd number of Y"),
        (FLIP, '"flip" changes it, by turning every spin'),
        ({"symmetry__group": "lattice"}, r'"lattice" changes it, by moving its sites to \(5, 4, 3'),
        ({"physics__hamiltonian__terms": [[1.0, [0, 1], "XY"]], **ZERO}, "does not conserve"),
    ],
)
def test_current_of_a_ring_is_neither_positive_nor_symmetric(changes, message):
    with pytest.raises(ValueError, match=message):
        facts(CURRENT, **changes)


def test_what_is_not_proven_is_said(tmp_path):
    large = {"name": "xxz", "lattice": "square", "n_rows": 6, "n_columns": 6, "anisotropy": 2.0}
    (said,) = facts(large, **ZERO, **POSITIVE).open_questions
    assert said.startswith("It is not proven that `wave_function.zero_magnetization` leaves the")
    (said,) = facts({**J1J2, "n_rows": 6, "n_columns": 6}, **ZERO, **FLIP).open_questions
    assert "`symmetry.group` leaves the ground state in; `symmetry.group=none` leaves" in said


def test_a_penalty_that_shifts_the_ground_state_is_said():
    penalty = {"penalties__magnetization": 1.0}
    assert facts(CURRENT, **penalty).open_questions == ()
    (said,) = facts({"name": "ising", "lattice": "chain", "n_sites": 6}, **penalty).open_questions
    assert said.startswith("`penalties.magnetization` raises the energy of this Hamiltonian")


def test_warnings_are_printed_and_kept(tmp_path):
    made = task_of(small(**POSITIVE, sampling__n_validation=64))
    asked = dataclasses.replace(made, open_questions=("Nobody knows.",))
    result = measure(asked.build(), tmp_path, None)
    assert result.warnings == ("Nobody knows.",)
    said = list(lines(result, small().physics.hamiltonian))
    assert said[-1] == "Warning: Nobody knows."


@pytest.mark.long
def test_a_field_of_the_other_sign_has_the_same_energy(tmp_path):
    short = {"n_epochs": 2, "xla": False}
    changes = {f"training__{key}": value for key, value in short.items()}
    changes |= {"sampling__n_samples": 256, "sampling__n_validation": 256}
    settings = shipped("ising_square:3,-3.0", **changes)
    training = search(settings, tmp_path)
    exact = lanczos_ground_energy(settings.physics.hamiltonian.build())
    assert exact == pytest.approx(-28.0741989)
    result = measure(training, tmp_path, None)
    assert result.averaged == pytest.approx(exact, rel=1e-3)
    assert result.warnings == ()
    assert np.isfinite(result.metrics["v_score"])
