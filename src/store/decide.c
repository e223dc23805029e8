#include <string.h>

#include "store/cluster.h"

enum uc_log_next uc_log_decide(const struct uc_log_view *v, bool *aged)
{
	*aged = v->mirror_number < v->confirmed;
	bool ahead = v->store_hash_at == NULL;
	bool same = !ahead && strcmp(v->mirror_hash, v->store_hash_at) == 0;
	if (same) return v->store_number > v->mirror_number ? UC_NEXT_APPLY : UC_NEXT_NOTHING;
	if (v->store_epoch > v->mirror_epoch) return UC_NEXT_REBUILD;
	return ahead ? UC_NEXT_AHEAD : UC_NEXT_FORKED;
}
