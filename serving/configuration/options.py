"""What the flags and files of the server say, as plain values that import nothing heavy."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from serving.configuration.version_policy import VersionPolicy


@dataclass(frozen=True)
class ModelConfig:
    """One model to be served.

    Attributes:
        name: Name for clients.
        base_path: Folder of its versions.
        policy: Which of them to serve.
        labels: label -> version.
        platform: Kind of model; only SavedModels are served.
    """

    name: str
    base_path: Path
    policy: VersionPolicy = field(default_factory=VersionPolicy)
    labels: Mapping[str, int] = field(default_factory=dict)
    platform: str = "tensorflow"


@dataclass(frozen=True)
class TlsFiles:
    """Contents of the files of an encrypted endpoint; a client certificate is optional."""

    server_key: bytes
    server_certificate: bytes
    custom_ca: bytes
    client_verify: bool


@dataclass(frozen=True)
class BatchingOptions:
    """How requests are joined, named as in the batching file of TensorFlow Serving.

    Attributes:
        max_batch_size: Largest number of examples in one batch.
        batch_timeout: Seconds that the first request of a batch waits for others.
        max_enqueued_batches: Batches of one kind that may wait; more are refused.
        num_batch_threads: Batches that run at the same time, of all kinds together.
        allowed_batch_sizes: Sizes that batches are filled up to, ascending; empty for all.
        large_batch_splitting: Whether requests beyond `max_batch_size` are cut.
        max_execution_batch_size: Largest piece after cutting; 0 for `max_batch_size`.
        by_value: Names of inputs whose values must be equal within a batch.
        is_implied: Whether nobody has asked for it: requests that cannot be joined are run alone
            instead of refused, and of each kind one batch at a time, whatever others do.
    """

    max_batch_size: int = 1000
    batch_timeout: float = 0.0
    max_enqueued_batches: int = 10
    num_batch_threads: int = 2
    allowed_batch_sizes: tuple[int, ...] = ()
    large_batch_splitting: bool = False
    max_execution_batch_size: int = 0
    by_value: tuple[str, ...] = ("n_steps",)
    is_implied: bool = False

    @property
    def largest_run(self) -> int:
        """Number of examples that one run may hold."""
        return self.max_execution_batch_size or self.max_batch_size

    def padded_size(self, size: int) -> int:
        """Returns the smallest allowed size that holds `size` examples; 0 stays 0.

        Without an example there is nothing to fill up with.
        """
        if size == 0:
            return 0
        return next((s for s in self.allowed_batch_sizes if s >= size), size)


@dataclass(frozen=True)
class RetryOptions:
    """How often a failed load is tried again, and the seconds between two attempts."""

    n_retries: int = 5
    interval: float = 60.0


@dataclass(frozen=True)
class RepositoryOptions:
    """How all models are loaded and run.

    Attributes:
        batching: Rules for joining requests; None runs each alone.
        batching_of_exports: The same for models that were exported by qtf, whose answers never
            depend on their neighbours in a batch, if there are none for all.
        warm_up: Whether warm-up requests are replayed.
        retries: Rules for versions that cannot be loaded.
        poll_seconds: Time between two looks at the base paths; 0 for a single one.
        early_labels: Whether labels may point to versions that are not available.
        n_threads: Threads inside TensorFlow's operations; 0 for one a core.
        n_threads_across: Threads that run operations beside one another; likewise.
        tags: Tags of the graph of a SavedModel that is served.
        n_warm_ups: How often each warm-up request is replayed.
        n_concurrent: Runs of sessions at the same time.
    """

    batching: BatchingOptions | None = None
    batching_of_exports: BatchingOptions | None = None
    warm_up: bool = True
    retries: RetryOptions = field(default_factory=RetryOptions)
    poll_seconds: float = 1.0
    early_labels: bool = False
    n_threads: int = 0
    n_threads_across: int = 0
    tags: tuple[str, ...] = ("serve",)
    n_warm_ups: int = 1
    n_concurrent: int = 4


@dataclass(frozen=True)
class Limits:
    """What a single client may ask for.

    Attributes:
        max_request_bytes: Size of a request.
        max_concurrent_requests: Predictions in flight; more are refused.
        grpc_seconds: Time for a gRPC request, also when the client would wait longer.
        rest_seconds: Time for a REST request.
        by_method: Whether a signature answers only to the method that it names.
    """

    max_request_bytes: int = 2**26
    max_concurrent_requests: int = 1024
    grpc_seconds: float = 300.0
    rest_seconds: float = 30.0
    by_method: bool = False


@dataclass(frozen=True)
class AccessOptions:
    """Who may ask for what, and what is written down about it.

    Attributes:
        tokens_file: File of bearer tokens, one of which every request must hold; None: anyone may
            ask.
        may_reload: Whether clients may replace the list of models.
        reload_root: Folder below which their base paths must be; None: anywhere.
        log: File that gets a line for each request; None for nowhere.
    """

    tokens_file: Path | None = None
    may_reload: bool = False
    reload_root: Path | None = None
    log: Path | None = None


@dataclass(frozen=True)
class WorkerOptions:
    """Which of several processes behind one port this is.

    Attributes:
        number: Number of the worker, from 0.
        n_workers: Number of all.
        folder: Folder in which they meet.
    """

    number: int
    n_workers: int
    folder: Path


@dataclass(frozen=True)
class ServerOptions:
    """Everything that the flags say.

    Attributes:
        host: Address to listen on.
        port: gRPC port; 0 for any free one.
        grpc_socket: UNIX socket that gRPC listens on, too; None for none.
        grpc_arguments: Arguments of the gRPC server, by name.
        rest_port: REST port; 0 for any free one, negative for none.
        with_cors: Whether pages from anywhere may read answers by REST.
        models: Models that are served at first.
        models_file: File of models that is read again.
        models_file_poll_seconds: Seconds between two readings; 0 for never.
        repository: Rules for loading and running models.
        limits: Limits of what a client may ask for.
        access: Who may ask for what.
        tls: Key and certificates of the gRPC endpoint; None for plain text.
        with_health: Whether health checks are answered.
        with_reflection: Whether gRPC tells its services.
        as_content: Whether tensors of answers are written as raw memory.
        metrics_route: Path of the Prometheus metrics; None for nowhere.
        drain_seconds: Seconds that requests in flight may take at the end.
        with_page: Whether the web page is shown.
        worker: Which worker this is; None for a server of one process.
    """

    host: str
    port: int
    grpc_socket: str | None
    grpc_arguments: Mapping[str, int | str]
    rest_port: int
    with_cors: bool
    models: Sequence[ModelConfig]
    models_file: Path | None
    models_file_poll_seconds: float
    repository: RepositoryOptions
    limits: Limits
    access: AccessOptions
    tls: TlsFiles | None
    with_health: bool
    with_reflection: bool
    as_content: bool
    metrics_route: str | None
    drain_seconds: float
    with_page: bool
    worker: WorkerOptions | None = None
