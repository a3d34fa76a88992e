"""The page `docs/results.md`: a frame of text around the numbers."""

from collections.abc import Mapping, Sequence

from reports.requirements import Requirement, tally
from reports.tables import table
from reproduce.sections.dynamics.budgets import budget
from reproduce.sections.dynamics.material import Times
from reproduce.sections.dynamics.results import LocalGenerator, Results, Transfer
from reproduce.sections.dynamics.runs import BASE_RUNS, FINE_TUNED, LOCAL_GENERATOR
from reproduce.sections.dynamics.tables import (
    couplings_table,
    metric_table,
    paper_table,
    requirement_table,
    times_table,
    transfer_error_table,
    transfer_table,
)

CAPTIONS = {
    "losses": "Paper, figure 2 of the preprint: training and rollout losses, rollouts of 100 steps"
    " at most 2e-4. Ours: teacher-forced losses of both presets, each in the unit it was trained"
    " in, and the loss of rollouts. Lines of the trivial predictors in the left panels are their"
    " losses under the same teacher forcing, means over n.",
    "amplitudes": "Paper, figure 2 of the letter: amplitudes from its printed initial states, 2 to"
    " 7 spins, 100 steps. Ours: the same states, the three components that change most.",
    "components": "Paper, figure 3 of the letter: all components for six and seven spins. Ours: the"
    " same states at step 100, and how far each predictor is from exact.",
    "mre_100": "Paper, figure 4 of the letter: MRE to 100 steps, within 0.03 for every n. Ours: 95%"
    " intervals of the mean over the test states.",
    "mre_250": "Paper, figure A3 of the supplement: MRE to 250 steps, growing linearly.",
    "magnetization": "Paper, figure 6 of the preprint: magnetisation over 100 steps, predicted and"
    " exact. Ours: from the printed states, to 250 steps.",
    "fidelity": "Not in the paper: the MRE sees no phases, the fidelity does. Medians over the test"
    " states.",
    "times": "Paper, table 1, seven spins. Exact methods include the diagonalisation.",
    "transfer": "Paper, figure 5 of the letter: validation loss and MRE of fine-tuning and training"
    " from scratch.",
}


def page(
    results: Results,
    requirements: Sequence[Requirement],
    figures: Sequence[str],
    stage_minutes: Mapping[str, float],
    others: str = "",
) -> str:
    """Returns the page as markdown.

    Args:
        results: All numbers.
        requirements: What must hold.
        figures: Names of the figures that were drawn.
        stage_minutes: Stage -> how long it took.
        others: Part about the other sections.
    """
    increment, generator = results.increment, results.local_generator
    transfer = results.transfer_8
    parts = [_head(results), _verdict(requirements)]
    if results.tested():
        parts += [_comparison(results, figures), _errors(results, figures)]
    parts.append(_states(figures))
    if increment and increment.times:
        parts.append(_times(increment.times, figures))
    if transfer and transfer.n_sites:
        parts.append(_transfer(transfer, figures))
    if generator and generator.generator.n_trajectories:
        parts.append(_local_generator(generator))
    parts += [others, _how(stage_minutes)]
    return _join(parts) + "\n"


def _head(results: Results) -> str:
    trained = results.base_runs()
    if results.transfer_8:
        trained[FINE_TUNED] = results.transfer_8
    words = {**BASE_RUNS, FINE_TUNED: "transfer, fine-tuned"}
    rows = [
        (
            words[name],
            f"{network.minutes:.1f}",
            "a fit" if name == LOCAL_GENERATOR else f"{network.steps:,}",
        )
        for name, network in trained.items()
    ]
    return (
        "# Results\n\n"
        "Written by `make reproduce` from [results.json](results.json), not by hand.\n\n"
        f"{results.made.lines()}\n\n"
        + table(["trained", "minutes", "optimiser steps"], rows)
        + "\n\nEvery number is measured by `trainers.evaluate` on unseen states of the law `paper`"
        f" ({_counts(results)}), against exact evolution in double precision."
        " The [metrics](conventions.md#metrics) and the [trivial predictors](evaluation.md"
        "#honest-baselines) are explained elsewhere; the straight line knows one exact state more"
        " than the networks do."
    )


def _counts(results: Results) -> str:
    """Returns how many states each n was evaluated with, in words."""
    counts: dict[int, set[int]] = {}
    for network in results.tested().values():
        for n_sites, tested in network.n_sites.items():
            counts.setdefault(tested.n_states, set()).add(n_sites)
    return "; ".join(
        f"{count:,} for n = {', '.join(map(str, sorted(n_sites)))}"
        for count, n_sites in counts.items()
    )


def _verdict(requirements: Sequence[Requirement]) -> str:
    if not requirements:
        return ""
    rows = requirement_table(requirements)
    return f"## What holds and what falls short\n\n{tally(requirements)}.\n\n{rows}"


