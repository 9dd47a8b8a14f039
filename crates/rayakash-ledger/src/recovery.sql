-- What makes an older copy of the ledger, and a second program with the same key, recognisable; and what was adopted.

-- Sequence numbers of a key below this one are known, whoever used them; as of a block.
CREATE TABLE signers (
    address  TEXT PRIMARY KEY,
    sequence INTEGER NOT NULL,
    height   INTEGER NOT NULL
) STRICT;

-- Why nothing is spent until the user has looked into it.
CREATE TABLE frozen (
    id       INTEGER PRIMARY KEY CHECK (id = 1),
    kind     TEXT NOT NULL CHECK (kind IN ('foreign-signer', 'restored')),
    height   INTEGER NOT NULL,
    sequence INTEGER,
    tx       TEXT,
    why      TEXT,
    CHECK ((kind = 'restored') = (why IS NOT NULL)),
    CHECK ((kind = 'foreign-signer') = (sequence IS NOT NULL))
) STRICT;

-- Clusters that were adopted and that no wish speaks of: what is there is kept.
CREATE TABLE adoptions (
    cluster TEXT PRIMARY KEY,
    at_ms   INTEGER NOT NULL
) STRICT;
