"""A client process that leaves requests in the air, as a script: it is to be killed."""

import socket
import sys
import time
from pathlib import Path

import grpc

PREDICT = "/tensorflow.serving.PredictionService/Predict"


def _main(grpc_port, rest_port, n_requests, seconds, grpc_file, rest_file):
    channel = grpc.insecure_channel(f"127.0.0.1:{grpc_port}")
    call = channel.unary_unary(PREDICT)
    grpc_request, rest_request = Path(grpc_file).read_bytes(), Path(rest_file).read_bytes()
    waiting = [call.future(grpc_request, timeout=float(seconds)) for _ in range(int(n_requests))]
    for _ in range(int(n_requests)):
        connection = socket.create_connection(("127.0.0.1", int(rest_port)))
        connection.sendall(rest_request)
        waiting.append(connection)
    print("sent", flush=True)
    time.sleep(60)


if __name__ == "__main__":
    _main(*sys.argv[1:])
