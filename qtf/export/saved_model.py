"""What a SavedModel of each kind holds."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras

from qtf.export.model_card import model_card
from qtf.export.outcome_card import outcome_card
from qtf.export.outcome_signatures import OutcomeModule
from qtf.export.sampled_module import SampledModule
from qtf.export.signatures import DynamicsModule
from qtf.export.version_folder import write_version
from qtf.export.warm_up import dynamics_requests, outcome_requests, wave_function_requests
from qtf.export.wave_function_card import wave_function_card
from qtf.export.wave_function_signatures import WaveFunctionModule
from qtf.physics import MEASUREMENTS, HamiltonianSettings, PauliSum

MAX_STEPS = 1000
MAX_SAMPLES = 4096


def export_dynamics(
    model: keras.Model,
    model_dir: Path | str,
    hamiltonians: Mapping[int, PauliSum | None],
    config: Mapping[str, Any],
    *,
    validation: Mapping[str, Any] | None = None,
    max_steps: int = MAX_STEPS,
    xla_signature: bool = False,
) -> Path:
    """Writes the next version `model_dir/N` with signatures rollout, observables, step.

    With it go requests for the server to warm up with.

    `rollout` is also the default signature. All of them are plain graphs, because
    TensorFlow Serving refuses XLA unless started for it.

    Args:
        model: The model with its weights.
        model_dir: Folder of all versions, created if missing.
        hamiltonians: n_sites -> Hamiltonian, for every n that is to be served; None where there
            is none that is constant: then `observables` tells no energy.
        config: Configuration of the run, written into the assets with `max_steps` and
            `validation`.
        validation: Error of the model, see `validation_record`; None: not known.
        max_steps: Largest number of steps of one request.
        xla_signature: Whether to add `rollout_xla`, for servers started with XLA.

    Returns:
        The folder of the new version.

    Raises:
        ValueError: `max_steps` is not positive.
        OSError: `model_dir` cannot be written to; no half version is left.
    """
    _check_positive("max_steps", max_steps)
    module = DynamicsModule(model, hamiltonians, max_steps=max_steps)
    signatures = {
        "serving_default": module.rollout,
        "rollout": module.rollout,
        "observables": module.observables,
        "step": module.make_step(),
    }
    if xla_signature:
        signatures["rollout_xla"] = module.rollout_xla
    n_sites = tuple(sorted(hamiltonians))
    told = {} if validation is None else {"validation": dict(validation)}
    return write_version(
        module,
        signatures,
        model_dir,
        card=model_card(model, config, n_sites, max_steps, validation),
        config={**config, "serving": {"max_steps": max_steps, **told}},
        requests=dynamics_requests(n_sites, n_layers=model.n_layers, units=model.units),
    )


def export_wave_function(
    psi: keras.Model,
    model_dir: Path | str,
    hamiltonian: PauliSum,
    config: Mapping[str, Any],
    *,
    max_samples: int = MAX_SAMPLES,
) -> Path:
    """Writes the next version `model_dir/N` with signatures log_psi, sample, observables.

    `log_psi` is also the default signature. All of them are plain graphs; requests to warm up
    with go with them.

    Args:
        psi: The wave function with its weights.
        model_dir: Folder of all versions, created if missing.
        hamiltonian: Hamiltonian whose local energies are served.
        config: Configuration of the run, written into the assets with `max_samples`.
        max_samples: Largest number of configurations of one request.

    Returns:
        The folder of the new version.

    Raises:
        ValueError: `max_samples` is not positive, or the Hamiltonian is one of another number
            of sites.
        OSError: `model_dir` cannot be written to; no half version is left.
    """
    _check_positive("max_samples", max_samples)
    if hamiltonian.n_sites != psi.n_sites:
        raise ValueError(
            f"Argument `hamiltonian` must have {psi.n_sites} sites, as the wave function,"
            f" but has {hamiltonian.n_sites}."
        )
    module = WaveFunctionModule(psi, hamiltonian, max_samples=max_samples)
    return write_version(
        module,
        _sampled_signatures(module, "log_psi"),
        model_dir,
        card=wave_function_card(psi, config, max_samples),
        config={**config, "serving": {"max_samples": max_samples}},
        requests=wave_function_requests(psi.n_sites),
    )


def export_outcomes(
    distribution: keras.Model,
    model_dir: Path | str,
    config: Mapping[str, Any],
    *,
    time: float | None,
    max_samples: int = MAX_SAMPLES,
) -> Path:
    """Writes the next version `model_dir/N` with signatures log_prob, sample, observables.

    `log_prob` is also the default signature. All of them are plain graphs; requests to warm up
    with go with them.

    Args:
        distribution: Distribution of the outcomes, or the mean of several, with weights.
        model_dir: Folder of all versions, created if missing.
        config: Configuration of the run, written into the assets with `time` and
            `max_samples`; its `measurement` and `physics` say what the outcomes are.
        time: Time at which the system has this distribution; None: in its steady state.
        max_samples: Largest number of rows of one request.

    Returns:
        The folder of the new version.

    Raises:
        ValueError: `max_samples` is not positive, or the lattice has another number of sites.
        OSError: `model_dir` cannot be written to; no half version is left.
    """
    _check_positive("max_samples", max_samples)
    lattice = HamiltonianSettings.from_mapping(config["physics"]["hamiltonian"]).lattice
    if lattice.n_sites != distribution.n_sites:
        raise ValueError(
            f"Argument `config` must have a lattice of {distribution.n_sites} sites, as the"
            f" distribution, but has {lattice.n_sites}."
        )
    povm = MEASUREMENTS[config["measurement"]]()
    module = OutcomeModule(distribution, povm, lattice, max_samples=max_samples)
    return write_version(
        module,
        _sampled_signatures(module, "log_prob"),
        model_dir,
        card=outcome_card(distribution, povm, config, time=time, max_samples=max_samples),
        config={**config, "serving": {"max_samples": max_samples, "time": time}},
        requests=outcome_requests(distribution.n_sites),
    )


def _sampled_signatures(module: SampledModule, evaluation: str) -> dict[str, Any]:
    names = (evaluation, "sample", "observables")
    signatures = {name: getattr(module, name) for name in names}
    return {"serving_default": signatures[evaluation], **signatures}


def _check_positive(name: str, value: int) -> None:
    if value < 1:
        raise ValueError(f"Argument `{name}` must be positive, but is {value}.")
