-- Dates are ISO text, times Unix milliseconds UTC. Amounts never stand here.

CREATE TABLE meta (
    key TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE tenant (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    created INTEGER NOT NULL,
    erased_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE object (
    tenant TEXT NOT NULL REFERENCES tenant (id),
    hash TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('flows', 'levels', 'raw')),
    created INTEGER NOT NULL,
    PRIMARY KEY (tenant, hash)
) STRICT, WITHOUT ROWID;

CREATE TABLE import (
    tenant TEXT NOT NULL REFERENCES tenant (id),
    id TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('staged', 'committed', 'undone', 'failed')),
    actor TEXT NOT NULL,
    raw_hash TEXT,
    raw_name TEXT,
    mapping_json TEXT,
    created INTEGER NOT NULL,
    committed INTEGER,
    undone_by TEXT,
    PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;

-- meta_json: what belongs to the dataset and not to a revision of it (the default benchmark).
CREATE TABLE dataset (
    tenant TEXT NOT NULL REFERENCES tenant (id),
    id TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('fund', 'benchmark')),
    name TEXT NOT NULL,
    currency TEXT,
    meta_json TEXT NOT NULL,
    created INTEGER NOT NULL,
    deleted_at INTEGER,
    PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX dataset_live_name ON dataset (tenant, kind, name) WHERE deleted_at IS NULL;

-- meta_json is part of the digest rev; notes_json (a reader's notes and warnings) is not.
CREATE TABLE revision (
    tenant TEXT NOT NULL,
    dataset TEXT NOT NULL,
    seq INTEGER NOT NULL,
    rev TEXT NOT NULL,
    object TEXT NOT NULL,
    row0 INTEGER NOT NULL,
    rows INTEGER NOT NULL,
    first_date TEXT NOT NULL,
    last_date TEXT NOT NULL,
    meta_json TEXT NOT NULL,
    notes_json TEXT NOT NULL,
    import TEXT,
    created INTEGER NOT NULL,
    PRIMARY KEY (tenant, dataset, seq),
    FOREIGN KEY (tenant, dataset) REFERENCES dataset (tenant, id),
    FOREIGN KEY (tenant, object) REFERENCES object (tenant, hash),
    FOREIGN KEY (tenant, import) REFERENCES import (tenant, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX revision_by_content ON revision (tenant, dataset, rev);

CREATE TABLE pointer (
    tenant TEXT NOT NULL,
    dataset TEXT NOT NULL,
    seq INTEGER NOT NULL,
    rev TEXT NOT NULL,
    PRIMARY KEY (tenant, dataset),
    FOREIGN KEY (tenant, dataset, seq) REFERENCES revision (tenant, dataset, seq)
) STRICT, WITHOUT ROWID;

-- rev is NULL where the dataset was deleted.
CREATE TABLE change (
    n INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant TEXT NOT NULL,
    dataset TEXT NOT NULL,
    seq INTEGER NOT NULL,
    rev TEXT,
    at INTEGER NOT NULL
) STRICT;

CREATE VIEW live AS
SELECT
    d.tenant, d.id, d.kind, d.name, d.meta_json AS own_json, d.created, p.rev, p.seq,
    r.object, r.row0, r.rows, r.first_date, r.last_date, r.meta_json, r.notes_json
FROM dataset AS d
JOIN pointer AS p ON p.tenant = d.tenant AND p.dataset = d.id
JOIN revision AS r ON r.tenant = p.tenant AND r.dataset = p.dataset AND r.seq = p.seq
WHERE d.deleted_at IS NULL;
