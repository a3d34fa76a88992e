#!/bin/bash
# Trains on several nodes of a Slurm cluster, one process with all GPUs of each node:
#
#     DATA=/shared/data RUN=/shared/run sbatch --nodes=4 examples/train_on_slurm.sh
#
# Before the time limit Slurm sends SIGTERM; the run saves a checkpoint, and this script asks
# for its own continuation. The same sbatch command continues it at any later time, too.
#SBATCH --job-name=qtf-train
#SBATCH --ntasks-per-node=1
#SBATCH --gpus-per-node=1
#SBATCH --time=04:00:00
#SBATCH --signal=B:TERM@300
#SBATCH --requeue
set -euo pipefail
: "${DATA:?set DATA to the folder of trajectories}" "${RUN:?set RUN to the run folder}"
CONFIG=${CONFIG:-configs/dynamics/increment.py}
export PORT=${PORT:-21000}
HOSTS=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | paste -sd,)
export HOSTS

# Every task has its own place in TF_CONFIG.
tf_config='import json, os
port = os.environ["PORT"]
workers = [f"{host}:{port}" for host in os.environ["HOSTS"].split(",")]
task = {"type": "worker", "index": int(os.environ["SLURM_PROCID"])}
print(json.dumps({"cluster": {"worker": workers}, "task": task}))'
export tf_config

srun --kill-on-bad-exit=1 bash -c '
    TF_CONFIG=$(python -c "$tf_config") exec python -m trainers.dynamics \
        --config="$0" --data_dir="$1" --workdir="$2" \
        --config.training.strategy=multi_worker
' "$CONFIG" "$DATA" "$RUN" &
training=$!
stopped=
trap 'stopped=1; kill -TERM "$training"' TERM
wait "$training" || status=$?
# The signal ends the first wait; the second one is for the checkpoint.
[ -z "$stopped" ] || wait "$training" || status=$?
if [ -n "$stopped" ]; then
    scontrol requeue "$SLURM_JOB_ID"
fi
exit "${status:-0}"
