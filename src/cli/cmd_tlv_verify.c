/* utils tlv verify: is a list or a signed file rightly signed, and would a phone take it? */
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/keyfile.h"
#include "cli/output.h"
#include "cli/tlvfile.h"
#include "core/mem.h"
#include "pki/report.h"

/* The lists of --against: what a phone holds, one of each at most. */
enum { MAX_HELD = 2 };
struct held {
	struct uc_tlv lists[MAX_HELD]; /* by enum uc_tlv_kind: UC_TLV_CTL, UC_TLV_ITL */
	bool has[MAX_HELD];
	struct uc_tl_known *known[MAX_HELD];
	size_t counts[MAX_HELD];
};

static void held_free(struct held *h)
{
	for (size_t i = 0; i < MAX_HELD; i++) {
		uc_tlv_free(&h->lists[i]);
		free(h->known[i]);
	}
}

static enum uc_status hold(struct held *h, const char *path, uc_time now, struct uc_error *e)
{
	UC_CLEANUP(uc_tlv_free) struct uc_tlv f = {.path = NULL};
	UC_TRY(uc_tlv_open(path, now, &f, e));
	if (f.kind != UC_TLV_CTL && f.kind != UC_TLV_ITL)
		return uc_fail_field(e, UC_EINPUT, "no-held-list", "against", "A phone holds a CTLFile.tlv and an ITLFile.tlv.",
		                     "%s is a %s with the name '%s' inside, and phones hold none of that name", path, uc_tlv_kind_name(f.kind),
		                     uc_tlv_name(&f));
	if (h->has[f.kind])
		return uc_fail_field(e, UC_EINPUT, "held-twice", "against", "Give one CTL and one ITL at most.",
		                     "%s and %s are both a %s, and a phone holds one only", h->lists[f.kind].path, path, uc_tlv_kind_name(f.kind));
	h->has[f.kind] = true;
	h->known[f.kind] = uc_tl_known_of(&f.list, &h->counts[f.kind]);
	h->lists[f.kind] = f;
	f = (struct uc_tlv){.path = NULL};
	return UC_OK;
}

/* What is found out about a file. */
struct verdict {
	struct uc_cert *signer; /* owned; NULL: not known */
	bool valid;
	struct uc_error why; /* when it is not */
	bool asked;          /* whether a phone would take it: then the next two */
	enum uc_tl_path path;
	const char *text;
};

static void verdict_free(struct verdict *v)
{
	uc_cert_freep(&v->signer);
}

/* ---- lists ---- */

static void judge_list(const struct uc_tlv *f, struct verdict *v)
{
	v->valid = uc_tl_verify(&f->list, v->signer, &v->why) == UC_OK;
	for (size_t i = 0; i < f->list.count && v->signer == NULL; i++) {
		const struct uc_tl_record *r = &f->list.records[i];
		if (!r->is_signer || r->cert == NULL) continue;
		bool verifies = uc_tl_header_verify(&f->list.header, uc_buf_slice(&f->list.file), r->cert, NULL) == UC_OK;
		if (verifies == v->valid) v->signer = uc_cert_dup(r->cert);
	}
}

static void judge_taking_list(const struct uc_tlv *f, const struct held *h, struct verdict *v)
{
	v->path = UC_TL_REFUSED;
	if (v->valid && v->signer != NULL)
		v->path = uc_tl_accepts(h->known[UC_TLV_CTL], h->counts[UC_TLV_CTL], h->known[UC_TLV_ITL], h->counts[UC_TLV_ITL],
		                        v->signer->fingerprint, f->kind == UC_TLV_CTL, NULL, 0);
	v->text = uc_tl_path_text(v->path);
}

/* ---- signed files, whose signer's certificate is in the lists that phones hold ---- */

static bool signs_files(const struct uc_tl_record *r)
{
	return r->has_role && (r->role == UC_TL_TFTP || r->role == UC_TL_CCM_TFTP);
}

static const struct uc_cert *find_signer(const struct uc_tlv *f, const struct held *h)
{
	for (size_t k = 0; k < MAX_HELD; k++) {
		for (size_t i = 0; i < h->lists[k].list.count; i++) {
			const struct uc_tl_record *r = &h->lists[k].list.records[i];
			if (signs_files(r) && r->cert != NULL && uc_tl_header_names(&f->list.header, r->cert)) return r->cert;
		}
	}
	return NULL;
}

static bool has_tvs(const struct held *h)
{
	for (size_t i = 0; i < h->counts[UC_TLV_ITL]; i++)
		if (h->known[UC_TLV_ITL][i].role == UC_TL_TVS) return true;
	return false;
}

static void judge_file(const struct uc_tlv *f, const struct held *h, struct verdict *v)
{
	const struct uc_cert *known = find_signer(f, h);
	if (v->signer == NULL && known != NULL) v->signer = uc_cert_dup(known);
	if (v->signer == NULL) {
		(void)uc_fail(&v->why, UC_EREFUSED, "signer-unknown", "Give the signer's certificate with --cert.",
		              "no list that is given has the signer '%s' as a TFTP server", f->list.header.name);
		return;
	}
	v->valid = uc_tl_header_verify(&f->list.header, uc_buf_slice(&f->list.file), v->signer, &v->why) == UC_OK;
}

static void judge_taking_file(const struct uc_tlv *f, const struct held *h, struct verdict *v)
{
	const struct uc_cert *known = find_signer(f, h);
	v->path = UC_TL_REFUSED;
	if (v->valid && known != NULL && uc_cert_eq(known, v->signer))
		v->path = UC_TL_BY_TFTP;
	else if (v->valid && has_tvs(h))
		v->path = UC_TL_BY_TVS;
	v->text = uc_tl_path_text(v->path);
	if (v->path == UC_TL_REFUSED)
		v->text = v->valid ? "phones refuse it: no list that they hold knows the signer as a TFTP server" : "phones refuse it";
}

