"""Puts load on a server and writes what it answered, next to the same model in this process.

    python -m benchmarks.load [--repeats=5] [--seconds=4] [--workers=1] [--docs=docs] [--draw_only]

Writes `serving_results.json`, `serving_results.md` and their figure; four minutes a repetition.
"""

import argparse
from dataclasses import asdict
from pathlib import Path

from benchmarks.load.page import FIGURE, draw, page
from benchmarks.load.results import Results, requirements
from qtf.files import read_json, write_atomically, write_json
from qtf.quiet_import import import_tensorflow_quietly
from reports.figures import METADATA, put_figure
from reports.records import read_record


def main() -> None:
    """Measures, writes, and prints what must hold."""
    arguments = _arguments()
    file = arguments.docs / "serving_results.json"
    if not arguments.draw_only:
        import_tensorflow_quietly()
        from benchmarks.load.measure import LoadGenerator

        generator = LoadGenerator(
            arguments.repeats,
            arguments.seconds,
            arguments.workers,
            lambda line: print(line, flush=True),
        )
        write_json(file, asdict(generator.measure()))
    results = read_record(Results, read_json(file))
    write_atomically(arguments.docs / "serving_results.md", page(results))
    (arguments.docs / "figures").mkdir(exist_ok=True)
    put_figure(arguments.docs / "figures" / FIGURE, draw(results), metadata=METADATA)
    for asked in requirements(results):
        print(f"{asked.line}, {asked.limit}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5, help="of which medians are taken")
    parser.add_argument("--seconds", type=float, default=4.0, help="of each load")
    parser.add_argument("--workers", type=int, default=1, help="processes of each server")
    parser.add_argument("--docs", type=Path, default=Path("docs"))
    parser.add_argument("--draw_only", action="store_true", help="from the stored numbers")
    arguments = parser.parse_args()
    if not arguments.docs.is_dir():
        parser.error(f"--docs must name a folder, but is {arguments.docs}")
    for name in ("repeats", "seconds", "workers"):
        if getattr(arguments, name) <= 0:
            parser.error(f"--{name} must be positive, but is {getattr(arguments, name)}")
    return arguments


if __name__ == "__main__":
    main()
