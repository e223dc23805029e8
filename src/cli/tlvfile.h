/* A trust list or a signed file that a command reads from disk, whatever it is. */
#ifndef UC_CLI_TLVFILE_H
#define UC_CLI_TLVFILE_H

#include "cli/grammar.h"
#include "trustlist/list.h"
#include "trustlist/signed.h"

enum uc_tlv_kind {
	UC_TLV_CTL,
	UC_TLV_ITL,
	UC_TLV_LIST, /* a list with another name inside */
	UC_TLV_SIGNED,
	UC_TLV_ENCRYPTED
};

/* Zero-initialise; release with uc_tlv_free() (also for UC_CLEANUP). */
struct uc_tlv {
	const char *path; /* borrowed */
	enum uc_tlv_kind kind;
	struct uc_tl list;        /* of a list: all of it; of another file its header and bytes, and no records */
	struct uc_slice content;  /* what follows the header of a file that is no list; into list.file */
	struct uc_findings found; /* what was borne */
};

/* Reads a file of at most UC_SGN_MAX bytes. Messages begin with the path. The errors of uc_file_read() and uc_tl_read(). */
enum uc_status uc_tlv_open(const char *path, uc_time now, struct uc_tlv *f, struct uc_error *e) UC_MUST;
void uc_tlv_free(struct uc_tlv *f);

/* The name inside; "" when there is none. */
const char *uc_tlv_name(const struct uc_tlv *f);
bool uc_tlv_is_list(const struct uc_tlv *f);
/* "CTL", "ITL", "trust list", "signed file", "encrypted file". Static. */
const char *uc_tlv_kind_name(enum uc_tlv_kind kind);

/* The time of this option, else now. UC_EINPUT "bad-time". */
enum uc_status uc_tlv_time(const struct uc_args *args, enum uc_option_id option, uc_time *out, struct uc_error *e) UC_MUST;

#endif
