"""The page `docs/growth_results.md`, its numbers and its figures."""

import math
import shutil
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from qtf.files import read_json, write_atomically, write_json
from qtf.ground_states.growth_folders import folder_name
from qtf.physics import HamiltonianSettings
from reproduce.growth_cases import (
    BACK_UNDER,
    CASES,
    EVERY,
    FIRST,
    FURTHER,
    MINIBATCHES,
    MINUTES,
    Case,
    Requirement,
)
from reproduce.layout import Layout
from reproduce.made import kept_beside, made_lines, made_now
from reproduce.tables import table
from trainers.ground_state.growth.report import bulk_line, retraining_curve
from trainers.ground_state.growth.rows import AVERAGED, BEFORE_IT, Bulk, Row, bulk_energy

Values = dict[str, Any]
PAGE, NUMBERS = "growth_results.md", "growth_results.json"
NO_BULK = "There are too few sizes for the energy of the infinite lattice."
NEVER = "not reached"
FIGURES = ("relative_error", "retraining")
TEXT = """# Growing ground states: results

Written by `python -m reproduce.growth` from [{numbers}]({numbers}), not by hand.

{made}

{n_hold} of {n_asked} requirements hold.

Each size starts from the weights of the one before. Energies are of samples, errors relative
to the reference; error bars are one standard error. "Before" is the grown network before its
first minibatch; "with symmetries" are those of the lattice and the flip of all spins, over which
the trained wave function is averaged where the configuration names them. "Minibatches to
{back_under:.0e}" is from where on the curve of the second figure stays under this error, by the
samples of the training itself.
{parts}"""
PART = """
## {title}

`{command}`

{samples}

{rows}

{requirements}

{bulk}

![Relative error against size](figures/growth_{name}_relative_error.png)

![Relative error against minibatches after each enlargement](figures/growth_{name}_retraining.png)
"""


def write_page(layout: Layout, docs_dir: Path) -> Iterator[str]:
    """Writes page, numbers and figures, and yields a line about each size and requirement.

    Args:
        layout: Where the runs are.
        docs_dir: Folder of the page.
    """
    cases = [case for case in CASES if (layout.run(case.name) / "growth.json").exists()]
    new = {case.name: _numbers(case, layout.run(case.name)) for case in cases}
    kept, made = kept_beside(docs_dir / NUMBERS, "growths", made_now())
    every = {**kept, **new}
    found = {case.name: every[case.name] for case in CASES if case.name in every}
    write_json(docs_dir / NUMBERS, {"made": made, "growths": found})
    (docs_dir / "figures").mkdir(exist_ok=True)
    for name in new:
        for figure in FIGURES:
            image = docs_dir / "figures" / f"growth_{name}_{figure}.png"
            shutil.copyfile(layout.run(name) / f"{figure}.png", image)
    write_atomically(docs_dir / PAGE, page(found, made))
    for name, growth in found.items():
        for row in growth["rows"]:
            yield f"{name} {row['size']}: {_error(row, '')} after {row['n_steps']} minibatches"
        for entry in growth["requirements"]:
            verdict = "holds" if entry["holds"] else "FALLS SHORT"
            yield f"{verdict:<12} {name}: {', '.join(_requirement_row(entry)[:3])}"
    yield f"Page: {docs_dir / PAGE}"


def page(found: dict[str, Values], made: Values) -> str:
    """Returns the page as markdown."""
    asked = [entry for growth in found.values() for entry in growth["requirements"]]
    return TEXT.format(
        numbers=NUMBERS,
        made=made_lines(made),
        n_hold=sum(entry["holds"] for entry in asked),
        n_asked=len(asked),
        back_under=BACK_UNDER,
        parts="".join(_part(case, found[case.name]) for case in CASES if case.name in found),
    )


def _part(case: Case, growth: Values) -> str:
    head = ["", "of", "found", "asked for", ""]
    bulk = growth["bulk"]
    return PART.format(
        name=case.name,
        title=case.words,
        command=f"python -m trainers.ground_state --config={case.config}",
        samples=_samples(growth),
        rows=_rows(growth["rows"]),
        requirements=table(head, map(_requirement_row, growth["requirements"])),
        bulk=NO_BULK if bulk is None else f"{bulk_line(Bulk(**bulk)).replace('+-', '±')}.",
    )


