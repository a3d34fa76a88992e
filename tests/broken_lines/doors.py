"""Lines of the commands and of the front door in Python."""

from tests.broken_lines.lines import lines

COMMANDS = lines(
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
) + lines(
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
FRONT_DOOR = lines(
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
