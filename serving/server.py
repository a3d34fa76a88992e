"""Serves SavedModels as TensorFlow Serving does: gRPC and REST, hot swap, batching.

python -m serving.server --model_name=ising --model_base_path=MODELS/ising

Flags that TensorFlow Serving has too mean the same here; see docs/serving.md.
"""

import asyncio
import dataclasses
import gc
import math
import os
from collections.abc import Callable
from pathlib import Path

from absl import flags, logging

import qtf
from qtf.command_line import run_command, typed_name, value_of
from qtf.quiet_import import import_tensorflow_quietly
from serving import stock_flags
from serving.configuration.options import (
    AccessOptions,
    BatchingOptions,
    Limits,
    ModelConfig,
    RepositoryOptions,
    RetryOptions,
    ServerOptions,
    TlsFiles,
)
from serving.configuration.tls import check_tls

PORT = flags.DEFINE_integer("port", 8500, "gRPC port; 0 for any free one.", 0, 65535)
REST_PORT = flags.DEFINE_integer(
    "rest_api_port", 8501, "REST port; 0 for any free one, -1 for none.", -1, 65535
)
HOST = flags.DEFINE_string("host", "127.0.0.1", "Address to listen on; 0.0.0.0 for all.")
MODEL_NAME = flags.DEFINE_string("model_name", "default", "Name of the model.")
MODEL_BASE_PATH = flags.DEFINE_string("model_base_path", None, "Folder of its versions.")
MODEL_CONFIG_FILE = flags.DEFINE_string(
    "model_config_file", None, "List of models; takes the place of the two flags above."
)
CONFIG_POLL = flags.DEFINE_float(
    "model_config_file_poll_wait_seconds",
    0,
    "Time between two looks at that file; 0 for a single one.",
    0,
)
FILE_POLL = flags.DEFINE_float(
    "file_system_poll_wait_seconds",
    1,
    "Time between two looks for new versions; 0 for a single one.",
    0,
)
BATCHING = flags.DEFINE_bool(
    "enable_batching",
    None,
    "Join requests into batches; if not told, those for exports of qtf while others run.",
)
BATCHING_FILE = flags.DEFINE_string("batching_parameters_file", None, "Sizes of batches.")
BY_VALUE = flags.DEFINE_list(
    "batch_by_value", ["n_steps"], "Inputs whose values must be equal within a batch."
)
WARM_UP = flags.DEFINE_bool("enable_model_warmup", True, "Replay warm-up requests.")
MONITORING_FILE = flags.DEFINE_string("monitoring_config_file", None, "Route of the metrics.")
SSL_FILE = flags.DEFINE_string("ssl_config_file", None, "Key and certificates for gRPC.")
EARLY_LABELS = flags.DEFINE_bool(
    "allow_version_labels_for_unavailable_models", False, "Labels may point to any version."
)
REST_TIMEOUT = flags.DEFINE_integer(
    "rest_api_timeout_in_ms", 30_000, "Time for one REST request.", 1
)
GRPC_TIMEOUT = flags.DEFINE_float(
    "grpc_max_deadline_seconds", 300, "Time for one gRPC request at most.", 0.001
)
RETRIES = flags.DEFINE_integer(
    "max_num_load_retries", 5, "How often a failed load is tried again.", 0
)
RETRY_INTERVAL = flags.DEFINE_integer(
    "load_retry_interval_micros", 60_000_000, "Time between two attempts.", 0
)
HEALTH = flags.DEFINE_bool("enable_grpc_healthcheck_service", True, "Answer health checks.")
REFLECTION = flags.DEFINE_bool(
    "enable_grpc_reflection", False, "Tell gRPC tools which services there are."
)
XLA = flags.DEFINE_bool("xla_cpu_compilation_enabled", False, "Allow signatures that need XLA.")
AS_CONTENT = flags.DEFINE_bool(
    "enable_serialization_as_tensor_content", False, "Write tensors of answers as raw memory."
)
SESSION_THREADS = flags.DEFINE_integer(
    "tensorflow_session_parallelism", 0, "Threads of TensorFlow; 0 for one a core.", 0
)
INTRA_THREADS = flags.DEFINE_integer(
    "tensorflow_intra_op_parallelism", 0, "Those inside of operations; 0: as the flag above.", 0
)
INTER_THREADS = flags.DEFINE_integer(
    "tensorflow_inter_op_parallelism", 0, "Those across operations; 0: as the flag above.", 0
)
METHODS = flags.DEFINE_bool(
    "enable_signature_method_name_check", False, "Ask signatures only by the method they name."
)
TAGS = flags.DEFINE_list("saved_model_tags", ["serve"], "Tags of the graph that is served.")
WARM_UPS = flags.DEFINE_integer(
    "num_request_iterations_for_warmup", 1, "How often warm-up requests are replayed.", 1
)
SOCKET = flags.DEFINE_string("grpc_socket_path", None, "UNIX socket that gRPC listens on, too.")
ARGUMENTS = flags.DEFINE_list(
    "grpc_channel_arguments", [], "Arguments of the gRPC server, NAME=VALUE."
)
CORS = flags.DEFINE_bool(
    "rest_api_enable_cors_support", False, "Pages from anywhere may read answers by REST."
)
SHOW_VERSION = flags.DEFINE_bool("version", False, "Print the version, and end.")
MAX_BYTES = flags.DEFINE_integer("max_request_bytes", 2**26, "Size of a request at most.", 1)
MAX_REQUESTS = flags.DEFINE_integer(
    "max_concurrent_requests", 1024, "Predictions in flight at most.", 1
)
DRAIN = flags.DEFINE_float("drain_seconds", 30, "Time for requests in flight after SIGTERM.", 0)
TOKENS = flags.DEFINE_string(
    "auth_token_file", None, "File of tokens, one a line; requests must hold one of them."
)
RELOAD = flags.DEFINE_bool("allow_reload_config", False, "Clients may replace the list of models.")
RELOAD_ROOT = flags.DEFINE_string(
    "reload_root", None, "Folder below which they may, whatever the flag above says."
)
ACCESS_LOG = flags.DEFINE_string("access_log", None, "File that gets a line for each request.")
WORKERS = flags.DEFINE_integer(
    "workers", 1, "Processes behind one port, each with all models.", 1, 64
)
PAGE = flags.DEFINE_bool("page", True, "Show the web page at the root.")
stock_flags.define()


