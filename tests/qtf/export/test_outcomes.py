import itertools
import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from qtf.autoregressive import GRUNetwork, PixelCNN, Transformer
from qtf.export.outcome_card import outcome_card
from qtf.export.outcome_signatures import OutcomeModule
from qtf.export.saved_model import export_outcomes
from qtf.open_systems.averaged import AveragedDistribution
from qtf.open_systems.outcome_distribution import OutcomeDistribution
from qtf.physics import Chain, four_pauli, tetrahedral
from serving.models.loaded_version import LoadedVersion
from serving.models.warm_up import warm_up
from serving.status import StatusError

from .stock_session import SavedGraph, answers_in_stock_session

N_SITES = 3
EVERY = np.array(list(itertools.product(range(4), repeat=N_SITES)), np.int32)
MAX_SAMPLES = 5000
LATTICE = {"lattice": "chain", "n_sites": N_SITES, "periodic": False}
CONFIG = {
    "physics": {"hamiltonian": {"name": "ising", **LATTICE}, "decay_rate": 0.5},
    "measurement": "four_pauli",
    "start": "+x",
    "network": {"name": "transformer", "units": 8, "width": None},
}
FOUR = {"local_dimension": 4, "heads": (4,)}
PAULIS = {
    "x": np.array([[0, 1], [1, 0]]),
    "y": np.array([[0, -1j], [1j, 0]]),
    "z": np.diag([1, -1]),
}
NETWORKS = {
    "gru": lambda **kwargs: GRUNetwork(n_positions=N_SITES, units=4, **kwargs),
    "pixelcnn": lambda **kwargs: PixelCNN(shape=(1, N_SITES), width=4, depth=2, **kwargs),
    "transformer": lambda **kwargs: Transformer(n_positions=N_SITES, units=8, n_layers=1, **kwargs),
}


def outcome_distribution(name="transformer", seed=3, dtype=None, **arguments):
    keras.utils.set_random_seed(seed)
    network = NETWORKS[name](**FOUR, dtype=dtype)
    rng = np.random.default_rng(seed)
    for variable in network.variables:
        variable.assign(variable + 0.4 * rng.standard_normal(variable.shape))
    return OutcomeDistribution(network=network, dtype=dtype, **arguments)


def exported(distribution, folder, config=CONFIG, time=0.25, max_samples=MAX_SAMPLES):
    return export_outcomes(distribution, folder, config, time=time, max_samples=max_samples)


@pytest.fixture(scope="module")
def distribution():
    """The mean of two; one of them has strings."""
    strings = ((0, 1, 2), (2, 1, 0))
    members = [outcome_distribution(strings=strings), outcome_distribution("gru", seed=4)]
    return AveragedDistribution(distributions=members)


@pytest.fixture(scope="module")
def version(distribution, tmp_path_factory):
    return exported(distribution, tmp_path_factory.mktemp("models") / "open")


@pytest.fixture(scope="module")
def signatures(version):
    return tf.saved_model.load(str(version)).signatures


@pytest.fixture(scope="module")
def served(version):
    """The version as a server runs it, which compares no shapes."""
    loaded = LoadedVersion("open", 1, version)
    yield loaded
    loaded.close()


def seeds(n_seeds):
    return tf.range(n_seeds, dtype=tf.int64)


def arrays(answer):
    return {name: value.numpy() for name, value in answer.items()}


def values_of(povm, pauli):
    """Tr(P N^b) from the definition of N^b as the inverse of p(a) = Tr(rho M_a)."""
    basis = [np.outer(np.eye(2)[i], np.eye(2)[j]) for i in range(2) for j in range(2)]
    forward = np.array([[np.trace(e @ effect) for e in basis] for effect in povm.effects])
    duals = np.linalg.inv(forward).T @ np.reshape(basis, (4, 4))
    return [np.trace(PAULIS[pauli] @ dual.reshape(2, 2)).real for dual in duals]


def observables_by_hand(povm, outcomes, bonds):
    found = {}
    for pauli in PAULIS:
        values = values_of(povm, pauli)
        found[pauli] = [np.mean([values[b] for b in row]) for row in outcomes]
        found[2 * pauli] = [
            np.mean([values[row[i]] * values[row[j]] for i, j in bonds]) for row in outcomes
        ]
    return found


