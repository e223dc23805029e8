#include "cli/tlvfile.h"

#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "core/mem.h"

void uc_tlv_free(struct uc_tlv *f)
{
	uc_tl_free(&f->list);
	uc_findings_free(&f->found);
}

const char *uc_tlv_name(const struct uc_tlv *f)
{
	return f->list.header.file_name == NULL ? "" : f->list.header.file_name;
}

bool uc_tlv_is_list(const struct uc_tlv *f)
{
	return f->kind != UC_TLV_SIGNED && f->kind != UC_TLV_ENCRYPTED;
}

const char *uc_tlv_kind_name(enum uc_tlv_kind kind)
{
	static const char *const names[] = {
	    [UC_TLV_CTL] = "CTL",
	    [UC_TLV_ITL] = "ITL",
	    [UC_TLV_LIST] = "trust list",
	    [UC_TLV_SIGNED] = "signed file",
	    [UC_TLV_ENCRYPTED] = "encrypted file",
	};
	return names[kind];
}

/* Lists are named CTLFile.tlv and ITLFile.tlv inside; without such a name, one that begins as a record does is a list. */
static enum uc_tlv_kind kind_of(const struct uc_tlv *f)
{
	static const uint8_t record[] = {1, 0, 2};
	const char *name = uc_tlv_name(f);
	if (f->list.header.encrypted) return UC_TLV_ENCRYPTED;
	if (uc_starts_with(name, "CTL") && uc_ends_with(name, ".tlv")) return UC_TLV_CTL;
	if (uc_starts_with(name, "ITL") && uc_ends_with(name, ".tlv")) return UC_TLV_ITL;
	if (uc_ends_with(name, ".sgn")) return UC_TLV_SIGNED;
	return f->content.len >= sizeof record && memcmp(f->content.ptr, record, sizeof record) == 0 ? UC_TLV_LIST : UC_TLV_SIGNED;
}

static enum uc_status read_all(struct uc_tlv *f, struct uc_buf *file, uc_time now, struct uc_error *e)
{
	UC_TRY(uc_sgn_read(uc_buf_slice(file), &f->list.header, &f->content, &f->found, e));
	f->kind = kind_of(f);
	if (!uc_tlv_is_list(f)) {
		f->list.file = *file;
		*file = UC_BUF_EMPTY;
		return UC_OK;
	}
	uc_findings_free(&f->found);
	uc_tl_header_free(&f->list.header);
	return uc_tl_read(uc_buf_slice(file), now, &f->list, &f->found, e);
}

enum uc_status uc_tlv_open(const char *path, uc_time now, struct uc_tlv *f, struct uc_error *e)
{
	UC_CLEANUP(uc_buf_free) struct uc_buf file = UC_BUF_EMPTY;
	*f = (struct uc_tlv){.path = path};
	UC_TRY(uc_file_read(path, UC_SGN_MAX + UINT16_MAX, &file, e));
	enum uc_status status = read_all(f, &file, now, e);
	if (status == UC_OK) return UC_OK;
	return uc_fail(e, status, e->id, e->hint[0] == '\0' ? NULL : e->hint, "%s: %s", path, e->message);
}

enum uc_status uc_tlv_time(const struct uc_args *args, enum uc_option_id option, uc_time *out, struct uc_error *e)
{
	const char *time = uc_args_value(args, option);
	*out = uc_now();
	return time == NULL ? UC_OK : uc_time_parse(time, out, e);
}
