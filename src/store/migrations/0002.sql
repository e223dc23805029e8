-- Several nodes: who they are, what is sealed to them, what they are asked to do.

-- The certificate of the key by which a node signs its changes; NULL for a node that was installed before there was one.
ALTER TABLE node ADD COLUMN certificate {{BLOB}};
-- What a change touched of a node's own names the node as well.
UPDATE change_object SET object = 'own/' || (SELECT min(name) FROM node) || substr(object, 4) WHERE object LIKE 'own/%';
UPDATE change_object SET object = 'csr/' || (SELECT min(name) FROM node) || substr(object, 4) WHERE object LIKE 'csr/%';

-- Every certificate that a node has ever had, under every name, so that what it signed can be verified for good.
CREATE TABLE node_key (
	node {{TEXT}} NOT NULL,
	fingerprint {{TEXT}} NOT NULL,
	certificate {{BLOB}} NOT NULL,
	number BIGINT NOT NULL,
	PRIMARY KEY (node, fingerprint)
);

-- A node that may join: who it will be, and the hash of what it must know.
CREATE TABLE node_join (
	id {{TEXT}} PRIMARY KEY,
	node {{TEXT}} NOT NULL,
	domain {{TEXT}} NOT NULL,
	roles {{TEXT}} NOT NULL,
	secret {{TEXT}} NOT NULL,
	expires BIGINT NOT NULL,
	number BIGINT NOT NULL
);

-- A key that several nodes have. The key itself, sealed to each, is a row of secret.
CREATE TABLE sealed_key (
	key_id {{TEXT}} PRIMARY KEY,
	purpose {{TEXT}} NOT NULL,
	kind {{TEXT}} NOT NULL,
	nodes {{TEXT}} NOT NULL,
	secret {{TEXT}} NOT NULL,
	number BIGINT NOT NULL
);
CREATE INDEX sealed_key_by_purpose ON sealed_key (purpose);
-- Everything that a key was ever sealed as, to be purged with it.
CREATE TABLE sealed_as (
	key_id {{TEXT}} NOT NULL,
	secret {{TEXT}} NOT NULL,
	PRIMARY KEY (key_id, secret)
);

-- What a node is asked to do, and its answer.
CREATE TABLE job (
	id {{TEXT}} PRIMARY KEY,
	node {{TEXT}} NOT NULL,
	task {{TEXT}} NOT NULL,
	arguments {{TEXT}} NOT NULL,
	content {{BLOB}},
	seen {{TEXT}} NOT NULL,
	yes BIGINT NOT NULL,
	force BIGINT NOT NULL,
	who {{TEXT}} NOT NULL,
	why {{TEXT}} NOT NULL,
	summary {{TEXT}} NOT NULL,
	created BIGINT NOT NULL,
	deadline BIGINT NOT NULL,
	number BIGINT NOT NULL,
	state {{TEXT}} NOT NULL,
	answer BIGINT NOT NULL,
	detail {{TEXT}} NOT NULL
);
CREATE INDEX job_by_node ON job (node, state);
CREATE INDEX job_by_number ON job (number);

-- What is not a change: what each node last said of itself.
CREATE TABLE node_state (
	node {{TEXT}} PRIMARY KEY,
	number BIGINT NOT NULL,
	at BIGINT NOT NULL,
	report {{TEXT}} NOT NULL
);
-- The newest effects of a node, which it passes on.
CREATE INDEX effect_by_node ON effect (node, at);
