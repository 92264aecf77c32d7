-- Who trades what abroad, by coin, and how fresh each venue's list is.
CREATE TABLE global_instruments (
    venue TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('spot', 'perp')),
    base TEXT NOT NULL,
    symbol TEXT NOT NULL,
    quote TEXT NOT NULL,
    multiplier INTEGER NOT NULL,
    contract_size REAL NOT NULL,
    live INTEGER NOT NULL,
    pre_market INTEGER NOT NULL,
    first_seen_ms INTEGER NOT NULL,
    changed_ms INTEGER NOT NULL,
    gone_ms INTEGER,
    PRIMARY KEY (venue, kind, base)
) WITHOUT ROWID;
CREATE INDEX global_instruments_by_base ON global_instruments (base);

CREATE TABLE global_lists (
    venue TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('spot', 'perp')),
    taken_ms INTEGER,
    listed INTEGER,
    trouble TEXT,
    PRIMARY KEY (venue, kind)
) WITHOUT ROWID;