@pytest.mark.parametrize("name", ["log_prob", "serving_default"])
def test_log_prob_equals_the_distribution_everywhere(signatures, distribution, name):
    found = signatures[name](outcomes=tf.constant(EVERY))["log_prob"].numpy()
    np.testing.assert_allclose(found, distribution(EVERY), rtol=1e-5)
    assert np.exp(found).sum() == pytest.approx(1, abs=1e-5)


def test_samples_are_functions_of_their_seeds_and_come_with_their_logarithm(
    signatures, distribution
):
    together = arrays(signatures["sample"](seed=seeds(50)))
    assert together["outcomes"].dtype == np.int32
    assert len(np.unique(together["outcomes"], axis=0)) > 10
    np.testing.assert_allclose(
        together["log_prob"], distribution(together["outcomes"]), rtol=1e-5, atol=1e-5
    )
    alone = arrays(signatures["sample"](seed=seeds(50)[7:9]))
    np.testing.assert_array_equal(alone["outcomes"], together["outcomes"][7:9])


def test_observables_equal_those_of_the_samples(signatures):
    found = arrays(signatures["observables"](seed=seeds(40)))
    outcomes = signatures["sample"](seed=seeds(40))["outcomes"].numpy()
    expected = observables_by_hand(four_pauli(), outcomes, [(0, 1), (1, 2)])
    assert set(found) == set(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, atol=1e-5, err_msg=name)


def test_means_of_observables_are_those_of_the_density_matrix(signatures, distribution):
    rho = four_pauli().density_matrix(np.exp(np.asarray(distribution(EVERY), np.float64)))
    found = arrays(signatures["observables"](seed=seeds(MAX_SAMPLES)))
    one = np.eye(2)
    for pauli, matrix in PAULIS.items():
        sites = [np.kron(np.kron(*pair), last) for *pair, last in _placed(matrix, one)]
        pairs = [sites[0] @ sites[1], sites[1] @ sites[2]]
        for name, operators in ((pauli, sites), (2 * pauli, pairs)):
            exact = np.mean([np.trace(rho @ operator).real for operator in operators])
            error = found[name].std() / np.sqrt(MAX_SAMPLES)
            assert abs(found[name].mean() - exact) < 4 * error, name


def _placed(matrix, one):
    return [[matrix if place == site else one for place in range(3)] for site in range(3)]


@pytest.mark.long
def test_tf1_session_without_xla_and_without_qtf_serves_it(version, distribution, tmp_path):
    requests = [
        ("log_prob", {"outcomes": EVERY}),
        ("sample", {"seed": np.arange(30)}),
        ("observables", {"seed": np.arange(30)}),
        ("log_prob", {"outcomes": EVERY + 1}),
    ]
    logarithm, samples, measured, refusal = answers_in_stock_session(version, requests, tmp_path)
    np.testing.assert_allclose(logarithm["log_prob"], distribution(EVERY), rtol=1e-5)
    expected = observables_by_hand(four_pauli(), samples["outcomes"], [(0, 1), (1, 2)])
    np.testing.assert_allclose(measured["zz"], expected["zz"], atol=1e-5)
    assert "`outcomes` must be from 0 to 3, but holds" in refusal


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_is_exported_without_xla(name, tmp_path):
    graph = SavedGraph(exported(outcome_distribution(name), tmp_path))
    assert not any(graph.uses_xla(key) for key in ("log_prob", "sample", "observables"))


def test_double_precision_is_served_as_single():
    distribution = outcome_distribution("gru", dtype="float64")
    module = OutcomeModule(distribution, tetrahedral(), Chain(3), max_samples=9)
    for answer in (module.sample(seeds(2)), module.observables(seeds(2))):
        assert {value.dtype for value in answer.values()} <= {tf.float32, tf.int32}


def test_a_single_spin_has_no_correlations():
    network = GRUNetwork(n_positions=1, units=2, **FOUR)
    distribution = OutcomeDistribution(network=network)
    module = OutcomeModule(distribution, tetrahedral(), Chain(1), max_samples=9)
    assert set(module.observables(seeds(2))) == {"x", "y", "z"}


