"""A queue for free resources that serves the tenant first that has used least of them."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

from pmecalc.cache.compute_errors import ComputeQueueFullError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

ResourceT = TypeVar("ResourceT")

DEFAULT_COST_SECONDS = 0.005


@dataclass(slots=True, eq=False)
class Workload:
    """A computation as the queue sees it: its tenant, its estimated cost, how far it is.

    Background work waits until no request of any tenant does.
    """

    tenant: str = ""
    cost_seconds: float = DEFAULT_COST_SECONDS
    is_background: bool = False
    has_started: bool = False
    spent_seconds: float = 0.0
    prepaid_seconds: float = 0.0
    waiter: asyncio.Future[Any] | None = field(default=None, repr=False)  # of whatever is free

    @property
    def is_waiting(self) -> bool:
        """Whether it stands in a queue and has not been computed, not even in part."""
        return not self.has_started and self.waiter is not None and not self.waiter.done()

    def refuse(self) -> None:
        """Take it out of the queue: its caller gets ComputeQueueFullError."""
        if self.waiter is not None and not self.waiter.done():
            self.waiter.set_exception(ComputeQueueFullError("others have waited less"))


class TenantLines:
    """Workloads in the order of fair queueing by tenant, first in first out within a tenant.

    Each start is charged to the tenant at its estimated cost, corrected when the real one is known.
    The tenant that was charged least is next. A tenant that had nothing to do saves nothing up: it
    begins where the one served last stands (start-time fair queueing).
    """

    def __init__(self) -> None:
        self._lines: dict[str, deque[Workload]] = {}
        self._charged: dict[str, float] = {}
        self._floor = 0.0

    def push(self, workload: Workload, *, first: bool = False) -> None:
        """Put it at the end of its tenant's line, or in front."""
        line = self._lines.get(workload.tenant)
        if line is None:
            line = self._lines[workload.tenant] = deque()
            self._charged[workload.tenant] = self._position(workload.tenant)
        if first:
            line.appendleft(workload)
        else:
            line.append(workload)

    def pop(self) -> Workload | None:
        """The next that still waits, charged; None where nobody does."""
        while self._lines:
            tenant = min(self._lines, key=self._charged.__getitem__)
            line = self._lines[tenant]
            workload = line[0]
            self.remove(workload)
            if workload.waiter is None or not workload.waiter.done():
                self.charge(workload)
                return workload
        return None

    def remove(self, workload: Workload) -> None:
        """Take it out, wherever it stands; one that was served already is not there."""
        line: deque[Workload] = self._lines.get(workload.tenant, deque())
        if workload in line:
            line.remove(workload)
            if not line:
                del self._lines[workload.tenant]

    def charge(self, workload: Workload) -> None:
        """Charge a start to its tenant; a second start of the same work costs what it takes."""
        tenant = workload.tenant
        position = self._position(tenant)
        self._floor = max(self._floor, position)
        if not workload.has_started:
            workload.prepaid_seconds = workload.cost_seconds
        self._charged[tenant] = position + workload.prepaid_seconds
        workload.has_started = True

    def settle(self, workload: Workload, seconds: float) -> None:
        """Charge what a start really took instead of its estimate."""
        difference = seconds - workload.prepaid_seconds
        workload.prepaid_seconds = 0.0
        self._charged[workload.tenant] = self._charged.get(workload.tenant, 0.0) + difference
        self._forget_idle()

    def waiting(self) -> list[Workload]:
        """All that wait, in no order."""
        return [workload for line in self._lines.values() for workload in line]

    def _position(self, tenant: str) -> float:
        return max(self._floor, self._charged.get(tenant, 0.0))

    def _forget_idle(self) -> None:
        """Tenants without debt that wait for nothing are as good as new ones."""
        idle = [
            tenant
            for tenant, charged in self._charged.items()
            if charged <= self._floor and tenant not in self._lines
        ]
        for tenant in idle:
            del self._charged[tenant]


class FairQueue(Generic[ResourceT]):
    """Free resources, and the workloads that wait for one; it belongs to the event loop's thread.

    `give_back` takes a resource whose new holder was cancelled before it could use it.
    """

    def __init__(self, give_back: Callable[[ResourceT], None] | None = None) -> None:
        self._give_back = give_back or self.offer
        self._idle: list[ResourceT] = []
        self._requests = TenantLines()
        self._background = TenantLines()

    async def take(self, workload: Workload, *, first: bool = False) -> ResourceT | None:
        """A resource, once it is this workload's turn; None where there will be none.

        `first`: before all other workloads of the same tenant.
        """
        lines = self._lines_of(workload)
        if self._idle:
            lines.charge(workload)
            return self._idle.pop()
        waiter: asyncio.Future[ResourceT | None] = asyncio.get_running_loop().create_future()
        workload.waiter = waiter
        lines.push(workload, first=first)
        try:
            return await waiter
        except asyncio.CancelledError:
            if not waiter.cancelled() and waiter.exception() is None:
                self._return(waiter.result())
            raise
        finally:
            lines.remove(workload)

    def offer(self, resource: ResourceT) -> None:
        """Hand a free resource to the workload that is next, or keep it for the next to come."""
        workload = self._requests.pop() or self._background.pop()
        if workload is None or workload.waiter is None:
            self._idle.append(resource)
        else:
            workload.waiter.set_result(resource)

    def withdraw(self, resource: ResourceT) -> None:
        """Forget a resource that was free."""
        if resource in self._idle:
            self._idle.remove(resource)

    def settle(self, workload: Workload, seconds: float) -> None:
        """Charge to a workload's tenant what it took."""
        self._lines_of(workload).settle(workload, seconds)

    def dismiss(self, *, started: bool = False) -> None:
        """Send those away that wait, with None; those tried before only if `started`."""
        for workload in (*self._requests.waiting(), *self._background.waiting()):
            waiter = workload.waiter
            if waiter is not None and not waiter.done() and (started or not workload.has_started):
                waiter.set_result(None)

    def _lines_of(self, workload: Workload) -> TenantLines:
        return self._background if workload.is_background else self._requests

    def _return(self, resource: ResourceT | None) -> None:
        if resource is not None:
            self._give_back(resource)
