"""Predictions against exact evolution, linear propagation of errors, and coverage over draws."""

import csv
import io
import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.linalg import expm

from qtf.measurements import (
    LearnedParameters,
    Setting,
    ShotModel,
    exact_means,
    fit_words,
    predict_means,
    simulate_shots,
)
from qtf.physics import Chain, custom, ising

TIMES = np.linspace(0.0, 1.5, 6)
MATRICES = {
    "I": np.eye(2),
    "X": np.array([[0, 1], [1, 0]]),
    "Y": np.array([[0, -1j], [1j, 0]]),
    "Z": np.diag([1, -1]),
}


def string(letters):
    matrix = np.eye(1)
    for letter in letters:
        matrix = np.kron(matrix, MATRICES[letter])
    return matrix


def everywhere(word, n_sites):
    places = range(n_sites - len(word) + 1)
    return [string("I" * k + word + "I" * (n_sites - k - len(word))) for k in places]


def learned_from(names, values, errors, n_sites=4, **options):
    return LearnedParameters(
        n_sites, tuple(names), np.array(values), np.diag(np.square(errors)), **options
    )


def test_values_are_those_of_dense_exponentials():
    names, values = ("ZZ", "X", "XIY"), (0.9, 0.6, -0.3)
    learned = learned_from(names, values, [0.01] * 3)
    words = ("X", "Y", "Z@2", "ZZ", "XIZ")
    preparation = "+x +z 0.5:1.25 -y +y -x +z"
    prediction = predict_means(
        learned, 7, TIMES, observables=words, preparation=preparation, n_samples=2
    )
    hamiltonian = sum(v * sum(everywhere(name, 7)) for name, v in zip(names, values, strict=True))
    spins = [
        [np.cos(theta / 2), np.exp(1j * phi) * np.sin(theta / 2)]
        for theta, phi in Setting(preparation, 0.0, "Z" * 7, 1).preparation
    ]
    psi0 = np.ones(1)
    for spin in spins:
        psi0 = np.kron(psi0, spin)
    for k, word in enumerate(words):
        letters, _, site = word.partition("@")
        operators = everywhere(letters, 7)
        operator = operators[int(site) - 1] if site else np.mean(operators, axis=0)
        for t, time in enumerate(TIMES):
            psi = expm(-1j * time * hamiltonian) @ psi0
            assert prediction.values[t, k] == pytest.approx((psi.conj() @ operator @ psi).real)


def test_a_spin_that_decays_is_followed_in_closed_form():
    learned = learned_from(["Z", "decay", "dephasing"], [0.5, 0.4, 0.1], [0.01, 0.01, 0.01])
    prediction = predict_means(
        learned, 2, TIMES, observables=["X", "Y@1", "Z@2"], preparation="+x", n_samples=3
    )
    # Dephasing Z of rate g damps X by exp(-2 g t), decay by exp(-g t / 2).
    damped = np.exp(-0.2 * TIMES - 0.4 * TIMES / 2)
    assert prediction["X"][:, 0] == pytest.approx(np.cos(TIMES) * damped, abs=1e-8)
    assert prediction["Y@1"][:, 0] == pytest.approx(np.sin(TIMES) * damped, abs=1e-8)
    assert prediction["Z@2"][:, 0] == pytest.approx(np.exp(-0.4 * TIMES) - 1, abs=1e-8)


def test_the_band_is_that_of_linear_propagation_where_errors_are_small():
    names, values = ("ZZ", "X"), np.array([1.0, 0.7])
    covariance = np.array([[4e-6, 3e-6], [3e-6, 9e-6]])
    learned = LearnedParameters(4, names, values, covariance)

    def means(moved):
        hamiltonian = LearnedParameters(4, names, moved, covariance).hamiltonian(5)
        return exact_means(hamiltonian, TIMES, preparation="+z", observables=["Y", "ZZ"])

    step = 1e-4
    slopes = np.stack(
        [(means(values + step * e) - means(values - step * e)) / (2 * step) for e in np.eye(2)]
    )
    expected = np.sqrt(np.einsum("atk,ab,btk->tk", slopes, covariance, slopes))
    prediction = predict_means(learned, 5, TIMES, observables=["Y", "ZZ"], n_samples=500, seed=3)
    # Of 500 draws the standard deviation is known to 3.2 %, ends of the band to 6 %.
    assert prediction.errors == pytest.approx(expected, rel=0.12, abs=1e-9)
    half = (prediction.high - prediction.low) / 2
    assert half == pytest.approx(1.96 * expected, rel=0.18, abs=1e-9)


