import keras
import numpy as np
import pytest
import scipy.stats

from qtf.autoregressive import GRUNetwork
from qtf.ground_states.local_energy import LocalEnergy
from qtf.ground_states.settings import GROUPS
from qtf.ground_states.symmetries import SymmetricWaveFunction, acceptance
from qtf.ground_states.symmetry_groups import symmetry_group
from qtf.ground_states.wave_function import WaveFunction
from qtf.physics import Chain, PauliSum, PauliTerm, Square, all_bits, heisenberg, ising

EVERY = all_bits(6).astype("int32")
POWERS = 1 << np.arange(5, -1, -1)
LATTICE = Square(2, 3)


def wave_function(**options):
    keras.utils.set_random_seed(0)
    network = GRUNetwork(n_positions=6, units=5, dtype="float64")
    rng = np.random.default_rng(1)
    for variable in network.variables:
        variable.assign(variable + 0.5 * rng.standard_normal(variable.shape))
    return WaveFunction(network=network, dtype="float64", **options)


def symmetric(spin_flip=True, weighted_phase=True, **options):
    return SymmetricWaveFunction(
        psi=wave_function(**options),
        permutations=LATTICE.symmetries(),
        spin_flip=spin_flip,
        weighted_phase=weighted_phase,
        dtype="float64",
    )


def vector(psi):
    log_modulus, phase = map(np.asarray, psi(EVERY))
    return np.exp(log_modulus + 1j * phase)


