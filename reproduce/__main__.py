"""Runs everything behind `docs/results.md`; stopped at any time, the same command continues.

    python -m reproduce --budget=short [--out_dir=OUT] [--stages=data,increment] [--list]

Each stage is a command that a user could type, printed before it runs. Finished stages
whose inputs are unchanged are skipped.
"""

from pathlib import Path

from absl import flags

from qtf.command_line import run_command


def main() -> None:
    """Defines the flags and runs the command."""
    budget = flags.DEFINE_enum("budget", "short", ["full", "short", "tiny"], "How long it takes.")
    out_dir = flags.DEFINE_string("out_dir", None, "All outputs; default .reproduce/BUDGET.")
    docs_dir = flags.DEFINE_string(
        "docs_dir", None, "Folder of results.md; default docs, with budget tiny OUT/docs."
    )
    names = flags.DEFINE_list("stages", [], "Only these stages; default all.")
    only_list = flags.DEFINE_bool("list", False, "Print the stages and stop.")
    run_command(
        "reproduce",
        lambda: _reproduce(
            budget.value, out_dir.value, docs_dir.value, names.value, only_list.value
        ),
        # The command that is running saves what it has, which takes as long as one of its steps.
        grace=None,
    )


def _reproduce(
    budget: str, out_dir: str | None, docs_dir: str | None, names: list[str], only_list: bool
) -> int:
    # Imported here so that --help and mistakes in the flags answer at once.
    from qtf.files import locked, writable_folder
    from reproduce.fingerprints import ROOT
    from reproduce.layout import Layout
    from reproduce.plan import plan_text, select
    from reproduce.runner import Journal, Runner, StageFailedError
    from reproduce.stages import all_stages

    folder = Path(out_dir or ROOT / ".reproduce" / budget).resolve()
    docs = Path(docs_dir or (folder / "docs" if budget == "tiny" else ROOT / "docs")).resolve()
    layout = Layout(folder)
    stages = select(all_stages(layout, budget, docs), names)
    with locked(writable_folder(folder)):
        runner = Runner(folder, Journal(layout.journal), _say)
        _say(plan_text(stages, runner.is_finished))
        if only_list:
            return 0
        docs.mkdir(parents=True, exist_ok=True)
        try:
            runner.run(stages)
        except StageFailedError as error:
            _say(f"reproduce: {error} Everything before it is kept; the same command continues.")
            return 1
    return 0


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    main()
