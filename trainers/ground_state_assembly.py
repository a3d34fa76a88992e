"""Puts Hamiltonian, wave function and loop settings together as a configuration asks."""

from pathlib import Path
from typing import Any

from qtf.autoregressive import NETWORKS
from qtf.autoregressive.network import AutoregressiveNetwork
from qtf.data.random_source import RandomSource
from qtf.ground_states.orderings import site_order, sublattice
from qtf.ground_states.task import GroundStateTask
from qtf.ground_states.wave_function import WaveFunction
from qtf.physics import (
    Lattice,
    Square,
    from_config,
    lanczos_ground_energy,
    lattice_from_config,
)
from qtf.training.loop import train
from qtf.training.settings import TrainingSettings

# What Lanczos does within a second or so.
MAX_LANCZOS_SITES = 16


def run(
    config: dict[str, Any], workdir: Path | str, *, profile: bool = False
) -> tuple[GroundStateTask, WaveFunction]:
    """Searches the ground state as `config` says, in the run folder `workdir`.

    Args:
        config: Resolved configuration, see `trainers.ground_state_config`.
        workdir: The run folder.
        profile: Whether ten of the first steps are traced for TensorBoard.

    Returns:
        The task, which can measure the result, and the wave function with its last weights.

    Raises:
        ValueError: The configuration or the run folder do not fit.
    """
    settings = TrainingSettings.from_mapping(config["training"])
    task = make_task(config)
    return task, train(task, settings, config, workdir, profile=profile)


def make_task(config: dict[str, Any]) -> GroundStateTask:
    """Returns the task that the configuration describes.

    Raises:
        ValueError: A value is unknown or out of range.
    """
    hamiltonian = from_config(config["physics"]["hamiltonian"])
    lattice = lattice_from_config(config["physics"]["hamiltonian"])
    sampling, training = config["sampling"], config["training"]
    # Mistakes are found before anything is computed.
    make_network(config["network"], lattice)
    reference = config["reference"]
    if reference is None and lattice.n_sites <= MAX_LANCZOS_SITES:
        reference = lanczos_ground_energy(hamiltonian)
    return GroundStateTask(
        make_wave_function=lambda: make_wave_function(config, lattice),
        hamiltonian=hamiltonian,
        source=RandomSource(
            (lattice.n_sites, sampling["n_samples"]),
            seed=training["seed"],
            dtype="float64" if training["precision"] == "float64" else "float32",
        ),
        n_samples=sampling["n_samples"],
        n_validation=sampling["n_validation"],
        seed=training["seed"],
        reference=reference,
        temperature=sampling["temperature"],
        temperature_decay=sampling["temperature_decay"],
        chunk=sampling["chunk"],
        n_prefixes=sampling["n_prefixes"],
        xla=training["xla"],
    )


def make_wave_function(config: dict[str, Any], lattice: Lattice) -> WaveFunction:
    """Returns the wave function of a configuration, with random weights."""
    chosen = config["wave_function"]
    return WaveFunction(
        network=make_network(config["network"], lattice),
        sites=site_order(lattice, chosen["order"]),
        zero_magnetization=chosen["zero_magnetization"],
        sign_sites=sublattice(lattice) if chosen["marshall_sign"] else (),
    )


def make_network(settings: dict[str, Any], lattice: Lattice) -> AutoregressiveNetwork:
    """Returns the network of a configuration.

    Raises:
        ValueError: The network is unknown, does not fit the lattice, or has no such argument.
    """
    name = settings["name"]
    if name not in NETWORKS:
        known = ", ".join(NETWORKS)
        raise ValueError(f'Setting `network.name` must be one of {known}, but is "{name}".')
    given = {key: value for key, value in settings.items() if key != "name" and value is not None}
    for key in given:
        if key not in ARGUMENTS[name]:
            raise ValueError(
                f"Setting `network.{key}` is none of the network {name}, whose are"
                f" {', '.join(ARGUMENTS[name])}."
            )
    if name not in ON_SQUARES:
        return NETWORKS[name](n_positions=lattice.n_sites, **given)
    if not isinstance(lattice, Square):
        raise ValueError(f'Setting `network.name` = "{name}" needs a square lattice.')
    return NETWORKS[name](shape=(lattice.n_rows, lattice.n_columns), **given)


ON_SQUARES = ("lstm_2d", "pixelcnn")
ARGUMENTS = {
    "gru": ("units",),
    "lstm_2d": ("units", "n_layers"),
    "transformer": ("units", "n_layers", "n_attention_heads"),
    "pixelcnn": ("width", "depth", "residual"),
}
