/* Whether phones will believe the next list. */
#include <string.h>

#include "trustlist/list.h"

/* What a phone holds, as one table. */
struct held {
	const struct uc_tl_known *known;
	size_t count;
};

static bool has(struct held h, const uint8_t *fingerprint, unsigned role)
{
	for (size_t i = 0; i < h.count; i++)
		if (h.known[i].role == role && memcmp(h.known[i].fingerprint, fingerprint, UC_FINGERPRINT_LEN) == 0) return true;
	return false;
}

static bool tvs_vouches(struct held itl, const struct uc_tl_known *tvs, size_t tvs_count)
{
	for (size_t i = 0; i < itl.count; i++) {
		if (itl.known[i].role != UC_TL_TVS) continue;
		if (tvs == NULL) return true;
		for (size_t k = 0; k < tvs_count; k++)
			if (memcmp(tvs[k].fingerprint, itl.known[i].fingerprint, UC_FINGERPRINT_LEN) == 0) return true;
	}
	return false;
}

enum uc_tl_path uc_tl_accepts(const struct uc_tl_known *held_ctl, size_t ctl_count, const struct uc_tl_known *held_itl, size_t itl_count,
                              const uint8_t signer[UC_FINGERPRINT_LEN], bool ctl, const struct uc_tl_known *tvs, size_t tvs_count)
{
	const struct held lists[] = {{held_ctl, ctl_count}, {held_itl, itl_count}};
	if (ctl_count == 0 && itl_count == 0) return UC_TL_FIRST;
	for (size_t i = 0; i < 2; i++)
		if (has(lists[i], signer, UC_TL_SAST)) return UC_TL_BY_LIST;
	for (size_t i = 0; i < 2 && !ctl; i++)
		if (has(lists[i], signer, UC_TL_CCM_TFTP) || has(lists[i], signer, UC_TL_TFTP)) return UC_TL_BY_TFTP;
	return tvs_vouches(lists[1], tvs, tvs_count) ? UC_TL_BY_TVS : UC_TL_REFUSED;
}

static const struct {
	const char *name, *text;
} paths[] = {
    [UC_TL_REFUSED] = {"refused", "phones refuse it: they show \"Trust List Update Failed\" and keep the list that they have"},
    [UC_TL_FIRST] = {"first", "phones without a list believe the first one that they get"},
    [UC_TL_BY_LIST] = {"list", "phones accept it: the list that they hold knows the signer"},
    [UC_TL_BY_TFTP] = {"tftp", "phones accept it: the list that they hold knows the signer as their TFTP server"},
    [UC_TL_BY_TVS] =
        {"tvs",
         "phones accept it only if they reach a trust verification service (TVS) that their list knows, which vouches for the signer"},
};

const char *uc_tl_path_name(enum uc_tl_path path)
{
	return paths[path].name;
}

const char *uc_tl_path_text(enum uc_tl_path path)
{
	return paths[path].text;
}
