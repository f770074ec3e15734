-- What keeps data trustworthy: answers remembered, duties leased, work queued, changes audited.

CREATE TABLE idempotency (
    tenant TEXT NOT NULL,
    key TEXT NOT NULL,
    request_hash TEXT NOT NULL,
    response TEXT NOT NULL,
    expires INTEGER NOT NULL,
    PRIMARY KEY (tenant, key)
) STRICT, WITHOUT ROWID;

-- fence grows with every new owner: who publishes under an older one has lost the lease.
CREATE TABLE lease (
    name TEXT NOT NULL PRIMARY KEY,
    owner TEXT NOT NULL,
    until INTEGER NOT NULL,
    fence INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE job (
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
    progress_json TEXT NOT NULL,
    params_json TEXT NOT NULL,
    result TEXT,
    attempts INTEGER NOT NULL DEFAULT 0,
    lease_until INTEGER,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX job_open ON job (created) WHERE state IN ('queued', 'running');

-- tenant is NULL where the whole instance is meant. meta holds `audit_root` and `audit_head`, the
-- ends of the chain as `n:hash`, so that a row taken from either end is missed.
CREATE TABLE audit (
    n INTEGER NOT NULL PRIMARY KEY,
    at INTEGER NOT NULL,
    tenant TEXT,
    actor TEXT NOT NULL,
    via TEXT NOT NULL,
    action TEXT NOT NULL,
    object TEXT,
    outcome TEXT NOT NULL,
    request_id TEXT,
    detail_json TEXT NOT NULL,
    prev TEXT NOT NULL,
    hash TEXT NOT NULL
) STRICT;

CREATE INDEX import_by_time ON import (tenant, committed);
CREATE INDEX revision_by_import ON revision (tenant, import) WHERE import IS NOT NULL;
CREATE INDEX revision_by_object ON revision (tenant, object);

CREATE VIEW imported AS
SELECT
    i.tenant, i.id, i.state, i.actor, i.raw_name, i.created, i.committed, i.undone_by,
    (
        SELECT count(DISTINCT r.dataset) FROM revision AS r
        WHERE r.tenant = i.tenant AND r.import = i.id
    ) AS datasets
FROM import AS i;

-- A dataset has few revisions: its part of the primary key is scanned as fast.
DROP INDEX revision_by_content;
