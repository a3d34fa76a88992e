"""A server process with narrow limits, and what these are."""

import contextlib
import subprocess

import pytest

from tests.serving.running_server import RunningServer

REST_SECONDS = 2.0
MAX_REQUEST_BYTES = 2**22
MAX_CONCURRENT = 20
COMMON_FLAGS = (
    f"--rest_api_timeout_in_ms={round(1000 * REST_SECONDS)}",
    f"--max_request_bytes={MAX_REQUEST_BYTES}",
    "--file_system_poll_wait_seconds=0.1",
)


class LimitedServer(RunningServer):
    """Also tells its gRPC port and its log, and gives memory back when it frees it."""

    def __init__(self, process, grpc_port, rest_port):
        super().__init__(process, grpc_port, rest_port)
        self.grpc_port = grpc_port

    @classmethod
    @contextlib.contextmanager
    def started(cls, flags, folder, timeout=120):
        with contextlib.ExitStack() as stack:
            with pytest.MonkeyPatch.context() as patch:
                # Otherwise holes in the heap hide for minutes whether memory leaks.
                patch.setenv("MALLOC_MMAP_THRESHOLD_", "65536")
                running = stack.enter_context(
                    super().started(flags, folder, timeout, start=subprocess.Popen)
                )
            running.log = folder / "stderr.txt"
            yield running
