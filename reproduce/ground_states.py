"""Runs everything behind `docs/ground_state_results.md`; the same command continues.

    python -m reproduce.ground_states [--out_dir=OUT] [--stages=ising_3] [--list]

Each stage is a command that a user could type, printed before it runs.
"""

from pathlib import Path

from absl import flags

from qtf.command_line import raise_on_sigterm, run_command
from reproduce.ground_state_cases import CASES
from reproduce.layout import Layout
from reproduce.stages import Stage


def main() -> None:
    """Defines the flags and runs the command."""
    out_dir = flags.DEFINE_string("out_dir", None, "Outputs; default .reproduce/ground_states.")
    docs_dir = flags.DEFINE_string("docs_dir", None, "Folder of the page; default docs.")
    names = flags.DEFINE_list("stages", [], "Only these stages, then the page; default all.")
    only_list = flags.DEFINE_bool("list", False, "Print the stages and stop.")
    run_command(
        "reproduce-ground-states",
        lambda: _run(out_dir.value, docs_dir.value, names.value, only_list.value),
    )


def _run(out_dir: str | None, docs_dir: str | None, names: list[str], only_list: bool) -> int:
    # Imported here so that --help and mistakes in the flags answer at once.
    from qtf.files import locked, writable_folder
    from qtf.quiet_import import import_tensorflow_quietly
    from reproduce.fingerprints import ROOT
    from reproduce.plan import plan_text, select
    from reproduce.runner import Journal, Runner, StageFailedError

    raise_on_sigterm()
    folder = Path(out_dir or ROOT / ".reproduce" / "ground_states").resolve()
    docs = Path(docs_dir or ROOT / "docs").resolve()
    layout = Layout(folder)
    stages = select(stages_of(layout), names)
    with locked(writable_folder(folder)):
        runner = Runner(folder, Journal(layout.journal), _say)
        _say(plan_text(stages, runner.is_finished))
        if only_list:
            return 0
        try:
            runner.run(stages)
        except StageFailedError as error:
            _say(f"{error} Everything before it is kept; the same command continues.")
            return 1
        import_tensorflow_quietly()
        from reproduce.ground_state_page import write_page

        for line in write_page(layout, writable_folder(docs)):
            _say(line)
    return 0


def stages_of(layout: Layout) -> list[Stage]:
    """Returns one training for each case."""
    return [
        Stage(
            case.name,
            "trainers.ground_state",
            (f"--workdir={layout.run(case.name)}",),
            layout.run(case.name),
            config=case.config,
            minutes=case.minutes,
        )
        for case in CASES
    ]


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    main()
