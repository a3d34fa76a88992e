"""The page `docs/growth_results.md`, its numbers and its figures."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from qtf.files import read_json, write_atomically, write_json
from qtf.provenance import machine, today, versions
from reproduce.growth_cases import CASES
from reproduce.layout import Layout
from reproduce.tables import table
from trainers.ground_states.growth_report import AVERAGED, BEFORE_IT

Values = dict[str, Any]
PAGE, NUMBERS = "growth_results.md", "growth_results.json"
FIGURES = ("relative_error", "retraining")
TEXT = """# Growing ground states: results

Written by `python -m reproduce.growth` from [{numbers}]({numbers}), not by hand.

- Machine: {machine}
- Date: {date}
- Versions: {versions}

Each size starts from the weights of the one before. Energies are of samples, errors relative
to the reference; error bars are one standard error. "Before" is the grown network before its
first minibatch; "with symmetries" are those of the lattice and the flip of all spins, over which
the trained wave function is averaged where the configuration names them.
{parts}"""
PART = """
## {title}

`{command}`

{rows}

{bulk}

![Relative error against size](figures/growth_{name}_relative_error.png)

![Relative error against minibatches after each enlargement](figures/growth_{name}_retraining.png)
"""


def write_page(layout: Layout, docs_dir: Path) -> Iterator[str]:
    """Writes page, numbers and figures, and yields a line about each size.

    Args:
        layout: Where the runs are.
        docs_dir: Folder of the page.
    """
    found = {
        case.name: read_json(layout.run(case.name) / "growth.json")
        for case in CASES
        if (layout.run(case.name) / "growth.json").exists()
    }
    made = {"date": today(), "machine": machine(), "versions": versions()}
    write_json(docs_dir / NUMBERS, {"made": made, "growths": found})
    (docs_dir / "figures").mkdir(exist_ok=True)
    for name in found:
        for figure in FIGURES:
            image = docs_dir / "figures" / f"growth_{name}_{figure}.png"
            shutil.copyfile(layout.run(name) / f"{figure}.png", image)
    write_atomically(docs_dir / PAGE, page(found, made))
    for name, growth in found.items():
        for row in growth["rows"]:
            yield f"{name} {row['size']}: {_error(row, '')} after {row['n_steps']} minibatches"
    yield f"Page: {docs_dir / PAGE}"


def page(found: dict[str, Values], made: Values) -> str:
    """Returns the page as markdown."""
    parts = [
        PART.format(
            name=case.name,
            title=case.words,
            command=f"python -m trainers.ground_state --config={case.config}",
            rows=_rows(found[case.name]["rows"]),
            bulk=_bulk(found[case.name]["bulk"]),
        )
        for case in CASES
        if case.name in found
    ]
    return TEXT.format(
        numbers=NUMBERS,
        machine=made["machine"],
        date=made["date"],
        versions=", ".join(f"{name} {version}" for name, version in made["versions"].items()),
        parts="".join(parts),
    )


def _rows(rows: list[Values]) -> str:
    head = ["size", "minibatches", "samples of each", "energy a site", "reference a site"]
    return table(
        [*head, "error", "error with symmetries", "error before", "minutes"],
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
                "" if row["seconds"] is None else f"{row['seconds'] / 60:.1f}",
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
    return f"{row['reference_energy'] / row['n_sites']:.7f} ({row['reference_source']})"


def _error(row: Values, suffix: str) -> str:
    value, bar = (row.get(f"{key}{suffix}") for key in ("relative_error", "relative_error_bar"))
    return "" if value is None else f"{value:.1e} ± {bar:.0e}"


def _bulk(bulk: Values | None) -> str:
    if bulk is None:
        return "There are too few sizes for the energy of the infinite lattice."
    known = f"; known: {bulk['known_energy']:.6f}" if bulk["known_energy"] is not None else ""
    energy = f"{bulk['energy_per_site']:.6f} ± {bulk['energy_error']:.0e}"
    which = "energies with symmetries" if bulk["with_symmetries"] else "energies"
    freedom = bulk["n_degrees_of_freedom"]
    left = "nothing to check the fit by" if freedom == 0 else f"{freedom} degrees of freedom left"
    return (
        f"Infinite lattice, extrapolated from the {which}: {energy} a site{known}. The error bar is"
        f" that of the samples; {left}."
    )
