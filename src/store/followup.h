/*
 * Follow-ups: what still has to be done by hand after changes, kept until somebody says that it is done.
 *
 * A change names its own: "followups":[{"kind","target","text","node"?}..]. Applying it gives each of them a row, by whose it is, its kind and its target; a row that is there already is renewed: it
 * gets the new text, and counts one change more. The step followup.done takes the row away. A change that only asks another node for something (job.add) gives rows to nobody: the change that does
 * it will. Rows follow a node that is renamed, and go with one that is removed.
 *
 * Whose a follow-up is: "node" says it (a node, or UC_ALL_NODES); without it the kind does:
 *
 *   reload        the node that made the change: a service there is to be loaded anew. A change that counts for further nodes names each of them
 *   certificate   the same: a certificate is to be replaced
 *   ctl-update    the cluster's, one row for all: the CTL file
 *   phones        the cluster's: phones are to be restarted, so that they fetch a list (CTL, ITL)
 *   backup        the cluster's
 *   rotate        the cluster's: an OAuth key is to be replaced
 *   lists, note   nobody's: it happens by itself, and there is no row
 *   (any other)   the node that made the change
 */
#ifndef UC_STORE_FOLLOWUP_H
#define UC_STORE_FOLLOWUP_H

#include "store/store.h"

struct uc_followup {
	/*
	 * What it is called: NODE/KIND/TARGET with everything but letters and digits as '-', in lower case: "cucm-pub/reload/tomcat-https". Where two would have the same, or a part would
	 * be empty, "~" and the three in hexadecimal are added, so that no two are ever the same.
	 */
	char *id;
	char *node; /* or UC_ALL_NODES */
	char *kind, *target, *text;
	char *since;   /* when the first of the changes that ask for it was made, RFC 3339 */
	int64_t first; /* that change, */
	int64_t number /* the latest one, */, changes /* and how many they are */;
};
struct uc_followups {
	struct uc_followup *items;
	size_t count;
};
void uc_followups_free(struct uc_followups *v);

/* All that are open, by node, kind and target; node: only its own and the cluster's, NULL: of all nodes. Owned by the caller. */
enum uc_status uc_store_followups(struct uc_store *s, const char *node, struct uc_followups *out, struct uc_error *e) UC_MUST;
/* The one with this id, whatever its case; borrowed, NULL when there is none. */
const struct uc_followup *uc_followups_find(const struct uc_followups *v, const char *id);
/* The latest change that asks for this one; 0 when it is not open. */
enum uc_status uc_store_followup_number(struct uc_store *s, const char *node, const char *kind, const char *target, int64_t *number,
                                        struct uc_error *e) UC_MUST;

/*
 * Completes the "followups" of a change that node made as number: each that somebody has to do gets "open", and while that is true its "id". change is an object with "steps" and "followups"; the list is
 * replaced by a copy.
 */
enum uc_status uc_followups_mark(struct uc_store *s, json_t *change, const char *node, int64_t number, struct uc_error *e) UC_MUST;

#endif
