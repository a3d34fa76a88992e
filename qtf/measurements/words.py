"""Words for what is learned: strings along a chain, rates, errors of preparation and readout."""

import itertools
import re
from collections.abc import Iterable

from qtf.physics import PauliSum, PauliTerm

JUMPS = ("decay", "pump", "dephasing")
READOUT = ("e01", "e10")
PREPARATION_ERRORS = ("depolarised",)
_KINDS = {"jumps": JUMPS, "preparation_errors": PREPARATION_ERRORS, "readout": READOUT}
EACH = "each"
# Between the name of a shape and the term that is multiplied by it.
TIMES = "*"
_TERM = re.compile(r"(?!I)[IXYZ]*[XYZ](?:@(?:[1-9]\d*|each))?")
_SITE = re.compile(r"\w+(?:@(?:[1-9]\d*|each))?")


def local_words(interaction_range: int = 1) -> tuple[str, ...]:
    """Returns the words of all terms of one and two sites that are the same along a chain.

    Args:
        interaction_range: Largest distance of two sites.

    Example:
        >>> words = local_words(2)
        >>> len(words), words[:4], words[-1]
        (21, ('X', 'Y', 'Z', 'XX'), 'ZIZ')
    """
    pairs = (
        a + "I" * (distance - 1) + b
        for distance in range(1, interaction_range + 1)
        for a, b in itertools.product("XYZ", repeat=2)
    )
    return (*"XYZ", *pairs)


def shaped_words(words: Iterable[str], n_sites: int, shapes: Iterable[str] = ()) -> list[str]:
    """Returns the words that fit on a chain, without a shape and then with each of several.

    Args:
        words: Words of terms.
        n_sites: Number of spins.
        shapes: Names of shapes.

    Example:
        >>> shaped_words(["Z", "ZZ"], 1, ["pulse"])
        ['Z', 'pulse*Z']
    """
    fitting = [word for word in words if len(word) <= n_sites]
    prefixes = ["", *(f"{shape}{TIMES}" for shape in shapes)]
    return [prefix + word for prefix in prefixes for word in fitting]


def operator_of(word: str, n_sites: int, *, argument: str = "terms") -> PauliSum:
    """Returns the operator that a word stands for.

    Args:
        word: Letters of neighbouring sites, "ZIZ" for sum_i Z_i Z_{i+2}; followed by @2 it is the
            one string that begins on site 2, counted from 1.
        n_sites: Number of spins.
        argument: Name of the argument, for messages.

    Raises:
        ValueError: The word is none of these, or the chain is too short.

    Example:
        >>> operator_of("XY@2", 3).terms
        (PauliTerm(coefficient=1.0, sites=(1, 2), paulis='XY'),)
        >>> len(operator_of("Z", 3).terms)
        3
    """
    if not _TERM.fullmatch(word):
        raise ValueError(
            f"Argument `{argument}` must hold letters X, Y, Z with I between them, such as ZZ, ZIZ,"
            f' X@2 or X@each, but holds "{word}".'
        )
    letters, _, place = word.partition("@")
    starts = range(n_sites - len(letters) + 1)
    if place:
        starts = range(max(0, int(place) - 1), min(int(place), len(starts)))
    if not starts:
        raise ValueError(
            f'Argument `{argument}` must fit on {n_sites} sites, but "{word}" does not.'
        )
    sites = [i for i, letter in enumerate(letters) if letter != "I"]
    paulis = letters.replace("I", "")
    return PauliSum(
        n_sites, [PauliTerm(1.0, tuple(start + i for i in sites), paulis) for start in starts]
    )


def shape_and_term(word: str) -> tuple[str, str]:
    """Returns the name of the shape of a term, empty if it has none, and the rest of the word.

    Args:
        word: The word of a term.

    Example:
        >>> shape_and_term("pulse*X@2"), shape_and_term("ZZ")
        (('pulse', 'X@2'), ('', 'ZZ'))
    """
    shape, _, term = word.rpartition(TIMES)
    return shape, term


def sites_of(word: str, n_sites: int, known: tuple[str, ...], name: str) -> tuple[str, range]:
    """Returns what is meant by a word for rates or errors, and on which sites.

    Args:
        word: One of `known` for all sites together; followed by @2 for site 2 alone.
        n_sites: Number of spins.
        known: The words that there are.
        name: Name of the argument, for messages.

    Raises:
        ValueError: The word is none of these, or there is no such site.

    Example:
        >>> sites_of("decay@2", 3, JUMPS, "jumps")
        ('decay', range(1, 2))
    """
    kind, _, place = word.partition("@")
    if kind not in known or not _SITE.fullmatch(word) or place == EACH:
        raise ValueError(
            f"Argument `{name}` must hold words of {', '.join(known)}, followed by @ and a site"
            f' where they belong to one, but holds "{word}".'
        )
    if not place:
        return kind, range(n_sites)
    if int(place) > n_sites:
        raise ValueError(f'Argument `{name}` must name sites to {n_sites}, but holds "{word}".')
    return kind, range(int(place) - 1, int(place))


def kind_of(word: str) -> str:
    """Returns which argument of `ShotModel.of_words` a word belongs to.

    Args:
        word: The word; what is no other one is taken for a term.

    Example:
        >>> kind_of("XIX@2"), kind_of("e01@each"), kind_of("depolarised")
        ('terms', 'readout', 'preparation_errors')
    """
    stem = word.partition("@")[0]
    return next((kind for kind, words in _KINDS.items() if stem in words), "terms")


def by_kind(names: Iterable[str]) -> dict[str, list[str]]:
    """Returns names by their kind, see `kind_of`; each kind is there.

    Args:
        names: Names of parameters, in any order.

    Example:
        >>> by_kind(["e01", "ZZ"])["readout"]
        ['e01']
    """
    kinds: dict[str, list[str]] = {kind: [] for kind in ("terms", *_KINDS)}
    for name in names:
        kinds[kind_of(name)].append(name)
    return kinds


def expand(words: Iterable[str], n_sites: int) -> tuple[str, ...]:
    """Returns words with one for each site in place of those that end with @each.

    Args:
        words: The words.
        n_sites: Number of spins.

    Example:
        >>> expand(["X@each", "ZZ@each"], 3)
        ('X@1', 'X@2', 'X@3', 'ZZ@1', 'ZZ@2')
    """
    expanded: list[str] = []
    for word in words:
        stem, _, place = word.partition("@")
        letters = shape_and_term(stem)[1]
        # Errors and rates are words of one site.
        length = len(letters) if set(letters) <= set("IXYZ") else 1
        places = range(1, n_sites - length + 2)
        expanded += [f"{stem}@{site}" for site in places] if place == EACH else [word]
    return tuple(expanded)
