"""Hamiltonians of somebody's own: Pauli strings, one by one or on all bonds of a lattice."""

import json
import reprlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from numbers import Integral
from pathlib import Path

from qtf.physics._checks import checked_choice, checked_coefficients
from qtf.physics.lattices import NEIGHBORS, Chain, Lattice, Sites
from qtf.physics.operators import PauliSum
from qtf.physics.pauli_strings import PauliTerm, check_keys

# Where the strings of a sum may stand.
PLACES = ("sites", *NEIGHBORS, "triangles")
SUM_KEYS = ("paulis", "on", "coefficient")
# Coefficient, sites and letters
N_PARTS = 3
# Key of a configuration that stands for those in a file.
FILE_KEY = "terms_file"


def custom(lattice: Lattice | int, terms: Iterable[object]) -> PauliSum:
    """Returns the Hamiltonian `sum_k c_k P_k` of a list of Pauli strings, or of sums of them.

    A sum `{"paulis": "XY", "on": "nearest", "coefficient": c}` has the string at all places of
    a kind. The first letter belongs to the site where a bond starts, see
    `Lattice.directed_bonds`; triangles go round counterclockwise.

    Args:
        lattice: The lattice, or a number of spins, which are those of an open chain.
        terms: Each a `PauliTerm`, a triple (coefficient, sites, paulis), a mapping with these
            keys, or a sum. Its `on` is "sites", "nearest", "next_nearest", "third_nearest",
            "triangles" or a list of tuples of sites; its `coefficient` is one number or one for
            each place.

    Returns:
        The Hamiltonian.

    Raises:
        ValueError: A term has another form, a value is not allowed, or the lattice has no such
            places.

    Example:
        >>> custom(2, [(0.5, (0, 1), "XY"), (1.0, (1,), "Z")]).is_real
        False
        >>> from qtf.physics import Chain, ising
        >>> bonds = {"paulis": "ZZ", "on": "nearest", "coefficient": -1.0}
        >>> fields = {"paulis": "X", "on": "sites", "coefficient": [0.5, 0.6, 0.7]}
        >>> expected = ising(Chain(3), transverse_field=[-0.5, -0.6, -0.7], longitudinal_field=0)
        >>> custom(Chain(3), [bonds, fields]) == expected
        True
    """
    if not isinstance(lattice, Lattice):
        lattice = Chain(lattice)
    if not isinstance(terms, Iterable) or isinstance(terms, (str, Mapping)):
        raise ValueError(f"Argument `terms` must be a list of terms, but is {terms!r}.")
    strings = (string for term in terms for string in _strings(term, lattice))
    return PauliSum(lattice.n_sites, strings)


def include_file(values: Mapping[str, object]) -> dict[str, object]:
    """Returns the keys of a custom Hamiltonian with the content of its `terms_file` instead of it.

    Args:
        values: The keys. With `terms_file`, a JSON file of a list of terms, or of an object with
            the key `terms` and further ones, such as those of a lattice or what
            `PauliSum.to_dict` returns.

    Raises:
        ValueError: The file cannot be read, holds something else, or contradicts another key.
    """
    if FILE_KEY not in values:
        return dict(values)
    left = {key: value for key, value in values.items() if key != FILE_KEY}
    path = values[FILE_KEY]
    content = _read(path)
    name = content.pop("name", "custom")
    if name != "custom":
        raise ValueError(
            f"Argument `{FILE_KEY}` must hold a custom Hamiltonian, but {path} holds one of the"
            f" name {name!r}."
        )
    for key, value in content.items():
        if key in left and left[key] != value:
            raise ValueError(
                f"Argument `{key}` must be as in {path}, {reprlib.repr(value)}, but is"
                f" {reprlib.repr(left[key])}."
            )
    return {**left, **content}


def _strings(term: object, lattice: Lattice) -> Iterator[PauliTerm]:
    if isinstance(term, Mapping) and "on" in term:
        yield from _sum_over_places(term, lattice)
    elif isinstance(term, PauliTerm):
        yield term
    elif isinstance(term, Mapping):
        yield PauliTerm.from_dict(term)
    elif isinstance(term, Sequence) and len(term) == N_PARTS:
        yield PauliTerm(*term)
    else:
        raise ValueError(
            f"Argument `terms` must hold (coefficient, sites, paulis), but holds {term!r}."
        )


def _sum_over_places(term: Mapping[str, object], lattice: Lattice) -> Iterator[PauliTerm]:
    check_keys("terms", term, SUM_KEYS)
    each, places = find_places(term["on"], lattice)
    numbers = checked_coefficients("coefficient", term["coefficient"], len(places), each)  # type: ignore[arg-type]
    for number, sites in zip(numbers.tolist(), places, strict=True):
        # Of a zero, too, sites and letters are checked.
        string = PauliTerm(number, sites, term["paulis"])  # type: ignore[arg-type]
        if number:
            yield string


def find_places(on: object, lattice: Lattice) -> tuple[str, Sequence[Sites]]:
    """Returns the word for one place and the sites of all of them."""
    if isinstance(on, str):
        return _find_named(checked_choice("on", on, PLACES), lattice)
    if not isinstance(on, Sequence):
        raise ValueError(
            f"Argument `on` must be one of {', '.join(PLACES)} or a list of tuples of sites, but"
            f" is {on!r}."
        )
    return "tuple of sites", [(int(s),) if isinstance(s, Integral) else s for s in on]


def _find_named(on: str, lattice: Lattice) -> tuple[str, Sequence[Sites]]:
    if on in NEIGHBORS:
        return "bond", lattice.directed_bonds(NEIGHBORS[on])
    if on == "sites":
        return "site", [(site,) for site in range(lattice.n_sites)]
    if not lattice.triangles():
        raise ValueError(f"The lattice must have triangles, but is the {lattice.describe()}.")
    return "triangle", lattice.triangles()


def _read(path: object) -> dict[str, object]:
    """Returns the keys that a file of terms holds."""
    if not isinstance(path, (str, Path)):
        raise ValueError(f"Argument `{FILE_KEY}` must be the path of a file, but is {path!r}.")
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(
            f"Argument `{FILE_KEY}` must be a file that can be read, but {path} is not:"
            f" {error.strerror}."
        ) from error
    except ValueError as error:
        raise ValueError(
            f"Argument `{FILE_KEY}` must be a file of JSON, but {path} is not: {error}."
        ) from error
    if isinstance(content, list):
        return {"terms": content}
    if not isinstance(content, dict) or "terms" not in content:
        raise ValueError(
            f"Argument `{FILE_KEY}` must hold a list of terms, or an object with the key `terms`,"
            f" but {path} holds {reprlib.repr(content)}."
        )
    return content
