"""What is about to run, and for how long."""

from collections.abc import Callable, Sequence

from reproduce.engine.stages import Stage, duration


def select(stages: Sequence[Stage], names: Sequence[str]) -> list[Stage]:
    """Returns the stages of these names in their natural order; without names, all.

    Raises:
        ValueError: A name is unknown.
    """
    choices = [stage.name for stage in stages]
    for name in names:
        if name not in choices:
            raise ValueError(f"Flag --stages holds {name!r}; known are {', '.join(choices)}.")
    return [stage for stage in stages if not names or stage.name in names]


def plan_text(stages: Sequence[Stage], is_finished: Callable[[Stage], bool]) -> str:
    """Returns a table of the stages with expected durations on two cores.

    Args:
        stages: Stages in the order in which they run.
        is_finished: Whether a stage needs no work any more.
    """
    open_stages = _select_open(stages, is_finished)
    lines = ["Stages, with the durations to expect on two cores without a GPU:"]
    for stage in stages:
        state = duration(stage.minutes) if stage in open_stages else "finished"
        lines.append(f"  {stage.name:<30} {state:>9}")
    total = sum(stage.minutes for stage in open_stages)
    lines.append(f"  {'still to do':<30} {duration(total):>9}")
    return "\n".join(lines)


def _select_open(stages: Sequence[Stage], is_finished: Callable[[Stage], bool]) -> list[Stage]:
    """Returns the stages that will run: unfinished ones and whatever reads their outputs."""
    selected: list[Stage] = []
    for stage in stages:
        changing = any(
            path.is_relative_to(before.output) for before in selected for path in stage.inputs
        )
        if changing or not is_finished(stage):
            selected.append(stage)
    return selected
