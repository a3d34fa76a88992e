import json

import keras
import numpy as np
import pytest
import scipy.stats
import tensorflow as tf

from qtf.autoregressive import NETWORKS
from qtf.autoregressive.network import network_class
from qtf.export.saved_model import export_wave_function
from qtf.export.wave_function_signatures import WaveFunctionModule
from qtf.ground_states.local_energy import LocalEnergy
from qtf.ground_states.symmetries import symmetrizer
from qtf.ground_states.wave_function import WaveFunction
from qtf.physics import Chain, Square, all_bits, heisenberg, ising
from serving.models.loaded_version import LoadedVersion
from serving.models.warm_up import warm_up
from serving.status import StatusError

from .stock_session import SavedGraph, answers_in_stock_session

ARGUMENTS = {
    "gated_2d": {"shape": (2, 3), "units": 6, "context": True},
    "gru": {"n_positions": 6, "units": 6},
    "transformer": {"n_positions": 6, "units": 8, "n_layers": 1},
    "lstm_2d": {"shape": (2, 3), "units": 6, "n_layers": 2},
    "pixelcnn": {"shape": (2, 3), "width": 6, "depth": 3},
    "row_scan": {"shape": (2, 3), "units": 6},
}
EVERY = all_bits(6).astype(np.int32)
POWERS = 1 << np.arange(5, -1, -1)
MAX_SAMPLES = 20_000
HAMILTONIAN = heisenberg(Square(2, 3))
CONFIG = {
    "physics": {"hamiltonian": {"name": "heisenberg", "lattice": "square", "n_rows": 2}},
    "network": {"name": "gru", "units": 6, "width": None},
    "wave_function": {"order": "raster", "zero_magnetization": True},
}


def wave_function(name="gru", dtype=None, **arguments):
    keras.utils.set_random_seed(3)
    network = network_class(NETWORKS[name])(**ARGUMENTS[name], dtype=dtype)
    rng = np.random.default_rng(4)
    for variable in network.variables:
        variable.assign(variable + 0.4 * rng.standard_normal(variable.shape))
    return WaveFunction(network=network, dtype=dtype, **arguments)


def exported(psi, folder, hamiltonian=HAMILTONIAN):
    return export_wave_function(psi, folder / "psi", hamiltonian, CONFIG, max_samples=MAX_SAMPLES)


@pytest.fixture(scope="module")
def psi():
    return wave_function(zero_magnetization=True, sites=(3, 0, 5, 1, 4, 2), sign_sites=(0, 2))


