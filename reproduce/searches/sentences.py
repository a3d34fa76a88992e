"""Sentences of pages about growths."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from qtf.physics import LATTICES, HamiltonianSettings
from reports.requirements import tally
from reports.sentences import enumerate_words
from reproduce.searches.limits import LimitedNumber


def describe_verdict(requirements: Sequence[LimitedNumber]) -> str:
    """Returns how many requirements hold, and how many of the others have not been measured.

    Args:
        requirements: Those of a page.
    """
    words = f"{tally(limited.requirement for limited in requirements)}."
    n_short = sum(not limited.holds for limited in requirements)
    n_open = sum(limited.found is None for limited in requirements)
    if not n_open:
        return words
    verb = "has" if n_open == 1 else "have"
    if n_open == len(requirements):
        state = "None of them has been measured yet"
    elif n_open == n_short:
        state = f"The other {'one' if n_open == 1 else n_open} {verb} not been measured yet"
    else:
        state = f"Of the other {n_short}, {n_open} {verb} not been measured yet"
    return f"{words} {state}, which counts as falling short."


def describe_size(size: int, hamiltonian: Mapping[str, Any]) -> str:
    """Returns the size of a lattice in words.

    Args:
        size: Spins of a chain, or of a side.
        hamiltonian: Configuration of a Hamiltonian on such a lattice, of any size.

    Example:
        >>> describe_size(6, {"name": "heisenberg", "lattice": "square"})
        '6 x 6'
        >>> describe_size(80, {"name": "heisenberg", "lattice": "chain"})
        '80 spins'
    """
    lattice = LATTICES[HamiltonianSettings.from_mapping(hamiltonian).lattice_kind]
    if len(lattice.SIZES) == 1:
        return f"{size} {lattice.SIZE_NAME.split()[0]}"
    return " x ".join([str(size)] * len(lattice.SIZES))


def describe_reached(
    words: str, where: str, minutes: float | None, *, error: str, averaged: bool
) -> str:
    """Returns how far a growth has come, as an entry of a list in markdown.

    Args:
        words: The growth in words.
        where: Its largest size in words.
        minutes: Of all trainings up to there; None: not known.
        error: Relative error there with its error bar; empty where there is no reference.
        averaged: Whether it is that of the average over symmetries.

    Example:
        >>> describe_reached("Open chain", "80 spins", 34.2, error="1.2e-04", averaged=False)
        '- Open chain: 80 spins after 34 minutes, with a relative error of 1.2e-04.'
    """
    after = "" if minutes is None else f" after {minutes:.0f} minutes"
    known = f", with a relative error of {error}" if error else ", where no reference is known"
    which = ", averaged over symmetries" if error and averaged else ""
    return f"- {words}: {where}{after}{known}{which}."


def describe_samples(n_evaluation: Iterable[int], n_averages: Iterable[int]) -> str:
    """Returns how many samples energies are means of.

    Args:
        n_evaluation: Of each size.
        n_averages: Of the average over symmetries; empty where there is none.

    Example:
        >>> describe_samples([99], [5, 20])
        'Energies are means over 99 samples; those averaged over symmetries are means over 5 or 20.'
    """
    counts, averages = (sorted(set(numbers)) for numbers in (n_evaluation, n_averages))
    words = f"Energies are means over {_alternatives(counts)} samples"
    if averages:
        words += f"; those averaged over symmetries are means over {_alternatives(averages)}"
    return f"{words}."


def describe_sizes_to_come(sizes: Sequence[int]) -> str:
    """Returns which sizes have not been trained yet, empty where there are none.

    Example:
        >>> describe_sizes_to_come([8]), describe_sizes_to_come([12, 16])
        ('Size 8 has not been trained yet.', 'Sizes 12 and 16 have not been trained yet.')
    """
    if not sizes:
        return ""
    noun, verb = ("Size", "has") if len(sizes) == 1 else ("Sizes", "have")
    return f"{noun} {enumerate_words(map(str, sizes))} {verb} not been trained yet."


def _alternatives(numbers: Sequence[int]) -> str:
    return " or ".join(map(str, numbers))
