"""Why a computation was not made: each is answered with 503 and a time to come back."""

from __future__ import annotations


class ComputeError(RuntimeError):
    """Not computed now; another attempt after `retry_after_seconds` may succeed."""

    code = "BUSY"
    retry_after_seconds = 1


class ComputeQueueFullError(ComputeError):
    """More waits to be computed than the queue holds, in all or of this tenant."""


class ComputeDeadlineError(ComputeError):
    """The computation ran as long as one may, and was given up."""

    code = "COMPUTE_DEADLINE"
    retry_after_seconds = 30


class ComputeLostError(ComputeError):
    """Two processes in a row ended or fell silent over the computation."""

    code = "COMPUTE_LOST"
    retry_after_seconds = 5
