-- Version 1 of the ledger. Times are Unix milliseconds. Amounts of deployments are uact. A deployment is `owner/dseq`, a lease
-- `owner/dseq/gseq/oseq/provider`, a version 64 hex digits, a coin `5000uakt`. A released version is never edited: add the next.

-- What is true of all clusters together.
CREATE TABLE wallet (
    id     INTEGER PRIMARY KEY CHECK (id = 1),
    paused INTEGER NOT NULL CHECK (paused IN (0, 1))
) STRICT;
INSERT INTO wallet (id, paused) VALUES (1, 0);

-- What the user wants: the cluster file as it was given. `down` takes the row away.
CREATE TABLE wishes (
    cluster    TEXT PRIMARY KEY,
    file       TEXT NOT NULL,
    restart    INTEGER NOT NULL CHECK (restart IN (0, 1)),
    written_ms INTEGER NOT NULL
) STRICT;

-- Acts, written down before they are done, with all that their end has consequences for. No outcome: nobody knows yet.
CREATE TABLE intents (
    seq        INTEGER PRIMARY KEY AUTOINCREMENT,
    id         TEXT NOT NULL UNIQUE DEFAULT (lower(hex(randomblob(10)))),
    cluster    TEXT NOT NULL,
    act        TEXT NOT NULL CHECK (act IN ('open-deployment', 'accept-bid', 'send-manifest', 'update-deployment', 'top-up',
                                            'drain-jobs', 'close-deployment')),
    signs      INTEGER NOT NULL CHECK (signs IN (0, 1)),
    deployment TEXT NOT NULL,
    opens      INTEGER UNIQUE, -- the dseq that it opens: never used twice
    generation INTEGER NOT NULL,
    version    TEXT,
    lease      TEXT,
    amount     INTEGER,
    why_kind   TEXT,
    why        TEXT,
    words      TEXT NOT NULL,
    detail     TEXT NOT NULL,
    decided_at INTEGER NOT NULL, -- the height of the look
    outcome    TEXT CHECK (outcome IN ('done', 'refused', 'not-started')),
    outcome_why TEXT,
    settled_at INTEGER,
    CHECK ((act = 'open-deployment') = (opens IS NOT NULL))
) STRICT;
CREATE INDEX intents_open ON intents (cluster, seq) WHERE outcome IS NULL;

-- Signed transactions. One without an end may still be executed.
CREATE TABLE attempts (
    seq            INTEGER PRIMARY KEY AUTOINCREMENT,
    hash           TEXT NOT NULL UNIQUE,
    intent         TEXT NOT NULL REFERENCES intents (id),
    signer         TEXT NOT NULL,
    account_number INTEGER NOT NULL,
    sequence       INTEGER NOT NULL,
    planned        INTEGER NOT NULL,
    timeout        INTEGER NOT NULL,
    bytes          BLOB NOT NULL,
    fee            TEXT NOT NULL,
    answer         TEXT,
    ended          TEXT CHECK (ended IN ('landed', 'failed', 'expired', 'sequence-used')),
    end_height     INTEGER,
    end_fee        TEXT,
    end_gas        INTEGER,
    codespace      TEXT,
    code           INTEGER,
    log            TEXT,
    read_from      INTEGER,
    read_to        INTEGER,
    seen_at        INTEGER,
    by_height      INTEGER,
    by_tx          TEXT
) STRICT;
CREATE INDEX attempts_open ON attempts (signer, seq) WHERE ended IS NULL;
CREATE INDEX attempts_of_intent ON attempts (intent, seq);

-- Deployments that were opened; finished once there is a cost.
CREATE TABLE deployments (
    seq        INTEGER PRIMARY KEY AUTOINCREMENT,
    id         TEXT NOT NULL UNIQUE,
    intent     TEXT NOT NULL UNIQUE REFERENCES intents (id),
    cluster    TEXT NOT NULL,
    generation INTEGER NOT NULL,
    deposited  INTEGER NOT NULL,
    refund     TEXT,
    cost       TEXT,
    CHECK ((refund IS NULL) = (cost IS NULL))
) STRICT;
CREATE INDEX deployments_of_cluster ON deployments (cluster, seq);

-- Fees that were taken, each transaction once.
CREATE TABLE fees (
    seq     INTEGER PRIMARY KEY AUTOINCREMENT,
    cluster TEXT NOT NULL,
    intent  TEXT NOT NULL REFERENCES intents (id),
    tx      TEXT UNIQUE,
    denom   TEXT NOT NULL,
    amount  INTEGER NOT NULL,
    height  INTEGER
) STRICT;
CREATE INDEX fees_of_cluster ON fees (cluster);

-- What is known of clusters beside that. `at_ms` of `avoided` is until when.
CREATE TABLE facts (
    seq      INTEGER PRIMARY KEY AUTOINCREMENT,
    cluster  TEXT NOT NULL,
    kind     TEXT NOT NULL CHECK (kind IN ('wish-written', 'manifest-sent', 'manifest-refused', 'ready', 'unready', 'failed',
                                           'replaced', 'gave-up', 'avoided')),
    at_ms    INTEGER,
    lease    TEXT,
    version  TEXT,
    provider TEXT,
    why      TEXT
) STRICT;
CREATE INDEX facts_of_cluster ON facts (cluster, seq);

-- Every write, in order. Rows are only added.
CREATE TABLE records (
    seq     INTEGER PRIMARY KEY AUTOINCREMENT,
    unix_ms INTEGER NOT NULL DEFAULT (CAST(round(unixepoch('subsec') * 1000) AS INTEGER)),
    cluster TEXT,
    kind    TEXT NOT NULL CHECK (kind IN ('wish', 'down', 'intent', 'attempt', 'broadcast', 'ended', 'settled', 'manifest', 'fact',
                                          'phase', 'finish')),
    intent  TEXT,
    text    TEXT NOT NULL,
    data    TEXT NOT NULL
) STRICT;
CREATE INDEX records_of_cluster ON records (cluster, seq);
CREATE TRIGGER records_stay BEFORE UPDATE ON records BEGIN SELECT RAISE(ABORT, 'records are only added'); END;
CREATE TRIGGER records_remain BEFORE DELETE ON records BEGIN SELECT RAISE(ABORT, 'records are only added'); END;