@pytest.fixture(scope="module")
def version(psi, tmp_path_factory):
    return exported(psi, tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def signatures(version):
    return tf.saved_model.load(str(version)).signatures


@pytest.fixture(scope="module")
def served(version):
    """The version as a server runs it, which compares no shapes."""
    loaded = LoadedVersion("psi", 1, version)
    yield loaded
    loaded.close()


def seeds(*values):
    return tf.constant(values, tf.int64)


def arrays(answer):
    return {name: value.numpy() for name, value in answer.items()}


def observables_by_hand(psi, bits):
    real, imaginary = map(np.asarray, LocalEnergy(HAMILTONIAN)(psi, bits))
    mean_z = (1 - 2 * bits).mean(axis=1)
    return {
        "local_energy_re": real,
        "local_energy_im": imaginary,
        "magnetization": mean_z,
        "abs_magnetization": np.abs(mean_z),
    }


def assert_equal_values(found, expected):
    assert set(found) == set(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-5, atol=1e-5, err_msg=name)


@pytest.mark.parametrize("name", ["log_psi", "serving_default"])
def test_log_psi_equals_the_model_everywhere(signatures, psi, name):
    found = arrays(signatures[name](bits=tf.constant(EVERY)))
    log_modulus, phase = map(np.asarray, psi(EVERY))
    assert_equal_values(found, {"log_modulus": log_modulus, "phase": phase})
    # Where psi vanishes its number says so, and is one that JSON can hold.
    forbidden = EVERY.sum(axis=1) != 3
    assert found["log_modulus"][forbidden].max() < -1000
    assert np.isfinite(found["log_modulus"]).all()
    assert np.exp(2 * found["log_modulus"][~forbidden]).sum() == pytest.approx(1, abs=1e-5)


def test_a_seed_gives_the_same_sample_alone_and_among_others(signatures):
    chosen = [5, -7, 2**60, 5, 0]
    together = arrays(signatures["sample"](seed=seeds(*chosen)))
    for row, seed in enumerate(chosen):
        alone = arrays(signatures["sample"](seed=seeds(seed)))
        np.testing.assert_array_equal(alone["bits"][0], together["bits"][row])
        assert alone["log_modulus"][0] == pytest.approx(together["log_modulus"][row], abs=1e-5)
    crowd = tf.range(-3000, 3000, dtype=tf.int64)
    among_many = signatures["sample"](seed=crowd)["bits"].numpy()
    np.testing.assert_array_equal(among_many[[3005, 2993, 3000]], together["bits"][[0, 1, 4]])
    # The observables are those of the same samples.
    small = arrays(signatures["observables"](seed=crowd))
    np.testing.assert_allclose(small["magnetization"], (1 - 2 * among_many).mean(axis=1), atol=1e-6)


def test_samples_come_with_their_logarithm(signatures, psi):
    found = arrays(signatures["sample"](seed=tf.range(50, dtype=tf.int64)))
    log_modulus, phase = map(np.asarray, psi(found["bits"]))
    assert found["bits"].dtype == np.int32
    assert_equal_values(found, {"bits": found["bits"], "log_modulus": log_modulus, "phase": phase})


@pytest.mark.parametrize("name", NETWORKS)
def test_samples_of_successive_seeds_follow_the_probabilities(name):
    psi = wave_function(name, zero_magnetization=name == "gru")
    module = WaveFunctionModule(psi, HAMILTONIAN, max_samples=MAX_SAMPLES)
    bits = module.sample(tf.range(MAX_SAMPLES, dtype=tf.int64))["bits"].numpy()
    counts = np.bincount(bits @ POWERS, minlength=64)
    expected = MAX_SAMPLES * np.exp(2 * np.asarray(psi(EVERY)[0], np.float64))
    # Rare configurations together, as the test asks for at least five of each.
    rare = expected < 5
    observed = np.append(counts[~rare], counts[rare].sum())
    wanted = np.append(expected[~rare], expected[rare].sum())
    kept = wanted > 0
    assert observed[~kept].sum() == 0
    scale = observed.sum() / wanted[kept].sum()
    assert scale == pytest.approx(1, abs=1e-5)
    assert scipy.stats.chisquare(observed[kept], scale * wanted[kept]).pvalue > 1e-4


@pytest.mark.parametrize("n_seeds", [1, 7, 1100])
def test_observables_equal_those_of_the_samples(signatures, psi, n_seeds):
    # 8 configurations for each sample of this Hamiltonian: 1100 samples take several runs.
    assert LocalEnergy(HAMILTONIAN).n_flips == 7
    chosen = tf.range(n_seeds, dtype=tf.int64)
    found = arrays(signatures["observables"](seed=chosen))
    assert found["local_energy_re"].shape == (n_seeds,)
    bits = signatures["sample"](seed=chosen)["bits"].numpy()
    assert_equal_values(found, observables_by_hand(psi, bits))


def test_mean_local_energy_is_the_energy_of_the_state(signatures, psi):
    log_modulus, phase = (np.asarray(part, np.float64) for part in psi(EVERY))
    vector = np.exp(log_modulus + 1j * phase)
    energy = (vector.conj() @ HAMILTONIAN.to_dense() @ vector).real
    local = signatures["observables"](seed=tf.range(4000, dtype=tf.int64))["local_energy_re"]
    error = np.std(local) / np.sqrt(4000)
    assert abs(np.mean(local) - energy) < 4 * error


@pytest.mark.long
def test_tf1_session_without_xla_and_without_qtf_serves_it(version, psi, tmp_path):
    requests = [
        ("log_psi", {"bits": EVERY}),
        ("sample", {"seed": np.arange(30)}),
        ("observables", {"seed": np.arange(30)}),
        ("log_psi", {"bits": EVERY + 1}),
    ]
    logarithm, samples, small, refusal = answers_in_stock_session(version, requests, tmp_path)
    log_modulus, phase = map(np.asarray, psi(EVERY))
    assert_equal_values(logarithm, {"log_modulus": log_modulus, "phase": phase})
    assert_equal_values(small, observables_by_hand(psi, samples["bits"]))
    assert "`bits` must be 0 or 1, but holds" in refusal


@pytest.mark.long
@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_is_exported_without_xla(name, tmp_path):
    graph = SavedGraph(exported(wave_function(name), tmp_path))
    assert not any(graph.uses_xla(key) for key in ("log_psi", "sample", "observables"))


def test_double_precision_is_served_as_single():
    psi = wave_function(dtype="float64")
    module = WaveFunctionModule(psi, HAMILTONIAN, max_samples=9)
    for answer in (module.sample(seeds(1, 2)), module.observables(seeds(1, 2))):
        assert {value.dtype for value in answer.values()} <= {tf.float32, tf.int32}
    found = module.log_psi(tf.constant(EVERY[:9]))["log_modulus"]
    np.testing.assert_array_equal(found, np.asarray(psi(EVERY[:9])[0], np.float32))


def test_a_hamiltonian_without_flips_has_local_energies_too():
    classical = ising(Chain(6), transverse_field=0.0, longitudinal_field=0.3)
    module = WaveFunctionModule(wave_function(), classical, max_samples=99)
    bits = module.sample(tf.range(20, dtype=tf.int64))["bits"].numpy()
    found = module.observables(tf.range(20, dtype=tf.int64))["local_energy_re"]
    diagonal = classical.to_dense().diagonal().real
    np.testing.assert_allclose(found, diagonal[bits @ POWERS], atol=1e-6)


@pytest.mark.parametrize(
    ("name", "inputs", "message"),
    [
        ("log_psi", {"bits": EVERY[:, :5]}, "`bits` must be 6 wide, one for each site, but is.*5"),
        ("log_psi", {"bits": 2 * EVERY}, "`bits` must be 0 or 1, but holds.*2"),
        ("log_psi", {"bits": -EVERY}, "`bits` must be 0 or 1, but holds.*-1"),
        ("log_psi", {"bits": EVERY[:0]}, "`bits` must hold at least one configuration.*0"),
        (
            "log_psi",
            {"bits": np.zeros((MAX_SAMPLES + 1, 6), np.int32)},
            "`bits` must hold at most 20000 configurations, but holds.*20001",
        ),
        ("sample", {"seed": np.arange(0)}, "`seed` must hold at least one seed, but holds.*0"),
        ("observables", {"seed": np.arange(0)}, "`seed` must hold at least one seed.*0"),
        (
            "observables",
            {"seed": np.arange(MAX_SAMPLES + 1)},
            "`seed` must hold at most 20000 seeds, but holds.*20001",
        ),
    ],
)
def test_bad_input_is_an_invalid_argument_and_the_next_request_is_served(
    signatures, name, inputs, message
):
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        signatures[name](**{key: tf.constant(value) for key, value in inputs.items()})
    assert signatures["sample"](seed=seeds(1))


@pytest.mark.parametrize(
    ("signature", "inputs", "message"),
    [
        ("log_psi", {"bits": np.zeros(6, np.int32)}, r"`bits` must have the shape \(batch, 6\)"),
        ("log_psi", {"bits": np.zeros((1, 1, 6), np.int32)}, r"but has\] \[1 1 6\]"),
        ("sample", {"seed": np.array(3)}, r"`seed` must have the shape \(batch,\), but has\] \[\]"),
        ("observables", {"seed": np.array([[3]])}, r"\(batch,\), but has\] \[1 1\]"),
    ],
)
def test_wrong_number_of_axes_is_named_by_the_graph(served, signature, inputs, message):
    with pytest.raises(StatusError, match=message):
        served.run(signature, inputs, tuple(served.signatures[signature].outputs))


def test_warm_up_requests_replay_on_the_served_version(served):
    assert warm_up(served) == 4
    assert served.signatures["sample"].inputs["seed"].dtype == tf.int64


def test_assets_hold_model_card_and_config(version, psi):
    config = json.loads((version / "assets" / "config.json").read_text())
    assert config == {**CONFIG, "serving": {"max_samples": MAX_SAMPLES}}
    card = (version / "assets" / "model_card.md").read_text()
    assert card.startswith("# Wave function of 6 spins\n")
    assert "| Hamiltonian | name heisenberg, lattice square, n_rows 2 |" in card
    assert "| network | name gru, units 6 |" in card
    assert f"| weights | {psi.count_params()} |" in card
    assert "| largest number of configurations of a request | 20000 |" in card
    assert "psi vanishes where" in card


@pytest.mark.parametrize(
    ("hamiltonian", "max_samples", "message"),
    [
        (HAMILTONIAN, 0, "Argument `max_samples` must be positive, but is 0."),
        (heisenberg(Chain(4)), 9, "`hamiltonian` must have 6 sites, as the wave .* but has 4"),
    ],
)
def test_mistakes_are_named(psi, tmp_path, hamiltonian, max_samples, message):
    with pytest.raises(ValueError, match=message):
        export_wave_function(psi, tmp_path, hamiltonian, CONFIG, max_samples=max_samples)
    assert not list(tmp_path.iterdir())


def test_images_of_many_configurations_are_evaluated_in_runs(psi):
    average = symmetrizer("lattice", Square(2, 3))(psi)
    module = WaveFunctionModule(average, HAMILTONIAN, max_samples=MAX_SAMPLES)
    bits = np.tile(EVERY[EVERY.sum(axis=1) == 3], (60, 1))
    log_modulus, phase = average(bits)
    found = module.log_psi(tf.constant(bits))
    assert_equal_values(arrays(found), {"log_modulus": log_modulus, "phase": phase})
    graph = module.log_psi.get_concrete_function().graph
    assert any("while" in node.name for node in graph.as_graph_def().node)
