"""Windows and patches against the whole chain, which is followed exactly."""

import numpy as np
import pytest

from qtf.measurements import Experiments, Setting, ShotModel, simulate_shots
from qtf.measurements.patches import ChainModel, ChainShots, PatchModel, make_patch, windows_of

WORDS = {"terms": ["XX", "ZZ@each", "Y"], "readout": ["e01", "e10@3"]}
N_SITES = 5


@pytest.fixture(scope="module")
def chain():
    random = np.random.default_rng(1)
    model = ShotModel.of_words(N_SITES, **WORDS)
    truth = np.array([0.5, 0.8, -0.6, 0.7, 0.9, 0.4, 0.03, 0.06])
    starts = ("+z", "+x -y +z +z -x")
    settings = [
        Setting(starts[k % 2], 0.2 + 0.3 * (k % 3), "".join(random.choice(list("XYZ"), 5)), 40)
        for k in range(12)
    ]
    return model, truth, settings, simulate_shots(model, truth, settings, seed=0)


def marginal(values, window):
    shape = (*values.shape[:-1], 2**window.start, 2 ** len(window), -1)
    return values.reshape(shape).sum((-3, -1))


def test_windows_cover_a_chain():
    for n_sites in (3, 8, 9, 11, 50):
        windows = windows_of(n_sites, 8)
        assert sorted({site for window in windows for site in window}) == list(range(n_sites))
        assert len(windows) <= max(1, n_sites / 4)


@pytest.mark.parametrize("by_means", [True, False])
@pytest.mark.parametrize("window", [range(1, 4), range(3), range(1, 5)])
def test_a_patch_as_large_as_the_chain_has_its_marginals(chain, monkeypatch, window, by_means):
    model, truth, _, shots = chain
    monkeypatch.setattr(PatchModel, "_means_are_faster", lambda self, n_bases: by_means)
    # Derivatives and bases in pieces.
    monkeypatch.setattr("qtf.measurements.patches.PIECE_BYTES", 40_000)
    patch = make_patch(ChainModel.of_words(N_SITES, **WORDS), ChainShots(shots), window, 4, 4)
    predicted = patch.predict(truth)
    for piece in model.predict(truth, patch.shots.settings, range(model.size)):
        expected = marginal(piece.values, window)
        np.testing.assert_allclose(
            predicted[piece.rows], expected[:, [0, *[1 + k for k in patch.places]]], atol=1e-12
        )
    assert patch.places == list(range(8))


def test_probabilities_come_from_the_wide_part_and_derivatives_from_the_other(chain):
    _, truth, _, shots = chain
    model, arrays, window = ChainModel.of_words(N_SITES, **WORDS), ChainShots(shots), range(2, 4)
    wide = make_patch(model, arrays, window, 3, 3).predict(truth)
    both = make_patch(model, arrays, window, 1, 3)
    narrow = make_patch(model, arrays, window, 1, 1)
    np.testing.assert_allclose(both.predict(truth)[:, 0], wide[:, 0], atol=1e-14)
    # The settings of all are of different numbers of sites; strings lead from one to another.
    rows, others = both.groups[:, 0], narrow.groups[:, 0]
    derivatives = narrow.predict(truth)[others, 1:]
    np.testing.assert_allclose(both.predict(truth)[rows, 1:], derivatives, atol=1e-14)
    assert np.abs(narrow.predict(truth)[others, 0] - wide[rows, 0]).max() > 1e-4


def test_a_larger_margin_is_closer_to_the_chain(chain):
    _, truth, _, shots = chain
    model, arrays, window = ChainModel.of_words(N_SITES, **WORDS), ChainShots(shots), range(2)
    whole = make_patch(model, arrays, window, 0, 3).predict(truth)[:, 0]
    exact = whole[make_patch(model, arrays, window, 0, 3).groups[:, 0]]
    off = []
    for margin in (0, 1, 2):
        patch = make_patch(model, arrays, window, margin, margin)
        off.append(np.abs(patch.predict(truth)[patch.groups[:, 0], 0] - exact).max())
    assert off[0] > 2 * off[1] > 4 * off[2] > 0


def test_counts_of_a_window_are_sums(chain):
    _, _, settings, shots = chain
    window = range(1, 3)
    patch = make_patch(ChainModel.of_words(N_SITES, **WORDS), ChainShots(shots), window, 1, 1)
    assert sum(setting.shots for setting in patch.shots.settings) == shots.shots
    row = patch.groups[0, 0]
    same = [
        counts
        for setting, counts in zip(settings, shots.counts, strict=True)
        if setting.basis[1:3] == settings[0].basis[1:3]
        and setting.time == settings[0].time
        and setting.preparation[:4] == settings[0].preparation[:4]
    ]
    expected = np.zeros(4)
    for counts in same:
        for bits, number in counts.items():
            expected[int(bits[1:3], 2)] += number
    states, numbers = patch.shots.outcomes[row]
    np.testing.assert_array_equal(numbers, expected[states])
    assert numbers.sum() == expected.sum()


def test_words_of_a_patch_are_shifted():
    shots = ChainShots(Experiments([Setting("+z", 0.1, "Z" * 9, 1)], [{"0" * 9: 1}]))
    words = {"terms": ["XX@each", "Z@9", "ZIIIIZ"], "jumps": ["decay@each"], "readout": ["e01@5"]}
    model = ChainModel.of_words(9, **words)
    part = make_patch(model, shots, range(3, 5), 1, 1).part
    names = [model.names[place] for place in part.places]
    assert names == ["XX@3", "XX@4", "XX@5", "decay@3", "decay@4", "decay@5", "decay@6", "e01@5"]
    assert part.model.names[-1] == "e01@2"


def test_windows_of_density_matrices():
    random = np.random.default_rng(2)
    words = {"terms": ["XX", "Z@each"], "jumps": ["decay", "dephasing@2"]}
    model = ShotModel.of_words(3, **words)
    truth = np.array([0.7, 0.3, -0.4, 0.5, 0.2, 0.1])
    settings = [Setting("+x", 0.4, "".join(random.choice(list("XYZ"), 3)), 5) for _ in range(4)]
    shots = simulate_shots(model, truth, settings, seed=0)
    patch = make_patch(ChainModel.of_words(3, **words), ChainShots(shots), range(1, 3), 1, 1)
    predicted = patch.predict(truth)
    (piece,) = model.predict(truth, patch.shots.settings, range(6))
    np.testing.assert_allclose(
        predicted[piece.rows], marginal(piece.values, range(1, 3)), atol=1e-12
    )


def test_a_chain_of_a_thousand_sites_and_no_more():
    assert ChainModel.of_words(1000, terms=["Z"]).size == 1
    with pytest.raises(ValueError, match="at most 1000, but is 1001"):
        ChainModel.of_words(1001, terms=["Z"])
