-- The state of a cluster and its change log. {{TEXT}} compares by bytes; {{ID}} is a 64-bit primary key; {{BY_ID}} ends an index by the id where a dialect does not do so by itself.

CREATE TABLE head (
	one BIGINT PRIMARY KEY CHECK (one = 1),
	number BIGINT NOT NULL,
	hash {{TEXT}} NOT NULL,
	epoch BIGINT NOT NULL
);
INSERT INTO head (one, number, hash, epoch) VALUES (1, 0, '0000000000000000000000000000000000000000000000000000000000000000', 1);

CREATE TABLE change (
	number {{ID}},
	request {{TEXT}} NOT NULL UNIQUE,
	at {{TEXT}} NOT NULL,
	who {{TEXT}} NOT NULL,
	task {{TEXT}} NOT NULL,
	summary {{TEXT}} NOT NULL,
	undoes BIGINT,
	undone_by BIGINT,
	hash {{TEXT}} NOT NULL,
	signature {{BLOB}} NOT NULL,
	body {{TEXT}} NOT NULL
);
CREATE TABLE change_object (
	object {{TEXT}} NOT NULL,
	number BIGINT NOT NULL,
	PRIMARY KEY (object, number)
){{CLUSTERED}};
CREATE INDEX change_object_by_number ON change_object (number);

CREATE TABLE node (
	name {{TEXT}} PRIMARY KEY,
	fqdn {{TEXT}} NOT NULL,
	domain {{TEXT}} NOT NULL,
	roles {{TEXT}} NOT NULL,
	guid {{TEXT}} NOT NULL,
	number BIGINT NOT NULL
);

-- Every certificate that an entry or a chain refers to, once.
CREATE TABLE cert (
	fingerprint {{TEXT}} PRIMARY KEY,
	subject_hash BIGINT NOT NULL,
	issuer_hash BIGINT NOT NULL,
	der {{BLOB}} NOT NULL
);
CREATE INDEX cert_by_subject ON cert (subject_hash);
CREATE INDEX cert_by_issuer ON cert (issuer_hash);

CREATE TABLE identity (
	node {{TEXT}} NOT NULL,
	purpose {{TEXT}} NOT NULL,
	fingerprint {{TEXT}} NOT NULL,
	key_id {{TEXT}} NOT NULL,
	source {{TEXT}} NOT NULL,
	distribution {{TEXT}} NOT NULL,
	number BIGINT NOT NULL,
	PRIMARY KEY (node, purpose)
);
CREATE INDEX identity_by_fingerprint ON identity (fingerprint);
-- The chain of an identity: its issuers, position 0 first.
CREATE TABLE chain_link (
	node {{TEXT}} NOT NULL,
	purpose {{TEXT}} NOT NULL,
	position BIGINT NOT NULL,
	fingerprint {{TEXT}} NOT NULL,
	PRIMARY KEY (node, purpose, position)
);
CREATE INDEX chain_link_by_fingerprint ON chain_link (fingerprint);

CREATE TABLE csr (
	node {{TEXT}} NOT NULL,
	purpose {{TEXT}} NOT NULL,
	request {{BLOB}} NOT NULL,
	key_id {{TEXT}} NOT NULL,
	distribution {{TEXT}} NOT NULL,
	parameters {{TEXT}} NOT NULL,
	created BIGINT NOT NULL,
	number BIGINT NOT NULL,
	PRIMARY KEY (node, purpose)
);

-- What each key has been used for, also when it no longer is.
CREATE TABLE key_use (
	node {{TEXT}} NOT NULL,
	key_id {{TEXT}} NOT NULL,
	number BIGINT NOT NULL,
	kind {{TEXT}} NOT NULL,
	purpose {{TEXT}} NOT NULL,
	PRIMARY KEY (node, key_id, number, kind, purpose)
);
CREATE TABLE purged_key (
	key_id {{TEXT}} PRIMARY KEY,
	node {{TEXT}} NOT NULL,
	number BIGINT NOT NULL
);

CREATE TABLE account (
	name {{TEXT}} PRIMARY KEY,
	role {{TEXT}} NOT NULL,
	secret {{TEXT}} NOT NULL,
	number BIGINT NOT NULL
);
-- Beside the log, which holds only the hash, so that a secret can really be purged.
CREATE TABLE secret (
	hash {{TEXT}} PRIMARY KEY,
	data {{BLOB}} NOT NULL
);

-- The listing: one row per own and per trust certificate. k_ columns are folded, for searching and sorting.
CREATE TABLE entry (
	id {{ID}},
	usage {{TEXT}} NOT NULL,
	scope {{TEXT}} NOT NULL,
	type {{TEXT}} NOT NULL,
	distribution {{TEXT}} NOT NULL,
	not_before BIGINT NOT NULL,
	not_after BIGINT NOT NULL,
	serial {{TEXT}} NOT NULL,
	fingerprint {{TEXT}} NOT NULL,
	k_unit {{TEXT}} NOT NULL,
	k_key_type {{TEXT}} NOT NULL,
	k_name {{TEXT}} NOT NULL,
	k_common_name {{TEXT}} NOT NULL,
	k_description {{TEXT}} NOT NULL,
	k_issuer {{TEXT}} NOT NULL,
	k_subject {{TEXT}} NOT NULL,
	unit {{TEXT}} NOT NULL,
	key_type {{TEXT}} NOT NULL,
	name {{TEXT}} NOT NULL,
	common_name {{TEXT}} NOT NULL,
	description {{TEXT}} NOT NULL,
	issuer {{TEXT}} NOT NULL,
	subject {{TEXT}} NOT NULL,
	origin {{TEXT}} NOT NULL,
	number BIGINT NOT NULL,
	UNIQUE (usage, unit, name, scope)
);
CREATE INDEX entry_by_usage ON entry (usage{{BY_ID}});
CREATE INDEX entry_by_unit ON entry (k_unit{{BY_ID}});
CREATE INDEX entry_by_type ON entry (type{{BY_ID}});
CREATE INDEX entry_by_key_type ON entry (k_key_type{{BY_ID}});
CREATE INDEX entry_by_distribution ON entry (distribution{{BY_ID}});
CREATE INDEX entry_by_name ON entry (k_name{{BY_ID}});
CREATE INDEX entry_by_common_name ON entry (k_common_name{{BY_ID}});
CREATE INDEX entry_by_description ON entry (k_description{{BY_ID}});
CREATE INDEX entry_by_issuer ON entry (k_issuer{{BY_ID}});
CREATE INDEX entry_by_subject ON entry (k_subject{{BY_ID}});
CREATE INDEX entry_by_serial ON entry (serial{{BY_ID}});
CREATE INDEX entry_by_fingerprint ON entry (fingerprint{{BY_ID}});
CREATE INDEX entry_by_expiry ON entry (not_after{{BY_ID}});
CREATE INDEX entry_by_start ON entry (not_before{{BY_ID}});
{{TEXT_INDEX}}

CREATE TABLE counter (
	usage {{TEXT}} NOT NULL,
	unit {{TEXT}} NOT NULL,
	scope {{TEXT}} NOT NULL,
	n BIGINT NOT NULL,
	PRIMARY KEY (usage, unit, scope)
);

-- What is not a change: how far each node has come with the effects of one.
CREATE TABLE effect (
	number BIGINT NOT NULL,
	node {{TEXT}} NOT NULL,
	effect {{TEXT}} NOT NULL,
	state {{TEXT}} NOT NULL,
	detail {{TEXT}} NOT NULL,
	at BIGINT NOT NULL,
	PRIMARY KEY (number, node, effect)
);
