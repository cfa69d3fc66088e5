-- What was done to a company is found without reading everything, and so is who has an address in its domains.
CREATE INDEX IF NOT EXISTS audit_events_of_company ON audit_events (idp, id) WHERE kind LIKE 'company%';
