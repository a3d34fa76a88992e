"""Models that are sampled, for the stub server: known states, drawn and measured by brute force."""

import numpy as np

from qtf.physics import HamiltonianSettings, Lindbladian, all_bits, all_spins, tetrahedral

GROUND_STATE = {
    "wave_function": {"zero_magnetization": False},
    "physics": {
        "hamiltonian": {
            "name": "ising",
            "lattice": "square",
            "n_rows": 2,
            "n_columns": 3,
            "transverse_field": 1.5,
        }
    },
    "serving": {"max_samples": 4096},
}
OPEN_PHYSICS = {
    "hamiltonian": {"name": "ising", "lattice": "chain", "n_sites": 3, "transverse_field": 0.8},
    "jumps": {"decay": 1.0},
}
OPEN_SYSTEM = {
    "measurement": "tetrahedral",
    "start": "+x",
    "physics": OPEN_PHYSICS,
    "serving": {"max_samples": 4096, "time": 0.7},
}
AT_REST = {**OPEN_SYSTEM, "serving": {"max_samples": 4096, "time": None}}


class WaveFunction:
    """The ground state with a known error, sampled by a generator of its own for each seed."""

    rows, log = "bits", "log_modulus"

    def __init__(self, config=GROUND_STATE):
        settings = HamiltonianSettings.from_mapping(config["physics"]["hamiltonian"])
        self.matrix = settings.build().to_dense().real
        self.n_sites = settings.lattice.n_sites
        _, states = np.linalg.eigh(self.matrix)
        wrong = 1 + 0.02 * np.random.default_rng(5).normal(size=len(states))
        self.psi = np.abs(states[:, 0]) * wrong
        self.psi /= np.linalg.norm(self.psi)
        self.listed = all_bits(self.n_sites)

    def numbers(self, seeds):
        return draw(np.square(self.psi), seeds)

    def sample(self, seeds):
        x = self.numbers(seeds)
        return {
            "bits": self.listed[x],
            "log_modulus": np.log(self.psi[x]).astype(np.float32),
            "phase": np.zeros(len(x), np.float32),
        }

    def observables(self, seeds):
        x = self.numbers(seeds)
        mean_z = all_spins(self.n_sites)[x].mean(axis=1)
        energies = (self.matrix @ self.psi)[x] / self.psi[x]
        values = (energies, np.zeros(len(x)), mean_z, np.abs(mean_z))
        names = ("local_energy_re", "local_energy_im", "magnetization", "abs_magnetization")
        return {name: value.astype(np.float32) for name, value in zip(names, values, strict=True)}


class Outcomes:
    """Outcomes of the exact density matrix, mixed with a little of the maximally mixed one."""

    rows, log = "outcomes", "log_prob"
    n_sites = 3

    def __init__(self, config=OPEN_SYSTEM):
        settings = HamiltonianSettings.from_mapping(OPEN_PHYSICS["hamiltonian"])
        lindbladian = Lindbladian(settings.build(), OPEN_PHYSICS["jumps"])
        time = config["serving"]["time"]
        if time is None:
            rho = lindbladian.steady_state()
        else:
            rho = lindbladian.evolve(np.full((8, 8), 1 / 8), np.array([time]))[0]
        self.povm = tetrahedral()
        self.table = self.povm.probabilities(0.97 * rho + 0.03 * np.eye(8) / 8)

    def sample(self, seeds):
        x = draw(self.table, seeds)
        outcomes = np.stack(np.unravel_index(x, (4,) * 3), axis=1)
        return {"outcomes": outcomes, "log_prob": np.log(self.table[x]).astype(np.float32)}

    def observables(self, seeds):
        outcomes = self.sample(seeds)["outcomes"]
        found = {}
        for name in "xyz":
            values = self.povm.pauli_values(name.upper())[outcomes]
            found[name] = values.mean(axis=1)
            found[2 * name] = (values[:, :-1] * values[:, 1:]).mean(axis=1)
        return {name: values.astype(np.float32) for name, values in found.items()}


def draw(probabilities, seeds):
    """Returns a number for each seed, whatever the others are."""
    uniform = [np.random.default_rng(seed).random() for seed in seeds]
    return np.searchsorted(np.cumsum(probabilities)[:-1], uniform)


def metadata(name, version, model):
    """Returns what the client needs to know of the signature `sample`."""
    sizes = [{"size": "-1"}, {"size": str(model.n_sites)}]
    tensor = {"dtype": "DT_INT32", "tensor_shape": {"dim": sizes}}
    signatures = {"sample": {"inputs": {}, "outputs": {model.rows: tensor}}}
    return {
        "model_spec": {"name": name, "version": str(version)},
        "metadata": {"signature_def": {"signature_def": signatures}},
    }
