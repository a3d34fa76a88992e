"""The models: each function returns its Hamiltonian as a sum of Pauli strings."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from qtf.physics._checks import checked_choice, checked_coefficients
from qtf.physics.lattices import Bonds, Chain, Lattice, Square
from qtf.physics.operators import PauliSum, PauliTerm

Coefficient = float | Sequence[float] | np.ndarray

# Spin operators are S = sigma / 2, so a product of two of them is a quarter of a Pauli string.
UNITS = {"spin": 0.25, "pauli": 1.0}
# As configurations name them.
LATTICES = ("chain", "square")


def ising(
    lattice: Lattice,
    *,
    coupling: Coefficient = 1.0,
    transverse_field: Coefficient = -1.05,
    longitudinal_field: Coefficient = 0.5,
) -> PauliSum:
    """Returns the Ising model in a transverse and a longitudinal field, in Pauli units.

        H = -sum_<ij> J_ij Z_i Z_j - sum_i h_i Z_i - sum_i g_i X_i   (hbar = 1)

    Terms whose coefficient is 0 are left out.

    Args:
        lattice: The lattice; its bonds carry the coupling.
        coupling: J, one number or one for each bond in the order of `lattice.bonds()`;
            positive is ferromagnetic.
        transverse_field: g, one number or one for each site.
        longitudinal_field: h, one number or one for each site.

    Returns:
        The Hamiltonian.

    Raises:
        ValueError: A coefficient is not finite and real or has the wrong length.

    Example:
        >>> energies = np.linalg.eigvalsh(ising(Chain(2)).to_dense())
        >>> energies.min().round(2), energies.max().round(2)
        (np.float64(-2.75), np.float64(2.41))

    Source: the transferable-dynamics preprint, eq. (1).
    """
    bonds, n_sites = lattice.bonds(), lattice.n_sites
    j = checked_coefficients("coupling", coupling, len(bonds), "bond")
    h = checked_coefficients("longitudinal_field", longitudinal_field, n_sites, "site")
    g = checked_coefficients("transverse_field", transverse_field, n_sites, "site")
    terms = [*_pair_terms(-j, bonds, "ZZ"), *_site_terms(-h, "Z"), *_site_terms(-g, "X")]
    return PauliSum(n_sites, terms)


def xxz(
    lattice: Lattice,
    *,
    coupling: Coefficient = 1.0,
    anisotropy: Coefficient = 1.0,
    units: str = "spin",
) -> PauliSum:
    """Returns the XXZ model.

        H = sum_<ij> J_ij (S^x_i S^x_j + S^y_i S^y_j + D_ij S^z_i S^z_j)   (hbar = 1)

    Args:
        lattice: The lattice.
        coupling: J, one number or one for each bond in the order of `lattice.bonds()`;
            positive is antiferromagnetic.
        anisotropy: D, one number or one for each bond.
        units: "spin" for S = sigma / 2, "pauli" for S = sigma.

    Returns:
        The Hamiltonian.

    Raises:
        ValueError: A coefficient is not finite and real or has the wrong length, or
            `units` is unknown.

    Example:
        >>> float(np.linalg.eigvalsh(xxz(Chain(2), anisotropy=0.0).to_dense()).min())
        -0.5
    """
    bonds = lattice.bonds()
    scale = UNITS[checked_choice("units", units, UNITS)]
    j = scale * checked_coefficients("coupling", coupling, len(bonds), "bond")
    d = checked_coefficients("anisotropy", anisotropy, len(bonds), "bond")
    letters = {"XX": j, "YY": j, "ZZ": j * d}
    terms = [
        term for pair, numbers in letters.items() for term in _pair_terms(numbers, bonds, pair)
    ]
    return PauliSum(lattice.n_sites, terms)


def heisenberg(lattice: Lattice, *, coupling: Coefficient = 1.0, units: str = "spin") -> PauliSum:
    """Returns the Heisenberg model.

        H = sum_<ij> J_ij S_i . S_j   (hbar = 1)

    Args:
        lattice: The lattice.
        coupling: J, one number or one for each bond in the order of `lattice.bonds()`;
            positive is antiferromagnetic.
        units: "spin" for S = sigma / 2, "pauli" for S = sigma.

    Returns:
        The Hamiltonian.

    Raises:
        ValueError: `coupling` is not finite and real or has the wrong length, or `units`
            is unknown.

    Example:
        >>> float(np.linalg.eigvalsh(heisenberg(Chain(2)).to_dense()).min())
        -0.75
    """
    return xxz(lattice, coupling=coupling, units=units)


def xyz(
    lattice: Lattice,
    *,
    coupling_x: Coefficient = 1.0,
    coupling_y: Coefficient = 1.0,
    coupling_z: Coefficient = 1.0,
    field: Coefficient = 0.0,
) -> PauliSum:
    """Returns the Heisenberg model with three couplings in a field, in Pauli units.

        H = sum_<ij> (Jx_ij X_i X_j + Jy_ij Y_i Y_j + Jz_ij Z_i Z_j) + sum_i B_i Z_i   (hbar = 1)

    Terms whose coefficient is 0 are left out.

    Args:
        lattice: The lattice; its bonds carry the couplings.
        coupling_x: Jx, one number or one for each bond in the order of `lattice.bonds()`.
        coupling_y: Jy, as Jx.
        coupling_z: Jz, as Jx.
        field: B, one number or one for each site; positive favours spins down.

    Returns:
        The Hamiltonian.

    Raises:
        ValueError: A coefficient is not finite and real or has the wrong length.

    Example:
        >>> xyz(Chain(2), coupling_x=2.0, coupling_y=0.0, field=0.5).to_dense()
        array([[ 2.,  0.,  0.,  2.],
               [ 0., -1.,  2.,  0.],
               [ 0.,  2., -1.,  0.],
               [ 2.,  0.,  0.,  0.]])
    """
    bonds = lattice.bonds()
    couplings = {"coupling_x": coupling_x, "coupling_y": coupling_y, "coupling_z": coupling_z}
    terms = _site_terms(checked_coefficients("field", field, lattice.n_sites, "site"), "Z")
    for (name, coupling), pair in zip(couplings.items(), ("XX", "YY", "ZZ"), strict=True):
        numbers = checked_coefficients(name, coupling, len(bonds), "bond")
        terms += _pair_terms(numbers, bonds, pair)
    return PauliSum(lattice.n_sites, terms)


def j1j2(
    lattice: Lattice,
    *,
    coupling: Coefficient = 1.0,
    next_nearest_coupling: Coefficient = 0.5,
    units: str = "spin",
) -> PauliSum:
    """Returns the J1-J2 model.

        H = sum_<ij> J1_ij S_i . S_j + sum_<<ij>> J2_ij S_i . S_j   (hbar = 1)

    Args:
        lattice: The lattice.
        coupling: J1, one number or one for each bond of `lattice.bonds(1)`.
        next_nearest_coupling: J2, one number or one for each bond of `lattice.bonds(2)`.
        units: "spin" for S = sigma / 2, "pauli" for S = sigma.

    Returns:
        The Hamiltonian.

    Raises:
        ValueError: A coefficient is not finite and real or has the wrong length, or
            `units` is unknown.

    Example:
        >>> triangle = j1j2(Chain(3), next_nearest_coupling=1.0)
        >>> float(np.linalg.eigvalsh(triangle.to_dense()).min().round(12))
        -0.75
    """
    bonds = lattice.bonds(2)
    scale = UNITS[checked_choice("units", units, UNITS)]
    j = scale * checked_coefficients(
        "next_nearest_coupling", next_nearest_coupling, len(bonds), "bond"
    )
    terms = [term for pair in ("XX", "YY", "ZZ") for term in _pair_terms(j, bonds, pair)]
    nearest = heisenberg(lattice, coupling=coupling, units=units)
    return nearest + PauliSum(lattice.n_sites, terms)


def custom(n_sites: int, terms: Iterable[Any]) -> PauliSum:
    """Returns the Hamiltonian `sum_k c_k P_k` of a list of Pauli strings.

    Args:
        n_sites: Number of spins.
        terms: Each a `PauliTerm`, a triple (coefficient, sites, paulis), or a mapping
            with these keys.

    Returns:
        The Hamiltonian.

    Raises:
        ValueError: A term has another form, or a value is not allowed.

    Example:
        >>> custom(2, [(0.5, (0, 1), "XY"), (1.0, (1,), "Z")]).is_real
        False
    """
    return PauliSum(n_sites, [_as_term(term) for term in terms])


def from_config(config: Mapping[str, Any]) -> PauliSum:
    """Returns the Hamiltonian that a mapping of plain values describes.

    Args:
        config: `name` is ising, xxz, xyz, heisenberg, j1j2 or custom. A custom Hamiltonian has
            `n_sites` and `terms`. The others have `lattice`, "chain" (the default; with
            `n_sites`) or "square" (with `n_rows` and `n_columns`), `periodic` (default
            False), and the keyword arguments of their function.

    Returns:
        The Hamiltonian.

    Raises:
        ValueError: The name or a key is unknown, a key is missing, or a value is not
            allowed.

    Example:
        >>> from_config({"name": "heisenberg", "n_sites": 4, "periodic": True}).n_sites
        4
    """
    settings = dict(config)
    name = checked_choice("name", settings.pop("name", None), (*_MODELS, "custom"))
    if name == "custom":
        _check_known(settings, ("n_sites", "terms"))
        return custom(_required(settings, "n_sites"), _required(settings, "terms"))
    model, known = _MODELS[name]
    _check_known(settings, ("lattice", "periodic", "n_sites", "n_rows", "n_columns", *known))
    keywords = {key: settings.pop(key) for key in known if key in settings}
    return model(_lattice_from(settings), **keywords)


_MODELS: dict[str, tuple[Callable[..., PauliSum], tuple[str, ...]]] = {
    "ising": (ising, ("coupling", "transverse_field", "longitudinal_field")),
    "xxz": (xxz, ("coupling", "anisotropy", "units")),
    "heisenberg": (heisenberg, ("coupling", "units")),
    "xyz": (xyz, ("coupling_x", "coupling_y", "coupling_z", "field")),
    "j1j2": (j1j2, ("coupling", "next_nearest_coupling", "units")),
}


def lattice_kind(config: Mapping[str, Any]) -> str:
    """Returns the word for the lattice in a configuration of `from_config`, "chain" by default.

    Args:
        config: As there, but for custom Hamiltonians, which have none.

    Raises:
        ValueError: The lattice is unknown.

    Example:
        >>> lattice_kind({"name": "xxz", "n_sites": 18})
        'chain'
    """
    return checked_choice("lattice", config.get("lattice", "chain"), LATTICES)


def lattice_from_config(config: Mapping[str, Any]) -> Lattice:
    """Returns the lattice of a configuration of `from_config`.

    Args:
        config: As there, but for custom Hamiltonians, which have none; keys of the model
            do not matter.

    Raises:
        ValueError: A key is missing, or a value is not allowed.

    Example:
        >>> lattice_from_config({"name": "ising", "lattice": "square", "n_rows": 2, "n_columns": 3})
        Square(n_rows=2, n_columns=3, periodic=False)
    """
    model_keys = {key for _, keywords in _MODELS.values() for key in keywords} | {"name"}
    return _lattice_from({key: value for key, value in config.items() if key not in model_keys})


def _lattice_from(settings: Mapping[str, Any]) -> Lattice:
    periodic = settings.get("periodic", False)
    if lattice_kind(settings) == "chain":
        _check_known(settings, ("lattice", "periodic", "n_sites"))
        return Chain(_required(settings, "n_sites"), periodic=periodic)
    square = Square(
        _required(settings, "n_rows"), _required(settings, "n_columns"), periodic=periodic
    )
    n_sites = settings.get("n_sites", square.n_sites)
    if n_sites != square.n_sites:
        raise ValueError(
            f"Argument `n_sites` must be n_rows * n_columns = {square.n_sites}, but is {n_sites!r}."
        )
    return square


def _required(settings: Mapping[str, Any], key: str) -> Any:
    if key not in settings:
        raise ValueError(f"Argument `config` must have the key `{key}`, but is {dict(settings)}.")
    return settings[key]


def _check_known(settings: Mapping[str, Any], known: tuple[str, ...]) -> None:
    for key in settings:
        if key not in known:
            raise ValueError(f"Argument `config` must have only keys of {known}, but has {key!r}.")


def _as_term(term: Any) -> PauliTerm:
    if isinstance(term, PauliTerm):
        return term
    if isinstance(term, Mapping):
        return PauliTerm.from_dict(term)
    if not isinstance(term, Sequence) or len(term) != 3:
        raise ValueError(
            f"Argument `terms` must hold (coefficient, sites, paulis), but holds {term!r}."
        )
    return PauliTerm(*term)


def _pair_terms(coefficients: np.ndarray, bonds: Bonds, paulis: str) -> list[PauliTerm]:
    pairs = zip(coefficients.tolist(), bonds, strict=True)
    return [PauliTerm(c, bond, paulis) for c, bond in pairs if c]


def _site_terms(coefficients: np.ndarray, pauli: str) -> list[PauliTerm]:
    return [PauliTerm(c, (site,), pauli) for site, c in enumerate(coefficients.tolist()) if c]
