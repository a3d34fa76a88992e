import json
import re

import numpy as np
import pytest
import scipy.linalg

from qtf.physics import (
    JUMP_MATRICES,
    Chain,
    JumpSettings,
    Lindbladian,
    OutcomeGenerator,
    PauliSum,
    PauliTerm,
    SeveralSteadyStates,
    four_pauli,
    ising,
    jump_operators,
    tetrahedral,
    xyz,
)

X, Y, Z = np.array([[0, 1], [1, 0]]), np.array([[0, -1j], [1j, 0]]), np.diag([1, -1])
# The jumps of each kind, apart from the table of the library.
BY_HAND = {
    "decay": [(X - 1j * Y) / 2],
    "pump": [(X + 1j * Y) / 2],
    "dephasing": [Z],
    "depolarising": [X / 2, Y / 2, Z / 2],
}
TILTED = np.array([[0.3, 1j], [0.5 - 0.2j, -0.1]])
TILTED_IN_WORDS = [[0.3, "1j"], ["0.5 - 0.2j", -0.1]]
RATES = [0.2, 0.7, 0.0]
# <X>, <Y>, <Z> of one spin that nothing else moves, from (0.48, 0.36, 0.8) at rate 0.9.
START, RATE = np.array([0.48, 0.36, 0.8]), 0.9
CLOSED_FORMS = {
    "decay": lambda t: [
        *(START[:2] * np.exp(-RATE * t / 2)),
        (START[2] + 1) * np.exp(-RATE * t) - 1,
    ],
    "pump": lambda t: [
        *(START[:2] * np.exp(-RATE * t / 2)),
        (START[2] - 1) * np.exp(-RATE * t) + 1,
    ],
    "dephasing": lambda t: [*(START[:2] * np.exp(-2 * RATE * t)), START[2]],
    "depolarising": lambda t: START * np.exp(-RATE * t),
}


def liouvillian_by_hand(hamiltonian, jumps):
    """L of rho' = L rho in row order, from products A rho B = kron(A, B^T) rho."""
    one = np.eye(len(hamiltonian))
    total = -1j * (np.kron(hamiltonian, one) - np.kron(one, hamiltonian.T))
    for jump in jumps:
        square = jump.conj().T @ jump
        total += np.kron(jump, jump.conj())
        total -= (np.kron(square, one) + np.kron(one, square.T)) / 2
    return total


def on_site(matrix, site, n_sites):
    return np.kron(np.kron(np.eye(2**site), matrix), np.eye(2 ** (n_sites - 1 - site)))


def of_sites(matrices, rates):
    n_sites = len(rates)
    return [
        np.sqrt(rate) * on_site(matrix, site, n_sites)
        for matrix in matrices
        for site, rate in enumerate(rates)
    ]


def random_state(n_sites, random_states):
    root = random_states(2**n_sites, 2**n_sites)
    rho = root @ root.conj().T
    return rho / np.trace(rho)


@pytest.fixture
def chain():
    """Couplings and fields that do not commute, of three spins."""
    return xyz(Chain(3), coupling_x=2.0, coupling_y=0.5, field=1.0) + ising(Chain(3))


NOISE = {
    **{kind: ({kind: RATES}, matrices) for kind, matrices in BY_HAND.items()},
    "matrix": ({"tilted": {"matrix": TILTED, "rate": RATES}}, [TILTED]),
    "words": ({"tilted": {"matrix": TILTED_IN_WORDS, "rate": RATES}}, [TILTED]),
}


@pytest.mark.parametrize("name", NOISE)
def test_noise_acts_as_the_exponential_of_its_liouvillian(name, chain, random_states):
    jumps, matrices = NOISE[name]
    rho0, time = random_state(3, random_states), 0.8
    by_hand = liouvillian_by_hand(chain.to_dense(), of_sites(matrices, RATES))
    expected = (scipy.linalg.expm(time * by_hand) @ rho0.reshape(-1)).reshape(8, 8)
    system = Lindbladian(chain, jumps)
    np.testing.assert_allclose(system.evolve(rho0, [time])[0], expected, atol=1e-10)
    povm = four_pauli()
    p = OutcomeGenerator(system, povm).evolve(povm.probabilities(rho0), [time])[0]
    np.testing.assert_allclose(p, povm.probabilities(expected), atol=1e-10)


def test_several_kinds_of_noise_add_up(chain, random_states):
    rho = random_state(3, random_states)
    every = {name: jumps[name] for name, (jumps, _) in NOISE.items() if name in jumps}
    operators = [jump for kind in BY_HAND for jump in of_sites(BY_HAND[kind], RATES)]
    expected = liouvillian_by_hand(chain.to_dense(), operators) @ rho.reshape(-1)
    found = Lindbladian(chain, every).apply(rho)
    np.testing.assert_allclose(found.reshape(-1), expected, atol=1e-13)


