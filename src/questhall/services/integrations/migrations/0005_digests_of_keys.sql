-- An act's own key is kept for ever, and may name whose act it was (who starred what, say). Its digest does the same work and
-- names nobody.
UPDATE activity_keys SET key = encode(sha256(convert_to(key, 'UTF8')), 'hex');
