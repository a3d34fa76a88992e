"""Follows trajectories by several processes, and survives being killed."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from qtf.files import (
    append_json_line,
    json_line,
    locked,
    read_json_lines,
    writable_folder,
    write_atomically,
)
from qtf.open_systems.runs.trajectories import (
    Piece,
    Trajectories,
    TrajectorySettings,
    check_alike,
    compute_piece,
    planned_pieces,
)
from qtf.progress import announced
from qtf.worker_processes import run_in_processes

# Settings in the first line, then one line for each piece.
PIECES = "pieces.jsonl"


def follow(
    settings: TrajectorySettings, workdir: Path | str, *, n_trajectories: int, workers: int
) -> Trajectories:
    """Follows trajectories, all that a folder lacks, and writes their means.

    The means depend on the settings and the number of trajectories only, not on `workers`, and not
    on how often the work was interrupted. With a larger number it goes on from those that are
    there.

    Args:
        settings: What is followed.
        workdir: Folder, new or of the same settings.
        n_trajectories: Number of trajectories, at least 2.
        workers: Number of processes.

    Raises:
        ValueError: The folder holds trajectories of other settings or something else, or another
            process works in it.
        OSError: The folder cannot be written to, or a process was killed.
    """
    folder, mapping = writable_folder(workdir), settings.as_mapping()
    with locked(folder):
        finished = _open_pieces(folder, mapping)
        planned = list(planned_pieces(settings, n_trajectories))
        todo = [one for one in planned if (one.start, len(one)) not in finished]
        n_done = n_trajectories - sum(len(one) for one in todo)
        with announced("trajectories", n_trajectories, patience=2.0) as activity:
            activity.advance(n_done)
            for piece in _computed(mapping, todo, workers):
                append_json_line(folder / PIECES, piece.as_mapping())
                finished[piece.first, piece.n] = piece
                activity.advance(piece.n)
        pieces = [finished[one.start, len(one)] for one in planned]
        result = Trajectories.of_pieces(mapping, pieces)
        result.save(folder)
    return result


def _open_pieces(folder: Path, mapping: dict[str, Any]) -> dict[tuple[int, int], Piece]:
    """Returns the finished pieces, and makes the file ready for more."""
    path = folder / PIECES
    foreign = [one.name for one in folder.iterdir() if not one.name.startswith(".")]
    if not path.exists() and foreign:
        raise ValueError(
            f"Folder {folder} must be empty or hold trajectories, but holds `{min(foreign)}`."
        )
    # The last line is torn if the process was killed while writing it.
    recorded, *lines = (list(read_json_lines(path)) if path.exists() else []) or [mapping]
    check_alike(folder, recorded, mapping)
    write_atomically(path, "".join(json_line(line) for line in [mapping, *lines]))
    pieces = [Piece.from_mapping(line) for line in lines]
    return {(piece.first, piece.n): piece for piece in pieces}


def _computed(mapping: dict[str, Any], todo: Sequence[range], workers: int) -> Iterator[Piece]:
    if workers == 1 or len(todo) < 2:
        yield from (compute_piece(mapping, numbers) for numbers in todo)
        return
    tasks = [(mapping, numbers) for numbers in todo]
    yield from run_in_processes(compute_piece, tasks, workers=workers, caller="follow")
