import pytest

from qtf.ground_states.runs.facts import find_facts
from qtf.ground_states.runs.presets import make_settings
from qtf.physics import (
    Chain,
    HamiltonianSettings,
    PauliSum,
    PauliTerm,
    Square,
    find_ground_energy,
    heisenberg,
    ising,
    j1j2,
)
from qtf.physics.terms_on_lattice import settings_of_terms


def settings_of(hamiltonian, lattice=None, **options):
    return make_settings(settings_of_terms(hamiltonian, lattice), **options)


@pytest.mark.parametrize(
    ("hamiltonian", "lattice", "positive", "zero_magnetization", "group"),
    [
        (heisenberg(Square(2, 3)), Square(2, 3), True, True, "lattice_and_flip"),
        (ising(Chain(5), longitudinal_field=0.0), Chain(5), True, False, "lattice_and_flip"),
        # A field along z: no flip.
        (ising(Chain(5)), Chain(5), True, False, "lattice"),
        # Fields that differ from site to site: no reflection.
        (ising(Chain(4), transverse_field=[1, 2, 3, 4]), Chain(4), True, False, "none"),
        # Frustrated: signs are learned.
        (heisenberg(Chain(5, periodic=True)), Chain(5, periodic=True), False, False, "flip"),
        (j1j2(Square(2, 4)), Square(2, 4), False, True, "lattice_and_flip"),
    ],
)
def test_what_is_proven_of_the_ground_state_is_built_in(
    hamiltonian, lattice, positive, zero_magnetization, group
):
    settings = settings_of(hamiltonian, lattice)
    wave_function = settings.wave_function
    assert (wave_function.positive, wave_function.zero_magnetization) == (
        positive,
        zero_magnetization,
    )
    assert settings.symmetry.group == group
    assert settings.sampling.every_configuration
    # The search itself agrees, and nothing is left open.
    assert find_facts(settings).open_questions == ()


def test_a_large_system_is_sampled():
    settings = settings_of(heisenberg(Chain(40)))
    assert not settings.sampling.every_configuration
    assert not settings.symmetry.in_training
    assert settings.wave_function.zero_magnetization
    assert settings.training.stop_below == 0.0


def test_many_configurations_without_symmetries_are_sampled():
    fields = [PauliTerm(1.0 + 0.1 * i, (i,), pauli) for i in range(13) for pauli in "XZ"]
    settings = settings_of(PauliSum(13, fields))
    assert settings.symmetry.group == "none"
    assert not settings.sampling.every_configuration


def test_steps_do_not_depend_on_the_unit_of_energy():
    rates = [
        settings_of(factor * heisenberg(Chain(n))).training.optimizer.learning_rate * factor
        for n in (6, 20)
        for factor in (1.0, 4.0)
    ]
    assert rates[0] == pytest.approx(rates[1])
    assert rates[2] == pytest.approx(rates[3])
    # E = 1/4 a bond is the highest energy of the chain, that of Lanczos the lowest.
    lowest = find_ground_energy(settings_of_terms(heisenberg(Chain(6)))).energy
    assert rates[0] == pytest.approx(1.0 / (5 / 4 - lowest))


def test_network_and_preset_are_taken():
    options = {"network": "transformer", "preset": "quick", "seed": 3}
    settings = settings_of(heisenberg(Chain(6)), **options)
    assert settings.network.name == "transformer"
    assert settings.training.seed == 3
    assert settings.training.n_epochs < settings_of(heisenberg(Chain(6))).training.n_epochs


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"preset": "huge"}, '`preset` must be one of quick, small, large, but is "huge"'),
        ({"network": "mlp"}, '`network.name` must be one of .* but is "mlp"'),
        ({"seed": -1}, "`training.seed` must be .* -1"),
    ],
)
def test_a_wrong_choice_is_an_error(options, message):
    with pytest.raises(ValueError, match=message):
        settings_of(heisenberg(Chain(4)), **options)


def test_models_by_name_are_taken_too():
    settings = make_settings(HamiltonianSettings("heisenberg", {"n_sites": 6}))
    assert settings.physics.hamiltonian.name == "heisenberg"
