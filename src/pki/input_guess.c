/* Data that is nothing of ours: what it looks like, and what its owner should do instead. */
#include <string.h>

#include "core/mem.h"
#include "core/text.h"
#include "pki/input_internal.h"

static const char ask[] = "Give the certificate itself, as PEM, DER, PKCS#7 or PKCS#12.";
static const char unpack[] = "Unpack it and give the certificate that is in it.";

static const struct look {
	const char *start; /* compared without regard to the case of letters */
	size_t len;
	bool secret; /* it holds a private key */
	const char *id;
	const char *what;
	const char *hint;
} looks[] = {
#define LOOK(start, secret, id, what, hint)             \
	{                                                   \
		start, sizeof start - 1, secret, id, what, hint \
	}
    LOOK("<!doctype html", false, "html-page", "a web page (HTML)",
         "It may be a log-in form: sign in to the CA's site and download the certificate itself."),
    LOOK("<html", false, "html-page", "a web page (HTML)",
         "It may be a log-in form: sign in to the CA's site and download the certificate itself."),
    LOOK("<head", false, "html-page", "a web page (HTML)",
         "It may be a log-in form: sign in to the CA's site and download the certificate itself."),
    LOOK("<?xml", false, NULL, "XML", "Take the certificate out of it."),
    LOOK("<", false, NULL, "XML or HTML", "Take the certificate out of it."),
    LOOK("{\\rtf", false, NULL, "a word processor's document (RTF)", "Save it as plain text."),
    LOOK("{", false, NULL, "JSON", "Take the certificate out of it."),
    LOOK("[", false, NULL, "JSON", "Take the certificate out of it."),
    LOOK("\xfe\xed\xfe\xed", false, NULL, "a Java keystore (JKS)",
         "Export the certificate: keytool -exportcert -rfc -alias NAME -keystore FILE"),
    LOOK("\xce\xce\xce\xce", false, NULL, "a Java keystore (JCEKS)",
         "Export the certificate: keytool -exportcert -rfc -storetype jceks -alias NAME -keystore FILE"),
    LOOK("ssh-", false, NULL, "an SSH public key",
         "SSH keys are no certificates. Give the X.509 certificate, as PEM, DER, PKCS#7 or PKCS#12."),
    LOOK("ecdsa-sha2-", false, NULL, "an SSH public key",
         "SSH keys are no certificates. Give the X.509 certificate, as PEM, DER, PKCS#7 or PKCS#12."),
    LOOK("sk-ssh-", false, NULL, "an SSH public key",
         "SSH keys are no certificates. Give the X.509 certificate, as PEM, DER, PKCS#7 or PKCS#12."),
    LOOK("---- BEGIN SSH2", false, NULL, "an SSH public key",
         "SSH keys are no certificates. Give the X.509 certificate, as PEM, DER, PKCS#7 or PKCS#12."),
    LOOK("PuTTY-User-Key-File-", true, NULL, "a private key of PuTTY",
         "Export it with puttygen as an OpenSSH key, then: ssh-keygen -p -m PKCS8 -f FILE"),
    LOOK("PK\x03\x04", false, NULL, "a ZIP archive (or a document that is one)", unpack),
    LOOK("\x1f\x8b", false, NULL, "a gzip archive", unpack),
    LOOK("7z\xbc\xaf\x27\x1c", false, NULL, "a 7z archive", unpack),
    LOOK("MSCF", false, NULL, "a cabinet archive", unpack),
    LOOK("%PDF", false, NULL, "a PDF document", ask),
    LOOK("\xd0\xcf\x11\xe0", false, NULL, "an Office document", ask),
    LOOK("\x89PNG", false, NULL, "a picture", ask),
    LOOK("\xff\xd8\xff", false, NULL, "a picture", ask),
    LOOK("\x7f"
         "ELF",
         false, NULL, "a program", ask),
    LOOK("\x99\x01", false, NULL, "an OpenPGP key", "OpenPGP is another system: ask for an X.509 certificate."),
    LOOK("0\xef\xbf\xbd", false, NULL, "binary data that was spoilt when it was saved or sent as text",
         "Transfer the original file again, in binary mode, or as PEM."),
    LOOK("Certificate:", false, NULL, "the printed text of a certificate without the certificate itself",
         "Give the part from '-----BEGIN CERTIFICATE-----' to '-----END CERTIFICATE-----' too."),
#undef LOOK
};

static bool starts_nocase(struct uc_slice text, const char *start, size_t len)
{
	if (text.len < len) return false;
	for (size_t i = 0; i < len; i++)
		if (uc_ascii_lower((char)text.ptr[i]) != uc_ascii_lower(start[i])) return false;
	return true;
}

static bool has(struct uc_slice text, const char *word)
{
	return memmem(text.ptr, text.len, word, strlen(word)) != NULL;
}

static bool is_text(struct uc_slice data)
{
	for (size_t i = 0; i < data.len; i++)
		if (data.ptr[i] < 0x20 && (data.ptr[i] < '\t' || data.ptr[i] > '\r') && data.ptr[i] != 0x1b) return false;
	return true;
}

enum uc_status uc_input_guess(const struct uc_input_job *job, struct uc_slice data, struct uc_error *e)
{
	struct uc_slice text = uc_input_text_trim(data);
	for (size_t i = 0; i < sizeof looks / sizeof *looks; i++) {
		const struct look *l = &looks[i];
		if (!starts_nocase(text, l->start, l->len)) continue;
		if (l->secret && job->keys == UC_INPUT_REFUSE_KEYS) return uc_input_key_refuse(&(struct uc_input_place){.text = "the file"}, e);
		return uc_fail(e, UC_EINPUT, l->id != NULL ? l->id : "no-certificate-found", l->hint,
		               "there is no certificate: the file looks like %s", l->what);
	}
	if (has(text, "BEGIN CERTIFICATE") || has(text, "BEGIN PKCS7"))
		return uc_fail(e, UC_EINPUT, "no-certificate-found",
		               "Copy it again from the original, as plain text; a word processor may have changed its hyphens.",
		               "there is no certificate: the file has a BEGIN line without its hyphens (-----BEGIN CERTIFICATE-----)");
	if (is_text(text))
		return uc_fail(e, UC_EINPUT, "no-certificate-found", ask,
		               "there is no certificate: the file is %zu bytes of text without a '-----BEGIN' line", data.len);
	return uc_fail(e, UC_EINPUT, "no-certificate-found", ask,
	               "there is no certificate: the file is %zu bytes of binary data of an unknown kind", data.len);
}
