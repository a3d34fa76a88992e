"""The page `docs/sampler_results.md`, its numbers and its figures."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from qtf.files import read_json, write_atomically, write_json
from reproduce.layout import Layout
from reproduce.made import made_lines, made_now
from reproduce.samplers import FIELD, SIDES
from reproduce.tables import table

Values = dict[str, Any]
PAGE, NUMBERS = "sampler_results.md", "sampler_results.json"
KINDS = {
    "direct": "direct",
    "chains": "chains, half from up, half from down",
    "chains_from_up": "of these, those from up",
}
TEXT = """# Direct samples against Markov chains: results

Written by `python -m reproduce.samplers` from [{numbers}]({numbers}), not by hand.

{made}

Ising model on open squares. Chains are single-flip Metropolis chains of the same wave function, a
trained one averaged over the symmetries of the square and the flip of all spins; one configuration
is kept after each sweep. The mean of Z is zero by symmetry.

## The ferromagnet, field {field}

{modes}

{figures}

R-hat above 1.01 says that chains disagree; it cannot say so if all of them start in one place.

## As what a wave function is trained on

{side} x {side}, field {training_field}, {n_steps} optimiser steps of {n_samples} samples.
Chains take k steps between optimiser steps, each with one proposed flip. Energies are measured on
direct samples; the reference is {reference}.

{trainings}

![Relative error of the energy while trained](figures/samplers_trainings.png)
"""


def write_page(layout: Layout, docs_dir: Path) -> Iterator[str]:
    """Writes page, numbers and figures, and yields a line about each comparison.

    Args:
        layout: Where the comparisons are.
        docs_dir: Folder of the page.
    """
    names = (*(f"modes_{side}" for side in SIDES), "trainings")
    paths = {name: layout.run(name) / "comparison.json" for name in names}
    found = {name: read_json(path) for name, path in paths.items() if path.exists()}
    if len(found) < len(names):
        missing = ", ".join(name for name in names if name not in found)
        yield f"No page yet: stages {missing} are missing."
        return
    numbers = {
        "made": made_now(),
        "modes": {str(side): found[f"modes_{side}"]["modes"] for side in SIDES},
        "trainings": found["trainings"]["training"],
    }
    (docs_dir / "figures").mkdir(exist_ok=True)
    for name in names:
        drawn = "training.png" if name == "trainings" else "modes.png"
        shutil.copy(layout.run(name) / drawn, docs_dir / "figures" / f"samplers_{name}.png")
    write_json(docs_dir / NUMBERS, numbers)
    write_atomically(docs_dir / PAGE, page(numbers))
    yield f"Page: {docs_dir / PAGE}"


def page(numbers: Values) -> str:
    """Returns the page as markdown."""
    made, training = numbers["made"], numbers["trainings"]
    kind = "exact" if training["reference_is_exact"] else "the lowest of them"
    return TEXT.format(
        numbers=NUMBERS,
        made=made_lines(made),
        field=FIELD,
        modes=_mode_table(numbers["modes"]),
        figures="\n\n".join(
            f"![Configurations, {side} x {side}](figures/samplers_modes_{side}.png)"
            for side in SIDES
        ),
        side=training["side"],
        training_field=training["field"],
        n_steps=training["n_steps"],
        n_samples=training["n_samples"],
        reference=f"{kind}, {training['reference']:.6f}",
        trainings=_training_table(training["curves"]),
    )


def _mode_table(modes: Values) -> str:
    head = ["", "samples", "mean Z", "effective samples", "R-hat", "mean of abs(mean Z)"]
    rows = []
    for side, found in modes.items():
        for key, words in KINDS.items():
            entry = found[key]
            z, modulus = entry["magnetization"], entry["abs_magnetization"]
            rows.append(
                [
                    f"{side} x {side}, {words}",
                    str(entry["n_samples"]),
                    f"{z['mean']:.3f} ± {_digits(z['error'], '.1g')}",
                    _digits(z["effective_sample_size"], ".0f"),
                    _digits(z["r_hat"], ".3f"),
                    f"{modulus['mean']:.4f} ± {_digits(modulus['error'], '.1g')}",
                ]
            )
    return table(head, rows)


def _training_table(curves: Values) -> str:
    head = ["trained on", "energy", "relative error", "variance", "seconds"]
    rows = [
        [
            name,
            f"{entry['energy']:.4f}",
            f"{entry['relative_error']:.1e}",
            f"{entry['energy_variance']:.2g}",
            f"{entry['seconds']:.0f}",
        ]
        for name, entry in sorted(curves.items(), key=lambda item: item[1]["seconds"])
    ]
    return table(head, rows)


def _digits(value: float | None, form: str) -> str:
    return "unknown" if value is None else format(value, form)
