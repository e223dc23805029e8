-- What a cluster has decided, the trust lists that it has published, and why changes were made.

-- One that was never set has no row: the catalogue has its default.
CREATE TABLE setting (
	name {{TEXT}} PRIMARY KEY,
	value {{TEXT}} NOT NULL,
	number BIGINT NOT NULL
);

-- Added to, never changed. number: the change that published it, whose time is that of the version; version: SHA-256 of the content.
CREATE TABLE list_version (
	list {{TEXT}} NOT NULL,
	number BIGINT NOT NULL,
	version {{TEXT}} NOT NULL,
	content {{BLOB}} NOT NULL,
	PRIMARY KEY (list, number)
);

-- Why a change was made, as its body says it, for lists: NULL when nobody said. For changes that are there already uc_log_backfill() looks it up.
ALTER TABLE change_words ADD COLUMN why {{TEXT}};
