import collections

import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from qtf.export.warm_up import RECORDS
from serving.models.loaded_version import LoadedVersion
from serving.models.warm_up import warm_up


def requests(version):
    records = tf.data.TFRecordDataset(str(version / RECORDS)).as_numpy_iterator()
    logs = [prediction_log_pb2.PredictionLog.FromString(record) for record in records]
    return [log.predict_log.request for log in logs]


def test_every_plain_signature_is_warmed_up_for_every_n(version):
    widths = collections.defaultdict(set)
    for request in requests(version):
        inputs = request.inputs
        psi = inputs["psi_re" if "cells" in inputs else "psi0_re"]
        widths[request.model_spec.signature_name].add(psi.tensor_shape.dim[1].size)
    n_2_3_4 = {4, 8, 16}
    assert dict(widths) == {
        "serving_default": n_2_3_4,
        "rollout": n_2_3_4,
        "observables": n_2_3_4,
        "step": n_2_3_4,
    }


def test_requests_replay_on_the_served_version(version):
    loaded = LoadedVersion("ising", 1, version)
    assert warm_up(loaded) == len(requests(version)) == 12
    loaded.close()