@pytest.mark.parametrize("kind", CLOSED_FORMS)
def test_one_spin_follows_the_closed_form(kind):
    rho0 = (np.eye(2) + np.tensordot(START, [X, Y, Z], 1)) / 2
    times = np.array([0.0, 0.3, 2.0])
    rhos = Lindbladian(PauliSum(1, []), {kind: RATE}).evolve(rho0, times)
    for rho, time in zip(rhos, times, strict=True):
        found = [np.trace(pauli @ rho).real for pauli in (X, Y, Z)]
        np.testing.assert_allclose(found, CLOSED_FORMS[kind](time), atol=1e-10)


def test_decay_and_pump_lead_to_a_thermal_state():
    gap, temperature, rate = 1.3, 0.7, 0.4
    excited = 1 / (1 + np.exp(gap / temperature))
    field = PauliSum(2, [PauliTerm(gap / 2, (site,), "Z") for site in range(2)])
    noise = {"decay": rate * (1 - excited), "pump": rate * excited}
    thermal = scipy.linalg.expm(-field.to_dense() / temperature)
    thermal = thermal / np.trace(thermal)
    system = Lindbladian(field, noise)
    np.testing.assert_allclose(system.steady_state(), thermal, atol=1e-9)
    p = OutcomeGenerator(system, tetrahedral()).steady_state()
    np.testing.assert_allclose(p, tetrahedral().probabilities(thermal), atol=1e-9)


@pytest.mark.parametrize("noise", [{"dephasing": 0.4}, {"depolarising": [0.5, 0.0, 0.0]}])
def test_noise_without_a_direction_leads_to_the_mixture_of_all_states(noise):
    system = Lindbladian(ising(Chain(3)), noise)
    np.testing.assert_allclose(system.steady_state(), np.eye(8) / 8, atol=1e-9)


@pytest.mark.parametrize(
    "hamiltonian",
    [xyz(Chain(3)), ising(Chain(3), transverse_field=0.0)],
    ids=["magnetization is kept", "every Z is kept"],
)
def test_dephasing_that_keeps_something_has_several_steady_states(hamiltonian):
    with pytest.raises(SeveralSteadyStates):
        OutcomeGenerator(Lindbladian(hamiltonian, {"dephasing": 0.4}), tetrahedral()).steady_state()


@pytest.mark.parametrize("dephasing", [0.0, 0.8])
def test_driven_chain_with_dephasing_has_the_profile_of_free_particles(dephasing):
    # H = sum (XX + YY) hops by 2; the two-point function of its fermions obeys an equation of
    # its own, C' = i [h, C] - {G_in + G_out, C} / 2 + G_in - 4 dephasing (C - diag C).
    n_sites, into, out = 4, 1.2, 0.7
    hopping = 2.0 * (np.eye(n_sites, k=1) + np.eye(n_sites, k=-1))
    source, sink = into * np.eye(n_sites)[:, :1], out * np.eye(n_sites)[:, -1:]
    source, sink = source @ np.eye(n_sites)[:1], sink @ np.eye(n_sites)[-1:]
    one = np.eye(n_sites)
    losses = -(np.kron(source + sink, one) + np.kron(one, source + sink)) / 2
    off_diagonal = np.diag(1.0 - one.reshape(-1))
    total = 1j * (np.kron(hopping, one) - np.kron(one, hopping)) + losses
    total = total - 4 * dephasing * off_diagonal
    occupations = np.diag(np.linalg.solve(total, -source.reshape(-1)).reshape(n_sites, n_sites))
    chain = xyz(Chain(n_sites), coupling_z=0.0)
    ends = {"pump": [into, 0.0, 0.0, 0.0], "decay": [0.0, 0.0, 0.0, out]}
    rho = Lindbladian(chain, {**ends, "dephasing": dephasing}).steady_state()
    found = [np.trace(on_site(Z, site, n_sites) @ rho).real for site in range(n_sites)]
    np.testing.assert_allclose(found, 2 * occupations.real - 1, atol=1e-9)


def test_jump_operators_are_of_every_site_and_kind(monkeypatch):
    monkeypatch.setitem(JUMP_MATRICES, "pumping", np.array([[0, 1], [0, 0]]))
    jumps = jump_operators(2, {"decay": 1.0, "pumping": [0.0, 0.5]})
    assert [(jump.site, jump.rate) for jump in jumps] == [(0, 1.0), (1, 1.0), (0, 0.0), (1, 0.5)]
    one_spin = Lindbladian(PauliSum(1, []), {"decay": 1.0, "pumping": 0.5})
    assert one_spin.steady_state()[0, 0].real == pytest.approx(1 / 3)


