-- The seconds around a listing, for good: the coin on both exchanges, and what converts its price (KRW-BTC, KRW-USDT).
-- The market comes first, because it is read market by market.
CREATE TABLE listing_seconds (
    market_id INTEGER NOT NULL,
    open_ms INTEGER NOT NULL,
    open REAL NOT NULL,
    high REAL NOT NULL,
    low REAL NOT NULL,
    close REAL NOT NULL,
    volume REAL NOT NULL,
    quote_volume REAL NOT NULL,
    trades INTEGER NOT NULL CHECK (trades > 0),
    PRIMARY KEY (market_id, open_ms)
) WITHOUT ROWID;
