#include "catalog/setting.h"

#include <string.h>

#include "core/mem.h"
#include "core/text.h"

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

static const struct uc_setting settings[] = {
    {.name = UC_SETTING_MODE,
     .about = "Whether phones may register over TLS and encrypt their calls.",
     .values = LIST("non-secure", "mixed"),
     .texts = LIST("Phones register without TLS, whatever their security profile says.",
                   "Phones register as their security profile says, and trust what the CTL file names."),
     .by = "utils ctl set-cluster mixed-mode|non-secure-mode"},
    {.name = UC_SETTING_SIGNER,
     .about = "Whose key signs the ITL files.",
     .values = LIST("ITLRecovery", "CallManager"),
     .texts = LIST("The key that the whole cluster has, and that stays when certificates of nodes are replaced.",
                   "Each node's own key: for phones that do not trust the ITLRecovery certificate that there is now."),
     .by = "utils itl reset localkey, utils itl update ITLFile"},
    {.name = UC_SETTING_DIGEST,
     .about = "The hash in the signatures of lists and of the files that phones fetch.",
     .values = LIST("sha1", "sha512"),
     .texts = LIST("Every phone can verify it.", "Phones of the 7900, 8900 and 9900 series cannot verify it.")},
    {.name = UC_SETTING_ENCRYPTION,
     .about = "Whether lists offer phones the newer algorithms.",
     .values = LIST("basic", "advanced"),
     .texts = LIST("Phones use RSA certificates, and fetch their configuration over HTTP or TFTP.",
                   "Phones that can also use EC certificates and EC keys, and fetch their configuration over HTTPS.")},
    {.name = UC_SETTING_FILL,
     .about = "Whether configurations of phones are completed before they are signed.",
     .values = LIST("off", "on"),
     .texts =
         LIST("They are signed as they are.",
              "The servers of TVS and CAPF, what CAPF has for the phone (capfAuthMode), and the hash of its certificate are filled in.")},
};

enum { SETTINGS = sizeof settings / sizeof *settings };

const struct uc_setting *uc_settings(size_t *count)
{
	*count = SETTINGS;
	return settings;
}

enum uc_status uc_setting_find(const char *name, const struct uc_setting **out, struct uc_error *e)
{
	UC_CLEANUP(uc_strv_free) struct uc_strv names = {.items = NULL};
	for (size_t i = 0; i < SETTINGS; i++) {
		*out = &settings[i];
		if (uc_eq_nocase(settings[i].name, name)) return UC_OK;
		uc_strv_add(&names, settings[i].name);
	}
	UC_CLEANUP(uc_freep) char *all = uc_strv_join(&names, ", ");
	UC_CLEANUP(uc_freep) char *hint = uc_sprintf("The settings are %s.", all);
	return uc_fail_field(e, UC_ENOTFOUND, "no-setting", "name", hint, "there is no setting '%.80s'", name);
}

enum uc_status uc_setting_value(const struct uc_setting *s, const char *value, size_t *out, struct uc_error *e)
{
	UC_CLEANUP(uc_strv_free) struct uc_strv values = {.items = NULL};
	for (size_t i = 0; s->values[i] != NULL; i++) {
		*out = i;
		if (uc_eq_nocase(s->values[i], value)) return UC_OK;
		uc_strv_add(&values, s->values[i]);
	}
	UC_CLEANUP(uc_freep) char *all = uc_strv_join(&values, ", ");
	UC_CLEANUP(uc_freep) char *hint = uc_sprintf("Its values are %s.", all);
	return uc_fail_field(e, UC_EINPUT, "bad-setting", "value", hint, "'%.80s' is no value of the setting %s", value, s->name);
}
