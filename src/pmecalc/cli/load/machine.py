"""The machine the test runs on: cores, descriptors, free ports."""

from __future__ import annotations

import contextlib
import os
import resource
import socket

_DESCRIPTORS_BESIDE_USERS = 256


def cores() -> tuple[int | None, int | None]:
    """One core for the service and another for the users; None where they cannot be told apart."""
    if not hasattr(os, "sched_getaffinity"):
        return None, None
    allowed = sorted(os.sched_getaffinity(0))
    return (allowed[0], allowed[1]) if len(allowed) > 1 else (None, None)


def pin(process: int, core: int | None) -> None:
    """Keep a process (0 is this one) on a core."""
    if core is not None:
        os.sched_setaffinity(process, {core})


def allow_descriptors(users: int) -> None:
    """Raise the soft limit of open files as far as it may go; children inherit it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = users + _DESCRIPTORS_BESIDE_USERS
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def free_port() -> int:
    """A port of the loopback where nobody listens now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
