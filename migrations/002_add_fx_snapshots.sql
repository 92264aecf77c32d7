CREATE TABLE fx_snapshots (
    id INTEGER PRIMARY KEY,
    taken_ms INTEGER NOT NULL,
    krw_per_quote REAL NOT NULL,
    quote TEXT NOT NULL CHECK (quote IN ('USD', 'USDT')),
    source TEXT NOT NULL,
    inputs TEXT NOT NULL
);
CREATE INDEX fx_snapshots_by_time ON fx_snapshots (taken_ms);

CREATE TABLE alert_debounce (
    key TEXT PRIMARY KEY,
    level INTEGER NOT NULL,
    last_sent_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL
);
