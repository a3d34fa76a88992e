"""Writes results.json, results.md and the figures from what the other stages left.

python -m reproduce.report --out_dir=OUT --docs_dir=docs

It stands above the sections, as `docs/results.md` names the results of all of them.
"""

from pathlib import Path

from absl import flags

from qtf.command_line import run_command


def main() -> None:
    """Defines the flags and runs the command."""
    out_dir = flags.DEFINE_string("out_dir", None, "Folder of the stages' outputs.")
    docs_dir = flags.DEFINE_string("docs_dir", None, "Folder of results.md.")
    flags.mark_flags_as_required(["out_dir", "docs_dir"])
    run_command(
        "reproduce-report",
        lambda: _report(Path(out_dir.value), Path(docs_dir.value)),
        resumable=False,
    )


def _report(out_dir: Path, docs_dir: Path) -> None:
    from qtf.quiet_import import import_tensorflow_quietly

    import_tensorflow_quietly()
    from reproduce.engine.layout import Layout
    from reproduce.other_results import describe_others
    from reproduce.sections.dynamics.report import write_report

    for line in write_report(Layout(out_dir, docs_dir), describe_others(docs_dir)):
        print(line)


if __name__ == "__main__":
    main()
