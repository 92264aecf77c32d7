-- When the deposits of a listing were first seen to be closed: open at the next start, they opened while nobody looked.
ALTER TABLE listings ADD COLUMN deposit_closed_ms INTEGER;
