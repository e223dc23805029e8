/*
 * Findings: what a check or a plan has to say to a person, in four weights (requirements section 6).
 */
#ifndef UC_CORE_FINDING_H
#define UC_CORE_FINDING_H

#include <stdbool.h>
#include <stddef.h>

#include "core/error.h"

enum uc_weight {
	UC_NOTE,   /* for information */
	UC_WARN,   /* a prompt, answered by --yes */
	UC_DANGER, /* also needs --force */
	UC_REFUSED /* nothing overrides it */
};

struct uc_finding {
	enum uc_weight weight;
	char *code;    /* stable kebab-case name, e.g. "issuer-missing" */
	char *message; /* one sentence: what, where, with the value at fault */
	char *hint;    /* what to do, or NULL */
};

/* An owned list. Zero-initialised is empty; release with uc_findings_free (also for UC_CLEANUP). */
struct uc_findings {
	struct uc_finding *items;
	size_t count;
};

void uc_findings_free(struct uc_findings *f);
/* hint may be NULL. The texts are copied; what is not printable in the message is shown as '?'. */
void uc_findings_add(struct uc_findings *f, enum uc_weight weight, const char *code, const char *hint, const char *fmt, ...)
    UC_PRINTF(5, 6);
/* Moves all of from to the end of f, each message prefixed by "prefix: " unless prefix is NULL. */
void uc_findings_move(struct uc_findings *f, struct uc_findings *from, const char *prefix);
/* The heaviest weight, UC_NOTE when there is none. */
enum uc_weight uc_findings_worst(const struct uc_findings *f);
/* The first finding with this code, or NULL. */
const struct uc_finding *uc_findings_get(const struct uc_findings *f, const char *code);
/* "note", "warn", "danger", "refused" */
const char *uc_weight_name(enum uc_weight w);

#endif