/* ---- what is said of it ---- */

static json_t *signer_json(const struct uc_tlv *f, const struct verdict *v)
{
	char hex[UC_FINGERPRINT_HEX];
	json_t *o = json_object();
	json_object_set_new(o, "subject", uc_report_string(f->list.header.name));
	json_object_set_new(o, "fingerprint", v->signer == NULL ? json_null() : json_string(uc_cert_fingerprint_hex(v->signer, hex)));
	return o;
}

static json_t *verdict_json(const struct uc_tlv *f, const struct held *h, const struct verdict *v)
{
	json_t *o = json_object();
	json_t *against = json_array();
	for (size_t i = 0; i < MAX_HELD; i++)
		if (h->has[i]) json_array_append_new(against, uc_report_string(h->lists[i].path));
	json_object_set_new(o, "file", uc_report_string(f->path));
	json_object_set_new(o, "kind", json_string(uc_tlv_kind_name(f->kind)));
	json_object_set_new(o, "valid", json_boolean(v->valid));
	json_object_set_new(o, "code", v->valid ? json_null() : json_string(v->why.id));
	json_object_set_new(o, "reason", uc_report_string(v->valid ? NULL : v->why.message));
	json_object_set_new(o, "signer", signer_json(f, v));
	json_object_set_new(o, "against", against);
	json_object_set_new(o, "accepted", !v->asked ? json_null() : json_pack("{s:s,s:s}", "path", uc_tl_path_name(v->path), "text", v->text));
	json_object_set_new(o, "findings", uc_report_findings(&f->found));
	return o;
}

static void show_verdict(struct uc_cli *cli, const json_t *json)
{
	const json_t *signer = json_object_get(json, "signer");
	const json_t *accepted = json_object_get(json, "accepted");
	bool valid = json_is_true(json_object_get(json, "valid"));
	UC_CLEANUP(uc_freep) char *against = uc_json_joined(json, "against");
	uc_out_line(cli->out, "%s: %s, signed by %s", uc_json_text(json, "file"), uc_json_text(json, "kind"), uc_json_text(signer, "subject"));
	uc_out_line(cli->out, "Signature: %s%s", valid ? "valid" : "NOT verified: ", uc_json_text(json, "reason"));
	if (uc_json_text(signer, "fingerprint")[0] != '\0')
		uc_out_line(cli->out, "Signer's certificate: SHA-256 %s", uc_json_text(signer, "fingerprint"));
	if (json_is_object(accepted)) uc_out_line(cli->out, "With %s: %s.", against, uc_json_text(accepted, "text"));
	uc_out_findings(cli->out, json_object_get(json, "findings"), cli->colour);
}

/* Reads what the options name; what is missing is wrong usage. */
static enum uc_status open_all(struct uc_cli *cli, const struct uc_args *args, uc_time now, struct uc_tlv *f, struct held *h,
                               struct verdict *v, struct uc_error *e)
{
	UC_CLEANUP(uc_keyfiles_free) struct uc_keyfiles k = {.cli = cli};
	const struct uc_strv *against = &args->values[UC_OPT_AGAINST];
	const char *cert = uc_args_value(args, UC_OPT_CERT);
	UC_TRY(uc_tlv_open(uc_args_word(args, 0), now, f, e));
	for (size_t i = 0; i < against->count; i++) UC_TRY(hold(h, against->items[i], now, e));
	if (cert != NULL) return uc_keyfiles_cert(&k, cert, &v->signer, NULL, e);
	if (uc_tlv_is_list(f) || against->count > 0) return UC_OK;
	return uc_fail_field(e, UC_EINPUT, "option-missing", "cert", "Give --cert FILE, or --against LIST with a list that has it.",
	                     "%s is a %s, which does not hold its signer's certificate", f->path, uc_tlv_kind_name(f->kind));
}

int uc_cmd_tlv_verify(struct uc_cli *cli, const struct uc_args *args)
{
	struct uc_error e;
	uc_time now = 0;
	UC_CLEANUP(uc_tlv_free) struct uc_tlv f = {.path = NULL};
	UC_CLEANUP(held_free) struct held h = {.counts = {0}};
	UC_CLEANUP(verdict_free) struct verdict v = {.asked = uc_args_has(args, UC_OPT_AGAINST)};
	if (uc_tlv_time(args, UC_OPT_AT, &now, &e) != UC_OK) return uc_cli_usage(cli, args, &e);
	if (open_all(cli, args, now, &f, &h, &v, &e) != UC_OK) return uc_keyfiles_fail(cli, args, &e);
	if (uc_tlv_is_list(&f) && v.asked && f.kind == UC_TLV_LIST) {
		(void)uc_fail(&e, UC_EINPUT, "no-held-list", NULL, "%s has the name '%s' inside, so phones do not take it as CTL or ITL", f.path,
		              uc_tlv_name(&f));
		return uc_cli_fail(cli, &e);
	}
	if (uc_tlv_is_list(&f))
		judge_list(&f, &v);
	else
		judge_file(&f, &h, &v);
	if (v.asked && uc_tlv_is_list(&f)) judge_taking_list(&f, &h, &v);
	if (v.asked && !uc_tlv_is_list(&f)) judge_taking_file(&f, &h, &v);
	UC_CLEANUP(uc_json_free) json_t *json = verdict_json(&f, &h, &v);
	(void)uc_cli_show(cli, json, show_verdict);
	return v.valid && (!v.asked || v.path != UC_TL_REFUSED) ? UC_EXIT_DONE : UC_EXIT_FAILED;
}
