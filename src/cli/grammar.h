/*
 * The command line's grammar: one table of options, one table of commands, and reading what a person typed against them. Nothing here
 * runs a command or prints.
 */
#ifndef UC_CLI_GRAMMAR_H
#define UC_CLI_GRAMMAR_H

#include <stdbool.h>
#include <stdint.h>

#include "core/text.h"

/* All options; the table that describes them is uc_options. An option means the same in every command that takes it. */
enum uc_option_id {
	UC_OPT_SOCKET,
	UC_OPT_JSON,
	UC_OPT_HELP,
	UC_OPT_VERSION,
	UC_OPT_DRY_RUN,
	UC_OPT_YES,
	UC_OPT_FORCE,
	UC_OPT_WHY,
	UC_OPT_WHERE,
	UC_OPT_ANY,
	UC_OPT_SORT,
	UC_OPT_LIMIT,
	UC_OPT_CURSOR,
	UC_OPT_ALL,
	UC_OPT_LONG,
	UC_OPT_STORE,
	UC_OPT_DISTRIBUTION,
	UC_OPT_CN,
	UC_OPT_SAN,
	UC_OPT_PARENT_DOMAIN,
	UC_OPT_KEY,
	UC_OPT_HASH,
	UC_OPT_YEARS,
	UC_OPT_COUNTRY,
	UC_OPT_STATE,
	UC_OPT_LOCALITY,
	UC_OPT_ORGANIZATION,
	UC_OPT_OU,
	UC_OPT_PASSWORD_FILE,
	UC_OPT_DESCRIPTION,
	UC_OPT_SCOPE,
	UC_OPT_OBJECT,
	UC_OPT_SEARCH,
	UC_OPT_WHO,
	UC_OPT_TASK,
	UC_OPT_FROM,
	UC_OPT_TO,
	UC_OPT_FORMAT,
	UC_OPT_OUT,
	UC_OPT_TEXT,
	UC_OPT_AT,
	UC_OPT_NAME,
	UC_OPT_DATA,
	UC_OPT_NODE,
	UC_OPT_NO_WAIT,
	UC_OPT_DOMAIN,
	UC_OPT_ROLES,
	UC_OPT_HOURS,
	UC_OPT_REPLACE,
	UC_OPT_NEW_NAME,
	UC_OPT_URL_FILE,
	UC_OPT_ACCOUNT,
	UC_OPT_FIX,
	UC_OPT_LIST,
	UC_OPT_STALE,
	UC_OPT_AGAINST,
	UC_OPT_CERT,
	UC_OPT_TYPE,
	UC_OPT_SAST,
	UC_OPT_CCM,
	UC_OPT_CCM_TFTP,
	UC_OPT_TFTP,
	UC_OPT_CAPF,
	UC_OPT_TVS,
	UC_OPT_APP_SERVER,
	UC_OPT_DIGEST,
	UC_OPT_SIGNER_VERSION,
	UC_OPT_LAYOUT,
	UC_OPT_TIME,
	UC_OPT_PHONE,
	UC_OPT_STUB,
	UC_OPT_COUNT
};

/* A set of options, a bit for each. */
typedef unsigned __int128 uc_option_set;

/* The bit of an option in uc_command.options: UC_OPT(YES). */
#define UC_OPT(name) ((uc_option_set)1 << UC_OPT_##name)

struct uc_option {
	const char *name;  /* without "--" */
	const char *value; /* NULL: a flag; "FILE": any text; "pem|der": one of these words */
	bool repeats;      /* may be given more than once */
	bool global;       /* every command takes it */
	const char *help;
};

extern const struct uc_option uc_options[UC_OPT_COUNT];

struct uc_cli;
struct uc_args;

/*
 * A command. words is its pattern, elements divided by blanks: "show", a word to type; "own|trust", one of these words, which becomes an
 * argument; "NAME", an argument; "[FILE]", one that may be left out; "FILE..." one or more, as the last element ("[WORD...]": none or
 * more).
 */
struct uc_command {
	const char *words;
	uc_option_set options; /* UC_OPT() bits besides the global ones */
	const char *help;      /* one sentence; NULL: the command is not listed */
	/* Returns the exit status of the program. */
	int (*run)(struct uc_cli *cli, const struct uc_args *args);
};

struct uc_grammar {
	const struct uc_command *commands;
	size_t count;
};

/* An option with its value, which is borrowed from uc_args.values. */
struct uc_typed_option {
	enum uc_option_id id;
	const char *value;
};

/* A command line, read. Zero-initialise; release with uc_args_free() (also for UC_CLEANUP). */
struct uc_args {
	const struct uc_command *command; /* what matched */
	struct uc_strv typed;             /* the words as they were typed, options left out */
	struct uc_strv words;             /* the arguments in the pattern's order, chosen words included */
	uc_option_set given;              /* UC_OPT() bits of the options that are there */
	struct uc_strv values[UC_OPT_COUNT];
	struct uc_typed_option *in_order; /* the options with a value, in the order in which they were typed */
	size_t in_order_count;
};

void uc_args_free(struct uc_args *a);
bool uc_args_has(const struct uc_args *a, enum uc_option_id id);
/* The (last) value of an option or NULL. */
const char *uc_args_value(const struct uc_args *a, enum uc_option_id id);
/* The argument at index, or NULL when it was left out. */
const char *uc_args_word(const struct uc_args *a, size_t index);

/*
 * First step: divides argv into words (a->typed) and options, "--name VALUE" and "--name=VALUE" anywhere, words only after "--".
 * UC_EINPUT "no-such-option" (with the nearest one), "option-needs-value", "option-takes-no-value", "option-twice", "bad-option-value".
 */
enum uc_status uc_args_scan(const char *const *argv, size_t argc, struct uc_args *a, struct uc_error *e) UC_MUST;
/*
 * Second step: finds the command; its words may be shortened while they are unambiguous, and case does not count. UC_EINPUT
 * "no-such-command" (with the nearest one), "ambiguous-word", "incomplete-command", "argument-missing", "too-many-words",
 * "option-not-here".
 */
enum uc_status uc_args_match(const struct uc_grammar *g, struct uc_args *a, struct uc_error *e) UC_MUST;

/* An element of a pattern. */
struct uc_element {
	const char *text; /* without brackets and dots; borrowed from the pattern, len long */
	size_t len;
	bool word; /* to be typed as it is */
	bool optional;
	bool repeats;
};

/* The element at this place of a pattern, the last one again and again if it repeats; false beyond the end. */
bool uc_element_at(const char *pattern, size_t place, struct uc_element *out);
/* Takes the first alternative off *rest ("own|trust"); an empty slice when none is left. */
struct uc_slice uc_alternative_next(struct uc_slice *rest);
/* Does the alternative stand for something ("NAME", "HOST:PORT")? One with a small letter or no capital is itself ("CTLFile", "1.0"). */
bool uc_alternative_stands(struct uc_slice one);

/*
 * Keeps in set (g->count flags) the commands that fit after this word at this place; set starts with all true. Returns how many are left;
 * *ambiguous, when not NULL, gets whether the word shortens several different words, which leaves those.
 */
size_t uc_grammar_step(const struct uc_grammar *g, bool *set, size_t place, const char *word, bool *ambiguous);
/* Optimal string alignment distance without regard to case: how many letters differ, are missing, too many, or swapped. */
size_t uc_word_distance(const char *a, const char *b);

#endif
