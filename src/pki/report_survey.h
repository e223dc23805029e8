/* The parts of uc_report_files() among themselves: report_files.c reads the objects, report_match.c finds what belongs together. */
#ifndef UC_PKI_REPORT_SURVEY_H
#define UC_PKI_REPORT_SURVEY_H

#include "pki/digest.h"
#include "pki/input.h"
#include "pki/key.h"
#include "pki/report.h"

struct uc_survey_object {
	enum uc_input_kind kind;
	size_t file;                   /* index into files */
	size_t number;                 /* from 1, among the file's objects of this kind */
	char *label;                   /* what a person calls it */
	uint8_t digest[UC_SHA256_LEN]; /* SHA-256 of its DER */
	char key_id[UC_KEY_ID_LEN];    /* "" when it has none or it cannot be read */
	struct uc_cert *cert;          /* of certificates that can be read */
	bool self_signed;
	bool repeated;     /* the same object came before */
	unsigned partners; /* bit 1 << kind for each kind of object it makes a pair with */
	struct uc_findings findings;
	json_t *json;
};

struct uc_survey {
	const struct uc_report_file *files; /* borrowed */
	size_t file_count;
	uc_time now;
	struct uc_survey_object *objects;
	size_t count;
	struct uc_findings findings; /* about the whole */
};

/* "certificate", "request", "crl", "key" */
const char *uc_survey_kind(enum uc_input_kind kind);
/* "certificate 2 of chain.pem ('Example Root')". Free with free(). */
char *uc_survey_describe(const struct uc_survey *s, size_t object);
/* Marks and notes the objects that came before. */
void uc_survey_find_repeated(struct uc_survey *s);
/* The "chains" of uc_report_files(), with a finding for each that is incomplete, out of order or no valid path. */
json_t *uc_survey_find_chains(struct uc_survey *s);
/* The "pairs" of uc_report_files(), with a finding for each key or request that belongs to nothing. */
json_t *uc_survey_find_pairs(struct uc_survey *s);

#endif