def _numbers(case: Case, workdir: Path) -> Values:
    config, rows = read_json(workdir / "config.json"), read_json(workdir / "growth.json")["rows"]
    for row in rows:
        row[MINUTES] = None if row["seconds"] is None else row["seconds"] / 60
        row[MINIBATCHES] = None
        if row["relative_error_before"] is not None:
            curve = retraining_curve(workdir / folder_name(row["size"]), Row.from_mapping(row))
            row[MINIBATCHES] = _minibatches_until_back(*curve)
    done = [row["size"] for row in rows]
    hamiltonian = HamiltonianSettings.from_mapping(config["physics"]["hamiltonian"])
    bulk = bulk_energy([Row.from_mapping(row) for row in rows], hamiltonian)
    return {
        "rows": rows,
        "sizes_to_come": [size for size in config["growth"].get("sizes", ()) if size not in done],
        # Anew, as what is said of it may have changed since the run.
        "bulk": None if bulk is None else asdict(bulk),
        "n_averages": config["growth"].get("n_averages", 0),
        "requirements": [_judged(requirement, rows) for requirement in case.requirements],
    }


def _minibatches_until_back(steps: list[float], errors: list[float]) -> int | str | None:
    """Returns from where on all errors are small enough, or `NEVER` if the last one is not.

    None where there is no error but the one before the first minibatch.
    """
    if len(steps) < 2:
        return None
    above = [place for place, error in enumerate(errors) if not error < BACK_UNDER]
    first = above[-1] + 1 if above else 0
    return math.ceil(steps[first]) if first < len(steps) else NEVER


def _judged(requirement: Requirement, rows: list[Values]) -> Values:
    """Returns the largest value beside its limit.

    What is unknown or never reached at a size does not hold.
    """
    chosen = {EVERY: rows, FIRST: rows[:1], FURTHER: rows[1:]}.get(
        requirement.sizes, [row for row in rows if row["size"] == requirement.sizes]
    )
    worst = _largest([row[requirement.key] for row in chosen])
    return {
        "words": requirement.words,
        "key": requirement.key,
        "sizes": requirement.sizes,
        "found": worst,
        "limit": requirement.limit,
        "holds": worst not in (None, NEVER) and worst <= requirement.limit,
    }


def _largest(values: list[Any]) -> Any:
    if NEVER in values:
        return NEVER
    return max(values) if values and None not in values else None


def _requirement_row(entry: Values) -> list[str]:
    where = entry["sizes"] if isinstance(entry["sizes"], str) else f"size {entry['sizes']}"
    is_count = entry["key"] in (MINUTES, MINIBATCHES)
    limit = f"{entry['limit']:.0f}" if is_count else f"{entry['limit']:.0e}"
    found = "unknown" if entry["found"] is None else entry["found"]
    if not isinstance(found, str):
        found = f"{found:.0f}" if is_count else f"{found:.1e}"
    verdict = "holds" if entry["holds"] else "**falls short**"
    return [entry["words"], where, found, limit, verdict]


def _samples(growth: Values) -> str:
    counts = sorted({row["n_evaluation"] for row in growth["rows"]})
    text = f"Energies are of {' or '.join(map(str, counts))} samples"
    if any(row[f"energy{AVERAGED}"] is not None for row in growth["rows"]):
        text += f", those with symmetries of {growth['n_averages']}"
    if growth.get("sizes_to_come"):
        text += f". Not trained yet: {', '.join(map(str, growth['sizes_to_come']))}"
    return f"{text}."


def _rows(rows: list[Values]) -> str:
    head = ["size", "minibatches", "samples of each", "energy a site", "reference a site"]
    errors = ["error", "error with symmetries", "error before"]
    return table(
        [*head, *errors, f"minibatches to {BACK_UNDER:.0e}", "minutes"],
        [
            [
                str(row["size"]),
                str(row["n_steps"]),
                str(row["n_samples"]),
                _energy(row),
                _reference(row),
                _error(row, ""),
                _error(row, AVERAGED),
                _error(row, BEFORE_IT),
                "" if row[MINIBATCHES] is None else str(row[MINIBATCHES]),
                "" if row[MINUTES] is None else f"{row[MINUTES]:.1f}",
            ]
            for row in rows
        ],
    )


def _energy(row: Values) -> str:
    energy, error = (row[key] / row["n_sites"] for key in ("energy", "energy_error"))
    return f"{energy:.7f} ± {error:.0e}"


def _reference(row: Values) -> str:
    if row["reference_energy"] is None:
        return ""
    # Absent in pages from before it was told.
    kind = f"{row['reference_kind']}: " if row.get("reference_kind") else ""
    return f"{row['reference_energy'] / row['n_sites']:.7f} ({kind}{row['reference_source']})"


def _error(row: Values, suffix: str) -> str:
    value, bar = (row[f"{key}{suffix}"] for key in ("relative_error", "relative_error_bar"))
    return "" if value is None else f"{value:.1e} ± {bar:.0e}"
