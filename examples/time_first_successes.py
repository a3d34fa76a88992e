"""Runs the first successes of the README as a newcomer does, and stores their seconds.

    python examples/time_first_successes.py
    python examples/update_readme.py --seconds

Each block of Python of the README is a program of its own, in an empty folder: imports and
compilation count. Nothing else should run on the machine meanwhile.
"""

import argparse
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from qtf import provenance
from qtf.files import write_json

ROOT = Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"```python\n# (.+?)\.\n(.*?)```", re.DOTALL)


def main() -> int:
    """Runs all blocks, prints their seconds and stores them; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "first_successes.json")
    parser.add_argument("--n_times", type=int, default=3, help="the median of so many runs")
    given = parser.parse_args()
    found = []
    for name, program in first_successes():
        seconds = []
        for _ in range(given.n_times):
            elapsed, error = run(program)
            if error:
                print(f"{name}: {error}", file=sys.stderr)
                return 1
            seconds.append(round(elapsed, 2))
        found.append({"name": name, "seconds": statistics.median(seconds), "all": seconds})
        print(f"{name}: {found[-1]['seconds']:.1f} s")
    made = {
        "date": provenance.today(),
        "machine": provenance.machine(),
        "versions": provenance.versions(),
    }
    write_json(given.out, {"made": made, "first_successes": found})
    return 0


def first_successes() -> list[tuple[str, str]]:
    """Returns name and program of each block of the README; the name is its first comment."""
    return BLOCK.findall((ROOT / "README.md").read_text())


def run(program: str) -> tuple[float, str]:
    """Returns the seconds of a program from its start to its end, and what went wrong."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "first_success.py"
        file.write_text(program)
        started = time.monotonic()
        done = subprocess.run(
            [sys.executable, str(file)], cwd=folder, capture_output=True, text=True, check=False
        )
        seconds = time.monotonic() - started
    return seconds, "" if done.returncode == 0 else done.stderr.strip() or "it has failed"


if __name__ == "__main__":
    sys.exit(main())
