"""Reads the text files that configure TensorFlow Serving.

The protocol's Python package holds the messages of the list of models only, so the
others are declared here with the same fields and read by the same parser.
"""

import dataclasses
from collections import Counter
from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format
from google.protobuf import wrappers_pb2 as wrappers
from google.protobuf.message import Message
from tensorflow_serving.config import model_server_config_pb2

from serving.configuration.options import BatchingOptions, ModelConfig, TlsFiles
from serving.configuration.version_policy import VersionPolicy

_FIELD = descriptor_pb2.FieldDescriptorProto
_INT64 = ".google.protobuf.Int64Value"
_STRING = ".google.protobuf.StringValue"
_BOOL = ".google.protobuf.BoolValue"
METRICS_ROUTE = "/monitoring/prometheus/metrics"
_DEFAULT_BATCHING = BatchingOptions()


def read_models(path: Path | str) -> list[ModelConfig]:
    """Reads a `models.config` file.

    Raises:
        ValueError: It is no such file, or a model lacks name or path.
        OSError: It cannot be read.
    """
    proto = _parse(path, model_server_config_pb2.ModelServerConfig())
    return models_from_proto(proto)


def models_from_proto(proto: model_server_config_pb2.ModelServerConfig) -> list[ModelConfig]:
    """Returns the models of a `ModelServerConfig`.

    Raises:
        ValueError: A model lacks name or path, two share a name, or a field is wrong.
    """
    if proto.WhichOneof("config") == "custom_model_config":
        raise ValueError("Field `custom_model_config` is not supported; use a list of models.")
    models = [_model(config) for config in proto.model_config_list.config]
    for name, count in Counter(model.name for model in models).items():
        if count > 1:
            raise ValueError(f"Illegal to list model {name} multiple times in config list")
    return models


def read_batching(
    path: Path | str, *, defaults: BatchingOptions = _DEFAULT_BATCHING
) -> BatchingOptions:
    """Reads a batching file.

    Args:
        path: The file.
        defaults: Values of fields that are not in it.

    Raises:
        ValueError: It is no such file, or a number in it is out of range.
        OSError: It cannot be read.
    """
    proto = _parse(path, _message("BatchingParameters"))
    given = {name: proto_field.value for name, proto_field in _set_fields(proto)}
    given.pop("thread_pool_name", None)
    given.pop("enable_lazy_split", None)
    if "batch_timeout_micros" in given:
        given["batch_timeout"] = given.pop("batch_timeout_micros") / 1e6
    if "enable_large_batch_splitting" in given:
        given["large_batch_splitting"] = given.pop("enable_large_batch_splitting")
    sizes = tuple(proto.allowed_batch_sizes)
    options = dataclasses.replace(defaults, **given, allowed_batch_sizes=sizes)
    _check_batching(options, path)
    return options


def read_monitoring(path: Path | str) -> str | None:
    """Reads a monitoring file and returns the route of the metrics, None when switched off.

    Raises:
        ValueError: It is no such file, or the route does not start with a slash.
        OSError: It cannot be read.
    """
    proto = _parse(path, _message("MonitoringConfig")).prometheus_config
    if not proto.enable:
        return None
    route = proto.path or METRICS_ROUTE
    if not route.startswith("/"):
        raise ValueError(f"Field `path` in {path} must start with `/`, but is `{route}`.")
    return route


def read_tls(path: Path | str) -> TlsFiles:
    """Reads an SSL file: PEM texts of key and certificates.

    Raises:
        ValueError: It is no such file, or lacks the key or the certificate.
        OSError: It cannot be read.
    """
    proto = _parse(path, _message("SSLConfig"))
    for name in ("server_key", "server_cert"):
        if not getattr(proto, name):
            raise ValueError(f"Field `{name}` must be given in {path}, but is empty.")
    if proto.client_verify and not proto.custom_ca:
        raise ValueError(f"Field `custom_ca` must be given in {path} for `client_verify`.")
    return TlsFiles(
        proto.server_key.encode(),
        proto.server_cert.encode(),
        proto.custom_ca.encode(),
        proto.client_verify,
    )


def _model(config: model_server_config_pb2.ModelConfig) -> ModelConfig:
    if not config.name:
        raise ValueError("Field `name` of every model must be given, but is empty.")
    if not config.base_path.startswith("/"):
        raise ValueError(
            f"Expected model {config.name} to have an absolute path or URI; "
            f"got base_path()={config.base_path}"
        )
    if not config.model_platform and not config.model_type:
        raise ValueError(
            "Illegal setting neither ModelServerConfig::model_type (deprecated) nor "
            f"ModelServerConfig::model_platform for model {config.name}; write "
            'model_platform: "tensorflow".'
        )
    return ModelConfig(
        config.name,
        Path(config.base_path),
        VersionPolicy.from_proto(config.model_version_policy),
        dict(config.version_labels),
        config.model_platform or "tensorflow",
    )


