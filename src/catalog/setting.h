/*
 * The settings of a cluster: decisions that all nodes obey, kept in the store (step setting.set). Data: adding one is adding a row to
 * setting.c.
 */
#ifndef UC_CATALOG_SETTING_H
#define UC_CATALOG_SETTING_H

#include <stdbool.h>
#include <stddef.h>

#include "core/error.h"

struct uc_setting {
	const char *name;          /* "file-signature" */
	const char *about;         /* one sentence for people */
	const char *const *values; /* NULL-terminated; the first is the default */
	const char *const *texts;  /* what each means */
	const char *by;            /* the command that changes it, when it is not for `set setting`; else NULL */
};

const struct uc_setting *uc_settings(size_t *count);
/* By name, without regard to case. UC_ENOTFOUND "no-setting" lists them. */
enum uc_status uc_setting_find(const char *name, const struct uc_setting **out, struct uc_error *e) UC_MUST;
/* The index of a value, without regard to case; UC_EINPUT "bad-setting" lists those there are. */
enum uc_status uc_setting_value(const struct uc_setting *s, const char *value, size_t *out, struct uc_error *e) UC_MUST;

/* Their names. */
#define UC_SETTING_MODE "cluster-mode"
#define UC_SETTING_SIGNER "list-signer"
#define UC_SETTING_DIGEST "file-signature"
#define UC_SETTING_ENCRYPTION "list-encryption"
#define UC_SETTING_FILL "phone-fill"

#endif
