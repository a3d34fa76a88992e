"""The models: each function returns its Hamiltonian as a sum of Pauli strings."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from qtf.physics._checks import checked_choice, checked_coefficients, checked_real
from qtf.physics.custom_hamiltonian import custom, find_places
from qtf.physics.lattices import Bonds, Lattice
from qtf.physics.operators import PauliSum, PauliTerm

Coefficient = float | Sequence[float] | NDArray[np.float64]

# Spin operators are S = sigma / 2, so a product of two of them is a quarter of a Pauli string.
UNITS = {"spin": 0.25, "pauli": 1.0}


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
        >>> from qtf.physics import Chain
        >>> energies = np.linalg.eigvalsh(ising(Chain(2)).to_dense())
        >>> energies.min().round(2), energies.max().round(2)
        (np.float64(-2.75), np.float64(2.41))

    Source: zhang2020, eq. (1).
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
        >>> from qtf.physics import Chain
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
        >>> from qtf.physics import Chain
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
        >>> from qtf.physics import Chain
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
        >>> from qtf.physics import Chain
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


def dzyaloshinskii_moriya(
    lattice: Lattice,
    *,
    coupling: Coefficient = 1.0,
    dm: Coefficient = 0.5,
    units: str = "spin",
) -> PauliSum:
    """Returns the Heisenberg model with an interaction that turns neighbours against each other.

        H = sum_<ij> J_ij S_i . S_j + D_ij . (S_i x S_j)   (hbar = 1)

    Bonds go from i to j as `lattice.directed_bonds()` tells.

    Args:
        lattice: The lattice.
        coupling: J, one number or one for each bond in the order of `lattice.bonds()`;
            positive is antiferromagnetic.
        dm: D, one number for a vector along z, three for one vector, or three for each bond,
            (n_bonds, 3).
        units: "spin" for S = sigma / 2, "pauli" for S = sigma.

    Returns:
        The Hamiltonian, complex where D has a part along x or z.

    Raises:
        ValueError: A coefficient is not finite and real or has the wrong length, or
            `units` is unknown.

    Example:
        >>> from qtf.physics import Chain
        >>> twisted = dzyaloshinskii_moriya(Chain(2), coupling=0.0, dm=1.0, units="pauli")
        >>> [(term.coefficient, term.paulis) for term in twisted.terms]
        [(1.0, 'XY'), (-1.0, 'YX')]
    """
    bonds = lattice.directed_bonds()
    vectors = UNITS[checked_choice("units", units, UNITS)] * _bond_vectors("dm", dm, len(bonds))
    terms = [
        term
        for axis, pair in enumerate(("YZ", "ZX", "XY"))
        for sign, letters in ((1.0, pair), (-1.0, pair[::-1]))
        for term in _pair_terms(sign * vectors[:, axis], bonds, letters)
    ]
    return heisenberg(lattice, coupling=coupling, units=units) + PauliSum(lattice.n_sites, terms)


def chiral(
    lattice: Lattice,
    *,
    coupling: Coefficient = 1.0,
    chirality: Coefficient = 1.0,
    units: str = "spin",
) -> PauliSum:
    """Returns the Heisenberg model with the scalar chirality of three spins.

        H = sum_<ij> J_ij S_i . S_j + sum_(ijk) K_ijk S_i . (S_j x S_k)   (hbar = 1)

    Args:
        lattice: A lattice with triangles, which `lattice.triangles()` goes round
            counterclockwise.
        coupling: J, one number or one for each bond in the order of `lattice.bonds()`;
            positive is antiferromagnetic.
        chirality: K, one number or one for each triangle.
        units: "spin" for S = sigma / 2, "pauli" for S = sigma.

    Returns:
        The Hamiltonian, which is complex.

    Raises:
        ValueError: A coefficient is not finite and real or has the wrong length, `units` is
            unknown, or the lattice has no triangles.

    Example:
        >>> from qtf.physics import Chain
        >>> ring = chiral(Chain(3, periodic=True), coupling=0.0)
        >>> float(np.linalg.eigvalsh(ring.to_dense()).min().round(6))
        -0.433013

    Source: Wen, Wilczek and Zee, Phys. Rev. B 39, 11413 (1989).
    """
    # Three spins, where `UNITS` is for two.
    scale = UNITS[checked_choice("units", units, UNITS)] ** 1.5
    _, triangles = find_places("triangles", lattice)
    numbers = scale * checked_coefficients("chirality", chirality, len(triangles), "triangle")
    signs = {"XYZ": 1.0, "YZX": 1.0, "ZXY": 1.0, "XZY": -1.0, "ZYX": -1.0, "YXZ": -1.0}
    terms = [
        PauliTerm(sign * number, sites, letters)
        for letters, sign in signs.items()
        for number, sites in zip(numbers.tolist(), triangles, strict=True)
        if number
    ]
    return heisenberg(lattice, coupling=coupling, units=units) + PauliSum(lattice.n_sites, terms)


def _bond_vectors(name: str, value: Coefficient, n_bonds: int) -> NDArray[np.float64]:
    """Returns a vector for each bond, (n_bonds, 3)."""
    numbers = checked_real(name, value)
    shape = numbers.shape
    if shape not in ((), (3,), (n_bonds, 3)):
        raise ValueError(
            f"Argument `{name}` must be one number, three, or three for each of {n_bonds} bonds,"
            f" but has shape {shape}."
        )
    vectors = numbers * [0.0, 0.0, 1.0] if shape == () else numbers
    return np.broadcast_to(vectors, (n_bonds, 3))


def _pair_terms(coefficients: NDArray[np.float64], bonds: Bonds, paulis: str) -> list[PauliTerm]:
    pairs = zip(coefficients.tolist(), bonds, strict=True)
    return [PauliTerm(c, bond, paulis) for c, bond in pairs if c]


def _site_terms(coefficients: NDArray[np.float64], pauli: str) -> list[PauliTerm]:
    return [PauliTerm(c, (site,), pauli) for site, c in enumerate(coefficients.tolist()) if c]


@dataclass(frozen=True)
class Model:
    """What there is to know of a kind of Hamiltonians beside its terms.

    Attributes:
        build: Returns the Hamiltonian. Its arguments, but for `lattice`, are the keys of
            configurations, and their defaults are the only ones.
        title: Its name in titles.
        formula: The Hamiltonian in one line.
        symbols: Letters of the arguments in the formula, in the order in which they are shown.
    """

    build: Callable[..., PauliSum]
    title: str
    formula: str = ""
    symbols: Mapping[str, str] = field(default_factory=dict)

    @property
    def defaults(self) -> dict[str, object]:
        """Arguments but for the lattice with their defaults, `inspect.Parameter.empty` if none."""
        parameters = inspect.signature(self.build).parameters
        return {key: value.default for key, value in parameters.items() if key != "lattice"}


_IN_PLANE = "SᵢˣSⱼˣ + SᵢʸSⱼʸ"
HAMILTONIANS = {
    "ising": Model(
        ising,
        "Ising model",
        "H = −J Σ ZᵢZⱼ − h Σ Zᵢ − g Σ Xᵢ",
        {"coupling": "J", "longitudinal_field": "h", "transverse_field": "g"},
    ),
    "xxz": Model(
        xxz,
        "XXZ model",
        f"H = J Σ ({_IN_PLANE} + Δ SᵢᶻSⱼᶻ)",
        {"coupling": "J", "anisotropy": "Δ"},
    ),
    "heisenberg": Model(heisenberg, "Heisenberg model", "H = J Σ Sᵢ·Sⱼ", {"coupling": "J"}),
    "xyz": Model(
        xyz,
        "XYZ model",
        "H = Σ (Jˣ XᵢXⱼ + Jʸ YᵢYⱼ + Jᶻ ZᵢZⱼ) + B Σ Zᵢ",
        {"coupling_x": "Jˣ", "coupling_y": "Jʸ", "coupling_z": "Jᶻ", "field": "B"},
    ),
    "j1j2": Model(
        j1j2,
        "J1-J2 model",
        "H = J₁ Σ Sᵢ·Sⱼ + J₂ Σ Sᵢ·Sⱼ (next nearest)",
        {"coupling": "J₁", "next_nearest_coupling": "J₂"},
    ),
    "dzyaloshinskii_moriya": Model(
        dzyaloshinskii_moriya,
        "Heisenberg model with Dzyaloshinskii-Moriya interaction",
        "H = J Σ Sᵢ·Sⱼ + Σ D·(Sᵢ×Sⱼ)",
        {"coupling": "J", "dm": "D"},
    ),
    "chiral": Model(
        chiral,
        "Heisenberg model with scalar chirality",
        "H = J Σ Sᵢ·Sⱼ + K Σ Sᵢ·(Sⱼ×Sₖ)",
        {"coupling": "J", "chirality": "K"},
    ),
    "custom": Model(custom, "Hamiltonian of Pauli strings"),
}