def _check_batching(options: BatchingOptions, path: Path | str) -> None:
    for name in ("max_batch_size", "max_enqueued_batches", "num_batch_threads"):
        if getattr(options, name) < 1:
            raise ValueError(f"In {path}, {name} must be positive; was {getattr(options, name)}.")
    if options.max_execution_batch_size < 0:
        raise ValueError(
            f"In {path}, max_execution_batch_size must be non-negative; "
            f"was {options.max_execution_batch_size}."
        )
    if options.batch_timeout < 0:
        raise ValueError(
            f"In {path}, batch_timeout_micros must be non-negative; "
            f"was {options.batch_timeout * 1e6:g}."
        )
    sizes = options.allowed_batch_sizes
    if sizes and sizes[-1] != options.largest_run:
        raise ValueError(
            f"In {path}, last entry in allowed_batch_sizes must match max_batch_size; "
            f"last entry was {sizes[-1]}; expected {options.largest_run}."
        )
    if sizes and (sizes[0] < 1 or list(sizes) != sorted(set(sizes))):
        raise ValueError(
            f"In {path}, allowed_batch_sizes must be monotonically increasing and positive; "
            f"were {list(sizes)}."
        )


def _parse(path: Path | str, message: Message) -> Any:
    try:
        text = Path(path).read_text()
    except UnicodeDecodeError:
        raise ValueError(f"Configuration {path} is no text file.") from None
    except OSError as error:
        raise OSError(f"Configuration {path} cannot be read: {error.strerror}.") from None
    try:
        return text_format.Parse(text, message)
    except text_format.ParseError as error:
        raise ValueError(f"Configuration {path} cannot be parsed: {error}") from None


def _set_fields(proto: Message) -> list[tuple[str, Any]]:
    return [
        (descriptor.name, value)
        for descriptor, value in proto.ListFields()
        if descriptor.message_type is not None
    ]


def _message(name: str) -> Any:
    pool = descriptor_pool.DescriptorPool()
    file = descriptor_pb2.FileDescriptorProto()
    wrappers.DESCRIPTOR.CopyToProto(file)
    pool.Add(file)
    pool.Add(_declarations())
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"qtf.serving.{name}"))()


def _declarations() -> descriptor_pb2.FileDescriptorProto:
    """Declares the messages with the field names of TensorFlow Serving."""
    file = descriptor_pb2.FileDescriptorProto(
        name="qtf_serving.proto",
        package="qtf.serving",
        syntax="proto3",
        dependency=[wrappers.DESCRIPTOR.name],
    )
    _declare(
        file,
        "BatchingParameters",
        max_batch_size=_INT64,
        batch_timeout_micros=_INT64,
        max_enqueued_batches=_INT64,
        num_batch_threads=_INT64,
        thread_pool_name=_STRING,
        allowed_batch_sizes=[_FIELD.TYPE_INT64],
        pad_variable_length_inputs=_FIELD.TYPE_BOOL,
        enable_large_batch_splitting=_BOOL,
        max_execution_batch_size=_INT64,
        enable_lazy_split=_BOOL,
    )
    _declare(file, "PrometheusConfig", enable=_FIELD.TYPE_BOOL, path=_FIELD.TYPE_STRING)
    _declare(file, "MonitoringConfig", prometheus_config=".qtf.serving.PrometheusConfig")
    _declare(
        file,
        "SSLConfig",
        server_key=_FIELD.TYPE_STRING,
        server_cert=_FIELD.TYPE_STRING,
        custom_ca=_FIELD.TYPE_STRING,
        client_verify=_FIELD.TYPE_BOOL,
    )
    return file


def _declare(
    file: descriptor_pb2.FileDescriptorProto, name: str, **fields: int | str | list[int]
) -> None:
    message = file.message_type.add(name=name)
    for number, (field_name, kind) in enumerate(fields.items(), start=1):
        repeated = isinstance(kind, list)
        kind = kind[0] if isinstance(kind, list) else kind
        declared = message.field.add(
            name=field_name,
            number=number,
            label=_FIELD.LABEL_REPEATED if repeated else _FIELD.LABEL_OPTIONAL,
        )
        if isinstance(kind, str):
            declared.type = _FIELD.TYPE_MESSAGE
            declared.type_name = kind
        else:
            declared.type = kind
