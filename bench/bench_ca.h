/* Certification authorities, each with one server certificate by it. */
#ifndef UC_BENCH_BENCH_CA_H
#define UC_BENCH_BENCH_CA_H

#include "bench.h"

struct uc_bench_ca {
	char *name;             /* owned: of its entry in a trust store, without .pem */
	struct uc_buf ca, leaf; /* DER */
};

/* CA number n, with EC P-256 keys of its own. */
void uc_bench_ca_make(size_t n, struct uc_bench_ca *out);
void uc_bench_ca_free(struct uc_bench_ca *ca);

#endif
