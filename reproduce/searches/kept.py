"""Finished sizes of a growth, kept in the repository: weights, numbers, and what goes on from them.

Beside the page's folder, `reproduce/weights/SECTION/CASE` holds a run folder `size-NNN` for each
size, as `python -m trainers.ground_state` has left it. The largest has its checkpoint, with the
moments of the optimiser, so that the growth goes on from there on any machine.
"""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from qtf import provenance
from qtf.files import folder_written_aside, read_object, write_atomically, write_json
from qtf.ground_states.growth_folders import folder_name, size_folders
from qtf.settings import flatten
from qtf.training.checkpoint_files import last_step, name_of
from qtf.training.logbook import read_metrics
from qtf.training.run_folder import RunFolder
from reproduce.engine.minutes import minutes_of_validations
from reproduce.engine.weights import count_weights

GROWTH, CONFIG, RESULT = "growth.json", "config.json", "result.json"
# Of the growth itself.
SHARED = (CONFIG, GROWTH)
# Numbers of a size as pages have them.
NUMBERS = "numbers.json"
FILES = (CONFIG, "run.json", "model.json", "best.weights.h5", RESULT, "metrics.jsonl")
CHECKPOINTS = "checkpoints"
# Of the measurement at the end of a size, what `growth.json` leaves out.
MEASURED = (
    "magnetization",
    "magnetization_error",
    "abs_magnetization",
    "reference_error",
    "unseen_variance",
)
AVERAGED_VARIANCE = "energy_variance_with_symmetries"


def take_up(kept: Path, workdir: Path) -> list[int]:
    """Copies a growth that is kept into a run folder, unless there is one.

    Args:
        kept: Where its sizes are kept.
        workdir: The run folder.

    Returns:
        The sizes that are finished by that.
    """
    if workdir.exists() or not (kept / CONFIG).exists():
        return []
    with folder_written_aside(workdir) as aside:
        shutil.copytree(
            kept, aside, dirs_exist_ok=True, ignore=shutil.ignore_patterns(NUMBERS, ".*")
        )
    return sizes_of(kept)


def keep_finished(workdir: Path, kept: Path) -> list[int]:
    """Keeps the sizes that a growth has finished and that are not kept yet.

    Args:
        workdir: Its run folder.
        kept: Where they are kept.

    Returns:
        The new sizes.

    Raises:
        ValueError: Sizes of another search are kept there.
    """
    if not (workdir / GROWTH).exists():
        return []
    check_same_search(workdir, kept)
    rows = {row["size"]: row for row in read_object(workdir / GROWTH)["rows"]}
    new = [size for size in rows if not (kept / folder_name(size)).exists()]
    for size in new:
        _keep(workdir / folder_name(size), kept / folder_name(size), rows[size])
    if new:
        for name in SHARED:
            write_atomically(kept / name, (workdir / name).read_bytes())
        for folder in size_folders(kept)[:-1]:
            shutil.rmtree(folder / CHECKPOINTS, ignore_errors=True)
    return new


def check_same_search(workdir: Path, kept: Path) -> None:
    """Checks that what is kept is of the search in a run folder; sizes may differ.

    Raises:
        ValueError: Another network is kept, or another Hamiltonian.
    """
    if not ((workdir / CONFIG).exists() and (kept / CONFIG).exists()):
        return
    mine, theirs = (_settings_of(folder) for folder in (workdir, kept))
    # Settings that only one of them knows are of another version.
    for key in sorted(mine.keys() & theirs.keys()):
        if mine[key] != theirs[key]:
            raise ValueError(
                f"Folder {kept} must hold sizes of the same search, but its `{key}` is"
                f" {theirs[key]!r} and not {mine[key]!r}; remove it to start anew."
            )


def _settings_of(folder: Path) -> dict[str, Any]:
    config = read_object(folder / CONFIG)
    return flatten({key: config[key] for key in ("physics", "network", "wave_function")})


def sizes_of(kept: Path) -> list[int]:
    """Returns the sizes of a growth that are kept, ascending."""
    return [int(folder.name.rpartition("-")[2]) for folder in size_folders(kept)]


def numbers_of(kept: Path) -> list[dict[str, Any]]:
    """Returns the numbers of each size that is kept, ascending."""
    return [read_object(folder / NUMBERS) for folder in size_folders(kept)]


def _keep(run: Path, target: Path, row: Mapping[str, Any]) -> None:
    folder = RunFolder(run)
    with folder_written_aside(target) as aside:
        for name in FILES:
            if (run / name).exists():
                shutil.copy2(run / name, aside)
        step = last_step(folder.checkpoints)
        if step is not None:
            (aside / CHECKPOINTS).mkdir()
            for path in folder.checkpoints.glob(f"{name_of(step)}.*"):
                shutil.copy2(path, aside / CHECKPOINTS)
        write_json(aside / NUMBERS, _numbers(run, row))


def _numbers(run: Path, row: Mapping[str, Any]) -> dict[str, Any]:
    result = read_object(run / RESULT)
    seconds = row["seconds"]
    return {
        **row,
        **{key: result.get(key) for key in (*MEASURED, AVERAGED_VARIANCE)},
        "n_weights": count_weights(run),
        "minutes": None if seconds is None else seconds / 60,
        "curve": _curve(run),
        "machine": provenance.machine(),
        "date": provenance.today(),
        "versions": provenance.versions(),
    }


def _curve(run: Path) -> list[dict[str, Any]]:
    """Returns minutes and relative error of each validation, where both are known."""
    minutes = minutes_of_validations(run, "energy")
    rows = read_metrics(run / "metrics.jsonl", "validation")
    return [
        {
            "step": row["step"],
            "minutes": minutes[row["step"]],
            "relative_error": row["relative_error"],
            "relative_error_bar": row.get("relative_error_error"),
            "v_score": row.get("v_score"),
        }
        for row in rows
        if row["step"] in minutes and row.get("relative_error") is not None
    ]
