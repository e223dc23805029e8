/* What listens for phones: TFTP, HTTP, HTTPS. */
#ifndef UC_DAEMON_PHONES_H
#define UC_DAEMON_PHONES_H

#include "daemon/config.h"

struct event_base;
struct uc_phones;

/*
 * Begins to listen, HTTP on this loop, TFTP on a thread of its own: what the configuration asks for, and the rest when the node serves phones. ports (an object) gets
 * the ports. Owned: uc_phones_stop(). UC_EIO says what to do when a port cannot be had.
 */
enum uc_status uc_phones_start(struct event_base *base, struct uc_node *node, const struct uc_config *config, json_t *ports,
                               struct uc_phones **out, struct uc_error *e) UC_MUST;
/* Says on standard output where they listen. */
void uc_phones_tell(const struct uc_phones *p);
/* Before the node is closed; NULL is allowed. */
void uc_phones_stop(struct uc_phones *p);

/* An address as others reach it, in the form of a URL: "localhost" for every address, "[::1]". Free with free(). */
char *uc_shown_address(const char *address);

#endif
