"""Computes exact trajectories and writes them as shards.

    python -m data_gen.generate --config=ising --out_dir=D [--workers=K]

The same command continues a run that was interrupted or killed; see `data_gen.generation`.
"""

from absl import flags

from qtf.command_line import run_command
from qtf.configuration_files import define_configuration, require_flags
from qtf.extras import check_installed

define_configuration("What to compute, for example `small`.", "data")
_OUT_DIR = flags.DEFINE_string("out_dir", None, "Folder that the shards are written to.")
_WORKERS = flags.DEFINE_integer("workers", None, "Processes; by default one for each core.", 1)

_DASK = flags.DEFINE_string(
    "dask_scheduler", None, "Address or file of a dask scheduler, or 'local'; needs qtf[dask]."
)


def main() -> None:
    """Runs the command `qtf-generate`."""
    require_flags("out_dir")
    run_command("qtf-generate", _generate)


def _generate() -> None:
    # Imported here so that --help and mistakes in the flags answer at once.
    from data_gen.settings import GenerationSettings
    from qtf.resolved_configuration import settings_from_flags

    settings = settings_from_flags(GenerationSettings)
    # Imported by other processes only.
    check_installed("tfrecord", "data_gen")
    from data_gen.generation import generate
    from qtf.worker_processes import default_workers

    out_dir = str(_OUT_DIR.value)
    workers = _WORKERS.value or default_workers()
    done = generate(settings, out_dir, workers=workers, dask_scheduler=_DASK.value)
    files = done.manifest.files
    size = sum(shard.n_bytes for shard in files) / 1e6
    already = "" if done.n_written else " already"
    print(f"Folder {out_dir} is complete{already}: {len(files)} shards, {size:.1f} MB.")


if __name__ == "__main__":
    main()
