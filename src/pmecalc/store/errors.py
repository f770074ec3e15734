"""What the store refuses, and what its disk or database would not do."""

from __future__ import annotations

from pmecalc.core.errors import InputError, StoreError


class NameExistsError(InputError):
    """Another live dataset has this name; `dataset` is its id."""

    def __init__(self, kind: str, name: str, dataset: str) -> None:
        super().__init__(
            f"There is already a {kind} named {name!r} with other content.",
            code="NAME_EXISTS",
            field="name",
            value=name,
            hint="Update that one, or choose another name.",
        )
        self.dataset = dataset


class ConflictError(InputError):
    """The dataset moved on since it was read; carries both sequences."""

    def __init__(self, kind: str, name: str, *, expected: int, current: int) -> None:
        super().__init__(
            f"The {kind} {name!r} is at sequence {current}, not at {expected}.",
            code="SEQUENCE_CONFLICT",
            field="expected_sequence",
            value=expected,
            hint="Read it again, then repeat the change.",
        )
        self.expected = expected
        self.current = current


class PreconditionFailedError(InputError):
    """None of the versions that the caller expected is the current one; `current` is."""

    def __init__(self, name: str, current: str) -> None:
        super().__init__(
            f"{name!r} was changed since: If-Match does not name its current version.",
            code="PRECONDITION_FAILED",
            field="If-Match",
            hint="Read it again, and repeat the change with the ETag of that answer.",
        )
        self.current = current


class KeyReusedError(InputError):
    """The idempotency key belongs to another request."""

    def __init__(self, key: str) -> None:
        super().__init__(
            "This Idempotency-Key was used for another request.",
            code="IDEMPOTENCY_CONFLICT",
            field="Idempotency-Key",
            value=key.removeprefix("user:"),
            hint="Send the first request again as it was, or choose a new key.",
        )


class UndoRefusedError(InputError):
    """The import cannot be taken back, and nothing was changed."""

    def __init__(self, import_id: str, reason: str) -> None:
        super().__init__(
            f"Import {import_id} cannot be undone: {reason}.",
            code="UNDO_REFUSED",
            field="import",
            value=import_id,
            hint="Import the earlier file again, or delete the dataset.",
        )


class TenantErasedError(InputError):
    """The tenant was erased and takes no more data."""

    def __init__(self, tenant: str) -> None:
        super().__init__(
            f"The data of {tenant!r} were erased; it takes no more.",
            code="TENANT_ERASED",
            hint="Use another tenant, or in local mode another data folder.",
        )


class BusyError(StoreError):
    """The catalog stayed locked by another writer; worth a retry in a second."""

    code = "STORE_BUSY"


class DamagedError(StoreError):
    """What is on the disk is not what was written; `object` is its id."""

    code = "OBJECT_DAMAGED"

    def __init__(self, stored: str, reason: str) -> None:
        super().__init__(f"Stored object {stored} cannot be used: {reason}.")
        self.object = stored


class DiskFullError(StoreError):
    """There is no room; nothing was changed."""

    code = "DISK_FULL"


class FolderError(StoreError):
    """The data folder cannot be used here."""

    code = "DATA_FOLDER"


class NewerSchemaError(StoreError):
    """The data were written by a newer program."""

    code = "NEWER_SCHEMA"


class WritesRefusedError(StoreError):
    """A write could not be made safe on the disk: nothing more is written until a restart."""

    code = "WRITES_REFUSED"


class LeaseLostError(StoreError):
    """Another process has taken over this duty: what was done for it is not published."""

    code = "LEASE_LOST"

    def __init__(self, name: str) -> None:
        super().__init__(f"The lease {name!r} is held by another process.")
