"""Sockets that listen, and why they cannot."""

import socket


def bound_socket(host: str, port: int, *, is_shared: bool = False) -> socket.socket:
    """Returns a socket of its own on a port; 0 for any free one.

    Args:
        host: Address.
        port: Port.
        is_shared: Whether other sockets that are shared, too, may have the same port.

    Raises:
        OSError: The port is taken, the address unknown or not allowed; the message says which.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named, asyncio sends small answers at once (TCP_NODELAY).
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if is_shared:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        bound.bind((host, port))
    except (OSError, OverflowError) as error:
        bound.close()
        reason = getattr(error, "strerror", None) or str(error)
        raise OSError(f"Port {host}:{port} cannot be listened on: {reason}.") from None
    return bound
