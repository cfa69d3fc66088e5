-- Who is told at a company that its people can sign in: its administrators, who need no account.
ALTER TABLE companies ADD COLUMN contacts text[] NOT NULL DEFAULT '{}' CHECK (cardinality(contacts) <= 10);
-- They return contacts, too.
DROP FUNCTION IF EXISTS find_company(text);
DROP FUNCTION IF EXISTS show_company(actor, text);
-- It takes p_is_meant, too.
DROP FUNCTION IF EXISTS give_domain(actor, text, text);
