"""Whether the wave function of a configuration can be the ground state of its Hamiltonian.

What the settings promise of the ground state, signs, magnetisation and symmetry, is proven from the
Pauli strings of the Hamiltonian, on few sites by Lanczos. Nothing later would tell: a wave function
that cannot have a sign becomes zero where it matters, and its samples, its energy and its V-score
do not see that.
"""

from collections.abc import Sequence

from qtf.ground_states.held_energy import lowest_energy_held
from qtf.ground_states.sector import Sector
from qtf.ground_states.settings import PenaltySettings, WaveFunctionSettings
from qtf.physics import PauliSum
from qtf.physics.ground_energies import QUICK_LANCZOS_SITES
from qtf.physics.sign_rules import (
    conserves_total,
    find_sign_sites,
    find_wrong_flip,
    with_signs,
)

# Of the sum of all coefficients, which no energy exceeds: more than Lanczos is off.
SAME_ENERGY = 1e-9


def find_signs(
    settings: WaveFunctionSettings, hamiltonian: PauliSum, sublattice: Sequence[int] | None
) -> tuple[int, ...]:
    """Returns the sites whose down spins change the sign of the wave function.

    With `marshall_sign` those of one sublattice; else, with `positive`, those that the Hamiltonian
    asks for, none if the ground state is positive itself.

    Args:
        settings: The section `wave_function`.
        hamiltonian: Any.
        sublattice: Every second site; None: there is no such sublattice.

    Raises:
        ValueError: The wave function shall be positive but for the rule, and no rule is right,
            or not that one.
    """
    if settings.marshall_sign and sublattice is None:
        raise ValueError(
            "Setting `wave_function.marshall_sign` must be False on this lattice, which has no two"
            " sublattices such that each bond joins them."
        )
    rule = tuple(sublattice or ()) if settings.marshall_sign else ()
    if not settings.positive:
        return rule
    if not hamiltonian.is_real:
        raise ValueError(
            "Setting `wave_function.positive` must be False for this Hamiltonian, whose ground"
            " state has phases: some of its terms have an odd number of Y."
        )
    right = find_sign_sites(hamiltonian)
    if right is None:
        raise ValueError(
            "Setting `wave_function.positive` must be False for this Hamiltonian: no sign rule is"
            " shown to make its ground state positive. With False signs are learned."
        )
    if not settings.marshall_sign:
        return right
    wrong = find_wrong_flip(hamiltonian, rule)
    if wrong is not None:
        raise ValueError(
            "Setting `wave_function.marshall_sign` must be False for this Hamiltonian: flipping"
            f" the spins at {wrong} has a sign that Marshall's rule does not make negative. With"
            " False and `positive` the rule is found from the Hamiltonian."
        )
    return rule


def check_promises(
    hamiltonian: PauliSum, sector: Sector, sign_sites: Sequence[int], *, positive: bool
) -> tuple[str, ...]:
    """Checks that the ground state has the magnetisation and the symmetries that are built in.

    Of a `magnetization` of the sector it is asked only whether it is conserved: what is sought then
    is the lowest state that has it.

    Args:
        hamiltonian: Any that has the symmetries.
        sector: Magnetisation and symmetries of the wave function.
        sign_sites: Sites whose down spins change its sign.
        positive: Whether it has no phase beside these signs.

    Returns:
        What could not be shown, one sentence each.

    Raises:
        ValueError: The ground state is none that the wave function can have.
    """
    open_questions = []
    if sector.magnetization is not None and not conserves_total(hamiltonian, "Z"):
        raise ValueError(
            "Setting `wave_function.magnetization` must be None for this Hamiltonian, which does"
            " not conserve it."
        )
    if sector.zero_magnetization:
        if sector.n_sites % 2:
            raise ValueError(
                "Setting `wave_function.zero_magnetization` needs an even number of sites, but"
                f" there are {sector.n_sites}."
            )
        if not conserves_total(hamiltonian, "Z"):
            raise ValueError(
                "Setting `wave_function.zero_magnetization` must be False for this Hamiltonian,"
                " which does not conserve the magnetisation."
            )
        if not _has_full_rotations(hamiltonian):
            half_down = Sector(sector.n_sites, zero_magnetization=True)
            open_questions += _ask_lanczos(
                "wave_function.zero_magnetization", False, hamiltonian, half_down, sign_sites
            )
    if sector.group is not None and not positive:
        open_questions += _check_average(hamiltonian, sector, sign_sites)
    return tuple(open_questions)


