"""Lines that `tests.mutation_check` breaks, by their text, and the tests that should notice."""

from typing import NamedTuple


class BrokenLine(NamedTuple):
    """A change.

    Attributes:
        room: What it belongs to.
        path: File.
        old: Text that stands in it once.
        new: What it becomes.
        tests: Arguments of pytest.
    """

    room: str
    path: str
    old: str
    new: str
    tests: str


def _lines(room: str, folder: str, tests: str, *changes: tuple[str, str, str, str]) -> list:
    return [
        BrokenLine(room, f"{folder}/{file}", old, new, _in_folder(tests, test))
        for file, old, new, test in changes
    ]


def _in_folder(folder: str, arguments: str) -> str:
    words = arguments.split(" ")
    return " ".join(f"{folder}/{word}" if word.endswith(".py") else word for word in words)


PHYSICS = _lines(
    "physics",
    "qtf/physics",
    "tests/qtf/physics",
    ("hamiltonians.py", '"YY": j, ', '"YY": -j, ', "test_hamiltonians.py"),
    ("hamiltonians.py", '("YZ", "ZX", "XY")', '("YZ", "XZ", "XY")', "test_hamiltonians.py"),
    ("hamiltonians.py", '"ZYX": -1.0', '"ZYX": 1.0', "test_hamiltonians.py"),
    ("pauli_strings.py", "power += sign", "power -= sign", "test_operator_products.py"),
    ("operators.py", "c * d if power < 2 else -c * d", "c * d", "test_operator_products.py"),
    ("conversions.py", "[0, 1j, -1j, 0]", "[0, -1j, 1j, 0]", "test_conversions.py"),
    (
        "custom_hamiltonian.py",
        "lattice.directed_bonds(NEIGHBORS[on])",
        "lattice.bonds(NEIGHBORS[on])",
        "test_custom_hamiltonian.py",
    ),
    (
        "hamiltonians.py",
        "bonds = lattice.bonds(2)",
        "bonds = lattice.bonds()",
        "test_hamiltonians.py",
    ),
    (
        "hamiltonians.py",
        "for c, bond in pairs if c]",
        "for c, bond in pairs]",
        "test_hamiltonians.py",
    ),
    (
        "jumps.py",
        "(list(PAULI_MATRICES.values())) / 2",
        "(list(PAULI_MATRICES.values()))",
        "test_jumps.py",
    ),
    ("density_matrices.py", "(2 * trace)", "2", "test_density_matrices.py"),
    (
        "lattices/bravais.py",
        "index = index * size + i % size",
        "index = index * size + min(i, size - 1) % size",
        "test_lattice_kinds.py",
    ),
    (
        "lattices/bravais.py",
        "x * v - y * u > ROUNDING",
        "y * u - x * v > ROUNDING",
        "test_lattice_kinds.py",
    ),
    (
        "lattices/lattice.py",
        "for order in (1, 2)]",
        "for order in (1,)]",
        "test_lattice_kinds.py",
    ),
    (
        "lindblad.py",
        "effective -= 0.5j * jump.rate",
        "effective -= 0.25j * jump.rate",
        "test_lindblad.py",
    ),
    ("lindblad.py", "kron(matrix, matrix.conj(), ", "kron(matrix, matrix, ", "test_lindblad.py"),
    ("lindblad.py", "jump.rate / n_places[jump.site]", "jump.rate", "test_lindblad.py"),
    ("lindblad.py", "norm(jump.matrix, 2)) ** 2", "norm(jump.matrix, 2))", "test_lindblad.py"),
    (
        "krylov.py",
        "rate = tolerance / ",
        "rate = 1e4 * tolerance / ",
        "test_krylov.py test_evolution.py",
    ),
    (
        "krylov.py",
        "np.exp(-1j * np.multiply.outer(times",
        "np.exp(1j * np.multiply.outer(times",
        "test_krylov.py",
    ),
    ("krylov.py", "coefficients = self.norm * ", "coefficients = ", "test_krylov.py"),
    (
        "_magnus.py",
        "(FAR * early + NEAR * late",
        "(NEAR * early + FAR * late",
        "test_driven.py -k order_4",
    ),
    (
        "_magnus.py",
        "self._rate = max(tolerance",
        "self._rate = max(1e4 * tolerance",
        "test_driven.py -k chebyshev",
    ),
    (
        "driven_evolution.py",
        "self._hamiltonian.at((start + end) / 2)",
        "self._hamiltonian.at(end)",
        "test_driven.py -k jumps",
    ),
    (
        "driven_lindblad.py",
        "np.append(self.hamiltonian.coefficients(time), 1.0)",
        "np.append(self.hamiltonian.coefficients(time), 0.5)",
        "test_driven.py -k jump_exactly",
    ),
    (
        "drive_settings.py",
        "expected = expected + 2.0 * part",
        "pass",
        "test_drive_settings.py",
    ),
)
LAYERS = _lines(
    "layers",
    "qtf/layers",
    "tests/qtf/layers",
    ("recurrence.py", "total[0] * through[0],", "total[0],", "test_sru.py"),
    ("recurrence.py", "turn < n_times, change", "turn < 1, change", "test_recurrence.py"),
    ("recurrence.py", '{"float32": 1e-6,', '{"float32": 1e-2,', "test_recurrence.py"),
    ("sru.py", "(features + columns) / (features + self.units)", "1.0", "test_sru.py"),
    ("sru.py", "ops.where(mask, forget, HOLD)", "ops.where(mask, forget, 0.0)", "test_sru.py"),
    ("sru.py", "one_step = (1, *ops.shape(x)[1:])", "one_step = ops.shape(x)", "test_sru.py"),
    ("sru.py", "gate * (dropped - skip)", "gate * (cells - skip)", "test_sru.py"),
    (
        "feed_forward.py",
        "self.output_dense(hidden) + inputs",
        "self.output_dense(hidden)",
        "test_encodings.py",
    ),
    ("chain_encoding.py", "powers < dimension", "powers <= dimension", "test_encodings.py"),
    (
        "spin_encoding.py",
        "bit_length() - 1 > n_max",
        "bit_length() - 1 > n_max + 1",
        "test_encodings.py",
    ),
)
DATA = _lines(
    "data",
    "qtf/data",
    "tests/qtf/data",
    ("mixing.py", "return word >> 1", "return word", "test_mixing.py"),
    ("mixing.py", "min(step, first + (1 << 20))", "min(step, first + (1 << 19))", "test_mixing.py"),
    ("exact_source.py", "self.window + 2, self", "self.window + 1, self", "test_exact_source.py"),
    (
        "exact_source.py",
        "np.exp(-1j * self.dt * starts",
        "np.exp(1j * self.dt * starts",
        "test_exact_source.py",
    ),
    ("exact_source.py", "n, step + 1, replica + 1)", "n, step + 1, 1)", "test_exact_source.py"),
    ("loading.py", "if position != shard", "if position > shard", "test_loading.py"),
    ("loading.py", "else np.complex128", "else np.complex64", "test_loading.py"),
    ("reader.py", "n_sites, pipeline),", "n_sites),", "test_reader.py"),
    ("reader.py", "n_batches * self.batch_size)", "n_batches)", "test_reader.py"),
    (
        "given.py",
        "storage.order(plan.n_sites)[skipped:]",
        "storage.order(plan.n_sites)",
        "test_given.py",
    ),
    ("given.py", "digest.update(piece.data)", "pass", "test_given.py"),
    ("given.py", "np.abs(norms - 1) <= GIVEN", "norms - 1 <= GIVEN", "test_given.py"),
    ("random_source.py", "self.seed + (worker << 32)", "self.seed", "test_random_source.py"),
)
TRAINING = _lines(
    "training",
    "qtf/training",
    "tests/qtf/training",
    ("damped_step.py", "self.damping.ease()", "pass", "test_damped_step.py"),
    ("damped_step.py", "self.damping.release()", "pass", "test_damped_step.py"),
    ("schedules.py", "(step - self.warmup_steps) / rest", "step / rest", "test_settings.py"),
    (
        "schedules.py",
        ">= 2 * self.steps_per_epoch",
        "> 2 * self.steps_per_epoch",
        "test_settings.py",
    ),
    (
        "schedules.py",
        "self.schedule(ops.maximum(step - self.first_step, 0))",
        "self.schedule(step)",
        "test_settings.py",
    ),
    ("schedules.py", "ops.minimum(step, self.last_step)", "step", "test_changes.py"),
    (
        "changes.py",
        "return Course(change.step, max(1, end - change.step))",
        "return Course(0, n_scheduled)",
        "test_changes.py",
    ),
    ("run_folder.py", "self._keep_as_it_is(changes[-1].step)", "pass", "test_changes.py"),
    (
        "natural_gradient.py",
        "before=self.momentum * self",
        "before=0.0 * self",
        "test_natural_gradient.py",
    ),
    (
        "natural_gradient.py",
        "(values - ops.sum(shares * values, axis=0, keepdims=True))",
        "values",
        "test_natural_gradient.py",
    ),
    ("loop.py", "math.isfinite(value) and value +", "value +", "test_loop.py -k kept"),
    ("loop.py", "stop_value + N_ERRORS * error", "stop_value", "test_loop.py -k noise"),
    ("symmetric_solve.py", "rounding = 0.25 *", "rounding = 0.0 *", "test_symmetric_solve.py"),
)
GROUND_STATES = _lines(
    "ground_states",
    "qtf/ground_states",
    "tests/qtf/ground_states",
    (
        "local_energy.py",
        "(1.0, -1.0j, -1.0, 1.0j)",
        "(1.0, 1.0j, -1.0, -1.0j)",
        "test_local_energy.py",
    ),
    (
        "local_energy.py",
        "elements[0] * real - elements[1] * imaginary",
        "elements[0] * real",
        "test_local_energy.py",
    ),
    ("local_energy.py", 'pauli in "YZ"', 'pauli in "Z"', "test_local_energy.py"),
    ("symmetry_groups.py", 'pauli in "YZ"', 'pauli in "Y"', "test_symmetries.py"),
    (
        "local_energy.py",
        "ops.where(is_zero, 0.0, ops.exp(log_other - log_modulus))",
        "ops.exp(log_other - log_modulus)",
        "test_local_energy.py",
    ),
    (
        "local_energy.py",
        "-(-width // psi.network.n_together) * psi.network.n_together",
        "width",
        "test_local_energy.py -k prefixes",
    ),
    ("estimates.py", " + np.square(imaginary - imaginary.mean())", "", "test_estimates.py"),
    ("estimates.py", "variance / energy**2", "variance / abs(energy)", "test_estimates.py"),
    (
        "energy_gradient.py",
        "(energies - ops.sum(shares * energies))",
        "energies",
        "test_local_energy.py -k gradient",
    ),
    (
        "states_below.py",
        "(total - shares * values) / (1.0 - shares) if independent else total",
        "total",
        "test_states_below.py",
    ),
    (
        "states_below.py",
        "(y * mean_x - x * mean_y)",
        "(y * mean_x + x * mean_y)",
        "test_states_below.py",
    ),
    (
        "wave_function.py",
        "ups >= self.n_sites - n_down",
        "ups >= n_down",
        "test_wave_function.py -k magnetisation",
    ),
    ("penalties.py", "1.0 + self.temperature_decay *", "1.0 + 0.0 *", "test_penalties.py"),
    ("markov_chain.py", "np.sqrt(squared)", "squared", "test_markov_chain.py -k diagnostics"),
    (
        "symmetries.py",
        "ops.fori_loop(1, symmetric",
        "ops.fori_loop(0, symmetric",
        "test_symmetries.py",
    ),
)
OPEN_SYSTEMS = _lines(
    "open_systems",
    "qtf/open_systems",
    "tests/qtf/open_systems",
    (
        "objectives.py",
        "slope = slope - ops.mean(slope)",
        "slope = 1.0 * slope",
        "test_objectives.py",
    ),
    ("objectives.py", "/ ops.stop_gradient(table))", "/ table)", "test_objectives.py"),
    (
        "objectives.py",
        "ops.cast(ops.equal(piece, 0), of_samples.dtype) * of_samples",
        "of_samples",
        "test_objectives.py",
    ),
    (
        "objectives.py",
        "liouvillian, 1.0, -tau, norm",
        "liouvillian, 1.0, tau, norm",
        "test_objectives.py",
    ),
    (
        "objectives.py",
        "tau * liouvillian.rates(old,",
        "tau * liouvillian.rates(log_prob,",
        "test_objectives.py",
    ),
    (
        "povm_liouvillian.py",
        "ops.where(coefficients == 0.0, 0.0, coefficients * ratios)",
        "coefficients * ratios",
        "test_povm_liouvillian.py",
    ),
    (
        "povm_liouvillian.py",
        "min(chunk or self.n_moves, self.n_moves)",
        "chunk or self.n_moves",
        "test_povm_liouvillian.py",
    ),
    ("observables.py", "if sites[0] > sites[1]:", "if sites[0] < sites[1]:", "test_observables.py"),
    (
        "outcome_distribution.py",
        "ops.minimum(string, self.n_strings - 1)",
        "string",
        "test_outcome_distribution.py test_outcomes.py",
    ),
    ("full_sums.py", "marks * sums[-1]", "marks", "test_full_sums.py"),
)
SERVING = _lines(
    "serving",
    "serving/protocol",
    "tests/serving",
    (
        "json_requests.py",
        "return number if -(2**63) <= number < 2**64 else _finite(digits)",
        "return number",
        "protocol/test_json_requests.py",
    ),
    (
        "json_requests.py",
        "if len(row) != len(signature.inputs):",
        "if False:",
        "conformance/test_rest_errors.py",
    ),
    ("json_requests.py", "if math.isinf(number):", "if False:", "conformance/test_rest_errors.py"),
    ("json_requests.py", ' and value.keys() != {"b64"}', "", "conformance/test_rest_predict.py"),
    (
        "json_responses.py",
        'if array.dtype.kind == "f" and not',
        "if False and not",
        "conformance/test_rest_predict.py",
    ),
    (
        "json_responses.py",
        "if n_rows not in (-1, len(array)):",
        "if False:",
        "conformance/test_rest_errors.py",
    ),
    (
        "tensor_proto.py",
        "max(MAX_FILLED, _n_values(proto))",
        "max(2 * MAX_FILLED, _n_values(proto))",
        "protocol/test_tensor_proto.py",
    ),
    (
        "tensor_proto.py",
        "while value > 0x7F:",
        "while value > 0xFF:",
        "protocol/test_tensor_proto.py",
    ),
    (
        "prediction.py",
        "if len(set(output_filter)) != len(output_filter):",
        "if False:",
        "conformance/test_grpc_errors.py",
    ),
    (
        "signature.py",
        " and all(tensor.dtype for tensor in tensors)",
        "",
        "models/test_loaded_version.py",
    ),
)
COMMANDS = _lines(
    "commands",
    "commands",
    "tests/commands",
    ("__main__.py", "sys.exit(USAGE_ERROR)", "sys.exit(0)", "test_qtf.py"),
    (
        "__main__.py",
        'sys.argv = [f"qtf {name}", *words]',
        "sys.argv = [name, *words]",
        "test_qtf.py",
    ),
    ("completion.py", "word.startswith(current)", "current in word", "test_completion.py"),
    (
        "completion.py",
        "load_configuration(chosen[-1], folder)",
        "load_configuration(chosen[-1])",
        "test_completion.py",
    ),
    ("configs.py", r"([:[]\S+?)", r"([:[]\w+?)", "test_configs.py"),
) + _lines(
    "commands",
    "qtf",
    "tests/qtf",
    (
        "configuration_files.py",
        "if folder in (None, path.parent.name)]\n    if",
        "]\n    if",
        "test_configuration_files.py",
    ),
    ("extras.py", " in OURS:", " != None:", "test_extras.py"),
    (
        "extras.py",
        "EXTRA_OF_ROOM.get(room, EXTRA_OF[package])",
        "EXTRA_OF[package]",
        "test_extras.py",
    ),
    (
        "resolved_configuration.py",
        "value != defaults[key]",
        "False",
        "test_resolved_configuration.py",
    ),
    (
        "resolved_configuration.py",
        'f"{key}["',
        'f"{key}"',
        "test_resolved_configuration.py",
    ),
)
FRONT_DOOR = _lines(
    "front_door",
    "qtf",
    "tests/qtf",
    (
        "autoregressive/estimates.py",
        "self.error * mean, self.mean * error",
        "self.error * mean, error",
        "autoregressive/test_estimates.py",
    ),
    ("data/array_source.py", "- self.window + 1,", "- self.window,", "data/test_array_source.py"),
    ("pictures.py", "moments[0] - step / 2", "moments[0]", "test_pictures.py"),
    ("pictures.py", "np.where(positive, values, np.nan)", "values", "test_pictures.py"),
    (
        "training/tensor_board.py",
        "math.log10(value)",
        "math.log(value)",
        "training/test_tensor_board.py",
    ),
    (
        "ground_states/runs/ground_state.py",
        "image - energy * self.vector",
        "image - energy",
        "ground_states/runs/test_ground_state.py",
    ),
    (
        "ground_states/runs/ground_state.py",
        "range(len(region))",
        "region",
        "ground_states/runs/test_ground_state.py",
    ),
    (
        "ground_states/runs/presets.py",
        "-lanczos_ground_energy(-1.0 * operator) -",
        "-",
        "ground_states/runs/test_presets.py",
    ),
    (
        "ground_states/listed_wave_function.py",
        "log_modulus - ops.cast(self.log_norm, log_modulus.dtype)",
        "log_modulus",
        "ground_states/test_listed_wave_function.py",
    ),
    (
        "ground_states/listed_wave_function.py",
        "ops.softmax(2.0 * log_modulus + counts)",
        "ops.softmax(2.0 * log_modulus)",
        "ground_states/test_listed_wave_function.py",
    ),
    (
        "open_systems/runs/presets.py",
        "if math.isnan(rates[jump.site])",
        "if True",
        "open_systems/runs/test_open_system.py",
    ),
    (
        "dynamics/runs/checked_arrays.py",
        "steps[0] <= 0 or not",
        "not",
        "test_api.py -k one_line",
    ),
    ("dynamics/runs/arrays.py", "digest.update(np.", "(np.", "test_api.py -k same_arrays"),
)
BROKEN_LINES = (
    *PHYSICS,
    *LAYERS,
    *DATA,
    *TRAINING,
    *GROUND_STATES,
    *OPEN_SYSTEMS,
    *SERVING,
    *COMMANDS,
    *FRONT_DOOR,
)
