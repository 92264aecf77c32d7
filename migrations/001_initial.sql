-- Recording: what was traded, second by second, and what was missed. Times are UTC epoch milliseconds.
CREATE TABLE markets (
    id INTEGER PRIMARY KEY,
    exchange TEXT NOT NULL,
    base TEXT NOT NULL,
    quote TEXT NOT NULL,
    code TEXT NOT NULL,
    first_seen_ms INTEGER NOT NULL,
    trading_since_ms INTEGER,
    gone_ms INTEGER,
    UNIQUE (exchange, base, quote)
);

-- The time comes first so that one commit touches one run of pages.
CREATE TABLE candles_1s (
    open_ms INTEGER NOT NULL,
    market_id INTEGER NOT NULL,
    open REAL NOT NULL,
    high REAL NOT NULL,
    low REAL NOT NULL,
    close REAL NOT NULL,
    volume REAL NOT NULL,
    quote_volume REAL NOT NULL,
    trades INTEGER NOT NULL CHECK (trades > 0),
    PRIMARY KEY (open_ms, market_id)
) WITHOUT ROWID;

CREATE TABLE candles_1m (
    market_id INTEGER NOT NULL,
    open_ms INTEGER NOT NULL,
    open REAL NOT NULL,
    high REAL NOT NULL,
    low REAL NOT NULL,
    close REAL NOT NULL,
    volume REAL NOT NULL,
    quote_volume REAL NOT NULL,
    trades INTEGER NOT NULL CHECK (trades > 0),
    covered_s INTEGER NOT NULL CHECK (covered_s BETWEEN 0 AND 60),
    PRIMARY KEY (market_id, open_ms)
) WITHOUT ROWID;

CREATE TABLE gaps (
    id INTEGER PRIMARY KEY,
    exchange TEXT NOT NULL,
    market_id INTEGER,
    from_ms INTEGER NOT NULL,
    to_ms INTEGER,
    cause TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'healed', 'unhealable')),
    healed_ms INTEGER,
    source TEXT
);
CREATE INDEX gaps_by_time ON gaps (exchange, from_ms);
CREATE INDEX gaps_by_end ON gaps (to_ms);
CREATE UNIQUE INDEX one_open_gap ON gaps (exchange, market_id) WHERE to_ms IS NULL;

-- How far recording and rolling have come: 'recorded:upbit', 'recorded:bithumb', 'rolled', 'purged'.
CREATE TABLE rollup_state (
    name TEXT PRIMARY KEY,
    at_ms INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE token_registry (
    id INTEGER PRIMARY KEY,
    symbol TEXT NOT NULL,
    chain TEXT NOT NULL DEFAULT '',
    contract_address TEXT,
    decimals INTEGER,
    coingecko_id TEXT,
    name TEXT,
    UNIQUE (symbol, chain)
);
