-- What a listing was worth, second by second, and what became of it; what the world paid, minute by minute.
CREATE TABLE listing_prices (
    listing_id INTEGER NOT NULL REFERENCES listings (id),
    at_ms INTEGER NOT NULL,
    krw_mid REAL,
    ref_usdt REAL,
    fx REAL,
    premium_bps REAL,
    excess_bps REAL,
    PRIMARY KEY (listing_id, at_ms)
) WITHOUT ROWID;

-- `final` is 0 for the look 30 minutes after the opening, 1 for the one when the listing has settled.
CREATE TABLE outcomes (
    listing_id INTEGER PRIMARY KEY REFERENCES listings (id),
    label TEXT NOT NULL,
    max_premium_bps REAL,
    max_excess_bps REAL,
    above_hit_s REAL NOT NULL,
    at_1_min_bps REAL,
    at_5_min_bps REAL,
    at_30_min_bps REAL,
    first_minute_krw REAL,
    opened_ms INTEGER NOT NULL,
    made_ms INTEGER NOT NULL,
    final INTEGER NOT NULL CHECK (final IN (0, 1))
);

-- The time comes first so that one commit touches one run of pages, as in candles_1s.
CREATE TABLE global_1m (
    base TEXT NOT NULL,
    open_ms INTEGER NOT NULL,
    price_usdt REAL NOT NULL,
    volume_24h_usdt REAL,
    venues TEXT NOT NULL,
    PRIMARY KEY (open_ms, base)
) WITHOUT ROWID;

-- Who named it: 'notice' is the exchange's own word, which the background list never overwrites.
ALTER TABLE token_registry ADD COLUMN told_by TEXT NOT NULL DEFAULT 'coingecko';
