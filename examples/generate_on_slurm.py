"""Generate trajectories on the nodes of a Slurm cluster, by dask-jobqueue.

    pip install "qtf[dask]" dask-jobqueue
    python examples/generate_on_slurm.py --config=configs/data/ising.py --out_dir=/shared/data \
        --jobs=8 --cores=16 --memory=64GB --queue=normal

`--out_dir` must be a folder that all nodes share. Interrupted, the same command continues.
"""

import argparse
from pathlib import Path

from data_gen.generation import generate
from data_gen.settings import settings_from_config
from qtf.configuration_files import load_configuration


def main() -> None:
    """Starts the jobs, generates, and ends the jobs."""
    arguments = _arguments()
    from dask_jobqueue import SLURMCluster

    cluster = SLURMCluster(
        queue=arguments.queue,
        cores=arguments.cores,
        # One process a core: matrix products in one thread have the same last bits everywhere.
        processes=arguments.cores,
        memory=arguments.memory,
        walltime=arguments.walltime,
        job_script_prologue=[
            f"export {name}=1"
            for name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS")
        ],
    )
    with cluster:
        cluster.scale(jobs=arguments.jobs)
        done = generate(
            settings_from_config(load_configuration(arguments.config)),
            arguments.out_dir,
            workers=arguments.jobs * arguments.cores,
            dask_scheduler=cluster.scheduler_address,
        )
    print(f"{len(done.manifest.files)} shards, {done.n_written} of them by this call.")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--config", required=True)
    parser.add_argument("--out_dir", type=Path, required=True)
    parser.add_argument("--jobs", type=int, default=4, help="Slurm jobs")
    parser.add_argument("--cores", type=int, default=8, help="processes of each job")
    parser.add_argument("--memory", default="32GB", help="of each job")
    parser.add_argument("--walltime", default="02:00:00")
    parser.add_argument("--queue", default=None)
    return parser.parse_args()


if __name__ == "__main__":
    main()