@pytest.mark.parametrize(
    ("lattice", "count"),
    [
        (Chain(5), 2),
        (Chain(5, periodic=True), 10),
        (Square(2, 3), 4),
        (Square(3, 3), 8),
        (Square(4, 4, periodic=True), 128),
        (Square(3, 4, periodic=True), 48),
    ],
)
def test_symmetries_are_a_group_that_keeps_all_bonds(lattice, count):
    found = lattice.symmetries()
    assert len(found) == len(set(found)) == count
    assert found[0] == tuple(range(lattice.n_sites))
    bonds = sorted(lattice.bonds())
    for one in found:
        assert sorted(tuple(sorted((one[i], one[j]))) for i, j in bonds) == bonds
    for one in found[:: max(1, count // 8)]:
        assert {tuple(np.array(one)[list(other)].tolist()) for other in found} == set(found)


@pytest.mark.parametrize(
    ("hamiltonian", "groups"),
    [
        (heisenberg(LATTICE), {"none", "flip", "lattice", "lattice_and_flip"}),
        (ising(LATTICE, longitudinal_field=0.0), {"none", "flip", "lattice", "lattice_and_flip"}),
        (ising(LATTICE, longitudinal_field=0.5), {"none", "lattice"}),
        (
            ising(LATTICE, transverse_field=[1, 2, 1, 1, 1, 1], longitudinal_field=0.0),
            {"none", "flip"},
        ),
        (ising(Chain(6), longitudinal_field=0.0), {"none", "flip"}),
    ],
)
def test_groups_of_a_hamiltonian_commute_with_its_matrix(hamiltonian, groups):
    matrix = hamiltonian.to_dense()
    for group in GROUPS:
        permutations = LATTICE.symmetries() if "lattice" in group else [range(6)]
        images = [EVERY[:, list(permutation)] for permutation in permutations]
        images += [1 - image for image in images] if "flip" in group else []
        orders = [image @ POWERS for image in images]
        commutes = all(np.allclose(matrix[np.ix_(order, order)], matrix) for order in orders)
        assert symmetry_group(group, LATTICE).keeps(hamiltonian) == commutes == (group in groups)


@pytest.mark.parametrize("scale", [1e-9, 1e9])
def test_symmetries_of_a_hamiltonian_have_no_scale(scale):
    uneven = ising(Chain(3), transverse_field=[1.0, 1.0, 1.001], longitudinal_field=0.0)
    assert not symmetry_group("lattice", Chain(3)).keeps(scale * uneven)
    # What is left of 0.1 + 0.2 - 0.3 is no field.
    rounded = ising(Chain(3), longitudinal_field=0.0) + PauliSum(
        3, [PauliTerm(c, (0,), "Z") for c in (0.1, 0.2, -0.3)]
    )
    assert symmetry_group("lattice_and_flip", Chain(3)).keeps(scale * rounded)


@pytest.mark.parametrize("spin_flip", [False, True])
@pytest.mark.parametrize("weighted_phase", [False, True])
def test_average_is_that_of_all_images(spin_flip, weighted_phase):
    psi = symmetric(spin_flip, weighted_phase)
    plain = vector(psi.psi)
    terms = []
    for permutation in LATTICE.symmetries():
        moved = EVERY[:, list(permutation)]
        terms += [plain[moved @ POWERS]] + ([plain[(1 - moved) @ POWERS]] if spin_flip else [])
    probabilities = np.mean(np.abs(terms) ** 2, axis=0)
    power = 2 if weighted_phase else 0
    phases = np.sum([np.abs(t) ** power * np.exp(1j * np.angle(t)) for t in terms], axis=0)
    expected = np.sqrt(probabilities) * phases / np.abs(phases)
    np.testing.assert_allclose(vector(psi), expected, atol=1e-12)


@pytest.mark.parametrize("spin_flip", [False, True])
def test_acceptance_is_the_mean_over_all_moves(spin_flip):
    psi = symmetric(spin_flip)
    probabilities = np.abs(vector(psi.psi)) ** 2
    images = [EVERY[:, list(permutation)] for permutation in LATTICE.symmetries()]
    images += [1 - image for image in images] if spin_flip else []
    ratios = [probabilities[image @ POWERS] / probabilities for image in images]
    expected = np.minimum(1.0, ratios).mean(axis=0)
    np.testing.assert_allclose(acceptance(psi, EVERY), expected, atol=1e-12)


@pytest.mark.parametrize("options", [{}, {"zero_magnetization": True, "sites": (2, 0, 1, 5, 3, 4)}])
def test_samples_follow_the_average(options):
    psi = symmetric(**options)
    n_samples = 20_000
    uniforms = np.random.default_rng(5).random((psi.n_uniforms, n_samples))
    counts = np.bincount(np.asarray(psi.sample(uniforms)) @ POWERS, minlength=64)
    expected = n_samples * np.abs(vector(psi)) ** 2
    assert expected.sum() == pytest.approx(n_samples, rel=1e-12)
    kept = expected > 5
    assert counts[expected == 0].sum() == 0
    wanted = expected[kept] * counts[kept].sum() / expected[kept].sum()
    assert scipy.stats.chisquare(counts[kept], wanted).pvalue > 1e-4


def test_largest_uniform_chooses_the_last_symmetry():
    psi = symmetric()
    uniforms = np.full((psi.n_uniforms, 1), 0.4)
    inner = np.asarray(psi.psi.sample(uniforms[:6]))
    for index, almost in ((0, 0.0), (psi.n_symmetries - 1, np.nextafter(1.0, 0.0))):
        uniforms[6] = almost
        bits = np.asarray(psi.sample(uniforms))
        np.testing.assert_array_equal(np.asarray(psi.images(bits))[index], inner)


def test_sign_rule_stays_outside_of_the_average():
    # Turning a 2 x 3 lattice's rows exchanges its sublattices, which hold three spins each.
    signs = LATTICE.sublattice()
    plain, signed = symmetric(), symmetric(sign_sites=signs)
    downs = EVERY[:, list(signs)].sum(axis=1)
    np.testing.assert_allclose(vector(signed), vector(plain) * (-1.0) ** downs, atol=1e-12)


def test_averaging_lowers_the_energy_of_a_perturbed_ground_state():
    hamiltonian = heisenberg(LATTICE)
    psi = symmetric(zero_magnetization=True, sign_sites=LATTICE.sublattice())
    for variable in psi.variables:
        variable.assign(0.2 * variable)
    energies = []
    for wave in (psi.psi, psi):
        state = vector(wave)
        energies.append((state.conj() @ hamiltonian.to_dense() @ state).real)
        real, _ = LocalEnergy(hamiltonian)(wave, EVERY[EVERY.sum(axis=1) == 3])
        weights = np.abs(state[EVERY.sum(axis=1) == 3]) ** 2
        assert np.sum(weights * np.asarray(real)) == pytest.approx(energies[-1], abs=1e-10)
    assert energies[1] < energies[0]


def test_wave_function_is_made_again_from_its_configuration():
    psi = symmetric(zero_magnetization=True)
    again = SymmetricWaveFunction.from_config(psi.get_config())
    again.set_weights(psi.get_weights())
    np.testing.assert_array_equal(again(EVERY)[1], psi(EVERY)[1])


@pytest.mark.parametrize(
    ("permutations", "message"),
    [
        ([], "not be empty"),
        ([(1, 0, 2, 3, 4, 5)], "begin with the identity"),
        ([range(6), (0, 1, 2, 3, 4, 4)], r"each of 0 .. 5 once .* \(0, 1, 2, 3, 4, 4\)"),
    ],
)
def test_mistakes_are_named(permutations, message):
    with pytest.raises(ValueError, match=message):
        SymmetricWaveFunction(psi=wave_function(), permutations=permutations)


def test_prefixes_are_of_plain_wave_functions_only():
    with pytest.raises(ValueError, match="n_prefixes.* 1 .* but is 2"):
        LocalEnergy(heisenberg(LATTICE), n_prefixes=2)(symmetric(), EVERY)
