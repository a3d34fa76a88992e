"""The report of a fit to shots: one page that holds its tables and figures."""

import html
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from qtf.files import write_atomically
from qtf.html_page import (
    facts_table,
    figure_section,
    make_page,
    number_table,
    png_of,
)
from qtf.measurements.chain_fit import OPEN_SITES, PURE_SITES
from qtf.measurements.experiments import Experiments
from qtf.measurements.likelihood import (
    Counted,
    Predictor,
    counts_of,
    marginal_features,
    shots_of,
)
from qtf.measurements.patches import ChainModel, ChainShots, make_patch, windows_of
from qtf.measurements.result import ShotFit
from qtf.measurements.selection import Selection

# Sites around the window of a patch.
MARGIN = 2
SPINS, NEIGHBOURS = "mean of one spin", "mean of a product of neighbours"


def write_report(
    path: Path | str,
    result: ShotFit | Selection,
    experiments: Experiments,
    *,
    data: str = "",
    facts: Mapping[str, str] | None = None,
) -> Path:
    """Writes the report of a fit, one HTML file with its figures inside; whole or not there.

    Needs Matplotlib.

    Args:
        path: The file; its folder must exist.
        result: What was learned.
        experiments: From what.
        data: Names of the files of shots, for the page.
        facts: Further facts, name -> words.

    Returns:
        The path.

    Raises:
        OSError: The file cannot be written.
    """
    fit = result.fit if isinstance(result, Selection) else result
    told = {**({"shots of": data} if data else {}), **_facts(fit), **(facts or {})}
    body = ["<h1>What shots have told</h1>", facts_table(told), "<h2>Parameters</h2>"]
    head = ["parameter", "value", "error bar", "of the sandwich"]
    body.append(number_table(head, _rows(fit)))
    body.append(
        '<p class="note">1.96 error bars hold the truth in 95 % of fits if the model is right.'
        " Those of the sandwich hold also where it is not quite.</p>"
    )
    # What follows the table, which has a head.
    body += [f"<p>{html.escape(line)}</p>" for line in result.lines()[fit.model.size + 1 :]]
    if fit.missing:
        body.append("<h2>What the data ask for besides</h2>")
        missing: list[list[str | float]] = [[one.name, one.z] for one in fit.missing]
        body.append(number_table(["parameter", "deviation from 0 in standard deviations"], missing))
    body += _figures(fit, experiments)
    path = Path(path)
    write_atomically(path, make_page("qtf: learned from shots", body))
    return path


def compare_means(fit: ShotFit, experiments: Experiments) -> dict[str, np.ndarray]:
    """Returns predicted and measured means of spins and of products of neighbours.

    Of long chains they are those of windows that cover it, each predicted by its patch.

    Args:
        fit: The fit.
        experiments: Its data.

    Returns:
        Kind -> for each setting and place: predicted, measured, error bar of the shots; (m, 3).
    """
    spins, neighbours = [], []
    for model, counted, parameters in _parts(fit, experiments):
        features = marginal_features(counted.n_sites, only_neighbours=True)
        for piece in model.predict(parameters, counted.settings):
            shots = shots_of(counted, piece.rows)[:, None]
            predicted = piece.values[:, 0] @ features
            measured = counts_of(counted, piece.rows) @ features / shots
            error = np.sqrt(np.maximum(1 - predicted**2, 0.0) / shots)
            points = np.stack([predicted, measured, error], axis=-1)
            spins.append(points[:, : counted.n_sites].reshape(-1, 3))
            neighbours.append(points[:, counted.n_sites :].reshape(-1, 3))
    means = {SPINS: np.concatenate(spins), NEIGHBOURS: np.concatenate(neighbours)}
    return {kind: points for kind, points in means.items() if len(points)}


def _parts(
    fit: ShotFit, experiments: Experiments
) -> Iterator[tuple[Predictor, Counted, np.ndarray]]:
    """Yields models with their data and parameters: the whole, or the windows of a long chain."""
    if not isinstance(fit.model, ChainModel):
        yield fit.model, experiments, fit.parameters
        return
    shots, reached = ChainShots(experiments), 0
    width = OPEN_SITES[0] if fit.model.is_mixed else PURE_SITES[0]
    windows = windows_of(fit.model.n_sites, width)
    for k, window in enumerate(windows):
        # Every second one covers the chain.
        if k + 1 < len(windows) and windows[k + 1].start <= reached:
            continue
        patch = make_patch(fit.model, shots, window, MARGIN, MARGIN)
        yield patch.part.model, patch.shots, patch.part.values(fit.parameters)
        reached = window.stop


def _facts(fit: ShotFit) -> dict[str, str]:
    goodness = fit.goodness
    return {
        "sites": str(fit.model.n_sites),
        "settings": str(fit.n_settings),
        "shots": str(fit.shots),
        "model explains the data": "yes" if fit.explains_the_data else "no",
        "chi squared": f"{goodness.chi_squared:.1f} for {goodness.degrees_of_freedom:.1f} degrees"
        " of freedom",
        "p value": f"{goodness.p_value:.3g}",
        "log likelihood": f"{fit.log_likelihood:.2f}",
        "starts": str(fit.n_starts),
        "fit came to its end": "yes" if fit.converged else "no",
        "seconds": f"{fit.seconds:.1f}",
    }


def _rows(fit: ShotFit) -> Iterator[list[str | float]]:
    for k, name in enumerate(fit.model.names):
        bars: list[str | float] = ["given", ""]
        if fit.free[k]:
            both = (fit.errors[k], fit.sandwich_errors[k])
            bars = [float(bar) if np.isfinite(bar) else "not told" for bar in both]
        yield [name, f"{fit.parameters[k]:.6f}", *bars]


def _figures(fit: ShotFit, experiments: Experiments) -> Iterator[str]:
    # Imported here, as learning itself needs no Matplotlib.
    from qtf.measurements.figures import marginals_figure, parameters_figure, residuals_figure

    yield figure_section(
        "Parameters with their error bars",
        "Bars hold the truth in 95 % of fits.",
        png_of(parameters_figure(fit)),
    )
    yield figure_section(
        "Residuals by time and site",
        "Squares of what is left of the mean of each spin, in units of its variance, averaged over"
        " the settings of a time. A missing term shows itself by its sites, a missing rate by late"
        " times.",
        png_of(residuals_figure(fit.goodness.residuals)),
    )
    yield figure_section(
        "Predicted and measured means",
        "Each point is one setting and place, in the basis that was measured, as it was read.",
        png_of(marginals_figure(compare_means(fit, experiments))),
    )
