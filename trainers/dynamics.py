"""Trains a network to predict the time evolution of spin chains.

    python -m trainers.dynamics --config=configs/dynamics/increment.py \
        --data_dir=DATA --workdir=RUN

Stopped by Ctrl-C, SIGTERM or kill -9, the same command continues.
"""

from pathlib import Path
from typing import Any

from absl import flags
from ml_collections import config_flags

from qtf.command_line import run_command
from trainers import base_config

CONFIG = config_flags.DEFINE_config_file("config", None, "What to train.")
DATA_DIR = flags.DEFINE_string("data_dir", None, "Folder of trajectories from data_gen.")
WORKDIR = flags.DEFINE_string("workdir", None, "Folder of the run.")
INIT_FROM = flags.DEFINE_string("init_from", None, "Run whose best weights to start from.")


def main() -> None:
    """Console entry point."""
    flags.mark_flags_as_required(["config", "workdir"])
    run_command("qtf-train", _main)


def run(
    config: dict[str, Any],
    workdir: Path | str,
    *,
    data_dir: Path | str | None = None,
    init_from: Path | str | None = None,
) -> None:
    """Trains as `config` says, in the run folder `workdir`.

    Args:
        config: Resolved configuration, see `trainers.base_config`.
        workdir: The run folder.
        data_dir: Folder of trajectories; needed by `data.source` = "files".
        init_from: Run folder whose best weights the model starts from.

    Raises:
        ValueError: The configuration, the data or the run folder do not fit.
    """
    from qtf.training.quiet_import import import_tensorflow_quietly

    import_tensorflow_quietly()
    from qtf.training.loop import train
    from trainers.dynamics_assembly import make_settings, make_task

    settings = make_settings(config)
    task, physics = make_task(config, data_dir=data_dir, init_from=init_from)
    recorded = {**config, "physics": physics, "init_from": str(init_from or "")}
    train(task, settings, recorded, workdir)
    print(f"Run folder: {workdir}\nTensorBoard: tensorboard --logdir {workdir}/tensorboard")


def _main() -> None:
    config = base_config.resolved(CONFIG.value)
    run(config, WORKDIR.value, data_dir=DATA_DIR.value, init_from=INIT_FROM.value)


if __name__ == "__main__":
    main()