@pytest.mark.parametrize(
    ("name", "inputs", "message"),
    [
        ("log_prob", {"outcomes": EVERY[:, :2]}, "`outcomes` must be 3 wide, one for each.*2"),
        ("log_prob", {"outcomes": EVERY + 4}, "`outcomes` must be from 0 to 3, but holds.*4"),
        ("log_prob", {"outcomes": -EVERY}, "`outcomes` must be from 0 to 3, but holds.*-1"),
        ("log_prob", {"outcomes": EVERY[:0]}, "`outcomes` must hold at least one row.*0"),
        (
            "log_prob",
            {"outcomes": np.zeros((MAX_SAMPLES + 1, 3), np.int32)},
            "`outcomes` must hold at most 5000 rows, but holds.*5001",
        ),
        ("sample", {"seed": np.arange(0)}, "`seed` must hold at least one seed, but holds.*0"),
        ("observables", {"seed": np.arange(5001)}, "`seed` must hold at most 5000 seeds.*5001"),
    ],
)
def test_bad_input_is_an_invalid_argument(signatures, name, inputs, message):
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        signatures[name](**{key: tf.constant(value) for key, value in inputs.items()})


@pytest.mark.parametrize(
    ("signature", "inputs", "message"),
    [
        (
            "log_prob",
            {"outcomes": np.zeros(3, np.int32)},
            r"`outcomes` must have the shape \(batch, 3\)",
        ),
        ("log_prob", {"outcomes": np.zeros((1, 1, 3), np.int32)}, r"but has\] \[1 1 3\]"),
        ("sample", {"seed": np.array(3)}, r"`seed` must have the shape \(batch,\), but has\] \[\]"),
        ("observables", {"seed": np.array([[3]])}, r"\(batch,\), but has\] \[1 1\]"),
    ],
)
def test_wrong_number_of_axes_is_named_by_the_graph(served, signature, inputs, message):
    with pytest.raises(StatusError, match=message):
        served.run(signature, inputs, tuple(served.signatures[signature].outputs))


def test_warm_up_requests_replay_on_the_served_version(served):
    assert warm_up(served) == 4


def test_assets_hold_model_card_and_config(version):
    config = json.loads((version / "assets" / "config.json").read_text())
    assert config == {**CONFIG, "serving": {"max_samples": MAX_SAMPLES, "time": 0.25}}
    card = (version / "assets" / "model_card.md").read_text()
    assert card.startswith("# Outcomes of measurements on 3 spins\n")
    for row in (
        "| Hamiltonian | name ising, lattice chain, n_sites 3, periodic False |",
        "| rates of the jumps of every spin | decay 0.5 |",
        "| start | all spins along +x |",
        "| state | at time 0.25 |",
        "| measurement | four_pauli |",
        "| orders of the sites that are averaged | 1, 2 |",
        "| runs that are averaged | 2 |",
        # p(0) = (1 + <Z>) / 6.
        "| Z | 5 | -1 | -1 | -1 |",
    ):
        assert row in card


@pytest.mark.parametrize(
    ("changes", "row"),
    [
        ({"start_angles": [[0.5, 1.0]]}, "| start | spins along the Bloch angles (0.5, 1) |"),
        ({"start": "/runs/former"}, "| start | /runs/former |"),
        (
            {"physics": {**CONFIG["physics"], "decay_rate": None, "jumps": {"pump": [1, 0, 0]}}},
            "| rates of the jumps of every spin | pump [1.0, 0.0, 0.0] |",
        ),
    ],
)
def test_card_tells_noise_and_start(changes, row):
    network = outcome_distribution("gru")
    config = {**CONFIG, "start": "+z", **changes}
    assert row in outcome_card(network, four_pauli(), config, time=None, max_samples=9)


def test_card_of_a_steady_state_says_so(tmp_path):
    version = exported(outcome_distribution("gru"), tmp_path, time=None)
    assert "| state | steady |" in (version / "assets/model_card.md").read_text()
    config = json.loads((version / "assets/config.json").read_text())
    assert config["serving"]["time"] is None


@pytest.mark.parametrize(
    ("n_sites", "max_samples", "message"),
    [
        (3, 0, "Argument `max_samples` must be positive, but is 0."),
        (4, 9, "`config` must have a lattice of 3 sites, as the distribution, but has 4"),
    ],
)
def test_mistakes_are_named(tmp_path, n_sites, max_samples, message):
    hamiltonian = {"name": "ising", "lattice": "chain", "n_sites": n_sites}
    config = {**CONFIG, "physics": {"hamiltonian": hamiltonian, "decay_rate": 1.0}}
    with pytest.raises(ValueError, match=message):
        exported(outcome_distribution(), tmp_path, config, max_samples=max_samples)
    assert not list(tmp_path.iterdir())
