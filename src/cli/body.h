/* The JSON that a command sends, made of its options. */
#ifndef UC_CLI_BODY_H
#define UC_CLI_BODY_H

#include "cli/change.h"

/* An option that becomes a member of the body; repeated ones become an array. */
struct uc_member {
	enum uc_option_id option;
	const char *key;
};

/* Adds the options that are there. UC_EINPUT "bad-option-value" for what is not UTF-8, which JSON cannot carry. */
enum uc_status uc_body_members(json_t *body, const struct uc_args *args, const struct uc_member *members, size_t count,
                               struct uc_error *e) UC_MUST;
/* Adds the option, when it is there, as a number from 1 to 1000 of some unit ("years"). UC_EINPUT "bad-option-value". */
enum uc_status uc_body_number(json_t *body, const struct uc_args *args, enum uc_option_id option, const char *key, const char *unit,
                              struct uc_error *e) UC_MUST;
/* Makes the object the body of the change. */
void uc_body_set(struct uc_change *c, const json_t *object);

#endif
