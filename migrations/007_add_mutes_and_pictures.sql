-- Which coin a chat does not want to hear of until it is listed anew, and the picture that an alert carries.
CREATE TABLE mutes (
    target TEXT NOT NULL,
    exchange TEXT NOT NULL,
    base TEXT NOT NULL,
    since_ms INTEGER NOT NULL,
    PRIMARY KEY (target, exchange, base)
) WITHOUT ROWID;

CREATE TABLE alert_pictures (
    alert_id INTEGER PRIMARY KEY REFERENCES alerts (id),
    png BLOB NOT NULL
);

-- What a follow-up tells: the change of the listing (trading, time_moved, …), rival or outcome.
ALTER TABLE alerts ADD COLUMN about TEXT NOT NULL DEFAULT '';