def test_bands_cover_the_truth_as_often_as_they_say():
    model = ShotModel.of_words(3, terms=["ZZ", "X", "Z"])
    truth = np.array([0.9, 0.6, 0.3])
    exact = exact_means(
        ising(Chain(5), coupling=-0.9, transverse_field=-0.6, longitudinal_field=-0.3),
        [1.0],
        preparation="+x",
        observables=["X", "ZZ"],
    )
    settings = [
        Setting(start, time, basis, 40)
        for start in ("+z", "+x", "+y")
        for time in (0.3, 0.7, 1.1)
        for basis in ("XYZ", "YZX", "ZXY")
    ]
    deviations, inside = [], []
    for seed in range(24):
        shots = simulate_shots(model, truth, settings, seed=seed)
        fit = fit_words(shots, terms=model.names, candidates=())
        prediction = predict_means(
            fit, 5, [1.0], preparation="+x", observables=["X", "ZZ"], n_samples=80, seed=seed
        )
        deviations.append((prediction.values - exact)[0] / prediction.errors[0])
        inside.append(((prediction.low < exact) & (exact < prediction.high))[0])
    # 24 fits: one standard deviation of a mean square of 1 is 0.29, of a share of 95 % 4.4 %.
    assert np.square(deviations).mean(axis=0) == pytest.approx(1.0, abs=0.87)
    assert (np.mean(inside, axis=0) > 0.95 - 3 * 0.044).all()


def test_draws_have_the_covariance_and_stay_within_bounds():
    covariance = np.array([[0.04, 0.01, 0.0], [0.01, 0.02, 0.0], [0.0, 0.0, 1e-4]])
    learned = LearnedParameters(2, ("X", "decay", "e01"), np.array([1.0, 0.05, 0.001]), covariance)
    drawn = learned.draw(20_000, seed=1)
    assert drawn[:, 1:].min() == 0.0
    free = LearnedParameters(2, ("X", "Z", "ZZ"), np.zeros(3), covariance).draw(20_000, seed=1)
    assert np.cov(free.T) == pytest.approx(covariance, abs=1.5e-3)
    assert (learned.draw(3, seed=1) == drawn[:3]).all()
    assert (learned.draw(3, seed=2) != drawn[:3]).any()


def test_words_of_sites_belong_to_the_chain_that_was_measured():
    learned = learned_from(["ZZ@1", "ZZ@2", "X@3", "e01@1"], [1.0, 2.0, 0.5, 0.01], [0.1] * 4, 3)
    expected = custom(3, [(1.0, (0, 1), "ZZ"), (2.0, (1, 2), "ZZ"), (0.5, (2,), "X")])
    assert learned.hamiltonian(3) == expected
    with pytest.raises(ValueError, match="must be 3 as `ZZ@1` belongs to one site .* but is 5"):
        learned.hamiltonian(5)
    readout = learned_from(["X", "e01@2"], [1.0, 0.01], [0.1, 0.01], 3)
    assert len(readout.hamiltonian(5).terms) == 5


def test_a_file_of_rows_and_an_object_say_the_same():
    learned = learned_from(["X"], [0.5], [0.05])
    prediction = predict_means(learned, 2, [0.0, 1.0], observables=["Z@each", "ZZ"], n_samples=9)
    assert prediction.observables == ("Z@1", "Z@2", "ZZ")
    rows = list(csv.DictReader(io.StringIO(prediction.csv_text())))
    assert [row["observable"] for row in rows] == ["Z@1", "Z@1", "Z@2", "Z@2", "ZZ", "ZZ"]
    content = prediction.to_dict()
    for row in rows:
        column = content["observables"][row["observable"]]
        place = content["times"].index(float(row["time"]))
        for name in ("value", "error", "low", "high"):
            assert float(row[name]) == column[name][place]


def test_what_does_not_explain_its_data_is_said():
    learned = learned_from(["X"], [0.5], [0.05], explains_the_data=False)
    prediction = predict_means(learned, 2, [1.0], observables=["Z"], n_samples=2)
    assert "does not explain the data" in prediction.lines()[-1]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n_sites": 17}, "`n_sites` must be, without rates of jumps, at most 16, but is 17"),
        ({"n_sites": 0}, "`n_sites` must be positive, but is 0"),
        ({"times": [-1.0]}, "`times` must not be negative, but is -1.0"),
        ({"observables": []}, "`observables` must hold at least one word"),
        ({"observables": ["Q"]}, "`observables` must hold letters X, Y, Z"),
        ({"observables": ["ZIIIZ"]}, '`observables` must fit on 3 sites, but "ZIIIZ" does not'),
        ({"preparation": "+x +z"}, "`preparation` must be for 3 sites"),
        ({"n_samples": 0}, "`n_samples` must be positive"),
    ],
)
def test_wrong_arguments_are_named(changes, message):
    arguments = {"n_sites": 3, "times": [1.0], "n_samples": 2, **changes}
    with pytest.raises(ValueError, match=message):
        predict_means(learned_from(["X"], [0.5], [0.05]), **arguments)


