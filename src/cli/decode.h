/* Certificates and requests that the daemon gives as PEM, decoded for people. */
#ifndef UC_CLI_DECODE_H
#define UC_CLI_DECODE_H

#include <stdio.h>

/* Prints the decoded text of a certificate, then its PEM. What cannot be decoded is printed as PEM only. */
void uc_decode_certificate(FILE *out, const char *pem);
/* The same for a request. */
void uc_decode_request(FILE *out, const char *pem);

#endif
