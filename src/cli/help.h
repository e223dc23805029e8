/* Help and completion, made from the tables of commands and options. */
#ifndef UC_CLI_HELP_H
#define UC_CLI_HELP_H

#include <stdio.h>

#include "cli/grammar.h"

/*
 * Prints what can follow these words: all commands that begin with them, or, when only one is left, all that is to be known about it.
 * Words that do not fit, and those after them, are left out of account.
 */
void uc_help_print(const struct uc_grammar *g, const struct uc_strv *words, FILE *out);
/* The first of these words that the table knows as words to type, joined. Free with free(). */
char *uc_help_known(const struct uc_grammar *g, const struct uc_strv *words);

/*
 * What the word that begins with partial can become after these words (options included, as they were typed): appended to out, sorted.
 * *files is set when the name of a file fits as well.
 */
void uc_help_complete(const struct uc_grammar *g, const struct uc_strv *before, const char *partial, struct uc_strv *out, bool *files);

#endif
