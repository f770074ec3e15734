BEGIN TRANSACTION;
CREATE TABLE change (
    n INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant TEXT NOT NULL,
    dataset TEXT NOT NULL,
    seq INTEGER NOT NULL,
    rev TEXT,
    at INTEGER NOT NULL
) STRICT;
INSERT INTO "change" VALUES(1,'default','e28af8e37b3a862a',1,'91d7cc3fe1e133dd5975eb46bc8c1e3e',1700000000000);
INSERT INTO "change" VALUES(2,'default','cbecd4db72e7cc05',1,'e93908e8200d190288c2d30d5e959044',1700000000000);
INSERT INTO "change" VALUES(3,'default','0bd18e4c6a5937b1',1,'fa11d2945df9520031b319cc5d62920f',1700000000000);
INSERT INTO "change" VALUES(4,'default','e28af8e37b3a862a',2,'d641e37f4de3311a3cb0f6feee7e397d',1700000001000);
INSERT INTO "change" VALUES(5,'default','e28af8e37b3a862a',3,'0ae261682e20a1102a3e4d9910fba2cd',1700000002000);
INSERT INTO "change" VALUES(6,'default','cbecd4db72e7cc05',1,NULL,1700000003000);
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
INSERT INTO "dataset" VALUES('default','0bd18e4c6a5937b1','benchmark','World','EUR','{}',1700000000000,NULL);
INSERT INTO "dataset" VALUES('default','cbecd4db72e7cc05','fund','Beta','USD','{}',1700000000000,1700000003000);
INSERT INTO "dataset" VALUES('default','e28af8e37b3a862a','fund','Alpha','USD','{"benchmark":"0bd18e4c6a5937b1"}',1700000000000,NULL);
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
INSERT INTO "import" VALUES('default','4448245d50e6ead8','committed','me',NULL,NULL,NULL,1700000001000,1700000001000,NULL);
INSERT INTO "import" VALUES('default','ce1394f240a80951','committed','me','34a74fc69c9ea190e1b383efa6fa1e42a8ab5b6f1c0555c36d7030bd5e06559c','funds.csv',NULL,1700000000000,1700000000000,NULL);
CREATE TABLE meta (
    key TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO "meta" VALUES('instance','158156cc-f455-4c36-a66f-1f6752f39627');
INSERT INTO "meta" VALUES('schema_version','1');
CREATE TABLE object (
    tenant TEXT NOT NULL REFERENCES tenant (id),
    hash TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('flows', 'levels', 'raw')),
    created INTEGER NOT NULL,
    PRIMARY KEY (tenant, hash)
) STRICT, WITHOUT ROWID;
INSERT INTO "object" VALUES('default','0143c826706ba6300d55228b2ce09b6c9fdf9243084bd2c4bf36e5458b4da30f',2077,'flows',1700000001000);
INSERT INTO "object" VALUES('default','34a74fc69c9ea190e1b383efa6fa1e42a8ab5b6f1c0555c36d7030bd5e06559c',11,'raw',1700000000000);
INSERT INTO "object" VALUES('default','5cdff7a5907707b40c388833fcc6d51743469465aaf95cfcd0c246e457f06a62',1136,'levels',1700000000000);
INSERT INTO "object" VALUES('default','7b36d80569bd40a91739228f43e0334b689fbfeb6c790b5f5dad4d14ffdc064f',2109,'flows',1700000000000);
CREATE TABLE pointer (
    tenant TEXT NOT NULL,
    dataset TEXT NOT NULL,
    seq INTEGER NOT NULL,
    rev TEXT NOT NULL,
    PRIMARY KEY (tenant, dataset),
    FOREIGN KEY (tenant, dataset, seq) REFERENCES revision (tenant, dataset, seq)
) STRICT, WITHOUT ROWID;
INSERT INTO "pointer" VALUES('default','0bd18e4c6a5937b1',1,'fa11d2945df9520031b319cc5d62920f');
INSERT INTO "pointer" VALUES('default','e28af8e37b3a862a',3,'0ae261682e20a1102a3e4d9910fba2cd');
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
INSERT INTO "revision" VALUES('default','0bd18e4c6a5937b1',1,'fa11d2945df9520031b319cc5d62920f','5cdff7a5907707b40c388833fcc6d51743469465aaf95cfcd0c246e457f06a62',0,3,'2013-12-31','2017-12-31','{"currency":"EUR","index_kind":"net_total_return","name":"World"}','{"notes": ["Read as levels."]}','ce1394f240a80951',1700000000000);
INSERT INTO "revision" VALUES('default','cbecd4db72e7cc05',1,'e93908e8200d190288c2d30d5e959044','7b36d80569bd40a91739228f43e0334b689fbfeb6c790b5f5dad4d14ffdc064f',0,6,'2014-03-31','2017-12-31','{"commitment":500.0,"currency":"USD","name":"Beta","strategy":"buyout","vintage":2014}','{"notes": [], "warnings": []}','ce1394f240a80951',1700000000000);
INSERT INTO "revision" VALUES('default','e28af8e37b3a862a',1,'91d7cc3fe1e133dd5975eb46bc8c1e3e','7b36d80569bd40a91739228f43e0334b689fbfeb6c790b5f5dad4d14ffdc064f',6,6,'2014-03-31','2017-12-31','{"commitment":500.0,"currency":"USD","name":"Alpha","strategy":"buyout","vintage":2014}','{"notes": [], "warnings": []}','ce1394f240a80951',1700000000000);
INSERT INTO "revision" VALUES('default','e28af8e37b3a862a',2,'d641e37f4de3311a3cb0f6feee7e397d','0143c826706ba6300d55228b2ce09b6c9fdf9243084bd2c4bf36e5458b4da30f',0,6,'2014-03-31','2017-12-31','{"commitment":500.0,"currency":"USD","name":"Alpha","strategy":"buyout","vintage":2014}','{"notes": [], "warnings": []}','4448245d50e6ead8',1700000001000);
INSERT INTO "revision" VALUES('default','e28af8e37b3a862a',3,'0ae261682e20a1102a3e4d9910fba2cd','0143c826706ba6300d55228b2ce09b6c9fdf9243084bd2c4bf36e5458b4da30f',0,6,'2014-03-31','2017-12-31','{"commitment":500.0,"currency":"USD","name":"Alpha","strategy":"buyout","vintage":2015}','{"notes": [], "warnings": []}',NULL,1700000002000);
CREATE TABLE tenant (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    created INTEGER NOT NULL,
    erased_at INTEGER
) STRICT, WITHOUT ROWID;
INSERT INTO "tenant" VALUES('default','default',1700000000000,NULL);
CREATE UNIQUE INDEX dataset_live_name ON dataset (tenant, kind, name) WHERE deleted_at IS NULL;
CREATE INDEX revision_by_content ON revision (tenant, dataset, rev);
CREATE VIEW live AS
SELECT
    d.tenant, d.id, d.kind, d.name, d.meta_json AS own_json, d.created, p.rev, p.seq,
    r.object, r.row0, r.rows, r.first_date, r.last_date, r.meta_json, r.notes_json
FROM dataset AS d
JOIN pointer AS p ON p.tenant = d.tenant AND p.dataset = d.id
JOIN revision AS r ON r.tenant = p.tenant AND r.dataset = p.dataset AND r.seq = p.seq
WHERE d.deleted_at IS NULL;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('change',6);
COMMIT;
