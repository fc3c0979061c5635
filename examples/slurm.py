"""Workers for ``ftproofs check --executor dask`` as jobs of Slurm, until this program is interrupted.

Needs ``pip install 'ftproofs[cluster]' dask-jobqueue`` on the cluster.  Other systems have
classes of the same kind there: PBSCluster, LSFCluster, SGECluster.
"""

from __future__ import annotations

import argparse
import signal

from dask_jobqueue import SLURMCluster


def main() -> None:
    """Start the jobs, say where their scheduler is, and wait."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=4, help="jobs to submit")
    parser.add_argument("--cores", type=int, default=4, help="workers in a job, each on one core")
    parser.add_argument("--memory", default="16GB", help="of a job, all its workers together")
    parser.add_argument("--walltime", default="02:00:00")
    parser.add_argument("--partition", help="Slurm's partition (default: the cluster's)")
    options = parser.parse_args()
    with SLURMCluster(
        queue=options.partition,
        cores=options.cores,
        processes=options.cores,
        memory=options.memory,
        walltime=options.walltime,
        job_script_prologue=["export OMP_NUM_THREADS=1"],
    ) as cluster:
        cluster.scale(jobs=options.jobs)
        print(f"ftproofs check --executor dask --scheduler {cluster.scheduler_address} --workers …", flush=True)
        signal.pause()


if __name__ == "__main__":
    main()
