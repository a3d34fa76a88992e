"""A trainer for tests of sweeps: counts to twelve, writing a row each time, and continues."""

import json
import sys
import time
from pathlib import Path

from qtf.files import locked, read_json_lines


def main():
    flags = dict(word.lstrip("-").split("=", 1) for word in sys.argv[1:] if "=" in word)
    if flags["config.network.units"] == "13":
        sys.exit("counter: error: 13 is refused.")
    if "--print_config" in sys.argv:
        return
    workdir = Path(flags["workdir"])
    lock = locked(workdir)
    metrics = workdir / "metrics.jsonl"
    n_rows = len(list(read_json_lines(metrics))) if metrics.exists() else 0
    for step in range(n_rows + 1, 13):
        time.sleep(0.1)
        loss = step / (3.0 + int(flags["config.training.seed"]))
        with metrics.open("a") as file:
            file.write(json.dumps({"step": step, "kind": "validation", "loss": loss}) + "\n")
    if flags["config.network.units"] == "7":
        sys.exit("counter: error: 7 brings bad luck.")
    lock.close()


if __name__ == "__main__":
    main()
