"""The manual of nginx-conf/manual as HTML with search and as man pages: `scripts/manual`."""
