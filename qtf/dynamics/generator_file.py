"""The file in which a fit leaves what it has learned."""

from pathlib import Path

from qtf.dynamics.generator_report import identify
from qtf.dynamics.learned_terms import LearnedTerms
from qtf.files import read_json, write_json

GENERATOR_FILE = "generator.json"


def write_generator(workdir: Path, result: LearnedTerms, *, sentence: str) -> None:
    """Writes all coefficients with their errors, and which Hamiltonian they are.

    Args:
        workdir: The run folder.
        result: What was learned.
        sentence: Whether it explains the data, in words.
    """
    identification = identify(result)
    content = {
        **result.to_dict(),
        "sentence": sentence,
        "hamiltonian": {**identification.to_dict(), "sentence": str(identification)},
    }
    write_json(workdir / GENERATOR_FILE, content)


def fit_facts(workdir: Path | str) -> dict[str, str]:
    """Returns what a fit has said about its data, for reports; nothing of other runs.

    Args:
        workdir: The run folder.

    Returns:
        `fitted_hamiltonian` and `fit`, a sentence each, if the folder holds them.
    """
    path = Path(workdir) / GENERATOR_FILE
    content = read_json(path) if path.is_file() else {}
    # Older runs have written no sentences.
    facts = {
        "fitted_hamiltonian": content.get("hamiltonian", {}).get("sentence"),
        "fit": content.get("sentence"),
    }
    return {name: sentence for name, sentence in facts.items() if sentence}