def main() -> None:
    """Console entry point."""
    run_command("qtf-serve", _main, resumable=False, answers_signals=False)


def _main() -> None:
    if SHOW_VERSION.value:
        print(f"{typed_name('qtf-serve')} {qtf.__version__}")
        return
    _check_flags()
    options = _options()
    if not flags.FLAGS["verbosity"].present:
        logging.set_verbosity(logging.INFO)
    stock_flags.check()
    if WORKERS.value == 1:
        _serve(options, _announce)
        return
    from serving.workers.supervisor import Supervisor

    Supervisor(options, WORKERS.value, _serve, _announce).run()


def _serve(options: ServerOptions, announce: Callable[[int, int | None], None]) -> None:
    import_tensorflow_quietly()
    import uvloop

    from serving.application import serve
    from serving.models.xla import disable_xla

    if not XLA.value:
        disable_xla()
    # Otherwise every large request makes Python look through all that TensorFlow has loaded.
    gc.collect()
    gc.freeze()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(options, announce=announce))


def _check_flags() -> None:
    if MODEL_BASE_PATH.value is None and MODEL_CONFIG_FILE.value is None:
        raise ValueError(
            "Give --model_base_path or --model_config_file; for example: qtf-serve"
            " --model_name=ising --model_base_path=MODELS/ising"
        )
    if BATCHING_FILE.value and not BATCHING.value:
        raise ValueError("--batching_parameters_file is set without --enable_batching.")
    # The parser of flags, which holds them against their bounds, lets NaN and infinity pass.
    for flag in (CONFIG_POLL, FILE_POLL, GRPC_TIMEOUT, DRAIN):
        if not math.isfinite(flag.value):
            raise ValueError(f"Flag --{flag.name} must be finite, but is {flag.value}.")


