"""Exports the best weights of a run as the next version of a SavedModel.

python -m serving.export --workdir=RUN --model_dir=MODELS/ising
"""

from pathlib import Path

from absl import flags

from qtf.command_line import run_command

WORKDIR = flags.DEFINE_string("workdir", None, "Run folder of the network.")
MODEL_DIR = flags.DEFINE_string("model_dir", None, "Folder of all versions of the model.")
MAX_STEPS = flags.DEFINE_integer("max_steps", 1000, "Largest number of steps of one request.")
XLA = flags.DEFINE_bool(
    "xla_signature", False, "Also write `rollout_xla`, for servers started with XLA."
)


def main() -> None:
    """Console entry point."""
    flags.mark_flags_as_required(["workdir", "model_dir"])
    run_command("qtf-export", _main, resumable=False)


def run(
    workdir: Path | str,
    model_dir: Path | str,
    *,
    max_steps: int = 1000,
    xla_signature: bool = False,
) -> Path:
    """Writes the next version of the model in `workdir` and returns its folder.

    Args:
        workdir: The run folder.
        model_dir: Folder of all versions, created if missing.
        max_steps: Largest number of steps of one request.
        xla_signature: Whether to add `rollout_xla`.

    Raises:
        FileNotFoundError: The run has no weights.
        ValueError: `max_steps` is not positive.
    """
    from qtf.quiet_import import import_tensorflow_quietly

    import_tensorflow_quietly()
    from qtf.dynamics.transferable_sru import TransferableSRU
    from qtf.export.saved_model import export_dynamics
    from qtf.files import writable_folder
    from qtf.physics import hamiltonians
    from qtf.training.run_folder import RunFolder

    folder = RunFolder(workdir)
    model: TransferableSRU = folder.load_model()
    config = folder.load_config()
    physics = config["physics"]["hamiltonian"]
    by_n = {
        n_sites: hamiltonians.from_config({**physics, "n_sites": n_sites})
        for n_sites in config["data"]["n_sites"]
    }
    return export_dynamics(
        model,
        writable_folder(model_dir),
        by_n,
        config,
        max_steps=max_steps,
        xla_signature=xla_signature,
    )


def _main() -> None:
    version = run(
        WORKDIR.value, MODEL_DIR.value, max_steps=MAX_STEPS.value, xla_signature=XLA.value
    )
    print(f"SavedModel: {version}")


if __name__ == "__main__":
    main()