def test_what_cannot_be_drawn_is_named():
    untold = learned_from(["X", "Z"], [0.5, 0.0], [0.05, 0.0], untold=("Z",))
    with pytest.raises(ValueError, match="must be told by the data to be drawn, but Z is not"):
        predict_means(untold, 3, [1.0])
    old = LearnedParameters(2, ("X",), np.array([0.5]), None)
    with pytest.raises(ValueError, match="must hold a `covariance`, but is of an older version"):
        predict_means(old, 3, [1.0])
    with pytest.raises(ValueError, match="with rates of jumps, at most 8, but is 9"):
        predict_means(learned_from(["decay"], [0.5], [0.05]), 9, [1.0])
    prediction = predict_means(learned_from(["X"], [0.5], [0.05]), 2, [1.0], n_samples=1)
    with pytest.raises(ValueError, match="`observable` must be one of X, Y, Z, .* but is 'Q'"):
        prediction["Q"]


def test_a_figure_shows_band_and_truth():
    prediction = predict_means(
        learned_from(["X"], [0.5], [0.05]), 3, TIMES, observables=["Z", "ZZ"], n_samples=9
    )
    figure = prediction.plot(exact=prediction.values)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        "95 % of the draws",
        "prediction",
        "exact",
    ]
    with pytest.raises(ValueError, match=r"`exact` must have the shape \(6, 2\), but has \(6,\)"):
        prediction.plot(exact=TIMES)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"n_sites": 2}, "must have the key `parameters`"),
        ({"n_sites": 2, "parameters": [{"name": "X"}]}, "must be a result of learn-shots, but"),
        (
            {"n_sites": 2, "parameters": [{"name": "X", "value": 1.0}], "covariance": [[1, 0]]},
            r"must have a `covariance` of 1 rows and columns, .* but has \(1, 2",
        ),
    ],
)
def test_a_file_that_is_no_result_is_named(content, message, tmp_path):
    path = tmp_path / "result.json"
    path.write_text(json.dumps(content))
    with pytest.raises(ValueError, match=f"File .*result.json {message}"):
        LearnedParameters.read(path)


def test_a_file_says_what_its_fit_says(tmp_path):
    model = ShotModel.of_words(2, terms=["X", "ZZ"], readout=["e01"])
    settings = [Setting("+z", 0.3 * k, "ZZ", 200) for k in range(1, 5)]
    shots = simulate_shots(model, [0.5, 0.0, 0.02], settings, seed=1)
    fit = fit_words(shots, terms=["X", "ZZ"], readout=["e01"], fixed={"ZZ": 0.0}, candidates=())
    path = tmp_path / "result.json"
    path.write_text(json.dumps(fit.to_dict()))
    for learned in (LearnedParameters.read(path), LearnedParameters.of_fit(fit)):
        assert (learned.n_sites, learned.names) == (2, ("X", "ZZ", "e01"))
        assert learned.values == pytest.approx(fit.parameters)
        assert learned.covariance == pytest.approx(fit.covariance)
        assert learned.untold == ()
        assert learned.explains_the_data == fit.explains_the_data
    untold = replace(fit, determined=np.array([True, True, False]))
    path.write_text(json.dumps(untold.to_dict()))
    assert LearnedParameters.read(path).untold == ("e01",)
    assert LearnedParameters.of_fit(untold).untold == ("e01",)


def test_errors_of_the_preparation_are_left_aside():
    names = ["X", "depolarised@1", "e10"]
    learned = learned_from(names, [0.5, 0.97, 0.1], [0.01, 0.1, 0.01])
    clean = learned_from(["X"], [0.5], [0.01])
    found = predict_means(learned, 3, TIMES, n_samples=3).values
    np.testing.assert_array_equal(found, predict_means(clean, 3, TIMES, n_samples=3).values)
    drawn = learned.draw(200, seed=0)
    assert drawn[:, 1].max() == 1.0


def test_driven_terms_and_observables_are_not_predicted():
    learned = learned_from(["ZZ", "pulse*X"], [0.5, 0.5], [0.01, 0.01])
    with pytest.raises(ValueError, match=r"no shape where means are predicted, but `pulse\*X` has"):
        predict_means(learned, 3, TIMES)
    clean = learned_from(["X"], [0.5], [0.01])
    with pytest.raises(ValueError, match=r'`observables` must hold letters .*but holds "p\*X"'):
        predict_means(clean, 3, TIMES, observables=["p*X"])
