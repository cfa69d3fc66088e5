-- What nodes know of a company's metadata before anybody signs on there: all but the keys. NULL: it was brought by a version that wrote
-- none, and nodes read the whole.
ALTER TABLE company_metadata ADD COLUMN summary jsonb CHECK (octet_length(summary::text) <= 65536);
-- It takes p_summary, too.
DROP FUNCTION IF EXISTS bring_metadata(actor, text, bigint, text, text, text[]);
