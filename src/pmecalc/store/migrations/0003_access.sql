-- Who may come in. Of a secret only its SHA-256 is kept: 256 random bits need no slow hash.

CREATE TABLE api_key (
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    hash TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('viewer', 'analyst', 'admin', 'operator')),
    scopes_json TEXT,
    name TEXT NOT NULL,
    actor TEXT NOT NULL,
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    last_used INTEGER,
    revoked INTEGER,
    PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;

-- A credential is what the tenant is read from, so these two are found without one.
CREATE UNIQUE INDEX api_key_by_id ON api_key (id);

CREATE TABLE session (
    tenant TEXT NOT NULL,
    hash TEXT NOT NULL,
    key TEXT NOT NULL,
    created INTEGER NOT NULL,
    last_used INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    PRIMARY KEY (tenant, hash),
    FOREIGN KEY (tenant, key) REFERENCES api_key (tenant, id)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX session_by_hash ON session (hash);
CREATE INDEX session_by_key ON session (tenant, key);

-- What a job told: read in order of n, so that a listener can go on where it was cut off.
CREATE TABLE job_event (
    tenant TEXT NOT NULL,
    job TEXT NOT NULL,
    n INTEGER NOT NULL,
    event TEXT NOT NULL CHECK (event IN ('progress', 'item', 'done', 'failed')),
    data_json TEXT NOT NULL,
    PRIMARY KEY (tenant, job, n)
) STRICT, WITHOUT ROWID;
