/* E1, for this room: what is known about the HTTPS certificates of a peer node from all sides, and how they are exchanged. */
#ifndef UC_NODE_DIAGNOSE_H
#define UC_NODE_DIAGNOSE_H

#include "node/internal.h"
#include "node/probe.h"

enum { UC_FACES = 2 };

/* One of the certificates by which a node's HTTPS is known. */
struct uc_face {
	const char *purpose;
	bool wanted;                 /* the node's roles have the purpose */
	bool known;                  /* the store knows its certificate: */
	struct uc_identity identity; /* this one */
	struct uc_cert *shown;       /* what the node presents now; NULL: */
	struct uc_error unseen;      /* that is why */
	bool same;                   /* it presents what the store knows */
	bool here;                   /* that certificate is trusted by this node's tomcat-trust */
	bool there;                  /* and this node's own one by the other's */
	char *here_reason, *there_reason;
	struct uc_identity own; /* this node's certificate of the purpose */
	bool own_known;
};

/* A node under examination. */
struct uc_patient {
	struct uc_node *node; /* this one, who looks */
	char *name;           /* of the other one */
	json_t *row;          /* what the cluster says of it, as uc_node_get() */
	struct uc_face faces[UC_FACES];
	struct uc_strv unnamed; /* its certificates for servers that do not have its name, as after a rename, */
	struct uc_strv renew;   /* and the commands that replace them */
	bool level;             /* it has come to the end of the log, or to what was the end when it was looked at */
	bool fix;
	const char *who;
	json_t *steps;
};
void uc_patient_free(struct uc_patient *p);

/* Looks at the node anew: the cluster's word on it, its certificates in the store and in both trust stores, and what it presents. */
enum uc_status uc_patient_look(struct uc_patient *p, struct uc_error *e) UC_MUST;
/* Does the node present all that the store knows? */
bool uc_patient_same(const struct uc_patient *p);
/* And is all of it trusted in both directions? */
bool uc_patient_trusted(const struct uc_patient *p);

/* Runs a task for the diagnosis, with everything confirmed; node as in struct uc_node_call. args is released; *out (or NULL) gets the change. */
enum uc_status uc_patient_run(struct uc_patient *p, const char *task, json_t *args, struct uc_slice content, const char *node, json_t **out,
                              struct uc_error *e) UC_MUST;
/*
 * Deletes the copies of earlier certificates that the system put into tomcat-trust, and adds what is missing there: only what the store says is a node's certificate, and only when the node presents it. What was done, or why
 * not, is appended to done, a sentence each.
 */
enum uc_status uc_patient_exchange(struct uc_patient *p, struct uc_strv *done, struct uc_error *e) UC_MUST;

#endif
