/* Plans, findings and chains as text. */
#include <string.h>

#include "cli/output.h"
#include "core/mem.h"

/* What a weight is called, how bad it is, and its colour. */
static const struct {
	const char *name;
	const char *colour;
} weights[] = {
    [UC_NOTE] = {"note", ""},
    [UC_WARN] = {"warn", "\033[33m"},
    [UC_DANGER] = {"danger", "\033[31m"},
    [UC_REFUSED] = {"refused", "\033[31m"},
};

/* What is no known weight counts as refused: better too loud than silent. */
static enum uc_weight weight_of(const json_t *finding)
{
	const char *name = uc_json_text(finding, "weight");
	for (size_t i = 0; i < sizeof weights / sizeof *weights; i++)
		if (strcmp(weights[i].name, name) == 0) return (enum uc_weight)i;
	return UC_REFUSED;
}

void uc_out_findings(FILE *out, const json_t *findings, bool colour)
{
	size_t i;
	json_t *finding;
	json_array_foreach(findings, i, finding)
	{
		enum uc_weight w = weight_of(finding);
		bool paint = colour && weights[w].colour[0] != '\0';
		fprintf(out, "  %s%-7s%s ", paint ? weights[w].colour : "", weights[w].name, paint ? "\033[0m" : "");
		uc_out_line(out, "%s", uc_json_text(finding, "message"));
		const char *hint = uc_json_text(finding, "hint");
		if (hint[0] != '\0') uc_out_line(out, "          %s", hint);
	}
}

void uc_out_followups(FILE *out, const json_t *followups)
{
	if (json_array_size(followups) == 0) return;
	uc_out_line(out, "What follows:");
	size_t i;
	json_t *one;
	json_array_foreach(followups, i, one)
	{
		const char *id = uc_json_text(one, "id");
		const char *end = id[0] != '\0' ? "]" : json_is_false(json_object_get(one, "open")) ? "  [done]" : "";
		uc_out_line(out, "  %-10s %s%s%s%s", uc_json_text(one, "kind"), uc_json_text(one, "text"), id[0] != '\0' ? "  [" : "", id, end);
	}
}

void uc_out_plan(FILE *out, const json_t *plan, bool colour)
{
	uc_out_line(out, "Plan: %s", uc_json_text(plan, "summary"));
	size_t i;
	json_t *step;
	json_array_foreach(json_object_get(plan, "steps"), i, step) uc_out_line(out, "  %2zu. %s", i + 1, uc_json_text(step, "text"));
	const json_t *findings = json_object_get(plan, "findings");
	if (json_array_size(findings) > 0) uc_out_line(out, "Findings:");
	uc_out_findings(out, findings, colour);
	uc_out_followups(out, json_object_get(plan, "followups"));
}

void uc_out_chain(FILE *out, const json_t *chain, const json_t *missing)
{
	size_t i;
	json_t *link;
	json_array_foreach(chain, i, link)
	{
		const char *store = uc_json_text(link, "in_store");
		uc_out_line(out, "  %zu. %s: %s, link %s%s%s", i + 1, uc_json_text(link, "label"), uc_json_text(link, "state"),
		            uc_json_text(link, "link"), store[0] == '\0' ? "" : ", in ", store);
		uc_out_line(out, "     subject %s", uc_json_text(link, "subject"));
		uc_out_line(out, "     SHA-256 %s", uc_json_text(link, "fingerprint"));
	}
	if (!json_is_object(missing)) return;
	const char *key = uc_json_text(missing, "key_id");
	const char *store = uc_json_text(missing, "store");
	uc_out_line(out, "  Missing: %s%s%s%s%s", uc_json_text(missing, "subject"), key[0] == '\0' ? "" : ", key identifier ", key,
	            store[0] == '\0' ? "" : "; upload it to ", store);
}
