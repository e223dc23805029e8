-- What still has to be done by hand after changes, and what changes are found by. Both are made from the log: for changes that are there already by uc_log_backfill().

-- first_change and number: the first and the latest of the changes that ask for it since it was last done; since: when the first was made.
CREATE TABLE followup (
	node {{TEXT}} NOT NULL,
	kind {{TEXT}} NOT NULL,
	target {{TEXT}} NOT NULL,
	what {{TEXT}} NOT NULL,
	since {{TEXT}} NOT NULL,
	first_change BIGINT NOT NULL,
	number BIGINT NOT NULL,
	changes BIGINT NOT NULL,
	PRIMARY KEY (node, kind, target)
);

-- Beside the changes, whose bodies are long, so that a look at many of them is short. words: who, task, summary, why and what was touched, folded, a line each.
CREATE TABLE change_words (
	number {{ID}},
	at {{TEXT}} NOT NULL,
	node {{TEXT}} NOT NULL,
	who {{TEXT}} NOT NULL,
	task {{TEXT}} NOT NULL,
	words {{TEXT}} NOT NULL
);
