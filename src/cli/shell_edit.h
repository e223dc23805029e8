/* The keys of the interactive shell that know the commands: Tab, '?' and Ctrl-C. */
#ifndef UC_CLI_SHELL_EDIT_H
#define UC_CLI_SHELL_EDIT_H

#include <histedit.h>

#include "cli/cli.h"

/* What the keys work with; it is the line editor's client data. */
struct uc_edit {
	struct uc_cli *cli;
	bool cancelled; /* the last line was given up with Ctrl-C */
};

/* Binds the keys. edit must outlive el. */
void uc_edit_bind(EditLine *el, struct uc_edit *edit);

/* Names of files that begin with partial, directories with a '/' at the end; appended to out, sorted. */
void uc_edit_files(const char *partial, struct uc_strv *out);
/* The text that can follow partial for all of these words, partial itself included. Free with free(). */
char *uc_edit_common(const struct uc_strv *words);
/* A word quoted where it must be. Free with free(). */
char *uc_edit_quoted(const char *word);

#endif
