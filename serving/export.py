"""Exports the best weights of a run as the next version of a SavedModel.

python -m serving.export --workdir=RUN --model_dir=MODELS/ising
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from absl import flags

from qtf.command_line import positive_integers, run_command

WORKDIR = flags.DEFINE_string("workdir", None, "Run folder of the model.")
MODEL_DIR = flags.DEFINE_string("model_dir", None, "Folder of all versions of the model.")
MAX_STEPS = flags.DEFINE_integer("max_steps", 1000, "Largest number of steps of one request.")
N_SITES = flags.DEFINE_list(
    "n_sites",
    [],
    "Chain lengths to serve; by default those of the training, and for a local generator 2 to 12.",
)
XLA = flags.DEFINE_bool(
    "xla_signature", False, "Also write `rollout_xla`, for servers started with XLA."
)

# Tables of longer chains would make the file large; ask for them by name.
MAX_DEFAULT_SITES = 12


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
    n_sites: Sequence[int] = (),
) -> Path:
    """Writes the next version of the model in `workdir` and returns its folder.

    Args:
        workdir: The run folder.
        model_dir: Folder of all versions, created if missing.
        max_steps: Largest number of steps of one request.
        xla_signature: Whether to add `rollout_xla`.
        n_sites: Chain lengths to serve, see `served_n_sites`.

    Raises:
        FileNotFoundError: The run has no weights.
        ValueError: `max_steps` is not positive, or the model does not know such chains.
    """
    from qtf.quiet_import import import_tensorflow_quietly

    import_tensorflow_quietly()
    from qtf.dynamics import models  # noqa: F401  registers the classes of all models
    from qtf.export.saved_model import export_dynamics
    from qtf.files import writable_folder
    from qtf.physics import hamiltonians
    from qtf.training.run_folder import RunFolder

    folder = RunFolder(workdir)
    model = folder.load_model()
    config = folder.load_config()
    physics = config["physics"]["hamiltonian"]
    by_n = {
        n: hamiltonians.from_config({**physics, "n_sites": n})
        for n in served_n_sites(model, config["data"]["n_sites"], n_sites)
    }
    return export_dynamics(
        model,
        writable_folder(model_dir),
        by_n,
        config,
        max_steps=max_steps,
        xla_signature=xla_signature,
    )


def served_n_sites(model: Any, trained: Sequence[int], asked: Sequence[int]) -> tuple[int, ...]:
    """Returns the chain lengths to export.

    Args:
        model: The model; a local generator has `terms`.
        trained: Chain lengths that it was trained for.
        asked: Chain lengths that the user wants, or none.

    Raises:
        ValueError: The model does not know such a chain.
    """
    known = tuple(trained)
    if hasattr(model, "terms") and model.terms.n_sites is None:
        known = tuple(range(1, model.n_max + 1))
    for n in asked:
        if n not in known:
            raise ValueError(f"Flag --n_sites must hold n in {known}, but holds {n}.")
    return tuple(asked) or tuple(n for n in known if n in trained or 2 <= n <= MAX_DEFAULT_SITES)


def _main() -> None:
    version = run(
        WORKDIR.value,
        MODEL_DIR.value,
        max_steps=MAX_STEPS.value,
        xla_signature=XLA.value,
        n_sites=positive_integers(N_SITES),
    )
    print(f"SavedModel: {version}")


if __name__ == "__main__":
    main()