def question_penalties(settings: PenaltySettings, hamiltonian: PauliSum) -> tuple[str, ...]:
    """Returns why penalties may change the ground state, one sentence each.

    Args:
        settings: The section `penalties`.
        hamiltonian: Any.
    """
    if not settings.magnetization or conserves_total(hamiltonian, "Z"):
        return ()
    return (
        "`penalties.magnetization` raises the energy of this Hamiltonian, which does not conserve"
        " the magnetisation; with 0 it does not.",
    )


def _has_full_rotations(hamiltonian: PauliSum) -> bool:
    """Tells whether all rotations of the spins keep H, or H with the signs of its ground state.

    Then every level has a state of zero magnetisation, if the number of spins is even: a whole
    multiplet has one energy.
    """
    rule = find_sign_sites(hamiltonian)
    turned = [hamiltonian] if rule is None else [hamiltonian, with_signs(hamiltonian, rule)]
    return any(conserves_total(h, "Z") and conserves_total(h, "X") for h in turned)


def _check_average(hamiltonian: PauliSum, sector: Sector, sign_sites: Sequence[int]) -> list[str]:
    """Checks that the average over symmetries does not cancel the ground state.

    With the right sign rule a ground state is not negative anywhere, and neither are its images
    (Perron and Frobenius). It is left to see that the factor between that rule and the one built
    in is the same at all images.

    Returns:
        What could not be shown.

    Raises:
        ValueError: It does.
    """
    right = find_sign_sites(hamiltonian)
    if right is None:
        return _ask_lanczos("symmetry.group", "none", hamiltonian, sector, sign_sites)
    if sector.magnetization is None:
        half_down = sector.zero_magnetization or _has_full_rotations(hamiltonian)
    else:
        half_down = sector.magnetization == 0
    if _same_at_all_images(frozenset(right) ^ frozenset(sign_sites), sector, half_down=half_down):
        return []
    raise ValueError(
        'Setting `symmetry.group` must be "none" unless `wave_function.positive` builds in the'
        f" signs of the ground state, (-1)^(down spins on {right}): they are not the same at all"
        " images."
    )


def _same_at_all_images(sites: frozenset[int], sector: Sector, *, half_down: bool) -> bool:
    """Tells whether (-1)^(down spins on some sites) is the same at all images of spins."""
    group, n_sites = sector.group, sector.n_sites
    if group is None or not sites:
        return True
    if group.spin_flip and len(sites) % 2:
        return False
    others = frozenset(range(n_sites)) - sites
    # With n / 2 spins down, those on the sites and on all others are both odd or both even.
    allowed = {sites, others} if half_down and n_sites % 4 == 0 else {sites}
    return all(
        frozenset(permutation[site] for site in sites) in allowed
        for permutation in group.permutations
    )


def _ask_lanczos(
    name: str,
    without: object,
    hamiltonian: PauliSum,
    sector: Sector,
    sign_sites: Sequence[int],
) -> list[str]:
    """Returns nothing if a sector holds the ground energy, or that nobody knows.

    Raises:
        ValueError: It cannot.
    """
    if hamiltonian.n_sites > QUICK_LANCZOS_SITES:
        return [
            f"It is not proven that `{name}` leaves the ground state in; `{name}={without}` leaves"
            " in every state."
        ]
    ground = lowest_energy_held(
        hamiltonian, Sector(sector.n_sites, magnetization=sector.magnetization)
    )
    held = lowest_energy_held(hamiltonian, sector, sign_sites)
    largest = sum(abs(term.coefficient) for term in hamiltonian.terms)
    if held - ground > SAME_ENERGY * largest:
        shown = f'"{without}"' if isinstance(without, str) else without
        raise ValueError(
            f"Setting `{name}` must be {shown} for this Hamiltonian: the ground energy is"
            f" {ground:.9g}, but the lowest one that the setting allows is {held:.9g}."
        )
    return []
