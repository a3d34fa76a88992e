"""What a growth says of its sizes: growth.json, two figures and lines."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from matplotlib.figure import Figure

from qtf.files import write_figure, write_json
from qtf.ground_states.estimates import relative_error
from qtf.ground_states.growth_figures import (
    AFTER,
    AVERAGE,
    BEFORE,
    errors_figure,
    retraining_figure,
)
from qtf.ground_states.growth_folders import folder_name
from qtf.physics import LATTICES, HamiltonianSettings
from qtf.training.logbook import read_metrics
from qtf.training.run_folder import RunFolder
from trainers.ground_state.growth.rows import (
    AVERAGED,
    BEFORE_IT,
    Bulk,
    Growth,
    Row,
    bulk_energy,
    read_rows,
)
from trainers.ground_state.growth.stages import Stage

GROWTH = "growth.json"
HEADER = (
    "size  minibatches  energy a site           relative error      before retraining"
    "   with symmetries"
)


def write_report(stages: Sequence[Stage], workdir: Path) -> Growth:
    """Writes `growth.json`, `relative_error.png` and `retraining.png`.

    Args:
        stages: Sizes that are finished.
        workdir: Folder of the growth.

    Returns:
        What `growth.json` holds.
    """
    hamiltonian = stages[0].settings.physics.hamiltonian
    rows = read_rows(stages, workdir)
    growth = Growth(rows, bulk_energy(rows, hamiltonian))
    write_json(workdir / GROWTH, asdict(growth))
    if any(row.relative_error is not None for row in rows):
        curves = {
            row.size: retraining_curve(workdir / folder_name(row.size), row)
            for row in rows[1:]
            if row.relative_error is not None
        }
        write_figure(workdir / "relative_error.png", growth_errors_figure(rows, hamiltonian))
        retraining = retraining_figure(curves, _size_name(hamiltonian), title=_title(hamiltonian))
        write_figure(workdir / "retraining.png", retraining)
    return growth


def growth_errors_figure(rows: Sequence[Row], hamiltonian: HamiltonianSettings) -> Figure:
    """Draws the relative errors of all sizes.

    Args:
        rows: One for each size.
        hamiltonian: The Hamiltonian; its size does not matter.
    """
    curves = {}
    for name, suffix in ((AFTER, ""), (AVERAGE, AVERAGED), (BEFORE, BEFORE_IT)):
        errors, bars = zip(*(row.error(suffix) for row in rows), strict=True)
        if any(error is not None for error in errors):
            curves[name] = errors, bars
    sizes, size_name = [row.size for row in rows], _size_name(hamiltonian)
    return errors_figure(sizes, curves, size_name, title=_title(hamiltonian))


def _title(hamiltonian: HamiltonianSettings) -> str:
    """Returns what grows, without the size that it starts from."""
    return f"{hamiltonian.describe(with_size=False)}, growing"


def _size_name(hamiltonian: HamiltonianSettings) -> str:
    return LATTICES[hamiltonian.lattice_kind].SIZE_NAME


def retraining_curve(folder: Path, row: Row) -> tuple[list[float], list[float | None]]:
    """Returns minibatches and relative errors, from the samples of the training itself.

    Args:
        folder: Folder of a size after the first, whose reference is known and not 0.
        row: Its row.
    """
    steps, errors, last = [0.0], [row.relative_error_before], 0
    for logged in read_metrics(RunFolder(folder).metrics, "training"):
        # Its loss is the mean energy of all minibatches since the row before.
        steps.append((last + logged["step"]) / 2)
        errors.append(relative_error(logged["loss"], row.reference_energy or 0.0))
        last = logged["step"]
    return steps, errors


def lines(row: Row) -> Iterator[str]:
    """Yields what a user reads of one size, below `HEADER`."""
    energy, error = row.energy / row.n_sites, row.energy_error / row.n_sites
    columns = "  ".join(f"{_show(*row.error(suffix)):18}" for suffix in ("", BEFORE_IT, AVERAGED))
    shown = f"{energy:#.7g} +- {error:.0e}"
    more = f"+{row.n_symmetric_steps}" if row.n_symmetric_steps else ""
    yield f"{row.size:4d}  {f'{row.n_steps}{more}':>11}  {shown:20}  {columns}".rstrip()
    yield from (f"Warning: {warning}" for warning in row.warnings)


def _show(error: float | None, bar: float | None) -> str:
    return "" if error is None else f"{error:.1e} +- {bar:.0e}"


def bulk_line(bulk: Bulk) -> str:
    """Returns what a user reads of the infinite lattice."""
    comparison = "" if bulk.known_energy is None else f", known {bulk.known_energy:#.6g}"
    which = " with symmetries" if bulk.with_symmetries else ""
    return (
        f"Infinite lattice, from the energies{which}: {bulk.energy_per_site:#.6g} +-"
        f" {bulk.energy_error:.1g} a site{comparison}; {_words_of_fit(bulk)}"
    )


def _words_of_fit(bulk: Bulk) -> str:
    freedom = bulk.n_degrees_of_freedom
    if freedom == 0:
        return "the error bar is that of the samples, with nothing to check the fit by"
    widened = f" times {bulk.birge_ratio:.2g}" if bulk.birge_ratio > 1.0 else ""
    return (
        f"the error bar is that of the samples{widened}, as chi squared per degree of freedom is"
        f" {bulk.chi_squared / freedom:.2g} ({freedom} left)"
    )
