"""What listens: gRPC services, the REST interface and its metrics."""
