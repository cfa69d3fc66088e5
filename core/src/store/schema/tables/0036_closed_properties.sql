-- Properties that are closed: nobody has access there, and what was granted is kept.
ALTER TABLE properties ADD COLUMN closed_at timestamptz;
ALTER TABLE properties ADD COLUMN closed_by text NOT NULL DEFAULT '';
CREATE INDEX properties_closed ON properties (key) WHERE closed_at IS NOT NULL;
CREATE INDEX properties_name ON properties (name);
