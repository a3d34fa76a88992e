"""Runs `grpc_server_checks` in a process of its own, in which gRPC may crash."""

import signal
import subprocess
import sys
from pathlib import Path

CHECKS = Path(__file__).with_name("grpc_server_checks.py")
MOST_CRASHES = 4


def test_grpc_server_passes_its_checks():
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(CHECKS)]
    # gRPC 1.85 now and then ends a process that has ended several servers, whatever they answered.
    for _ in range(MOST_CRASHES):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != -signal.SIGSEGV:
            break
    assert done.returncode == 0, done.stdout
    assert "9 passed" in done.stdout
