/* A line of the interactive shell, divided into words with the quoting of a simple shell. */
#ifndef UC_CLI_LINE_H
#define UC_CLI_LINE_H

#include "core/text.h"

/*
 * Blanks divide; '...' is taken as it stands; in "..." a backslash keeps the next '"' or '\' ; outside of quotes it keeps any next
 * character; '#' at the beginning of a word starts a comment.
 */
struct uc_line {
	struct uc_strv words; /* those that are finished */
	char *partial;        /* the word that the line ends in, NULL when it ends in a blank or comment */
	size_t start;         /* where the partial word begins in the text, quotes included */
	char quote;           /* the quote that is still open, a backslash at the very end, or '\0' */
};

/* Reads text of this length. Release with uc_line_free() (also for UC_CLEANUP). */
void uc_line_read(const char *text, size_t len, struct uc_line *out);
void uc_line_free(struct uc_line *l);
/* All words of a whole line, appended to out. UC_EINPUT "open-quote". */
enum uc_status uc_line_split(const char *text, struct uc_strv *out, struct uc_error *e) UC_MUST;

#endif
