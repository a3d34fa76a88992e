import pytest

from reproduce.engine.minutes import minutes_of_validations, training_minutes


def write_start(workdir, number, records):
    """Writes the records of one start: seconds, step and name of a value."""
    import tensorflow as tf
    from tensorflow.core.framework.summary_pb2 import Summary
    from tensorflow.core.util.event_pb2 import Event

    folder = workdir / "tensorboard"
    folder.mkdir(exist_ok=True)
    with tf.io.TFRecordWriter(str(folder / f"events.out.tfevents.{number}")) as file:
        file.write(Event(wall_time=0.0, file_version="brain.Event:2").SerializeToString())
        for seconds, step, tag in records:
            summary = Summary(value=[Summary.Value(tag=tag, simple_value=1.0)])
            file.write(Event(wall_time=seconds, step=step, summary=summary).SerializeToString())


def test_validations_are_timed_without_the_time_between_two_starts(tmp_path):
    energy = "validation/energy"
    first = [(1000, 0, "x"), (1060, 10, energy), (1120, 20, energy), (1180, 25, "training/loss")]
    write_start(tmp_path, 1, first)
    # It goes on from step 10, an hour later.
    second = [(4600, 10, "x"), (4660, 15, "validation/v_score"), (4720, 20, energy)]
    write_start(tmp_path, 2, second)
    assert minutes_of_validations(tmp_path, "energy") == pytest.approx({10: 1.0, 20: 3.0 + 2.0})
    assert training_minutes(tmp_path) == pytest.approx(5.0)


def test_without_records_there_are_no_times(tmp_path):
    assert minutes_of_validations(tmp_path, "energy") == {}
