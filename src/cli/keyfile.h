/* Certificates and private keys that a command reads from files itself, without a daemon. */
#ifndef UC_CLI_KEYFILE_H
#define UC_CLI_KEYFILE_H

#include "cli/cli.h"
#include "pki/cert.h"
#include "pki/key.h"

/* The files of one command, with the password that opens them. Release with uc_keyfiles_free() (also for UC_CLEANUP). */
struct uc_keyfiles {
	struct uc_cli *cli;
	struct uc_buf password; /* with its NUL; empty: none yet */
	bool given;             /* by --password-file: another one is not asked for */
};

/* The errors of uc_password_option(). */
enum uc_status uc_keyfiles_open(struct uc_cli *cli, const struct uc_args *args, struct uc_keyfiles *k, struct uc_error *e) UC_MUST;
void uc_keyfiles_free(struct uc_keyfiles *k);

/*
 * The one certificate of a file in any usual format; owned by the caller. key, when not NULL, gets the private key that belongs to it if
 * the file has that as well, else NULL. Messages begin with the path. The errors of uc_input_read(); UC_EINPUT "no-certificate",
 * "several-certificates". A password is asked for when there is somebody to ask.
 */
enum uc_status uc_keyfiles_cert(struct uc_keyfiles *k, const char *path, struct uc_cert **cert, EVP_PKEY **key, struct uc_error *e) UC_MUST;
/*
 * The private key of a file: the one that belongs to cert, or, when that is NULL, the only one. Owned by the caller. UC_EINPUT "no-key",
 * "several-keys", "key-mismatch" (with both key ids).
 */
enum uc_status uc_keyfiles_key(struct uc_keyfiles *k, const char *path, const struct uc_cert *cert, EVP_PKEY **key,
                               struct uc_error *e) UC_MUST;

/*
 * A signer: the certificate of --cert, and its key, of --key or from the same file. UC_EINPUT "option-missing", which is a usage error;
 * those above.
 */
struct uc_signer {
	struct uc_cert *cert;
	EVP_PKEY *key;
};
void uc_signer_free(struct uc_signer *s);
enum uc_status uc_keyfiles_signer(struct uc_keyfiles *k, const struct uc_args *args, struct uc_signer *out, struct uc_error *e) UC_MUST;
/* As uc_cli_fail(), but an option that is missing or has a wrong value is wrong usage. */
int uc_keyfiles_fail(struct uc_cli *cli, const struct uc_args *args, struct uc_error *e);

#endif
