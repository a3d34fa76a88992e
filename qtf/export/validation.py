"""What a run of dynamics knows of its own error."""

from collections.abc import Mapping, Sequence
from typing import Any

_METRIC = "mre_n"


def validation_record(
    rows: Sequence[Mapping[str, Any]], config: Mapping[str, Any], kept_step: int | None = None
) -> dict[str, Any] | None:
    """Returns the error of the exported weights in validation, as JSON values.

    That is the mean relative entropy at the end of rollouts of trajectories that were not trained
    on, for each number of spins.

    Args:
        rows: Validations of the run, oldest first, as in `metrics.jsonl`.
        config: Its configuration, with `data.rollout_steps` and `training.monitor`.
        kept_step: Step after which it had its best weights; None: after the one of the lowest
            monitored value.

    Returns:
        `n_steps` of the rollouts and `relative_entropy`, number of spins -> value; None where the
        run has told nothing.

    Example:
        >>> rows = [{"step": 5, "mre": 0.2, "mre_n2": 0.2}, {"step": 9, "mre": 0.1, "mre_n2": 0.1}]
        >>> validation_record(rows, {"data": {"rollout_steps": 50}})
        {'n_steps': 50, 'relative_entropy': {'2': 0.1}}
    """
    n_steps = config.get("data", {}).get("rollout_steps")
    monitor = config.get("training", {}).get("monitor", "mre")
    kept = [row for row in rows if row["step"] == kept_step]
    judged = kept or [row for row in rows if monitor in row]
    if not judged or n_steps is None:
        return None
    # Of equal values the last one was kept.
    row = kept[-1] if kept else min(reversed(judged), key=lambda row: row[monitor])
    found = {
        name.removeprefix(_METRIC): value for name, value in row.items() if name.startswith(_METRIC)
    }
    return {"n_steps": n_steps, "relative_entropy": found} if found else None
