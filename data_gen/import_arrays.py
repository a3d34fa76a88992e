"""Takes trajectories of any origin: a file of arrays becomes a folder for all commands.

    python -m data_gen.import_arrays FILE.npz --out_dir=DATA --dt=0.05

FILE.npz holds `psi_4` and the like, complex (n_trajectories, n_times, 2**4), or arrays of any name
whose last axis tells the number of spins; and perhaps `dt`, or `times` (n_times,) from which the
time step follows. FILE.npy holds one array. The same command continues a run that was interrupted
or killed.
"""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from absl import flags

from qtf.command_line import run_command, value_of

if TYPE_CHECKING:
    from data_gen.array_file import ArrayFile

_FILE = flags.DEFINE_string("file", None, "File of arrays, npz or npy; --file= may be left out.")
_OUT_DIR = flags.DEFINE_string("out_dir", None, "Folder that the shards are written to.")
_DT = flags.DEFINE_float("dt", None, "Time step; not needed where the file holds `times` or `dt`.")
_HAMILTONIAN = flags.DEFINE_string(
    "hamiltonian",
    None,
    'What they obey, if known: JSON such as {"name": "ising"} or a file of it, without `n_sites`.',
)
_VALIDATION = flags.DEFINE_float("validation", 0.1, "Share of the trajectories that validate.")
_TEST = flags.DEFINE_float("test", 0.1, "Share of the trajectories kept for evaluations.")
_NORMALIZE = flags.DEFINE_bool("normalize", False, "Divide every state by its norm.")
_SEED = flags.DEFINE_integer("seed", 0, "Seed of the order of the trajectories.")
_DTYPE = flags.DEFINE_string("dtype", "float32", "Stored precision, float32 or float64.")
_COMPRESSION = flags.DEFINE_string("compression", "none", "Compression, none or gzip.")


def _hamiltonian(text: str | None) -> dict[str, Any] | None:
    if text is None:
        return None
    is_json = text.lstrip().startswith("{")
    try:
        content = json.loads(text if is_json else Path(text).read_text())
    except ValueError as error:
        raise ValueError(
            f"Flag --hamiltonian must hold JSON or name a file of it: {error}."
        ) from error
    if not isinstance(content, dict):
        raise ValueError(f"Flag --hamiltonian must hold a JSON object, but holds {content!r:.40}.")
    return content


def main() -> None:
    """Runs the command `qtf-import`."""
    if len(sys.argv) > 1 and not sys.argv[1].startswith("-"):
        sys.argv[1] = f"--file={sys.argv[1]}"
    flags.mark_flags_as_required(["file", "out_dir"])
    run_command("qtf-import", _import)


def _import() -> None:
    # Imported here so that --help and mistakes in the flags answer at once.
    from data_gen.array_file import ArrayFile
    from qtf.data.given import write_trajectories

    arrays = ArrayFile(Path(value_of(_FILE)))
    out_dir = value_of(_OUT_DIR)
    manifest = write_trajectories(
        out_dir,
        arrays,
        dt=_dt(arrays),
        hamiltonian=_hamiltonian(_HAMILTONIAN.value),
        validation=_VALIDATION.value,
        test=_TEST.value,
        normalize=_NORMALIZE.value,
        seed=_SEED.value,
        dtype=_DTYPE.value,
        compression=_COMPRESSION.value,
    )
    size = sum(shard.n_bytes for shard in manifest.files) / 1e6
    print(f"Folder {out_dir} is complete: {len(manifest.files)} shards, {size:.1f} MB.")
    for split in sorted({shard.split for shard in manifest.files}):
        counts = [
            f"{manifest.n_trajectories(split, n)} of n = {n}" for n in manifest.n_sites(split)
        ]
        print(f"  {split}: {', '.join(counts)}")


def _dt(arrays: "ArrayFile") -> float:
    from data_gen.array_file import STEP, TIMES, UNEVEN

    dt: float | None = _DT.value
    told = dt if arrays.dt is None else arrays.dt
    if told is None:
        raise ValueError(f"Flag --dt is needed, as the file holds neither `{TIMES}` nor `{STEP}`.")
    if dt is not None and abs(dt - told) > UNEVEN * abs(told):
        raise ValueError(f"Flag --dt must be {told:.6g}, as the file says, but is {dt}.")
    return told if dt is None else dt


if __name__ == "__main__":
    main()
