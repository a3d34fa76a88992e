"""The page `docs/full_scale.md` and its numbers."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from qtf.files import read_json, write_atomically, write_json
from reproduce.full_scale_cases import CASES, Case
from reproduce.layout import Layout
from reproduce.made import kept_beside, made_lines, made_now
from reproduce.tables import table

Values = dict[str, Any]
PAGE, NUMBERS = "full_scale.md", "full_scale.json"
HEAD = (
    "",
    "steps",
    "seconds to the first",
    "seconds a further one",
    "steps after resuming",
    "GiB of memory",
)
TEXT = """# Full-scale configurations: how they start

Written by `python -m reproduce.full_scale` from [{numbers}]({numbers}), not by hand.

{made}

These trainings take days on such a machine. Here each was started and stopped after a few steps.
Where the table has steps after resuming, it was stopped by SIGTERM and resumed by the same command,
which went on after the last step. The time to the first step is from the start of the command, with
imports and compilation, and the machine may have had other work; memory is the largest that the
process held.

{rows}

Each is `python -m MODULE --config=...`:

{commands}
"""


def write_page(layout: Layout, docs_dir: Path) -> Iterator[str]:
    """Writes page and numbers, and yields a line about each configuration.

    Args:
        layout: Where the measurements are.
        docs_dir: Folder of the page.
    """
    kept, made = kept_beside(docs_dir / NUMBERS, "cases", made_now())
    new = {
        case.name: {**read_json(layout.measurement(case.name)), "command": _command(case)}
        for case in CASES
        if layout.measurement(case.name).exists()
    }
    every = {**kept, **new}
    cases = [case for case in CASES if case.name in every]
    found = {case.name: every[case.name] for case in cases}
    write_json(docs_dir / NUMBERS, {"made": made, "cases": found})
    write_atomically(docs_dir / PAGE, page(cases, {"made": made, "cases": found}))
    for case in cases:
        row = _row(case, found[case.name])
        yield ", ".join(
            f"{name} {cell}" if name else cell for name, cell in zip(HEAD, row, strict=True)
        )
    yield f"Page: {docs_dir / PAGE}"


def page(cases: list[Case], numbers: Values) -> str:
    """Returns the page as markdown."""
    made, found = numbers["made"], numbers["cases"]
    return TEXT.format(
        numbers=NUMBERS,
        made=made_lines(made),
        rows=table(HEAD, [_row(case, found[case.name]) for case in cases]),
        commands="\n".join(f"- {case.words}: `{found[case.name]['command']}`" for case in cases),
    )


def _row(case: Case, entry: Values) -> list[str]:
    start, *further = entry["parts"]
    a_step = start["seconds_a_step"]
    return [
        case.words,
        str(start["n_steps"]),
        f"{start['seconds_to_first_step']:.0f}",
        "" if a_step is None else f"{a_step:.1f}",
        str(further[0]["n_steps"]) if further else "not tried",
        f"{max(part['peak_gib'] for part in entry['parts']):.1f}",
    ]


def _command(case: Case) -> str:
    return " ".join(("python -m", case.module, f"--config={case.config}", *case.trainer_flags))
