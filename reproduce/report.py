"""Writes results.json, results.md and the figures from what the other stages left.

python -m reproduce.report --out_dir=OUT --docs_dir=docs
"""

from pathlib import Path

from absl import flags

from qtf.command_line import run_command
from qtf.files import write_atomically, write_json


def main() -> None:
    """Defines the flags and runs the command."""
    out_dir = flags.DEFINE_string("out_dir", None, "Folder of the stages' outputs.")
    docs_dir = flags.DEFINE_string("docs_dir", None, "Folder of results.md.")
    flags.mark_flags_as_required(["out_dir", "docs_dir"])
    run_command(
        "reproduce-report",
        lambda: write_report(Path(out_dir.value), Path(docs_dir.value)),
        resumable=False,
    )


def write_report(out_dir: Path, docs_dir: Path) -> None:
    """Writes everything and prints what holds.

    Args:
        out_dir: Folder of the stages' outputs.
        docs_dir: Folder of results.json, results.md and figures/results_*.png.

    Raises:
        FileNotFoundError: `out_dir` holds no output of any stage.
    """
    from qtf.quiet_import import import_tensorflow_quietly

    import_tensorflow_quietly()
    from reproduce.checks import all_checks
    from reproduce.figures import all_figures, write_figures
    from reproduce.layout import Layout
    from reproduce.material import collect
    from reproduce.other_results import section
    from reproduce.page import page
    from reproduce.results import results

    material = collect(Layout(out_dir))
    if not material.runs:
        raise FileNotFoundError(f"Folder {out_dir} holds no finished run; run a training first.")
    numbers = results(material)
    checks = all_checks(numbers)
    drawn = all_figures(material)
    minutes = {name: entry["seconds"] / 60 for name, entry in material.stages.items()}
    write_figures(drawn, docs_dir / "figures")
    write_json(docs_dir / "results.json", numbers)
    text = page(numbers, checks, sorted(drawn), minutes, section(docs_dir))
    write_atomically(docs_dir / "results.md", text)
    for check in checks:
        print(f"{'holds' if check.holds else 'FALLS SHORT':<12} {check.requirement}: {check.found}")
    print(f"Page: {docs_dir / 'results.md'}")


if __name__ == "__main__":
    main()
