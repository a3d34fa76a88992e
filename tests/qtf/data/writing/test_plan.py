import math

from data_gen.settings import settings_from_config
from qtf.data.writing.plan import plan_shards, planned_bytes


def test_plan_covers_every_trajectory_once(config):
    config["n_trajectories"] = {"train": (101, 3), "validation": 4}
    covered = {}
    for plan in plan_shards(settings_from_config(config)):
        found = covered.setdefault((plan.split, plan.n_sites), [])
        found += range(plan.first_trajectory, plan.first_trajectory + plan.n_trajectories)
    counts = {("train", 2): 101, ("train", 3): 3, ("validation", 2): 4, ("validation", 3): 4}
    assert covered == {key: list(range(n)) for key, n in counts.items()}


def test_plan_has_no_empty_file_with_few_trajectories(config):
    config.update(min_shards=8, n_trajectories={"train": 3})
    plans = plan_shards(settings_from_config(config))
    assert [plan.n_trajectories for plan in plans] == [1] * 6


def test_files_have_the_size_asked_for(config):
    config.update(n_trajectories={"train": 5000}, shard_megabytes=0.5, min_shards=1)
    settings = settings_from_config(config)
    plans = plan_shards(settings)
    # 13 states of 2 * 2**n numbers of 4 bytes.
    assert len(plans) == sum(math.ceil(5000 * 13 * 2 * 2**n * 4 / 0.5e6) for n in (2, 3))
    assert all(planned_bytes(settings, plan) < 0.7e6 for plan in plans)


def test_files_are_named_by_split_length_and_place(config):
    plans = plan_shards(settings_from_config(config))
    assert plans[0].file == "train-n02-00000-of-00002.tfrecord"
    assert plans[-1].file == "test-n03-00001-of-00002.tfrecord"


def test_planned_bytes_are_those_of_the_files(config, written):
    settings = settings_from_config(config)
    for plan in plan_shards(settings):
        assert planned_bytes(settings, plan) == (written / plan.file).stat().st_size
