/*
 * What is printed. Everything that comes from the daemon, a certificate or a file goes through these functions: none lets a control
 * character reach the terminal.
 */
#ifndef UC_CLI_OUTPUT_H
#define UC_CLI_OUTPUT_H

#include <jansson.h>
#include <stdio.h>

#include "core/finding.h"
#include "core/text.h"

/* One line; what is not printable in it, line breaks of arguments too, is shown as '?'. */
void uc_out_line(FILE *out, const char *fmt, ...) UC_PRINTF(2, 3);
/* Text of several lines; only line feeds and tabs stay as they are. Ends the last line if the text does not. */
void uc_out_text(FILE *out, struct uc_slice text);
/* JSON, indented; DEL and C1 controls, which JSON allows in strings, are escaped. */
void uc_out_json(FILE *out, const json_t *value);

/* How many columns of a terminal printable UTF-8 text takes: none for combining characters, two for East Asian wide ones. */
size_t uc_text_columns(const char *text);

/* A table: rows of cells, aligned when printed. Zero-initialise; release with uc_table_free() (also for UC_CLEANUP). */
struct uc_table {
	size_t columns;
	struct uc_strv cells; /* row after row */
};

/*
 * Adds a row; the first one, the heading, decides the number of columns; later ones are cut, or filled with empty cells. "" is printed as
 * "-".
 */
void uc_table_add(struct uc_table *t, const char *const *cells, size_t count);
/* Prints with two blanks between columns, none at the end of a line, and each line indented by so many blanks. */
void uc_table_print(const struct uc_table *t, FILE *out, size_t indent);
void uc_table_free(struct uc_table *t);

/* A member of an object as text: "" when it is missing, null or of another type; numbers and booleans are not text. Borrowed. */
const char *uc_json_text(const json_t *object, const char *key);
/* An array of strings joined with ", ". Free with free(). */
char *uc_json_joined(const json_t *object, const char *key);
/* The member as an integer, or otherwise when it is none. */
long long uc_json_number(const json_t *object, const char *key, long long otherwise);
/* The member as a string to print: text, a number in decimal, "yes", "no", or "". Free with free(). */
char *uc_json_shown(const json_t *object, const char *key);

/* A member that is shown as it is (uc_json_shown()): its name, and the title of its line or column. */
struct uc_field {
	const char *key;
	const char *title;
};
/* A line for each member that is there and not empty. */
void uc_out_fields(FILE *out, const json_t *object, const struct uc_field *fields, size_t count);
/* A table: a row for each object of the array, a column for each field, under their titles. */
void uc_out_objects(FILE *out, const json_t *items, const struct uc_field *fields, size_t count);

/* For UC_CLEANUP. */
void uc_json_free(json_t **value);

/* "2031-07-01T10:00:00Z, in 1824 days" from "not_after" and "expires"; "never" when it never ends. Free with free(). */
char *uc_json_expiry(const json_t *row);

/*
 * The findings of an array of {"weight","code","message","hint"}, each with its weight as a word; colour paints danger red and warn
 * amber.
 */
void uc_out_findings(FILE *out, const json_t *findings, bool colour);
/* A plan: what it would do, step by step, its findings, and what has to follow. */
void uc_out_plan(FILE *out, const json_t *plan, bool colour);
/* What has to follow: the array of {"kind","target","text","open"?,"id"?}, each with its id while it is open; nothing when it is empty. */
void uc_out_followups(FILE *out, const json_t *followups);
/* A chain: the array of {"label","subject","fingerprint","state","link","in_store"}, then what is missing, if anything is. */
void uc_out_chain(FILE *out, const json_t *chain, const json_t *missing);

#endif
