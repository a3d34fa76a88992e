"""The format of a folder of trajectories: its manifest and its records. No TensorFlow."""

from qtf.data.schema.manifest import (
    COMPRESSIONS,
    DTYPES,
    MANIFEST_NAME,
    SCHEMA_VERSION,
    SPLITS,
    Manifest,
    Shard,
    check_shard,
    file_sha256,
    shard_from,
)
from qtf.data.schema.records import (
    AMPLITUDES,
    FRAME_BYTES,
    N_SITES,
    TRAJECTORY,
    amplitudes_of,
    encode_header,
    masked_crc,
    parse_record,
    read_records,
    record_size,
)

__all__ = [
    "AMPLITUDES",
    "COMPRESSIONS",
    "DTYPES",
    "FRAME_BYTES",
    "MANIFEST_NAME",
    "N_SITES",
    "SCHEMA_VERSION",
    "SPLITS",
    "TRAJECTORY",
    "Manifest",
    "Shard",
    "amplitudes_of",
    "check_shard",
    "encode_header",
    "file_sha256",
    "masked_crc",
    "parse_record",
    "read_records",
    "record_size",
    "shard_from",
]
