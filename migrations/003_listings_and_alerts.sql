-- From a notice to a message: every version, every sighting, every verdict, every delivery.
CREATE TABLE notices (
    exchange TEXT NOT NULL,
    notice_id TEXT NOT NULL,
    version INTEGER NOT NULL,
    kind TEXT NOT NULL,
    title TEXT NOT NULL,
    mark TEXT NOT NULL,
    body_hash TEXT,
    published_ms INTEGER,
    first_seen_ms INTEGER NOT NULL,
    last_seen_ms INTEGER NOT NULL,
    PRIMARY KEY (exchange, notice_id, version)
) WITHOUT ROWID;

-- What each list channel held when it was last whole; the ground for the next comparison, also after a restart.
-- The empty item says that the channel has been read at least once.
CREATE TABLE baselines (
    channel TEXT NOT NULL,
    item TEXT NOT NULL,
    since_ms INTEGER NOT NULL,
    PRIMARY KEY (channel, item)
) WITHOUT ROWID;

CREATE TABLE listings (
    id INTEGER PRIMARY KEY,
    exchange TEXT NOT NULL,
    base TEXT NOT NULL,
    episode INTEGER NOT NULL,
    state TEXT NOT NULL,
    first_seen_ms INTEGER NOT NULL,
    first_channel TEXT NOT NULL,
    published_ms INTEGER,
    trading_starts_ms INTEGER,
    deposit_opens_ms INTEGER,
    first_trade_ms INTEGER,
    gone_ms INTEGER,
    notice_ref TEXT,
    url TEXT,
    title TEXT,
    trading_told_ms INTEGER,
    deposit_told_ms INTEGER,
    UNIQUE (exchange, base, episode)
);

CREATE TABLE listing_markets (
    listing_id INTEGER NOT NULL REFERENCES listings (id),
    quote TEXT NOT NULL,
    place INTEGER NOT NULL,
    trading_starts_ms INTEGER,
    first_trade_ms INTEGER,
    PRIMARY KEY (listing_id, quote)
) WITHOUT ROWID;

CREATE TABLE sightings (
    listing_id INTEGER NOT NULL REFERENCES listings (id),
    channel TEXT NOT NULL,
    kind TEXT NOT NULL,
    seen_ms INTEGER NOT NULL,
    PRIMARY KEY (listing_id, channel, kind)
) WITHOUT ROWID;

CREATE TABLE decisions (
    id INTEGER PRIMARY KEY,
    listing_id INTEGER,
    made_ms INTEGER NOT NULL,
    mode TEXT NOT NULL,
    verdict TEXT NOT NULL,
    level INTEGER NOT NULL,
    facts TEXT NOT NULL,
    blockers TEXT NOT NULL,
    warnings TEXT NOT NULL,
    net_bps REAL
);
CREATE INDEX decisions_by_listing ON decisions (listing_id, made_ms);

CREATE TABLE alerts (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL,
    kind TEXT NOT NULL,
    level INTEGER NOT NULL,
    listing_id INTEGER,
    created_ms INTEGER NOT NULL,
    reply_to INTEGER REFERENCES alerts (id),
    text TEXT NOT NULL,
    links TEXT NOT NULL DEFAULT '[]'
);
CREATE UNIQUE INDEX one_first_sight ON alerts (key) WHERE kind = 'first_sight';

CREATE TABLE deliveries (
    id INTEGER PRIMARY KEY,
    alert_id INTEGER NOT NULL REFERENCES alerts (id),
    target TEXT NOT NULL,
    op TEXT NOT NULL CHECK (op IN ('send', 'edit')),
    text TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'sent', 'uncertain', 'failed', 'expired')),
    attempts INTEGER NOT NULL DEFAULT 0,
    next_try_ms INTEGER NOT NULL,
    requested_ms INTEGER,
    sent_ms INTEGER,
    message_id TEXT,
    error TEXT
);
CREATE INDEX deliveries_waiting ON deliveries (next_try_ms) WHERE state IN ('pending', 'uncertain');
CREATE INDEX deliveries_by_alert ON deliveries (alert_id, target, op);

CREATE TABLE quarantine (
    id INTEGER PRIMARY KEY,
    at_ms INTEGER NOT NULL,
    exchange TEXT NOT NULL,
    reason TEXT NOT NULL,
    sample TEXT NOT NULL
);

CREATE VIEW v_candles_1s AS
SELECT m.exchange, m.code, strftime('%Y-%m-%dT%H:%M:%SZ', c.open_ms / 1000, 'unixepoch') AS opened, c.*
FROM candles_1s AS c JOIN markets AS m ON m.id = c.market_id;

CREATE VIEW v_candles_1m AS
SELECT m.exchange, m.code, strftime('%Y-%m-%dT%H:%M:%SZ', c.open_ms / 1000, 'unixepoch') AS opened, c.*
FROM candles_1m AS c JOIN markets AS m ON m.id = c.market_id;
