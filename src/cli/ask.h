/* What a person at the terminal is asked for: yes or no, a password, a certificate to paste; and the files that stand for them. */
#ifndef UC_CLI_ASK_H
#define UC_CLI_ASK_H

#include <signal.h>

#include "cli/cli.h"

/* Asks until the answer is yes or no; the end of input and an interrupt mean no. Only when cli->ask. */
bool uc_ask_yes(struct uc_cli *cli, const char *question);

/*
 * Asks for a password without showing it. out is emptied first and gets it with its NUL; the caller wipes it (uc_buf_wipe). UC_EINPUT
 * "no-password" at the end of input, "bad-password" when it holds control characters, which no header can carry.
 */
enum uc_status uc_ask_password(struct uc_cli *cli, const char *question, struct uc_buf *out, struct uc_error *e) UC_MUST;
/* The first line of the file of --password-file, as uc_ask_password(); out stays as it is when there is no such option. */
enum uc_status uc_password_option(const struct uc_args *args, struct uc_buf *out, struct uc_error *e) UC_MUST;

/* The password of --password-file, else asked for. UC_EINPUT "password-needed" when there is nobody to ask. */
enum uc_status uc_password_need(struct uc_cli *cli, const struct uc_args *args, const char *question, struct uc_buf *out,
                                struct uc_error *e) UC_MUST;
/* The first line of a file, "-" being standard input, with a NUL instead of its end; appended to out, which the caller wipes. As uc_file_read(). */
enum uc_status uc_secret_line(const char *path, struct uc_buf *out, struct uc_error *e) UC_MUST;

/*
 * Reads what is to be uploaded or checked: a file, or standard input when path is NULL or "-". On a terminal that asks for the paste of a
 * thing ("the certificate"). Appended to out. As uc_file_read(), with UC_INPUT_MAX as the limit; UC_EINPUT "interrupted".
 */
enum uc_status uc_upload_read(struct uc_cli *cli, const char *path, const char *thing, struct uc_buf *out, struct uc_error *e) UC_MUST;

/* From now on Ctrl-C ends what waits for input, not the program. before gets what was there, for sigaction(). */
void uc_interrupt_catch(struct sigaction *before);

#endif
