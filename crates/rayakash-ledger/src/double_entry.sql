-- Version 2: money by double entry, and what limits it. Header times are Unix milliseconds of the chain's clock.

-- The wallet's own cap per day (uact), the dearest close that was seen (uakt), and since when spending is stopped because the
-- chain shows less than the books.
ALTER TABLE wallet ADD COLUMN max_per_day INTEGER;
ALTER TABLE wallet ADD COLUMN dearest_close INTEGER;
ALTER TABLE wallet ADD COLUMN stopped_ms INTEGER;
ALTER TABLE wallet ADD COLUMN stopped_why TEXT;

-- The header time of the look, the measured block time, and the header time of the end.
ALTER TABLE intents ADD COLUMN decided_ms INTEGER;
ALTER TABLE intents ADD COLUMN block_ms INTEGER;
ALTER TABLE intents ADD COLUMN settled_ms INTEGER;
-- What was settled before this version: by the machine's clock, which is as near as it gets.
UPDATE intents SET settled_ms =
    (SELECT unix_ms FROM records WHERE records.intent = intents.id AND kind IN ('settled', 'manifest') ORDER BY seq DESC LIMIT 1)
    WHERE outcome IS NOT NULL;
CREATE INDEX intents_promised ON intents (cluster, amount, opens) WHERE outcome IS NULL AND amount IS NOT NULL;
CREATE INDEX intents_paid ON intents (settled_ms, settled_at, amount) WHERE outcome = 'done' AND amount IS NOT NULL;
CREATE INDEX deployments_unfinished ON deployments (cluster) WHERE cost IS NULL;

-- Lines of postings: those of one posting sum to zero for each denomination. Rows are only added.
-- Accounts: wallet · escrow/DEPLOYMENT · providers/DEPLOYMENT · fees · foreign · opening.
CREATE TABLE entries (
    seq     INTEGER PRIMARY KEY AUTOINCREMENT,
    posting TEXT NOT NULL, -- what it books, so that nothing is booked twice: `fee/7`, `deposit/INTENT`, `end/DEPLOYMENT`, …
    account TEXT NOT NULL,
    denom   TEXT NOT NULL CHECK (denom IN ('uact', 'uakt')),
    amount  INTEGER NOT NULL CHECK (amount != 0),
    cluster TEXT,
    height  INTEGER NOT NULL,
    time_ms INTEGER NOT NULL,
    tx      TEXT,
    intent  TEXT REFERENCES intents (id),
    UNIQUE (posting, account, denom)
) STRICT;
CREATE INDEX entries_of_account ON entries (account, denom, amount);
CREATE INDEX entries_of_day ON entries (account, time_ms, height, amount);
CREATE INDEX entries_of_cluster ON entries (cluster, seq);
CREATE TRIGGER entries_stay BEFORE UPDATE ON entries BEGIN SELECT RAISE(ABORT, 'entries are only added'); END;
CREATE TRIGGER entries_remain BEFORE DELETE ON entries BEGIN SELECT RAISE(ABORT, 'entries are only added'); END;

-- What was open before this version is where the books begin.
INSERT INTO entries (posting, account, denom, amount, cluster, height, time_ms, intent)
    SELECT 'opening/' || deployments.id, 'escrow/' || deployments.id, 'uact', deposited, deployments.cluster, settled_at, settled_ms, intent
    FROM deployments JOIN intents ON intents.id = deployments.intent WHERE deployments.cost IS NULL AND deposited > 0;
INSERT INTO entries (posting, account, denom, amount, cluster, height, time_ms, intent)
    SELECT posting, 'opening', denom, -amount, cluster, height, time_ms, intent FROM entries WHERE posting LIKE 'opening/%';
-- Fees are booked with their deployments' clusters from the first on.
INSERT INTO entries (posting, account, denom, amount, cluster, height, time_ms, tx, intent)
    SELECT 'fee/' || fees.seq, 'fees', denom, fees.amount, fees.cluster, coalesce(fees.height, settled_at, decided_at),
           coalesce(settled_ms, 0), tx, intent
    FROM fees JOIN intents ON intents.id = fees.intent WHERE denom IN ('uact', 'uakt') AND fees.amount > 0;
INSERT INTO entries (posting, account, denom, amount, cluster, height, time_ms, tx, intent)
    SELECT posting, 'opening', denom, -amount, cluster, height, time_ms, tx, intent FROM entries WHERE account = 'fees';