def _options() -> ServerOptions:
    # Here and below: without the extra `serve`, too, --help answers.
    from serving.configuration import text_config

    return ServerOptions(
        host=HOST.value,
        port=PORT.value,
        grpc_socket=SOCKET.value,
        grpc_arguments=dict(map(_argument, ARGUMENTS.value)),
        rest_port=REST_PORT.value,
        with_cors=CORS.value,
        models=_models(),
        models_file=_path(MODEL_CONFIG_FILE.value),
        models_file_poll_seconds=CONFIG_POLL.value,
        repository=_repository_options(),
        limits=Limits(
            max_request_bytes=MAX_BYTES.value,
            max_concurrent_requests=MAX_REQUESTS.value,
            grpc_seconds=GRPC_TIMEOUT.value,
            rest_seconds=REST_TIMEOUT.value / 1e3,
            by_method=METHODS.value,
        ),
        access=AccessOptions(
            tokens_file=_path(TOKENS.value),
            may_reload=RELOAD.value or RELOAD_ROOT.value is not None,
            reload_root=_path(RELOAD_ROOT.value),
            log=_path(ACCESS_LOG.value),
        ),
        tls=_tls(),
        with_health=HEALTH.value,
        with_reflection=REFLECTION.value,
        as_content=AS_CONTENT.value,
        metrics_route=(
            text_config.read_monitoring(MONITORING_FILE.value)
            if MONITORING_FILE.value
            else text_config.METRICS_ROUTE
        ),
        drain_seconds=DRAIN.value,
        with_page=PAGE.value,
    )


def _path(text: str | None) -> Path | None:
    return Path(text) if text else None


def _argument(text: str) -> tuple[str, int | str]:
    name, _, value = text.partition("=")
    if not name or not value:
        raise ValueError(f"Flag --grpc_channel_arguments must hold NAME=VALUE, but has {text!r}.")
    return name, int(value) if value.lstrip("-").isdigit() else value


def _models() -> list[ModelConfig]:
    if MODEL_CONFIG_FILE.value:
        from serving.configuration import text_config

        return text_config.read_models(MODEL_CONFIG_FILE.value)
    return [ModelConfig(MODEL_NAME.value, Path(value_of(MODEL_BASE_PATH)).resolve())]


def _tls() -> TlsFiles | None:
    if not SSL_FILE.value:
        return None
    from serving.configuration import text_config

    files = text_config.read_tls(SSL_FILE.value)
    check_tls(files, SSL_FILE.value)
    return files


def _repository_options() -> RepositoryOptions:
    batching, usual = None, BatchingOptions(num_batch_threads=os.cpu_count() or 1)
    by_value = tuple(BY_VALUE.value)
    if BATCHING.value:
        batching = usual
        if BATCHING_FILE.value:
            from serving.configuration import text_config

            batching = text_config.read_batching(BATCHING_FILE.value, defaults=batching)
        batching = dataclasses.replace(batching, by_value=by_value)
    # Nobody waits for others: what waits anyway is joined.
    of_exports = dataclasses.replace(usual, by_value=by_value, is_implied=True)
    return RepositoryOptions(
        batching=batching,
        batching_of_exports=of_exports if BATCHING.value is None else None,
        warm_up=WARM_UP.value,
        retries=RetryOptions(RETRIES.value, RETRY_INTERVAL.value / 1e6),
        poll_seconds=FILE_POLL.value,
        early_labels=EARLY_LABELS.value,
        n_threads=INTRA_THREADS.value or SESSION_THREADS.value,
        n_threads_across=INTER_THREADS.value or SESSION_THREADS.value,
        tags=tuple(TAGS.value),
        n_warm_ups=WARM_UPS.value,
        n_concurrent=max(16, 4 * (os.cpu_count() or 1)),
    )


def _announce(grpc_port: int, rest_port: int | None) -> None:
    rest = "" if rest_port is None else f", REST http://{HOST.value}:{rest_port}"
    print(f"{typed_name('qtf-serve')}: ready, gRPC {HOST.value}:{grpc_port}{rest}", flush=True)


if __name__ == "__main__":
    main()
