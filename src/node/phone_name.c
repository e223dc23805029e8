/* What a name that a phone asks for means. Nothing here looks at a file. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "node/phone_internal.h"

/* Which names mean what, without regard to case; the first that fits. What is between beginning and end is the device, if anything is to be there. */
static const struct {
	const char *begins, *ends;
	enum uc_phone_kind kind;
	bool device;
	const char *of; /* what a device's name begins with, besides what is in between */
} rules[] = {
    {"CTLFile", ".tlv", UC_PHONE_CTL, false, ""},
    {"ITLFile", ".tlv", UC_PHONE_ITL, false, ""},
    {"CTL", ".tlv", UC_PHONE_CTL, true, ""},
    {"ITL", ".tlv", UC_PHONE_ITL, true, ""},
    {"SEP", ".cnf.xml", UC_PHONE_CONFIG, true, "SEP"},
    {"ATA", ".cnf.xml", UC_PHONE_CONFIG, true, "ATA"},
    {"XMLDefault", ".cnf.xml", UC_PHONE_CONFIG, false, ""},
};
enum { RULES = sizeof rules / sizeof *rules };

/* What is added to a file's name to have it signed; the longest first. */
static const struct {
	const char *ends;
	enum uc_phone_form form;
} forms[] = {{".enc.sgn", UC_PHONE_ENCRYPTED}, {".sgn", UC_PHONE_SIGNED}};
enum { FORMS = sizeof forms / sizeof *forms };

const char *uc_phone_kind_name(enum uc_phone_kind kind)
{
	static const char *const names[] = {"CTL", "ITL", "config", "other"};
	return names[kind];
}

/* Every part of the path is a name, and none is hidden: ".." is not, nor is what an editor leaves behind. */
static enum uc_status check_safe(const char *name, struct uc_error *e)
{
	static const char hint[] = "Ask for a file by its path below the directory of phone files.";
	size_t len = strlen(name);
	bool ok = len > 0 && len <= UC_PHONE_NAME_MAX && name[len - 1] != '/';
	for (size_t i = 0; ok && i < len; i++) {
		bool begins = i == 0 || name[i - 1] == '/';
		if (iscntrl((unsigned char)name[i]) || (begins && (name[i] == '/' || name[i] == '.'))) ok = false;
	}
	if (ok) return UC_OK;
	return uc_fail(e, UC_EREFUSED, "unsafe-name", hint, "'%.160s' is no name of a file for phones", name);
}

static bool begins_nocase(const char *text, const char *with)
{
	return strncasecmp(text, with, strlen(with)) == 0;
}

static bool ends_nocase(const char *text, const char *with)
{
	size_t len = strlen(text), end = strlen(with);
	return len >= end && strcasecmp(text + len - end, with) == 0;
}

/* "sep00aabbccddee", "00aabbccddee": names with a MAC address are spelled in capitals. Others are spelled as anybody likes. */
static void capitalize_mac(char *device)
{
	const char *digits = begins_nocase(device, "SEP") || begins_nocase(device, "ATA") ? device + 3 : device;
	if (strlen(digits) != 12 || strspn(digits, "0123456789abcdefABCDEF") != 12) return;
	for (char *c = device; *c != '\0'; c++) *c = (char)toupper((unsigned char)*c);
}

/* Does the rule fit the last part of the name? Then what is between its beginning and its end is in middle. */
static bool fits(size_t rule, const char *leaf, char middle[UC_PHONE_NAME_MAX + 1])
{
	size_t begin = strlen(rules[rule].begins), end = strlen(rules[rule].ends), len = strlen(leaf);
	if (!begins_nocase(leaf, rules[rule].begins) || !ends_nocase(leaf, rules[rule].ends) || len < begin + end) return false;
	if ((len > begin + end) != rules[rule].device) return false;
	snprintf(middle, UC_PHONE_NAME_MAX + 1, "%.*s", (int)(len - begin - end), leaf + begin);
	return true;
}

/* The source with its last part, dir bytes behind the beginning, spelled as the rule does; only case can differ. */
static void spell(struct uc_phone_name *out, size_t dir, size_t rule, const char *middle)
{
	memcpy(out->usual, out->source, sizeof out->usual);
	snprintf(out->usual + dir, sizeof out->usual - dir, "%s%s%s", rules[rule].begins, middle, rules[rule].ends);
	if (strcmp(out->usual, out->source) == 0) out->usual[0] = '\0';
}

/* The last part of out->source, dir bytes behind its beginning, is held against the rules. */
static void apply_rules(struct uc_phone_name *out, size_t dir)
{
	char middle[UC_PHONE_NAME_MAX + 1];
	const char *leaf = out->source + dir;
	size_t r = 0;
	while (r < RULES && !fits(r, leaf, middle)) r++;
	if (r == RULES) return;
	out->kind = rules[r].kind;
	capitalize_mac(middle);
	spell(out, dir, r, middle);
	/* A part of a name would be the name of another device. */
	int len = rules[r].device ? snprintf(out->device, sizeof out->device, "%s%s", rules[r].of, middle) : 0;
	if (len >= (int)sizeof out->device) out->device[0] = '\0';
}

enum uc_status uc_phone_name_read(const char *name, struct uc_phone_name *out, struct uc_error *e)
{
	*out = (struct uc_phone_name){.kind = UC_PHONE_OTHER, .form = UC_PHONE_PLAIN};
	UC_TRY(check_safe(name, e));
	const char *slash = strrchr(name, '/');
	size_t dir = slash != NULL ? (size_t)(slash - name) + 1 : 0;
	out->top = dir == 0;
	for (size_t f = 0; f < FORMS; f++) {
		size_t end = strlen(forms[f].ends);
		if (!ends_nocase(name + dir, forms[f].ends) || strlen(name + dir) == end) continue;
		*out = (struct uc_phone_name){.kind = UC_PHONE_OTHER, .form = forms[f].form, .top = dir == 0};
		snprintf(out->source, sizeof out->source, "%.*s", (int)(strlen(name) - end), name);
		apply_rules(out, dir);
		/* Only configurations are encrypted: of anything else ".enc" is a part of its name. */
		if (out->form != UC_PHONE_ENCRYPTED || out->kind == UC_PHONE_CONFIG) return UC_OK;
	}
	*out = (struct uc_phone_name){.kind = UC_PHONE_OTHER, .form = UC_PHONE_PLAIN, .top = dir == 0};
	snprintf(out->source, sizeof out->source, "%.*s", UC_PHONE_NAME_MAX, name);
	apply_rules(out, dir);
	return UC_OK;
}
