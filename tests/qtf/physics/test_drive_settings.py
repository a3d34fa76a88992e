import numpy as np
import pytest

from qtf.physics import Chain, HamiltonianSettings, build_driven, ising, xxz

RAMP = {"times": [0.0, 2.0], "values": [0.0, 4.0], "law": "linear"}
ISING = HamiltonianSettings("ising", {"n_sites": 3, "transverse_field": 7.0, "coupling": 0.5})


def test_a_named_coefficient_takes_the_value_of_the_function():
    driven = build_driven(ISING, [{"term": "transverse_field", **RAMP}])
    for time, field in ((0.0, 0.0), (0.5, 1.0), (2.0, 4.0)):
        expected = ising(Chain(3), coupling=0.5, transverse_field=field)
        np.testing.assert_allclose(driven.at(time).to_dense(), expected.to_dense(), atol=1e-14)


def test_several_coefficients_and_operators_add_up():
    kick = {"name": "custom", "terms": [[0.5, [0], "Y"]]}
    names = ("longitudinal_field", "coupling", kick)
    driven = build_driven(ISING, [{"term": term, **RAMP} for term in names])
    fields = {"coupling": 1.0, "longitudinal_field": 1.0, "transverse_field": 7.0}
    expected = ising(Chain(3), **fields).to_dense().astype(complex)
    expected += 0.5 * np.kron([[0, -1j], [1j, 0]], np.eye(4))
    np.testing.assert_allclose(driven.at(0.5).to_dense(), expected, atol=1e-14)


def test_an_anisotropy_is_driven_at_its_coupling():
    settings = HamiltonianSettings("xxz", {"n_sites": 3, "coupling": 2.0})
    driven = build_driven(settings, [{"term": "anisotropy", **RAMP}])
    expected = xxz(Chain(3), coupling=2.0, anisotropy=3.0)
    np.testing.assert_allclose(driven.at(1.5).to_dense(), expected.to_dense(), atol=1e-14)


@pytest.mark.parametrize(
    ("drive", "message"),
    [
        ([3], "`drive` must hold mappings with the keys term, times, values, law, but holds 3"),
        ([{"term": "coupling", **RAMP, "phase": 1}], "`drive` must hold mappings with the keys"),
        ([{"term": "copling", **RAMP}], "one of coupling, .*, but has 'copling'"),
        ([{"term": 3, **RAMP}], "must have as `term` a coefficient or a Hamiltonian, but has 3"),
        ([{"term": {"name": "isig"}, **RAMP}], "`name` must be one of ising"),
        ([{"term": "coupling", **RAMP}] * 2, "must name a coefficient once"),
        ([{"term": "coupling", **RAMP, "law": "cubical"}], "`law` must be one of"),
    ],
)
def test_wrong_entries_are_named(drive, message):
    with pytest.raises(ValueError, match=message):
        build_driven(ISING, drive)


def test_coefficients_that_multiply_one_another_are_refused():
    drive = [{"term": term, **RAMP} for term in ("coupling", "anisotropy")]
    with pytest.raises(ValueError, match="do not multiply one another, but names coupling, aniso"):
        build_driven(HamiltonianSettings("xxz", {"n_sites": 3}), drive)
