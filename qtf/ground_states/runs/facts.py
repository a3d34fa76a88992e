"""What is shown of a ground state before it is searched."""

from dataclasses import dataclass

from qtf.ground_states.held_energy import lowest_energies_held
from qtf.ground_states.runs.proofs import check_promises, find_signs, question_penalties
from qtf.ground_states.runs.settings import RunSettings
from qtf.ground_states.sector import Sector
from qtf.ground_states.symmetry_groups import symmetry_group
from qtf.physics.ground_energies import QUICK_LANCZOS_SITES
from qtf.physics.known_energies import EXACT, KnownEnergy, find_ground_energy
from qtf.progress import announced

# Kind of an energy that the configuration tells.
GIVEN = "given"


@dataclass(frozen=True)
class Facts:
    """What is shown of a ground state before it is searched.

    Attributes:
        sign_sites: Sites whose down spins change the sign of the wave function.
        open_questions: What could not be shown, one sentence each.
        reference: Ground energy, where it is known.
    """

    sign_sites: tuple[int, ...] = ()
    open_questions: tuple[str, ...] = ()
    reference: KnownEnergy | None = None


def find_facts(settings: RunSettings) -> Facts:
    """Returns the facts of the Hamiltonian and of what is promised of its ground state.

    Raises:
        ValueError: The ground state is none that the wave function can have.
    """
    physics, wave_function = settings.physics.hamiltonian, settings.wave_function
    hamiltonian, lattice = physics.build(), physics.lattice
    settings.network.check_lattice(lattice)
    sign_sites = find_signs(wave_function, hamiltonian, lattice.sublattice())
    group = symmetry_group(settings.symmetry.group, lattice)
    if breach := group.breach(hamiltonian):
        raise ValueError(
            "Setting `symmetry.group` must be one of the Hamiltonian, but"
            f' "{settings.symmetry.group}" changes it, by {breach}.'
        )
    sector = Sector(
        lattice.n_sites,
        wave_function.zero_magnetization and wave_function.magnetization is None,
        group if group.size > 1 else None,
        wave_function.magnetization,
    )
    open_questions = check_promises(
        hamiltonian, sector, sign_sites, positive=wave_function.positive
    )
    open_questions += question_penalties(settings.penalties, hamiltonian)
    return Facts(sign_sites, open_questions, find_reference(settings))


def find_reference(settings: RunSettings) -> KnownEnergy | None:
    """Returns the energy that the settings tell, or the best one that is known, if any.

    Above others, or in a sector, it is the level of that number, if the system is small.
    """
    if settings.reference is not None:
        return KnownEnergy(settings.reference, 0.0, "the configuration", GIVEN)
    physics, total = settings.physics.hamiltonian, settings.wave_function.total
    level = len(settings.orthogonal_to)
    if not total and not level:
        with announced("exact ground energy"):
            return find_ground_energy(physics)
    if settings.n_sites > QUICK_LANCZOS_SITES:
        return None
    with announced("exact energy"):
        sector = Sector(settings.n_sites, magnetization=total)
        energy = lowest_energies_held(physics.build(), sector, level + 1)[level]
    within = "" if total is None else f" of magnetisation {total}"
    return KnownEnergy(energy, 0.0, f"Lanczos, level {level}{within}", EXACT)
