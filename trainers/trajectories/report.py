"""What the command says of trajectories."""

from collections.abc import Iterator

from qtf.open_systems.runs.trajectories import Trajectories


def lines(done: Trajectories) -> Iterator[str]:
    """Yields what a user reads at the end."""
    yield "Steady state" if done.times is None else f"Time: {done.times[-1]:.6g}"
    for k, name in enumerate("XYZ"):
        yield f"<{name}>: {done.means[-1, k]:.6f} +- {done.errors[-1, k]:.1g}"
    if done.drift is not None:
        drift, errors = done.drift.tolist()
        shown = ", ".join(f"{d:.1g} +- {e:.1g}" for d, e in zip(drift, errors, strict=True))
        yield f"Second half of the time less the first: {shown}"
    yield f"{done.n_trajectories} trajectories, {done.minutes:.1f} minutes of a core"