def _comparison(results: Results, figures: Sequence[str]) -> str:
    text = [
        "## Beside the paper",
        paper_table(results),
        "The paper's networks were trained for 300 epochs on a GPU. Our run of its preset had the"
        " minutes stated above, which is a small part of that; its column says what this budget"
        " gives and nothing about the paper's. The straight line shows what an MRE of 0.03 means.",
        _picture("losses", figures),
    ]
    return _join(text)


def _errors(results: Results, figures: Sequence[str]) -> str:
    text = ["## Errors on unseen states"]
    for title, key, picture in (
        ("Mean relative entropy at step 100", "mre_100", "mre_100"),
        ("Mean relative entropy at step 250", "mre_250", "mre_250"),
        ("Fidelity at step 100, median", "fidelity_100", "fidelity"),
        ("Fidelity at step 250, median", "fidelity_250", ""),
        ("Largest error of an amplitude at step 250, mean over states", "amplitude_error_250", ""),
    ):
        text += [f"### {title}", metric_table(results, key), _picture(picture, figures)]
    text.append(
        "Least squares is the linear one-step map fitted to trajectories of the same n. It and the"
        " local generator are exact to rounding because the exact map is linear, and generated by"
        " local terms; neither is a network that could learn anything else."
    )
    return _join(text)


def _states(figures: Sequence[str]) -> str:
    names = ["amplitudes", *(name for name in figures if name.startswith("components_"))]
    pictures = [_picture(name, figures) for name in (*names, "magnetization")]
    return _join(["## From the paper's printed states", *pictures]) if any(pictures) else ""


def _times(rows: Sequence[Times], figures: Sequence[str]) -> str:
    slower = [row.network / row.exact for row in rows]
    return "\n\n".join(
        [
            "## Times",
            times_table(rows),
            "Seconds for trajectories of 100 steps. One trajectory at a time diagonalises anew for"
            " every state, as the paper's times suggest, and is measured on at most four"
            " trajectories and scaled. The best exact method treats the batch at once; its"
            f" diagonalisation is included. The network takes {min(slower):.0f} to"
            f" {max(slower):.0f} times as long as the best exact method.",
            _picture("times", figures),
        ]
    )


def _transfer(transfer: Transfer, figures: Sequence[str]) -> str:
    (n_sites,) = transfer.n_sites
    sentences = [
        "Fine-tuning starts from the best weights of `increment`,"
        " [grown](training.md#transfer) by an idle spin. It and training from scratch have the same"
        f" budget of {transfer.steps:,} steps with batches of 16 and the learning rate that the"
        " paper has for the transfer (1e-4, 0.97 an epoch).",
    ]
    if "base_rate" in transfer.loss_ratios:
        sentences.append(
            "A second pair has the rate of its base training (1e-3, 0.95), which is the fairer one"
            " for training from scratch."
        )
    if transfer.fine_tuned_not_grown:
        sentences.append(
            "Without growing, rows of the tables that training has never touched start from their"
            " initial values."
        )
    text = [
        f"## Transfer to {n_sites} spins",
        " ".join(sentences),
        "Validation losses, and fine-tuned over from scratch at the same rate:",
        transfer_table(transfer),
    ]
    text += [transfer_error_table(transfer), _picture("transfer", figures)]
    return _join(text)


def _local_generator(generator: LocalGenerator) -> str:
    fit = generator.generator
    text = [
        "## What the local generator has learned",
        f"From {fit.n_trajectories} trajectories of 2 to 4 spins, fitted in {fit.seconds:.1f} s:",
        couplings_table(generator),
    ]
    if generator.noise:
        text.append(
            f"The last two columns are from trajectories with Gaussian noise of"
            f" {generator.noise:g} on every amplitude. Its errors on long chains are in the tables"
            " above; nothing was fitted there."
        )
    return "\n\n".join(text)


def _how(stage_minutes: Mapping[str, float]) -> str:
    short, full = (sum(budget(name).minutes.values()) / 60 for name in ("short", "full"))
    rows = [(f"`{name}`", f"{minutes:.1f}") for name, minutes in stage_minutes.items()]
    text = [
        "## How to get this page",
        "```\n"
        f"make reproduce                # about {short:.0f} hours on two cores\n"
        f"make reproduce BUDGET=full    # about {full:.0f} hours: the paper's 300 epochs\n"
        "make reproduce BUDGET=tiny    # minutes, to see that every stage works\n"
        "python -m reproduce --list    # stages, expected durations, what is finished\n```",
        "Stopped at any time, the same command continues. Every stage is a command that is printed"
        " before it runs, and is skipped once it is finished and its inputs are unchanged;"
        " `--stages=NAME,NAME` runs some of them.",
        table(["stage", "minutes taken"], rows) if rows else "",
    ]
    return _join(text)


def _join(parts: Sequence[str]) -> str:
    return "\n\n".join(part for part in parts if part)


def _picture(name: str, figures: Sequence[str]) -> str:
    if name not in figures:
        return ""
    caption = CAPTIONS[name.split("_")[0] if name.startswith("components") else name]
    title = name.replace("_", " ")
    return f"![{title}](figures/results_{name}.png)\n\n*{caption}*"