def test_settings_are_json_values_that_make_the_same_jumps():
    settings = JumpSettings({"dephasing": np.array(RATES), "tilted": {"matrix": TILTED, "rate": 2}})
    stored = json.loads(json.dumps(settings.as_mapping()))
    again = JumpSettings.from_mapping(stored)
    assert again == settings
    assert again.as_mapping() == stored
    pairs = zip(again.build(3), settings.build(3), strict=True)
    for one, other in pairs:
        assert (one.site, one.rate) == (other.site, other.rate)
        np.testing.assert_array_equal(one.matrix, other.matrix)
    np.testing.assert_array_equal(again.build(3)[-1].matrix, TILTED)


def test_settings_tell_what_there_is():
    own = {"matrix": TILTED, "rate": [0.0, 1.0]}
    assert JumpSettings({"decay": 0.0, "pump": [0, 0]}).describe() == "no jumps"
    assert not JumpSettings({"decay": 0.0, "pump": [0, 0]}).has_rates()
    assert JumpSettings({"decay": 1.0, "pump": 0.0, "own": own}).describe() == "decay and own"
    assert JumpSettings({"own": own}).has_rates()
    three = JumpSettings({"decay": 1.0, "pump": 1.0, "dephasing": 2.0})
    assert three.describe() == "decay, pump and dephasing"


MISTAKES = [
    (
        {"dephase": 1.0},
        "Argument `jumps` must have rates of decay, pump, dephasing, depolarising, or `matrix` and"
        " `rate` beneath another name, but has 'dephase' with 1.0.",
    ),
    (
        {"decay": {"matrix": TILTED, "rate": 1.0}},
        "Argument `jumps.decay` must be a rate or one for each site, as the name stands for a"
        " matrix already, but is {",
    ),
    (
        {"own": {"matrix": TILTED}},
        "Argument `jumps.own` must have the keys `matrix` and `rate`, but has 'matrix'.",
    ),
    ({"own": {}}, "Argument `jumps.own` must have the keys `matrix` and `rate`, but has none."),
    (
        {"own": {"matrix": np.eye(3), "rate": 1.0}},
        "Argument `jumps.own.matrix` must be a finite matrix of shape (2, 2), but is",
    ),
    (
        {"own": {"matrix": [[1, 0], [1]], "rate": 1.0}},
        "Argument `jumps.own.matrix` must be a finite matrix of shape (2, 2), but is [[1, 0], [1]]",
    ),
    (
        {"own": {"matrix": [["1i", 0], [1, 0]], "rate": 1.0}},
        "Argument `jumps.own.matrix` must be a finite matrix of shape (2, 2), but is [['1i'",
    ),
    (
        {"own": {"matrix": [[float("nan"), 0], [1, 0]], "rate": 1.0}},
        "Argument `jumps.own.matrix` must be a finite matrix of shape (2, 2), but is [[nan",
    ),
    (
        {"own": {"matrix": TILTED, "rate": -1.0}},
        "Argument `jumps.own.rate` must be at least 0, but is -1.0.",
    ),
    (
        {"dephasing": [0.1, -0.2, 0.3]},
        "Argument `jumps.dephasing` must be at least 0, but is [0.1, -0.2, 0.3].",
    ),
    ({"dephasing": "fast"}, "Argument `jumps.dephasing` must be real, but is 'fast'."),
    ({"dephasing": float("inf")}, "Argument `jumps.dephasing` must be finite, but is inf."),
    ({"dephasing": [[1.0, 2.0], [3.0]]}, "Argument `jumps.dephasing` must be an array of numbers"),
    ({"dephasing": [[1.0, 2.0, 3.0]]}, "Argument `jumps.dephasing` must be one number or"),
]


@pytest.mark.parametrize(("jumps", "message"), MISTAKES)
def test_jumps_that_are_none_are_refused_in_one_line(jumps, message):
    for call in (lambda: jump_operators(3, jumps), lambda: JumpSettings(jumps)):
        with pytest.raises(ValueError, match=re.escape(message)) as refusal:
            call()
        assert "\n" not in str(refusal.value)


def test_rates_of_another_number_of_sites_are_refused():
    message = (
        "Argument `jumps.dephasing` must be one number or 3 numbers, one for each site, but has"
        " shape (2,)."
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        JumpSettings({"dephasing": [0.1, 0.2]}).build(3)
